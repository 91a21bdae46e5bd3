"""What makes a change go back, and what does not."""

from dataclasses import replace

import numpy as np
import pytest

from tests.twin.tracking.square import (
    A_TO_B,
    C_TO_D,
    ROUND_S,
    START_S,
    Counters,
    inventory,
    loads_of,
    probes,
    tracker_of,
)
from twin.nouns.forecast import Forecast, Interval
from twin.nouns.inventory import Inventory
from twin.nouns.plan import BlastRadius, Outcome, Plan
from twin.remedies.service_change import service_change
from twin.remedies.verification import SAMPLES_TO_DIVERGE, judge
from twin.tracking.tracker import Tracker

CHANGED_S = START_S + 600.0
NOTHING = Interval(p05=0.0, median=0.0, p95=0.0)


def _forecast(breached: str = "", utilisation: dict[str, Interval] | None = None) -> Forecast:
    return Forecast(
        utilisation=utilisation or {},
        max_utilisation=NOTHING,
        breached_services=NOTHING,
        lost_bps=NOTHING,
        service_breach_probability={breached: 0.9} if breached else {},
        rollouts=50,
        seed=1,
    )


def _plan(expected: Forecast, nothing: Forecast | None = None, *, temporary: bool = True) -> Plan:
    return Plan(
        id="live-0001.mitigate1",
        incident_id="live-0001",
        attempt=1,
        purpose="mitigate",
        cause=(),
        actions=(),
        steps=(),
        way_back=(),
        temporary=temporary,
        forecast=expected,
        do_nothing=nothing or expected,
        blast_radius=BlastRadius(devices=(), services=(), moved_bps=0.0),
        state_hash="0",
        created_s=CHANGED_S,
        reason="a test",
        finished_by="playbook",
    )


@pytest.fixture
def known() -> Inventory:
    return inventory()


@pytest.fixture
def tracker(known: Inventory) -> Tracker:
    return tracker_of(known)


def _judged(
    tracker: Tracker,
    loads: list[float],
    p95: float = 0.6,
    lost: tuple[float, float] = (0.0, 0.0),
    *,
    delay_s: tuple[float, float] = (0.01, 0.01),
    load_before: float = 0.5,
    dropped: tuple[float, float] = (0.0, 0.0),
    to_heal: str = "",
    still: str = "",
    temporary: bool = True,
) -> Outcome:
    """A-B runs at `loads` of its capacity after the change, 0.5 to `p95` were forecast.

    `lost`, `delay_s`: of probes, before and after. `dropped`: share of what A-B was offered.
    `to_heal`: which service is forecast to be in breach if nothing is done; `still`: and with it.
    """
    known = tracker.inventory
    counters = Counters(starts_s=CHANGED_S - 300)
    tracker.ingest(counters.read())

    def ingest(load: float, now: int) -> None:
        sent = loads_of(known)
        sent[A_TO_B] = load * 10e9
        records = counters.after(sent, dropped={A_TO_B: dropped[now]})
        probed = probes(known, counters.now_s, lost=lost[now])
        probed = replace(probed, delay_s=np.full_like(probed.sent, delay_s[now]))
        tracker.ingest([*records, probed])

    for _ in range(10):
        ingest(load_before, 0)
    for load in loads:
        ingest(load, 1)
    expected = _forecast(still, utilisation={"A|A-B": Interval(p05=0.5, median=0.55, p95=p95)})
    plan = _plan(expected, _forecast(breached=to_heal), temporary=temporary)
    return judge(
        tracker,
        plan,
        before_s=CHANGED_S - 300,
        changed_s=CHANGED_S,
        after_s=CHANGED_S,
        now_s=CHANGED_S + ROUND_S * max(1, len(loads)),
    )


def test_what_goes_as_forecast_is_kept(tracker: Tracker) -> None:
    outcome = _judged(tracker, [0.55, 0.58, 0.52, 0.55])
    assert outcome.kept
    assert outcome.reason == "no service is worse; 1 of 1 egresses are inside their interval"
    assert outcome.observed_utilisation == {"A|A-B": pytest.approx(0.55)}
    assert outcome.inside_interval == {"A|A-B": True}


def test_egress_above_its_interval_is_told_and_kept_while_nobody_is_worse(tracker: Tracker) -> None:
    outcome = _judged(tracker, [0.55, 0.88, 0.88, 0.88])
    assert outcome.kept
    assert outcome.reason == (
        "no service is worse; 0 of 1 egresses are inside their interval: the forecast was wrong "
        "about loads; A|A-B runs at 88%, forecast 60% at most"
    )


