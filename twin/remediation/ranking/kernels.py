"""Kernels of what is seen: which traffic meets overload, and what a new weight would move of it."""

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

from twin.physics.compiled import FloatArray, IntArray
from twin.remediation.ranking.arrays import Arcs, Egresses, Moved, Toward, Ways

SAVED, DRAWN, LED_OFF, INTO_OVERLOAD, ROOM, SAVED_BEFORE, DRAWN_BEFORE = range(7)
"""Columns of `Moved.amounts`: what is saved to first order, what the arc draws and what leaves it,
what of both goes ways that are overloaded, and the room on those ways times what goes there; what
is saved and drawn one hop before.
"""

COLUMNS = 7

FAR = 1 << 62
"""Longer than any way."""

MOST_ROOM = 1e15
"""Bit/s: of a way that ends where it begins there is any amount."""


Function = TypeVar("Function", bound=Callable[..., Any])


def _kernel(function: Function) -> Function:
    # As those of the physics: without reference counts, and with helpers inlined, for a call hands
    # over every field of every tuple. All are in this file, whose changes numba's own cache sees.
    options: Any = {"cache": True, "nogil": True, "_nrt": False, "forceinline": True}
    compiled: Function = numba.njit(error_model="numpy", **options)(function)
    return compiled


@_kernel
def offered(ways: Ways, head: IntArray, loads: FloatArray) -> None:
    """Complete `ways.flow`, which holds the demand, with transit; add up `loads` (n_arcs,)."""
    for row in range(ways.order.shape[0]):
        for i in range(ways.settled[row] - 1, 0, -1):
            node = ways.order[row, i]
            first, last = ways.hop_offsets[row, i], ways.hop_offsets[row, i + 1]
            if last == first:
                continue
            share = ways.flow[row, node] / (last - first)
            for slot in range(first, last):
                arc = ways.hop_arcs[row, slot]
                loads[arc] += share
                ways.flow[row, head[arc]] += share


@_kernel
def _look_ahead(ways: Ways, arcs: Arcs, row: int, to: Toward) -> None:
    to.ahead[:] = 0.0
    to.hops[:] = 0.0
    to.free[:] = np.inf
    for i in range(1, ways.settled[row]):
        node = ways.order[row, i]
        first, last = ways.hop_offsets[row, i], ways.hop_offsets[row, i + 1]
        for slot in range(first, last):
            arc = ways.hop_arcs[row, slot]
            to.is_hop[arc] = True
            to.ahead[node] += (arcs.price[arc] + to.ahead[arcs.head[arc]]) / (last - first)
            to.free[node] = min(to.free[node], arcs.room[arc], to.free[arcs.head[arc]])
        to.hops[node] = last - first


@_kernel
def _look_back(
    ways: Ways, arcs: Arcs, row: int, to: Toward, meets: FloatArray, has_met: FloatArray
) -> None:
    to.past[:] = 0.0
    for i in range(ways.settled[row] - 1, 0, -1):
        node = ways.order[row, i]
        first, last = ways.hop_offsets[row, i], ways.hop_offsets[row, i + 1]
        for slot in range(first, last):
            arc = ways.hop_arcs[row, slot]
            share = ways.flow[row, node] / (last - first)
            before = to.past[node] / (last - first)
            meets[arc] += share * to.ahead[arcs.head[arc]]
            has_met[arc] += before
            to.past[arcs.head[arc]] += share if arcs.price[arc] > 0.0 else before


@_kernel
def _look_aside(ways: Ways, arcs: Arcs, row: int, to: Toward) -> None:
    """A neighbour's way, of those that do not come back."""
    to.aside[:] = FAR
    for i in range(1, ways.settled[row]):
        node = ways.order[row, i]
        if to.hops[node] != 1.0:
            continue
        for place in range(arcs.out_offsets[node], arcs.out_offsets[node + 1]):
            arc = arcs.out_arcs[place]
            there = arcs.head[arc]
            if arcs.weights[arc] == 0 or to.is_hop[arc] or ways.distance[row, there] < 0:
                continue
            if to.hops[there] == 1.0 and to.is_hop[arc ^ 1]:
                continue
            through = arcs.weights[arc] + ways.distance[row, there]
            if through < to.aside[node]:
                to.aside[node] = through
                to.aside_ahead[node] = arcs.price[arc] + to.ahead[there]
                to.aside_free[node] = min(arcs.room[arc], to.free[there])


