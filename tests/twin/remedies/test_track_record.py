"""Intervals of loads that are moved are as wide as earlier forecasts were wrong."""

import numpy as np
import pytest

from tests.tools.change.conftest import FORECAST, INCIDENT
from twin.events.action import Action
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.rate_limit import RateLimit
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.nouns.forecast import Forecast, Interval
from twin.nouns.plan import BlastRadius, Outcome, Plan
from twin.nouns.traffic import TrafficClass
from twin.remedies.track_record import move_sigma, with_record, with_usual_loads

DRAIN, WEIGHT = DrainLink(link="A-B"), SetIgpWeight(node="A", link="A-B", weight=60)
EGRESSES = tuple(f"A|A-{n}" for n in range(60))


def _forecast(median: float, drawn: float = 1.1, names: tuple[str, ...] = ("A|A-B",)) -> Forecast:
    """Draws spread by a factor of `drawn` to either side."""
    interval = Interval(p05=median / drawn, median=median, p95=median * drawn)
    return FORECAST.model_copy(update={"utilisation": dict.fromkeys(names, interval)})


def _past(
    action: Action, wrong_by: float, moved: float = 1.0, drawn: float = 1.0001
) -> tuple[Plan, Outcome]:
    """Sixty egresses at 0.4, of which `moved` came by `action`, ran `wrong_by` times as full."""
    plan = Plan(
        id="p",
        incident_id=INCIDENT.id,
        attempt=1,
        purpose="mitigate",
        cause=(),
        actions=(action,),
        steps=(),
        way_back=(),
        temporary=True,
        forecast=_forecast(0.4, names=EGRESSES),
        do_nothing=_forecast(0.4 * (1.0 - moved), drawn, EGRESSES),
        blast_radius=BlastRadius(devices=(), services=(), moved_bps=0.0),
        state_hash="",
        created_s=0.0,
        reason="",
        finished_by="playbook",
    )
    outcome = Outcome(
        plan_id="p",
        kept=True,
        reason="",
        observed_utilisation=dict.fromkeys(EGRESSES, 0.4 * wrong_by),
        inside_interval={},
    )
    return plan, outcome


def test_without_a_record_a_kind_errs_as_it_says_of_itself() -> None:
    assert move_sigma((DRAIN,), ()) == pytest.approx(DRAIN.move_sigma, rel=0.03)
    assert move_sigma((WEIGHT,), ()) == pytest.approx(WEIGHT.move_sigma, rel=0.03)
    assert move_sigma((), ()) == 0.0


def test_worst_of_several_kinds_counts() -> None:
    assert DRAIN.move_sigma < WEIGHT.move_sigma
    assert move_sigma((DRAIN, WEIGHT), ()) == move_sigma((WEIGHT,), ())


def test_kind_that_was_wrong_gets_wider_intervals_and_others_do_not() -> None:
    past = [_past(DRAIN, wrong_by=1.5)]
    assert move_sigma((DRAIN,), past) == pytest.approx(np.log(1.5) / 1.645, rel=0.01)
    assert move_sigma((WEIGHT,), past) == move_sigma((WEIGHT,), ())


def test_kind_that_was_right_gets_narrower_ones() -> None:
    right = [_past(DRAIN, wrong_by=1.0)] * 5
    assert move_sigma((DRAIN,), right) < 0.6 * move_sigma((DRAIN,), ())


def test_error_within_what_draws_spread_is_none() -> None:
    past = [_past(DRAIN, wrong_by=1.05, moved=0.9, drawn=1.1)] * 5
    assert move_sigma((DRAIN,), past) == move_sigma((DRAIN,), [_past(DRAIN, wrong_by=1.0)] * 5)


def test_error_counts_by_the_share_of_the_load_that_was_moved() -> None:
    whole = move_sigma((DRAIN,), [_past(DRAIN, wrong_by=1.2)])
    half = move_sigma((DRAIN,), [_past(DRAIN, wrong_by=1.2, moved=0.5)])
    assert half == pytest.approx(2 * whole, rel=1e-3)
    still = [_past(DRAIN, wrong_by=1.2, moved=0.05)]
    assert move_sigma((DRAIN,), still) == move_sigma((DRAIN,), ())


@pytest.mark.parametrize(
    ("now", "left", "sigma"),
    [(0.4, 0.4, 0.0), (0.2, 0.7, 0.1), (0.0, 1.0, 0.2)],
    ids=["nothing is moved", "half of it is moved", "all of it is moved"],
)
def test_interval_grows_with_how_much_of_the_load_is_moved(
    now: float, left: float, sigma: float
) -> None:
    found = with_record(_forecast(0.4), _forecast(now), (DRAIN,), 0.2).utilisation["A|A-B"]
    wide = np.exp(np.hypot(left * np.log(1.1), 1.645 * sigma))
    assert found.median == 0.4
    assert found.p05 == pytest.approx(0.4 / wide, rel=1e-3)
    assert found.p95 == pytest.approx(0.4 * wide, rel=1e-3)


def test_limit_leaves_no_load_certain_for_senders_hold_back() -> None:
    limit = RateLimit(node="A", link="A-B", traffic_class=TrafficClass.BEST_EFFORT, rate_bps=1e9)
    still, moved = (
        with_record(_forecast(0.4), _forecast(now), (limit,), 0.2).utilisation["A|A-B"]
        for now in (0.4, 0.0)
    )
    assert still == moved
    assert still.p95 > 0.4 * np.exp(1.645 * 0.2)


def test_load_that_is_known_from_before_the_trouble_is_forecast_as_it_was() -> None:
    usual = {"A|A-B": 0.6}
    found = with_usual_loads(_forecast(0.4), _forecast(0.4, drawn=1.05), usual)
    assert found.utilisation["A|A-B"].median == pytest.approx(0.6)
    assert found.utilisation["A|A-B"].p95 == pytest.approx(0.6 * 1.05)
    assert found.lost_bps == _forecast(0.4).lost_bps


def test_egress_that_is_to_carry_nothing_has_nothing_to_widen() -> None:
    found = with_record(_forecast(0.0), _forecast(0.4), (DRAIN,), 0.2)
    assert found.utilisation["A|A-B"] == Interval(p05=0.0, median=0.0, p95=0.0)
