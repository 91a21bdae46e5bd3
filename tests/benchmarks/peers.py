"""What others would write: all-pairs ECMP link loads with NetworkX, and with SciPy and NumPy.

A peer takes a network once, and then failed links, for which it routes everything again. No two
links of the network may join the same nodes.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

import networkx as nx
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from twin.physics.compiled import CompiledTopology, FloatArray, IntArray


class Peer(Protocol):
    """From the links that are down to the offered load of each arc, (n_arcs,)."""

    def __call__(self, down: Sequence[int]) -> FloatArray: ...


class NetworkXPeer:
    """One Dijkstra DAG per destination, and flow pushed down it in the order of distance."""

    def __init__(self, compiled: CompiledTopology, weights: IntArray, demand: FloatArray) -> None:
        """`demand`: (n, n), [source, target]."""
        # Against the arcs, so that the search from a destination finds who can reach it.
        self._ends = list(zip(compiled.head.tolist(), compiled.tail.tolist(), strict=True))
        self._arc_of = {ends: arc for arc, ends in enumerate(self._ends)}
        self._demand = demand.T.tolist()
        self._graph: nx.DiGraph[int] = nx.DiGraph()
        self._graph.add_nodes_from(range(compiled.n_nodes))
        self._graph.add_weighted_edges_from(
            (*ends, weight) for ends, weight in zip(self._ends, weights.tolist(), strict=True)
        )

    def __call__(self, down: Sequence[int]) -> FloatArray:
        """Offered load of each arc while `down` are."""
        ends = [self._ends[arc] for link in down for arc in (2 * link, 2 * link + 1)]
        kept = [(*pair, self._graph.edges[pair]["weight"]) for pair in ends]
        self._graph.remove_edges_from(ends)
        loads = self._loads()
        self._graph.add_weighted_edges_from(kept)
        return loads

    def _loads(self) -> FloatArray:
        loads, arc_of = [0.0] * len(self._ends), self._arc_of
        for target, demand in enumerate(self._demand):
            hops_of, distance = nx.dijkstra_predecessor_and_distance(self._graph, target)
            flow = demand.copy()
            # Dijkstra settles the nearest first, and a dict keeps the order.
            for node in reversed(distance):
                hops = hops_of[node]
                if hops:
                    share = flow[node] / len(hops)
                    for hop in hops:
                        loads[arc_of[hop, node]] += share
                        flow[hop] += share
        return np.array(loads)


class _SciPy(ABC):
    """Distances to all destinations from csgraph, whatever is made of them."""

    def __init__(self, compiled: CompiledTopology, weights: IntArray, demand: FloatArray) -> None:
        """`demand`: (n, n), [source, target]."""
        self._tail, self._head = compiled.tail, compiled.head
        self._weights, self._demand = weights.astype(np.float64), demand

    def __call__(self, down: Sequence[int]) -> FloatArray:
        """Offered load of each arc while `down` are."""
        up = np.ones(len(self._tail), dtype=np.bool_)
        for link in down:
            up[2 * link : 2 * link + 2] = False
        loads = np.zeros(len(up))
        loads[up] = self._loads(self._tail[up], self._head[up], self._weights[up])
        return loads

    def _distance(self, tail: IntArray, head: IntArray, weights: FloatArray) -> FloatArray:
        """From each node to each destination, (n, n)."""
        n = len(self._demand)
        return np.ascontiguousarray(dijkstra(csr_array((weights, (head, tail)), shape=(n, n))).T)

    @abstractmethod
    def _loads(self, tail: IntArray, head: IntArray, weights: FloatArray) -> FloatArray: ...


class SciPyPeer(_SciPy):
    """ECMP as arrays of arcs by destinations: at each distance, who is there passes on its flow."""

    def _loads(self, tail: IntArray, head: IntArray, weights: FloatArray) -> FloatArray:
        distance = self._distance(tail, head, weights)
        n, ones, arcs = len(distance), np.ones(len(tail)), np.arange(len(tail))
        leaving = csr_array((ones, (tail, arcs)), shape=(n, len(arcs)))
        entering = csr_array((ones, (head, arcs)), shape=(n, len(arcs)))
        away = distance[tail]
        used = (away == distance[head] + weights[:, None]) & np.isfinite(away)
        part = used / np.maximum(leaving @ used.astype(np.float64), 1.0)[tail]
        flow, loads = self._demand.copy(), np.zeros(len(arcs))
        for level in np.unique(distance[np.isfinite(distance)])[:0:-1]:
            share = np.where(away == level, part * flow[tail], 0.0)
            loads += share.sum(axis=1)
            flow += entering @ share
        return loads


class SortedSciPyPeer(_SciPy):
    """The same on nothing but the arcs of the DAGs, sorted by distance beforehand.

    A good deal more thought than most would give it.
    """

    def _loads(self, tail: IntArray, head: IntArray, weights: FloatArray) -> FloatArray:
        distance = self._distance(tail, head, weights)
        n = len(distance)
        away = distance[tail]
        used = away == distance[head] + weights[:, None]
        used &= np.isfinite(away)
        entry = np.flatnonzero(used)
        levels, level = np.unique(away.ravel()[entry], return_inverse=True)
        # Of 16 bits at most, NumPy sorts by radix.
        small = np.uint16 if len(levels) < 1 << 16 else np.uint32
        entry = entry[np.argsort((len(levels) - 1 - level).astype(small), kind="stable")]
        ends = np.cumsum(np.bincount(level, minlength=len(levels))[::-1])
        arc, target = np.divmod(entry, n)
        source, ahead = tail[arc] * n + target, head[arc] * n + target
        part = 1.0 / np.bincount(source, minlength=n * n)[source]
        flow, share = self._demand.ravel().copy(), np.empty(len(entry))
        begin = 0
        for end in ends.tolist():
            here = slice(begin, end)
            np.multiply(flow[source[here]], part[here], out=share[here])
            np.add.at(flow, ahead[here], share[here])
            begin = end
        return np.bincount(arc, weights=share, minlength=len(tail)).astype(np.float64)
