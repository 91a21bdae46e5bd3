"""Which nodes' distances a scenario changes, and the search that finds them anew.

Source: G. Ramalingam and T. Reps, Journal of Algorithms 21(2), 1996, with several arcs at once as
in P. Narvaez, K.-Y. Siu and H.-Y. Tzeng, IEEE/ACM Transactions on Networking 8(6), 2000.
"""

import numpy as np

from twin.physics.compiled import NO_ARC, IntArray
from twin.physics.kernels.arrays import FAR, ONE, Graph, Row, Scratch, reset
from twin.physics.kernels.compiling import kernel

NODE_BITS = 24
"""A key of the queue is distance << NODE_BITS | node, so ties settle in node order."""

NODE_MASK = (1 << NODE_BITS) - 1

NONE, WEAKER, ANY = 0, 1, 2
"""What a scenario does to a destination: nothing, only weaken arcs of its DAG, or anything."""


@kernel
def effect_on(
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
def open_scenario(
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
def tidy_up(
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
        reset(row, scratch)
    for i in range(n_touched):
        rank = scratch.touched_list[i]
        scratch.dead[rank] = 0
        scratch.lifted[rank] = False
    for i in range(begin, end):
        scratch.weights[arcs[i]] = graph.weights[arcs[i]]


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
def seed_border(
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
            size = queue_up(scratch.queue, 0, size, (best << NODE_BITS) | node)
    return size


@kernel
def seed_stronger(
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
            size = queue_up(scratch.queue, 0, size, (scratch.near[node] << NODE_BITS) | node)
    return size


@kernel
def search(
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
                last = queue_up(queue, first, last, key)
    return n_settled


@kernel
def search_both(
    graph: Graph,
    scratch: Scratch,
    begin: int,
    end: int,
    arcs: IntArray,
    n_lifted: int,
) -> int:
    size = seed_border(graph, scratch, n_lifted)
    size = seed_stronger(graph, scratch, begin, end, arcs, size)
    return search(graph, scratch, size)


@kernel
def queue_up(
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


@kernel
def _weaker(before: int, after: int) -> bool:
    return after != before and (after == NO_ARC or after > before)


@kernel
def is_hop(scratch: Scratch, near: int, arc: int, head: int) -> bool:
    ahead, weight = scratch.near[head], scratch.weights[arc]
    return bool(weight != NO_ARC and ahead != FAR and weight + ahead == near)


@kernel
def is_gone(graph: Graph, scratch: Scratch, arc: int, ahead: int) -> bool:
    return bool(scratch.lifted[ahead] or _weaker(graph.weights[arc], scratch.weights[arc]))
