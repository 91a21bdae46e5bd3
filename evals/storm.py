"""A hundred thousand alarms in a minute, with one real fault underneath: what is made of them.

A duct of germany50 is cut at the evening peak, in the middle of a storm of repeats from all nodes.
One link flaps, one is drained as announced. The same hour is played without the storm, and has to
come to the same incidents.
"""

import gc
import resource
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

from evals.demo import STARTS_S, TOPOLOGY
from evals.ducts import DuctCase, draw_duct
from evals.stage import Case, designed_inventory, stage
from evals.stormy_network import Event, Storm, StormyNetwork
from graphs.state_directory import StateDirectory
from graphs.watch import POLL_S
from graphs.workplace import Workplace
from tools.network.emulated.case_truth import CaseTruth, PlannedAction, Repair, TimedEvent
from tools.network.emulated.case_world import CaseWorld
from tools.network.emulated.clock import SimulatedClock
from tools.network.emulated.network_file import NetworkFile
from twin.events.faults.fiber_cut import FiberCut
from twin.nouns.base import Noun
from twin.nouns.incident import Symptom
from twin.nouns.inventory import Inventory
from twin.nouns.planned_work import PlannedWork
from twin.nouns.telemetry import AdjacencyEvent, ConfigurationEvent, Telemetry
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.tracking.tracker import Tracker

MISMATCH: Literal[1] = 1
_STORM_AFTER_S = 1800.0
_CUT_AFTER_S = 1812.0
_WATCHED_AFTER_S = 300.0
"""The storm is over after a minute; its incidents have until then to be opened."""

_MIB = 2.0**20


class Played(Noun):
    """One hour. `incidents`: the symptom ids of each; `active`, `seen`: symptom ids in the book."""

    incidents: tuple[tuple[str, ...], ...]
    active: tuple[str, ...]
    seen: tuple[str, ...]


class StormReport(Noun):
    """What was measured.

    `alarms`: events that arrived, of which `in_storm` within the storm's minute. `unique`: changes
    of state among them (an end of a link lost or regained, a commit). `folded`, `late`, `shed`,
    `unknown`: as the tracker counted them. `raised`: symptoms that had to be raised; `lost`: those
    that were not, or that are active and stand in no incident. `ingest_s`: seconds for all of it on
    one core. `kept_mib`, `peak_mib`: what the tracker holds after the storm, and held at most while
    it raged, over what it held before; `kept_again_mib`: after the same storm five times.
    `rss_mib`: the most that the process had.
    """

    seed: int
    alarms: int
    in_storm: int
    unique: int
    folded: int
    late: int
    shed: int
    unknown: int
    unknown_examples: tuple[str, ...]
    noisiest: str
    noisiest_received: int
    flaps: int
    raised: tuple[str, ...]
    lost: tuple[str, ...]
    ingest_s: float
    kept_mib: float
    peak_mib: float
    kept_again_mib: float
    rss_mib: float
    incidents: int
    incidents_without: int
    same_incidents: bool

    @property
    def lines(self) -> tuple[str, ...]:
        """For people."""
        verdict = "the same" if self.same_incidents else "NOT the same"
        return (
            f"alarms in: {self.alarms} ({self.in_storm} in the storm's 60 s), realisation "
            f"{self.seed}, mismatch {MISMATCH}",
            f"unique: {self.unique} changes of state; {len(self.raised)} symptoms to be raised",
            f"folded: {self.folded}; late: {self.late}; log lines shed: {self.shed}; of unknown "
            f"nodes or links: {self.unknown} (such as {', '.join(self.unknown_examples[:2])})",
            f"noisiest: {self.noisiest} with {self.noisiest_received}; flaps counted: {self.flaps}",
            f"unique alarms lost: {len(self.lost)} {' '.join(self.lost)}".rstrip(),
            f"ingest: {self.ingest_s:.2f} s on one core",
            f"memory of the tracker: {self.peak_mib:+.2f} MiB at most during the storm, "
            f"{self.kept_mib:+.2f} MiB kept after it, {self.kept_again_mib:+.2f} MiB after five "
            "such storms (tracemalloc)",
            f"process: {self.rss_mib:.0f} MiB resident at most, both plays included",
            f"incidents opened: {self.incidents}; without the storm: {self.incidents_without}; "
            f"symptoms of each: {verdict}",
        )


