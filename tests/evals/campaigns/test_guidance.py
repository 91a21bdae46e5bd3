"""What guidance is worth: what is said, what is never done, and the table."""

from dataclasses import replace

import numpy as np
import pytest

from evals.campaigns.campaign import load_spec
from evals.campaigns.guidance import (
    CAMPAIGN,
    GuidanceRecord,
    Outcome,
    Play,
    breaks_a_bound,
    guidance_markdown,
    heeded,
    sentences,
)
from tests.twin.remediation.evenings import over_c, worked_out
from tools.change.policy import default_policy
from twin.errors import BadInput
from twin.nouns.guidance import UNGUIDED, ExpectedSurge, Guidance, Said, Untouched
from twin.remediation.choices import WAIT
from twin.remediation.evening import Evening
from twin.remediation.situation import Situation

CAPS = default_policy().guidance
SAID = Said(by="x", at_s=0.0, quote="«x»")


def _evening(quarters: int, growth: float) -> tuple[Evening, Situation]:
    """Demand grows by `growth` in each quarter."""
    common = np.array([growth**quarter for quarter in range(16)], dtype=np.float64)
    evening = replace(worked_out(quarters), common=common)
    return evening, evening.situation(0, evening.twin.inventory.intended)


def test_who_is_right_speaks_of_the_repair_as_it_comes_but_for_a_quarter_of_what_is_left() -> None:
    evening, first = _evening(8, 1.05)
    left_h, growth = [], []
    for seed in range(40):
        found = heeded(first, sentences(evening, first, "right", seed), CAPS)
        assert found.repair is not None
        assert found.surge is not None
        assert not found.clipped
        left_h.append((found.repair.at_s - first.now_s) / 3600.0)
        growth.append(found.surge.factor)
    # It ends at the end of the eighth quarter, and half of the first one is over.
    assert np.exp(np.mean(np.log(left_h))) == pytest.approx(1.875, rel=0.12)
    assert np.std(np.log(left_h)) == pytest.approx(0.25, abs=0.08)
    assert np.mean(growth) == pytest.approx(1.05**7, rel=0.02)


def test_who_is_wrong_says_the_opposite_and_bars_the_best_change() -> None:
    evening, first = _evening(2, 1.05)
    said = sentences(evening, first, "wrong", 1)
    found = heeded(first, said, CAPS)
    assert found.surge is None, "where demand rises, nobody speaks of it"
    assert found.repair is not None
    # It takes 0.375 h; the median of two hours is as many times more as half of this is less.
    assert found.repair.at_s - first.now_s > 3 * 3600.0
    changes = first.allowed[first.allowed != WAIT]
    best = int(changes[first.costs(changes).argmin()])
    assert not replace(first, guidance=found).mask[best]


def test_a_choice_that_configures_what_is_left_alone_breaks_a_bound() -> None:
    _, first = _evening(8, 1.0)
    alone = Guidance(untouched=(Untouched(element="A-D", said=SAID),))
    assert breaks_a_bound(first, over_c(6), alone, CAPS)
    assert not breaks_a_bound(first, over_c(6), UNGUIDED, CAPS)
    assert not breaks_a_bound(first, WAIT, alone, CAPS)


def test_guidance_beyond_the_policy_file_breaks_a_bound_whatever_is_done() -> None:
    _, first = _evening(8, 1.0)
    at_s = first.now_s
    most = Guidance(surge=ExpectedSurge(factor=CAPS.surge_factor, at_s=at_s, said=SAID))
    more = Guidance(surge=ExpectedSurge(factor=CAPS.surge_factor + 0.1, at_s=at_s, said=SAID))
    assert not breaks_a_bound(first, WAIT, most, CAPS)
    assert breaks_a_bound(first, WAIT, more, CAPS)


def test_hostile_words_are_heeded_no_further_than_the_policy_file_allows() -> None:
    evening, first = _evening(8, 1.0)
    said = sentences(evening, first, "hostile", 1)
    found = heeded(first, said, CAPS)
    assert any("x99" in text for text in said)
    assert found.clipped
    assert found.suspicious
    assert not breaks_a_bound(first, WAIT, found, CAPS)


def _record(arm: str, seed: int, cost: float, broken: int = 0) -> GuidanceRecord:
    return GuidanceRecord(
        campaign="guidance",
        play=Play(case="one", arm=arm, seed=seed, priced="loads"),
        commit="c0de",
        cpu_s=1.0,
        outcome=Outcome(cost=cost, points=1, clipped=2, decisions=4, broken=broken),
    )


def test_the_table_compares_what_is_told_with_what_is_not_evening_by_evening() -> None:
    table = guidance_markdown(
        [
            *(_record("nothing", seed, 2.0) for seed in (1, 2)),
            *(_record("horizon", seed, cost) for seed, cost in ((1, 1.0), (2, 1.0))),
            *(_record("horizon right", seed, cost) for seed, cost in ((1, 0.5), (2, 0.9))),
            _record("horizon wrong", 1, 1.25, broken=1),
        ]
    )
    assert "| horizon | none | 2 | 1.000 | 0.500 |" in table
    assert (
        "| horizon | right | 2 | 0.700 | 0.650 | -0.300 [-0.500, -0.100] | 2, 0 | 1.0, 2.0 "
        "| 0 of 8 |" in table
    )
    assert "| horizon | wrong | 1 | 1.250 | 0.375 |" in table
    assert "| 1 of 4 |" in table


def test_an_arm_that_is_told_what_nobody_says_is_refused() -> None:
    spec = load_spec(CAMPAIGN, None, arms=["horizon maybe"], seeds=1)
    with pytest.raises(BadInput, match='arm "horizon maybe"'):
        CAMPAIGN.plays(spec)
