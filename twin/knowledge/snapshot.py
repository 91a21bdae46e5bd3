"""Everything on record of a network at one time, as arrays: what questions are answered from."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.knowledge.facts import Facts, Properties, Provenance, Relation, Thing, ThingKey, Value

StoredProperties = str | Mapping[str, object]
"""A JSON object as text, or a map; "" for none."""

ThingRow = tuple[str, str, StoredProperties, str, float, float | None, float | None]
"""Kind, id, properties, source, recorded, valid from, valid until."""

RelationRow = tuple[int, int, str, StoredProperties, str, float, float | None, float | None]
"""Positions of source and target among the things, qualifier, properties, and as above."""

Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Edges:
    """Relations of one kind, in order of source, target and qualifier.

    `sources`, `targets`: int64 (n,), positions among the snapshot's things.
    """

    sources: Index
    targets: Index
    rows: Sequence[RelationRow]


class Snapshot:
    """A graph as it was at `taken_s` (Unix seconds of the host), of which nothing changes.

    Things are in order of kind and id, by code point. `revision` counts the writes to the graph.
    """

    def __init__(
        self,
        things: Sequence[ThingRow],
        relations: Mapping[str, Sequence[RelationRow]],
        revision: int = 0,
        taken_s: float = 0.0,
    ) -> None:
        order = sorted(range(len(things)), key=lambda i: things[i][:2])
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        self._rows = [things[i] for i in order]
        self.keys: list[ThingKey] = [(row[0], row[1]) for row in self._rows]
        self.edges = {kind: _edges(relations[kind], place) for kind in sorted(relations)}
        self.revision, self.taken_s = revision, taken_s

    @classmethod
    def of(cls, facts: Facts) -> "Snapshot":
        """The snapshot of a graph that has these facts and no others."""
        position = {thing.key: i for i, thing in enumerate(facts.things)}
        relations: dict[str, list[RelationRow]] = {}
        for one in facts.relations:
            ends = (position[one.source], position[one.target])
            said = (one.properties, *_said(one.provenance))
            relations.setdefault(one.kind, []).append((*ends, one.qualifier, *said))
        return cls([thing_row(thing) for thing in facts.things], relations)

    @cached_property
    def index(self) -> dict[ThingKey, int]:
        """Position of each thing."""
        return {key: i for i, key in enumerate(self.keys)}

    def __contains__(self, key: ThingKey) -> bool:
        return key in self.index

    def ids(self, kind: str) -> tuple[str, ...]:
        """Ids of the things of a kind, in order."""
        return tuple(name for of, name in self.keys if of == kind)

    def thing(self, position: int) -> Thing:
        """The thing at that position."""
        return thing_of(self._rows[position])

    def relation(self, kind: str, number: int) -> Relation:
        """The relation of that kind and number."""
        row = self.edges[kind].rows[number]
        ends = (int(self.edges[kind].sources[number]), int(self.edges[kind].targets[number]))
        return Relation(
            kind,
            self.keys[ends[0]],
            self.keys[ends[1]],
            row[2],
            properties_of(row[3]),
            Provenance(*row[4:]),
        )

    def targets(self, key: ThingKey, kind: str) -> tuple[ThingKey, ...]:
        """Where relations of a kind lead from a thing, in order."""
        return self._across(key, kind, forward=True)

    def sources(self, key: ThingKey, kind: str) -> tuple[ThingKey, ...]:
        """Where relations of a kind come from to a thing, in order."""
        return self._across(key, kind, forward=False)

    def _across(self, key: ThingKey, kind: str, *, forward: bool) -> tuple[ThingKey, ...]:
        position = self.index.get(key)
        if position is None or kind not in self.edges:
            return ()
        near, far = self._sorted[kind, forward]
        first, last = np.searchsorted(near, [position, position + 1])
        return tuple(self.keys[i] for i in dict.fromkeys(far[first:last].tolist()))

    @cached_property
    def _sorted(self) -> dict[tuple[str, bool], tuple[Index, Index]]:
        found: dict[tuple[str, bool], tuple[Index, Index]] = {}
        for kind, edges in self.edges.items():
            found[kind, True] = (edges.sources, edges.targets)
            by_target = np.lexsort((edges.sources, edges.targets))
            found[kind, False] = (edges.targets[by_target], edges.sources[by_target])
        return found

    def facts(self) -> Facts:
        """All of it."""
        return Facts(
            tuple(thing_of(row) for row in self._rows),
            tuple(
                self.relation(kind, number)
                for kind, edges in self.edges.items()
                for number in range(len(edges.rows))
            ),
        )

    def around(self, key: ThingKey, hops: int) -> Facts:
        """The thing, what is within so many relations of it, and the relations on the way."""
        reached, fringe = {self.index[key]}, {self.index[key]}
        crossed: set[tuple[str, int]] = set()
        for _ in range(hops):
            ends: set[int] = set()
            for kind, number, one, other in self._touching(fringe):
                crossed.add((kind, number))
                ends |= {one, other}
            fringe = ends - reached
            reached |= fringe
        return Facts(
            tuple(self.thing(i) for i in sorted(reached)),
            tuple(self.relation(*one) for one in sorted(crossed)),
        )

    def _touching(self, positions: set[int]) -> Iterable[tuple[str, int, int, int]]:
        wanted = np.array(sorted(positions), dtype=np.int64)
        for kind, edges in self.edges.items():
            touched = np.isin(edges.sources, wanted) | np.isin(edges.targets, wanted)
            for number in np.flatnonzero(touched).tolist():
                yield kind, number, int(edges.sources[number]), int(edges.targets[number])


def _edges(rows: Sequence[RelationRow], place: Index) -> Edges:
    sources = place[np.fromiter((row[0] for row in rows), np.int64, len(rows))]
    targets = place[np.fromiter((row[1] for row in rows), np.int64, len(rows))]
    if any(row[2] for row in rows):
        ends = zip(sources.tolist(), targets.tolist(), (row[2] for row in rows), strict=True)
        order = np.array([i for _, i in sorted(zip(ends, range(len(rows)), strict=True))], np.int64)
    else:
        order = np.lexsort((targets, sources))
    return Edges(sources[order], targets[order], [rows[i] for i in order.tolist()])


def properties_of(stored: StoredProperties) -> Properties:
    """Properties as they were written; lists become tuples."""
    if not stored:
        return {}
    given: Mapping[str, object] = json.loads(stored) if isinstance(stored, str) else stored
    found: dict[str, Value] = {}
    for name in sorted(given):
        value = given[name]
        found[name] = tuple(value) if isinstance(value, list) else value  # type: ignore[assignment]
    return found


def thing_of(row: ThingRow) -> Thing:
    """The thing that a row holds."""
    return Thing(row[0], row[1], properties_of(row[2]), Provenance(*row[3:]))


def thing_row(thing: Thing) -> ThingRow:
    """The row that holds a thing."""
    return (thing.kind, thing.id, thing.properties, *_said(thing.provenance))


def _said(said: Provenance) -> tuple[str, float, float | None, float | None]:
    return said.source, said.recorded_s, said.valid_from_s, said.valid_until_s
