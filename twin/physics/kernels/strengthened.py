"""Flow that moves where arcs also became stronger, so that the base's order does not hold."""

import numpy as np

from twin.physics.compiled import FloatArray, IntArray
from twin.physics.kernels.arrays import FAR, NOWHERE, ONE, Graph, Row, Scratch
from twin.physics.kernels.compiling import kernel
from twin.physics.kernels.search import NODE_BITS, NODE_MASK, is_hop, queue_up

FARTHEST = 1 << 38
"""More than any distance, so that what is subtracted from it sorts the farthest first."""

PASSES, ANEW = 1, 2
"""Marks of a node: passes on differences, or sends all of its flow anew."""


@kernel
def push_any(
    graph: Graph,
    row: Row,
    scratch: Scratch,
    begin: int,
    end: int,
    arcs: IntArray,
    n_lifted: int,
    n_settled: int,
    zeros: tuple[float, ...],
    loads: FloatArray,
    lane: int,
    unserved: FloatArray,
) -> None:
    """Move the flow where arcs also became stronger, so that the base's order does not hold.

    Whoever may have other next hops sends anew, the others pass on differences, and all of them by
    their new distance, the farthest first.
    """
    n_listed = 0
    for i in range(begin, end):
        n_listed = _enlist(scratch, graph.tail[arcs[i]], ANEW, n_listed)
    for i in range(n_settled + n_lifted):
        node = scratch.settled_list[i] if i < n_settled else scratch.lifted_list[i - n_settled]
        n_listed = _enlist(scratch, node, ANEW, n_listed)
        for j in range(graph.in_offsets[node], graph.in_offsets[node + ONE]):
            n_listed = _enlist(scratch, graph.in_tails[j], ANEW, n_listed)
    for i in range(n_listed):
        node = scratch.listed[i]
        rank = row.rank[node]
        if (rank == NOWHERE) != (scratch.near[node] == FAR):
            sign = -1.0 if rank == NOWHERE else 1.0
            for k in range(len(zeros)):
                unserved[k] += sign * row.demand[node, k]
    n_listed = _withdraw_listed(row, graph, scratch, n_listed, zeros, loads, lane)
    first, last = 0, 0
    for i in range(n_listed):
        last = _await_turn(scratch, scratch.listed[i], first, last)
    while first < last:
        node = np.uint32(scratch.queue[first] & NODE_MASK)
        first += 1
        hops = _hops_now(graph, row, scratch, node)
        rank = row.rank[node]
        for i in range(hops):
            arc = scratch.hops[i]
            ahead = graph.head[arc]
            if scratch.marks[ahead] == 0:
                n_listed = _enlist(scratch, ahead, PASSES, n_listed)
                last = _await_turn(scratch, ahead, first, last)
            for k in range(len(zeros)):
                flow = scratch.moving[node, k]
                if scratch.marks[node] == ANEW:
                    flow += row.demand[node, k] if rank == NOWHERE else row.flow[rank, k]
                loads[arc, lane + k] += flow / hops
                scratch.moving[ahead, k] += flow / hops
    for i in range(n_listed):
        node = scratch.listed[i]
        scratch.marks[node] = 0
        for k in range(len(zeros)):
            scratch.moving[node, k] = 0.0


@kernel
def _enlist(
    scratch: Scratch,
    node: int,
    mark: int,
    n_listed: int,
) -> int:
    if scratch.marks[node] == 0:
        scratch.marks[node] = mark
        scratch.listed[n_listed] = node
        n_listed += 1
    return n_listed


@kernel
def _withdraw_listed(
    row: Row,
    graph: Graph,
    scratch: Scratch,
    n_listed: int,
    zeros: tuple[float, ...],
    loads: FloatArray,
    lane: int,
) -> int:
    """Take the flow of all that send anew off the base's arcs; their heads join the list."""
    n_anew = n_listed
    for i in range(n_anew):
        rank = row.rank[scratch.listed[i]]
        if rank == 0 or rank == NOWHERE:
            continue
        first, last = row.hop_offsets[rank], row.hop_offsets[rank + ONE]
        for slot in range(first, last):
            arc = row.hop_arcs[slot]
            ahead = graph.head[arc]
            n_listed = _enlist(scratch, ahead, PASSES, n_listed)
            for k in range(len(zeros)):
                share = row.flow[rank, k] / (last - first)
                loads[arc, lane + k] -= share
                scratch.moving[ahead, k] -= share
    return n_listed


@kernel
def _await_turn(
    scratch: Scratch,
    node: int,
    first: int,
    last: int,
) -> int:
    near = scratch.near[node]
    if near != FAR and near > 0:
        last = queue_up(scratch.queue, first, last, ((FARTHEST - near) << NODE_BITS) | node)
    return last


@kernel
def _hops_now(
    graph: Graph,
    row: Row,
    scratch: Scratch,
    node: int | np.uint32,
) -> int:
    """Put the next-hop arcs of `node` into `scratch.hops`; returns how many there are."""
    hops = 0
    if scratch.marks[node] == ANEW:
        for i in range(graph.out_offsets[node], graph.out_offsets[node + ONE]):
            arc = graph.out_arcs[i]
            if is_hop(scratch, scratch.near[node], arc, graph.out_heads[i]):
                scratch.hops[hops] = arc
                hops += 1
        return hops
    rank = row.rank[node]
    for slot in range(row.hop_offsets[rank], row.hop_offsets[rank + ONE]):
        scratch.hops[hops] = row.hop_arcs[slot]
        hops += 1
    return hops
