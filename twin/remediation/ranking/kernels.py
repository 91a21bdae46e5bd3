"""Kernels of what is seen: which traffic meets overload, and what a new weight would move of it."""

import numba
import numpy as np
from numpy.typing import NDArray

from twin.physics.compiled import FloatArray, IntArray

SAVED, DRAWN, LED_OFF, INTO_OVERLOAD, ROOM, SAVED_BEFORE, DRAWN_BEFORE = range(7)
"""Columns of `moved`; see `look_at_moves`."""

COLUMNS = 7

FAR = 1 << 62
"""Longer than any way."""

MOST_ROOM = 1e15
"""Bit/s: of a way that ends where it begins there is any amount."""


@numba.njit(cache=True, nogil=True)
def offered(
    order: NDArray[np.int32],
    settled: IntArray,
    hop_offsets: NDArray[np.int32],
    hop_arcs: NDArray[np.int32],
    head: IntArray,
    flow: FloatArray,
    loads: FloatArray,
) -> None:
    """Complete `flow` (n, n), [target, node], which holds the demand, with transit; add up `loads`
    (n_arcs,).
    """
    for row in range(order.shape[0]):
        for i in range(settled[row] - 1, 0, -1):
            node = order[row, i]
            first, last = hop_offsets[row, i], hop_offsets[row, i + 1]
            if last == first:
                continue
            share = flow[row, node] / (last - first)
            for slot in range(first, last):
                arc = hop_arcs[row, slot]
                loads[arc] += share
                flow[row, head[arc]] += share


@numba.njit(cache=True, nogil=True, error_model="numpy")
def look_at_moves(
    order: NDArray[np.int32],
    settled: IntArray,
    hop_offsets: NDArray[np.int32],
    hop_arcs: NDArray[np.int32],
    distance: IntArray,
    tail: IntArray,
    head: IntArray,
    out_offsets: IntArray,
    out_arcs: IntArray,
    in_offsets: IntArray,
    in_arcs: IntArray,
    weights: IntArray,
    tried: IntArray,
    price: FloatArray,
    room: FloatArray,
    flow: FloatArray,
    meets: FloatArray,
    has_met: FloatArray,
    moved: FloatArray,
    landed: FloatArray,
) -> None:
    """What each weight of `tried` (n_arcs, K; 0: none) would move at the node that sets it.

    Only the choice of that node, and of those one hop before it, is looked at: nothing is routed.
    `price` (n_arcs,): hours in which one more bit/s on an arc is lost. `room` (n_arcs,): what is
    free at the highest demand. Added up: `meets`, `has_met` (n_arcs,), traffic times the hours that
    it will lose, and traffic that has crossed overload; `moved` (n_arcs, K, COLUMNS): what is saved
    to first order, what the arc draws and loses, what goes to ways that are overloaded, and the
    room on those ways times what goes there; what is saved and drawn one hop before. `landed`
    (n_arcs, K, most egresses of a node): what each egress of the node gets.
    """
    n, levels, most = distance.shape[1], tried.shape[1], landed.shape[2]
    ahead, free, past, hops = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    aside, aside_ahead, aside_free = np.empty(n, np.int64), np.empty(n), np.empty(n)
    length, cost, width = np.empty(most, np.int64), np.empty(most), np.empty(most)
    is_hop = np.zeros(tail.shape[0], dtype=np.bool_)
    for row in range(order.shape[0]):
        ahead[:] = past[:] = hops[:] = 0.0
        free[:] = np.inf
        for i in range(1, settled[row]):
            node = order[row, i]
            first, last = hop_offsets[row, i], hop_offsets[row, i + 1]
            for slot in range(first, last):
                arc = hop_arcs[row, slot]
                is_hop[arc] = True
                ahead[node] += (price[arc] + ahead[head[arc]]) / (last - first)
                free[node] = min(free[node], room[arc], free[head[arc]])
            hops[node] = last - first
        for i in range(settled[row] - 1, 0, -1):
            node = order[row, i]
            first, last = hop_offsets[row, i], hop_offsets[row, i + 1]
            for slot in range(first, last):
                arc = hop_arcs[row, slot]
                share, before = flow[row, node] / (last - first), past[node] / (last - first)
                meets[arc] += share * ahead[head[arc]]
                has_met[arc] += before
                past[head[arc]] += share if price[arc] > 0.0 else before
        # Where a node goes that has one next hop, if not there: its neighbours' ways, but for those
        # that come back to it.
        aside[:] = FAR
        for i in range(1, settled[row]):
            node = order[row, i]
            if hops[node] != 1.0:
                continue
            for place in range(out_offsets[node], out_offsets[node + 1]):
                arc = out_arcs[place]
                there = head[arc]
                if weights[arc] == 0 or is_hop[arc] or distance[row, there] < 0:
                    continue
                if hops[there] == 1.0 and is_hop[arc ^ 1]:
                    continue
                through = weights[arc] + distance[row, there]
                if through < aside[node]:
                    aside[node] = through
                    aside_ahead[node] = price[arc] + ahead[there]
                    aside_free[node] = min(room[arc], free[there])
        for i in range(1, settled[row]):
            node = order[row, i]
            sent, now = flow[row, node], distance[row, node]
            begin, end = out_offsets[node], out_offsets[node + 1]
            for place in range(begin, end):
                arc, j = out_arcs[place], place - begin
                there = head[arc]
                length[j] = FAR
                if weights[arc] == 0 or distance[row, there] < 0:
                    continue
                if hops[there] == 1.0 and is_hop[arc ^ 1]:
                    # It comes back here for this target.
                    if aside[there] < FAR:
                        length[j] = weights[arc] + aside[there]
                        cost[j] = price[arc] + aside_ahead[there]
                        width[j] = min(room[arc], aside_free[there])
                else:
                    length[j] = weights[arc] + distance[row, there]
                    cost[j] = price[arc] + ahead[there]
                    width[j] = min(room[arc], free[there])
                    if is_hop[arc ^ 1]:
                        # So does a share of it, which then goes the others of its ways.
                        returned = price[arc ^ 1] + ahead[node]
                        cost[j] += (ahead[there] - returned) / (hops[there] - 1.0)
            for place in range(begin, end):
                arc, own = out_arcs[place], place - begin
                if length[own] == FAR:
                    continue
                # What the node would do without this arc.
                least, count, others_cost, others_width = FAR, 0, 0.0, np.inf
                for j in range(end - begin):
                    if j == own or length[j] > least or length[j] == FAR:
                        continue
                    if length[j] < least:
                        least, count, others_cost, others_width = length[j], 0, 0.0, np.inf
                    count += 1
                    others_cost += cost[j]
                    others_width = min(others_width, width[j])
                old = 1.0 / hops[node] if is_hop[arc] else 0.0
                for k in range(levels):
                    weight = tried[arc, k]
                    if weight == 0:
                        continue
                    through = weight + length[own] - weights[arc]
                    if through < least:
                        new = 1.0
                    elif through == least:
                        new = 1.0 / (count + 1)
                    else:
                        new = 0.0
                    if new != old:
                        then = new * cost[own]
                        if count > 0:
                            then += (1.0 - new) * others_cost / count
                        amount = sent * abs(new - old)
                        way = width[own] if new > old else others_width
                        moved[arc, k, SAVED] += sent * (ahead[node] - then)
                        moved[arc, k, DRAWN if new > old else LED_OFF] += amount
                        if way <= 0.0:
                            moved[arc, k, INTO_OVERLOAD] += amount
                        moved[arc, k, ROOM] += amount * max(0.0, min(way, MOST_ROOM))
                        landed[arc, k, own] += sent * (new - old)
                        if new < old:
                            for j in range(end - begin):
                                if j != own and length[j] == least:
                                    landed[arc, k, j] += amount / count
                    if through >= now:
                        continue
                    # Nearer than before: neighbours may come this way.
                    for in_place in range(in_offsets[node], in_offsets[node + 1]):
                        inward = in_arcs[in_place]
                        neighbour = tail[inward]
                        if weights[inward] == 0 or neighbour == head[arc]:
                            continue
                        far = distance[row, neighbour]
                        if far < 0 or hops[neighbour] == 0.0 or weights[inward] + through > far:
                            continue
                        comes = flow[row, neighbour]
                        saved = comes * (ahead[neighbour] - price[inward] - cost[own])
                        if is_hop[inward]:
                            comes *= 1.0 - 1.0 / hops[neighbour]
                        if weights[inward] + through == far:
                            saved /= hops[neighbour] + 1.0
                            comes /= hops[neighbour] + 1.0
                        moved[arc, k, SAVED_BEFORE] += saved
                        moved[arc, k, DRAWN_BEFORE] += comes
        last = hop_offsets[row, settled[row]]
        for slot in range(last):
            is_hop[hop_arcs[row, slot]] = False


