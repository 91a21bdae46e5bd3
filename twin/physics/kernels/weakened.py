"""Flow that moves where arcs only became weaker, so that the base's order still holds."""

import numpy as np

from twin.physics.compiled import FloatArray
from twin.physics.kernels.arrays import FAR, LOW, ONE, SIX, Graph, Row, Scratch, mark
from twin.physics.kernels.compiling import highest_bit, kernel
from twin.physics.kernels.search import is_gone, is_hop


@kernel
def move_weaker(
    graph: Graph,
    row: Row,
    scratch: Scratch,
    n_touched: int,
    n_lifted: int,
    n_settled: int,
    zeros: tuple[float, ...],
    loads: FloatArray,
    lane: int,
    room: int,
    unserved: FloatArray,
) -> int:
    """Take flow off the hops of all that lost some, and send that of the lifted nodes on its way.

    Arcs only became weaker. Then no node outside the lifted ones has a next hop among them, and the
    base's order still holds outside: lifted nodes go first, by their new distance, and what they
    send waits for the others in the columns of `scratch.waiting` from `room` on. Returns the
    highest rank at which something waits.
    """
    top = 0
    for i in range(n_touched):
        rank = scratch.touched_list[i]
        top = max(top, _withdraw(row, scratch, rank, zeros, loads, lane, room))
        if not scratch.lifted[rank]:
            top = max(top, rank)
            mark(scratch.bits, rank)
    if n_settled < n_lifted:
        for i in range(n_lifted):
            node = scratch.lifted_list[i]
            if scratch.near[node] == FAR:
                for k in range(len(zeros)):
                    unserved[k] += row.demand[node, k]
    for i in range(n_settled - 1, -1, -1):
        node = scratch.settled_list[i]
        top = max(top, _send_lifted(graph, row, scratch, node, zeros, loads, lane, room))
    return top


@kernel
def _withdraw(
    row: Row,
    scratch: Scratch,
    rank: int,
    zeros: tuple[float, ...],
    loads: FloatArray,
    lane: int,
    room: int,
) -> int:
    """Take the whole flow of a node off its hops; returns the highest rank that noticed."""
    top = 0
    first, last = row.hop_offsets[rank], row.hop_offsets[rank + ONE]
    for slot in range(first, last):
        arc, ahead = row.hop_arcs[slot], row.beyond[slot]
        # A lifted node reckons what it gets from its lifted neighbours alone.
        keeps = not scratch.lifted[ahead]
        for k in range(len(zeros)):
            share = row.flow[rank, k] / (last - first)
            loads[arc, lane + k] -= share
            if keeps:
                scratch.waiting[ahead, room + k] -= share
        if keeps:
            top = max(top, ahead)
            mark(scratch.bits, ahead)
    return top


@kernel
def _send_lifted(
    graph: Graph,
    row: Row,
    scratch: Scratch,
    node: int,
    zeros: tuple[float, ...],
    loads: FloatArray,
    lane: int,
    room: int,
) -> int:
    """Send the new flow of a lifted node on its new way; returns the highest rank that noticed."""
    rank, top, hops = row.rank[node], 0, 0
    near = scratch.near[node]
    for i in range(graph.out_offsets[node], graph.out_offsets[node + ONE]):
        arc, beyond = graph.out_arcs[i], graph.out_heads[i]
        if is_hop(scratch, near, arc, beyond):
            scratch.hops[hops] = i
            hops += 1
    for k in range(len(zeros)):
        share = (row.demand[node, k] + scratch.waiting[rank, room + k]) / hops
        scratch.waiting[rank, room + k] = 0.0
        for i in range(hops):
            place = scratch.hops[i]
            loads[graph.out_arcs[place], lane + k] += share
            scratch.waiting[row.rank[graph.out_heads[place]], room + k] += share
    for i in range(hops):
        ahead = row.rank[graph.out_heads[scratch.hops[i]]]
        if not scratch.lifted[ahead]:
            top = max(top, ahead)
            mark(scratch.bits, ahead)
    return top


@kernel
def push_down(
    graph: Graph,
    row: Row,
    scratch: Scratch,
    top: int,
    zeros: tuple[float, ...],
    loads: FloatArray,
    lane: int,
) -> None:
    """Pass on what waits in the first lane, the farthest rank first."""
    bits, waiting = scratch.bits, scratch.waiting
    for turn in range(top >> 6, -1, -1):
        w = np.uint64(turn)
        # The word that is worked on stays out of memory: most marks are for itself.
        word = bits[w]
        bits[w] = 0
        seen = word
        while word:
            # Called from here, an intrinsic gets its context from numba.
            bit = highest_bit(word)  # type: ignore[call-arg,var-annotated]
            word ^= ONE << bit
            rank = (w << SIX) + bit
            first, last = row.hop_offsets[rank], row.hop_offsets[rank + ONE]
            if scratch.dead[rank]:
                _send_kept(graph, row, scratch, rank, zeros, loads, lane)
            else:
                # As `push_lanes` does it, so that the same bits come of it.
                part = 1.0 / (last - first)
                for k in range(len(zeros)):
                    share = part * waiting[rank, k]
                    waiting[rank, k] = 0.0
                    for slot in range(first, last):
                        loads[row.hop_arcs[slot], lane + k] += share
                        waiting[row.beyond[slot], k] += share
            for slot in range(first, last):
                ahead = np.uint64(row.beyond[slot])
                if ahead >> SIX == w:
                    word |= ONE << (ahead & LOW)
                else:
                    bits[ahead >> SIX] |= ONE << (ahead & LOW)
            seen |= word
        scratch.reached[w] |= seen


@kernel
def _send_kept(
    graph: Graph,
    row: Row,
    scratch: Scratch,
    rank: int,
    zeros: tuple[float, ...],
    loads: FloatArray,
    lane: int,
) -> None:
    """Send all that a node has, and not the difference alone, over the hops that it kept."""
    first, last = row.hop_offsets[rank], row.hop_offsets[rank + ONE]
    kept = last - first - scratch.dead[rank]
    for slot in range(first, last):
        arc, ahead = row.hop_arcs[slot], row.beyond[slot]
        if not is_gone(graph, scratch, arc, ahead):
            for k in range(len(zeros)):
                share = (row.flow[rank, k] + scratch.waiting[rank, k]) / kept
                loads[arc, lane + k] += share
                scratch.waiting[ahead, k] += share
    for k in range(len(zeros)):
        scratch.waiting[rank, k] = 0.0
