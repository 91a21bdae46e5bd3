"""What goes down with what: the causal dependency graph, derived from what is on record.

A thing has groups of others that it needs: it is down when fewer than `enough` of any group are up.
So redundancy is kept, which a search for descendants loses. A path between two devices is no group:
it is a gate that asks the link graph whether its ends still reach each other.

It says what is cut off. What is overloaded, and what falls for that, is the twin's to say.
"""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from twin.knowledge.facts import Provenance, ThingKey, UnknownThing
from twin.knowledge.knots import BrokenEdge, Edge, broken_edges
from twin.knowledge.schema import Schema
from twin.knowledge.single_failures import SingleFailures
from twin.knowledge.snapshot import Edges, Index, Snapshot, positions_of, properties_of
from twin.knowledge.wiring import Wiring

NO_WAY_LEFT = "its ends do not reach each other any more"


@dataclass(frozen=True, slots=True)
class Group:
    """`dependent` goes down `hold_s` after fewer than `enough` of `members` are up.

    Things are named by position in the graph. `strength`: probability that it goes down then.
    """

    dependent: int
    kind: str
    members: tuple[int, ...]
    enough: int
    mechanism: str
    hold_s: float = 0.0
    strength: float = 1.0


@dataclass(frozen=True, slots=True)
class Fall:
    """That a thing is down from `at_s` seconds after the failure on, why, and because of what."""

    thing: ThingKey
    at_s: float
    mechanism: str
    because: tuple[ThingKey, ...]


@dataclass(frozen=True, slots=True)
class Impact:
    """What goes down after `failed` does, in order of time, kind and id; `failed` is not in it."""

    failed: tuple[ThingKey, ...]
    falls: tuple[Fall, ...]

    def of(self, kind: str) -> tuple[str, ...]:
        """Ids of the things of a kind that go down, in order."""
        return tuple(sorted(fall.thing[1] for fall in self.falls if fall.thing[0] == kind))

    def why(self, effect: ThingKey) -> tuple[Fall, ...]:
        """The falls that lead from what failed to `effect`, in order of time; () if it stays up."""
        by_thing = {fall.thing: fall for fall in self.falls}
        found: dict[ThingKey, Fall] = {}
        asked = [effect]
        while asked:
            thing = asked.pop()
            if thing in by_thing and thing not in found:
                found[thing] = by_thing[thing]
                asked.extend(by_thing[thing].because)
        return tuple(fall for fall in self.falls if fall.thing in found)


@dataclass(frozen=True, slots=True)
class RankedCause:
    """A thing whose failure would show these symptoms; `jaccard` of what it takes down, 0..1."""

    thing: ThingKey
    explains: tuple[ThingKey, ...]
    jaccard: float


_NO_GROUP = -1
"""In place of a group's number in the queue, whose entries are compared: a gate, or failed."""


@dataclass(slots=True)
class _Run:
    """One fixpoint: what is down, since when, and by which group (None: a gate, or failed)."""

    down: dict[int, float] = field(default_factory=dict)
    by: dict[int, int | None] = field(default_factory=dict)
    lost: dict[int, int] = field(default_factory=dict)
    queue: list[tuple[float, int, int]] = field(default_factory=list)


