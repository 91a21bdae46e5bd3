"""The knowledge graph in one SQLite file, and as arrays in memory while nobody writes to it."""

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np

from tools.graph_store.checking import checked
from tools.graph_store.earlier import past_incidents_of_before
from tools.graph_store.last import LastSnapshot
from tools.graph_store.protocol import CorruptGraph, GraphNotSaved, KnowledgeGraph
from tools.graph_store.transaction import transaction
from twin.knowledge.facts import (
    Difference,
    Facts,
    Relation,
    Thing,
    ThingKey,
    UnknownThing,
    difference,
)
from twin.knowledge.kinds import shipped_schema
from twin.knowledge.schema import Schema
from twin.knowledge.snapshot import Index, Sayings, Snapshot, said_by, thing_of

APPLICATION_ID = 0x4E4F434B
"""`NOCK`, in SQLite's header: tells a knowledge graph from any other SQLite file."""

VERSION = 2
"""Version 1 was a JSON file."""

BUSY_TIMEOUT_S = 10.0

_TABLES = """
CREATE TABLE things (
    n INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, properties TEXT NOT NULL,
    source TEXT NOT NULL, recorded_s REAL NOT NULL, valid_from_s REAL, valid_until_s REAL,
    UNIQUE (kind, id)
) STRICT;
CREATE TABLE relations (
    kind TEXT NOT NULL, source_n INTEGER NOT NULL REFERENCES things ON DELETE CASCADE,
    target_n INTEGER NOT NULL REFERENCES things ON DELETE CASCADE,
    qualifier TEXT NOT NULL, properties TEXT NOT NULL,
    source TEXT NOT NULL, recorded_s REAL NOT NULL, valid_from_s REAL, valid_until_s REAL,
    PRIMARY KEY (kind, source_n, target_n, qualifier)
) STRICT, WITHOUT ROWID;
CREATE INDEX relations_by_source ON relations (source_n);
CREATE INDEX relations_by_target ON relations (target_n);
CREATE TABLE revision (revision INTEGER NOT NULL) STRICT;
INSERT INTO revision VALUES (0);
"""

_PUT_THING = """
INSERT INTO things (kind, id, properties, source, recorded_s, valid_from_s, valid_until_s)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (kind, id) DO UPDATE SET properties = excluded.properties, source = excluded.source,
    recorded_s = excluded.recorded_s, valid_from_s = excluded.valid_from_s,
    valid_until_s = excluded.valid_until_s
"""

_THINGS = "SELECT kind, id, properties, source, recorded_s, valid_from_s, valid_until_s FROM things"

_RELATIONS = """
SELECT source_n, target_n, qualifier, properties, source, recorded_s, valid_from_s, valid_until_s
FROM relations WHERE kind = ?
"""


