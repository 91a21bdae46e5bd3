"""A mind names what does not exist, was not tried, or may not follow: what refuses it, alone.

The control of each: the same mind in the same role, whose answers nothing looks at; it is used.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from agents.loop.budget import Budget
from agents.loop.role import Mind, Role, RoleRun, nothing_to_ground, run_role
from agents.playbook import answer
from agents.playbook.policies import playbook
from agents.playbook.scripted import ScriptedModel
from agents.roles.diagnoser import Diagnoser
from agents.roles.imaginer import Imaginer
from agents.roles.monitor import Monitor
from agents.roles.remediator import DO_NOTHING, Chooser, Proposer
from agents.roles.situation import Situation
from agents.roles.supervisor import supervisor_role
from tests.agents.bench import incident_of, situation_of
from tests.twin.tracking.square import START_S, inventory
from tools.clock import SystemClock
from tools.network.emulated import EmulatedNetwork
from twin.events.actions.drain_link import DrainLink
from twin.nouns.base import Noun
from twin.nouns.plan import Remedy
from twin.remedies.objective import Outlook
from twin.remedies.screening import Screening
from twin.remedies.trials import simulate
from twin.tracking.alarms import Alarm

# B's 2.5 of D's 5 Gbit/s come over A: 10.5 on A-B, which carries 10.
CROWDED = (("A", "B", 8e9), ("D", "B", 5e9))

Asked = tuple[Role[Any], Any]
"""A role, and its task."""


@pytest.fixture
def situation(tmp_path: Path) -> Iterator[Situation]:
    made = situation_of(tmp_path, inventory(demands=CROWDED, services=(("A", "B"), ("D", "B"))))
    made.tracker.now_s = START_S + 600.0
    made.tracker.book.raise_alarm(Alarm("queue_drops", "A|A-B", START_S, 0.05))
    yield made
    assert isinstance(made.network, EmulatedNetwork)
    made.network.close()


def _monitor(situation: Situation) -> Asked:
    work = Monitor(situation, situation.tracker.active_symptoms(), ())
    return work.role(), work.task()


def _diagnoser(situation: Situation) -> Asked:
    work = Diagnoser(situation, incident_of(situation))
    return work.role(), work.task()


def _proposer(situation: Situation) -> Asked:
    screening = Screening(situation.twin, situation.twin.state(), Outlook.at())
    work = Proposer(screening, ())
    return work.role(), work.task()


NOTHING = Remedy(id=DO_NOTHING, actions=(), reason="wait")
HARMFUL = Remedy(id="R1", actions=(DrainLink(link="B-C"),), reason="all of it goes by A")


def _chooser(situation: Situation) -> Asked:
    state, outlook = situation.twin.state(), Outlook.at(1.0, 2.5)
    work = Chooser(simulate(situation, state, outlook, [NOTHING, HARMFUL], {}))
    return work.role(), work.task()


def _imaginer(situation: Situation) -> Asked:
    work = Imaginer(situation, situation.twin.state(), ())
    return work.role(), work.task()


def _supervisor(_: Situation) -> Asked:
    return supervisor_role(("planner", "escalate")), {
        "phase": "simulating",
        "facts": {"costs": {"R0": 54.4, "R1": 4.58}},
    }


class AnyRoute(Noun):
    """The supervisor's answer without the transitions that are legal."""

    next: str
    reason: str


def _proposes(*actions: dict[str, Any]) -> dict[str, Any]:
    return {"remedies": [{"actions": [action], "reason": "x"} for action in actions]}


@dataclass(frozen=True, slots=True)
class Lie:
    """What is answered in a role, and what is said of it."""

    asked: Callable[[Situation], Asked]
    answer: dict[str, Any]
    refusal: str


_FOUND = {"would_separate": "", "own_view": "", "statement": "x"}
_GROUP = {"severity": "minor", "title": "x", "joins": ""}

LIES = {
    "a symptom that nobody has seen": Lie(
        _monitor,
        {"groups": [{"symptoms": ["queue_drops:Z|Z-B"], **_GROUP}], "ignored": []},
        "is not on the list",
    ),
    "an incident that is not open": Lie(
        _monitor,
        {"groups": [{"symptoms": ["queue_drops:A|A-B"], **_GROUP, "joins": "x-1"}], "ignored": []},
        "is not an open incident",
    ),
    "a cause that was not tested": Lie(
        _diagnoser,
        {"verdict": "found", "ranking": ["link_down@B-C"], **_FOUND},
        "was not tested",
    ),
    "a link that does not exist": Lie(
        _proposer, _proposes({"kind": "drain_link", "link": "A-Z"}), "A-Z"
    ),
    "a drain that overloads": Lie(
        _proposer, _proposes({"kind": "drain_link", "link": "B-C"}), "would load a link"
    ),
    "a remedy that was not simulated": Lie(
        _chooser, {"remedy": "R99", "reason": "x"}, "was not simulated"
    ),
    "a remedy that trials find worse": Lie(
        _chooser, {"remedy": "R1", "reason": "x"}, "forecast to be worse"
    ),
    "a failure that is not listed": Lie(
        _imaginer,
        {"scenarios": [{"exposure": "link_down@A-Z", "probability": 1.0, "why": "x"}]},
        "is not a listed exposure",
    ),
    "a step that may not follow": Lie(_supervisor, {"next": "actuator", "reason": "x"}, "next"),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_answer_about_what_is_not_so_is_refused_by_one_control_alone(
    lie: Lie, situation: Situation
) -> None:
    role, task = lie.asked(situation)
    held = _played(role, task, lie)
    assert held.finished_by == "playbook"
    assert lie.refusal in str(held.transcript)
    open_role = replace(role, ground=nothing_to_ground)
    if role.name == "supervisor":
        open_role = replace(role, answer=AnyRoute)
    used = _played(open_role, task, lie)
    assert used.finished_by == "hostile"
    assert used.answer == open_role.answer.model_validate(lie.answer, strict=False)


def _played(role: Role[Any], task: Any, lie: Lie) -> RoleRun[Any]:
    """The liar repeats itself until it is asked no more; the playbook stands behind it."""
    liar = Mind("hostile", ScriptedModel([answer(lie.answer)] * 5), foreign=True)
    minds = (liar, Mind("playbook", playbook(), foreign=False))
    return run_role(role, task, minds, Budget(), SystemClock())
