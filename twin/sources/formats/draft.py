"""A network as a reader collects it, and what every format needs done in the end."""

import math
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

import networkx as nx

from twin.errors import BadTopology
from twin.nouns.configuration import MAX_WIDE_METRIC
from twin.nouns.counted import counted
from twin.sources.formats.limits import (
    MOST_BPS,
    MOST_LINES,
    MOST_NODES,
    MOST_PARALLEL,
    refuse_many,
    refuse_odd_texts,
)
from twin.sources.geometry import degrees_of
from twin.sources.parsed import DemandUnit, ParsedGroup, ParsedLink, ParsedNetwork, ParsedNode

LISTED_TWICE = 0.75
"""Where so many of undirected lines have an opposite, each link was listed from both ends."""

FEW = 5
"""How many of a kind a remark names."""

MOST_MEMBERS = 10_000
"""More circuits in one bundle are a slip."""


@dataclass(frozen=True, slots=True)
class _Line:
    source: str
    target: str
    key: str
    label: str
    capacity_bps: float | None
    length_km: float | None
    weight: int | None
    weight_back: int | None
    members: int | None
    both_ways: bool


class Draft:
    """Collects nodes first, then lines, demands and groups by their keys in the source; `finish`
    gives the network.

    `name`: how errors call the source. `directed`: True where a line is one direction, False where
    each line is a link of its own, None where the source calls its lines undirected and may still
    list each from both ends.

    `finish` gives readable unique ids, makes one link of two opposite lines, numbers parallel
    links, leaves links from a node to itself out, and refuses what is not one connected network.

    Raises:
        BadTopology: from every method; the text names the source, the element and the rule.
    """

    def __init__(self, name: str, directed: bool | None = False) -> None:
        self.name = name
        self._directed = directed
        self._nodes: dict[str, ParsedNode] = {}
        self._lines: list[_Line] = []
        self._loops: list[str] = []
        self._demands: list[tuple[str, str, float]] = []
        self._demand_unit: DemandUnit = "relative"
        self._groups: list[tuple[str, tuple[str, ...]]] = []
        self._remarks: list[str] = []

    def add_node(
        self,
        key: str,
        label: str = "",
        *,
        position: tuple[float, float] | None = None,
        platform: str = "",
        role: str = "",
        management_address: str = "",
        hardware: str = "",
        software: str = "",
    ) -> None:
        """A node that lines call `key` and people call `label`, or `key` if that can be read.

        `position`: longitude and latitude in degrees, or x and y in kilometres on a plane.
        """
        texts = (platform, role, management_address, hardware, software)
        refuse_odd_texts((key, label, *texts), self.name)
        if key in self._nodes:
            raise BadTopology(f'{self.name}: node id "{key}" is used twice')
        refuse_many(len(self._nodes) + 1, MOST_NODES, "nodes or more", self.name)
        if position is not None and not all(map(math.isfinite, position)):
            raise BadTopology(f'{self.name}: position of node "{key}" is not finite')
        longitude, latitude = position or (None, None)
        self._nodes[key] = ParsedNode(_tidy(label) or _readable(key), longitude, latitude, *texts)

    def add_line(
        self,
        source: str,
        target: str,
        *,
        key: str = "",
        label: str = "",
        capacity_bps: float | None = None,
        length_km: float | None = None,
        weight: float | None = None,
        weight_back: float | None = None,
        members: int | None = None,
        both_ways: bool = True,
    ) -> None:
        """A line between two nodes, by their keys.

        `key`: what groups call it; lines of one key are members of the group together. `label`: how
        errors call it, `key` where it has none.

        `weight` is of the interface at `source`. Where lines are links, `weight_back` is of the one
        at `target`, and the same as `weight` if it is not given and a weight is of `both_ways`.
        """
        self._refuse_small()
        refuse_odd_texts((key, label), self.name)
        refuse_many(len(self._lines) + 1, MOST_LINES, "lines between nodes or more", self.name)
        called = f'link "{label or key or len(self._lines) + len(self._loops) + 1}"'
        for end in (source, target):
            self._known(end, f"{called} joins")
        if source == target:
            self._loops.append(self._nodes[source].id)
            return
        ends = f"{self._nodes[source].id} to {self._nodes[target].id}"
        where = f"{self.name}: {called} ({ends})"
        if capacity_bps is not None and not 1 <= capacity_bps <= MOST_BPS:
            raise BadTopology(
                f"{where} has capacity {capacity_bps:g} bit/s; it must be positive, from 1 to "
                f"{MOST_BPS:g} bit/s"
            )
        if length_km is not None and not 0 <= length_km < math.inf:
            raise BadTopology(f"{where} is {length_km:g} km long; it cannot be negative")
        if members is not None and not 1 <= members <= MOST_MEMBERS:
            raise BadTopology(f"{where} has {members} members, expected 1 to {MOST_MEMBERS}")
        self._lines.append(
            _Line(
                source,
                target,
                key,
                label,
                capacity_bps,
                length_km,
                _whole_weight(weight, where),
                _whole_weight(weight_back, where),
                members,
                both_ways,
            )
        )

    def add_demand(self, source: str, target: str, value: float) -> None:
        """What `source` sends to `target`, in the unit that `demands_are_in` says."""
        for key, what in ((source, "starts"), (target, "ends")):
            self._known(key, f"a demand {what} at")
        if not 0 <= value <= MOST_BPS:
            raise BadTopology(
                f'{self.name}: demand from "{source}" to "{target}" is {value:g}, below zero or '
                f"above {MOST_BPS:g}"
            )
        if source != target and value > 0:
            self._demands.append((source, target, value))

    def demands_are_in(self, unit: DemandUnit) -> None:
        """Say the unit of all demands; "relative" until it is said."""
        self._demand_unit = unit

    def add_group(self, group: str, lines: Iterable[str]) -> None:
        """Lines, by their keys, that fail together."""
        refuse_odd_texts((group,), self.name)
        self._groups.append((group, tuple(lines)))

    def remark(self, text: str) -> None:
        """Something that people should know of how the source was read, as a sentence."""
        text = text.encode("utf-8", "backslashreplace").decode()
        if text not in self._remarks:
            self._remarks.append(text)

    def finish(self) -> ParsedNetwork:
        """The network."""
        self._refuse_small()
        ids = self._readable_ids()
        if self._loops:
            self.remark(f"{_count(self._loops, 'link')} from a node to itself left out")
        joined = self._joined()
        self._refuse_many_parallel(line for line, _ in joined)
        link_ids = _link_ids([(ids[line.source], ids[line.target]) for line, _ in joined])
        links = tuple(
            self._link(link_id, ids, line, back)
            for link_id, (line, back) in zip(link_ids, joined, strict=True)
        )
        _refuse_disconnected(list(ids.values()), links, self.name)
        return ParsedNetwork(
            name=self.name,
            nodes=self._placed(ids),
            links=links,
            demands=tuple((ids[a], ids[b], value) for a, b, value in self._demands),
            demand_unit=self._demand_unit,
            groups=self._grouped(link_ids, joined),
            remarks=tuple(self._remarks),
        )

    def _refuse_many_parallel(self, lines: Iterable[_Line]) -> None:
        between = Counter(frozenset((line.source, line.target)) for line in lines)
        ends, most = max(between.items(), key=lambda pair: pair[1], default=(frozenset(), 0))
        refuse_many(
            most,
            MOST_PARALLEL,
            f"links between {' and '.join(sorted(self._nodes[end].id for end in ends))}",
            self.name,
            'write a bundle as one link with "members"',
        )

    def _refuse_small(self) -> None:
        if not self._nodes:
            raise BadTopology(f"{self.name}: it has no nodes")
        if len(self._nodes) == 1:
            raise BadTopology(f"{self.name}: it has one node only; at least two are needed")

    def _known(self, key: str, what: str) -> None:
        if key in self._nodes:
            return
        near = get_close_matches(key, [*self._nodes, *(n.id for n in self._nodes.values())], n=1)
        hint = f' (did you mean "{near[0]}"?)' if near else ""
        raise BadTopology(f'{self.name}: {what} "{key:.80}", which is not a node{hint}')

    def _readable_ids(self) -> dict[str, str]:
        """Id of each node by its key; the key stands behind names that repeat."""
        counts = Counter(node.id for node in self._nodes.values())
        ids = {
            key: node.id if counts[node.id] == 1 else f"{node.id}-{_tidy(key)}"
            for key, node in self._nodes.items()
        }
        if len(set(ids.values())) == len(ids):
            return ids
        # A name such as "Oslo-3" may clash with the third of two nodes called "Oslo".
        ids = {key: f"{node.id}-{_tidy(key)}" for key, node in self._nodes.items()}
        if len(set(ids.values())) == len(ids):
            return ids
        return {key: f"{node.id}-{i}" for i, (key, node) in enumerate(self._nodes.items())}

    def _placed(self, ids: dict[str, str]) -> tuple[ParsedNode, ...]:
        places = degrees_of([node.position for node in self._nodes.values()])
        return tuple(
            replace(
                node,
                id=ids[key],
                longitude=None if place is None else place[0],
                latitude=None if place is None else place[1],
            )
            for (key, node), place in zip(self._nodes.items(), places, strict=True)
        )

    def _joined(self) -> list[tuple[_Line, _Line | None]]:
        """Each link as its line, and the opposite line where the source has one.

        In the order of the first of the two.
        """
        if self._directed is False:
            return [(line, None) for line in self._lines]
        pairs: dict[frozenset[str], list[int]] = defaultdict(list)
        for number, line in enumerate(self._lines):
            pairs[frozenset((line.source, line.target))].append(number)
        back_of: dict[int, int] = {}
        for numbers in pairs.values():
            back_of |= _opposite(numbers, self._lines)
        backs = set(back_of.values())
        if self._directed is None:
            if 2 * len(back_of) < LISTED_TWICE * len(self._lines) or not back_of:
                if back_of:
                    self.remark(
                        "lines that run opposite ways between the same two nodes are links of "
                        f"their own, since most lines have no opposite: {2 * len(back_of)} of "
                        f"{len(self._lines)}"
                    )
                return [(line, None) for line in self._lines]
            self.remark(
                f"{len(back_of)} links are listed once from each end; the two lines are one link"
            )
        uneven = [
            self._ends(line)
            for number, line in enumerate(self._lines)
            if number in back_of and len(set(_capacities(line, self._lines[back_of[number]]))) > 1
        ]
        if uneven:
            self.remark(
                f"{_count(uneven, 'link')} with another capacity in each direction: the smaller "
                "one counts for both"
            )
        alone = [
            self._ends(line)
            for number, line in enumerate(self._lines)
            if number not in back_of and number not in backs
        ]
        if alone and back_of:
            self.remark(f"{_count(alone, 'line')} without an opposite read as links both ways")
        elif alone:
            self.remark("each line is one direction without an opposite; read as links both ways")
        return [
            (line, self._lines[back_of[number]] if number in back_of else None)
            for number, line in enumerate(self._lines)
            if number not in backs
        ]

    def _ends(self, line: _Line) -> str:
        return f"{self._nodes[line.source].id} to {self._nodes[line.target].id}"

    def _link(
        self, link_id: str, ids: dict[str, str], line: _Line, back: _Line | None
    ) -> ParsedLink:
        if back is None:
            weight_back = line.weight_back
            # A line of one direction says nothing of the other.
            if weight_back is None and line.both_ways and not self._directed:
                weight_back = line.weight
            capacity_bps, length_km, members = line.capacity_bps, line.length_km, line.members
        else:
            weight_back = back.weight
            capacity_bps = min(_capacities(line, back), default=None)
            length_km = back.length_km if line.length_km is None else line.length_km
            members = back.members if line.members is None else line.members
        return ParsedLink(
            id=link_id,
            a=ids[line.source],
            b=ids[line.target],
            length_km=length_km,
            capacity_bps=capacity_bps,
            weight=line.weight,
            weight_back=weight_back,
            members=members,
        )

    def _grouped(
        self, link_ids: Sequence[str], joined: Sequence[tuple[_Line, _Line | None]]
    ) -> tuple[ParsedGroup, ...]:
        by_key: dict[str, dict[str, None]] = defaultdict(dict)
        for link_id, lines in zip(link_ids, joined, strict=True):
            for line in lines:
                if line is not None and line.key:
                    by_key[line.key][link_id] = None
        groups = []
        for group, keys in self._groups:
            for key in keys:
                if key not in by_key:
                    near = get_close_matches(key, by_key, n=1)
                    hint = f' (did you mean "{near[0]}"?)' if near else ""
                    raise BadTopology(
                        f'{self.name}: shared-risk group "{group}" names "{key:.80}", which is '
                        f"not a link{hint}"
                    )
            found = dict.fromkeys(link for key in keys for link in by_key[key])
            groups.append(ParsedGroup(group, tuple(found)))
        return tuple(groups)


