"""Poisoned feeds: does the watch step on, is a real cut found, and is a healthy network left alone?

    python -m evals.hostile.feeds --watches 150 --out feeds.jsonl
    python -m evals.hostile.feeds --watches 20 --scenes day --out days.jsonl

A network is watched, and from some minute on its records are poisoned on their way. The process
is restarted twice. In some watches nothing is wrong with the network, which has much to spare or,
where it is busy, could not do without the link of the device that lies; in others a link is cut in
the middle. Most last three quarters of an hour, and some of a healthy network a whole day. What
came of it is judged by the network itself, and by what its devices run.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from statistics import fmean
from typing import Literal, get_args
from unittest.mock import patch

import numpy as np

from evals.altered_network import Alter, AlteredNetwork
from evals.arms.noctua import DelayedApprover
from evals.campaigns.campaign import Campaign, Spec, load_spec
from evals.campaigns.records import Record, code_text, raised_text, read_records
from evals.campaigns.runner import run_campaign
from evals.hostile.poisons import POISONS, Vial
from evals.intervals import share_interval
from evals.stage import Case, stage
from graphs.watch import POLL_S
from graphs.workplace import Workplace
from tools.journal.records import ChangeState
from tools.network.emulated.case_truth import CaseTruth, Repair, TimedEvent
from tools.network.emulated.case_world import CaseWorld
from tools.network.emulated.clock import SimulatedClock
from tools.network.emulated.network_file import NetworkFile
from twin.events.faults.link_down import LinkDown
from twin.nouns.base import Noun
from twin.nouns.configuration import DeviceConfiguration
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.evidence import CLAIM_NATS, MOST_NATS
from twin.nouns.incident import TERMINAL_PHASES
from twin.nouns.telemetry import ProbeRound, Telemetry
from twin.tracking.intake import Intake

Scene = Literal["healthy", "busy", "cut", "day"]
Arm = Literal["guarded", "unguarded", "unprobed", "credulous"]
"""As it is; with every record let through as it is; without probes, so that nobody bears out or
denies what one device's counters say; and so too, with such a word believed as if two said it."""

TOPOLOGY = "sndlib/abilene"
STARTS_S = 1_772_560_800.0
"""2026-03-03T18:00:00Z."""

POISONED_S, CUT_S, ENDS_S = 600.0, 1500.0, 2700.0
RESTARTS = (0.4, 0.73)
"""After these parts of a watch."""

DAY_S = 86_400.0
LONGER_S = 8100.0
"""What is open at the end of a watch is watched on for so long: a field crew is on its way for half
an hour, and whoever changed something has to take it back."""

BUSY_LIAR, BUSY_SCALE = "DNVRng", 1.4
"""What is lost with the link that is cut overloads another one at so much traffic."""

CUT, LIAR, LINK, OTHER = "DNVRng--KSCYng", "NYCMng", "NYCMng--WASHng", "ATLAng"


class FeedSpec(Spec):
    """`cases`: names of poisons, none for all; `scenes`: what the network does meanwhile."""

    arms: tuple[Arm, ...]
    scenes: tuple[Scene, ...]


class Play(Noun):
    """One watch."""

    case: str
    scene: Scene
    arm: Arm
    seed: int


class Watched(Noun):
    """What came of one watch.

    `steps`: that were made, of which `failed` ended with an error; `trouble`: the first. `found_s`:
    seconds from the cut to an incident that has its link, None without. `incidents`: that were
    opened; `hours`: that were watched. `changes`: that were confirmed, one per device; `left`:
    devices that run something else at the end than at the beginning. `left_out`: how many sources
    had something masked.
    """

    steps: int
    failed: int
    trouble: str
    found_s: float | None
    incidents: int
    hours: float
    changes: int
    left: int
    left_out: int


FeedRecord = Record[Play, Watched]


def poured(poison: str, vial: Vial) -> Alter:
    """Records are poisoned on their way from `vial.since_s` on."""
    pour = POISONS[poison].pour

    def alter(records: Sequence[Telemetry], now_s: float) -> Sequence[Telemetry]:
        vial.now_s = now_s
        if now_s < vial.since_s:
            return records
        arrived = list(pour(records, vial))
        vial.seen = [*vial.seen, *records][-400:]
        return arrived

    return alter


def _without_probes(alter: Alter) -> Alter:
    return lambda records, now_s: [
        record for record in alter(records, now_s) if not isinstance(record, ProbeRound)
    ]


class OpenDoor(Intake):
    """Lets every record through as it is: what the watch would be without its guard."""

    def arrival(self, record: Telemetry, now_s: float, until_s: float) -> float:
        """What it says itself."""
        return record.received_s

    def admit(self, record: Telemetry, received_s: float) -> Telemetry | None:
        """All of it."""
        return record


def watched(play: Play) -> Watched:
    """Watch the network of a play to its end."""
    with tempfile.TemporaryDirectory() as folder:
        return _Operation(play, Path(folder)).run()


