"""The flow of many scenarios pushed down one DAG together, a lane of columns each."""

import numpy as np

from twin.physics.compiled import FloatArray
from twin.physics.kernels.arrays import ONE, Graph, Row, Scratch
from twin.physics.kernels.compiling import kernel
from twin.physics.kernels.search import is_gone

LINE = 8
"""Doubles in a cache line."""


@kernel
def hold(
    graph: Graph,
    row: Row,
    scratch: Scratch,
    n_touched: int,
    lane: int,
    n_held: int,
) -> int:
    """Note for `push_lanes` which hops the nodes have left that lost some but not all."""
    for i in range(n_touched):
        rank = scratch.touched_list[i]
        if scratch.lifted[rank]:
            continue
        n_held += 1
        first, last = row.hop_offsets[rank], row.hop_offsets[rank + ONE]
        kept = np.uint64(0)
        for slot in range(first, last):
            if not is_gone(graph, scratch, row.hop_arcs[slot], row.beyond[slot]):
                kept |= ONE << np.uint64(slot - first)
        scratch.held_lane[n_held] = lane
        scratch.held_kept[n_held] = kept
        scratch.held_next[n_held] = scratch.held[rank]
        scratch.held[rank] = n_held
    return n_held


@kernel
def push_lanes(
    row: Row,
    scratch: Scratch,
    top: int,
    width: int,
    zeros: tuple[float, ...],
    loads: FloatArray,
) -> None:
    """Pass on what waits in all lanes, `width` columns, the farthest rank first."""
    for w in range((top >> 6) + 1):
        scratch.bits[w] = 0
    for rank in range(top, 0, -1):
        first, last = row.hop_offsets[rank], row.hop_offsets[rank + 1]
        entry = scratch.held[rank]
        scratch.held[rank] = 0
        while entry:
            _send_held(row, scratch, rank, entry, zeros, loads)
            entry = scratch.held_next[entry]
        part = 1.0 / (last - first)
        for slot in range(first, last):
            _pass_lanes(
                part, width, scratch.waiting[rank], scratch.waiting[row.beyond[slot]],
                loads[row.hop_arcs[slot]],
            )  # fmt: skip
        _clear_lanes(width, scratch.waiting[rank])
    _clear_lanes(width, scratch.waiting[0])


@kernel
def _send_held(
    row: Row,
    scratch: Scratch,
    rank: int,
    entry: int,
    zeros: tuple[float, ...],
    loads: FloatArray,
) -> None:
    lane, kept = np.int64(scratch.held_lane[entry]), scratch.held_kept[entry]
    first, last = row.hop_offsets[rank], row.hop_offsets[rank + 1]
    hops = 0
    for slot in range(first, last):
        if (kept >> np.uint64(slot - first)) & ONE:
            hops += 1
    for k in range(len(zeros)):
        share = (row.flow[rank, k] + scratch.waiting[rank, lane + k]) / hops
        scratch.waiting[rank, lane + k] = 0.0
        for slot in range(first, last):
            if (kept >> np.uint64(slot - first)) & ONE:
                loads[row.hop_arcs[slot], lane + k] += share
                scratch.waiting[row.beyond[slot], lane + k] += share


@kernel
def _pass_lanes(
    part: float,
    width: int,
    source: FloatArray,
    ahead: FloatArray,
    load: FloatArray,
) -> None:
    for i in range(width):
        share = part * source[i]
        ahead[i] += share
        load[i] += share


@kernel
def _clear_lanes(width: int, lanes: FloatArray) -> None:
    for i in range(width):
        lanes[i] = 0.0


@kernel
def spread_lanes(lanes: FloatArray, zeros: tuple[float, ...], loads: FloatArray) -> None:
    """Move differences from `lanes` (n_arcs, S * K or more), zero afterwards, to (S, n_arcs, K)."""
    # Some arcs at a time, so that the cache lines that are written are written whole.
    for begin in range(0, lanes.shape[0], LINE):
        end = min(begin + LINE, lanes.shape[0])
        for s in range(loads.shape[0]):
            for arc in range(begin, end):
                for k in range(len(zeros)):
                    loads[s, arc, k] = lanes[arc, s * len(zeros) + k]
    for arc in range(lanes.shape[0]):
        _clear_lanes(loads.shape[0] * len(zeros), lanes[arc])