def _tidy(text: str) -> str:
    # "|" stands between the node and the link of an interface (`Interface`).
    return " ".join(text.replace("|", "/").split())


def _readable(key: str) -> str:
    tidy = _tidy(key)
    return f"node-{tidy}" if tidy.isdigit() or not tidy else tidy


def _whole_weight(weight: float | None, where: str) -> int | None:
    if weight is None:
        return None
    if not 1 <= weight <= MAX_WIDE_METRIC or weight % 1:
        raise BadTopology(
            f"{where} has weight {weight:g}, expected a whole number in 1..{MAX_WIDE_METRIC}"
        )
    return int(weight)


def _count(things: Sequence[str], noun: str) -> str:
    few = ", ".join(things[:FEW])
    more = ", ..." if len(things) > FEW else ""
    return f"{counted(len(things), noun)} ({few}{more})"


def _capacities(line: _Line, back: _Line) -> list[float]:
    return [x.capacity_bps for x in (line, back) if x.capacity_bps is not None]


def _link_ids(ends: Iterable[tuple[str, str]]) -> list[str]:
    used: Counter[str] = Counter()
    ids = []
    for a, b in ends:
        # One id for both directions in which a parallel link may be listed.
        plain = f"{a}--{b}" if f"{b}--{a}" not in used else f"{b}--{a}"
        used[plain] += 1
        ids.append(plain if used[plain] == 1 else f"{plain}#{used[plain]}")
    return ids