class CausalGraph:
    """The causal dependency graph of one snapshot, without cycles.

    `broken`: what was left out because dependencies ran in a circle, and by which rule.
    `operability`: needs that decide whether a remedy can be applied and take nothing down.
    """

    def __init__(
        self,
        keys: Sequence[ThingKey],
        groups: Sequence[Group],
        wiring: Wiring,
        broken: tuple[BrokenEdge, ...] = (),
        operability: tuple[tuple[ThingKey, ThingKey], ...] = (),
    ) -> None:
        self.keys, self.groups, self.broken = keys, groups, broken
        self.operability = operability
        self._wiring = wiring
        self._taken_of: dict[str, Index] = {}
        self._of_member: dict[int, list[int]] = {}
        self._of_dependent: dict[int, list[int]] = {}
        for number, group in enumerate(groups):
            self._of_dependent.setdefault(group.dependent, []).append(number)
            for member in group.members:
                self._of_member.setdefault(member, []).append(number)

    @cached_property
    def index(self) -> dict[ThingKey, int]:
        """Position of each thing."""
        return {key: i for i, key in enumerate(self.keys)}

    @property
    def wiring(self) -> Wiring:
        """The link graph, and the paths that ask it."""
        return self._wiring

    def groups_of(self, thing: ThingKey) -> tuple[Group, ...]:
        """What a thing needs. Raises UnknownThing."""
        return tuple(self.groups[n] for n in self._of_dependent.get(self._position(thing), ()))

    def impact(self, failed: Iterable[ThingKey]) -> Impact:
        """What goes down after all of `failed` do, at once. Raises UnknownThing."""
        failed = tuple(dict.fromkeys(failed))
        start = [self._position(thing) for thing in failed]
        run = self._run(start)
        cut = [p for p, number in run.by.items() if number is None and p not in start]
        edges = self._wiring.edges_of(cut, run.down)
        falls = [self._fall(run, p, edges) for p in run.down if p not in start]
        return Impact(failed, tuple(sorted(falls, key=lambda f: (f.at_s, f.thing))))

    def single_points(self, of: str = "service") -> dict[ThingKey, tuple[str, ...]]:
        """Each thing whose failure alone takes things of kind `of` down, and which."""
        hit: dict[int, list[str]] = {}
        wanted = positions_of(self.keys, of)
        for position in wanted:
            for cause in self._alone.of(position).tolist():
                if cause not in wanted:
                    hit.setdefault(cause, []).append(self.keys[position][1])
        return {self.keys[cause]: tuple(hit[cause]) for cause in sorted(hit)}

    def could_touch(self, thing: ThingKey) -> frozenset[ThingKey]:
        """All that stands on a thing in any way, redundancy left aside: far more than goes down."""
        reached = self._reach_up(self._position(thing))
        return frozenset(self.keys[i] for i in reached)

    def causes(self, symptoms: Iterable[ThingKey], most: int = 5) -> tuple[RankedCause, ...]:
        """Single failures that would take `symptoms` down, and of their kinds little else.

        Ranked by the Jaccard index of what goes down and the symptoms.

        Raises:
            UnknownThing: a symptom is not in the graph.
        """
        seen = sorted({self._position(thing) for thing in symptoms})
        if not seen:
            return ()
        causes, explained = np.unique(
            np.concatenate([self._alone.of(one) for one in seen]), return_counts=True
        )
        kinds = {self.keys[one][0] for one in seen}
        taken = np.sum([self._taken(kind) for kind in kinds], axis=0)
        jaccard = explained / (taken[causes] + len(seen) - explained)
        found = []
        for number in np.lexsort((causes, -jaccard))[:most].tolist():
            cause = int(causes[number])
            explains = tuple(self.keys[one] for one in seen if cause in self._alone.of(one))
            found.append(RankedCause(self.keys[cause], explains, float(jaccard[number])))
        return tuple(found)

    @cached_property
    def _alone(self) -> SingleFailures:
        needs = {
            dependent: [self.groups[number] for number in numbers]
            for dependent, numbers in self._of_dependent.items()
        }
        return SingleFailures(len(self.keys), needs, self._wiring)

    def _taken(self, kind: str) -> Index:
        """How many things of a kind each single failure takes down."""
        if kind not in self._taken_of:
            causes = self._alone.of(positions_of(self.keys, kind))
            self._taken_of[kind] = np.bincount(causes, minlength=len(self.keys))
        return self._taken_of[kind]

    def _position(self, thing: ThingKey) -> int:
        if thing not in self.index:
            raise UnknownThing(*thing, [name for kind, name in self.keys if kind == thing[0]])
        return self.index[thing]

    def _run(self, failed: Sequence[int]) -> _Run:
        run = _Run(queue=[(0.0, position, _NO_GROUP) for position in failed])
        heapq.heapify(run.queue)
        while run.queue:
            now_s, rewired = run.queue[0][0], False
            while run.queue and run.queue[0][0] == now_s:
                _, position, by = heapq.heappop(run.queue)
                if position not in run.down:
                    run.down[position], run.by[position] = now_s, None if by < 0 else by
                    rewired = rewired or self._wiring.carries(position)
                    self._lose(run, position, now_s)
            if rewired:
                for path in sorted(self._wiring.cut(run.down)):
                    if path not in run.down:
                        heapq.heappush(run.queue, (now_s, path, _NO_GROUP))
        return run

    def _lose(self, run: _Run, member: int, now_s: float) -> None:
        for number in self._of_member.get(member, ()):
            group = self.groups[number]
            lost = run.lost[number] = run.lost.get(number, 0) + 1
            # Once: it is short from the moment on when one too many is lost.
            if lost == len(group.members) - group.enough + 1:
                heapq.heappush(run.queue, (now_s + group.hold_s, group.dependent, number))

    def _fall(self, run: _Run, position: int, edges: Mapping[int, tuple[int, ...]]) -> Fall:
        number, at_s = run.by[position], run.down[position]
        if number is None:
            because = edges[position]
            mechanism = NO_WAY_LEFT
        else:
            group = self.groups[number]
            short_s = at_s - group.hold_s
            because = tuple(m for m in group.members if run.down.get(m, at_s + 1) <= short_s)
            mechanism = group.mechanism
        return Fall(self.keys[position], at_s, mechanism, tuple(self.keys[i] for i in because))

    def _reach_up(self, start: int) -> set[int]:
        reached, asked, wired = {start}, [start], False
        while asked:
            one = asked.pop()
            above = [self.groups[n].dependent for n in self._of_member.get(one, ())]
            if self._wiring.carries(one) and not wired:
                wired = True
                above.extend(self._wiring.ends)
            fresh = set(above) - reached
            reached |= fresh
            asked.extend(fresh)
        return reached - {start}