class _Operation:
    """One watch, through its restarts."""

    def __init__(self, play: Play, folder: Path) -> None:
        self._play = play
        self._folder = folder
        self._file = folder / "networks" / "live.sqlite"
        network = stage(_case(play.scene), play.seed, self._file)
        self._topology = network.inventory().topology
        network.close()
        numbers = np.random.default_rng([play.seed, len(play.case)])
        since_s = STARTS_S + POISONED_S
        liar, link = (BUSY_LIAR, CUT) if play.scene == "busy" else (LIAR, LINK)
        self._vial = Vial(self._topology, liar, link, OTHER, CUT, since_s, numbers)
        self._steps = self._failed = 0
        self._trouble = ""
        self._before: dict[str, DeviceConfiguration] = {}

    def run(self) -> Watched:
        """Watch, restart, watch on."""
        ends_s = _ends_s(self._play.scene)
        for number, part in enumerate((*RESTARTS, 1.0)):
            with self._working() as (workplace, clock):
                if number == 0:
                    self._before = self._running(workplace)
                self._watch(workplace, clock, STARTS_S + part * ends_s)
                if part == 1.0:
                    self._watch(workplace, clock, STARTS_S + ends_s + LONGER_S, _is_over)
                    return self._judged(workplace, clock.now_s())
        raise AssertionError("a watch has an end")

    def _running(self, workplace: Workplace) -> dict[str, DeviceConfiguration]:
        return {n.id: workplace.network.running(n.id) for n in self._topology.nodes}

    @contextmanager
    def _working(self) -> Iterator[tuple[Workplace, SimulatedClock]]:
        file = NetworkFile(self._file, create=False)
        alter = poured(self._play.case, self._vial)
        if self._play.arm in ("unprobed", "credulous"):
            alter = _without_probes(alter)
        network = AlteredNetwork(file, alter)
        try:
            clock, approver = SimulatedClock(network), DelayedApprover(60.0)
            with Workplace(
                self._folder, network, clock, approver=approver, tolerant=True
            ) as workplace:
                approver.answer_through(workplace.journal)
                if self._play.arm == "unguarded":
                    workplace.tracker.intake = OpenDoor(self._topology)
                most = MOST_NATS if self._play.arm == "credulous" else CLAIM_NATS
                with patch("twin.diagnosis.likelihood.CLAIM_NATS", most):
                    yield workplace, clock
        finally:
            network.close()

    def _watch(
        self,
        workplace: Workplace,
        clock: SimulatedClock,
        until_s: float,
        is_over: Callable[[Workplace], bool] = lambda _: False,
    ) -> None:
        while clock.now_s() < until_s and not is_over(workplace):
            workplace.watch.step()
            self._steps += 1
            if blocked := workplace.journal.blocked():
                self._failed += 1
                self._trouble = self._trouble or blocked[0].reason
            clock.wait_until(clock.now_s() + POLL_S, lambda: False)

    def _judged(self, workplace: Workplace, now_s: float) -> Watched:
        journal = workplace.journal
        records = journal.incidents()
        found = [r.opened_s for r in records if _has_cut(workplace, r.incident.id)]
        changes = [c for c in journal.changes() if c.state is ChangeState.CONFIRMED]
        running = self._running(workplace)
        return Watched(
            steps=self._steps,
            failed=self._failed,
            trouble=self._trouble[:300],
            found_s=min(found) - STARTS_S - CUT_S if found else None,
            incidents=len(records),
            hours=(now_s - STARTS_S) / 3600,
            changes=len(changes),
            left=sum(running[node] != was for node, was in self._before.items()),
            left_out=len(workplace.tracker.intake.left_out()),
        )


def _is_over(workplace: Workplace) -> bool:
    return all(r.phase in TERMINAL_PHASES for r in workplace.journal.incidents())


def _has_cut(workplace: Workplace, incident_id: str) -> bool:
    """Whether the incident has the cut link among its symptoms, or in its cause."""
    incident = workplace.journal.incident(incident_id).incident
    diagnosis = workplace.journal.artefact(incident_id, "diagnosis", Diagnosis)
    causes = {x for fault in (diagnosis.cause if diagnosis else ()) for x in fault.resources}
    return CUT in causes or any(s.id == f"adjacency_down:{CUT}" for s in incident.symptoms)


def _ends_s(scene: Scene) -> float:
    """When nothing more is waited for but what is open, after the start."""
    return DAY_S if scene == "day" else ENDS_S


def _case(scene: Scene) -> Case:
    world = CaseWorld(
        id="poisoned",
        topology=TOPOLOGY,
        starts_s=STARTS_S,
        duration_s=_ends_s(scene) + LONGER_S,
        mismatch=1,
        traffic_scale=BUSY_SCALE if scene == "busy" else 1.0,
    )
    repair = Repair(travel_s=1200.0, repair_s=600.0)
    cut = TimedEvent(at_s=CUT_S, fault=LinkDown(link=CUT), repair=repair)
    return Case(world, CaseTruth(events=(cut,) if scene == "cut" else ()))


