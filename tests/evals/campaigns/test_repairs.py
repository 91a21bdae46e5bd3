"""What going by the field's reports is worth: what is known when, and the table."""

from dataclasses import replace
from typing import get_args

import pytest

from evals.campaigns.campaign import load_spec
from evals.campaigns.policies import Outcome, Play, PoliciesRecord
from evals.campaigns.repairs import (
    CAMPAIGN,
    Certain,
    GoesBy,
    LastOf,
    Order,
    ReportedEvening,
    repairs_markdown,
)
from tests.twin.remediation.evenings import worked_out
from twin.errors import BadInput
from twin.nouns.field_note import FieldNote
from twin.remediation.evening import QUARTERS, Outage
from twin.remediation.situation import Situation
from twin.remedies.objective import STEP_S, RepairTime

HOUR_S = 3600.0


def _with_orders(*lasts_s: float, notes: tuple[FieldNote, ...] = ()) -> ReportedEvening:
    """Outages that follow each other by a quarter, and the notes of the first."""
    evening = worked_out(16)
    outages, orders = [], []
    for begins, one in enumerate(lasts_s):
        ordered_s = evening.begins_s + begins * STEP_S
        outages.append(Outage(frozenset({"B-D"}), begins, begins + int(-(-one // STEP_S))))
        orders.append(Order(ordered_s, ordered_s + one, () if begins else notes))
    return ReportedEvening(replace(evening, outages=tuple(outages)), tuple(orders))


def _seen(reported: ReportedEvening, goes_by: GoesBy, quarter: int = 0) -> Situation:
    evening = reported.evening
    situation = evening.situation(quarter, evening.twin.inventory.intended)
    return reported.seen_by(goes_by, situation)


def test_outages_last_as_the_jobs_of_the_field_do() -> None:
    found = [ReportedEvening.of(worked_out(1), f"evening {i}") for i in range(200)]
    for one in found:
        (outage,), (order,) = one.evening.outages, one.orders
        assert (outage.ends - 1) * STEP_S < order.done_s - order.ordered_s <= outage.ends * STEP_S
        assert all(order.ordered_s < note.time_s < order.done_s for note in order.notes)
    assert len({one.evening.outages[0].ends for one in found}) > 15
    again = ReportedEvening.of(worked_out(1), "evening 7")
    assert again.orders == found[7].orders, "the name of an evening says it all"


def test_second_failure_comes_only_while_the_first_lasts() -> None:
    evening = worked_out(16, "loads", Outage(frozenset({"A-D"}), 12, 14))
    found = [ReportedEvening.of(evening, f"evening {i}") for i in range(60)]
    for one in found:
        both = one.evening.outages[0].ends > 12
        assert len(one.evening.outages) == len(one.orders) == 1 + both
    assert {len(one.orders) for one in found} == {1, 2}


def test_who_knows_the_end_counts_the_quarters_that_come_and_no_other() -> None:
    reported = _with_orders(2.1 * HOUR_S)
    for quarter in (0, 3, 8):
        situation = _seen(reported, "known", quarter)
        counted = [
            situation.outage.survival(k * STEP_S, situation.lasted_s)
            for k in range(QUARTERS - quarter)
        ]
        assert sum(counted) == reported.evening.quarters - quarter
        assert situation.outlook.hours.sum() == pytest.approx(sum(counted) / 4)


def test_who_goes_by_what_is_assumed_sees_what_policies_see_otherwise() -> None:
    reported = _with_orders(3 * HOUR_S)
    evening = reported.evening
    plain = evening.situation(5, evening.twin.inventory.intended)
    told = _seen(reported, "assumed", 5)
    for more_s in (0.0, 900.0, 7200.0):
        assert told.outage.survival(more_s, told.lasted_s) == pytest.approx(
            plain.outage.survival(more_s, plain.lasted_s)
        )
    assert told.waiting == pytest.approx(plain.waiting)


def test_what_is_not_said_yet_is_not_known() -> None:
    begins_s = worked_out().begins_s
    notes = (
        FieldNote(time_s=begins_s + 2000.0, found="loose"),
        FieldNote(time_s=begins_s + 3000.0, remaining_s=1800.0),
    )
    said, silent = _with_orders(4 * HOUR_S, notes=notes), _with_orders(4 * HOUR_S)
    for goes_by in ("forecast", "word"):
        before = [_seen(one, goes_by, 2).outage.survival(HOUR_S) for one in (said, silent)]
        assert before[0] == before[1]
        after = [_seen(one, goes_by, 4).outage.survival(HOUR_S) for one in (said, silent)]
        assert after[0] < after[1], "half an hour is said, of which 1,200 s are left"


def test_word_of_a_crew_is_what_is_left_of_it_and_history_until_there_is_one() -> None:
    begins_s = worked_out().begins_s
    reported = _with_orders(
        4 * HOUR_S, notes=(FieldNote(time_s=begins_s + 1000.0, remaining_s=5400.0),)
    )
    history = _seen(reported, "history")
    assert _seen(reported, "word").waiting == history.waiting
    word = _seen(reported, "word", 2).outage
    assert [word.survival(s) for s in (4599.0, 4601.0)] == [1.0, 0.0]
    late = _seen(reported, "word", 10).outage
    assert [late.survival(s) for s in (0.0, 300.0)] == [1.0, 0.0], "it says nothing of its delay"


def test_several_outages_last_until_the_last_of_them_is_repaired() -> None:
    one, other = RepairTime(median_s=HOUR_S), RepairTime(median_s=3 * HOUR_S)
    gone = (1.0 - one.survival(900.0, 600.0)) * (1.0 - other.survival(900.0, 60.0))
    both = LastOf(((one, 600.0), (other, 60.0)))
    assert both.survival(900.0, 7200.0) == pytest.approx(1.0 - gone)
    reported = _with_orders(2 * HOUR_S, 4 * HOUR_S)
    situation = _seen(reported, "known", 9)
    assert situation.outage.survival(0.0) == 1.0
    assert situation.repair == LastOf(((Certain(2.0 * HOUR_S), 2.0 * HOUR_S),)), "one is repaired"


def _record(arm: str, seed: int, cost: float) -> PoliciesRecord:
    return PoliciesRecord(
        campaign="repairs",
        play=Play(case="one", arm=arm, seed=seed, priced="loads"),
        commit="c0de",
        cpu_s=1.0,
        outcome=Outcome(cost=cost, stake=1.0, changes=2, quarters=5, decision_ms=1.0),
    )


def test_the_table_tells_service_hours_evening_by_evening() -> None:
    table = repairs_markdown(
        [
            *(_record("nothing", seed, cost) for seed, cost in ((1, 2.0), (2, 1.0), (3, 1.0))),
            *(_record("horizon history", s, cost) for s, cost in ((1, 1.0), (2, 1.2), (3, 1.0))),
            *(_record("horizon forecast", s, cost) for s, cost in ((1, 1.1), (2, 0.5), (3, 0.99))),
        ]
    )
    assert "2 of 3 evenings have something to gain, on one. " in table
    # Of 1.0 and 0.5 that the best saved: 1.0 - 0.2, and 0.9 + 0.5.
    assert "| horizon | history | 2 | 1.100 | 0.533 | 50% | 2.0 |" in table
    assert "| horizon | forecast | 2 | 0.800 | 0.933 | 0% | 2.0 |" in table
    assert "| horizon, forecast - history | 2 | -0.300 [-0.700, 0.100] | 1, 1 |" in table
    assert "word" not in table
    assert "priced by loads, code c0de" in table


def test_an_arm_that_goes_by_something_else_is_refused() -> None:
    spec = load_spec(CAMPAIGN, None, arms=["horizon hope"], seeds=1)
    with pytest.raises(BadInput, match='arm "horizon hope": a policy goes by one of assumed'):
        CAMPAIGN.plays(spec)


def test_shipped_campaign_has_every_policy_go_by_everything() -> None:
    plays = CAMPAIGN.plays(load_spec(CAMPAIGN, None))
    arms = {play.arm for play in plays} - {"nothing"}
    policies = {arm.split()[0] for arm in arms}
    assert arms == {f"{policy} {by}" for policy in policies for by in get_args(GoesBy)}


def test_all_arms_play_the_same_evening_and_some_save_by_it() -> None:
    arms = ("nothing", "horizon history", "horizon forecast", "horizon known")
    found = {
        arm: CAMPAIGN.play(Play(case="sndlib/polska", arm=arm, seed=3, priced="loads"))
        for arm in arms
    }
    assert len({outcome.quarters for outcome in found.values()}) == 1
    assert found["horizon known"].cost < found["nothing"].cost
    assert found["horizon forecast"].changes > 0
