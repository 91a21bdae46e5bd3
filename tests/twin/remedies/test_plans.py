"""From a remedy to a plan: commits in order, their forecasts, and the way back."""

import pytest

from agents.roles.situation import Situation
from tests.agents.conftest import Place
from tests.twin.tracking.square import START_S, Counters, inventory, loads_of
from twin.errors import UnknownLink
from twin.events.action import Action
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.rate_limit import RateLimit
from twin.events.actions.remove_rate_limit import RemoveRateLimit
from twin.events.actions.revert_to_intended import RevertToIntended
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.actions.undrain_link import UndrainLink
from twin.events.fault import Fault
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.traffic_spike import TrafficSpike
from twin.nouns.plan import Plan, Remedy
from twin.nouns.state import NetworkState, state_hash
from twin.nouns.traffic import TRAFFIC_CLASSES, TrafficClass
from twin.remedies.plans import PlanRequest, make_plan

DRAIN = DrainLink(link="A-B")
DEARER = SetIgpWeight(node="A", link="A-B", weight=60)
LIMIT = RateLimit(node="A", link="A-B", traffic_class=TrafficClass.BEST_EFFORT, rate_bps=1e9)
WRONG = IgpWeightMisconfig(node="A", link="A-B", weight=60)


@pytest.fixture
def situation(place: Place) -> Situation:
    return place(inventory())


def _plan(
    situation: Situation,
    *actions: Action,
    cause: tuple[Fault, ...] = (),
    state: NetworkState | None = None,
    purpose: str = "mitigate",
) -> Plan:
    request = PlanRequest(
        incident_id="live-0001",
        attempt=2,
        purpose=purpose,
        cause=cause,
        remedy=Remedy(id="R1", actions=actions, reason="a try"),
        reason="because",
        finished_by="playbook",
        state=state or situation.twin.state(),
        known_down=frozenset({"C-D"}),
    )
    return make_plan(situation, request, START_S)


def test_drain_is_two_commits_each_with_the_forecast_of_the_state_after_it(
    situation: Situation,
) -> None:
    plan = _plan(situation, DRAIN)
    assert plan.id == "live-0001.mitigate2"
    assert [s.node for s in plan.steps] == ["A", "B"]
    assert all("+  igp max-metric" in s.diff for s in plan.steps)
    after_one, after_both = (s.forecast.utilisation["A|A-B"].median for s in plan.steps)
    assert after_one == after_both == 0.0, "A's own commit moves what A sends"
    assert plan.do_nothing.utilisation["A|A-B"].median == pytest.approx(0.3, rel=0.1)
    assert plan.forecast == plan.steps[-1].forecast
    assert plan.forecast.rollouts >= 50
    assert plan.blast_radius.devices == ("A", "B")


def test_plan_is_bound_to_the_state_that_it_was_made_for(situation: Situation) -> None:
    plan = _plan(situation, DRAIN)
    assert plan.state_hash == state_hash(situation.read_running(), {"C-D"})
    assert plan.state_hash != state_hash(situation.read_running(), ())


def test_same_request_gives_the_same_plan(situation: Situation) -> None:
    assert _plan(situation, DRAIN).hash == _plan(situation, DRAIN).hash


def test_way_back_takes_every_action_back_last_first(situation: Situation) -> None:
    plan = _plan(situation, DRAIN, LIMIT, SetIgpWeight(node="C", link="B-C", weight=30))
    assert plan.temporary
    assert plan.way_back == (
        SetIgpWeight(node="C", link="B-C", weight=10),
        RemoveRateLimit(node="A", link="A-B", traffic_class=TrafficClass.BEST_EFFORT),
        UndrainLink(link="A-B"),
    )
    intended, built = situation.inventory.intended, situation.inventory.topology
    running = intended
    for action in (*plan.actions, *plan.way_back):
        running = action.configured(running, intended, built)
    assert running == intended


def test_what_puts_the_cause_right_is_never_taken_back(situation: Situation) -> None:
    state = WRONG.after(situation.twin.state())
    for right in (RevertToIntended(node="A"), SetIgpWeight(node="A", link="A-B", weight=10)):
        plan = _plan(situation, right, cause=(WRONG,), state=state)
        assert not plan.temporary
        assert plan.way_back == ()


