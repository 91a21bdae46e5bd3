"""Everything on record of a network at one time, as arrays: what questions are answered from."""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from twin.knowledge.facts import (
    Difference,
    Facts,
    Properties,
    Provenance,
    Relation,
    Thing,
    ThingKey,
    Value,
)

Said = tuple[str, str, str, float, float | None, float | None]
"""What a fact says beside what it is of: its qualifier, its properties as a JSON object ("" for
none), its source, when it was recorded, and from when until when it holds."""

Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sayings:
    """What each of several facts says, of which many say the same.

    `codes`: int64 (n,), positions in `values`, which differ.
    """

    codes: Index
    values: Sequence[Said]

    @classmethod
    def of(cls, said: Iterable[Said]) -> "Sayings":
        """In that order."""
        known: dict[Said, int] = {}
        codes = np.fromiter((known.setdefault(one, len(known)) for one in said), np.int64)
        return cls(codes, list(known))

    def and_also(self, said: Iterable[Said]) -> "Sayings":
        """These, and others after them."""
        known = {one: code for code, one in enumerate(self.values)}
        more = [known.setdefault(one, len(known)) for one in said]
        return Sayings(np.append(self.codes, np.array(more, dtype=np.int64)), list(known))

    def __getitem__(self, number: int) -> Said:
        return self.values[int(self.codes[number])]


@dataclass(frozen=True, slots=True)
class Edges:
    """Relations of one kind, in order of source, target and qualifier.

    `sources`, `targets`: int64 (n,), positions among the snapshot's things.
    """

    sources: Index
    targets: Index
    said: Sayings

    @classmethod
    def of(cls, sources: Index, targets: Index, said: Sayings) -> "Edges":
        """In order."""
        qualifiers = {name: i for i, name in enumerate(sorted({one[0] for one in said.values}))}
        rank = np.array([qualifiers[one[0]] for one in said.values], dtype=np.int64)
        order = np.lexsort((rank[said.codes], targets, sources))
        return cls(sources[order], targets[order], Sayings(said.codes[order], said.values))

    def __len__(self) -> int:
        return len(self.sources)


_NO_EDGES = Edges.of(*(np.empty(0, dtype=np.int64),) * 2, Sayings.of(()))