def _plays(spec: FeedSpec) -> list[Play]:
    """Drawn by their keys, so that the first of them are a sample of all."""
    plays = [
        Play(case=case, scene=scene, arm=arm, seed=seed)
        for seed in spec.seeds
        for arm in spec.arms
        for case in spec.cases or tuple(POISONS)
        for scene in spec.scenes
    ]
    return sorted(plays, key=lambda play: sha256(play.model_dump_json().encode()).digest())


def table(records: Sequence[FeedRecord]) -> str:
    """One line a scene and arm, then every watch in which something was not as it must be.

    A play that raised counts as a watch that stopped.
    """
    lines = [
        "| feed | network | watches | stepped on | cut found, where it could be | with changes | "
        "devices left changed | incidents in a watch, mean and most |",
        "|---|---|---|---|---|---|---|---|",
    ]
    groups = sorted({(r.play.arm, r.play.scene) for r in records})
    for arm, scene in groups:
        mine = [r for r in records if (r.play.arm, r.play.scene) == (arm, scene)]
        lines.append(_line(arm, scene, mine))
    told = [
        f"- {r.play.arm}, {r.play.case}, {r.play.scene}: {w}" for r in records for w in _wrong(r)
    ]
    notes = [raised_text(records, "and count as watches that stopped"), code_text(records)]
    return "\n".join([*lines, "", *told, "", *(note for note in notes if note), ""])


def _line(arm: str, scene: str, mine: Sequence[FeedRecord]) -> str:
    done = [r.outcome for r in mine if r.outcome is not None]
    on = sum(o.failed == 0 for o in done)
    visible = [r.outcome for r in mine if scene == "cut" and not POISONS[r.play.case].hides]
    found = sum(o is not None and o.found_s is not None for o in visible)
    incidents = [o.incidents for o in done] or [0]
    return (
        f"| {arm} | {scene} | {len(mine)} | {_share(on, len(mine))} "
        f"| {_share(found, len(visible)) if visible else '–'} "
        f"| {sum(o.changes > 0 for o in done)} | {sum(o.left for o in done)} "
        f"| {fmean(incidents):.1f}, {max(incidents)} |"
    )


def _share(count: int, of: int) -> str:
    low, _ = share_interval(count, of)
    return f"{count} of {of} (at least {low:.0%})"


def _wrong(record: FeedRecord) -> Iterator[str]:
    play, found = record.play, record.outcome
    if found is None:
        return
    if found.failed:
        yield f"{found.failed} of {found.steps} steps failed: {found.trouble}"
    if play.scene == "cut" and found.found_s is None and not POISONS[play.case].hides:
        yield "the cut was not found"
    if play.scene != "cut" and found.changes:
        yield f"{found.changes} devices were changed, {found.left} are left so"
    if play.scene != "cut" and found.incidents > (3 if play.scene == "day" else 1):
        yield f"{found.incidents} incidents in {found.hours:.1f} h"


CAMPAIGN = Campaign(
    name="evals.hostile.feeds",
    file=files(__package__) / "feeds.yaml",
    spec=FeedSpec,
    record=FeedRecord,
    plays=_plays,
    together=lambda play: f"{play.case} {play.seed}",
    play=watched,
    table=table,
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Play so many watches, spread over all poisons, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m evals.hostile.feeds", description=__doc__)
    parser.add_argument("--watches", type=int, default=3 * len(POISONS), help="how many, at least")
    parser.add_argument("--only", nargs="+", default=(), metavar="POISON", help="these alone")
    parser.add_argument(
        "--scenes", nargs="+", choices=get_args(Scene), help="those of the campaign"
    )
    parser.add_argument("--arms", nargs="+", default=("guarded",), choices=get_args(Arm))
    parser.add_argument("--out", type=Path, help="a file of records, which is gone on with")
    given = parser.parse_args(arguments)
    spec = load_spec(
        CAMPAIGN, arms=tuple(given.arms), cases=tuple(given.only) or None, scenes=given.scenes
    )
    spec = spec.model_copy(update={"seeds": _seeds(spec, given.watches)})
    with tempfile.TemporaryDirectory() as folder:
        out = given.out or Path(folder) / "feeds.jsonl"
        some = replace(CAMPAIGN, plays=lambda spec: _plays(spec)[: given.watches])
        run_campaign(some, spec, out)
        print(table(read_records(CAMPAIGN.name, FeedRecord, [out])))


def _seeds(spec: FeedSpec, watches: int) -> tuple[int, ...]:
    return tuple(range(1, 1 + -(-watches // len(_plays(spec.model_copy(update={"seeds": (1,)}))))))


if __name__ == "__main__":
    main()
