"""What has lost its last alternative: it is up, and one more failure takes it down.

Followed along groups that have no member to spare and along the only link that still joins the ends
of a path. What two members of one group share is not seen here; single points of failure are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import networkx as nx

from twin.knowledge.causal import CausalGraph, Impact
from twin.knowledge.facts import ThingKey

ONLY_WAY = "its ends are joined by one way only"


@dataclass(frozen=True, slots=True)
class Weakness:
    """That a thing hangs on `left` alone. `lost`: alternatives that are down; none where it stands
    on what is weak itself.
    """

    mechanism: str
    left: tuple[ThingKey, ...]
    lost: tuple[ThingKey, ...] = ()


class Redundancy:
    """The alternatives of one causal graph."""

    def __init__(self, graph: CausalGraph) -> None:
        self._graph = graph
        self._of_member: dict[int, list[int]] = {}
        for number, group in enumerate(graph.groups):
            for member in group.members:
                self._of_member.setdefault(member, []).append(number)
        self._ending: dict[int, list[int]] = {}
        for path, ends in graph.wiring.ends.items():
            for end in ends:
                self._ending.setdefault(end, []).append(path)
        self._always = frozenset(self._on_one_link(frozenset()))

    def weakened(self, impact: Impact) -> dict[ThingKey, Weakness]:
        """What of the things that stay up has lost its last alternative through `impact`."""
        index, keys = self._graph.index, self._graph.keys
        down = frozenset(index[key] for key in (*impact.failed, *(f.thing for f in impact.falls)))
        found: dict[int, Weakness] = {}
        for number in {n for member in down for n in self._of_member.get(member, ())}:
            group = self._graph.groups[number]
            left = [m for m in group.members if m not in down]
            if group.dependent not in down and len(left) == group.enough:
                lost = [m for m in group.members if m in down]
                found[group.dependent] = self._weakness(group.mechanism, left, lost)
        links = sorted(link for link in self._graph.wiring.links if link in down) or sorted(down)
        for path, bridge in self._on_one_link(down).items():
            if path not in self._always and path not in down:
                found.setdefault(path, self._weakness(ONLY_WAY, [bridge], links))
        asked = list(found)
        while asked:
            weak = asked.pop()
            for dependent, mechanism in self._standing_on(weak, down):
                if dependent not in found and dependent not in down:
                    found[dependent] = self._weakness(mechanism, [weak], ())
                    asked.append(dependent)
        return {keys[i]: found[i] for i in sorted(found)}

    def _weakness(self, mechanism: str, left: Iterable[int], lost: Iterable[int]) -> Weakness:
        keys = self._graph.keys
        return Weakness(mechanism, tuple(keys[i] for i in left), tuple(keys[i] for i in lost))

    def _standing_on(self, member: int, down: frozenset[int]) -> Iterable[tuple[int, str]]:
        for number in self._of_member.get(member, ()):
            group = self._graph.groups[number]
            if sum(m not in down for m in group.members) == group.enough:
                yield group.dependent, group.mechanism
        for path in self._ending.get(member, ()):
            yield path, "one of its ends"

    def _on_one_link(self, down: frozenset[int]) -> dict[int, int]:
        """Paths whose ends one single link still joins, each with such a link."""
        joining: dict[tuple[int, int], list[int]] = {}
        for link, (a, b) in self._graph.wiring.links.items():
            if not down & {link, a, b}:
                joining.setdefault((min(a, b), max(a, b)), []).append(link)
        wires: nx.Graph[int] = nx.Graph()
        wires.add_edges_from(joining)
        found: Any = nx.bridges(wires)  # edges; networkx's types say nodes
        alone = {(min(a, b), max(a, b)) for a, b in found}
        bridges = {p: held[0] for p, held in joining.items() if p in alone and len(held) == 1}
        wires.remove_edges_from(bridges)
        part: dict[int, int] = {}
        for devices in nx.connected_components(wires):
            part |= dict.fromkeys(devices, min(devices))
        between: dict[int, list[tuple[int, int]]] = {}
        for (a, b), link in bridges.items():
            between.setdefault(part[a], []).append((part[b], link))
            between.setdefault(part[b], []).append((part[a], link))
        return dict(self._across(part, between))

    def _across(
        self, part: Mapping[int, int], between: Mapping[int, Sequence[tuple[int, int]]]
    ) -> Iterable[tuple[int, int]]:
        # What bridges join is a forest, so there is one way at most: it begins with this bridge.
        first: dict[int, dict[int, int]] = {}
        for path, (a, b) in self._graph.wiring.ends.items():
            one, other = part.get(a), part.get(b)
            if one is None or other is None or one == other:
                continue
            if one not in first:
                first[one] = _first_bridges(one, between)
            if other in first[one]:
                yield path, first[one][other]


def _first_bridges(start: int, between: Mapping[int, Sequence[tuple[int, int]]]) -> dict[int, int]:
    """By part that bridges lead to from `start`, the first bridge on the way."""
    found = dict(between.get(start, ()))
    asked = list(found)
    while asked:
        one = asked.pop()
        for other, _ in between[one]:
            if other != start and other not in found:
                found[other] = found[one]
                asked.append(other)
    return found
