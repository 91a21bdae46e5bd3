"""Where to measure, so that a fault on a link shows in a set of probes that no other link shares.

The signature of a link is the set of probed node pairs whose healthy paths hold it, in either
direction. Two links with the same signature cannot be told apart by probes, and a link with an
empty one is not seen at all.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from twin.nouns.inventory import ProbePath
from twin.nouns.service import Service
from twin.nouns.traffic import TrafficClass
from twin.physics.routing import Routing

MAX_ADDED_PAIRS_PER_NODE = 2
"""Bound on pairs beyond those of services; each is two probes."""

MAX_CANDIDATES = 4000
"""Pairs that are considered; in large networks a random part of all."""

NodePair = tuple[int, int]


def chosen_probes(
    nodes: Sequence[str],
    services: Sequence[Service],
    routing: Routing,
    head: NDArray[np.int64],
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
    for a, b in added_pairs(sorted(probed), routing, head, rng):
        for source, target in ((a, b), (b, a)):
            probe = ProbePath(
                source=nodes[source], target=nodes[target], traffic_class=TrafficClass.BUSINESS
            )
            probes[probe] = None
    return tuple(probes)


def added_pairs(
    probed: Sequence[NodePair],
    routing: Routing,
    head: NDArray[np.int64],
    rng: np.random.Generator,
) -> list[NodePair]:
    """Pairs besides `probed`, each splitting the most groups of links that look alike."""
    n, n_links = routing.distance.shape[1], len(head) // 2
    looks = _Looks(n_links)
    for pair in probed:
        looks.split_by(links_between(pair, routing, head))
    candidates = _candidates(n, rng)
    touched = [links_between(pair, routing, head) for pair in candidates]
    added: list[NodePair] = []
    while len(added) < MAX_ADDED_PAIRS_PER_NODE * n:
        gains = looks.gains(touched)
        best = int(np.argmax(gains))
        if gains[best] == 0:
            break
        added.append(candidates[best])
        looks.split_by(touched[best])
    return added


class _Looks:
    """Links in groups of equal signature; group 0 is what no probe sees."""

    def __init__(self, n_links: int) -> None:
        self.group = np.zeros(n_links, dtype=np.int64)
        self.size = np.array([n_links], dtype=np.int64)

    def split_by(self, links: NDArray[np.int64]) -> None:
        for old in np.unique(self.group[links]):
            inside = links[self.group[links] == old]
            # Group 0 stays open to be left even when all of it leaves: its members are unseen.
            if old == 0 or len(inside) < self.size[old]:
                self.group[inside] = len(self.size)
                self.size[old] -= len(inside)
                self.size = np.append(self.size, len(inside))

    def gains(self, touched: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
        """How many groups each candidate would split."""
        found = np.zeros(len(touched), dtype=np.int64)
        for i, links in enumerate(touched):
            groups, counts = np.unique(self.group[links], return_counts=True)
            found[i] = np.count_nonzero((counts < self.size[groups]) | (groups == 0))
        return found


def distinguishable_share(
    pairs: Sequence[NodePair], routing: Routing, head: NDArray[np.int64]
) -> float:
    """Share of links that have a signature of their own under probes on `pairs`."""
    looks = _Looks(len(head) // 2)
    for pair in pairs:
        looks.split_by(links_between(pair, routing, head))
    return float(np.mean((looks.group > 0) & (looks.size[looks.group] == 1)))


def links_between(pair: NodePair, routing: Routing, head: NDArray[np.int64]) -> NDArray[np.int64]:
    """Links on any equal-cost path of the pair, both directions, sorted; needs every row."""
    links: set[int] = set()
    for source, target in (pair, pair[::-1]):
        seen, stack = {source}, [source]
        while stack:
            for arc in routing.next_hop_arcs(target, stack.pop()):
                links.add(arc // 2)
                beyond = int(head[arc])
                if beyond not in seen:
                    seen.add(beyond)
                    stack.append(beyond)
    return np.array(sorted(links), dtype=np.int64)


def _candidates(n: int, rng: np.random.Generator) -> list[NodePair]:
    first, second = np.triu_indices(n, 1)
    order = np.arange(first.size)
    if first.size > MAX_CANDIDATES:
        order = np.sort(rng.choice(first.size, size=MAX_CANDIDATES, replace=False))
    return [(int(first[i]), int(second[i])) for i in order]


def _unordered(a: int, b: int) -> NodePair:
    return (a, b) if a < b else (b, a)
