"""The knowledge graph in process, in one JSON file that is replaced whole."""

import json
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import networkx as nx
from pydantic import TypeAdapter, ValidationError

from tools.graph_store.protocol import (
    AffectedService,
    CommonCause,
    CorruptGraph,
    GraphNotSaved,
    PastIncident,
    Relation,
    RelationKind,
    SimilarIncident,
    Thing,
    ThingKey,
    ThingKind,
    UnknownThing,
)

FORMAT = "noctua-knowledge-1"


class NetworkxGraph:
    """A `KnowledgeGraph` in memory, saved as node-link JSON after every write."""

    def __init__(self, path: Path, graph: "nx.MultiDiGraph[ThingKey]") -> None:
        self._path = path
        self._graph = graph

    @classmethod
    def open(cls, path: Path) -> Self:
        """The graph in the file at `path`, or an empty one where there is no file.

        Raises:
            CorruptGraph: the file is no knowledge graph.
        """
        try:
            text = path.read_text("utf-8")
        except FileNotFoundError:
            return cls(path, nx.MultiDiGraph())
        except (OSError, UnicodeDecodeError) as error:
            raise _corrupt(path, error) from error
        return cls(path, _read(text, path))

    def put_inventory(self, things: Iterable[Thing], relations: Iterable[Relation]) -> None:
        """See `KnowledgeGraph.put_inventory`."""
        graph: nx.MultiDiGraph[ThingKey] = nx.MultiDiGraph()
        past = [self._graph.nodes[k]["thing"] for k in self._keys("incident")]
        for thing in (*things, *past):
            graph.add_node((thing.kind, thing.id), thing=thing)
        for relation in relations:
            for end in (relation.source, relation.target):
                if end not in graph:
                    raise UnknownThing(*end, [name for kind, name in graph if kind == end[0]])
            graph.add_edge(relation.source, relation.target, key=relation.kind)
        self._keep(graph)

    def count(self, kind: ThingKind) -> int:
        """See `KnowledgeGraph.count`."""
        return len(self._keys(kind))

    def links_of(self, node: str) -> tuple[str, ...]:
        """See `KnowledgeGraph.links_of`."""
        ports = self._targets(self._require("device", node), "has_interface")
        return tuple(sorted({link for port in ports for link in self._link_at(port)}))

    def neighbours(self, node: str) -> tuple[str, ...]:
        """See `KnowledgeGraph.neighbours`."""
        ends = {end for link in self.links_of(node) for end in self._ends(link)}
        return tuple(sorted(ends - {node}))

    def ducts_of(self, link: str) -> tuple[str, ...]:
        """See `KnowledgeGraph.ducts_of`."""
        return tuple(sorted(self._targets(self._require("link", link), "in_duct")))

    def links_in(self, duct: str) -> tuple[str, ...]:
        """See `KnowledgeGraph.links_in`."""
        return tuple(sorted(self._sources(self._require("duct", duct), "in_duct")))

    def services_between(self, source: str, target: str) -> tuple[str, ...]:
        """See `KnowledgeGraph.services_between`."""
        self._require("device", target)
        found = self._targets(self._require("device", source), "serves")
        pair = f"{source}>{target}"
        return tuple(sorted(s for s in found if pair in self._pairs(s)))

    def services_affected(self, links: Sequence[str]) -> tuple[AffectedService, ...]:
        """See `KnowledgeGraph.services_affected`."""
        carried: dict[str, list[str]] = {}
        for link in dict.fromkeys(links):
            for service in self._targets(self._require("link", link), "carries"):
                carried.setdefault(service, []).append(link)
        found = [
            AffectedService(
                id=service,
                customer=self._targets(("service", service), "bought_by")[0],
                links=tuple(its_links),
            )
            for service, its_links in carried.items()
        ]
        return tuple(sorted(found, key=lambda s: (-len(s.links), s.id)))

    def common_causes(self, resources: Sequence[str]) -> tuple[CommonCause, ...]:
        """See `KnowledgeGraph.common_causes`."""
        explained: dict[ThingKey, list[str]] = {}
        for resource in dict.fromkeys(resources):
            for cause in self._causes_of(resource):
                explained.setdefault(cause, []).append(resource)
        found = [self._common_cause(cause, what) for cause, what in explained.items()]
        return tuple(sorted(found, key=lambda c: (-len(c.explains), c.members, c.kind, c.id)))

    def remember_incident(self, incident: PastIncident) -> None:
        """See `KnowledgeGraph.remember_incident`."""
        thing = Thing(kind="incident", id=incident.id, properties=incident.model_dump(mode="json"))
        graph = self._graph.copy()
        graph.add_node(("incident", incident.id), thing=thing)
        self._keep(graph)

    def past_incident(self, incident_id: str) -> PastIncident | None:
        """See `KnowledgeGraph.past_incident`."""
        key: ThingKey = ("incident", incident_id)
        return self._past(key) if key in self._graph else None

    def incidents_like(self, symptoms: Sequence[str], most: int = 5) -> tuple[SimilarIncident, ...]:
        """See `KnowledgeGraph.incidents_like`."""
        wanted = frozenset(symptoms)
        found = []
        for key in self._keys("incident"):
            past = self._past(key)
            shared = wanted & set(past.symptoms)
            if shared:
                similarity = len(shared) / len(wanted | set(past.symptoms))
                found.append(SimilarIncident(incident=past, similarity=similarity))
        found.sort(key=lambda s: (-s.similarity, -s.incident.opened_s, s.incident.id))
        return tuple(found[:most])

    def _past(self, key: ThingKey) -> PastIncident:
        return PastIncident.model_validate_json(json.dumps(self._thing(key).properties))

    def _causes_of(self, resource: str) -> list[ThingKey]:
        if ("device", resource) in self._graph:
            return [("device", resource)]
        link = resource
        if ("interface", resource) in self._graph:
            link = self._link_at(resource)[0]
        if ("link", link) not in self._graph:
            known = [name for kind, name in self._graph if kind in ("link", "device")]
            raise UnknownThing("resource", resource, known)
        ducts: list[ThingKey] = [("duct", duct) for duct in self.ducts_of(link)]
        return [*ducts, *(("device", end) for end in self._ends(link))]

    def _common_cause(self, cause: ThingKey, explains: Sequence[str]) -> CommonCause:
        kind, name = cause
        members = self.links_in(name) if kind == "duct" else self.links_of(name)
        return CommonCause(
            kind="duct" if kind == "duct" else "node",
            id=name,
            explains=tuple(explains),
            members=len(members),
        )

    def _link_at(self, port: str) -> list[str]:
        return self._targets(("interface", port), "terminates")

    def _ends(self, link: str) -> list[str]:
        ports = self._sources(("link", link), "terminates")
        return [n for port in ports for n in self._sources(("interface", port), "has_interface")]

    def _pairs(self, service: str) -> list[str]:
        pairs = self._thing(("service", service)).properties["pairs"]
        return TypeAdapter(list[str]).validate_python(pairs)

    def _require(self, kind: ThingKind, name: str) -> ThingKey:
        if (kind, name) not in self._graph:
            raise UnknownThing(kind, name, [known for _, known in self._keys(kind)])
        return kind, name

    def _thing(self, key: ThingKey) -> Thing:
        thing: Thing = self._graph.nodes[key]["thing"]
        return thing

    def _keys(self, kind: ThingKind) -> list[ThingKey]:
        return [key for key in self._graph if key[0] == kind]

    def _targets(self, key: ThingKey, kind: RelationKind) -> list[str]:
        return [t[1] for _, t, k in self._graph.out_edges(key, keys=True) if k == kind]

    def _sources(self, key: ThingKey, kind: RelationKind) -> list[str]:
        return [s[1] for s, _, k in self._graph.in_edges(key, keys=True) if k == kind]

    def _keep(self, graph: "nx.MultiDiGraph[ThingKey]") -> None:
        """Saved first: what a query answers is what a restart would answer."""
        try:
            _replace(self._path, _write(graph))
        except OSError as error:
            raise GraphNotSaved(
                f"{self._path}: could not be saved ({error}); the last version stands"
            ) from error
        self._graph = graph


