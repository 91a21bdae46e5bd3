"""What-if loads without routing everything again: kernels over the equal-cost DAGs of a base.

A scenario is a set of arcs with other weights. Of the destinations, only those are touched whose
DAG used a weakened arc, or could take in a strengthened one. For such a destination the nodes whose
distance can change are found and searched anew from their border, and then only the differences of
flow are pushed. Every scenario starts from the base, so that errors of rounding do not add up.

Source of the search: G. Ramalingam and T. Reps, Journal of Algorithms 21(2), 1996, with several
arcs at once as in P. Narvaez, K.-Y. Siu and H.-Y. Tzeng, IEEE/ACM Transactions on Networking 8(6),
2000. That flows are pushed as differences, in the base's order below the searched part, is ours.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np
from numba.core import cgutils, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from twin.physics.compiled import NO_ARC, FloatArray, IntArray

IndexArray = NDArray[np.uint32]
FlagArray = NDArray[np.bool_]
WordArray = NDArray[np.uint64]

NOWHERE = (1 << 32) - 1
"""Rank of a node without a path."""

FAR = 1 << 62
"""Distance of a node without a path, in the scratch arrays."""

NODE_BITS = 24
"""A key of the queue is distance << NODE_BITS | node, so ties settle in node order."""

NOISE = 1e-12
"""A load below this fraction of the base's is what subtraction left over, and is none."""

LINE = 8
"""Doubles in a cache line."""

ANEW_FROM = 5
"""A cascade that has changed more than one arc in so many routes from scratch."""

