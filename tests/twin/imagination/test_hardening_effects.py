"""What lines would cost with each change, by hand and against enumerating the changed network."""

from dataclasses import replace

import pytest

from tests.twin.imagination.test_hardening import NOTHING_ELSE
from tests.twin.whatif.test_survey import square
from twin.imagination.elements import elements_of
from twin.imagination.enumeration import enumerated
from twin.imagination.hardening_effects import (
    HardeningTask,
    Known,
    LineMinutes,
    Names,
    effects,
    options_for,
    options_named,
)
from twin.imagination.hardening_options import Option
from twin.imagination.reckoning import Reckoning
from twin.imagination.regimes import regimes_of
from twin.imagination.register import register_of
from twin.nouns.rates import HOURS_A_YEAR, History, Rates
from twin.nouns.risk import Hardened
from twin.nouns.topology import Site
from twin.physics.twin import Twin
from twin.runner import InProcessRunner
from twin.sources.world import WorldSpec, build_inventory


def _known(twin: Twin, rates: Rates) -> Known:
    return Known(rates, History(), (), tuple(regimes_of(twin.inventory.profile)))


def _effects(twin: Twin, rates: Rates, *lines: Names) -> list[tuple[Hardened, ...]]:
    state, known = twin.state(), _known(twin, rates)
    options = options_for(twin, state, known, lines)
    tasks = [HardeningTask(state, option, known, lines) for option in options]
    return effects(options, [task.play(twin, lambda: None) for task in tasks])


def test_way_of_its_own_saves_all_that_a_duct_costs() -> None:
    """A reaches D by two links in one duct; with one of them elsewhere it cuts off nobody."""
    (found,) = _effects(square((("A", "D", 1.0),)), Rates(), ("group duct:A:1",))
    assert found == (
        Hardened(what="A--B takes another way than duct:A:1", effectiveness=1.0),
        Hardened(what="A--C takes another way than duct:A:1", effectiveness=1.0),
    )


def test_second_feed_leaves_the_share_of_hours_in_which_both_are_down() -> None:
    """One is down for 1/11 of all hours, both for 1/121."""
    twin = square((("A", "D", 1.0),))
    topology = twin.inventory.topology
    nodes = tuple(
        node.model_copy(update={"site": "west"}) if node.id in "AB" else node
        for node in topology.nodes
    )
    west = Site(id="west", longitude=0.0, latitude=0.0)
    shared = topology.rebuilt(nodes=nodes, sites=(*topology.sites, west))
    twin = Twin(replace(twin.inventory, topology=shared))
    (found,) = _effects(twin, NOTHING_ELSE, ("site west",))
    assert found[0].what == "a second feed for site west"
    assert found[0].effectiveness == pytest.approx(10 / 11)


def test_line_that_no_change_helps_is_told_none() -> None:
    assert _effects(square((("A", "D", 1.0),)), Rates(), ("device A",)) == [()]


@pytest.mark.slow
def test_what_a_change_saves_is_what_enumerating_with_it_finds() -> None:
    twin = Twin(build_inventory(WorldSpec(topology="sndlib/abilene", traffic_scale=1.5)))
    state, known = twin.state(), _known(twin, Rates())

    def minutes(option: Option, line: Names) -> float:
        elements = elements_of(option.state.topology, Rates())
        found = enumerated(twin.of(option.state), option.state, elements, known.regimes, lines=100)
        for one in found.sets:
            if tuple(elements[i].name for i in one.members) == line:
                hit = one.hit.sum(axis=1)
                mean = sum(r.share * n for r, n in zip(known.regimes, hit, strict=True))
                hours = one.share * mean + one.share_in_work * hit[0]
                return float(60.0 * HOURS_A_YEAR * hours)
        return 0.0

    found = enumerated(twin, state, elements_of(state.topology, Rates()), known.regimes, lines=9)
    lines = [tuple(found.elements[i].name for i in one.members) for one in found.sets[:9]]
    told = _effects(twin, Rates(), *lines)
    assert any(told)
    for line, changes in zip(lines, told, strict=True):
        nothing, *options = options_named(state, known, [one.what for one in changes])
        saved = {one.what: 1.0 - minutes(one, line) / minutes(nothing, line) for one in options}
        assert {one.what: one.effectiveness for one in changes} == pytest.approx(saved)


def test_line_that_is_reckoned_again_tells_the_same_of_its_changes() -> None:
    twin = square((("A", "D", 12.0),))
    state, known = twin.state(), _known(twin, Rates())
    elements = elements_of(state.topology, Rates())
    found = enumerated(twin, state, elements, known.regimes, lines=20)
    register = register_of(found, twin.services.services, 20, 1)
    lines = tuple(line.elements for line in register.lines)
    options = options_for(twin, state, known, lines)
    tasks = [HardeningTask(state, option, known, lines) for option in options]
    played = InProcessRunner(twin).run(tasks)
    told = effects(options, [one for one in played if isinstance(one, LineMinutes)])
    assert any(told)
    reckoning = Reckoning(twin, state, Rates(), History(), 1)
    for line, changes in zip(register.lines, told, strict=True):
        again = reckoning.again(line.model_copy(update={"hardened": changes}))
        assert again.hardened == changes
        assert reckoning.again(line).hardened is None
