"""Shortest paths with every tie: one equal-cost DAG per destination.

Weights are integers, so that ties are exact. The DAG of a destination depends on nothing but the
weights, so it is shared by every traffic matrix, and a change of one link concerns only the
destinations whose DAG the link is in (`destinations_using`).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numba
import numpy as np
from numpy.typing import NDArray

from twin.physics.compiled import NO_ARC, CompiledTopology, IntArray

UNREACHABLE = -1
"""Distance of a node from which the destination cannot be reached."""


@dataclass(frozen=True, slots=True, eq=False)
class Routing:
    """The equal-cost DAG towards each of `destinations`, one row per destination.

    `destinations`: int64 (D,), node indices. `distance`: int64 (D, n), weight of the shortest path
    from each node, UNREACHABLE where there is none. `order`: int32 (D, n), nodes by increasing
    distance, the destination first; the first `settled[row]` entries are valid. The next-hop arcs
    of `order[row, i]` are `hop_arcs[row, hop_offsets[row, i]:hop_offsets[row, i + 1]]`.
    """

    destinations: IntArray
    distance: IntArray
    order: NDArray[np.int32]
    settled: IntArray
    hop_offsets: NDArray[np.int32]
    hop_arcs: NDArray[np.int32]

    def next_hop_arcs(self, row: int, node: int) -> list[int]:
        """Arcs over which `node` sends towards `destinations[row]`; empty: none, or it is there."""
        found = np.flatnonzero(self.order[row, : self.settled[row]] == node)
        if not found.size:
            return []
        first, last = self.hop_offsets[row, found[0]], self.hop_offsets[row, found[0] + 1]
        return [int(arc) for arc in self.hop_arcs[row, first:last]]


def route(
    compiled: CompiledTopology, weights: IntArray, destinations: IntArray | None = None
) -> Routing:
    """Dijkstra from each destination over reversed arcs (all nodes when none are given).

    `weights`: int64 (n_arcs,), NO_ARC where an arc must not be used.

    Source: E. W. Dijkstra, Numerische Mathematik 1, 1959; the DAG keeps every arc (u, v) with
    distance(u) = weight + distance(v), as ECMP of OSPF does (RFC 2328, section 16.1).
    """
    wanted = np.arange(compiled.n_nodes) if destinations is None else destinations
    n, rows = compiled.n_nodes, len(wanted)
    routing = Routing(
        destinations=np.ascontiguousarray(wanted, dtype=np.int64),
        distance=np.full((rows, n), UNREACHABLE, dtype=np.int64),
        order=np.zeros((rows, n), dtype=np.int32),
        settled=np.zeros(rows, dtype=np.int64),
        hop_offsets=np.zeros((rows, n + 1), dtype=np.int32),
        hop_arcs=np.zeros((rows, compiled.n_arcs), dtype=np.int32),
    )
    _route_rows(
        routing.destinations,
        compiled.tail,
        compiled.head,
        compiled.out_offsets,
        compiled.out_arcs,
        compiled.in_offsets,
        compiled.in_arcs,
        weights,
        routing.distance,
        routing.order,
        routing.settled,
        routing.hop_offsets,
        routing.hop_arcs,
    )
    return routing


def discarding(routing: Routing, discards: Iterable[tuple[int, int]]) -> Routing:
    """`routing` where nodes send nothing on towards targets: `discards` are (node, target).

    A destination of a row is reached from its own node all the same.
    """
    by_target: dict[int, set[int]] = {}
    for node, target in discards:
        by_target.setdefault(target, set()).add(node)
    if not by_target:
        return routing
    offsets, arcs = routing.hop_offsets.copy(), routing.hop_arcs.copy()
    for row in np.flatnonzero(np.isin(routing.destinations, list(by_target))):
        silent = by_target[int(routing.destinations[row])]
        filled = 0
        for i, node in enumerate(routing.order[row, : routing.settled[row]]):
            hops = routing.hop_arcs[
                row, routing.hop_offsets[row, i] : routing.hop_offsets[row, i + 1]
            ]
            kept = len(hops) if int(node) not in silent else 0
            offsets[row, i] = filled
            arcs[row, filled : filled + kept] = hops[:kept]
            filled += kept
        offsets[row, routing.settled[row]] = filled
    return replace(routing, hop_offsets=offsets, hop_arcs=arcs)


def destinations_using(routing: Routing, n_arcs: int) -> NDArray[np.bool_]:
    """Which rows' DAGs hold which arc: bool (D, n_arcs)."""
    used = np.zeros((len(routing.destinations), n_arcs), dtype=np.bool_)
    for row in range(len(routing.destinations)):
        last = routing.hop_offsets[row, routing.settled[row]]
        used[row, routing.hop_arcs[row, :last]] = True
    return used