def derive(snapshot: Snapshot, schema: Schema, at_s: float | None = None) -> CausalGraph:
    """The causal graph of a snapshot, of the facts that hold at `at_s` (None: of all).

    Dependencies that run in a circle are broken by the rule of `twin.knowledge.knots`. Of a group
    that records fewer members than it needs, all are needed.
    """
    groups, operability = _needs(snapshot, schema, at_s)
    wiring = _wiring(snapshot, at_s)
    ranks = [schema.things[kind].rank if kind in schema.things else 0 for kind, _ in snapshot.keys]
    hub = len(ranks)
    edges = [
        Edge(member, group.dependent, group.kind, group.mechanism, group.hold_s, group.strength)
        for group in groups
        for member in group.members
    ]
    through = [Edge(one, hub, "", "", 0.0, 2.0) for one in sorted(wiring.carriers)]
    through += [Edge(hub, path, "", "", 0.0, 2.0) for path in sorted(wiring.ends)]
    broken = broken_edges([*edges, *through, *operability], [*ranks, _RANK_OF_LINKS], snapshot.keys)
    left_out: dict[tuple[int, str], set[int]] = {}
    index = snapshot.index
    for one in broken:
        left_out.setdefault((index[one.effect], one.kind), set()).add(index[one.cause])
    kept = [_without(group, left_out.get((group.dependent, group.kind), set())) for group in groups]
    return CausalGraph(
        snapshot.keys,
        [group for group in kept if group.members and group.enough > 0],
        wiring,
        broken,
        tuple((snapshot.keys[e.cause], snapshot.keys[e.effect]) for e in operability),
    )


_RANK_OF_LINKS = 7
"""Links and devices stand below this, paths above it."""


def _without(group: Group, left_out: set[int]) -> Group:
    """The group with what is left out taken to be up."""
    gone = left_out & set(group.members)
    if not gone:
        return group
    members = tuple(m for m in group.members if m not in gone)
    return replace(group, members=members, enough=group.enough - len(gone))


def _needs(
    snapshot: Snapshot, schema: Schema, at_s: float | None
) -> tuple[list[Group], list[Edge]]:
    groups: list[Group] = []
    operability: list[Edge] = []
    for kind, edges in snapshot.edges.items():
        need = schema.relations[kind].need if kind in schema.relations else None
        if need is None:
            continue
        members: dict[tuple[int, str], dict[int, None]] = {}
        said: dict[tuple[int, str], dict[str, float]] = {}
        given_by = [properties_of(value[1]) for value in edges.said.values]
        for source, target, code in _holding(edges, at_s):
            given = given_by[code]
            dependent, member = (source, target) if need.dependent == "source" else (target, source)
            if need.operability:
                hold_s = float(given.get("hold_s", 0.0))  # type: ignore[arg-type]  # a number
                operability.append(
                    Edge(member, dependent, kind, need.mechanism, hold_s, 0.0, operability=True)
                )
                continue
            name = (dependent, str(given.get("group", "")))
            members.setdefault(name, {})[member] = None
            for key, least in (("k", max), ("hold_s", min), ("strength", max)):
                if key in given:
                    value = float(given[key])  # type: ignore[arg-type]  # a number
                    known = said.setdefault(name, {})
                    known[key] = least(known.get(key, value), value)
        for name, of in members.items():
            known = said.get(name, {})
            enough = int(known.get("k", len(of) if need.enough is None else need.enough))
            groups.append(
                Group(
                    name[0],
                    kind,
                    tuple(of),
                    max(0, min(enough, len(of))),
                    need.mechanism,
                    known.get("hold_s", 0.0),
                    known.get("strength", 1.0),
                )
            )
    return groups, operability


def _holding(edges: Edges, at_s: float | None) -> Iterable[tuple[int, int, int]]:
    """Source, target and what is said, by code, of the relations that hold at `at_s`."""
    said = edges.said
    holds = [at_s is None or Provenance(*value[2:]).holds_at(at_s) for value in said.values]
    rows = zip(edges.sources.tolist(), edges.targets.tolist(), said.codes.tolist(), strict=True)
    return ((a, b, code) for a, b, code in rows if holds[code])


def _wiring(snapshot: Snapshot, at_s: float | None) -> Wiring:
    def pairs(kind: str) -> Iterable[tuple[int, int]]:
        if kind not in snapshot.edges:
            return
        yield from ((a, b) for a, b, _ in _holding(snapshot.edges[kind], at_s))

    device_of = {port: device for device, port in pairs("has_interface")}
    ends_of: dict[int, list[int]] = {}
    for port, link in pairs("terminates"):
        if port in device_of:
            ends_of.setdefault(link, []).append(device_of[port])
    asked: dict[int, list[int]] = {}
    for path, device in pairs("ends_at"):
        asked.setdefault(path, []).append(device)
    return Wiring(
        {link: (ends[0], ends[1]) for link, ends in ends_of.items() if len(ends) == 2},
        {path: (ends[0], ends[1]) for path, ends in asked.items() if len(ends) == 2},
    )
