"""Short incidents on Abilene (12 routers, 15 links), operated by a real workplace."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata

from agents.loop.minds import Minds
from agents.loop.role import Mind
from evals.altered_network import Alter, AlteredNetwork
from evals.stage import Case, stage
from evals.stormy_network import Storm, StormyNetwork
from evals.talking_network import TalkingNetwork
from graphs.candidates import Candidates
from graphs.checkpoints import FencedSaver
from graphs.watch import POLL_S, Approver
from graphs.workplace import Stores, Workplace
from tools.journal.errors import JournalFailed
from tools.journal.journal import Journal
from tools.journal.records import ApprovalRequest, TimelineEvent
from tools.network.emulated import EmulatedNetwork, SimulatedClock
from tools.network.emulated.case_truth import CaseTruth, Repair, TimedEvent
from tools.network.emulated.case_world import CaseWorld
from tools.network.emulated.network_file import NetworkFile
from twin.events.fault import Fault
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.link_down import LinkDown
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.incident import TERMINAL_PHASES, Phase
from twin.nouns.plan import Approval, Plan
from twin.nouns.principal import OS_USER, Principal
from twin.nouns.telemetry import Telemetry

EVENING_S = 1_772_560_800.0
"""2026-03-03T18:00:00Z."""

FIRST = "live-0001"
SECOND = "live-0002"

WRONG_WEIGHT = IgpWeightMisconfig(node="ATLAng", link="ATLAng--HSTNng", weight=60)
LOSSY = SilentEgressPacketLoss(node="NYCMng", link="NYCMng--WASHng", fraction=0.05)
WESTERN_LINK = LinkDown(link="DNVRng--KSCYng")
STUB = LinkDown(link="ATLAM5--ATLAng")


def case(*faults: tuple[float, Fault], scale: float = 1.0, repair_s: float = 900.0) -> Case:
    """`faults` begin so many seconds after the start; the field travels for a quarter of an hour,
    and takes `repair_s` then.
    """
    repair = Repair(travel_s=900.0, repair_s=repair_s)
    return Case(
        CaseWorld(
            id="plain-name",
            topology="sndlib/abilene",
            starts_s=EVENING_S,
            duration_s=7200.0,
            traffic_scale=scale,
        ),
        CaseTruth(
            events=tuple(
                TimedEvent(
                    at_s=at_s,
                    fault=fault,
                    repair=None if isinstance(fault, IgpWeightMisconfig) else repair,
                )
                for at_s, fault in faults
            )
        ),
    )


@dataclass
class Person:
    """Answers every request after a minute: with `decisions` one by one, then with the last.

    `sets_aside`: what stands against a plan, too.
    """

    decisions: Sequence[Literal["approve", "reject"]] = ("approve",)
    journal: Journal | None = None
    answered: list[str] = field(default_factory=list)
    sets_aside: bool = False

    def consider(self, request: ApprovalRequest, plan: Plan, now_s: float) -> None:
        """Answer through the journal, as somebody outside would."""
        if self.journal is None or now_s < request.requested_s + 60.0:
            return
        decision = self.decisions[min(len(self.answered), len(self.decisions) - 1)]
        self.answered.append(plan.id)
        for name in ("erin", "frank")[len(request.answers) : request.approvers_needed]:
            overrides = request.overrides_needed if self.sets_aside else ()
            answer = answer_to(plan, decision, now_s, name, overrides)
            if not self.journal.answer(answer).still_needed:
                break


def answer_to(
    plan: Plan,
    decision: Literal["approve", "reject"],
    now_s: float,
    by: str = "erin",
    overrides: tuple[str, ...] = (),
) -> Approval:
    """A person's answer."""
    return Approval(
        plan_id=plan.id,
        plan_hash=plan.hash,
        decision=decision,
        by=Principal(name=by, provider=OS_USER),
        reason="I looked at it",
        decided_s=now_s,
        overrides=overrides,
    )


class Steps(FencedSaver):
    """Checkpoints that remember every step that was ever written, by incident.

    As long as one of `fails` says so, none can be written. LangGraph works with copies of a saver,
    which share what it holds.
    """

    written: dict[str, list[dict[str, Any]]]
    fails: list[Callable[[], bool]]

    @classmethod
    def open(cls, path: Path, journal: Journal) -> "Steps":
        """As ever."""
        opened = super().open(path, journal)
        opened.written, opened.fails = {}, []
        return opened

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """As ever."""
        if any(fails() for fails in self.fails):
            raise JournalFailed("the disk is full")
        steps = self.written.setdefault(config["configurable"]["thread_id"], [])
        steps.append(dict(checkpoint["channel_values"]))
        return super().put(config, checkpoint, metadata, new_versions)


