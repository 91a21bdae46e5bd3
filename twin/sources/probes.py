"""Where to measure, so that a fault on a link shows in a set of probes that no other link shares.

The signature of a link is the set of probed node pairs whose healthy paths hold it, in either
direction. Two links with the same signature cannot be told apart by probes, and a link with an
empty one is not seen at all.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from twin.nouns.inventory import ProbePath
from twin.nouns.service import Service
from twin.nouns.traffic import TrafficClass
from twin.physics.compiled import CompiledTopology, IntArray
from twin.physics.routing import Routing, destinations_using

MAX_ADDED_PAIRS_PER_NODE = 2
"""Bound on pairs beyond those of services; each is two probes."""

MAX_CANDIDATES = 4000
"""Pairs that are considered; in large networks a random part of all."""

NodePair = tuple[int, int]
FlagArray = NDArray[np.bool_]


def chosen_probes(
    nodes: Sequence[str],
    services: Sequence[Service],
    compiled: CompiledTopology,
    routing: Routing,
    rng: np.random.Generator,
) -> tuple[ProbePath, ...]:
    """All service pairs in their class, and business probes both ways on greedily chosen pairs."""
    index = {node: i for i, node in enumerate(nodes)}
    probes = dict.fromkeys(
        ProbePath(source=a, target=b, traffic_class=service.traffic_class)
        for service in services
        for a, b in service.pairs
    )
    probed = {_unordered(index[p.source], index[p.target]) for p in probes}
    for a, b in _added_pairs(sorted(probed), _Paths(compiled, routing), rng):
        for source, target in ((a, b), (b, a)):
            probe = ProbePath(
                source=nodes[source], target=nodes[target], traffic_class=TrafficClass.BUSINESS
            )
            probes[probe] = None
    return tuple(probes)


def distinguishable_share(
    pairs: Sequence[NodePair], compiled: CompiledTopology, routing: Routing
) -> float:
    """Share of links that have a signature of their own under probes on `pairs`."""
    paths = _Paths(compiled, routing)
    looks = _Looks(compiled.n_arcs // 2)
    for pair in pairs:
        looks.split_by(np.flatnonzero(paths.hold(pair)))
    return float(np.mean((looks.group > 0) & (looks.size[looks.group] == 1)))


def _added_pairs(
    probed: Sequence[NodePair], paths: "_Paths", rng: np.random.Generator
) -> list[NodePair]:
    """Pairs besides `probed`, each splitting the most groups of links that look alike."""
    looks = _Looks(paths.n_links)
    for pair in probed:
        looks.split_by(np.flatnonzero(paths.hold(pair)))
    candidates = _candidates(paths.n_nodes, rng)
    held = np.empty((paths.n_links, len(candidates)), dtype=np.bool_)
    for i, pair in enumerate(candidates):
        held[:, i] = paths.hold(pair)
    gains = looks.splits(range(len(looks.size)), held)
    added: list[NodePair] = []
    while len(added) < MAX_ADDED_PAIRS_PER_NODE * paths.n_nodes:
        best = int(np.argmax(gains))
        if gains[best] == 0:
            break
        added.append(candidates[best])
        links = np.flatnonzero(held[:, best])
        # What another pair would split is the same but for the groups that this one splits.
        groups, known = np.unique(looks.group[links]).tolist(), len(looks.size)
        gains -= looks.splits(groups, held)
        looks.split_by(links)
        gains += looks.splits([*groups, *range(known, len(looks.size))], held)
    return added


class _Looks:
    """Links in groups of equal signature; group 0 is what no probe sees."""

    def __init__(self, n_links: int) -> None:
        self.group = np.zeros(n_links, dtype=np.int64)
        self.size = np.array([n_links], dtype=np.int64)

    def split_by(self, links: IntArray) -> None:
        for old in np.unique(self.group[links]):
            inside = links[self.group[links] == old]
            # Group 0 stays open to be left even when all of it leaves: its members are unseen.
            if old == 0 or len(inside) < self.size[old]:
                self.group[inside] = len(self.size)
                self.size[old] -= len(inside)
                self.size = np.append(self.size, len(inside))

    def splits(self, groups: Iterable[int], held: FlagArray) -> IntArray:
        """How many of `groups` each candidate would split; `held`: (n_links, candidates)."""
        found = np.zeros(held.shape[1], dtype=np.int64)
        for group in groups:
            inside = held[self.group == group].sum(axis=0)
            found += (inside > 0) & ((inside < self.size[group]) | (group == 0))
        return found


class _Paths:
    """The equal-cost paths of every pair; needs every row of the routing."""

    def __init__(self, compiled: CompiledTopology, routing: Routing) -> None:
        self.n_nodes, self.n_links = compiled.n_nodes, compiled.n_arcs // 2
        self._tail = compiled.tail
        self._distance = routing.distance
        self._used = destinations_using(routing, compiled.n_arcs)

    def hold(self, pair: NodePair) -> FlagArray:
        """Which links are on a path of the pair, in either direction: (n_links,)."""
        arcs = self._arcs(*pair) | self._arcs(*pair[::-1])
        return arcs[0::2] | arcs[1::2]

    def _arcs(self, source: int, target: int) -> FlagArray:
        distance = self._distance
        # A node is on the way where it costs nothing to go over it.
        on_way = distance[:, source] + distance[target] == distance[target, source]
        return np.asarray(self._used[target] & on_way[self._tail])


def _candidates(n: int, rng: np.random.Generator) -> list[NodePair]:
    first, second = np.triu_indices(n, 1)
    order = np.arange(first.size)
    if first.size > MAX_CANDIDATES:
        order = np.sort(rng.choice(first.size, size=MAX_CANDIDATES, replace=False))
    return [(int(first[i]), int(second[i])) for i in order]


def _unordered(a: int, b: int) -> NodePair:
    return (a, b) if a < b else (b, a)
