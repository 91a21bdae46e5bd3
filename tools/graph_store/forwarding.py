"""A graph on a server that may go away: writes wait and arrive once, and the last snapshot answers.

Every write is put into a file here before it is sent, in order and with a number, and the server
keeps the number of the last one that it has taken, in the transaction that takes it. So one whose
reply was lost, or whose sender died, is neither lost nor done twice.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Protocol, Self, TypeVar, runtime_checkable

from tools.graph_store.checking import checked
from tools.graph_store.protocol import AT_ONCE, GraphRefused, GraphUnavailable, KnowledgeGraph
from tools.graph_store.standby import Standby
from twin.errors import BadInput, NoctuaError
from twin.knowledge.facts import (
    Difference,
    Facts,
    Relation,
    Thing,
    UnknownThing,
    difference,
)
from twin.knowledge.schema import Schema
from twin.knowledge.snapshot import Snapshot
from twin.nouns.moments import utc

AWAY_S = 5.0
"""For so long a server that did not answer is not asked again."""

AWAY_TIMES, LONGEST_AWAY_S = 5, 60.0
"""And for so many times as long as it took to find out, up to that: one that is frozen refuses no
connection.
"""

BELIEVED_S = 1.0
"""For so long one that has answered is believed to be there: a request that it does not answer
any more hangs for two minutes, which is what the server tells its clients to allow."""

MOST_ARRIVED = 100
"""After so many writes the snapshot that is kept is a new one: each would have to be made anew."""

_Answer = TypeVar("_Answer")

_log = logging.getLogger(__name__)


class Server(KnowledgeGraph, Protocol):
    """A graph on a server, which knows what it has taken from whom."""

    def deliver(self, changes: Difference, outbox: str, number: int) -> None:
        """Write all of `changes`, up to AT_ONCE facts, unless it has taken that number already.

        Raises:
            UnknownThing, GraphRefused: it does not take them, now or later.
            GraphUnavailable, GraphNotSaved: whether it has taken them is not known.
        """
        ...

    def require_there(self) -> None:
        """Raises GraphUnavailable: the server does not answer."""
        ...


@runtime_checkable
class _Console(Protocol):
    def ask(self, cypher: str) -> list[dict[str, Any]]: ...


class ForwardingGraph(KnowledgeGraph):
    """A `KnowledgeGraph` on a server, with what is needed while it does not answer."""

    def __init__(
        self, server: Callable[[], Server], where: str, standby: Standby, schema: Schema
    ) -> None:
        self.schema = schema
        self._open = server
        self._where = where
        self._standby = standby
        self._lock = threading.RLock()
        self._server: Server | None = None
        self._last: Snapshot | None = None
        self._standing: tuple[object, Snapshot] | None = None
        self._refusals: dict[int, NoctuaError] = {}
        self._away_until = self._there_until = 0.0
        self._why = ""

    @classmethod
    def open(
        cls, server: Callable[[], Server], where: str, standby: Standby, schema: Schema
    ) -> Self:
        """`server` opens the graph; where it does not answer, what is kept here serves.

        Raises:
            GraphUnavailable: it does not answer, and nothing is kept of it.
            BadInput: it refuses us.
        """
        graph = cls(server, where, standby, schema)
        try:
            graph._server = server()
            graph._reached()
        except GraphUnavailable as error:
            if standby.last() is None:
                graph.close()
                raise
            graph._note_away(error)
        except BaseException:
            graph.close()
            raise
        return graph

    def trouble(self) -> str:
        """See `KnowledgeGraph.trouble`."""
        if self._reached():
            return ""
        last, waiting = self._kept(), len(self._standby.numbers())
        minutes = int((time.time() - last.taken_s) // 60)
        age = f"{minutes} min" if minutes else "less than a minute"
        wait = "1 write waits" if waiting == 1 else f"{waiting} writes wait"
        return (
            f"the knowledge graph at {self._where} {self._why}; what is known of it is of "
            f"{utc(last.taken_s)}, {age} old, and {wait}"
        )

    def refused(self) -> tuple[str, ...]:
        """Why the server has not taken writes that had waited; they are kept in the file here."""
        return tuple(self._standby.refused().values())

    def put(self, things: Iterable[Thing], relations: Iterable[Relation] = ()) -> None:
        """See `KnowledgeGraph.put`. While the server does not answer it waits, as said above.

        Raises:
            GraphUnavailable: the server does not answer, and these are more than AT_ONCE facts.
            As `KnowledgeGraph.put`.
        """
        facts = checked(self.schema, things, relations)
        changes = Difference(put=facts)
        if changes.size <= AT_ONCE:
            self._forward(changes)
        else:
            self._required().put(facts.things, facts.relations)

    def replace(
        self, source: str, things: Iterable[Thing], relations: Iterable[Relation] = ()
    ) -> None:
        """See `KnowledgeGraph.replace`, and `put`."""
        wanted = checked(self.schema, things, relations)
        if server := self._reached():
            try:
                server.replace(source, wanted.things, wanted.relations)
            except GraphUnavailable as error:
                self._note_away(error)
            else:
                # So that there is one, should the server go away.
                self.snapshot()
                return
        if changes := difference(self._standing_snapshot().facts(), wanted, source):
            self._forward(changes)

    def thing(self, kind: str, id: str) -> Thing | None:
        """See `KnowledgeGraph.thing`."""

        def kept(last: Snapshot) -> Thing | None:
            return last.thing(last.index[kind, id]) if (kind, id) in last else None

        return self._answered(lambda server: server.thing(kind, id), kept)

    def things(self, kind: str) -> tuple[Thing, ...]:
        """See `KnowledgeGraph.things`."""
        return self._answered(
            lambda server: server.things(kind),
            lambda last: tuple(last.thing(i) for i in last.positions(kind)),
        )

    def ids(self, kind: str) -> tuple[str, ...]:
        """See `KnowledgeGraph.ids`."""
        return self._answered(lambda server: server.ids(kind), lambda last: last.ids(kind))

    def around(self, kind: str, id: str, hops: int = 1) -> Facts:
        """See `KnowledgeGraph.around`."""

        def kept(last: Snapshot) -> Facts:
            if (kind, id) not in last:
                raise UnknownThing(kind, id, last.ids(kind))
            return last.around((kind, id), hops)

        return self._answered(lambda server: server.around(kind, id, hops), kept)

    def snapshot(self) -> Snapshot:
        """See `KnowledgeGraph.snapshot`. While the server does not answer it is the last one, with
        what waits; `taken_s` says how old it is.
        """
        return self._answered(self._taken, lambda last: last)

    def ask(self, cypher: str) -> list[dict[str, Any]]:
        """The rows of a query in the server's language. Raises GraphUnavailable, BadInput."""
        server = self._required()
        if not isinstance(server, _Console):
            raise BadInput(f"the knowledge graph at {self._where} has no console")
        return server.ask(cypher)

    def close(self) -> None:
        """See `KnowledgeGraph.close`. What waits stays in the file, for whoever opens it next."""
        if self._server is not None:
            self._server.close()
        self._standby.close()

    def _answered(
        self, asked: Callable[[Server], _Answer], kept: Callable[[Snapshot], _Answer]
    ) -> _Answer:
        if server := self._reached():
            try:
                return asked(server)
            except GraphUnavailable as error:
                self._note_away(error)
        return kept(self._standing_snapshot())

    def _reached(self) -> Server | None:
        """The server, with all that waited delivered; None while it does not answer.

        It is asked whether it is there, unless it has just said so.
        """
        with self._lock:
            now = time.monotonic()
            if now < self._away_until:
                return None
            try:
                if self._server is None:
                    self._server = self._open()
                elif now >= self._there_until:
                    self._server.require_there()
                    self._there_until = now + BELIEVED_S
                self._deliver(self._server)
            except NoctuaError as error:
                self._note_away(error, time.monotonic() - now)
                return None
            if self._away_until:
                self._away_until = 0.0
                _log.info("the knowledge graph at %s answers again", self._where)
            return self._server

    def _required(self) -> Server:
        server = self._reached()
        if server is None:
            raise GraphUnavailable(f"{self.trouble()}; start it")
        return server

    def _note_away(self, error: NoctuaError, took_s: float = 0.0) -> None:
        if not self._away_until:
            _log.warning("%s; the last snapshot answers, and what is written waits", error)
        is_silent = isinstance(error, GraphUnavailable)
        self._why = "does not answer" if is_silent else f"cannot be asked ({error})"
        away_s = min(LONGEST_AWAY_S, max(AWAY_S, AWAY_TIMES * took_s))
        self._away_until, self._there_until = time.monotonic() + away_s, 0.0

    def _deliver(self, server: Server) -> None:
        """All that waits, in order. Raises NoctuaError: the server is not there any more."""
        for number, changes in self._standby.waiting() if self._standby.numbers() else ():
            try:
                server.deliver(changes, self._standby.id, number)
            except (UnknownThing, GraphRefused) as error:
                self._refusals[number] = error
                self._standby.refuse(number, str(error))
                _log.warning("a write that waited is kept and not done: %s", error)
            else:
                self._standby.arrive(number)
        if len(self._standby.arrived()) > MOST_ARRIVED:
            self._taken(server)

    def _taken(self, server: Server) -> Snapshot:
        """The server's snapshot, which is kept here unless all that is new in it is."""
        arrived = self._standby.arrived()
        found = server.snapshot()
        is_new = self._last is None or found.taken_s != self._last.taken_s
        if is_new or len(arrived) > MOST_ARRIVED:
            self._standby.keep(found, arrived)
        self._last = found
        return found

    def _forward(self, changes: Difference) -> None:
        if changes.size > AT_ONCE:
            raise GraphUnavailable(f"{self.trouble()}; {changes.size} facts are too many to wait")
        if self._reached() is None:
            self._require_ends(changes.put)
        number = self._standby.append(changes)
        self._reached()
        if number in self._standby.refused():
            self._standby.drop(number)
            raise self._refusals.pop(number, GraphRefused(f"{self._where} has not taken it"))

    def _require_ends(self, put: Facts) -> None:
        """Raises UnknownThing: a relation has an end that is neither given nor known here."""
        given, last = {thing.key for thing in put.things}, self._standing_snapshot()
        for relation in put.relations:
            for end in (relation.source, relation.target):
                if end not in given and end not in last:
                    raise UnknownThing(*end, last.ids(end[0]))

    def _kept(self) -> Snapshot:
        """The last that came from the server. Raises GraphUnavailable: there was none."""
        if self._last is None:
            self._last = self._standby.last()
        if self._last is None:
            raise GraphUnavailable(
                f"the knowledge graph at {self._where} does not answer, and no snapshot is kept; "
                "start it"
            )
        return self._last

    def _standing_snapshot(self) -> Snapshot:
        """The last that came from the server, with what we have written since and what waits."""
        last = self._kept()
        is_of = (last.taken_s, self._standby.arrived(), self._standby.numbers())
        if self._standing is None or self._standing[0] != is_of:
            standing = last
            for _, changes in self._standby.since():
                standing = standing.changed(changes, last.revision)
            self._standing = (is_of, standing)
        return self._standing[1]