_GOES_TO = "branch:to:"
"""LangGraph's channels by which a node says where to go."""


@dataclass
class Operation:
    """A network that is watched."""

    network: EmulatedNetwork
    workplace: Workplace
    clock: SimulatedClock
    folder: Path
    kept: Sequence[Steps] = ()

    @property
    def journal(self) -> Journal:
        """The workplace's."""
        return self.workplace.journal

    def run(self, until: Callable[[], bool] | None = None, most_s: float = 7200.0) -> None:
        """Watch until `until` (every incident has ended, if not given) or for `most_s`."""
        done = until or self.has_ended
        last_s = self.clock.now_s() + most_s
        while self.clock.now_s() < last_s and not done():
            self.workplace.watch.run(self.clock.now_s() + POLL_S)

    def has_ended(self) -> bool:
        """Whether there was an incident, and none is open."""
        phases = [r.phase for r in self.journal.incidents()]
        return bool(phases) and all(p in TERMINAL_PHASES for p in phases)

    def has_begun(self) -> bool:
        """Whether there is an incident."""
        return bool(self.journal.incidents())

    def is_waiting_for_approval(self) -> bool:
        """Whether a person is asked."""
        return bool(self.journal.approval_requests(self.clock.now_s(), state="waiting"))

    def approve(self, plan: Plan) -> None:
        """Have as many people approve as are needed."""
        request = self.journal.approval_request(plan.id, self.clock.now_s())
        for name in ("erin", "frank")[: request.approvers_needed]:
            self.journal.answer(answer_to(plan, "approve", self.clock.now_s(), name))

    def phase(self, incident_id: str = FIRST) -> Phase:
        """Where the incident stands."""
        return self.journal.incident(incident_id).phase

    def running(self) -> NetworkConfiguration:
        """What every device runs."""
        return self.workplace.desk.situation.read_running()

    def told(self, kind: str, incident_id: str = FIRST) -> list[TimelineEvent]:
        """The incident's timeline events of one kind."""
        return [e for e in self.journal.timeline(incident_id) if e.kind == kind]

    def plans(self, incident_id: str = FIRST) -> tuple[Plan, ...]:
        """The incident's plans."""
        return self.journal.plans(incident_id)

    def nodes(self, incident_id: str = FIRST) -> Sequence[str]:
        """The nodes that its graph passed while this process had it."""
        names = [name for step in self.steps(incident_id) for name in step]
        return [n.removeprefix(_GOES_TO) for n in names if n.startswith(_GOES_TO)]

    def steps(self, incident_id: str = FIRST) -> Sequence[dict[str, Any]]:
        """What its thread remembered at every step, by channel."""
        return [step for saver in self.kept for step in saver.written.get(incident_id, [])]

    def touched(self) -> list[str]:
        """Devices on which anything of ours was ever staged."""
        nodes = (n.id for n in self.network.inventory().topology.nodes)
        ids = {c.change_id for c in self.journal.changes()}
        return [n for n in nodes if any(r.change_id in ids for r in self.network.commit_log(n))]


@contextmanager
def operating(
    folder: Path,
    scripted: Case | None,
    *,
    seed: int = 1,
    minds: Minds | Sequence[Mind] | None = None,
    person: Approver | None = None,
    storm: Storm | None = None,
    said: Sequence[Telemetry] = (),
    alter: Alter | None = None,
    candidates: Candidates | None = None,
) -> Iterator[Operation]:
    """Put `scripted` on stage in `folder`, or open what stands there if None.

    `said`: what the network reports besides. `alter`: what becomes of its telemetry on the way.
    """
    file = folder / "networks" / "live.sqlite"
    network = stage(scripted, seed, file) if scripted else EmulatedNetwork.open(file)
    if storm is not None:
        network.close()
        network = StormyNetwork(NetworkFile(file, create=False), storm)
    elif said:
        network.close()
        network = TalkingNetwork(NetworkFile(file, create=False), said)
    elif alter is not None:
        network.close()
        network = AlteredNetwork(NetworkFile(file, create=False), alter)
    clock = SimulatedClock(network)
    kept = list[Steps]()

    def checkpoints(path: Path, journal: Journal) -> Steps:
        kept.append(Steps.open(path, journal))
        return kept[-1]

    try:
        with Workplace(
            folder,
            network,
            clock,
            minds=minds,
            approver=person,
            stores=Stores(checkpoints=checkpoints),
            candidates=candidates,
        ) as workplace:
            if isinstance(person, Person):
                person.journal = workplace.journal
            yield Operation(network, workplace, clock, folder, kept)
    finally:
        network.close()