@_kernel
def _look_around(ways: Ways, arcs: Arcs, row: int, node: int, to: Toward, by: Egresses) -> None:
    """Write the way over each egress of `node` into `by`."""
    begin = arcs.out_offsets[node]
    for place in range(begin, arcs.out_offsets[node + 1]):
        arc, j = arcs.out_arcs[place], place - begin
        there = arcs.head[arc]
        by.length[j] = FAR
        if arcs.weights[arc] == 0 or ways.distance[row, there] < 0:
            continue
        if to.hops[there] == 1.0 and to.is_hop[arc ^ 1]:
            # It comes back here for this target.
            if to.aside[there] < FAR:
                by.length[j] = arcs.weights[arc] + to.aside[there]
                by.cost[j] = arcs.price[arc] + to.aside_ahead[there]
                by.width[j] = min(arcs.room[arc], to.aside_free[there])
            continue
        by.length[j] = arcs.weights[arc] + ways.distance[row, there]
        by.cost[j] = arcs.price[arc] + to.ahead[there]
        by.width[j] = min(arcs.room[arc], to.free[there])
        if to.is_hop[arc ^ 1]:
            # So does a share of it, which then goes the others of its ways.
            returned = arcs.price[arc ^ 1] + to.ahead[node]
            by.cost[j] += (to.ahead[there] - returned) / (to.hops[there] - 1.0)


@_kernel
def _move_here(
    ways: Ways, arcs: Arcs, row: int, node: int, own: int, to: Toward, by: Egresses, moved: Moved
) -> None:
    """Add what `node` would send otherwise at each weight of its egress number `own`."""
    begin, sent = arcs.out_offsets[node], ways.flow[row, node]
    arc, egresses = arcs.out_arcs[begin + own], arcs.out_offsets[node + 1] - begin
    # What the node would do without this arc.
    least, count, others_cost, others_width = FAR, 0, 0.0, np.inf
    for j in range(egresses):
        if j == own or by.length[j] > least or by.length[j] == FAR:
            continue
        if by.length[j] < least:
            least, count, others_cost, others_width = by.length[j], 0, 0.0, np.inf
        count += 1
        others_cost += by.cost[j]
        others_width = min(others_width, by.width[j])
    old = 1.0 / to.hops[node] if to.is_hop[arc] else 0.0
    for k in range(moved.tried.shape[1]):
        if moved.tried[arc, k] == 0:
            continue
        through = moved.tried[arc, k] + by.length[own] - arcs.weights[arc]
        if through < least:
            new = 1.0
        elif through == least:
            new = 1.0 / (count + 1)
        else:
            new = 0.0
        if new != old:
            then = new * by.cost[own]
            if count > 0:
                then += (1.0 - new) * others_cost / count
            amount, amounts = sent * abs(new - old), moved.amounts[arc, k]
            way = by.width[own] if new > old else others_width
            amounts[SAVED] += sent * (to.ahead[node] - then)
            amounts[DRAWN if new > old else LED_OFF] += amount
            if way <= 0.0:
                amounts[INTO_OVERLOAD] += amount
            amounts[ROOM] += amount * max(0.0, min(way, MOST_ROOM))
            moved.landed[arc, k, own] += sent * (new - old)
            if new < old:
                for j in range(egresses):
                    if j != own and by.length[j] == least:
                        moved.landed[arc, k, j] += amount / count
        if through < ways.distance[row, node]:
            # Nearer than before: neighbours may come this way.
            _move_before(ways, arcs, row, arc, through, by.cost[own], to, moved.amounts[arc, k])


