"""What the kernels read and write."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.physics.compiled import FloatArray, IntArray


class Ways(NamedTuple):
    """Of a Routing to every node, and what each node sends: `flow` (n, n), [target, node]."""

    order: NDArray[np.int32]
    settled: IntArray
    hop_offsets: NDArray[np.int32]
    hop_arcs: NDArray[np.int32]
    distance: IntArray
    flow: FloatArray


class Arcs(NamedTuple):
    """Of a CompiledTopology. `price` (n_arcs,): hours in which one more bit/s is lost. `room`
    (n_arcs,): what is free at the highest demand.
    """

    tail: IntArray
    head: IntArray
    out_offsets: IntArray
    out_arcs: IntArray
    in_offsets: IntArray
    in_arcs: IntArray
    weights: IntArray
    price: FloatArray
    room: FloatArray


class Moved(NamedTuple):
    """What each weight of `tried` (n_arcs, K; 0: none) would move: `amounts` (n_arcs, K, COLUMNS),
    and `landed` (n_arcs, K, most egresses of a node), what each egress of the node gets.
    """

    tried: IntArray
    amounts: FloatArray
    landed: FloatArray


class Toward(NamedTuple):
    """Of each node, on its ways to one target: `ahead`, hours that are lost there; `free`, room;
    `hops`, how many it has. `aside`, `aside_ahead`, `aside_free`: the way of a node with one hop if
    it must not take that, FAR where there is none. `is_hop`: of each arc.
    """

    ahead: FloatArray
    free: FloatArray
    hops: FloatArray
    past: FloatArray
    aside: IntArray
    aside_ahead: FloatArray
    aside_free: FloatArray
    is_hop: NDArray[np.bool_]


class Egresses(NamedTuple):
    """Of the egresses of one node, on the way to one target: its `length`, FAR where there is none,
    the hours that are lost on it, and the room.
    """

    length: IntArray
    cost: FloatArray
    width: FloatArray


def scratch(n_nodes: int, n_arcs: int, most: int) -> tuple[Toward, Egresses]:
    """What `look_at_moves` writes on. `most`: egresses of a node."""
    ahead, free, hops, past, aside_ahead, aside_free = (np.empty(n_nodes) for _ in range(6))
    aside, is_hop = np.empty(n_nodes, dtype=np.int64), np.zeros(n_arcs, dtype=np.bool_)
    toward = Toward(ahead, free, hops, past, aside, aside_ahead, aside_free, is_hop)
    return toward, Egresses(np.empty(most, dtype=np.int64), np.empty(most), np.empty(most))