NODE_MASK = (1 << NODE_BITS) - 1
FARTHEST = 1 << 38
NONE, WEAKER, ANY = 0, 1, 2
PASSES, ANEW = 1, 2
ONE, SIX, LOW = np.uint64(1), np.uint64(6), np.uint64(63)
ENDS, LIFTED, REACHED, CHANGED = 0, 1, 2, 3

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compile without reference counts, which cost several times what the kernels themselves do.

    They allocate nothing, and their caller holds every array. Helpers are inlined, because a call
    hands over every field of every tuple.
    """
    options: Any = {"cache": True, "nogil": True, "_nrt": False, "forceinline": True}
    # A division by zero gives infinity, and needs no check.
    options["error_model"] = "numpy"
    compiled: Function = numba.njit(**options)(function)
    return compiled


class Graph(NamedTuple):
    """The arcs, and who leaves and enters each node; see CompiledTopology. Weights of the base.

    `out_heads` and `in_tails`: the other ends of `out_arcs` and `in_arcs`. Indices are unsigned
    here, because the compiler guards a signed one against being negative.
    """

    tail: IndexArray
    head: IndexArray
    out_offsets: IndexArray
    out_arcs: IndexArray
    out_heads: IndexArray
    in_offsets: IndexArray
    in_arcs: IndexArray
    in_tails: IndexArray
    weights: IntArray


class Rows(NamedTuple):
    """The base, one row per destination. A rank is a position in `order`; see Routing.

    `distance`: (D, n) by node, FAR where there is no path. `rank`: (D, n) by node, NOWHERE without.
    `beyond`: (D, n_arcs), rank of the head of each entry of `hop_arcs`. `used`: (D, n_arcs), is the
    arc in the DAG. `demand`: (D, n, K) by node. `flow`: (D, n, K) by rank, what the node sends on,
    transit included.
    """

    distance: IntArray
    order: IndexArray
    rank: IndexArray
    settled: IntArray
    hop_offsets: IndexArray
    hop_arcs: IndexArray
    beyond: IndexArray
    used: FlagArray
    demand: FloatArray
    flow: FloatArray


class Scratch(NamedTuple):
    """What the kernels write on, clean between two scenarios.

    `weights`: of all arcs, as the scenario has them. `near`: distances by node. `dead`: by rank,
    how many of the base's next-hop arcs are lost. `lifted`: by rank, were all of them lost.
    `waiting`: (n, lanes * K) by rank, flow to pass on; one lane, or one for each of the scenarios.
    `bits`: the ranks at which some waits, `reached`: those at which some waited, for whoever wants
    to know. `held`: by rank, the first of a list (`held_next`, 0 ends it) of the lanes in which the
    node has lost some next hops, and `held_kept`, bits by place among its hops, those left.
    `marks` and `moving` (n, K), by node: the same where arcs also became stronger.
    """

    weights: IntArray
    near: IntArray
    dead: IndexArray
    lifted: FlagArray
    touched_list: IndexArray
    lifted_list: IndexArray
    settled_list: IndexArray
    queue: IntArray
    hops: IndexArray
    waiting: FloatArray
    bits: WordArray
    reached: WordArray
    held: IndexArray
    held_next: IndexArray
    held_lane: IndexArray
    held_kept: WordArray
    marks: IndexArray
    listed: IndexArray
    moving: FloatArray


@intrinsic
def highest_bit(_context: Any, _word: Any) -> Any:
    """Position of the highest set bit of a uint64 that is not zero."""

    def build(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        zeros = builder.ctlz(arguments[0], cgutils.true_bit)
        return builder.sub(context.get_constant(types.uint64, 63), zeros)

    return types.uint64(types.uint64), build


@kernel
def fill_rows(
    graph: Graph,
    rows: Rows,
    loads: FloatArray,
    unserved: FloatArray,
) -> None:
    """Complete `rows` (rank, beyond, used, flow) and add up `loads` (n_arcs, K), `unserved` (K)."""
    classes = loads.shape[1]
    for row in range(rows.order.shape[0]):
        rows.rank[row, :] = NOWHERE
        count = rows.settled[row]
        for i in range(count):
            node = rows.order[row, i]
            rows.rank[row, node] = i
            for k in range(classes):
                rows.flow[row, i, k] = rows.demand[row, node, k]
        for node in range(rows.rank.shape[1]):
            if rows.rank[row, node] == NOWHERE:
                for k in range(classes):
                    unserved[k] += rows.demand[row, node, k]
        for i in range(count - 1, 0, -1):
            first, last = rows.hop_offsets[row, i], rows.hop_offsets[row, i + 1]
            for slot in range(first, last):
                arc = rows.hop_arcs[row, slot]
                ahead = rows.rank[row, graph.head[arc]]
                rows.beyond[row, slot] = ahead
                rows.used[row, arc] = True
                for k in range(classes):
                    share = rows.flow[row, i, k] / (last - first)
                    loads[arc, k] += share
                    rows.flow[row, ahead, k] += share


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


class Shares(NamedTuple):
    """What each destination puts on each arc, and what does not reach it.

    `own`: (D, n_arcs, K). `stranded`: (D, K).
    """

    own: FloatArray
    stranded: FloatArray


class Standing(NamedTuple):
    """Where one cascade stands: all changes so far, and whose shares differ from the base's.

    `arcs` and `weights` (n_arcs,): the changes. `tripping` (n_arcs,): the arcs that trip in this
    round. `stirred` (D,): is `shares` valid for it.
    """

    arcs: IntArray
    weights: IntArray
    tripping: IntArray
    stirred: FlagArray
    shares: Shares


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


class Row(NamedTuple):
    """One row of Rows."""

    distance: IntArray
    order: IndexArray
    rank: IndexArray
    hop_offsets: IndexArray
    hop_arcs: IndexArray
    beyond: IndexArray
    used: FlagArray
    demand: FloatArray
    flow: FloatArray


@kernel
def add_differences(
    graph: Graph,
    rows: Rows,
    scratch: Scratch,
    first: IntArray,
    arcs: IntArray,
    changed: IntArray,
    together: bool,
    zeros: tuple[float, ...],
    loads: FloatArray,
    unserved: FloatArray,
) -> None:
    """Add to `loads` (n_arcs, S * K or more) and `unserved` (S, K) what each scenario changes.

    Scenario s gives arcs[first[s]:first[s + 1]] the weights `changed`, each arc once. `zeros`: K of
    them, so that K is known when this is compiled. `together`: push the flow of all scenarios down
    a DAG at once, in lanes; that is faster where the flow of a scenario reaches a good part of it.
    """
    count = first.shape[0] - 1
    for r in range(rows.order.shape[0]):
        row = _row(rows, r)
        ready, top, n_held = False, 0, 0
        for s in range(count):
            begin, end, lane = first[s], first[s + 1], s * len(zeros)
            effect = _effect(graph, row, begin, end, arcs, changed)
            if effect == NONE:
                continue
            if not ready:
                _reset(row, scratch)
                ready = True
            if effect == ANY or not together:
                _apply(
                    graph, row, scratch, begin, end, arcs, changed, effect, zeros, loads, lane,
                    unserved[s],
                )  # fmt: skip
                continue
            n_touched, n_lifted = _open(graph, row, scratch, begin, end, arcs, changed)
            n_settled = _search(graph, scratch, _seed_border(graph, scratch, n_lifted))
            reach = _move_weaker(
                graph, row, scratch, n_touched, n_lifted, n_settled, zeros, loads, lane, lane,
                unserved[s],
            )  # fmt: skip
            top = max(top, reach)
            n_held = _hold(graph, row, scratch, n_touched, lane, n_held)
            _tidy(graph, row, scratch, begin, end, arcs, n_touched, n_lifted, effect)
        if ready and together:
            _push_lanes(row, scratch, top, count * len(zeros), zeros, loads)


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
    row = _row(rows, r)
    _reset(row, scratch)
    filled = 0
    for event in range(first.shape[0] - 1):
        begin, end = first[event], first[event + 1]
        for i in range(begin, end):
            rank = row.rank[graph.tail[arcs[i]]]
            if rank != NOWHERE:
                _mark(sets[event, ENDS], rank)
        effect = _effect(graph, row, begin, end, arcs, changed)
        sizes[event] = 0
        if effect == NONE:
            continue
        for w in range(scratch.reached.shape[0]):
            scratch.reached[w] = 0
        n_touched, n_lifted = _apply(
            graph, row, scratch, begin, end, arcs, changed, effect, zeros, loads, 0,
            stranded[event],
        )  # fmt: skip
        for i in range(n_touched):
            _mark(sets[event, CHANGED], scratch.touched_list[i])
        for i in range(n_lifted):
            _mark(sets[event, LIFTED], row.rank[scratch.lifted_list[i]])
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
        row = _row(rows, r)
        ready = False
        for p in range(pairs.shape[0]):
            a, b = pairs[p, 0], pairs[p, 1]
            if not _meet(singles.sets[r, a], singles.sets[r, b]):
                continue
            if not ready:
                _reset(row, scratch)
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
            effect = _effect(graph, row, 0, size, both, both[half:])
            if effect != NONE:
                _apply(
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


@kernel
def fill_shares(rows: Rows, shares: Shares) -> None:
    """The shares of each destination in the base, into arrays of zeros."""
    classes = shares.own.shape[2]
    for r in range(rows.order.shape[0]):
        for rank in range(1, rows.settled[r]):
            first, last = rows.hop_offsets[r, rank], rows.hop_offsets[r, rank + 1]
            for slot in range(first, last):
                for k in range(classes):
                    share = rows.flow[r, rank, k] / (last - first)
                    shares.own[r, rows.hop_arcs[r, slot], k] = share
        for node in range(rows.rank.shape[1]):
            if rows.rank[r, node] == NOWHERE:
                for k in range(classes):
                    shares.stranded[r, k] += rows.demand[r, node, k]


@kernel
def cascade(
    graph: Graph,
    rows: Rows,
    scratch: Scratch,
    base: Shares,
    standing: Standing,
    limit: FloatArray,
    first: IntArray,
    arcs: IntArray,
    changed: IntArray,
    zeros: tuple[float, ...],
    loads: FloatArray,
    unserved: FloatArray,
    tripped: IntArray,
) -> None:
    """Play each scenario until no link is beyond `limit` (n_arcs,), bit/s in either direction.

    `loads` (S, n_arcs, K), `unserved` (S, K): as it ends. `tripped` (S, n_links), zero before: the
    round, from 1, in which a link trips.
    """
    for s in range(first.shape[0] - 1):
        size = 0
        for i in range(first[s], first[s + 1]):
            size = _change(standing, arcs[i], changed[i], size)
        for r in range(rows.order.shape[0]):
            standing.stirred[r] = False
            _work_out(graph, rows, scratch, base, standing, r, size, zeros)
        turn = 1
        _add_up(base, standing, size, zeros, loads[s], unserved[s])
        while _trip(loads[s], limit, turn, tripped[s], zeros):
            count = 0
            for arc in range(graph.weights.shape[0]):
                if tripped[s, arc >> 1] == turn:
                    size = _change(standing, arc, NO_ARC, size)
                    standing.tripping[count] = arc
                    count += 1
            anew = size * ANEW_FROM > graph.weights.shape[0]
            if anew:
                for i in range(size):
                    scratch.weights[standing.arcs[i]] = standing.weights[i]
            for r in range(rows.order.shape[0]):
                if not _carries(base, standing, r, count, zeros):
                    continue
                if anew:
                    _work_out_anew(graph, rows, scratch, standing, r, zeros)
                else:
                    _work_out(graph, rows, scratch, base, standing, r, size, zeros)
            if anew:
                for i in range(size):
                    scratch.weights[standing.arcs[i]] = graph.weights[standing.arcs[i]]
            turn += 1
            _add_up(base, standing, size, zeros, loads[s], unserved[s])


@kernel
def _change(standing: Standing, arc: int, weight: int, size: int) -> int:
    for i in range(size):
        if standing.arcs[i] == arc:
            standing.weights[i] = weight
            return size
    standing.arcs[size] = arc
    standing.weights[size] = weight
    return size + 1


@kernel
def _work_out(
    graph: Graph,
    rows: Rows,
    scratch: Scratch,
    base: Shares,
    standing: Standing,
    r: int,
    size: int,
    zeros: tuple[float, ...],
) -> None:
    """The shares of row `r` after the first `size` changes, as differences from the base."""
    row = _row(rows, r)
    effect = _effect(graph, row, 0, size, standing.arcs, standing.weights)
    if effect == NONE:
        # What the scenario brought has tripped, and all is as in the base.
        standing.stirred[r] = False
        return
    standing.stirred[r] = True
    own, stranded = standing.shares.own[r], standing.shares.stranded[r]
    for k in range(len(zeros)):
        stranded[k] = base.stranded[r, k]
        for arc in range(own.shape[0]):
            own[arc, k] = base.own[r, arc, k]
    _reset(row, scratch)
    _apply(
        graph, row, scratch, 0, size, standing.arcs, standing.weights, effect, zeros, own, 0,
        stranded,
    )  # fmt: skip


@kernel
def _work_out_anew(
    graph: Graph,
    rows: Rows,
    scratch: Scratch,
    standing: Standing,
    r: int,
    zeros: tuple[float, ...],
) -> None:
    """The shares of row `r` under `scratch.weights`, routed from scratch."""
    standing.stirred[r] = True
    own, stranded = standing.shares.own[r], standing.shares.stranded[r]
    for k in range(len(zeros)):
        stranded[k] = 0.0
        for arc in range(own.shape[0]):
            own[arc, k] = 0.0
    for node in range(rows.rank.shape[1]):
        scratch.near[node] = FAR
    target = rows.order[r, 0]
    scratch.near[target] = 0
    scratch.queue[0] = target
    n_settled = _search(graph, scratch, 1)
    for node in range(rows.rank.shape[1]):
        for k in range(len(zeros)):
            if scratch.near[node] == FAR:
                stranded[k] += rows.demand[r, node, k]
            else:
                scratch.moving[node, k] = rows.demand[r, node, k]
    for turn in range(n_settled - 1, 0, -1):
        node = scratch.settled_list[turn]
        near, hops = scratch.near[node], 0
        for i in range(graph.out_offsets[node], graph.out_offsets[node + ONE]):
            if _is_hop(scratch, near, graph.out_arcs[i], graph.out_heads[i]):
                scratch.hops[hops] = i
                hops += 1
        for k in range(len(zeros)):
            share = scratch.moving[node, k] / hops
            scratch.moving[node, k] = 0.0
            for i in range(hops):
                place = scratch.hops[i]
                own[graph.out_arcs[place], k] = share
                scratch.moving[graph.out_heads[place], k] += share
    for k in range(len(zeros)):
        scratch.moving[target, k] = 0.0


@kernel
def _add_up(
    base: Shares,
    standing: Standing,
    size: int,
    zeros: tuple[float, ...],
    loads: FloatArray,
    unserved: FloatArray,
) -> None:
    for k in range(len(zeros)):
        unserved[k] = 0.0
        for arc in range(loads.shape[0]):
            loads[arc, k] = 0.0
    for r in range(standing.stirred.shape[0]):
        shares = standing.shares if standing.stirred[r] else base
        for k in range(len(zeros)):
            unserved[k] += shares.stranded[r, k]
        for arc in range(loads.shape[0]):
            for k in range(len(zeros)):
                loads[arc, k] += shares.own[r, arc, k]
    for i in range(size):
        if standing.weights[i] == NO_ARC:
            for k in range(len(zeros)):
                loads[standing.arcs[i], k] = 0.0


@kernel
def _trip(
    loads: FloatArray,
    limit: FloatArray,
    turn: int,
    tripped: IntArray,
    zeros: tuple[float, ...],
) -> bool:
    """Mark the links beyond their limit with this turn; is there any."""
    found = False
    for arc in range(loads.shape[0]):
        total = 0.0
        for k in range(len(zeros)):
            total += loads[arc, k]
        # A link that has tripped carries nothing, and is not found again.
        if total > limit[arc]:
            tripped[arc >> 1] = turn
            found = True
    return found


@kernel
def _carries(
    base: Shares,
    standing: Standing,
    r: int,
    count: int,
    zeros: tuple[float, ...],
) -> bool:
    """Does one of the first `count` arcs that trip carry flow to the destination of row `r`.

    If none does, nothing changes for it: whatever has flow has it on all of its next hops.
    """
    own = standing.shares.own[r] if standing.stirred[r] else base.own[r]
    for i in range(count):
        for k in range(len(zeros)):
            if own[standing.tripping[i], k] != 0.0:
                return True
    return False


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
    row = _row(rows, r)
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
                _mark(pairs.crossed[p], row.hop_arcs[slot])
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
        row = _row(rows, r)
        ready = False
        for s in range(first.shape[0] - 1):
            begin, end = first[s], first[s + 1]
            effect = _effect(graph, row, begin, end, arcs, changed)
            if effect == NONE or (
                effect == WEAKER and not _any_used(pairs.used[r], begin, end, arcs)
            ):
                continue
            if not ready:
                _reset(row, scratch)
                ready = True
            n_touched, n_lifted = _open(graph, row, scratch, begin, end, arcs, changed)
            _search_both(graph, scratch, begin, end, arcs, n_lifted)
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
            _tidy(graph, row, scratch, begin, end, arcs, n_touched, n_lifted, effect)


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
def _search_both(
    graph: Graph,
    scratch: Scratch,
    begin: int,
    end: int,
    arcs: IntArray,
    n_lifted: int,
) -> int:
    size = _seed_border(graph, scratch, n_lifted)
    size = _seed_stronger(graph, scratch, begin, end, arcs, size)
    return _search(graph, scratch, size)


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
                if not _is_hop(scratch, near, arc, ahead):
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


@kernel
def read_loads(
    loads: FloatArray,
    capacity: FloatArray,
    limit: float,
    worst: FloatArray,
    busiest: IntArray,
    over: IntArray,
    excess: FloatArray,
) -> None:
    """Per scenario: the highest utilisation, its arc, how many arcs are above `limit`, and what is
    offered to arcs beyond their capacity, all arcs together.

    Of arcs that are equal but for rounding, the first is the busiest.
    """
    for s in range(loads.shape[0]):
        worst[s] = 0.0
        busiest[s] = 0
        over[s] = 0
        excess[s] = 0.0
        leading = 0.0
        for arc in range(loads.shape[1]):
            total = 0.0
            for k in range(loads.shape[2]):
                total += loads[s, arc, k]
            utilisation = total / capacity[arc]
            if utilisation > limit:
                over[s] += 1
            if total > capacity[arc]:
                excess[s] += total - capacity[arc]
            worst[s] = max(worst[s], utilisation)
            if utilisation > leading * (1.0 + NOISE):
                leading = utilisation
                busiest[s] = arc


@kernel
def _row(rows: Rows, r: int) -> Row:
    return Row(
        rows.distance[r],
        rows.order[r],
        rows.rank[r],
        rows.hop_offsets[r],
        rows.hop_arcs[r],
        rows.beyond[r],
        rows.used[r],
        rows.demand[r],
        rows.flow[r],
    )


@kernel
def _reset(row: Row, scratch: Scratch) -> None:
    for node in range(row.distance.shape[0]):
        scratch.near[node] = row.distance[node]


@kernel
def _apply(
    graph: Graph,
    row: Row,
    scratch: Scratch,
    begin: int,
    end: int,
    arcs: IntArray,
    changed: IntArray,
    effect: int,
    zeros: tuple[float, ...],
    loads: FloatArray,
    lane: int,
    unserved: FloatArray,
) -> tuple[int, int]:
    """Add what one scenario changes for one destination, and leave the scratch arrays clean.

    `loads`: (n_arcs, lanes * K), of which K columns from `lane` on. Returns how many entries of
    `touched_list` and `lifted_list` stay valid.
    """
    n_touched, n_lifted = _open(graph, row, scratch, begin, end, arcs, changed)
    size = _seed_border(graph, scratch, n_lifted)
    if effect == WEAKER:
        n_settled = _search(graph, scratch, size)
        top = _move_weaker(
            graph, row, scratch, n_touched, n_lifted, n_settled, zeros, loads, lane, 0, unserved
        )
        _push_down(graph, row, scratch, top, zeros, loads, lane)
    else:
        size = _seed_stronger(graph, scratch, begin, end, arcs, size)
        n_settled = _search(graph, scratch, size)
        _push_any(
            graph, row, scratch, begin, end, arcs, n_lifted, n_settled, zeros, loads, lane,
            unserved,
        )  # fmt: skip
    _tidy(graph, row, scratch, begin, end, arcs, n_touched, n_lifted, effect)
    return n_touched, n_lifted


@kernel
def _open(
    graph: Graph,
    row: Row,
    scratch: Scratch,
    begin: int,
    end: int,
    arcs: IntArray,
    changed: IntArray,
) -> tuple[int, int]:
    for i in range(begin, end):
        scratch.weights[arcs[i]] = changed[i]
    return _lift(graph, row, scratch, begin, end, arcs)


@kernel
def _tidy(
    graph: Graph,
    row: Row,
    scratch: Scratch,
    begin: int,
    end: int,
    arcs: IntArray,
    n_touched: int,
    n_lifted: int,
    effect: int,
) -> None:
    if effect == WEAKER:
        for i in range(n_lifted):
            node = scratch.lifted_list[i]
            scratch.near[node] = row.distance[node]
    else:
        _reset(row, scratch)
    for i in range(n_touched):
        rank = scratch.touched_list[i]
        scratch.dead[rank] = 0
        scratch.lifted[rank] = False
    for i in range(begin, end):
        scratch.weights[arcs[i]] = graph.weights[arcs[i]]


@kernel
def _effect(
    graph: Graph,
    row: Row,
    begin: int,
    end: int,
    arcs: IntArray,
    changed: IntArray,
) -> int:
    effect = NONE
    for i in range(begin, end):
        arc = arcs[i]
        before, after = graph.weights[arc], changed[i]
        if after == before:
            continue
        if after != NO_ARC and (before == NO_ARC or after < before):
            ahead = row.distance[graph.head[arc]]
            if ahead != FAR and after + ahead <= row.distance[graph.tail[arc]]:
                return ANY
        elif row.used[arc]:
            effect = WEAKER
    return effect


@kernel
def _lift(
    graph: Graph,
    row: Row,
    scratch: Scratch,
    begin: int,
    end: int,
    arcs: IntArray,
) -> tuple[int, int]:
    """Find the nodes that lost next hops (ranks) and those that lost all of them (nodes)."""
    n_touched, n_lifted = 0, 0
    for i in range(begin, end):
        arc = arcs[i]
        if row.used[arc] and _weaker(graph.weights[arc], scratch.weights[arc]):
            n_touched, n_lifted = _lose_hop(graph, row, scratch, arc, n_touched, n_lifted)
    done = 0
    while done < n_lifted:
        node = scratch.lifted_list[done]
        done += 1
        for i in range(graph.in_offsets[node], graph.in_offsets[node + ONE]):
            arc = graph.in_arcs[i]
            if row.used[arc] and not _weaker(graph.weights[arc], scratch.weights[arc]):
                n_touched, n_lifted = _lose_hop(graph, row, scratch, arc, n_touched, n_lifted)
    return n_touched, n_lifted


@kernel
def _weaker(before: int, after: int) -> bool:
    return after != before and (after == NO_ARC or after > before)


@kernel
def _lose_hop(
    graph: Graph,
    row: Row,
    scratch: Scratch,
    arc: int,
    n_touched: int,
    n_lifted: int,
) -> tuple[int, int]:
    node = graph.tail[arc]
    rank = row.rank[node]
    if scratch.dead[rank] == 0:
        scratch.touched_list[n_touched] = rank
        n_touched += 1
    scratch.dead[rank] += 1
    if scratch.dead[rank] == row.hop_offsets[rank + ONE] - row.hop_offsets[rank]:
        scratch.lifted[rank] = True
        scratch.near[node] = FAR
        scratch.lifted_list[n_lifted] = node
        n_lifted += 1
    return n_touched, n_lifted


@kernel
def _seed_border(
    graph: Graph,
    scratch: Scratch,
    n_lifted: int,
) -> int:
    """Offer each lifted node its best way out; returns the length of the queue."""
    size = 0
    for i in range(n_lifted):
        node = scratch.lifted_list[i]
        best = FAR
        for j in range(graph.out_offsets[node], graph.out_offsets[node + ONE]):
            arc = graph.out_arcs[j]
            ahead = scratch.near[graph.out_heads[j]]
            if scratch.weights[arc] != NO_ARC and ahead != FAR:
                best = min(best, scratch.weights[arc] + ahead)
        if best != FAR:
            scratch.near[node] = best
            size = _queue_up(scratch.queue, 0, size, (best << NODE_BITS) | node)
    return size


@kernel
def _seed_stronger(
    graph: Graph,
    scratch: Scratch,
    begin: int,
    end: int,
    arcs: IntArray,
    size: int,
) -> int:
    """Offer the tail of each changed arc the way over it; returns the length of the queue."""
    for i in range(begin, end):
        arc = arcs[i]
        ahead = scratch.near[graph.head[arc]]
        if scratch.weights[arc] == NO_ARC or ahead == FAR:
            continue
        node = graph.tail[arc]
        if scratch.weights[arc] + ahead < scratch.near[node]:
            scratch.near[node] = scratch.weights[arc] + ahead
            size = _queue_up(scratch.queue, 0, size, (scratch.near[node] << NODE_BITS) | node)
    return size


@kernel
def _search(
    graph: Graph,
    scratch: Scratch,
    size: int,
) -> int:
    """Dijkstra from what is in the queue; returns how many nodes it settled."""
    queue, n_settled, first, last = scratch.queue, 0, 0, size
    while first < last:
        key = queue[first]
        first += 1
        node, distance = np.uint32(key & NODE_MASK), key >> NODE_BITS
        if distance > scratch.near[node]:
            continue
        scratch.settled_list[n_settled] = node
        n_settled += 1
        for i in range(graph.in_offsets[node], graph.in_offsets[node + ONE]):
            arc = graph.in_arcs[i]
            weight = scratch.weights[arc]
            before = graph.in_tails[i]
            if weight != NO_ARC and distance + weight < scratch.near[before]:
                scratch.near[before] = distance + weight
                key = ((distance + weight) << NODE_BITS) | before
                last = _queue_up(queue, first, last, key)
    return n_settled


@kernel
def _move_weaker(
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
            _mark(scratch.bits, rank)
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
def _mark(bits: WordArray, rank: int) -> None:
    place = np.uint64(rank)
    bits[place >> SIX] |= ONE << (place & LOW)


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
            _mark(scratch.bits, ahead)
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
        if _is_hop(scratch, near, arc, beyond):
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
            _mark(scratch.bits, ahead)
    return top


@kernel
def _is_hop(scratch: Scratch, near: int, arc: int, head: int) -> bool:
    ahead, weight = scratch.near[head], scratch.weights[arc]
    return bool(weight != NO_ARC and ahead != FAR and weight + ahead == near)


@kernel
def _is_gone(graph: Graph, scratch: Scratch, arc: int, ahead: int) -> bool:
    return bool(scratch.lifted[ahead] or _weaker(graph.weights[arc], scratch.weights[arc]))


@kernel
def _push_down(
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
                # As `_push_lanes` does it, so that the same bits come of it.
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
        if not _is_gone(graph, scratch, arc, ahead):
            for k in range(len(zeros)):
                share = (row.flow[rank, k] + scratch.waiting[rank, k]) / kept
                loads[arc, lane + k] += share
                scratch.waiting[ahead, k] += share
    for k in range(len(zeros)):
        scratch.waiting[rank, k] = 0.0


@kernel
def _hold(
    graph: Graph,
    row: Row,
    scratch: Scratch,
    n_touched: int,
    lane: int,
    n_held: int,
) -> int:
    """Note for `_push_lanes` which hops the nodes have left that lost some but not all."""
    for i in range(n_touched):
        rank = scratch.touched_list[i]
        if scratch.lifted[rank]:
            continue
        n_held += 1
        first, last = row.hop_offsets[rank], row.hop_offsets[rank + ONE]
        kept = np.uint64(0)
        for slot in range(first, last):
            if not _is_gone(graph, scratch, row.hop_arcs[slot], row.beyond[slot]):
                kept |= ONE << np.uint64(slot - first)
        scratch.held_lane[n_held] = lane
        scratch.held_kept[n_held] = kept
        scratch.held_next[n_held] = scratch.held[rank]
        scratch.held[rank] = n_held
    return n_held


@kernel
def _push_lanes(
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
def _push_any(
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
        last = _queue_up(scratch.queue, first, last, ((FARTHEST - near) << NODE_BITS) | node)
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
            if _is_hop(scratch, scratch.near[node], arc, graph.out_heads[i]):
                scratch.hops[hops] = arc
                hops += 1
        return hops
    rank = row.rank[node]
    for slot in range(row.hop_offsets[rank], row.hop_offsets[rank + ONE]):
        scratch.hops[hops] = row.hop_arcs[slot]
        hops += 1
    return hops


@kernel
def finish_loads(
    base: FloatArray,
    first: IntArray,
    arcs: IntArray,
    changed: IntArray,
    members: IntArray,
    zeros: tuple[float, ...],
    loads: FloatArray,
) -> None:
    """Turn differences (S, n_arcs, K) into loads, in place; what is left by rounding becomes 0.

    Scenario s is what `members[s]` name of the changes.
    """
    for s in range(loads.shape[0]):
        for arc in range(loads.shape[1]):
            for k in range(len(zeros)):
                after = base[arc, k] + loads[s, arc, k]
                loads[s, arc, k] = after if after > NOISE * base[arc, k] else 0.0
        for m in range(members.shape[1]):
            for i in range(first[members[s, m]], first[members[s, m] + 1]):
                if changed[i] == NO_ARC:
                    for k in range(len(zeros)):
                        loads[s, arcs[i], k] = 0.0


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


@kernel
def _queue_up(
    queue: IntArray,
    first: int,
    last: int,
    key: int,
) -> int:
    """Sort `key` into queue[first:last], from behind; returns the new end.

    Queues are short and what is new is far. A heap's branches, which no processor foresees, cost
    more than that.
    """
    place = last
    while place > first and queue[place - 1] > key:
        queue[place] = queue[place - 1]
        place -= 1
    queue[place] = key
    return last + 1
