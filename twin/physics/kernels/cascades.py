"""Scenarios played on: overloaded links trip, the load moves, until none is beyond its limit."""

from typing import NamedTuple

from twin.physics.compiled import NO_ARC, FloatArray, IntArray
from twin.physics.kernels.arrays import (
    FAR,
    NOWHERE,
    ONE,
    FlagArray,
    Graph,
    Rows,
    Scratch,
    reset,
    row_of,
)
from twin.physics.kernels.compiling import kernel
from twin.physics.kernels.scenarios import apply_scenario
from twin.physics.kernels.search import NONE, effect_on, is_hop, search

ANEW_FROM = 5
"""A cascade that has changed more than one arc in so many routes from scratch."""


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
    row = row_of(rows, r)
    effect = effect_on(graph, row, 0, size, standing.arcs, standing.weights)
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
    reset(row, scratch)
    apply_scenario(
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
    n_settled = search(graph, scratch, 1)
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
            if is_hop(scratch, near, graph.out_arcs[i], graph.out_heads[i]):
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
