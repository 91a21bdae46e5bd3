"""Mean delays of pairs of nodes on their ways, in the base and after each scenario."""

from typing import NamedTuple

import numpy as np

from twin.physics.compiled import FloatArray, IntArray
from twin.physics.kernels.arrays import (
    FAR,
    LOW,
    NOWHERE,
    ONE,
    SIX,
    FlagArray,
    Graph,
    IndexArray,
    Row,
    Rows,
    Scratch,
    WordArray,
    mark,
    reset,
    row_of,
)
from twin.physics.kernels.compiling import kernel
from twin.physics.kernels.search import (
    NONE,
    WEAKER,
    effect_on,
    is_hop,
    open_scenario,
    search_both,
    tidy_up,
)


class Pairs(NamedTuple):
    """Pairs of nodes in one class each, by destination and class, and their ways in the base.

    `of_row`: (D + 1,), pairs of_row[r]:of_row[r + 1] end at the destination of row r. `source`:
    (P,), nodes. `group`: (P,), class. `place`: (P,), where the caller has the pair. `start`: (P +
    1,); entries start[p]:start[p + 1] of `where` and `part` are the arcs on the way, each as arc *
    K + class, and the part of the traffic on each. `crossed`: (P, words), bits by arc: the same.
    `used`: (D, n_arcs), is the arc on the way of any of the row's pairs.
    """

    of_row: IntArray
    source: IndexArray
    group: IndexArray
    place: IndexArray
    start: IntArray
    where: IndexArray
    part: FloatArray
    crossed: WordArray
    used: FlagArray


@kernel
def trace_row(
    rows: Rows,
    scratch: Scratch,
    r: int,
    classes: int,
    pairs: Pairs,
    filled: int,
) -> int:
    """Write the ways of row `r`'s pairs after the first `filled` entries; returns how many then."""
    row = row_of(rows, r)
    for p in range(pairs.of_row[r], pairs.of_row[r + 1]):
        top = row.rank[pairs.source[p]]
        if top == NOWHERE:
            pairs.start[p + 1] = filled
            continue
        scratch.waiting[top, 0] = 1.0
        for rank in range(top, 0, -1):
            flow = scratch.waiting[rank, 0]
            scratch.waiting[rank, 0] = 0.0
            if flow == 0.0:
                continue
            first, last = row.hop_offsets[rank], row.hop_offsets[rank + 1]
            for slot in range(first, last):
                pairs.used[r, row.hop_arcs[slot]] = True
                mark(pairs.crossed[p], row.hop_arcs[slot])
                pairs.where[filled] = row.hop_arcs[slot] * classes + pairs.group[p]
                pairs.part[filled] = flow / (last - first)
                filled += 1
                scratch.waiting[row.beyond[slot], 0] += flow / (last - first)
        scratch.waiting[0, 0] = 0.0
        pairs.start[p + 1] = filled
    return filled


@kernel
def pair_delays(
    rows: Rows,
    pairs: Pairs,
    hop_delay: FloatArray,
    total: FloatArray,
    delay: FloatArray,
) -> None:
    """Mean delay (S, P) of each pair on its way in the base, inf without one.

    `hop_delay`: (n_arcs * K, S), seconds on each arc for each class. `total`: (S,), room.
    """
    for r in range(rows.order.shape[0]):
        for p in range(pairs.of_row[r], pairs.of_row[r + 1]):
            total[:] = np.inf if rows.rank[r, pairs.source[p]] == NOWHERE else 0.0
            for i in range(pairs.start[p], pairs.start[p + 1]):
                _add_part(pairs.part[i], hop_delay[pairs.where[i]], total)
            for s in range(total.shape[0]):
                delay[s, pairs.place[p]] = total[s]


@kernel
def _add_part(part: float, values: FloatArray, total: FloatArray) -> None:
    for s in range(total.shape[0]):
        total[s] += part * values[s]


