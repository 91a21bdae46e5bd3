"""Remedies while others are at work: what is wrong is put right beside them, or they stop."""

from dataclasses import replace

import pytest

from agents.roles.situation import Situation
from tests.agents.bench import commit
from tests.agents.conftest import Place
from tests.twin.tracking.square import START_S, adjacency, inventory
from twin.events.actions.revert_interface import RevertInterface
from twin.events.actions.revert_to_intended import RevertToIntended
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.actions.undrain_link import UndrainLink
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.interface_shut_down import InterfaceShutDown
from twin.events.faults.link_down import LinkDown
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.planned_work import PlannedWork
from twin.nouns.state import failed_links, state_hash
from twin.remedies.at_work import reverts, stops, worsened_by
from twin.remedies.believed import believed_state
from twin.remedies.objective import Outlook
from twin.remedies.screening import Screening

WORK = PlannedWork(id="CHG-1", links=("A-B",), starts_s=START_S - 60.0, ends_s=START_S + 3600.0)
WEIGHT = IgpWeightMisconfig(node="A", link="A-D", weight=500)


@pytest.fixture
def situation(place: Place) -> Situation:
    """CHG-1 on A-B is under way."""
    found = place(inventory(planned_work=(WORK,)))
    found.tracker.ingest([adjacency(START_S, "C", "C-D", up=True)])
    return found


def _run(situation: Situation, node: str, link: str, **fields: object) -> NetworkConfiguration:
    device = situation.network.running(node)
    changed = device.interface(link).model_copy(update=fields)
    commit(situation, device.with_interface(changed), f"change-{node}-{link}-{sorted(fields)}")
    running = situation.read_running()
    situation.tracker.set_running(running)
    return running


def _switch_off(situation: Situation, field: str) -> NetworkConfiguration:
    _run(situation, "A", "A-B", **{field: True})
    return _run(situation, "B", "A-B", **{field: True})


def test_wrong_weight_beside_a_crew_is_reverted_alone(situation: Situation) -> None:
    running = _run(situation, "A", "A-D", igp_weight=500)
    assert reverts(situation, running, (WEIGHT,)) == ((RevertToIntended(node="A"),),)
    running = _switch_off(situation, "drained")
    (((action,)),) = reverts(situation, running, (WEIGHT,))
    assert action == RevertInterface(node="A", link="A-D")
    after = action.configured(running, situation.inventory.intended, situation.inventory.topology)
    assert after.device("A").interface("A-B").drained
    assert after.device("A").interface("A-D").igp_weight == 10


@pytest.mark.parametrize("field", ["shut_down", "drained"])
def test_work_is_stopped_by_reverting_both_ends(situation: Situation, field: str) -> None:
    assert stops(situation, situation.read_running()) == ()
    running = _switch_off(situation, field)
    ends = tuple(RevertInterface(node=node, link="A-B") for node in "AB")
    assert stops(situation, running) == ((WORK, ends),)


def test_failure_that_work_makes_worse_says_so(situation: Situation) -> None:
    running = _switch_off(situation, "shut_down")
    situation.tracker.ingest([adjacency(START_S, end, "A-B", up=False) for end in "AB"])
    (worse,) = worsened_by(situation, running, (LinkDown(link="B-C"),))
    assert (worse.work.id, worse.with_it, worse.without_it) == ("CHG-1", 1, 0)
    assert worsened_by(situation, running, (LinkDown(link="C-D"),))
    assert worsened_by(situation, running, ()) == ()


def test_link_that_is_shut_comes_back_with_a_revert_and_one_that_failed_does_not(
    situation: Situation,
) -> None:
    running = _switch_off(situation, "shut_down")
    down = [adjacency(START_S, end, link, up=False) for link in ("A-B", "C-D") for end in link[::2]]
    situation.tracker.ingest(down)
    assert failed_links(running, situation.tracker.down_links) == {"C-D"}
    shut = InterfaceShutDown(link="A-B", nodes=("A", "B"), change_id="CHG-1")
    state = believed_state(situation, running, (shut,))
    assert not state.is_usable("A-B")
    back = state.configured(situation.inventory.intended)
    assert back.is_usable("A-B")
    assert not back.is_usable("C-D")
    assert state_hash(running, {"A-B", "C-D"}) == state_hash(running, {"C-D"})


def test_set_of_reverts_is_screened_as_a_whole_and_a_crews_drain_is_not_lifted_for_a_while(
    situation: Situation,
) -> None:
    running = _switch_off(situation, "shut_down")
    state = replace(believed_state(situation, running, ()), down_links=frozenset({"B-C"}))
    ((_, ends),) = stops(situation, running)
    screening = Screening(situation.twin, state, Outlook.at(), together=[ends])
    best = screening.best()[0]
    assert best.actions == ends
    assert best.cost.breach_hours == 0.0
    drained = _switch_off(situation, "drained")
    kept = Screening(
        situation.twin, state.configured(drained), Outlook.at(), at_work={"A-B": "CHG-1"}
    )
    assert "CHG-1 has drained A-B" in (kept.refusal((UndrainLink(link="A-B"),)) or "")
    assert kept.refusal(ends) is None
    elsewhere = SetIgpWeight(node="C", link="C-D", weight=20)
    assert kept.refusal((elsewhere,)) is None
