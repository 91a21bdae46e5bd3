"""What the kernels read and write: the graph, the base, scratch arrays, and sets as bits."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.physics.compiled import FloatArray, IntArray
from twin.physics.kernels.compiling import kernel

IndexArray = NDArray[np.uint32]
FlagArray = NDArray[np.bool_]
WordArray = NDArray[np.uint64]

NOWHERE = (1 << 32) - 1
"""Rank of a node without a path."""

FAR = 1 << 62
"""Distance of a node without a path, in the scratch arrays."""

ONE, SIX, LOW = np.uint64(1), np.uint64(6), np.uint64(63)
"""To take a rank apart into the word that holds its bit (>> SIX) and the place there (& LOW)."""


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


@kernel
def row_of(rows: Rows, r: int) -> Row:
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
def reset(row: Row, scratch: Scratch) -> None:
    for node in range(row.distance.shape[0]):
        scratch.near[node] = row.distance[node]


@kernel
def mark(bits: WordArray, rank: int) -> None:
    place = np.uint64(rank)
    bits[place >> SIX] |= ONE << (place & LOW)