@kernel
def correct_delays(
    graph: Graph,
    rows: Rows,
    scratch: Scratch,
    pairs: Pairs,
    first: IntArray,
    arcs: IntArray,
    changed: IntArray,
    late: FloatArray,
    known: IndexArray,
    zeros: tuple[float, ...],
    hop_delay: FloatArray,
    delay: FloatArray,
) -> None:
    """Overwrite `delay` (S, P) where a pair's way is another in the scenario.

    Where arcs only become weaker, that is where one of them was on the way in the base.

    `late` (n,): room for delays by node, `known` (n,): zeros, for when they were worked out.
    """
    stamp = 0
    for r in range(rows.order.shape[0]):
        if pairs.of_row[r] == pairs.of_row[r + 1]:
            continue
        row = row_of(rows, r)
        ready = False
        for s in range(first.shape[0] - 1):
            begin, end = first[s], first[s + 1]
            effect = effect_on(graph, row, begin, end, arcs, changed)
            if effect == NONE or (
                effect == WEAKER and not _any_used(pairs.used[r], begin, end, arcs)
            ):
                continue
            if not ready:
                reset(row, scratch)
                ready = True
            n_touched, n_lifted = open_scenario(graph, row, scratch, begin, end, arcs, changed)
            search_both(graph, scratch, begin, end, arcs, n_lifted)
            group = np.uint32(len(zeros))
            for p in range(pairs.of_row[r], pairs.of_row[r + 1]):
                if effect == WEAKER and not _any_crossed(pairs.crossed[p], begin, end, arcs):
                    continue
                if pairs.group[p] != group:
                    group = pairs.group[p]
                    stamp += 1
                    known[row.order[0]] = stamp
                    late[row.order[0]] = 0.0
                source = pairs.source[p]
                if scratch.near[source] != FAR:
                    _reckon(
                        graph, row, scratch, source, group, effect == WEAKER, stamp, late, known,
                        zeros, hop_delay[s],
                    )  # fmt: skip
                else:
                    late[source] = np.inf
                delay[s, pairs.place[p]] = late[source]
            tidy_up(graph, row, scratch, begin, end, arcs, n_touched, n_lifted, effect)


@kernel
def _any_used(used: FlagArray, begin: int, end: int, arcs: IntArray) -> bool:
    found = False
    for i in range(begin, end):
        found = found or used[arcs[i]]
    return found


@kernel
def _any_crossed(crossed: WordArray, begin: int, end: int, arcs: IntArray) -> bool:
    met = np.uint64(0)
    for i in range(begin, end):
        arc = np.uint64(arcs[i])
        met |= (crossed[arc >> SIX] >> (arc & LOW)) & ONE
    return bool(met != 0)


@kernel
def _reckon(
    graph: Graph,
    row: Row,
    scratch: Scratch,
    source: int,
    group: np.uint32,
    steady: bool,
    stamp: int,
    late: FloatArray,
    known: IndexArray,
    zeros: tuple[float, ...],
    hop_delay: FloatArray,
) -> None:
    """Fill in `late` of `source` and of whatever lies on its way, the nearest first.

    `steady`: nodes that lost no next hop have those of the base.
    """
    stack, size = scratch.queue, 1
    stack[0] = source
    while size > 0:
        node = np.uint32(stack[size - 1])
        if known[node] == stamp:
            size -= 1
            continue
        rank = row.rank[node]
        total, hops, deep = 0.0, 0, size
        if steady and scratch.dead[rank] == 0:
            for slot in range(row.hop_offsets[rank], row.hop_offsets[rank + ONE]):
                arc = row.hop_arcs[slot]
                ahead = graph.head[arc]
                hops += 1
                if known[ahead] == stamp:
                    total += hop_delay[arc * len(zeros) + group] + late[ahead]
                else:
                    stack[size] = ahead
                    size += 1
        else:
            near = scratch.near[node]
            for i in range(graph.out_offsets[node], graph.out_offsets[node + ONE]):
                arc, ahead = graph.out_arcs[i], graph.out_heads[i]
                if not is_hop(scratch, near, arc, ahead):
                    continue
                hops += 1
                if known[ahead] == stamp:
                    total += hop_delay[arc * len(zeros) + group] + late[ahead]
                else:
                    stack[size] = ahead
                    size += 1
        if size == deep:
            size -= 1
            known[node] = stamp
            late[node] = total / hops