@numba.njit(cache=True, nogil=True)
def write_figures(
    tail: IntArray,
    out_offsets: IntArray,
    out_arcs: IntArray,
    weights: IntArray,
    tried: IntArray,
    capacity: FloatArray,
    level: FloatArray,
    hours: FloatArray,
    loads: FloatArray,
    overload: FloatArray,
    all_lost: float,
    moved: FloatArray,
    landed: FloatArray,
    figures: NDArray[np.float32],
) -> None:
    """The figures of `table.MOVES` into `figures` (n_arcs, K, figures), which is zero."""
    for arc in range(tried.shape[0]):
        begin, end = out_offsets[tail[arc]], out_offsets[tail[arc] + 1]
        for k in range(tried.shape[1]):
            if tried[arc, k] == 0:
                continue
            m, to = moved[arc, k], figures[arc, k]
            saved, fullest = 0.0, 0.0
            for place in range(begin, end):
                egress = out_arcs[place]
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
            to[1] = min(4.0, max(-4.0, np.log(tried[arc, k] / max(1, weights[arc]))))
            to[2] = _bent(m[SAVED] / all_lost)
            to[3] = min(3.0, m[DRAWN] / capacity[arc])
            to[4] = min(3.0, m[LED_OFF] / capacity[arc])
            to[5] = min(3.0, m[INTO_OVERLOAD] / capacity[arc])
            to[6] = min(2.0, m[ROOM] / amount / amount)
            to[7] = _bent(m[SAVED_BEFORE] / all_lost)
            to[8] = min(3.0, m[DRAWN_BEFORE] / capacity[arc])
            to[9] = _bent(saved / all_lost)
            to[10] = min(3.0, fullest)


@numba.njit(cache=True, nogil=True)
def _bent(value: float) -> float:
    return float(min(4.0, max(-4.0, np.sign(value) * np.log1p(4.0 * abs(value)))))
