"""Dependencies that run in a circle: found, and broken by a rule that is stated for each.

Within a knot (a strongly connected part), in this order, until none is left:

1. needs for operation go: they decide whether a remedy can be applied, and take nothing down;
2. edges against the order of the layers go, such as cooling -> UPS;
3. the weakest edge goes; of equal ones the first by kind and ids.

An edge that goes and has a hold time is physics with a delay: it stays in the record, for the twin.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import networkx as nx

from twin.knowledge.facts import ThingKey

Rule = Literal["operability", "against the layers", "weakest"]


@dataclass(frozen=True, slots=True)
class Edge:
    """That `effect` needs `cause`; both are positions. `strength` above 1 never goes."""

    cause: int
    effect: int
    kind: str
    mechanism: str
    hold_s: float
    strength: float
    operability: bool = False


@dataclass(frozen=True, slots=True)
class BrokenEdge:
    """An edge that was left out of a knot of `size` things, and by which rule."""

    kind: str
    cause: ThingKey
    effect: ThingKey
    rule: Rule
    mechanism: str
    hold_s: float
    size: int

    @property
    def is_timed(self) -> bool:
        """Whether it is physics with a delay, which the twin's cascades have to know."""
        return self.hold_s > 0 and self.rule != "operability"


def broken_edges(
    edges: Sequence[Edge], ranks: Sequence[int], keys: Sequence[ThingKey]
) -> tuple[BrokenEdge, ...]:
    """What has to go so that no circle is left, in order of cause and effect.

    `ranks`: of the layer of each position. `keys`: names of positions; what has none is no thing.
    """
    left = _in_circles(edges)
    gone: list[BrokenEdge] = []
    while left:
        knots = _knots(left)
        inside = [edge for edge in left if knots.get(edge.cause, -1) == knots.get(edge.effect, -2)]
        rule, going = _going(inside, ranks, keys, knots)
        sizes: dict[int, int] = {}
        for knot in knots.values():
            sizes[knot] = sizes.get(knot, 0) + 1
        gone += [
            BrokenEdge(
                edge.kind,
                keys[edge.cause],
                keys[edge.effect],
                rule,
                edge.mechanism,
                edge.hold_s,
                sizes[knots[edge.cause]],
            )
            for edge in going
        ]
        dropped = set(map(id, going))
        left = _in_circles([edge for edge in inside if id(edge) not in dropped])
    return tuple(sorted(gone, key=lambda one: (one.cause, one.effect, one.kind)))


def _going(
    inside: Sequence[Edge],
    ranks: Sequence[int],
    keys: Sequence[ThingKey],
    knots: dict[int, int],
) -> tuple[Rule, list[Edge]]:
    if going := [edge for edge in inside if edge.operability]:
        return "operability", going
    against = [e for e in inside if ranks[e.cause] > ranks[e.effect] and e.strength <= 1]
    if against:
        return "against the layers", against
    weakest: dict[int, Edge] = {}

    def order(edge: Edge) -> tuple[float, str, ThingKey, ThingKey]:
        return edge.strength, edge.kind, keys[edge.cause], keys[edge.effect]

    for edge in inside:
        if edge.strength > 1:
            continue
        knot = knots[edge.cause]
        if knot not in weakest or order(edge) < order(weakest[knot]):
            weakest[knot] = edge
    return "weakest", list(weakest.values())


def _in_circles(edges: Sequence[Edge]) -> list[Edge]:
    """The edges without those that lead only away from circles or only into them."""
    left = list(edges)
    while True:
        causes, effects = {e.cause for e in left}, {e.effect for e in left}
        both = causes & effects
        kept = [e for e in left if e.cause in both and e.effect in both]
        if len(kept) == len(left):
            return kept
        left = kept


def _knots(edges: Sequence[Edge]) -> dict[int, int]:
    """The number of the knot of each position that is in one."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_edges_from((edge.cause, edge.effect) for edge in edges)
    found: dict[int, int] = {}
    for number, part in enumerate(nx.strongly_connected_components(graph)):
        if len(part) > 1 or any(graph.has_edge(one, one) for one in part):
            found.update(dict.fromkeys(part, number))
    return found
