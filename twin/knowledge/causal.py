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

from twin.knowledge.facts import Provenance, ThingKey, UnknownThing
from twin.knowledge.knots import BrokenEdge, Edge, broken_edges
from twin.knowledge.schema import Schema
from twin.knowledge.snapshot import Snapshot, properties_of

NO_WAY_LEFT = "its ends do not reach each other any more"

MOST_TRIED = 500
"""So many causes of a set of symptoms are tried, those first that could touch most of them."""


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
        wiring: "Wiring",
        broken: tuple[BrokenEdge, ...] = (),
        operability: tuple[tuple[ThingKey, ThingKey], ...] = (),
    ) -> None:
        self.keys, self.groups, self.broken = keys, groups, broken
        self.operability = operability
        self._wiring = wiring
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
    def wiring(self) -> "Wiring":
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
        falls = [self._fall(run, p) for p in run.down if p not in start]
        return Impact(failed, tuple(sorted(falls, key=lambda f: (f.at_s, f.thing))))

    def single_points(self, of: str = "service") -> dict[ThingKey, tuple[str, ...]]:
        """Each thing whose failure alone takes things of kind `of` down, and which."""
        wanted = {i for i, (kind, _) in enumerate(self.keys) if kind == of}
        found: dict[ThingKey, tuple[str, ...]] = {}
        for position, key in enumerate(self.keys):
            if position in wanted or not self._may_matter(position):
                continue
            hit = wanted & self._run([position]).down.keys()
            if hit:
                found[key] = tuple(sorted(self.keys[i][1] for i in hit))
        return found

    def could_touch(self, thing: ThingKey) -> frozenset[ThingKey]:
        """All that stands on a thing in any way, redundancy left aside: far more than goes down."""
        reached = self._reach_up(self._position(thing))
        return frozenset(self.keys[i] for i in reached)

    def causes(self, symptoms: Iterable[ThingKey], most: int = 5) -> tuple[RankedCause, ...]:
        """Single failures that would take `symptoms` down, and of their kinds little else.

        Ranked by the Jaccard index of what goes down and the symptoms. MOST_TRIED candidates are
        tried, those first that could touch most of the symptoms.

        Raises:
            UnknownThing: a symptom is not in the graph.
        """
        seen = {self._position(thing) for thing in symptoms}
        kinds = {self.keys[i][0] for i in seen}
        counts: dict[int, int] = {}
        for symptom in seen:
            for cause in self._reach_down(symptom):
                counts[cause] = counts.get(cause, 0) + 1
        tried = heapq.nsmallest(MOST_TRIED, counts, key=lambda i: (-counts[i], self.keys[i]))
        found = []
        for cause in tried:
            hit = {i for i in self._run([cause]).down if self.keys[i][0] in kinds}
            if both := hit & seen:
                explains = tuple(sorted(self.keys[i] for i in both))
                found.append(RankedCause(self.keys[cause], explains, len(both) / len(hit | seen)))
        found.sort(key=lambda c: (-c.jaccard, c.thing))
        return tuple(found[:most])

    def _position(self, thing: ThingKey) -> int:
        if thing not in self.index:
            raise UnknownThing(*thing, [name for kind, name in self.keys if kind == thing[0]])
        return self.index[thing]

    def _may_matter(self, position: int) -> bool:
        return position in self._of_member or self._wiring.carries(position)

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
                for path in self._wiring.cut(run.down):
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

    def _fall(self, run: _Run, position: int) -> Fall:
        number, at_s = run.by[position], run.down[position]
        if number is None:
            because = self._wiring.cut_by(position, run.down)
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

    def _reach_down(self, start: int) -> set[int]:
        reached, asked, wired = {start}, [start], False
        while asked:
            one = asked.pop()
            below = [m for n in self._of_dependent.get(one, ()) for m in self.groups[n].members]
            if one in self._wiring.ends and not wired:
                wired = True
                below.extend(self._wiring.carriers)
            fresh = set(below) - reached
            reached |= fresh
            asked.extend(fresh)
        return reached


class Wiring:
    """The link graph, and the paths that ask it.

    `ends`: the two devices of each path. `links`: the two devices of each link.
    """

    def __init__(
        self, links: Mapping[int, tuple[int, int]], ends: Mapping[int, tuple[int, int]]
    ) -> None:
        self.links = links
        self._at: dict[int, list[tuple[int, int]]] = {}
        for link, (a, b) in links.items():
            self._at.setdefault(a, []).append((link, b))
            self._at.setdefault(b, []).append((link, a))
        self.ends: Mapping[int, tuple[int, int]] = dict(ends)
        # What the records do not join has not been cut.
        self.never_joined = frozenset(self.cut({}))
        self.ends = {path: two for path, two in ends.items() if path not in self.never_joined}
        self.carriers = frozenset({*links, *self._at, *(d for two in ends.values() for d in two)})

    def carries(self, position: int) -> bool:
        """Whether it is a link or a device, so that paths may hang on it."""
        return position in self.carriers

    def cut(self, down: Mapping[int, float]) -> list[int]:
        """The paths whose ends do not reach each other without what is down."""
        part: dict[int, int] = {}
        cut = []
        for path, (a, b) in self.ends.items():
            if a in down or b in down:
                cut.append(path)
                continue
            if a not in part:
                for device in self._part_of(a, down):
                    part[device] = a
            if part.get(b) != part[a]:
                cut.append(path)
        return cut

    def cut_by(self, path: int, down: Mapping[int, float]) -> tuple[int, ...]:
        """The links and devices that are down at the edge of what one end still reaches."""
        a, b = self.ends[path]
        if fallen := [end for end in (a, b) if end in down]:
            return tuple(fallen)
        part = self._part_of(a, down)
        edge: set[int] = set()
        for device in part:
            for link, other in self._at.get(device, ()):
                if link in down and other not in part:
                    edge.add(link)
                elif other in down:
                    edge.add(other)
        return tuple(sorted(edge))

    def _part_of(self, start: int, down: Mapping[int, float]) -> set[int]:
        reached, asked = {start}, [start]
        while asked:
            for link, other in self._at.get(asked.pop(), ()):
                if other not in reached and other not in down and link not in down:
                    reached.add(other)
                    asked.append(other)
        return reached


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
        ends = zip(edges.sources.tolist(), edges.targets.tolist(), edges.rows, strict=True)
        for source, target, row in ends:
            if at_s is not None and not Provenance(*row[4:]).holds_at(at_s):
                continue
            dependent, member = (source, target) if need.dependent == "source" else (target, source)
            given = properties_of(row[3]) if row[3] else {}
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


def _wiring(snapshot: Snapshot, at_s: float | None) -> Wiring:
    def pairs(kind: str) -> Iterable[tuple[int, int]]:
        if kind not in snapshot.edges:
            return
        edges = snapshot.edges[kind]
        ends = zip(edges.sources.tolist(), edges.targets.tolist(), edges.rows, strict=True)
        for source, target, row in ends:
            if at_s is None or Provenance(*row[4:]).holds_at(at_s):
                yield source, target

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
