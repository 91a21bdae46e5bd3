"""What others would write: all-pairs ECMP link loads with NetworkX, with SciPy and NumPy, and with
the C++ engine netgraph-core.

A peer takes a network once, and then failed links, for which it routes everything again. No two
links of the network may join the same nodes.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

import netgraph_core as ngc
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


class _NetGraph(ABC):
    """netgraph-core, whose amounts are whole numbers of a unit: here the smallest that has room for
    all demand on every edge. A failure is a mask; the graph is built once.
    """

    def __init__(
        self,
        n_nodes: int,
        tail: IntArray,
        head: IntArray,
        weights: IntArray,
        demand: FloatArray,
    ) -> None:
        """`tail`, `head`, `weights`: of the arcs, and of whatever else the graph has behind them.
        `demand`: (n, n), [source, target].
        """
        edges = len(tail)
        # The capacities of all edges together stay below 2 ** 62 units.
        room = 2.0**61 / edges
        finest = max(-32, math.ceil(math.log2(demand.sum() / room)))
        self._unit = 2.0**finest
        capacity = np.full(edges, int(room), dtype=np.int64)
        self._graph = ngc.Graph(n_nodes, tail, head, capacity, weights, self._unit)
        self._edge = np.empty(edges, dtype=np.int32)
        self._edge[self._graph.input_positions()] = np.arange(edges)
        self._n = len(demand)
        # By target.
        self._units = np.floor(demand.T / self._unit + 0.5).astype(np.int64)

    def __call__(self, down: Sequence[int]) -> FloatArray:
        """Offered load of each arc while `down` are."""
        ledger = ngc.FlowLedger(self._graph)
        failed = [int(self._edge[arc]) for link in down for arc in (2 * link, 2 * link + 1)]
        # What is placed stays in the ledger for as long as its policies are kept.
        kept = self._place(ledger, failed)
        carried = np.asarray(ngc.as_float(ledger.carried(), self._unit))[self._edge]
        del kept
        return carried

    @abstractmethod
    def _place(self, ledger: ngc.FlowLedger, failed: Sequence[int]) -> list[ngc.FlowPolicy]:
        """Place all demand while the edges `failed` are down; returns the policies."""


class NetGraphPeer(_NetGraph):
    """The engine as its documentation has it: a policy for each demand, all on one ledger, and the
    shortest paths from a cache that they share.
    """

    def __init__(self, compiled: CompiledTopology, weights: IntArray, demand: FloatArray) -> None:
        """`demand`: (n, n), [source, target]."""
        super().__init__(compiled.n_nodes, compiled.tail, compiled.head, weights, demand)
        self._demands = [
            (source, target, units)
            for target, row in enumerate(self._units.tolist())
            for source, units in enumerate(row)
            if units
        ]
        self._config = ngc.FlowPolicyConfig(
            routing=ngc.ShortestPaths(), admission=ngc.Admission.LOSSY
        )

    def _place(self, ledger: ngc.FlowLedger, failed: Sequence[int]) -> list[ngc.FlowPolicy]:
        up, cache = self._graph.eligibility((), failed), ngc.ShortestPathCache(self._graph)
        policies = []
        for source, target, units in self._demands:
            policy = ngc.FlowPolicy(ledger, source, target, self._config, up, cache)
            policy.place(units)
            policies.append(policy)
        return policies


class NetGraphByDestinationPeer(_NetGraph):
    """The same engine with one policy per destination.

    A policy splits what it sends evenly over its sources. So that they send what they have to, a
    node is added that sends to all of them, by weights that are the demands, over the DAG that the
    engine's search found. A good deal more thought than most would give it.
    """

    def __init__(self, compiled: CompiledTopology, weights: IntArray, demand: FloatArray) -> None:
        """`demand`: (n, n), [source, target]."""
        n = compiled.n_nodes
        super().__init__(
            n + 1,
            np.append(compiled.tail, np.full(n, n)),
            np.append(compiled.head, np.arange(n)),
            np.append(weights, np.ones(n, dtype=np.int64)),
            demand,
        )
        self._arcs = compiled.n_arcs
        self._nodes = np.arange(n, dtype=np.int32)
        self._splits = np.ones((n, len(self._edge)), dtype=np.int64)
        self._splits[:, self._edge[self._arcs :]] = self._units

    def __call__(self, down: Sequence[int]) -> FloatArray:
        """Offered load of each arc while `down` are."""
        return super().__call__(down)[: self._arcs]

    def _place(self, ledger: ngc.FlowLedger, failed: Sequence[int]) -> list[ngc.FlowPolicy]:
        up = self._graph.eligibility((self._n,), failed)
        options = ngc.SpfOptions(ngc.Direction.REVERSE, eligibility=up)
        policies = []
        for target in range(self._n):
            found = ngc.spf(self._graph, target, options)
            assert found.costs is not None
            program = ngc.ForwardingProgram.from_dag(
                self._graph,
                self._n,
                target,
                self._with_source(found.dag),
                allocation=ngc.RouteAllocation.WEIGHTED,
                weight_basis=ngc.WeightBasis.EXPLICIT,
                edge_weights=self._splits[target],
            )
            config = ngc.FlowPolicyConfig(
                routing=ngc.Pinned(program), admission=ngc.Admission.LOSSY
            )
            policy = ngc.FlowPolicy(ledger, self._n, target, config)
            reached = found.costs[: self._n] != ngc.UNREACHABLE
            policy.place(int(self._units[target, reached].sum()))
            policies.append(policy)
        return policies

    def _with_source(self, dag: ngc.PredecessorDAG) -> ngc.PredecessorDAG:
        """The DAG with the edge from the added node as the last that enters each node."""
        offsets = dag.parent_offsets()
        before = dag.via_edges()
        new = offsets[1:-1] + self._nodes
        known = np.ones(len(before) + self._n, dtype=np.bool_)
        known[new] = False
        parents = np.full(len(known), self._n, dtype=np.int32)
        parents[known] = dag.parents()
        edges = np.empty(len(known), dtype=np.int32)
        edges[known] = before
        edges[new] = self._edge[self._arcs :]
        return ngc.PredecessorDAG.from_csr(
            self._graph, np.concatenate(([0], new + 1, [len(known)])), parents, edges
        )
