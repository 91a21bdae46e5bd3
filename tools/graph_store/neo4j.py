"""The knowledge graph on a Neo4j server, over Bolt, with the official driver.

Each thing is a node with the label Thing and its kind's, and the properties network, kind and id;
several networks share one database. A write counts in a node of its network, so that others see
that something has changed, and a commit whose reply was lost can be looked up.
"""

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import numpy as np

from tools.graph_store.checking import checked
from tools.graph_store.last import LastSnapshot
from tools.graph_store.protocol import (
    AT_ONCE,
    GraphNotSaved,
    GraphRefused,
    GraphUnavailable,
    KnowledgeGraph,
)
from tools.graph_store.queries import query
from twin.errors import BadInput
from twin.knowledge.facts import (
    Difference,
    Facts,
    Properties,
    Provenance,
    Relation,
    Thing,
    ThingKey,
    UnknownThing,
    difference,
)
from twin.knowledge.schema import RESERVED, Schema
from twin.knowledge.snapshot import Index, Said, Sayings, Snapshot, properties_of, said_by

try:
    from neo4j import READ_ACCESS, GraphDatabase, ManagedTransaction, Query, unit_of_work
    from neo4j.exceptions import (
        AuthError,
        ClientError,
        ConfigurationError,
        DriverError,
        IncompleteCommit,
        Neo4jError,
        ServiceUnavailable,
    )
except ImportError as exc:
    raise BadInput(
        "NOCTUA_GRAPH names a server, which is spoken to by neo4j; pip install "
        "'noctua-netops[neo4j]'"
    ) from exc

VERSION = 2
"""Of how facts are laid out as nodes; that of the embedded store's file."""

CONNECT_S = 5.0
"""How long a connection may take."""

ACQUIRE_S = 10.0
"""How long it may take until a connection, new or old, has a server at its other end."""

RETRY_S = 15.0
"""How long the driver repeats what failed for a passing reason."""

TRANSACTION_S = 120.0
"""How long the server may take for one transaction, of up to AT_ONCE facts."""

CONSOLE_S = 10.0
"""How long it may take for a query that a person has typed."""

FRESH_S = 5.0
"""After so long a snapshot is taken again: who changes the graph by Cypher counts no write."""

FRESH_TIMES = 10
"""And not before so many times as long as the last one took."""

USER_SETTING, PASSWORD_SETTING = "NOCTUA_GRAPH_USER", "NOCTUA_GRAPH_PASSWORD"
PASSWORD_FILE_SETTING, DATABASE_SETTING = "NOCTUA_GRAPH_PASSWORD_FILE", "NOCTUA_GRAPH_DATABASE"


@dataclass(frozen=True, slots=True)
class Neo4jSettings:
    """Where the server is, and who we are there; no user means that it asks for none."""

    address: str
    user: str = ""
    password: str = field(default="", repr=False)
    database: str | None = None


def neo4j_settings(address: str, environ: Mapping[str, str]) -> Neo4jSettings:
    """From the environment: NOCTUA_GRAPH_USER, _PASSWORD or _PASSWORD_FILE, and _DATABASE.

    Raises:
        BadInput: a password without a user or the reverse, or its file cannot be read.
    """
    user, password = environ.get(USER_SETTING, ""), environ.get(PASSWORD_SETTING, "")
    if not password and (named := environ.get(PASSWORD_FILE_SETTING)):
        try:
            password = Path(named).expanduser().read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as exc:
            raise BadInput(f"{PASSWORD_FILE_SETTING}: {named} cannot be read ({exc})") from exc
    if bool(user) != bool(password):
        lacks = PASSWORD_SETTING if user else USER_SETTING
        raise BadInput(f"the knowledge graph's server is given no {lacks}; set it, or neither")
    return Neo4jSettings(address, user, password, environ.get(DATABASE_SETTING) or None)