def test_remedy_that_ends_the_loss_says_who_is_well_again(tracker: Tracker) -> None:
    outcome = _judged(tracker, [0.88] * 4, lost=(0.3, 0.0), to_heal="svc-AB")
    assert outcome.kept
    assert outcome.healed_services == ("svc-AB",)
    assert outcome.reason.startswith("1 service is back within all objectives, and none is worse;")
    assert "0 of 1 egresses are inside their interval: the forecast was wrong" in outcome.reason
    assert "runs at 88%, forecast 60% at most" in outcome.reason


@pytest.mark.parametrize(("load", "is_kept"), [(0.94, True), (0.96, False)])
def test_egress_that_came_near_full_goes_back(tracker: Tracker, load: float, is_kept: bool) -> None:
    outcome = _judged(tracker, [load] * 4)
    assert outcome.kept is is_kept
    assert is_kept or outcome.reason == "A|A-B is above 95%, and was not before"


def test_egress_near_full_in_samples_that_are_not_in_a_row_is_kept(tracker: Tracker) -> None:
    assert SAMPLES_TO_DIVERGE == 3
    assert _judged(tracker, [0.97, 0.97, 0.55, 0.97, 0.97]).kept


def test_egress_that_was_near_full_before_or_was_forecast_to_be_is_no_surprise(
    known: Inventory,
) -> None:
    assert _judged(tracker_of(known), [0.97] * 4, load_before=0.97).kept
    assert _judged(tracker_of(known), [0.97] * 4, p95=0.96).kept


def test_egress_near_full_is_told_where_services_got_well(tracker: Tracker) -> None:
    outcome = _judged(tracker, [0.97] * 4, lost=(0.3, 0.0))
    assert outcome.kept
    assert "A|A-B is above 95%: it has no room left" in outcome.reason


def test_new_drops_go_back(tracker: Tracker) -> None:
    outcome = _judged(tracker, [0.55] * 4, dropped=(0.0, 0.01))
    assert not outcome.kept
    assert outcome.reason == "A|A-B drops, and did not before"


def test_drops_that_are_not_new_are_kept(tracker: Tracker) -> None:
    assert _judged(tracker, [0.55] * 4, dropped=(0.01, 0.02)).kept


def test_less_load_than_forecast_is_kept_and_noted(tracker: Tracker) -> None:
    outcome = _judged(tracker, [0.1] * 6)
    assert outcome.kept
    assert outcome.inside_interval == {"A|A-B": False}


def test_service_that_is_worse_than_before_goes_back_though_loads_are_as_forecast(
    tracker: Tracker,
) -> None:
    outcome = _judged(tracker, [0.55] * 4, lost=(0.0, 0.1))
    assert not outcome.kept
    assert outcome.worse_services == ("svc-AB",)
    assert outcome.reason == "svc-AB is worse than before"


@pytest.mark.parametrize("lost", [(0.1, 0.1), (0.1, 0.02), (0.1, 0.15), (0.0, 0.008)])
def test_service_that_is_no_worse_than_before_is_kept(
    tracker: Tracker, lost: tuple[float, float]
) -> None:
    """Bad before and as bad now, better, worse within noise, or within its objective."""
    assert _judged(tracker, [0.55] * 4, lost=lost).kept


@pytest.mark.parametrize("lost", [(0.1, 0.25), (0.0, 0.03), (0.2, 1.0)])
def test_more_lost_than_before_beyond_the_objective_and_beyond_chance_is_worse(
    tracker: Tracker, lost: tuple[float, float]
) -> None:
    assert not _judged(tracker, [0.55] * 4, lost=lost).kept


@pytest.mark.parametrize(("lost", "is_worse"), [(0.0079, False), (0.0081, True)])
def test_service_breaks_its_bound_from_three_in_a_thousand_beyond_it(
    known: Inventory, lost: float, is_worse: bool
) -> None:
    """Its bound is half a percent; chance has no part in a hundred thousand packets."""
    before = probes(known, START_S, sent=1e5)
    after = probes(known, START_S + ROUND_S, sent=1e5, lost=lost)
    assert service_change(known, [before], [after]).worse == (("svc-AB",) if is_worse else ())


@pytest.mark.parametrize(
    ("delay_s", "lost", "is_kept"),
    [
        ((0.01, 0.06), (0.0, 0.0), False),
        ((0.01, 0.04), (0.0, 0.0), True),
        ((0.06, 0.06), (0.0, 0.0), True),
        ((0.01, 0.06), (0.5, 0.0), True),
    ],
    ids=["beyond its bound", "within its bound", "as before", "whose packets were lost"],
)
def test_service_that_became_too_slow_is_worse(
    tracker: Tracker, delay_s: tuple[float, float], lost: tuple[float, float], is_kept: bool
) -> None:
    bound = tracker.inventory.services[0].objective.delay_s
    assert bound is not None
    assert 0.04 < bound < 0.06
    assert _judged(tracker, [0.55] * 4, delay_s=delay_s, lost=lost).kept is is_kept


