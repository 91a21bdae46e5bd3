"""What the watch knows of announced work: which there is, what it will do to services, and whom
that is told.
"""

import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from graphs.desk import Desk
from tools.graph_store.protocol import GraphUnavailable, KnowledgeGraph
from tools.journal.records import WorkEvent
from twin.knowledge.recorded import ANNOUNCED, work_facts
from twin.nouns.foretold import Foretold, breach_text
from twin.nouns.planned_work import PlannedWork
from twin.nouns.state import NetworkState
from twin.physics.twin import Twin
from twin.tracking.announced import FADES_S, LATE_S
from twin.tracking.tracker import Tracker
from twin.whatif.announced_work import foretell

TOLD_BEFORE_S = 3600.0
"""What work will do is worked out once more so long before it begins: the demand may have grown.
People are told then."""

_AT_MOST = 20
"""Pieces of work that are worked out at a time, the next ones: each is a question to the twin."""

_LATELY_S = 3600.0
"""Work that ended longer ago was looked after by the watch that ran then, or by people."""


class AnnouncedWork:
    """Takes over what people announce, from one step to the next, and foretells what it does."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._on_record = desk.situation.inventory.planned_work
        self._told: tuple[tuple[PlannedWork, bool], ...] | None = None
        self._foretold: Sequence[Foretold] = ()
        self._recorded: tuple[PlannedWork, ...] = ()
        self._checked: set[str] = set()
        self._called: set[tuple[str, WorkEvent]] = set()

    def look(self) -> None:
        """Take over what is announced now; what it will do is worked out when that has changed, and
        whom it hurts is told to people: once before it begins, and once when it has.
        """
        self._work_out()
        now_s, tracker = self._desk.clock.now_s(), self._desk.situation.tracker
        for known in self._foretold:
            work, hit = known.work, known.in_breach
            if hit and work.starts_s - TOLD_BEFORE_S <= now_s < work.starts_s:
                minutes = (work.starts_s - now_s) / 60
                self._call(work, "work_ahead", f"begins in {minutes:.0f} min, and will put", hit)
            hurt = sorted(tracker.services.in_breach_now.intersection(hit))
            if hurt and work.covers_time(now_s):
                self._call(work, "work_begun", "has begun, and has put", hurt)

    def _call(self, work: PlannedWork, event: WorkEvent, what: str, hit: Sequence[str]) -> None:
        """Have people told, once, that `work` puts the services `hit` in breach."""
        if (work.id, event) in self._called:
            return
        desk = self._desk
        text = f"{work.id} on {', '.join(work.links)} {what} {breach_text(hit)}"
        desk.journal.put_work_notice(
            desk.situation.network.name, work.id, event, text, desk.clock.now_s(), time.time()
        )
        self._called.add((work.id, event))

    def _work_out(self) -> None:
        desk, tracker = self._desk, self._desk.situation.tracker
        network, now_s = desk.situation.network.name, desk.clock.now_s()
        standing = desk.journal.planned_work(network, self._on_record)
        # A network is built on: work on a link that is not there any more explains nothing.
        known = tracker.topology.link_index
        planned = tuple(w for w in standing if all(link in known for link in w.links))
        tracker.announce(planned)
        coming = sorted(
            (w for w in planned if w.ends_s + LATE_S + FADES_S >= now_s),
            key=lambda w: (w.starts_s, w.id),
        )[:_AT_MOST]
        told = tuple((w, w.starts_s - TOLD_BEFORE_S <= now_s) for w in coming)
        if told == self._told:
            return
        twin, normal_at = desk.situation.twin, partial(normal_state_at, tracker)
        self._record(planned)
        foretold = [foretell(twin, normal_at, w, planned, now_s) for w in coming]
        tracker.foretell(foretold)
        self._foretold = foretold
        if foretold or desk.journal.foretold(network):
            desk.journal.put_foretold(network, foretold)
        self._told = told

    def _record(self, planned: Sequence[PlannedWork]) -> None:
        known = {work.id for work in self._on_record}
        announced = tuple(work for work in planned if work.id not in known)
        if announced != self._recorded:
            with suppress(GraphUnavailable):
                record_work(self._desk.situation.graph, announced, self._desk.clock.now_s())
                self._recorded = announced

    def ends_to_check(self) -> dict[str, float]:
        """The nodes at the ends of work that has just ended, each with when it did: once, they are
        read whether or not a commit was reported there.
        """
        tracker, now_s = self._desk.situation.tracker, self._desk.clock.now_s()
        over = [
            work
            for work in tracker.inventory.planned_work
            if work.id not in self._checked and 0.0 < now_s - work.ends_s - LATE_S < _LATELY_S
        ]
        self._checked |= {work.id for work in over}
        ends = [(tracker.topology.link(x), work.ends_s) for work in over for x in work.links]
        return {node: ended_s for link, ended_s in ends for node in (link.a, link.b)}


def record_work(graph: KnowledgeGraph, announced: Sequence[PlannedWork], now_s: float) -> None:
    """Keep in the knowledge graph what people have `announced`, in place of what they had before.

    Raises:
        GraphUnavailable, GraphNotSaved: the graph cannot be written.
    """
    links = frozenset(graph.snapshot().ids("link"))
    facts = work_facts((w for w in announced if links.issuperset(w.links)), now_s)
    graph.replace(ANNOUNCED, facts.things, facts.relations)


def normal_state_at(tracker: Tracker, at_s: float) -> NetworkState:
    """The network as it is expected to be at `at_s` with nobody at work on it."""
    return NetworkState(
        topology=tracker.topology,
        running=tracker.baseline,
        traffic=tracker.demand.matrix_at(at_s),
        down_links=frozenset(),
    )


def expected_at(twin: Twin, at_s: float) -> NetworkState:
    """The same of a network that was never watched: as it is on record."""
    return twin.state(traffic=twin.traffic_at(at_s))