def _write(graph: "nx.MultiDiGraph[ThingKey]") -> str:
    """Node-link JSON. Ids there are numbers, since two kinds may share a name."""
    number = {key: i for i, key in enumerate(graph)}
    document = {
        "format": FORMAT,
        "directed": True,
        "multigraph": True,
        "nodes": [
            {"id": number[key], "thing": graph.nodes[key]["thing"].model_dump(mode="json")}
            for key in graph
        ],
        "links": [
            {"source": number[s], "target": number[t], "key": kind}
            for s, t, kind in graph.edges(keys=True)
        ],
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False)


def _read(text: str, path: Path) -> "nx.MultiDiGraph[ThingKey]":
    graph: nx.MultiDiGraph[ThingKey] = nx.MultiDiGraph()
    try:
        document: Any = json.loads(text)
        if document["format"] != FORMAT:
            raise ValueError(f"format {document['format']!r}, expected {FORMAT!r}")
        keys = dict[int, ThingKey]()
        for record in document["nodes"]:
            thing = Thing.model_validate(record["thing"])
            keys[record["id"]] = (thing.kind, thing.id)
            graph.add_node((thing.kind, thing.id), thing=thing)
        for record in document["links"]:
            relation = Relation(
                kind=record["key"], source=keys[record["source"]], target=keys[record["target"]]
            )
            graph.add_edge(relation.source, relation.target, key=relation.kind)
    except (ValueError, KeyError, TypeError, RecursionError, ValidationError) as error:
        raise _corrupt(path, error) from error
    return graph


def _corrupt(path: Path, error: Exception) -> CorruptGraph:
    return CorruptGraph(
        f"{path}: cannot be read as a knowledge graph ({type(error).__name__}: {error}); "
        "restore it from a backup, or move it away: it is then rebuilt from the inventory, "
        "without the remembered incidents"
    )


def _replace(path: Path, text: str) -> None:
    """Write beside, sync, rename, sync the folder: a reader finds the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
