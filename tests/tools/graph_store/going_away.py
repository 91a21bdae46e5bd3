"""A graph's server that goes away: a double at the seam of the driver, or a real Neo4j."""

import sqlite3
from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tests.tools.graph_store.server import Server
from tools.graph_store.embedded import EmbeddedGraph
from tools.graph_store.forwarding import ForwardingGraph
from tools.graph_store.neo4j import Neo4jGraph
from tools.graph_store.protocol import GraphNotSaved, GraphRefused, GraphUnavailable
from tools.graph_store.standby import Standby
from twin.knowledge.facts import Difference, Relation, Thing
from twin.knowledge.kinds import shipped_schema
from twin.knowledge.schema import Schema
from twin.knowledge.snapshot import Snapshot

SCHEMA = shipped_schema()


class Switched(EmbeddedGraph):
    """A graph that does not answer while `away`.

    `loses`: so many more writes are done, and the reply is lost. `log`: what it has taken.
    """

    away = False
    loses = 0

    def __init__(self, path: Path, connection: sqlite3.Connection, schema: Schema) -> None:
        super().__init__(path, connection, schema)
        self.taken: dict[str, int] = {}
        self.log: list[Difference] = []

    def _require(self) -> None:
        if self.away:
            raise GraphUnavailable("the double does not answer; start it")

    def require_there(self) -> None:
        self._require()

    def deliver(self, changes: Difference, outbox: str, number: int) -> None:
        self._require()
        if self.taken.get(outbox, 0) < number:
            if any(t.id == "never" for t in changes.put.things):
                raise GraphRefused("the double does not take it")
            with self._transaction():
                self._remove(changes)
                self._write(changes.put)
                revision = self._revision()
            self._follow(changes, revision)
            self.taken[outbox] = number
            self.log.append(changes)
        if self.loses:
            self.loses -= 1
            raise GraphNotSaved("the double did not say whether it has saved")

    def put(self, things: Iterable[Thing], relations: Iterable[Relation] = ()) -> None:
        self._require()
        super().put(things, relations)

    def thing(self, kind: str, id: str) -> Thing | None:
        self._require()
        return super().thing(kind, id)

    def snapshot(self) -> Snapshot:
        self._require()
        return super().snapshot()

    def close(self) -> None:
        """It goes on; whoever had it open has gone."""


class DoubledStand:
    """One doubled server, and whoever opens its graph."""

    def __init__(self, folder: Path, opened: ExitStack) -> None:
        self.file = folder / "live.standby"
        self.server = Switched.open(folder / "server.sqlite", SCHEMA)
        self._opened = opened
        opened.callback(lambda: EmbeddedGraph.close(self.server))

    def open(self) -> ForwardingGraph:
        """As `open_graph` does."""
        graph = ForwardingGraph.open(self._server, "the double", Standby.open(self.file), SCHEMA)
        self._opened.callback(graph.close)
        return graph

    def go_away(self) -> None:
        """It does not answer from now on."""
        self.server.away = True

    def come_back(self) -> None:
        """It answers again."""
        self.server.away = False

    def stored(self) -> Snapshot:
        """What the server has, whoever asks."""
        return EmbeddedGraph.snapshot(self.server)

    def _server(self) -> Switched:
        self.server.require_there()
        return self.server


class Neo4jStand:
    """A real server of its own, which is killed and started again."""

    def __init__(self, server: Server, folder: Path, opened: ExitStack) -> None:
        self.file = folder / "live.standby"
        self._server = server
        self._opened = opened

    def open(self) -> ForwardingGraph:
        """As `open_graph` does."""
        graph = ForwardingGraph.open(
            partial(Neo4jGraph.open, self._server.settings, "live", SCHEMA),
            self._server.settings.address,
            Standby.open(self.file),
            SCHEMA,
        )
        self._opened.callback(graph.close)
        return graph

    def go_away(self) -> None:
        """As when its machine goes away."""
        self._server.kill()

    def come_back(self) -> None:
        """Start it on what it has stored."""
        self._server.start(SCHEMA)

    def stored(self) -> Snapshot:
        """What the server has, whoever asks."""
        graph = Neo4jGraph.open(self._server.settings, "live", SCHEMA)
        found = graph.snapshot()
        graph.close()
        return found


Stand = DoubledStand | Neo4jStand