class Neo4jGraph(KnowledgeGraph):
    """A `KnowledgeGraph` on a server. Several processes may write to it.

    `calls`: how often each named query was sent.
    """

    def __init__(self, settings: Neo4jSettings, network: str, schema: Schema) -> None:
        self.schema = schema
        self.calls: dict[str, int] = {}
        self._settings = settings
        self._network = network
        self._last = LastSnapshot()
        self._took_s = 0.0
        with _mapped(settings):
            self._driver = GraphDatabase.driver(
                settings.address,
                auth=(settings.user, settings.password) if settings.user else None,
                connection_timeout=CONNECT_S,
                connection_acquisition_timeout=ACQUIRE_S,
                max_transaction_retry_time=RETRY_S,
                notifications_min_severity="WARNING",
                # An empty database has heard of no label or property, and says so at each query.
                notifications_disabled_classifications=["UNRECOGNIZED"],
                user_agent="noctua",
            )

    @classmethod
    def open(cls, settings: Neo4jSettings, network: str, schema: Schema) -> Self:
        """The graph of `network` on that server; what keeps things unique is made where missing.

        Raises:
            BadInput: the address is none, or user and password are refused.
            GraphUnavailable: the server does not answer.
        """
        graph = cls(settings, network, schema)
        try:
            graph.require_there()
            graph._require_version()
            graph._constrain()
            # A query that was never asked takes seconds; better now than during an incident.
            graph.thing("device", "")
            graph.things("incident")
            graph._read("near", keys=[("device", "")])
        except BaseException:
            graph.close()
            raise
        return graph

    def _require_version(self) -> None:
        version = self._read("revision")["version"]
        if version not in (0, VERSION):
            raise BadInput(
                f'the knowledge graph of "{self._network}" at {self._settings.address} is of '
                f"version {version}, and this Noctua knows version {VERSION}; open it with the one "
                "that wrote it"
            )

    def _constrain(self) -> None:
        names = self._read("constraint_names")["names"]
        for name, file in (
            ("noctua_thing", "constraints"),
            ("noctua_revision", "revision_constraint"),
            ("noctua_outbox", "outbox_constraint"),
        ):
            if name not in names:
                with self._session() as session:
                    session.run(query(file)).consume()

    def put(self, things: Iterable[Thing], relations: Iterable[Relation] = ()) -> None:
        """See `KnowledgeGraph.put`."""
        self._apply(Difference(put=checked(self.schema, things, relations)))

    def replace(
        self, source: str, things: Iterable[Thing], relations: Iterable[Relation] = ()
    ) -> None:
        """See `KnowledgeGraph.replace`."""
        wanted = checked(self.schema, things, relations)
        self._last.forget()
        changes = difference(self.snapshot().facts(), wanted, source)
        if changes:
            self._apply(changes)

    def thing(self, kind: str, id: str) -> Thing | None:
        """See `KnowledgeGraph.thing`."""
        found = self._read("thing", kind=kind, id=id)["thing"]
        return None if found is None else _thing(found)

    def things(self, kind: str) -> tuple[Thing, ...]:
        """See `KnowledgeGraph.things`."""
        found = [_thing(given) for given in self._read("things", kind=kind)["things"]]
        return tuple(sorted(found, key=lambda thing: thing.key))

    def ids(self, kind: str) -> tuple[str, ...]:
        """See `KnowledgeGraph.ids`."""
        return tuple(sorted(self._read("ids", kind=kind)["ids"]))

    def around(self, kind: str, id: str, hops: int = 1) -> Facts:
        """See `KnowledgeGraph.around`."""
        with self._reading() as session:
            found: Facts | None = session.execute_read(_around, self, (kind, id), hops)
        if found is None:
            raise UnknownThing(kind, id, self.ids(kind))
        return found

    def snapshot(self) -> Snapshot:
        """See `KnowledgeGraph.snapshot`. What others changed by Cypher is seen within FRESH_S, or
        FRESH_TIMES as long as it takes to take one.
        """
        fresh_s = max(FRESH_S, FRESH_TIMES * self._took_s)
        is_fresh = time.time() - self._last.taken_s < fresh_s
        if is_fresh and (known := self._last.at(self._revision())):
            return known
        begun = time.monotonic()
        found = self._take()
        self._took_s = time.monotonic() - begun
        return self._last.keep(found)

    def trouble(self) -> str:
        """See `KnowledgeGraph.trouble`."""
        try:
            self.require_there()
        except GraphUnavailable as error:
            return str(error)
        return ""

    def require_there(self) -> None:
        """Raises GraphUnavailable: the server does not answer."""
        with _mapped(self._settings):
            self._driver.verify_connectivity()

    def deliver(self, changes: Difference, outbox: str, number: int) -> None:
        """See `tools.graph_store.forwarding.Server.deliver`."""
        with _mapped(self._settings, saving=True), self._session() as session:
            revision = session.execute_write(_delivered, self, self._steps(changes), outbox, number)
        self._last.follow(changes, revision)

    def _revision(self) -> int:
        return int(self._read("revision")["revision"])

    def _take(self) -> Snapshot:
        revision, taken_s = self._revision(), time.time()
        place: dict[str, int] = {}
        keys: list[ThingKey] = []
        said: list[Said] = []
        for kind, given, ids, elements in self._read("all_things")["things"]:
            place.update(zip(elements, range(len(keys), len(keys) + len(ids)), strict=True))
            keys.extend((kind, name) for name in ids)
            said.extend([_said_by(dict(given))] * len(ids))
        by_kind: dict[str, list[_Alike]] = {}
        for kind, *alike in self._read("all_relations")["relations"]:
            by_kind.setdefault(kind, []).append((alike[0], alike[1], alike[2]))
        edges = {kind: _placed(found, place) for kind, found in by_kind.items()}
        return Snapshot.in_order(keys, Sayings.of(said), edges, revision, taken_s)

    def close(self) -> None:
        """See `KnowledgeGraph.close`."""
        self._driver.close()

    def ask(self, cypher: str) -> list[dict[str, Any]]:
        """The rows of a query that a person has typed, which can only read.

        Raises:
            BadInput: it would write, read files of the server or call procedures, or is wrong.
        """
        refuse_beyond_reading(cypher)
        with _mapped(self._settings), self._session(default_access_mode=READ_ACCESS) as session:
            rows = session.run(Query(cypher, timeout=CONSOLE_S), network=self._network)
            return [row.data() for row in rows]

    def _steps(self, changes: Difference) -> list[tuple[str, str, list[Any]]]:
        """Named queries with their rows: removals, things, then relations."""
        return [
            (
                "remove_relations",
                "relations",
                [_ends(*identity) for identity in changes.removed_relations],
            ),
            ("remove_things", "keys", [list(key) for key in changes.removed_things]),
            ("put_things", "things", [_sent_thing(self._network, t) for t in changes.put.things]),
            ("put_relations", "relations", [_sent_relation(r) for r in changes.put.relations]),
        ]

    def _apply(self, changes: Difference) -> None:
        """In one transaction, or in several if it is much."""
        steps = self._steps(changes)
        if changes.size <= AT_ONCE:
            self._write(steps)
            return
        self._require_ends(changes.put)
        for name, parameter, rows in steps:
            for first in range(0, len(rows), AT_ONCE):
                self._write([(name, parameter, rows[first : first + AT_ONCE])])

    def _require_ends(self, put: Facts) -> None:
        given = {thing.key for thing in put.things}
        wanted = {end for r in put.relations for end in (r.source, r.target)} - given
        for first in range(0, len(wanted), AT_ONCE):
            keys = sorted(wanted)[first : first + AT_ONCE]
            if missing := self._read("missing", keys=keys)["keys"]:
                self._refuse(missing)

    def _refuse(self, missing: Sequence[Sequence[str]]) -> None:
        kind, name = min((kind, name) for kind, name in missing)
        raise UnknownThing(kind, name, self.ids(kind))

    def _write(self, steps: Sequence[tuple[str, str, list[Any]]]) -> None:
        write = uuid4().hex
        with _mapped(self._settings, saving=True):
            for attempt in range(2):
                try:
                    with self._session() as session:
                        session.execute_write(_written, self, steps, write)
                    break
                except IncompleteCommit:
                    # It may have been committed or not. The facts are the same either way, and
                    # once is enough.
                    if write in self._read("revision")["writes"]:
                        break
                    if attempt:
                        raise
        self._last.forget()

    def _read(self, name: str, **parameters: Any) -> Mapping[str, Any]:
        """The one record that a named query answers with."""
        with self._reading() as session:
            record: Mapping[str, Any] = session.execute_read(_asked, self, name, parameters)
            return record

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        with _mapped(self._settings), self._session(default_access_mode=READ_ACCESS) as session:
            yield session

    def _session(self, **options: Any) -> Any:
        return self._driver.session(database=self._settings.database, **options)