# A compiled function calls only functions of its own module: the on-disk cache of numba notices a
# change of the caller's file, not one of a file that the callee lives in.
@numba.njit(cache=True, nogil=True)
def _route_rows(
    destinations: IntArray,
    tail: IntArray,
    head: IntArray,
    out_offsets: IntArray,
    out_arcs: IntArray,
    in_offsets: IntArray,
    in_arcs: IntArray,
    weights: IntArray,
    distance: IntArray,
    order: NDArray[np.int32],
    settled: IntArray,
    hop_offsets: NDArray[np.int32],
    hop_arcs: NDArray[np.int32],
) -> None:
    n = out_offsets.shape[0] - 1
    queue = np.empty(tail.shape[0] + 1, dtype=np.int64)
    done = np.empty(n, dtype=np.bool_)
    for row in range(destinations.shape[0]):
        _settle(
            destinations[row],
            tail,
            in_offsets,
            in_arcs,
            weights,
            distance[row],
            order[row],
            settled[row : row + 1],
            queue,
            done,
        )
        _collect_hops(
            head,
            out_offsets,
            out_arcs,
            weights,
            distance[row],
            order[row],
            settled[row],
            hop_offsets[row],
            hop_arcs[row],
        )


@numba.njit(cache=True, nogil=True)
def _settle(
    destination: int,
    tail: IntArray,
    in_offsets: IntArray,
    in_arcs: IntArray,
    weights: IntArray,
    distance: IntArray,
    order: NDArray[np.int32],
    settled: IntArray,
    queue: IntArray,
    done: NDArray[np.bool_],
) -> None:
    # Keys are distance << bits | node: one integer, and ties settle in node order. They are kept
    # sorted in a plain array: what is new is far, so it finds its place near the end, and a heap's
    # branches, which no processor foresees, cost more than that.
    bits = 0
    while distance.shape[0] >> bits:
        bits += 1
    done[:] = False
    distance[destination] = 0
    queue[0] = destination
    first, last = 0, 1
    count = 0
    while first < last:
        node = queue[first] & ((1 << bits) - 1)
        first += 1
        if done[node]:
            continue
        done[node] = True
        order[count] = node
        count += 1
        for i in range(in_offsets[node], in_offsets[node + 1]):
            arc = in_arcs[i]
            if weights[arc] == NO_ARC:
                continue
            before = tail[arc]
            candidate = distance[node] + weights[arc]
            if distance[before] == UNREACHABLE or candidate < distance[before]:
                distance[before] = candidate
                key = candidate << bits | before
                place = last
                while place > first and queue[place - 1] > key:
                    queue[place] = queue[place - 1]
                    place -= 1
                queue[place] = key
                last += 1
    settled[0] = count


@numba.njit(cache=True, nogil=True)
def _collect_hops(
    head: IntArray,
    out_offsets: IntArray,
    out_arcs: IntArray,
    weights: IntArray,
    distance: IntArray,
    order: NDArray[np.int32],
    settled: int,
    hop_offsets: NDArray[np.int32],
    hop_arcs: NDArray[np.int32],
) -> None:
    filled = 0
    for i in range(settled):
        hop_offsets[i] = filled
        node = order[i]
        for j in range(out_offsets[node], out_offsets[node + 1]):
            arc = out_arcs[j]
            beyond, weight = distance[head[arc]], weights[arc]
            # Without a branch, which no processor would foresee. There is always room for one
            # more: of two arcs that are each other's reverse, at most one is a hop.
            hop_arcs[filled] = arc
            filled += (
                (weight != NO_ARC) & (beyond != UNREACHABLE) & (distance[node] == weight + beyond)
            )
    hop_offsets[settled] = filled