def test_temporary_change_that_was_to_heal_and_helped_nobody_goes_back(tracker: Tracker) -> None:
    outcome = _judged(tracker, [0.55] * 4, lost=(0.2, 0.2), to_heal="svc-AB")
    assert not outcome.kept
    assert outcome.reason == "it was to heal services, and none of them is better"


def test_lasting_change_that_helped_nobody_is_kept_and_told(tracker: Tracker) -> None:
    outcome = _judged(tracker, [0.55] * 4, lost=(0.2, 0.2), to_heal="svc-AB", temporary=False)
    assert outcome.kept
    assert outcome.reason.startswith("it was to heal services, and none of them is better;")


def test_change_that_was_to_heal_another_service_than_the_one_in_breach_is_kept(
    tracker: Tracker,
) -> None:
    assert _judged(tracker, [0.55] * 4, lost=(0.2, 0.2), to_heal="svc-XY").kept


def test_change_that_was_to_heal_what_is_well_already_is_kept(tracker: Tracker) -> None:
    assert _judged(tracker, [0.55] * 4, to_heal="svc-AB").kept


def test_change_that_was_not_to_heal_what_stays_in_breach_is_kept(tracker: Tracker) -> None:
    lost = (0.2, 0.2)
    assert _judged(tracker, [0.55] * 4, lost=lost, to_heal="svc-AB", still="svc-AB").kept


@pytest.mark.parametrize(("dropped_after", "is_kept"), [(0.0160, True), (0.0170, False)])
def test_change_after_which_a_tenth_less_is_lost_has_helped(
    tracker: Tracker, dropped_after: float, is_kept: bool
) -> None:
    """Of 5.1 Gbit/s, A-B dropped 0.102; of 5.6, it drops 0.089 or 0.095."""
    lost, dropped = (0.2, 0.2), (0.02, dropped_after)
    judged = _judged(tracker, [0.55] * 4, lost=lost, dropped=dropped, to_heal="svc-AB")
    assert judged.kept is is_kept


def _worse(known: Inventory, lost: list[float]) -> tuple[str, ...]:
    """Probes lose nothing before the change, and `lost` after it, one share for each path."""
    before = [probes(known, CHANGED_S - 60)] * 8
    later = probes(known, CHANGED_S + 60)
    after = [replace(later, lost=np.array(lost) * later.sent)] * 8
    return service_change(known, before, after).worse


def test_any_pair_of_a_service_makes_it_worse() -> None:
    known = inventory(services=(("A", "B"), ("C", "D")))
    first = known.services[0]
    known = replace(known, services=(first.model_copy(update={"pairs": (("A", "B"), ("C", "D"))}),))
    assert _worse(known, [0.0, 0.0]) == ()
    assert _worse(known, [0.1, 0.0]) == (first.id,)
    assert _worse(known, [0.0, 0.1]) == (first.id,)


def test_service_without_a_loss_objective_is_worse_once_half_is_lost(known: Inventory) -> None:
    (promised,) = known.services
    objective = promised.objective.model_copy(update={"loss": None})
    known = replace(known, services=(promised.model_copy(update={"objective": objective}),))
    assert _worse(known, [0.45]) == ()
    assert _worse(known, [0.55]) == (promised.id,)


@pytest.mark.parametrize(
    ("given_up", "healed", "is_kept"),
    [("svc-CD", 2, True), ("svc-CD", 1, False), ("svc-XY", 2, False)],
    ids=["for more than it", "for as many", "not announced"],
)
def test_service_that_a_plan_gives_up_for_more_others_keeps_it_in_force(
    given_up: str, healed: int, is_kept: bool
) -> None:
    known = inventory(services=(("A", "B"), ("B", "A"), ("C", "D")))
    tracker, counters = tracker_of(known), Counters(starts_s=CHANGED_S - 300)
    tracker.ingest(counters.read())
    for lost in ([0.2, 0.2, 0.0], [0.0, 0.0 if healed == 2 else 0.2, 0.2]):
        for _ in range(10):
            records = counters.after(loads_of(known))
            probed = probes(known, counters.now_s)
            tracker.ingest([*records, replace(probed, lost=np.array(lost) * probed.sent)])
    outcome = judge(
        tracker,
        _plan(_forecast(given_up), _forecast("svc-AB")),
        before_s=CHANGED_S - 300,
        changed_s=CHANGED_S,
        after_s=CHANGED_S,
        now_s=counters.now_s,
    )
    assert outcome.worse_services == ("svc-CD",)
    assert outcome.kept is is_kept
    said = "svc-CD worse, as the plan says" if is_kept else "svc-CD is worse than before"
    assert said in outcome.reason