def test_what_puts_right_what_nobody_has_named_is_never_taken_back_either(
    situation: Situation,
) -> None:
    """Relief that happens to be the intended weight: taken out, it would bring the trouble back."""
    state = WRONG.after(situation.twin.state())
    right, beside = (
        SetIgpWeight(node="A", link="A-B", weight=10),
        SetIgpWeight(node="C", link="B-C", weight=30),
    )
    assert _plan(situation, right, state=state).way_back == ()
    assert not _plan(situation, right, state=state).temporary
    plan = _plan(situation, right, beside, state=state)
    assert plan.temporary
    assert plan.way_back == (SetIgpWeight(node="C", link="B-C", weight=10),)


def test_what_goes_back_to_how_it_was_is_forecast_with_the_loads_of_then(
    situation: Situation,
) -> None:
    # Hashing sends half as much again over A-B as the records say.
    counters = Counters(starts_s=START_S)
    situation.tracker.ingest(counters.read())
    for _ in range(6):
        situation.tracker.ingest(counters.after(1.5 * loads_of(situation.inventory)))
    wrong = WRONG.after(situation.twin.state())
    back = _plan(situation, RevertToIntended(node="A"), cause=(WRONG,), state=wrong)
    assert back.forecast.utilisation["A|A-B"].median == pytest.approx(0.45, rel=0.02)
    elsewhere = _plan(situation, SetIgpWeight(node="C", link="B-C", weight=30), state=wrong)
    assert elsewhere.forecast.utilisation["D|C-D"].median < 0.35


def test_loads_of_before_a_surge_are_no_forecast_while_it_lasts(situation: Situation) -> None:
    counters = Counters(starts_s=START_S)
    situation.tracker.ingest(counters.read())
    for _ in range(6):
        situation.tracker.ingest(counters.after(loads_of(situation.inventory)))
    surge = TrafficSpike(target="B", factor=2.0)
    during = surge.after(situation.twin.state())
    limited = _plan(situation, LIMIT, cause=(surge,), state=during)
    assert limited.do_nothing.utilisation["A|A-B"].median == pytest.approx(0.6, rel=0.1)
    # Of what is sent over it, the limit leaves all but best effort, and 1 Gbit/s of that.
    rates_bps = during.traffic.rates_bps[:, 0, 1]
    best_effort_bps = rates_bps[TRAFFIC_CLASSES.index(TrafficClass.BEST_EFFORT)]
    capacity_bps = situation.inventory.topology.link("A-B").capacity_bps
    left = (rates_bps.sum() - max(0.0, best_effort_bps - LIMIT.rate_bps)) / capacity_bps
    assert limited.forecast.utilisation["A|A-B"].median == pytest.approx(left, rel=0.1)
    # With the limit in force nobody sees whether the surge is over.
    before = LIMIT.configured(during.running, situation.inventory.intended, during.topology)
    lifted = RemoveRateLimit(node="A", link="A-B", traffic_class=TrafficClass.BEST_EFFORT)
    back = _plan(
        situation, lifted, cause=(surge,), state=during.configured(before), purpose="return"
    )
    assert back.forecast.utilisation["A|A-B"].median == pytest.approx(0.6, rel=0.1)


def test_weight_elsewhere_is_temporary_beside_what_is_lasting(situation: Situation) -> None:
    state = WRONG.after(situation.twin.state())
    other = SetIgpWeight(node="C", link="B-C", weight=30)
    plan = _plan(situation, RevertToIntended(node="A"), other, cause=(WRONG,), state=state)
    assert plan.temporary
    assert plan.way_back == (SetIgpWeight(node="C", link="B-C", weight=10),)


def test_doing_nothing_is_a_plan_without_steps(situation: Situation) -> None:
    plan = _plan(situation)
    assert (plan.actions, plan.steps, plan.way_back) == ((), (), ())
    assert not plan.temporary
    assert plan.forecast == plan.do_nothing


def test_return_is_a_plan_of_its_own_and_nothing_temporary(situation: Situation) -> None:
    plan = _plan(situation, DEARER, purpose="return")
    assert (plan.purpose, plan.temporary, plan.id) == ("return", False, "live-0001.return2")


def test_action_on_what_does_not_exist_makes_no_plan(situation: Situation) -> None:
    with pytest.raises(UnknownLink):
        _plan(situation, DrainLink(link="A-C"))