def storm_case(seed: int) -> tuple[Case, DuctCase, str]:
    """The hour, the duct that is cut in it, and the link that flaps; one seed, one case."""
    world = CaseWorld(
        id="storm", topology=TOPOLOGY, mismatch=MISMATCH, starts_s=STARTS_S, duration_s=3600.0
    )
    designed = designed_inventory(world)
    duct = draw_duct(designed, seed)
    drained, flapping = _far_from(designed, duct.links)
    announced = PlannedWork(
        id="CHG-7001", links=(drained,), starts_s=STARTS_S, ends_s=STARTS_S + world.duration_s
    )
    truth = CaseTruth(
        events=(
            TimedEvent(
                at_s=_CUT_AFTER_S,
                fault=FiberCut(duct=duct.duct, links=duct.links),
                repair=Repair(travel_s=1800.0, repair_s=3600.0),
            ),
        ),
        planned_actions=(
            PlannedAction(
                at_s=600.0,
                until_s=world.duration_s,
                link=drained,
                what="drain",
                change_id=announced.id,
            ),
        ),
    )
    return Case(world.model_copy(update={"planned_work": (announced,)}), truth), duct, flapping


def measure_storm(seed: int, events: int) -> StormReport:
    """Play the hour with a storm of `events` and without, and feed what came to a fresh tracker."""
    case, duct, flapping = storm_case(seed)
    starts_s = case.world.starts_s + _STORM_AFTER_S
    storm = Storm(starts_s, events=events, flapping=flapping, seed=seed)
    calm, _, _ = _play(case, replace(storm, events=0, flapping=""), seed)
    stormy, delivered, inventory = _play(case, storm, seed)
    rss_mib = _resident_mib()
    raised = {f"adjacency_down:{link}" for link in (*duct.links, flapping)}
    tracker, ingest_s = _timed(inventory, delivered)
    kept, peak, again = _remembered(inventory, delivered, starts_s)
    told = [r for batch in delivered for r in batch if isinstance(r, Event)]
    summary = tracker.intake.summary()
    return StormReport(
        seed=seed,
        alarms=len(told),
        in_storm=sum(starts_s <= e.received_s <= starts_s + storm.duration_s for e in told),
        unique=_changes(inventory, told),
        folded=summary.folded,
        late=summary.late,
        shed=summary.shed,
        unknown=summary.unknown,
        unknown_examples=summary.examples,
        noisiest=summary.noisiest,
        noisiest_received=summary.noisiest_received,
        flaps=tracker.adjacencies.flaps.get(flapping, 0),
        raised=tuple(sorted(raised)),
        lost=_lost(stormy, raised),
        ingest_s=round(ingest_s, 3),
        kept_mib=kept,
        peak_mib=peak,
        kept_again_mib=again,
        rss_mib=round(rss_mib, 1),
        incidents=len(stormy.incidents),
        incidents_without=len(calm.incidents),
        same_incidents=stormy.incidents == calm.incidents,
    )


def _far_from(inventory: Inventory, links: Sequence[str]) -> tuple[str, str]:
    """Two links that share no node with `links`."""
    topology = inventory.topology
    near = {n for i in links for n in (topology.link(i).a, topology.link(i).b)}
    far = [x.id for x in topology.links if x.a not in near and x.b not in near]
    return far[0], far[-1]


