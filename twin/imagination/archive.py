"""Of every sort of scenario, the worst that was found (MAP-Elites).

Source: Mouret and Clune, Illuminating search spaces by mapping elites, 2015; the score is that of
Pugh, Soros and Stanley, Quality diversity, 2016.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import comb

import networkx as nx

from twin.imagination.generators.generator import Point
from twin.imagination.strikes import CHANGES, Change, Strike
from twin.nouns.risk_scenario import MOST_EVENTS
from twin.nouns.topology import Topology

DEEPEST = 5
"""Chains of so many events and more are one depth."""

MOST_REGIONS = 6


@dataclass(frozen=True, slots=True)
class Cell:
    """A sort of scenario. `changes`: what its initial events change of the network, sorted.
    `depth`: of its chain, 1 to DEEPEST. `region`: where most of it is.
    """

    changes: tuple[Change, ...]
    depth: int
    region: int


def cell_of(events: Sequence[Strike], depth: int, regions: Mapping[str, int]) -> Cell:
    """The sort of a scenario with these initial events; `regions`: the region of each node. That in
    which they touch most nodes is its own, the first of several.
    """
    touched = Counter(regions[node] for event in events for node in event.nodes)
    region = min(touched, key=lambda number: (-touched[number], number))
    changes = tuple(sorted({event.changes for event in events}))
    return Cell(changes, min(depth, DEEPEST), region)


@dataclass(slots=True)
class Archive:
    """`regions`: how many there are. `elites`: of each cell the worst, with what it costs."""

    regions: int
    elites: dict[Cell, tuple[Point, float]] = field(default_factory=dict)

    def put(self, cell: Cell, point: Point, cost: float) -> bool:
        """Whether `point` is the worst of its cell so far; one that costs nothing never is."""
        if cost <= 0.0 or (cell in self.elites and self.elites[cell][1] >= cost):
            return False
        self.elites[cell] = point, cost
        return True

    @property
    def cells(self) -> int:
        """How many there are."""
        most = min(MOST_EVENTS, len(CHANGES))
        sorts = sum(comb(len(CHANGES), size) for size in range(1, most + 1))
        return sorts * DEEPEST * self.regions

    @property
    def coverage(self) -> float:
        """The share of cells that have an elite."""
        return len(self.elites) / self.cells

    @property
    def qd_score(self) -> float:
        """What all elites cost."""
        return sum(cost for _, cost in self.elites.values())


def regions_of(topology: Topology) -> dict[str, int]:
    """Each node, with the number of its region: communities of nodes that are linked more among
    themselves than to others (greedy modularity), the largest first.
    """
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(node.id for node in topology.nodes)
    graph.add_edges_from((link.a, link.b) for link in topology.links)
    most = min(MOST_REGIONS, graph.number_of_nodes())
    apart = nx.number_connected_components(graph)
    found = nx.community.greedy_modularity_communities(graph, best_n=max(most, apart))
    return {node: number for number, nodes in enumerate(found) for node in sorted(nodes)}
