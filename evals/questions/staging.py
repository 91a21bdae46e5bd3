"""Three networks with a history: one incident is over, one waits for a person, one for a repair."""

from dataclasses import dataclass, field
from pathlib import Path

from evals.stage import Case, stage
from graphs.state_directory import StateDirectory
from graphs.watch import POLL_S
from graphs.workplace import Workplace
from tools.journal.journal import Journal
from tools.journal.records import ApprovalRequest
from tools.network.emulated import SimulatedClock
from tools.network.emulated.case_truth import CaseTruth, Repair, TimedEvent
from tools.network.emulated.case_world import CaseWorld
from twin.events.fault import Fault
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.link_down import LinkDown
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.nouns.incident import TERMINAL_PHASES, Phase
from twin.nouns.plan import Approval, Plan
from twin.nouns.principal import Principal

STARTS_S = 1_772_560_800.0
"""2026-03-03T18:00:00Z."""

_ANSWER_AFTER_S = 60.0
_LONGEST_S = 4 * 3600.0


@dataclass(frozen=True, slots=True)
class Scene:
    """A network, what befalls it ten minutes after the start, and where its incident is left."""

    name: str
    topology: str
    fault: Fault
    approved: bool
    until: frozenset[Phase]


SCENES: tuple[Scene, ...] = (
    Scene(
        name="abilene",
        topology="sndlib/abilene",
        fault=SilentEgressPacketLoss(node="NYCMng", link="NYCMng--WASHng", fraction=0.05),
        approved=True,
        until=TERMINAL_PHASES,
    ),
    Scene(
        name="sprint",
        topology="topozoo/Sprint",
        fault=LinkDown(link="Cheyenne--Kansas City"),
        approved=True,
        until=frozenset({Phase.AWAITING_REPAIR}),
    ),
    Scene(
        name="germany",
        topology="sndlib/germany50",
        fault=IgpWeightMisconfig(node="Fulda", link="Fulda--Kassel", weight=1),
        approved=False,
        until=frozenset({Phase.AWAITING_APPROVAL}),
    ),
)
"""A small one, one whose names have blanks and commas, and a large one with umlauts written out."""


@dataclass
class Erin:
    """Approves every plan a minute after she was asked."""

    journal: Journal | None = field(default=None)

    def consider(self, request: ApprovalRequest, plan: Plan, now_s: float) -> None:
        if self.journal is None or now_s < request.requested_s + _ANSWER_AFTER_S:
            return
        approval = Approval(
            plan_id=plan.id,
            plan_hash=plan.hash,
            decision="approve",
            by=Principal(name="erin", provider="script"),
            reason="the forecast is convincing",
            decided_s=now_s,
        )
        self.journal.answer(approval)


def case_of(scene: Scene) -> Case:
    """The scripted incident of `scene`; the field takes half an hour per order."""
    mistake = isinstance(scene.fault, IgpWeightMisconfig)
    event = TimedEvent(
        at_s=600.0,
        fault=scene.fault,
        repair=None if mistake else Repair(travel_s=900.0, repair_s=900.0),
    )
    world = CaseWorld(
        id=f"questions-{scene.name}",
        topology=scene.topology,
        starts_s=STARTS_S,
        duration_s=_LONGEST_S,
    )
    return Case(world, CaseTruth(events=(event,)))


def stage_history(state: Path, scene: Scene, seed: int = 1) -> None:
    """Operate `scene` in the state directory `state` until its incident is where it is left.

    Raises:
        RuntimeError: it did not come to that.
    """
    file = StateDirectory(state).network_file(scene.name)
    network = stage(case_of(scene), seed, file, scene.name)
    clock, erin = SimulatedClock(network), Erin()
    approver = erin if scene.approved else None
    try:
        with Workplace(state, network, clock, approver=approver) as workplace:
            erin.journal = workplace.journal
            until_s = clock.now_s() + _LONGEST_S
            while clock.now_s() < until_s:
                workplace.watch.run(clock.now_s() + POLL_S)
                if any(r.phase in scene.until for r in workplace.journal.incidents()):
                    return
    finally:
        network.close()
    raise RuntimeError(f"{scene.name}: its incident did not come to {sorted(scene.until)}")