_ALIKE: tuple[Callable[[_Line], tuple[object, ...]], ...] = (
    lambda line: (line.label, line.capacity_bps, line.length_km),
    lambda line: (line.capacity_bps, line.length_km),
    lambda _: (),
)


def _opposite(numbers: Sequence[int], lines: Sequence[_Line]) -> dict[int, int]:
    """Which later line is the other direction of which earlier one, among lines of one node pair.

    Lines of the same label are two directions of one link rather than lines that merely agree in
    capacity and length, and these rather than any two.
    """
    found: dict[int, int] = {}
    left = list(numbers)
    for alike in _ALIKE:
        waiting: dict[tuple[object, ...], deque[int]] = defaultdict(deque)
        for number in left:
            line = lines[number]
            opposite = waiting[(line.target, *alike(line))]
            if opposite:
                found[opposite.popleft()] = number
            else:
                waiting[(line.source, *alike(line))].append(number)
        used = {*found, *found.values()}
        left = [number for number in left if number not in used]
    return found


def _refuse_disconnected(ids: Sequence[str], links: Sequence[ParsedLink], name: str) -> None:
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(ids)
    graph.add_edges_from((link.a, link.b) for link in links)
    parts = sorted(nx.connected_components(graph), key=len)
    if len(parts) > 1:
        alone, rest = min(parts[0]), min(parts[-1])
        raise BadTopology(
            f'{name}: not connected: there is no path from "{alone}" to "{rest}" '
            f"({len(parts)} parts, the smallest has {len(parts[0])} of {len(ids)} nodes)"
        )