@_kernel
def _move_before(
    ways: Ways,
    arcs: Arcs,
    row: int,
    arc: int,
    length: int,
    cost: float,
    to: Toward,
    amounts: FloatArray,
) -> None:
    """Add what neighbours would bring if the way over `arc` had this length and cost."""
    node = arcs.tail[arc]
    for place in range(arcs.in_offsets[node], arcs.in_offsets[node + 1]):
        inward = arcs.in_arcs[place]
        neighbour = arcs.tail[inward]
        if arcs.weights[inward] == 0 or neighbour == arcs.head[arc]:
            continue
        far, through = ways.distance[row, neighbour], arcs.weights[inward] + length
        if far < 0 or to.hops[neighbour] == 0.0 or through > far:
            continue
        comes = ways.flow[row, neighbour]
        saved = comes * (to.ahead[neighbour] - arcs.price[inward] - cost)
        if to.is_hop[inward]:
            comes *= 1.0 - 1.0 / to.hops[neighbour]
        if through == far:
            saved /= to.hops[neighbour] + 1.0
            comes /= to.hops[neighbour] + 1.0
        amounts[SAVED_BEFORE] += saved
        amounts[DRAWN_BEFORE] += comes


@_kernel
def look_at_moves(
    ways: Ways,
    arcs: Arcs,
    to: Toward,
    by: Egresses,
    moved: Moved,
    meets: FloatArray,
    has_met: FloatArray,
) -> None:
    """Add to `moved` what each weight would move at the node that sets it, and to `meets` and
    `has_met` (n_arcs,) traffic times the hours that it will lose, and traffic that has crossed
    overload. `to` and `by` are written on.

    Only the choice of that node, and of those one hop before it, is looked at: nothing is routed.
    """
    for row in range(ways.order.shape[0]):
        to.is_hop[:] = False
        _look_ahead(ways, arcs, row, to)
        _look_back(ways, arcs, row, to, meets, has_met)
        _look_aside(ways, arcs, row, to)
        for i in range(1, ways.settled[row]):
            node = ways.order[row, i]
            _look_around(ways, arcs, row, node, to, by)
            for own in range(arcs.out_offsets[node + 1] - arcs.out_offsets[node]):
                if by.length[own] < FAR:
                    _move_here(ways, arcs, row, node, own, to, by, moved)


@_kernel
def write_figures(
    arcs: Arcs,
    moved: Moved,
    capacity: FloatArray,
    level: FloatArray,
    hours: FloatArray,
    loads: FloatArray,
    overload: FloatArray,
    all_lost: float,
    figures: NDArray[np.float32],
) -> None:
    """The figures of `table.MOVES` into `figures` (n_arcs, K, figures), which is zero."""
    tried, landed = moved.tried, moved.landed
    for arc in range(tried.shape[0]):
        begin, end = arcs.out_offsets[arcs.tail[arc]], arcs.out_offsets[arcs.tail[arc] + 1]
        for k in range(tried.shape[1]):
            if tried[arc, k] == 0:
                continue
            m, to = moved.amounts[arc, k], figures[arc, k]
            saved, fullest = 0.0, 0.0
            for place in range(begin, end):
                egress = arcs.out_arcs[place]
                load = loads[egress] + landed[arc, k, place - begin]
                # All that neighbours bring takes the arc itself.
                if egress == arc:
                    load += m[DRAWN_BEFORE]
                saved += overload[egress]
                for h in range(level.shape[0]):
                    saved -= hours[h] * max(0.0, load - capacity[egress] / level[h])
                fullest = max(fullest, level[0] * load / capacity[egress])
            amount = max(1.0, m[DRAWN] + m[LED_OFF])
            to[0] = 1.0
            to[1] = min(4.0, max(-4.0, np.log(tried[arc, k] / max(1, arcs.weights[arc]))))
            to[2] = _bent(m[SAVED] / all_lost)
            to[3] = min(3.0, m[DRAWN] / capacity[arc])
            to[4] = min(3.0, m[LED_OFF] / capacity[arc])
            to[5] = min(3.0, m[INTO_OVERLOAD] / capacity[arc])
            to[6] = min(2.0, m[ROOM] / amount / amount)
            to[7] = _bent(m[SAVED_BEFORE] / all_lost)
            to[8] = min(3.0, m[DRAWN_BEFORE] / capacity[arc])
            to[9] = _bent(saved / all_lost)
            to[10] = min(3.0, fullest)


@_kernel
def _bent(value: float) -> float:
    return float(min(4.0, max(-4.0, np.sign(value) * np.log1p(4.0 * abs(value)))))
