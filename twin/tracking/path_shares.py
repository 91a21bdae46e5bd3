"""The share of each pair's traffic that each arc carries, sparse: the matrix that turns a traffic
matrix into link loads.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from twin.nouns.inventory import ProbePath
from twin.physics.compiled import CompiledTopology, FloatArray, IntArray
from twin.physics.routing import Routing


@dataclass(frozen=True, slots=True, eq=False)
class PathShares:
    """Compressed by pair; pair (source, target) is number source * n + target.

    The arcs of pair j are `arcs[offsets[j]:offsets[j + 1]]`, and `shares` (0..1) of its traffic
    cross them. A pair without a path has none, nor has a node with itself.
    """

    n_nodes: int
    offsets: IntArray
    arcs: IntArray
    shares: FloatArray

    @property
    def has_path(self) -> NDArray[np.bool_]:
        """(n * n,)"""
        return np.diff(self.offsets) > 0


def path_shares(compiled: CompiledTopology, routing: Routing) -> PathShares:
    """Of every pair, under an even split per hop; `routing` must hold every destination."""
    n = compiled.n_nodes
    counts = np.zeros(n * n + 1, dtype=np.int64)
    tables = (
        routing.destinations,
        routing.order,
        routing.settled,
        routing.hop_offsets,
        routing.hop_arcs,
        compiled.head,
    )
    nothing = np.zeros(0, dtype=np.int64)
    _follow(*tables, counts[1:], nothing, nothing, np.zeros(0))
    offsets = np.cumsum(counts)
    arcs, shares = np.zeros(offsets[-1], dtype=np.int64), np.zeros(offsets[-1])
    _follow(*tables, np.zeros(n * n, dtype=np.int64), offsets, arcs, shares)
    return PathShares(n, offsets, arcs, shares)


def probe_shares(
    compiled: CompiledTopology, routing: Routing, probes: Sequence[ProbePath]
) -> FloatArray:
    """(len(probes), n_arcs): the share (0..1) of the traffic of each pair that each arc carries."""
    ways, index = path_shares(compiled, routing), compiled.topology.node_index
    shares = np.zeros((len(probes), compiled.n_arcs))
    for row, path in enumerate(probes):
        pair = index[path.source] * ways.n_nodes + index[path.target]
        crossed = slice(ways.offsets[pair], ways.offsets[pair + 1])
        shares[row, ways.arcs[crossed]] = ways.shares[crossed]
    return shares


@numba.njit(cache=True, nogil=True)
def _follow(
    destinations: IntArray,
    order: NDArray[np.int32],
    settled: IntArray,
    hop_offsets: NDArray[np.int32],
    hop_arcs: NDArray[np.int32],
    head: IntArray,
    counts: IntArray,
    offsets: IntArray,
    arcs: IntArray,
    shares: FloatArray,
) -> None:
    """Count the arcs of each pair, and write them down where `offsets` is not empty."""
    n = order.shape[1]
    rank = np.zeros(n, dtype=np.int64)
    waiting = np.zeros(n)
    for row in range(destinations.shape[0]):
        for i in range(settled[row]):
            rank[order[row, i]] = i
        for start in range(1, settled[row]):
            pair = order[row, start] * n + destinations[row]
            waiting[start] = 1.0
            for i in range(start, 0, -1):
                here = waiting[i]
                if here == 0.0:
                    continue
                waiting[i] = 0.0
                first, last = hop_offsets[row, i], hop_offsets[row, i + 1]
                for j in range(first, last):
                    arc = hop_arcs[row, j]
                    share = here / (last - first)
                    if offsets.shape[0]:
                        arcs[offsets[pair] + counts[pair]] = arc
                        shares[offsets[pair] + counts[pair]] = share
                    counts[pair] += 1
                    waiting[rank[head[arc]]] += share
            waiting[0] = 0.0