class Snapshot:
    """A graph as it was at `taken_s` (Unix seconds of the host), of which nothing changes.

    `keys`: of the things, in order of kind and id, by code point. `said`: of each. `edges`: by
    kind. `revision` counts the writes to the graph.
    """

    def __init__(
        self,
        keys: Sequence[ThingKey],
        said: Sayings,
        edges: Mapping[str, Edges],
        revision: int = 0,
        taken_s: float = 0.0,
    ) -> None:
        self.keys, self.said = keys, said
        self.edges = {kind: edges[kind] for kind in sorted(edges) if len(edges[kind])}
        self.revision, self.taken_s = revision, taken_s

    @classmethod
    def in_order(
        cls,
        keys: Sequence[ThingKey],
        said: Sayings,
        edges: Mapping[str, tuple[Index, Index, Sayings]],
        revision: int = 0,
        taken_s: float = 0.0,
    ) -> "Snapshot":
        """The snapshot of things and relations that come in any order.

        `edges`: by kind, positions of sources and targets in `keys` as given, and what is said.
        """
        order = sorted(range(len(keys)), key=keys.__getitem__)
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        return cls(
            [keys[i] for i in order],
            Sayings(said.codes[np.array(order, dtype=np.int64)], said.values),
            {
                kind: Edges.of(place[sources], place[targets], of)
                for kind, (sources, targets, of) in edges.items()
            },
            revision,
            taken_s,
        )

    @classmethod
    def of(cls, facts: Facts, revision: int = 0, taken_s: float = 0.0) -> "Snapshot":
        """The snapshot of a graph that has these facts and no others."""
        position = {thing.key: i for i, thing in enumerate(facts.things)}
        by_kind: dict[str, list[Relation]] = {}
        for one in facts.relations:
            by_kind.setdefault(one.kind, []).append(one)
        edges = {
            kind: (
                np.array([position[r.source] for r in of], dtype=np.int64),
                np.array([position[r.target] for r in of], dtype=np.int64),
                Sayings.of(said_by(r.properties, r.provenance, r.qualifier) for r in of),
            )
            for kind, of in by_kind.items()
        }
        said = Sayings.of(said_by(thing.properties, thing.provenance) for thing in facts.things)
        return cls.in_order(list(position), said, edges, revision, taken_s)

    def changed(self, changes: Difference, revision: int) -> "Snapshot":
        """What `changes` make of it, as of the same time.

        With a thing go its relations. One with an end that is not there is left out.
        """
        gone = {self.index[key] for key in changes.removed_things if key in self.index}
        here = {thing.key for thing in changes.put.things}
        kept = [i for i, key in enumerate(self.keys) if i not in gone and key not in here]
        new = len(kept)
        keys = [self.keys[i] for i in kept] + [thing.key for thing in changes.put.things]
        said = Sayings(self.said.codes[np.array(kept, dtype=np.int64)], self.said.values)
        said = said.and_also(said_by(t.properties, t.provenance) for t in changes.put.things)
        # Positions among `keys`, -1 for none: of a thing that is said anew, where it is so.
        place = np.full(len(self.keys), -1, dtype=np.int64)
        place[kept] = np.arange(new)
        position = {thing.key: new + i for i, thing in enumerate(changes.put.things)}
        for key, at in position.items():
            if key in self.index:
                place[self.index[key]] = at

        def end(key: ThingKey) -> int:
            known = int(place[self.index[key]]) if key in self.index else -1
            return position.get(key, known)

        put: dict[str, list[Relation]] = {}
        for relation in changes.put.relations:
            if end(relation.source) >= 0 and end(relation.target) >= 0:
                put.setdefault(relation.kind, []).append(relation)
        anew = {relation.identity for relation in changes.put.relations}
        lost = self._relations_numbered([*changes.removed_relations, *anew])
        edges = {}
        for kind in {*self.edges, *put}:
            before = self.edges.get(kind, _NO_EDGES)
            sources, targets = place[before.sources], place[before.targets]
            stays = (sources >= 0) & (targets >= 0)
            stays[lost.get(kind, [])] = False
            of = put.get(kind, [])
            ends = np.array([(end(r.source), end(r.target)) for r in of], np.int64).reshape(-1, 2)
            edges[kind] = (
                np.append(sources[stays], ends[:, :1]),
                np.append(targets[stays], ends[:, 1:]),
                Sayings(before.said.codes[stays], before.said.values).and_also(
                    said_by(r.properties, r.provenance, r.qualifier) for r in of
                ),
            )
        return Snapshot.in_order(keys, said, edges, revision, self.taken_s)

    def _relations_numbered(
        self, identities: Iterable[tuple[str, ThingKey, ThingKey, str]]
    ) -> dict[str, list[int]]:
        """By kind, the numbers of those of these relations that are there."""
        found: dict[str, list[int]] = {}
        for kind, source, target, qualifier in identities:
            if kind not in self.edges or source not in self.index or target not in self.index:
                continue
            edges, ends = self.edges[kind], (self.index[source], self.index[target])
            first, last = np.searchsorted(edges.sources, (ends[0], ends[0] + 1))
            for number in range(first, last):
                if edges.targets[number] == ends[1] and edges.said[number][0] == qualifier:
                    found.setdefault(kind, []).append(number)
        return found

    @cached_property
    def index(self) -> dict[ThingKey, int]:
        """Position of each thing."""
        return {key: i for i, key in enumerate(self.keys)}

    def __contains__(self, key: ThingKey) -> bool:
        return key in self.index

    def positions(self, kind: str) -> range:
        """Of the things of a kind."""
        return positions_of(self.keys, kind)

    def ids(self, kind: str) -> tuple[str, ...]:
        """Ids of the things of a kind, in order."""
        return tuple(self.keys[i][1] for i in self.positions(kind))

    def thing(self, position: int) -> Thing:
        """The thing at that position."""
        return thing_of(*self.keys[position], self.said[position])

    def relation(self, kind: str, number: int) -> Relation:
        """The relation of that kind and number."""
        edges = self.edges[kind]
        said = edges.said[number]
        return Relation(
            kind,
            self.keys[edges.sources[number]],
            self.keys[edges.targets[number]],
            said[0],
            properties_of(said[1]),
            Provenance(*said[2:]),
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
        edges = self.edges[kind]
        numbers = self._numbers(kind, np.array([position]), forward=forward)
        far = (edges.targets if forward else edges.sources)[numbers]
        return tuple(self.keys[i] for i in dict.fromkeys(far.tolist()))

    def _numbers(self, kind: str, positions: Index, *, forward: bool) -> Index:
        """Of the relations of a kind that begin (`forward`) or end at one of `positions`."""
        edges, by_target = self.edges[kind], self._by_target[kind]
        near = edges.sources if forward else by_target[1]
        first, last = np.searchsorted(near, positions), np.searchsorted(near, positions + 1)
        found = [np.arange(a, b) for a, b in zip(first.tolist(), last.tolist(), strict=True)]
        numbers = np.concatenate(found) if found else np.empty(0, dtype=np.int64)
        return numbers if forward else by_target[0][numbers]

    @cached_property
    def _by_target(self) -> dict[str, tuple[Index, Index]]:
        """Of each kind: numbers of its relations in order of target and source, and the targets."""
        found: dict[str, tuple[Index, Index]] = {}
        for kind, edges in self.edges.items():
            order = np.lexsort((edges.sources, edges.targets))
            found[kind] = (order, edges.targets[order])
        return found

    def facts(self) -> Facts:
        """All of it."""
        return Facts(
            tuple(self.thing(i) for i in range(len(self.keys))),
            tuple(
                self.relation(kind, number)
                for kind, edges in self.edges.items()
                for number in range(len(edges))
            ),
        )

    def around(self, key: ThingKey, hops: int) -> Facts:
        """The thing, what is within so many relations of it, and the relations on the way."""
        reached = fringe = {self.index[key]}
        crossed: set[tuple[str, int]] = set()
        for _ in range(hops):
            ends: set[int] = set()
            near = np.array(sorted(fringe), dtype=np.int64)
            for kind, edges in self.edges.items():
                for forward in (True, False):
                    numbers = self._numbers(kind, near, forward=forward)
                    crossed.update((kind, number) for number in numbers.tolist())
                    ends.update((edges.targets if forward else edges.sources)[numbers].tolist())
            fringe = ends - reached
            reached = reached | fringe
        return Facts(
            tuple(self.thing(i) for i in sorted(reached)),
            tuple(self.relation(*one) for one in sorted(crossed)),
        )


def positions_of(keys: Sequence[ThingKey], kind: str) -> range:
    """Of the things of a kind, where `keys` are in order."""
    first = bisect_left(keys, kind, key=itemgetter(0))
    return range(first, bisect_right(keys, kind, key=itemgetter(0)))


def properties_of(stored: str | Mapping[str, object]) -> Properties:
    """Properties as they were written, a JSON object or a map; lists become tuples."""
    if not stored:
        return {}
    given: Mapping[str, object] = json.loads(stored) if isinstance(stored, str) else stored
    found: dict[str, Value] = {}
    for name in sorted(given):
        value = given[name]
        found[name] = tuple(value) if isinstance(value, list) else value  # type: ignore[assignment]
    return found


def text_of(properties: Properties) -> str:
    """Properties as they are kept: a JSON object, "" for none."""
    return json.dumps(dict(properties), ensure_ascii=False) if properties else ""


def thing_of(kind: str, name: str, said: Said) -> Thing:
    """The thing that says so."""
    return Thing(kind, name, properties_of(said[1]), Provenance(*said[2:]))


def said_by(properties: Properties, provenance: Provenance, qualifier: str = "") -> Said:
    """What a fact says."""
    times = (provenance.recorded_s, provenance.valid_from_s, provenance.valid_until_s)
    return (qualifier, text_of(properties), provenance.source, *times)
