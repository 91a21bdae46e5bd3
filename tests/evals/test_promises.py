"""Promises are counted from what was witnessed."""

import pytest

from evals.arm import NamedCause
from evals.promises import (
    announced,
    count_line,
    diagnosed_s,
    extent,
    good_taken_back,
    harm_lines,
    harmed,
    in_time,
    located,
    long_minutes,
    share_line,
    unannounced,
    uncovered_minutes,
    under_a_change,
)
from evals.witness import Made, Spell
from tests.evals.witnessed import DOWN, OTHER, seen, told


def _spell(from_s: float, until_s: float) -> Spell:
    return Spell(service="voice", from_s=from_s, until_s=until_s)


def test_breach_shorter_than_the_grace_needs_no_incident() -> None:
    assert uncovered_minutes([_spell(0.0, 300.0)], []) == 0.0


def test_breach_in_no_incident_counts_from_the_end_of_the_grace() -> None:
    assert uncovered_minutes([_spell(0.0, 900.0)], []) == pytest.approx(10.0)


def test_breach_in_an_incident_that_is_not_over_is_covered() -> None:
    assert uncovered_minutes([_spell(700.0, 9000.0)], [told(DOWN, at_s=700.0)]) == 0.0


def test_breach_after_an_incident_was_closed_is_not_covered() -> None:
    minutes = uncovered_minutes([_spell(700.0, 2700.0)], [told(DOWN, at_s=700.0, until_s=2100.0)])
    assert minutes == pytest.approx(10.0)
    assert long_minutes([_spell(700.0, 2700.0)]) == pytest.approx(1700.0 / 60.0)


def test_harm_is_of_a_change_where_the_service_was_in_breach_after_one() -> None:
    """By minute 10 a change is made: "early" is well again by then, "late" is not."""
    spells = (
        Spell(service="early", from_s=60.0, until_s=540.0),
        Spell(service="late", from_s=60.0, until_s=660.0),
    )
    change = Made(plan="live-0001.mitigate1", at_s=600.0, what="committed")
    alone, ours = seen(minutes={}), seen(minutes={"early": 8.0, "late": 10.0})
    without = ours.model_copy(update={"spells": spells})
    changed = without.model_copy(update={"changes": (change,)})
    assert under_a_change(changed, ["early", "late"]) == ["late"]
    assert under_a_change(without, ["early", "late"]) == []
    lines = harm_lines([(changed, alone), (without, alone), (alone, alone)])
    assert "nothing done: 2 in 3 plays" in lines
    assert "after a change of ours: 1 in 3 plays" in lines


def test_service_a_minute_worse_than_with_nothing_done_is_not_harmed_and_one_more_is() -> None:
    ours = seen({"voice": 11.0, "web": 12.1, "new": 5.0})
    alone = seen({"voice": 10.0, "web": 11.0})
    assert harmed(ours, alone) == pytest.approx({"web": 1.1, "new": 5.0})


def test_change_that_broke_what_its_plan_foresaw_is_announced_and_any_other_is_not() -> None:
    foreseen = Made(plan="p1", at_s=0.0, what="committed", broken=("web",), announced=("web",))
    half = Made(plan="p2", at_s=0.0, what="returned", broken=("web", "voice"), announced=("web",))
    shut = Made(plan="p3", at_s=0.0, what="committed", shut=("a--b",))
    quiet = Made(plan="p4", at_s=0.0, what="rolled back")
    assert announced([foreseen, half, shut, quiet]) == [foreseen]
    assert unannounced([foreseen, half, shut, quiet]) == [half, shut]


def _tried(plan: str, *back: str, broken: tuple[str, ...] = (), after: float = 0.0) -> list[Made]:
    made = Made(
        plan=plan,
        at_s=0.0,
        what="committed",
        broken=broken,
        lost_before_bps=1e9,
        lost_after_bps=after,
    )
    return [made, *(Made(plan=plan, at_s=300.0, what="rolled back") for _ in back)]


def test_remedy_that_ended_the_loss_and_was_taken_back_is_named() -> None:
    kept, good = _tried("p1"), _tried("p2", "back")
    harmful = _tried("p3", "back", broken=("web",))
    useless = _tried("p4", "back", after=5e8)
    changes = [*kept, *good, *harmful, *useless]
    assert [made.plan for made in good_taken_back(changes)] == ["p2"]


def test_cut_and_the_links_that_it_takes_down_are_one_cause() -> None:
    cut = NamedCause(kind="fiber_cut", resources=("a--b", "c--d"))
    assert extent([cut]) == extent([DOWN, OTHER])


def test_second_fault_is_named_beside_the_first_but_with_nothing_else() -> None:
    third = NamedCause(kind="traffic_spike", resources=("e",))
    both = told(DOWN, OTHER, at_s=700.0)
    assert diagnosed_s([both], [OTHER], 650.0, beside=[DOWN]) == 760.0
    assert diagnosed_s([both], [OTHER], 650.0) is None
    assert diagnosed_s([told(OTHER, third)], [OTHER], 650.0, beside=[DOWN]) is None


def test_diagnosis_of_before_does_not_count() -> None:
    assert diagnosed_s([told(DOWN, at_s=100.0)], [DOWN], 600.0) is None
    assert located([told(DOWN, at_s=100.0)], "a--b", 600.0) is None


def test_cause_is_located_by_link_of_its_egress_and_told_with_its_kind() -> None:
    weight = NamedCause(kind="igp_weight_misconfig", resources=("a|a--b",))
    found = located([told(weight, at_s=700.0)], "a--b", 600.0)
    assert found == (760.0, frozenset({"igp_weight_misconfig"}))


@pytest.mark.parametrize(("after_s", "is_in_time"), [(320.0, True), (321.0, False)])
def test_twice_the_control_and_two_minutes_is_in_time(after_s: float, *, is_in_time: bool) -> None:
    assert in_time(after_s, 100.0) is is_in_time


def test_lines_have_bounds() -> None:
    assert "19 of 20 (0.950; 0.751 to 0.999)" in share_line("found", 19, 20)
    assert "none to count" in share_line("found", 0, 0)
    assert "0 in 60 plays (3/N 0.050 per play)" in count_line("harm", 0, 60)
    # One event in one play (Garwood 1936).
    assert "upper bound 4.744" in count_line("harm", 1, 1)
    assert "no play" in count_line("harm", 0, 0)
