"""What is played while it is struck: short incidents on Abilene (12 routers, 15 links)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agents.loop.role import Mind
from agents.playbook import PlaybookModel, TranscriptView, answer
from agents.playbook.policies import POLICIES
from agents.playbook.view import ToolChoice
from evals.stage import Case
from tools.journal.journal import Journal
from tools.journal.records import ApprovalRequest
from tools.network.emulated.case_truth import CaseTruth, Repair, TimedEvent
from tools.network.emulated.case_world import CaseWorld
from twin.errors import Refused
from twin.events.faults.link_down import LinkDown
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.nouns.plan import Approval, Plan
from twin.nouns.principal import AUTOMATIC, Principal

EVENING_S = 1_772_560_800.0
"""2026-03-03T18:00:00Z."""

SceneName = Literal["drained", "severed", "diverged"]

_ANSWER_AFTER_S = 60.0
_REPAIR = Repair(travel_s=900.0, repair_s=900.0)

_LOSSY = TimedEvent(
    at_s=600.0,
    fault=SilentEgressPacketLoss(node="NYCMng", link="NYCMng--WASHng", fraction=0.05),
    repair=_REPAIR,
)

_PASSING = TimedEvent(
    at_s=915.0,
    until_s=1230.0,
    fault=SilentEgressPacketLoss(node="WASHng", link="ATLAng--WASHng", fraction=0.3),
)
"""It strikes while the first change is watched, and is gone when the next one is."""


_CUT = TimedEvent(at_s=600.0, fault=LinkDown(link="DNVRng--KSCYng"), repair=_REPAIR)


@dataclass(frozen=True, slots=True)
class Scene:
    """A scripted incident. `causes`: at most so many incidents come of it, and at least one.

    `nodes`: those of the graph in which it is worth being killed, all if empty.
    """

    name: SceneName
    case: Case
    causes: int
    nodes: tuple[str, ...] = ()


def _scene(
    name: SceneName, *events: TimedEvent, nodes: tuple[str, ...] = (), scale: float = 1.0
) -> Scene:
    world = CaseWorld(
        id=f"survival-{name}",
        topology="sndlib/abilene",
        starts_s=EVENING_S,
        duration_s=7200.0,
        traffic_scale=scale,
    )
    return Scene(name, Case(world, CaseTruth(events=events)), len(events), nodes)


SCENES: dict[SceneName, Scene] = {
    # A lossy link is drained at both ends, repaired, and undrained.
    "drained": _scene("drained", _LOSSY),
    # A link fails and comes back, of which alarms tell once each; another is relieved meanwhile.
    "severed": _scene("severed", _CUT, nodes=("watch", "repair", "wait", "soak"), scale=1.4),
    # Drained, but then services get worse: taken back on both devices, and another remedy tried.
    "diverged": _scene("diverged", _LOSSY, _PASSING, nodes=("verifier", "planner")),
}


def minds() -> tuple[Mind, ...]:
    """The playbook, which drains where a drain ties with the best: two devices, so that there is a
    middle in which to be killed.
    """
    policies = {**POLICIES, "remediator_choice": _drains}
    return (Mind("playbook", PlaybookModel(policies=policies), foreign=False),)


def _drains(view: TranscriptView) -> ToolChoice:
    drains = {
        trial["remedy"]
        for trial in view.task["trials"]
        if trial["actions"] and trial["actions"][0].startswith("drain ")
    }
    for remedy in view.task["within_tie"]:
        if remedy in drains:
            return answer({"remedy": remedy, "reason": "a lossy link should carry nothing"})
    policy: Callable[[TranscriptView], ToolChoice] = POLICIES["remediator_choice"]
    return policy(view)


class Outsider:
    """Approves every plan after a minute, through a connection to the journal of its own."""

    def __init__(self, journal: Path) -> None:
        self._journal = journal

    def consider(self, request: ApprovalRequest, plan: Plan, now_s: float) -> None:
        """Answer as people do from another terminal."""
        # Whoever opens a journal that is not there makes one, which no command for people does.
        if now_s < request.requested_s + _ANSWER_AFTER_S or not self._journal.exists():
            return
        with Journal.open(self._journal) as journal:
            for name in ("erin", "frank")[len(request.answers) : request.approvers_needed]:
                try:
                    journal.answer(_approval(plan, name, now_s))
                except Refused:
                    return  # Too late, and told so; the incident finds out by itself.


def _approval(plan: Plan, name: str, now_s: float) -> Approval:
    return Approval(
        plan_id=plan.id,
        plan_hash=plan.hash,
        decision="approve",
        by=Principal(name=name, provider=AUTOMATIC),
        reason="I looked at it",
        decided_s=now_s,
    )