@unit_of_work(timeout=TRANSACTION_S)
def _asked(
    tx: ManagedTransaction, graph: Neo4jGraph, name: str, parameters: Mapping[str, Any]
) -> Mapping[str, Any]:
    graph.calls[name] = graph.calls.get(name, 0) + 1
    return _record(tx, name, {"network": graph._network, **parameters})


def _record(tx: ManagedTransaction, name: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    return tx.run(query(name), dict(parameters)).single(strict=True)


@unit_of_work(timeout=TRANSACTION_S)
def _around(tx: ManagedTransaction, graph: Neo4jGraph, key: ThingKey, hops: int) -> Facts | None:
    """None where there is no such thing."""
    origin = _asked(tx, graph, "thing", {"kind": key[0], "id": key[1]})["thing"]
    if origin is None:
        return None
    reached, fringe = {key: _thing(origin)}, [key]
    crossed: list[Relation] = []
    for _ in range(hops):
        found = _asked(tx, graph, "near", {"keys": fringe})
        for place, kind, leaves, far_kind, far_id, given in found["relations"]:
            near, far = fringe[place], (far_kind, far_id)
            source, target = (near, far) if leaves else (far, near)
            crossed.append(Relation(kind, source, target, *_saying(given)))
        things = {
            (kind, name): Thing(kind, name, *_saying(given)[1:])
            for kind, name, given in found["things"]
        }
        fringe = sorted(things.keys() - reached.keys())
        reached |= things
    return Facts.of(reached.values(), crossed)


@unit_of_work(timeout=TRANSACTION_S)
def _written(
    tx: ManagedTransaction,
    graph: Neo4jGraph,
    steps: Sequence[tuple[str, str, list[Any]]],
    write: str,
) -> int:
    """The revision that it makes."""
    # First, so that two who write take turns and do not meet half way.
    counted = _record(
        tx, "count_write", {"network": graph._network, "write": write, "version": VERSION}
    )
    for name, parameter, rows in steps:
        if not rows:
            continue
        graph.calls[name] = graph.calls.get(name, 0) + 1
        answer = tx.run(query(name), {"network": graph._network, parameter: rows})
        if name != "put_relations":
            answer.consume()
        elif answer.single(strict=True)["written"] != len(rows):
            ends = {(r[f"{end}_kind"], r[f"{end}_id"]) for r in rows for end in ("from", "to")}
            keys = [list(end) for end in sorted(ends)]
            missing = _record(tx, "missing", {"network": graph._network, "keys": keys})["keys"]
            kind, lacks = sorted(missing)[0]
            ids = _record(tx, "ids", {"network": graph._network, "kind": kind})["ids"]
            raise UnknownThing(kind, lacks, ids)
    return int(counted["revision"])


@unit_of_work(timeout=TRANSACTION_S)
def _delivered(
    tx: ManagedTransaction,
    graph: Neo4jGraph,
    steps: Sequence[tuple[str, str, list[Any]]],
    outbox: str,
    number: int,
) -> int:
    """The revision that it makes; 0 where it was there."""
    given = {"network": graph._network, "outbox": outbox, "number": number}
    if not _record(tx, "deliver", given)["is_news"]:
        return 0
    return _written(tx, graph, steps, f"{outbox} {number}")


_GAP = r"(?:\s|/\*.*?\*/|//[^\n]*\n)"
_BEYOND = re.compile(rf"\bLOAD\b{_GAP}*CSV\b|\bCALL\b{_GAP}*[`\w]", re.IGNORECASE | re.DOTALL)


def refuse_beyond_reading(cypher: str) -> None:
    """Refuse a query that reaches past the graph, which an access mode for reading lets pass.

    Raises:
        BadInput: it has LOAD CSV, calls a procedure, or hides letters behind escapes.
    """
    if "\\u" in cypher:
        raise BadInput("the query has an escaped character (\\u); write the character itself")
    if found := _BEYOND.search(cypher):
        raise BadInput(
            f'the query has "{" ".join(found[0].split())}"; here one reads the graph, no files '
            "and no procedures of the server"
        )


@contextmanager
def _mapped(settings: Neo4jSettings, *, saving: bool = False) -> Iterator[None]:
    """What the driver raises becomes what a person reads."""
    where = f"the knowledge graph at {settings.address}"
    try:
        yield
    except AuthError as exc:
        raise BadInput(
            f"{where} refuses the user or the password; set {USER_SETTING} and {PASSWORD_SETTING}"
        ) from exc
    except (ConfigurationError, ValueError) as exc:
        raise BadInput(f"{where}: {exc}") from exc
    except IncompleteCommit as exc:
        raise GraphNotSaved(f"{where} did not say whether it has saved; look, and repeat") from exc
    except (ServiceUnavailable, DriverError) as exc:
        raise GraphUnavailable(f"{where} does not answer ({exc}); start it") from exc
    except ClientError as exc:
        if saving:
            raise GraphRefused(f"{where} has not saved: {exc.message}") from exc
        raise BadInput(f"{where} refuses: {exc.message}") from exc
    except Neo4jError as exc:
        error = GraphNotSaved if saving else GraphUnavailable
        raise error(f"{where} failed: {exc.message}; what was stored before stands") from exc


def _own(given: Mapping[str, Any]) -> Properties:
    return properties_of({k: v for k, v in given.items() if k not in RESERVED})


def _provenance(given: Mapping[str, Any]) -> Provenance:
    """Whoever writes by Cypher need not say any of it."""
    return _provenance_of(
        given.get("source", ""),
        given.get("recorded_s", 0.0),
        given.get("valid_from_s"),
        given.get("valid_until_s"),
    )


# Thousands of an answer say the same.
_provenance_of = lru_cache(1000)(Provenance)


def _said_by(given: Mapping[str, Any]) -> Said:
    return said_by(_own(given), _provenance(given), given.get("qualifier", ""))


_Alike = tuple[Mapping[str, Any], Sequence[str], Sequence[str]]
"""What is said, with sources and targets of all relations of a kind that say it."""


def _placed(found: Sequence[_Alike], place: Mapping[str, int]) -> tuple[Index, Index, Sayings]:
    """Positions of the ends, and what is said.

    One that was written since its ends were read waits for the next snapshot.
    """
    said = Sayings.of(_said_by(given) for given, _, _ in found)
    codes = np.repeat(said.codes, [len(sources) for _, sources, _ in found])
    sources, targets = (
        np.array([place.get(end, -1) for one in found for end in one[side]], dtype=np.int64)
        for side in (1, 2)
    )
    known = (sources >= 0) & (targets >= 0)
    return sources[known], targets[known], Sayings(codes[known], said.values)


def _thing(given: Mapping[str, Any]) -> Thing:
    return Thing(given["kind"], given["id"], _own(given), _provenance(given))


def _saying(given: list[Any] | Mapping[str, Any]) -> tuple[str, Properties, Provenance]:
    """Qualifier, properties and provenance, of which the first and the last may be all there is."""
    if isinstance(given, list):
        qualifier, source, recorded_s = given
        return qualifier or "", {}, _provenance_of(source or "", recorded_s or 0.0)
    return given.get("qualifier", ""), _own(given), _provenance(given)


def _stored(properties: Properties, said: Provenance) -> dict[str, Any]:
    own = {k: list(v) if isinstance(v, tuple) else v for k, v in properties.items()}
    times = {"valid_from_s": said.valid_from_s, "valid_until_s": said.valid_until_s}
    known = {k: v for k, v in times.items() if v is not None}
    return {**own, "source": said.source, "recorded_s": said.recorded_s, **known}


def _sent_thing(network: str, thing: Thing) -> dict[str, Any]:
    identity = {"kind": thing.kind, "id": thing.id}
    stored = _stored(thing.properties, thing.provenance)
    return {**identity, "stored": {"network": network, **identity, **stored}}


def _ends(kind: str, source: ThingKey, target: ThingKey, qualifier: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "from_kind": source[0],
        "from_id": source[1],
        "to_kind": target[0],
        "to_id": target[1],
        "qualifier": qualifier,
    }


def _sent_relation(relation: Relation) -> dict[str, Any]:
    stored = _stored(relation.properties, relation.provenance)
    return {
        **_ends(*relation.identity),
        "stored": {"qualifier": relation.qualifier, **stored},
    }
