"""Two events at once, added up where they are independent and worked out anew where they meet."""

from typing import NamedTuple

from twin.physics.compiled import FloatArray, IntArray
from twin.physics.kernels.arrays import (
    NOWHERE,
    Graph,
    IndexArray,
    Rows,
    Scratch,
    WordArray,
    mark,
    reset,
    row_of,
)
from twin.physics.kernels.compiling import kernel
from twin.physics.kernels.scenarios import apply_scenario
from twin.physics.kernels.search import NONE, effect_on

ENDS, LIFTED, REACHED, CHANGED = 0, 1, 2, 3
"""Places in Singles.sets."""


class Singles(NamedTuple):
    """What each of E events alone does to each destination, so that pairs of them can be added up.

    `start`: (D * E + 1,); entries start[d * E + e]:start[d * E + e + 1] of `arcs` and `values`
    (., K) are the differences of load. `stranded`: (D, E, K), traffic that loses its path. `sets`:
    (D, E, 4, words), bits by rank: the tails of the event's arcs, the lifted nodes, all that passed
    something on or had to, and those that lost next hops.
    """

    start: IntArray
    arcs: IndexArray
    values: FloatArray
    stranded: FloatArray
    sets: WordArray


@kernel
def record_row(
    graph: Graph,
    rows: Rows,
    scratch: Scratch,
    r: int,
    first: IntArray,
    arcs: IntArray,
    changed: IntArray,
    zeros: tuple[float, ...],
    loads: FloatArray,
    stranded: FloatArray,
    sets: WordArray,
    found: IndexArray,
    values: FloatArray,
    sizes: IntArray,
) -> None:
    """Write what each event does to row `r`; see Singles.

    `stranded` (E, K), `sets` (E, 4, words); `found` and `values` hold all entries, `sizes` (E,) how
    many each event has. `loads` (n_arcs, K) is zero before and after.
    """
    row = row_of(rows, r)
    reset(row, scratch)
    filled = 0
    for event in range(first.shape[0] - 1):
        begin, end = first[event], first[event + 1]
        for i in range(begin, end):
            rank = row.rank[graph.tail[arcs[i]]]
            if rank != NOWHERE:
                mark(sets[event, ENDS], rank)
        effect = effect_on(graph, row, begin, end, arcs, changed)
        sizes[event] = 0
        if effect == NONE:
            continue
        for w in range(scratch.reached.shape[0]):
            scratch.reached[w] = 0
        n_touched, n_lifted = apply_scenario(
            graph, row, scratch, begin, end, arcs, changed, effect, zeros, loads, 0,
            stranded[event],
        )  # fmt: skip
        for i in range(n_touched):
            mark(sets[event, CHANGED], scratch.touched_list[i])
        for i in range(n_lifted):
            mark(sets[event, LIFTED], row.rank[scratch.lifted_list[i]])
        for w in range(scratch.reached.shape[0]):
            sets[event, REACHED, w] = scratch.reached[w] | sets[event, CHANGED, w]
        sizes[event] = _collect(zeros, loads, found[filled:], values[filled:])
        filled += sizes[event]


@kernel
def _collect(
    zeros: tuple[float, ...],
    loads: FloatArray,
    found: IndexArray,
    values: FloatArray,
) -> int:
    """Move what is not zero out of `loads`; returns how many arcs that are."""
    count = 0
    for arc in range(loads.shape[0]):
        moved = False
        for k in range(len(zeros)):
            moved = moved or loads[arc, k] != 0.0
        if moved:
            found[count] = arc
            for k in range(len(zeros)):
                values[count, k] = loads[arc, k]
                loads[arc, k] = 0.0
            count += 1
    return count


@kernel
def add_pairs(
    graph: Graph,
    rows: Rows,
    scratch: Scratch,
    first: IntArray,
    arcs: IntArray,
    changed: IntArray,
    singles: Singles,
    pairs: IntArray,
    both: IntArray,
    zeros: tuple[float, ...],
    loads: FloatArray,
    unserved: FloatArray,
) -> None:
    """Correct sums of two events' differences where the two meet.

    `pairs`: (P, 2), events. `loads` (P, n_arcs, K) and `unserved` (P, K) hold the sums. Two events
    are independent for a destination if neither has changed a node that the other's flow reached,
    nor taken an arc that the other's search could have found. `both`: room for the arcs of a pair,
    and as much again for their weights.
    """
    events, half = first.shape[0] - 1, both.shape[0] // 2
    for r in range(rows.order.shape[0]):
        row = row_of(rows, r)
        ready = False
        for p in range(pairs.shape[0]):
            a, b = pairs[p, 0], pairs[p, 1]
            if not _meet(singles.sets[r, a], singles.sets[r, b]):
                continue
            if not ready:
                reset(row, scratch)
                ready = True
            _take_back(singles, r, r * events + a, a, zeros, loads[p], unserved[p])
            _take_back(singles, r, r * events + b, b, zeros, loads[p], unserved[p])
            size = 0
            for event in (a, b):
                for i in range(first[event], first[event + 1]):
                    known = False
                    for j in range(size):
                        known = known or both[j] == arcs[i]
                    if not known:
                        both[size] = arcs[i]
                        both[half + size] = changed[i]
                        size += 1
            effect = effect_on(graph, row, 0, size, both, both[half:])
            if effect != NONE:
                apply_scenario(
                    graph, row, scratch, 0, size, both, both[half:], effect, zeros, loads[p], 0,
                    unserved[p],
                )  # fmt: skip


@kernel
def _meet(one: WordArray, other: WordArray) -> bool:
    for w in range(one.shape[1]):
        met = (one[ENDS, w] & other[LIFTED, w]) | (one[LIFTED, w] & other[ENDS, w])
        met |= (one[REACHED, w] & other[CHANGED, w]) | (one[CHANGED, w] & other[REACHED, w])
        if met:
            return True
    return False


@kernel
def _take_back(
    singles: Singles,
    r: int,
    entry: int,
    event: int,
    zeros: tuple[float, ...],
    loads: FloatArray,
    unserved: FloatArray,
) -> None:
    for i in range(singles.start[entry], singles.start[entry + 1]):
        for k in range(len(zeros)):
            loads[singles.arcs[i], k] -= singles.values[i, k]
    for k in range(len(zeros)):
        unserved[k] -= singles.stranded[r, event, k]
