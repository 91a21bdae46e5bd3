"""The remedy of a line saves what it says, as assessing every level of demand anew finds."""

from dataclasses import replace

import numpy as np
import pytest

from tests.twin.whatif.test_survey import square
from twin.imagination.counterfactuals import mitigation_of
from twin.imagination.elements import elements_of
from twin.imagination.enumeration import Costed, Enumerated, enumerated
from twin.imagination.regimes import regimes_of
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.rates import Rates
from twin.physics.twin import Twin
from twin.remedies.steps import plan_steps
from twin.sources.world import WorldSpec, build_inventory


def _found(twin: Twin) -> Enumerated:
    elements = elements_of(twin.inventory.topology, Rates())
    regimes = regimes_of(twin.inventory.profile)
    return enumerated(twin, twin.state(), elements, regimes, lines=30)


def _breach_hours(
    twin: Twin, found: Enumerated, one: Costed | None, running: NetworkConfiguration
) -> float:
    """Of one hour, each level of demand for its share."""
    total = 0.0
    for regime in found.regimes:
        state = replace(
            twin.state(traffic=twin.inventory.peak_traffic.scaled(regime.level)), running=running
        )
        for event in (e for i in (one.members if one else ()) for e in found.elements[i].event):
            state = event.after(state)
        total += regime.share * float(twin.assess(state).levels.in_breach.sum())
    return total


@pytest.mark.slow
def test_remedy_of_a_line_saves_what_it_says() -> None:
    twin = Twin(build_inventory(WorldSpec(topology="sndlib/nobel-us", traffic_scale=1.2)))
    found, intended = _found(twin), twin.inventory.intended
    saved = []
    for one in found.sets[:30]:
        remedy = mitigation_of(twin, twin.state(), found, one)
        steps = plan_steps(remedy.actions, intended, intended, twin.inventory.topology)
        after = steps[-1].after if steps else intended
        usual = _breach_hours(twin, found, None, intended)
        nothing = _breach_hours(twin, found, one, intended) - usual
        left = _breach_hours(twin, found, one, after) - usual
        assert 1.0 - max(0.0, left) / nothing == pytest.approx(remedy.effectiveness, abs=1e-9)
        saved.append(remedy.effectiveness)
    assert max(saved) > 0.5
    assert min(saved) == 0.0


def test_nothing_is_proposed_against_what_no_change_can_help() -> None:
    """A is where the service begins."""
    twin = square((("A", "D", 1.0),))
    found = _found(twin)
    [one] = [x for x in found.sets if [found.elements[i].name for i in x.members] == ["device A"]]
    remedy = mitigation_of(twin, twin.state(), found, one)
    assert (remedy.actions, remedy.effectiveness) == ((), 0.0)


def test_remedy_is_the_same_again() -> None:
    twin = Twin(build_inventory(WorldSpec(topology="sndlib/abilene", traffic_scale=1.5)))
    found = _found(twin)
    again = [
        [mitigation_of(twin, twin.state(), found, one) for one in found.sets[:8]] for _ in "ab"
    ]
    assert again[0] == again[1]
    assert np.isfinite([m.effectiveness for m in again[0]]).all()
