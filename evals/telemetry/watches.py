"""Odd telemetry through the whole watch: no false incident, no failed link missed, and loss that is
found, or said to be unmeasured.

A network is watched, and from some minute on its telemetry is as real devices, collectors and
transport make it. The process is restarted once. In some watches nothing is wrong with the network;
in others a link fails, or one loses packets silently. The same watch without an oddity is the
control.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import Literal

import numpy as np

from evals.altered_network import Alter, AlteredNetwork
from evals.arms.noctua import DelayedApprover
from evals.campaigns.campaign import Campaign, Spec
from evals.campaigns.records import Record, code_text, raised_text
from evals.stage import Case, designed_inventory, stage
from evals.telemetry.oddities import CONTROL, ODDITIES, Wire, pour
from graphs.watch import POLL_S
from graphs.workplace import Workplace
from tools.journal.records import ChangeState
from tools.network.emulated.case_truth import CaseTruth, Repair, TimedEvent
from tools.network.emulated.case_world import CaseWorld
from tools.network.emulated.clock import SimulatedClock
from tools.network.emulated.network_file import NetworkFile
from twin.events.faults.link_down import LinkDown
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.nouns.base import Noun
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.incident import Incident
from twin.nouns.telemetry import Telemetry
from twin.nouns.topology import Interface
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin

Scene = Literal["healthy", "down", "loss"]

STARTS_S = 1_772_560_800.0
"""2026-03-03T18:00:00Z."""

ODD_S, RESTART_S, ONSET_S, ENDS_S = 300.0, 600.0, 900.0, 2100.0
LOST = 0.05

_OF_PATHS = frozenset({"service_breach", "probe_loss", "probe_delay"})
"""Symptoms that any fault may have."""

_AS_SOON_S = 120.0


class WatchSpec(Spec):
    """`cases`: names of oddities, none for all; `arms`: topologies; `scenes`: what happens."""

    scenes: tuple[Scene, ...]


class Play(Noun):
    """One watch."""

    case: str
    topology: str
    scene: Scene
    seed: int


class Watched(Noun):
    """What came of one watch.

    `failed`: steps that ended with an error; `trouble`: the first. `incidents`: titles of those
    that were opened; `false`: of those that are of nothing that happened. `found_s`: seconds from
    the onset to an incident that has what is wrong, None without; `unmeasured`: the egress that
    loses was said to be unmeasured after it began. `changes`: that were confirmed. `faults`: of
    telemetry, in words, as they were told at the end or before.
    """

    failed: int
    trouble: str
    incidents: tuple[str, ...]
    false: tuple[str, ...]
    found_s: float | None
    unmeasured: bool
    changes: int
    faults: tuple[str, ...]


WatchedRecord = Record[Play, Watched]


def odd(oddity: str, wire: Wire) -> Alter:
    """What arrives over `wire` in place of what was sent; nothing is given again."""
    seen_s = -np.inf

    def alter(records: Sequence[Telemetry], now_s: float) -> Sequence[Telemetry]:
        nonlocal seen_s
        new = [record for record in records if record.received_s > seen_s]
        seen_s = now_s
        return pour(ODDITIES[oddity], new, wire, now_s)

    return alter


def watched(play: Play) -> Watched:
    """Watch the network of a play to its end."""
    with tempfile.TemporaryDirectory() as folder:
        return _Operation(play, Path(folder)).run()


class _Operation:
    """One watch, through its restart."""

    def __init__(self, play: Play, folder: Path) -> None:
        self._play = play
        self._folder = folder
        self._file = folder / "networks" / "live.sqlite"
        world = CaseWorld(
            id="odd",
            topology=play.topology,
            starts_s=STARTS_S,
            duration_s=ENDS_S + 600.0,
            mismatch=1,
        )
        topology = designed_inventory(world).topology
        self._egress = _busy_egress(play, world)
        self._link = self._egress.link
        stage(_case(play, world, self._egress), play.seed, self._file).close()
        numbers = np.random.default_rng([play.seed, len(play.case)])
        self._wire = Wire(topology, self._egress.node, self._link, STARTS_S + ODD_S, numbers)
        self._failed, self._trouble = 0, ""
        self._unmeasured = False
        self._faults: dict[tuple[str, str], str] = {}

    def run(self) -> Watched:
        """Watch, restart, watch on."""
        for until_s in (RESTART_S, ENDS_S):
            with self._working() as (workplace, clock):
                while clock.now_s() < STARTS_S + until_s:
                    self._step(workplace, clock)
                if until_s == ENDS_S:
                    return self._judged(workplace)
        raise AssertionError("a watch has an end")

    @contextmanager
    def _working(self) -> Iterator[tuple[Workplace, SimulatedClock]]:
        file = NetworkFile(self._file, create=False)
        network = AlteredNetwork(file, odd(self._play.case, self._wire))
        try:
            clock, approver = SimulatedClock(network), DelayedApprover(60.0)
            with Workplace(
                self._folder, network, clock, approver=approver, tolerant=True
            ) as workplace:
                approver.answer_through(workplace.journal)
                yield workplace, clock
        finally:
            network.close()

    def _step(self, workplace: Workplace, clock: SimulatedClock) -> None:
        workplace.watch.step()
        if blocked := workplace.journal.blocked():
            self._failed += 1
            self._trouble = self._trouble or blocked[0].reason
        tracker = workplace.tracker
        for fault in tracker.telemetry_faults:
            self._faults[fault.source, fault.kind] = fault.sentence
        if clock.now_s() > STARTS_S + ONSET_S:
            self._unmeasured |= not tracker.coverage.at(clock.now_s()).tells_loss_of(
                str(self._egress)
            )
        clock.wait_until(clock.now_s() + POLL_S, lambda: False)

    def _judged(self, workplace: Workplace) -> Watched:
        journal = workplace.journal
        opened = [(r.opened_s, r.incident) for r in journal.incidents()]
        mine = [s for s, i in opened if self._is_of_fault(workplace, i)]
        false = [i.title for s, i in opened if not self._is_explained(workplace, s, i)]
        changes = [c for c in journal.changes() if c.state is ChangeState.CONFIRMED]
        return Watched(
            failed=self._failed,
            trouble=self._trouble[:300],
            incidents=tuple(i.title for _, i in opened),
            false=tuple(false),
            found_s=min(mine) - STARTS_S - ONSET_S if mine else None,
            unmeasured=self._unmeasured,
            changes=len(changes),
            faults=tuple(self._faults.values()),
        )

    def _is_explained(self, workplace: Workplace, opened_s: float, incident: Incident) -> bool:
        if self._play.scene == "healthy" or opened_s < STARTS_S + ONSET_S:
            return False
        kinds = {symptom.kind for symptom in incident.symptoms}
        return self._is_of_fault(workplace, incident) or kinds <= _OF_PATHS

    def _is_of_fault(self, workplace: Workplace, incident: Incident) -> bool:
        if self._play.scene == "healthy":
            return False
        is_down = self._play.scene == "down"
        wrong = self._link if is_down else str(self._egress)
        diagnosis = workplace.journal.artefact(incident.id, "diagnosis", Diagnosis)
        causes = {x for fault in (diagnosis.cause if diagnosis else ()) for x in fault.resources}
        kind = "adjacency_down" if is_down else "silent_loss"
        return wrong in causes or any(s.id == f"{kind}:{wrong}" for s in incident.symptoms)


def _busy_egress(play: Play, world: CaseWorld) -> Interface:
    """One that carries much, at a node of several links; another one for each seed."""

    inventory = designed_inventory(world)
    topology, twin = inventory.topology, Twin(inventory)
    loads = offered_totals(twin, twin.state())
    egresses = [topology.egress_of(int(arc)) for arc in np.argsort(-loads)]
    busy = [e for e in egresses if len(topology.links_at(e.node)) > 1]
    return busy[(play.seed - 1) % 4 + 1]


def _case(play: Play, world: CaseWorld, egress: Interface) -> Case:
    repair = Repair(travel_s=1200.0, repair_s=600.0)
    lost = SilentEgressPacketLoss(node=egress.node, link=egress.link, fraction=LOST)
    down = LinkDown(link=egress.link)
    events = {
        "healthy": (),
        "down": (TimedEvent(at_s=ONSET_S, fault=down, repair=repair),),
        "loss": (TimedEvent(at_s=ONSET_S, fault=lost, repair=repair),),
    }
    return Case(world, CaseTruth(events=events[play.scene]))


def _plays(spec: WatchSpec) -> list[Play]:
    """With the control of every scene first."""
    return [
        Play(case=case, topology=topology, scene=scene, seed=seed)
        for seed in spec.seeds
        for topology in spec.arms
        for case in dict.fromkeys((CONTROL, *(spec.cases or ODDITIES)))
        for scene in spec.scenes
    ]


def table(records: Sequence[WatchedRecord]) -> str:
    """One line a scene, then every watch in which something was not as it must be, and by how much
    later than the control.

    A play that raised counts as missed.
    """
    lines = [
        "| network | watches | without a false incident | found | said to be unmeasured | missed "
        "| later than the control (median s) |",
        "|---|---|---|---|---|---|---|",
    ]
    for scene in dict.fromkeys(r.play.scene for r in records):
        lines.append(_line(scene, [r for r in records if r.play.scene == scene]))
    told = [f"- {_named(r.play)}: {text}" for r in records for text in _wrong(r, records)]
    notes = [raised_text(records, "and count as missed"), code_text(records)]
    return "\n".join([*lines, "", *told, "", *(note for note in notes if note), ""])


def _line(scene: str, mine: Sequence[WatchedRecord]) -> str:
    done = [r.outcome for r in mine if r.outcome is not None]
    found = [o for o in done if o.found_s is not None]
    silent = [o for o in done if o.found_s is None and o.unmeasured and scene == "loss"]
    later = [d for r in mine if (d := _later_s(r, mine)) is not None]
    cells = [
        scene,
        len(mine),
        sum(not o.false for o in done),
        len(found) if scene != "healthy" else "–",
        len(silent) if scene == "loss" else "–",
        len(mine) - len(found) - len(silent) if scene != "healthy" else "–",
        f"{median(later):.0f}" if later else "–",
    ]
    return f"| {' | '.join(map(str, cells))} |"


def _later_s(record: WatchedRecord, records: Sequence[WatchedRecord]) -> float | None:
    control = next(
        (r.outcome for r in records if r.play == record.play.model_copy(update={"case": CONTROL})),
        None,
    )
    found = record.outcome
    if found is None or control is None or found.found_s is None or control.found_s is None:
        return None
    return found.found_s - control.found_s


def _wrong(record: WatchedRecord, records: Sequence[WatchedRecord]) -> Iterator[str]:
    scene, found = record.play.scene, record.outcome
    if found is None:
        return
    if found.failed:
        yield f"{found.failed} steps failed: {found.trouble}"
    for title in found.false:
        yield f"a false incident: {title}"
    if scene == "healthy" and found.changes:
        yield f"{found.changes} devices were changed"
    if scene != "healthy" and found.found_s is None:
        is_said = scene == "loss" and found.unmeasured
        yield "said to be unmeasured" if is_said else "missed"
    if (later_s := _later_s(record, records)) is not None and later_s > _AS_SOON_S:
        yield f"found {later_s:.0f} s later"


def _named(play: Play) -> str:
    return f"{play.topology}, {play.scene}, {play.case}"


CAMPAIGN = Campaign(
    name="evals.telemetry.watches",
    file=files(__package__) / "watches.yaml",
    spec=WatchSpec,
    record=WatchedRecord,
    plays=_plays,
    together=lambda play: f"{play.topology} {play.case} {play.seed}",
    play=watched,
    table=table,
)