class EmbeddedGraph(KnowledgeGraph):
    """A `KnowledgeGraph` in a file of its own. Several processes may have it open."""

    def __init__(self, path: Path, connection: sqlite3.Connection, schema: Schema) -> None:
        self.schema = schema
        self._path = path
        self._connection = connection
        self._lock = threading.RLock()
        self._last = LastSnapshot()

    @classmethod
    def open(cls, path: Path, schema: Schema | None = None) -> Self:
        """The graph in the file at `path`; an empty one is made where there is none.

        Where a JSON file of the same name is left from an earlier version, the incidents that it
        remembers are taken over, once.

        Raises:
            CorruptGraph: the file is no knowledge graph, or that JSON file is none.
        """
        schema = schema or shipped_schema()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = _connected(path)
        except (OSError, sqlite3.Error) as error:
            raise _corrupt(path, error) from error
        try:
            graph = cls(path, connection, schema)
            graph._prepare()
        except BaseException as error:
            connection.close()
            if isinstance(error, sqlite3.Error):
                raise _corrupt(path, error) from error
            raise
        return graph

    def _prepare(self) -> None:
        version = self._version()
        if version == VERSION:
            return
        if version:
            raise CorruptGraph(
                f"{self._path}: is a knowledge graph of version {version}, and this Noctua knows "
                f"version {VERSION}; open it with the one that wrote it"
            )
        remembered = past_incidents_of_before(self._path.with_suffix(".json"))
        with self._transaction():
            # Another process may have made them since.
            if self._version():
                return
            for statement in _TABLES.split(";"):
                self._connection.execute(statement)
            self._write(Facts(tuple(one.as_thing() for one in remembered)))
            self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self._connection.execute(f"PRAGMA user_version = {VERSION}")

    def _version(self) -> int:
        application = int(self._connection.execute("PRAGMA application_id").fetchone()[0])
        version = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
        holds = self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if application != APPLICATION_ID and (application or version or holds):
            raise CorruptGraph(f"{self._path}: is a database, but no knowledge graph; move it away")
        return version

    def put(self, things: Iterable[Thing], relations: Iterable[Relation] = ()) -> None:
        """See `KnowledgeGraph.put`."""
        changes = Difference(put=checked(self.schema, things, relations))
        with self._transaction():
            self._write(changes.put)
            revision = self._revision()
        self._follow(changes, revision)

    def replace(
        self, source: str, things: Iterable[Thing], relations: Iterable[Relation] = ()
    ) -> None:
        """See `KnowledgeGraph.replace`."""
        wanted = checked(self.schema, things, relations)
        with self._transaction():
            changes = difference(self.snapshot().facts(), wanted, source)
            if not changes:
                return
            self._remove(changes)
            self._write(changes.put)
            revision = self._revision()
        self._follow(changes, revision)

    def _follow(self, changes: Difference, revision: int) -> None:
        with self._lock:
            self._last.follow(changes, revision)

    def thing(self, kind: str, id: str) -> Thing | None:
        """See `KnowledgeGraph.thing`."""
        with self._lock:
            found = self._connection.execute(f"{_THINGS} WHERE kind = ? AND id = ?", (kind, id))
            row = found.fetchone()
        return None if row is None else _thing(row)

    def things(self, kind: str) -> tuple[Thing, ...]:
        """See `KnowledgeGraph.things`."""
        with self._lock:
            rows = self._connection.execute(f"{_THINGS} WHERE kind = ? ORDER BY id", (kind,))
            return tuple(_thing(row) for row in rows.fetchall())

    def ids(self, kind: str) -> tuple[str, ...]:
        """See `KnowledgeGraph.ids`."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT id FROM things WHERE kind = ? ORDER BY id", (kind,)
            )
            return tuple(name for (name,) in rows.fetchall())

    def around(self, kind: str, id: str, hops: int = 1) -> Facts:
        """See `KnowledgeGraph.around`."""
        snapshot = self.snapshot()
        if (kind, id) not in snapshot:
            raise UnknownThing(kind, id, snapshot.ids(kind))
        return snapshot.around((kind, id), hops)

    def snapshot(self) -> Snapshot:
        """See `KnowledgeGraph.snapshot`."""
        with self._reading():
            revision = self._revision()
            return self._last.at(revision) or self._last.keep(self._taken(revision))

    def trouble(self) -> str:
        """See `KnowledgeGraph.trouble`. A file that cannot be read is an error wherever it is."""
        return ""

    def close(self) -> None:
        """See `KnowledgeGraph.close`."""
        self._connection.close()

    def _taken(self, revision: int) -> Snapshot:
        read = self._connection.execute
        rows = read(f"{_THINGS} ORDER BY n").fetchall()
        numbers = np.array([n for (n,) in read("SELECT n FROM things ORDER BY n")], dtype=np.int64)
        edges: dict[str, tuple[Index, Index, Sayings]] = {}
        for (kind,) in read("SELECT DISTINCT kind FROM relations").fetchall():
            of = read(_RELATIONS, (kind,)).fetchall()
            ends = (np.fromiter((row[end] for row in of), np.int64, len(of)) for end in (0, 1))
            sources, targets = (np.searchsorted(numbers, end) for end in ends)
            edges[kind] = (sources, targets, Sayings.of(row[2:] for row in of))
        keys = [(row[0], row[1]) for row in rows]
        said = Sayings.of(("", *row[2:]) for row in rows)
        return Snapshot.in_order(keys, said, edges, revision, time.time())

    def _revision(self) -> int:
        return int(self._connection.execute("SELECT revision FROM revision").fetchone()[0])

    def _write(self, facts: Facts) -> None:
        self._connection.executemany(
            _PUT_THING,
            ((t.kind, t.id, *said_by(t.properties, t.provenance)[1:]) for t in facts.things),
        )
        number = self._numbers(facts.relations)
        self._connection.executemany(
            "INSERT OR REPLACE INTO relations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    r.kind,
                    number[r.source],
                    number[r.target],
                    *said_by(r.properties, r.provenance, r.qualifier),
                )
                for r in facts.relations
            ),
        )
        self._connection.execute("UPDATE revision SET revision = revision + 1")

    def _numbers(self, relations: Sequence[Relation]) -> Mapping[ThingKey, int]:
        """Row numbers of the ends of `relations`."""
        found: dict[ThingKey, int] = {}
        # In order, so that of several that are missing it is always the same one that is told.
        for end in sorted({end for r in relations for end in (r.source, r.target)}):
            row = self._connection.execute("SELECT n FROM things WHERE kind = ? AND id = ?", end)
            number = row.fetchone()
            if number is None:
                known = self._connection.execute("SELECT id FROM things WHERE kind = ?", end[:1])
                raise UnknownThing(*end, [name for (name,) in known])
            found[end] = number[0]
        return found

    def _remove(self, changes: Difference) -> None:
        of = "(SELECT n FROM things WHERE kind = ? AND id = ?)"
        self._connection.executemany(
            f"DELETE FROM relations WHERE kind = ? AND source_n = {of} AND target_n = {of} "
            "AND qualifier = ?",
            ((k, *source, *target, q) for k, source, target, q in changes.removed_relations),
        )
        self._connection.executemany(
            "DELETE FROM things WHERE kind = ? AND id = ?", changes.removed_things
        )

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """All reads within see one state of the file."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("ROLLBACK")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            try:
                with transaction(self._connection):
                    yield
            except BaseException as error:
                # It may have been taken within.
                self._last.forget()
                if isinstance(error, sqlite3.OperationalError):
                    raise GraphNotSaved(
                        f"{self._path}: could not be saved ({error}); the last version stands"
                    ) from error
                raise


def require_sound(path: Path) -> None:
    """Refuse a file that is no knowledge graph, or is damaged; nothing is written.

    Raises:
        CorruptGraph: it is one of these.
    """
    from tools.read_only import connect_read_only

    try:
        with closing(connect_read_only(path, busy_timeout_s=BUSY_TIMEOUT_S)) as connection:
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(3)")]
    except sqlite3.Error as error:
        raise _corrupt(path, error) from error
    if application != APPLICATION_ID:
        raise CorruptGraph(f"{path}: is a database, but no knowledge graph; move it away")
    if found != ["ok"]:
        raise _corrupt(path, sqlite3.DatabaseError("; ".join(found)))


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _thing(row: tuple[Any, ...]) -> Thing:
    return thing_of(row[0], row[1], ("", *row[2:]))


def _corrupt(path: Path, error: Exception) -> CorruptGraph:
    return CorruptGraph(
        f"{path}: cannot be read as a knowledge graph ({type(error).__name__}: {error}); "
        "restore it from a backup, or move it away: it is then rebuilt from the inventory, "
        "without the remembered incidents"
    )