def _play(
    case: Case, storm: Storm, seed: int
) -> tuple[Played, list[Sequence[Telemetry]], Inventory]:
    """Watch with a real workplace until the storm is over, and nobody answers."""
    with tempfile.TemporaryDirectory() as folder:
        file = StateDirectory(Path(folder)).network_file("live")
        stage(case, seed, file).close()
        network = StormyNetwork(NetworkFile(file, create=False), storm)
        try:
            clock = SimulatedClock(network)
            until_s = storm.starts_s + storm.duration_s + _WATCHED_AFTER_S
            with Workplace(Path(folder), network, clock) as workplace:
                while clock.now_s() < until_s:
                    workplace.watch.step()
                    clock.wait_until(clock.now_s() + POLL_S)
                return _played(workplace, storm), network.delivered, network.inventory()
        finally:
            network.close()


def _played(workplace: Workplace, storm: Storm) -> Played:
    incidents = [r.incident for r in workplace.journal.incidents()]
    book = workplace.tracker.book
    return Played(
        incidents=tuple(_ids(i.symptoms) for i in incidents),
        active=_ids(book.active()),
        seen=_ids(book.since(storm.starts_s)),
    )


def _ids(symptoms: Sequence[Symptom]) -> tuple[str, ...]:
    return tuple(sorted(s.id for s in symptoms))


def _lost(played: Played, raised: set[str]) -> tuple[str, ...]:
    """What was never raised, and what is active though no incident has it."""
    taken = {s for incident in played.incidents for s in incident}
    return tuple(sorted((raised - set(played.seen)) | ((raised & set(played.active)) - taken)))


def _changes(inventory: Inventory, events: Sequence[Event]) -> int:
    """Distinct changes of state, of what is on record."""
    ends = {(n, x.id) for x in inventory.topology.links for n in (x.a, x.b)}
    nodes = inventory.topology.node_index
    found = set()
    for e in events:
        if isinstance(e, AdjacencyEvent):
            if (e.node, e.link) in ends:
                found.add((e.node, e.link, e.time_s, e.up))
        elif isinstance(e, ConfigurationEvent) and e.node in nodes:
            found.add((e.node, e.change_id.raw, e.time_s, True))
    return len(found)


def _tracker(inventory: Inventory) -> Tracker:
    return Tracker(inventory, inventory.intended, partial(offered_totals, Twin(inventory)))


def _timed(inventory: Inventory, delivered: Sequence[Sequence[Telemetry]]) -> tuple[Tracker, float]:
    tracker = _tracker(inventory)
    started = time.perf_counter()
    for batch in delivered:
        tracker.ingest(batch)
    return tracker, time.perf_counter() - started


def _remembered(
    inventory: Inventory, delivered: Sequence[Sequence[Telemetry]], starts_s: float
) -> tuple[float, float, float]:
    """MiB over what the tracker held before the storm: kept, at most, and after five storms.

    Collected before each reading of what is kept: what the interpreter has in reserve, for tuples
    and floats to come, is no part of what the tracker holds, and goes whenever it is collected.
    """
    tracker = _tracker(inventory)
    calm = [b for b in delivered if not b or b[-1].received_s < starts_s]
    stormy = [[r for r in b if isinstance(r, Event)] for b in delivered[len(calm) :]]
    tracemalloc.start()
    try:
        for batch in calm:
            tracker.ingest(batch)
        before = _held()
        tracemalloc.reset_peak()
        for batch in stormy:
            tracker.ingest(batch)
        peak = tracemalloc.get_traced_memory()[1]
        kept = _held()
        for _ in range(4):
            for batch in stormy:
                tracker.ingest(batch)
        again = _held()
    finally:
        tracemalloc.stop()
    return _mib(kept - before), _mib(peak - before), _mib(again - before)


def _held() -> int:
    """Octets, as tracemalloc counts them."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def _mib(octets: int) -> float:
    return round(octets / _MIB, 3)


def _resident_mib() -> float:
    """The largest resident set that this process has had (KiB on Linux, bytes on macOS)."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / _MIB if sys.platform == "darwin" else most / 1024.0