def test_change_after_which_nothing_was_counted_goes_back(tracker: Tracker) -> None:
    outcome = _judged(tracker, [])
    assert not outcome.kept
    assert "nothing can be verified" in outcome.reason


def test_samples_from_before_the_change_do_not_count(tracker: Tracker) -> None:
    known = tracker.inventory
    counters = Counters(starts_s=CHANGED_S - 300)
    tracker.ingest(counters.read())
    for _ in range(20):
        sent = loads_of(known)
        sent[A_TO_B] = 9e9 if counters.now_s < CHANGED_S else 5.5e9
        tracker.ingest(counters.after(sent))
    expected = _forecast(utilisation={"A|A-B": Interval(p05=0.5, median=0.55, p95=0.6)})
    outcome = judge(
        tracker,
        _plan(expected),
        before_s=CHANGED_S - 300,
        changed_s=CHANGED_S,
        after_s=CHANGED_S,
        now_s=counters.now_s,
    )
    assert outcome.kept
    assert outcome.observed_utilisation["A|A-B"] == pytest.approx(0.55)


def test_probes_that_did_not_report_make_no_service_worse(known: Inventory) -> None:
    silent = probes(known, CHANGED_S + 60, sent=np.nan)
    assert service_change(known, [probes(known, CHANGED_S - 60)], [silent]).worse == ()


def test_without_probes_from_before_no_service_is_worse(known: Inventory) -> None:
    assert service_change(known, [], [probes(known, CHANGED_S + 60, lost=0.5)]).worse == ()


def test_outcome_of_an_earlier_version_loads() -> None:
    kept = {"plan_id": "p", "kept": True, "reason": "no divergence"}
    loads = {"observed_utilisation": {"A|A-B": 0.5}, "inside_interval": {"A|A-B": True}}
    assert Outcome.model_validate(kept | loads).healed_services == ()


@pytest.mark.parametrize(("share", "is_kept"), [(0.01, True), (0.05, False)])
def test_new_drops_go_back_where_the_network_loses_no_less_than_before(
    tracker: Tracker, share: float, is_kept: bool
) -> None:
    """C-D dropped 5 % of 2 Gbit/s; now A-B drops 1 % or 5 % of 5.5."""
    counters, loads = Counters(starts_s=CHANGED_S - 300), loads_of(tracker.inventory)
    loads[A_TO_B] = 5.5e9
    tracker.ingest(counters.read())
    for _ in range(10):
        tracker.ingest(counters.after(loads, dropped={C_TO_D: 0.05}))
    for _ in range(4):
        tracker.ingest(counters.after(loads, dropped={A_TO_B: share}))
    expected = _forecast(utilisation={"A|A-B": Interval(p05=0.5, median=0.55, p95=0.6)})
    outcome = judge(
        tracker,
        _plan(expected),
        before_s=CHANGED_S - 300,
        changed_s=CHANGED_S,
        after_s=CHANGED_S,
        now_s=counters.now_s,
    )
    assert outcome.kept is is_kept
    said = "and less is lost than before" if is_kept else "and did not before"
    assert f"A|A-B drops, {said}" in outcome.reason


def test_forecast_was_wrong_about_loads_where_fewer_than_half_of_its_intervals_held(
    tracker: Tracker,
) -> None:
    """A-B runs at 55 %, C-D at 20 %."""
    counters, loads = Counters(starts_s=CHANGED_S), loads_of(tracker.inventory)
    loads[A_TO_B] = 5.5e9
    tracker.ingest(counters.read())
    for _ in range(4):
        tracker.ingest(counters.after(loads))
    right, wrong = Interval(p05=0.5, median=0.55, p95=0.6), Interval(p05=0.3, median=0.4, p95=0.5)
    for first, is_wrong in ((right, False), (Interval(p05=0.7, median=0.8, p95=0.9), True)):
        expected = _forecast(utilisation={"A|A-B": first, "C|C-D": wrong})
        outcome = judge(
            tracker,
            _plan(expected),
            before_s=CHANGED_S - 300,
            changed_s=CHANGED_S,
            after_s=CHANGED_S,
            now_s=counters.now_s,
        )
        assert ("the forecast was wrong about loads" in outcome.reason) is is_wrong
