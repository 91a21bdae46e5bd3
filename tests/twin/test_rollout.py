"""Scenarios on the twin: what happens when, and the same answer every time."""

import pytest

from twin.errors import UnknownLink
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.link_capacity_bottleneck import LinkCapacityBottleneck
from twin.events.faults.link_down import LinkDown
from twin.events.faults.traffic_spike import TrafficSpike
from twin.forecasting import Uncertainty
from twin.nouns.scenario import Scenario, TimedAction, TimedFault
from twin.physics.twin import Twin
from twin.rollout import (
    Rollout,
    RolloutTask,
    run_rollout,
    scenario_seed,
)
from twin.runner import InProcessRunner, TaskFailure
from twin.sources.world import WorldSpec, build_inventory

EVENING_S = 19.75 * 3600.0


@pytest.fixture(scope="module")
def twin() -> Twin:
    return Twin(build_inventory(WorldSpec(topology="sndlib/germany50")))


def cut(duct: str, twin: Twin, until_s: float | None = None) -> Scenario:
    """A duct is cut after ten minutes of an hour around the evening peak."""
    links = twin.inventory.topology.shared_risk_group(duct).links
    fault = TimedFault(at_s=600.0, until_s=until_s, fault=FiberCut(duct=duct, links=links))
    return Scenario(name="cut", starts_s=EVENING_S, duration_s=3600.0, faults=(fault,))


def without(link: str) -> TimedFault:
    return TimedFault(at_s=0.0, until_s=None, fault=LinkDown(link=link))


def test_cut_breaks_services_from_its_start_to_its_repair(twin: Twin) -> None:
    rollout = run_rollout(cut("duct:Hamburg:1", twin, until_s=1500.0), twin)
    hurt = [step.time_s for step in rollout.steps if step.breached_services]
    assert hurt == [60.0 * i for i in range(10, 25)]
    assert set(rollout.slo_minutes_lost.values()) == {15.0}
    during = rollout.steps[10]
    assert during.max_utilisation > 1.0
    assert rollout.lost_bits > 0.8 * during.lost_bps * 900.0


def test_event_between_two_intervals_begins_a_step_of_its_own(twin: Twin) -> None:
    scenario = cut("duct:Hamburg:1", twin).model_copy(update={"duration_s": 630.0})
    rollout = run_rollout(scenario, twin, interval_s=400.0)
    assert [(s.time_s, s.duration_s) for s in rollout.steps] == [(0, 400), (400, 200), (600, 30)]


def test_demand_follows_the_day(twin: Twin) -> None:
    scenario = Scenario(name="day", starts_s=0.0, duration_s=86_400.0)
    rollout = run_rollout(scenario, twin, interval_s=3600.0)
    busiest = [step.max_utilisation for step in rollout.steps]
    assert busiest.index(max(busiest)) == 20
    assert busiest[4] / busiest[20] == pytest.approx(0.35)
    assert not rollout.slo_minutes_lost


def test_action_undoes_a_wrong_weight(twin: Twin) -> None:
    link = twin.inventory.topology.links[0]
    wrong = IgpWeightMisconfig(node=link.a, link=link.id, weight=200)
    right = SetIgpWeight(node=link.a, link=link.id, weight=10)
    broken = Scenario(
        name="weight",
        starts_s=EVENING_S,
        duration_s=300.0,
        faults=(TimedFault(at_s=60.0, until_s=None, fault=wrong),),
    )
    mended = broken.model_copy(update={"actions": (TimedAction(at_s=120.0, action=right),)})
    left = run_rollout(broken, twin).steps
    back = run_rollout(mended, twin).steps
    healthy = run_rollout(broken.model_copy(update={"faults": ()}), twin).steps
    assert back[1] == left[1] != healthy[1]
    assert back[2:] == healthy[2:] != left[2:]


def test_wrong_weight_ends_by_itself_where_the_scenario_says_so(twin: Twin) -> None:
    link = twin.inventory.topology.links[0]
    wrong = IgpWeightMisconfig(node=link.a, link=link.id, weight=200)
    scenario = Scenario(
        name="weight",
        starts_s=EVENING_S,
        duration_s=300.0,
        faults=(TimedFault(at_s=60.0, until_s=120.0, fault=wrong),),
    )
    healthy = run_rollout(scenario.model_copy(update={"faults": ()}), twin)
    assert run_rollout(scenario, twin).steps[2:] == healthy.steps[2:]


def test_flash_crowd_ends_when_it_ends(twin: Twin) -> None:
    crowd = TimedFault(at_s=60.0, until_s=120.0, fault=TrafficSpike(target="Frankfurt", factor=6.0))
    scenario = Scenario(name="crowd", starts_s=EVENING_S, duration_s=180.0, faults=(crowd,))
    before, during, after = run_rollout(scenario, twin).steps
    assert during.max_utilisation > 1.5 * before.max_utilisation
    assert after.max_utilisation == pytest.approx(before.max_utilisation, rel=0.02)


def test_bundle_that_lost_members_carries_what_is_left(twin: Twin) -> None:
    link = max(twin.inventory.topology.links, key=lambda x: x.members)
    fault = TimedFault(
        at_s=60.0, until_s=120.0, fault=LinkCapacityBottleneck(link=link.id, members=1)
    )
    scenario = Scenario(name="short", starts_s=EVENING_S, duration_s=180.0, faults=(fault,))
    before, during, after = run_rollout(scenario, twin).steps
    assert during.busiest.endswith(f"|{link.id}")
    assert during.max_utilisation > 1.5 > before.max_utilisation
    assert after.max_utilisation == pytest.approx(before.max_utilisation, rel=0.01)


def test_same_task_gives_the_same_bytes_wherever_it_stands(twin: Twin) -> None:
    tasks = [
        RolloutTask(cut(duct, twin), interval_s=600.0, uncertainty=Uncertainty())
        for duct in ("duct:Hamburg:1", "duct:Berlin:1", "duct:Hamburg:1")
    ]
    forth = [r.model_dump_json() for r in InProcessRunner(twin).run(tasks)]
    back = [r.model_dump_json() for r in InProcessRunner(Twin(twin.inventory)).run(tasks[::-1])]
    assert forth == back[::-1]
    assert forth[0] == forth[2] != forth[1]


def test_seed_follows_content(twin: Twin) -> None:
    one, other = cut("duct:Hamburg:1", twin), cut("duct:Berlin:1", twin)
    assert scenario_seed(one) == scenario_seed(cut("duct:Hamburg:1", twin))
    assert len({scenario_seed(one), scenario_seed(other), scenario_seed(one, 1)}) == 3


def test_one_failed_rollout_is_a_record_among_results(twin: Twin) -> None:
    stray = Scenario(name="stray", starts_s=0.0, duration_s=60.0, faults=(without("A--B"),))
    drain = TimedAction(at_s=0.0, action=DrainLink(link="A--B"))
    action = Scenario(name="drain", starts_s=0.0, duration_s=60.0, actions=(drain,))
    fine = Scenario(name="fine", starts_s=0.0, duration_s=60.0)
    results = InProcessRunner(twin).run([RolloutTask(s) for s in (stray, fine, action)])
    assert [type(r) for r in results] == [TaskFailure, Rollout, TaskFailure]
    assert isinstance(results[0], TaskFailure)
    assert (results[0].task, results[0].error) == ("stray", UnknownLink.__name__)
    assert '"A--B"' in results[0].reason


def test_rollout_survives_json(twin: Twin) -> None:
    rollout = run_rollout(cut("duct:Berlin:1", twin), twin, interval_s=600.0)
    assert Rollout.model_validate_json(rollout.model_dump_json()) == rollout
