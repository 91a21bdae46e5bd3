"""What each egress is offered, and what becomes of each pair's traffic on the way.

All arrays carry a sample axis S, so that one routing serves many traffic matrices at once; a single
matrix is S = 1. K is the number of classes, normally 3.
"""

import numba
import numpy as np
from numpy.typing import NDArray

from twin.physics.compiled import CompiledTopology, FloatArray, IntArray
from twin.physics.routing import Routing


def even_split(n_arcs: int, samples: int = 1) -> FloatArray:
    """Every next-hop arc gets the same share: ones (n_arcs, S)."""
    return np.ones((n_arcs, samples))


def lossless(n_arcs: int, samples: int, classes: int) -> FloatArray:
    """Every egress passes everything on: ones (n_arcs, S, K)."""
    return np.ones((n_arcs, samples, classes))


def arriving_loads(
    compiled: CompiledTopology,
    routing: Routing,
    traffic_bps: FloatArray,
    passing: FloatArray | None = None,
    split: FloatArray | None = None,
    rows: IntArray | None = None,
) -> FloatArray:
    """Bit/s that arrive at each egress, before it drops anything: (n_arcs, S, K).

    `traffic_bps`: (S, K, n, n), [sample, class, source, target]. `passing`: (n_arcs, S, K), the
    fraction 0..1 of what arrives at an egress that reaches the next node (default 1: offered load).
    `split`: (n_arcs, S), relative share of each next-hop arc (default: even). `rows`: which rows of
    `routing` to count (default: all). Traffic of a pair without a path appears nowhere.

    Source: B. Fortz and M. Thorup, INFOCOM 2000 (even split over equal-cost next hops, hop by hop).
    """
    samples, classes = traffic_bps.shape[:2]
    arriving = np.zeros((compiled.n_arcs, samples, classes))
    _add_rows(
        np.arange(len(routing.destinations)) if rows is None else rows,
        routing.destinations,
        routing.order,
        routing.settled,
        routing.hop_offsets,
        routing.hop_arcs,
        compiled.head,
        # To numba a read-only array is another type, and another compilation.
        traffic_bps if traffic_bps.flags.writeable else traffic_bps.copy(),
        lossless(compiled.n_arcs, samples, classes) if passing is None else passing,
        even_split(compiled.n_arcs, samples) if split is None else split,
        arriving,
    )
    return arriving


def deliveries(
    compiled: CompiledTopology,
    routing: Routing,
    passing: FloatArray,
    hop_delay_s: FloatArray,
    split: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Fraction delivered (0..1) and mean one-way delay of what arrives, each (S, K, n, n).

    `passing` and `hop_delay_s`: (n_arcs, S, K); `routing` must hold every destination. Unreachable:
    0 and inf. A node reaches itself: 1 and 0.
    """
    samples, classes = passing.shape[1:]
    n = compiled.n_nodes
    delivered = np.zeros((samples, classes, n, n))
    delay_s = np.full((samples, classes, n, n), np.inf)
    _deliver_rows(
        routing.destinations,
        routing.order,
        routing.settled,
        routing.hop_offsets,
        routing.hop_arcs,
        compiled.head,
        passing,
        hop_delay_s,
        even_split(compiled.n_arcs, samples) if split is None else split,
        delivered,
        delay_s,
    )
    return delivered, delay_s


@numba.njit(cache=True, nogil=True)
def _add_rows(
    rows: IntArray,
    destinations: IntArray,
    order: NDArray[np.int32],
    settled: IntArray,
    hop_offsets: NDArray[np.int32],
    hop_arcs: NDArray[np.int32],
    head: IntArray,
    traffic: FloatArray,
    passing: FloatArray,
    split: FloatArray,
    arriving: FloatArray,
) -> None:
    samples, classes, n = traffic.shape[0], traffic.shape[1], traffic.shape[2]
    waiting = np.empty((n, samples, classes))
    total = np.empty(samples)
    for row in rows:
        target = destinations[row]
        for i in range(settled[row]):
            node = order[row, i]
            for s in range(samples):
                for k in range(classes):
                    waiting[node, s, k] = traffic[s, k, node, target]
        for i in range(settled[row] - 1, 0, -1):
            node = order[row, i]
            first, last = hop_offsets[row, i], hop_offsets[row, i + 1]
            total[:] = 0.0
            for j in range(first, last):
                total += split[hop_arcs[row, j]]
            for j in range(first, last):
                arc = hop_arcs[row, j]
                beyond = head[arc]
                for s in range(samples):
                    share = split[arc, s] / total[s]
                    for k in range(classes):
                        part = waiting[node, s, k] * share
                        arriving[arc, s, k] += part
                        waiting[beyond, s, k] += part * passing[arc, s, k]


@numba.njit(cache=True, nogil=True)
def _deliver_rows(
    destinations: IntArray,
    order: NDArray[np.int32],
    settled: IntArray,
    hop_offsets: NDArray[np.int32],
    hop_arcs: NDArray[np.int32],
    head: IntArray,
    passing: FloatArray,
    hop_delay: FloatArray,
    split: FloatArray,
    delivered: FloatArray,
    delay: FloatArray,
) -> None:
    samples, classes, n = passing.shape[1], passing.shape[2], delivered.shape[2]
    # `late` is the delay of what arrives times the fraction that arrives, so that shares add up.
    reach = np.empty((n, samples, classes))
    late = np.empty((n, samples, classes))
    total = np.empty(samples)
    for row in range(destinations.shape[0]):
        target = destinations[row]
        reach[target] = 1.0
        late[target] = 0.0
        for i in range(1, settled[row]):
            node = order[row, i]
            first, last = hop_offsets[row, i], hop_offsets[row, i + 1]
            reach[node] = 0.0
            late[node] = 0.0
            total[:] = 0.0
            for j in range(first, last):
                total += split[hop_arcs[row, j]]
            for j in range(first, last):
                arc = hop_arcs[row, j]
                beyond = head[arc]
                for s in range(samples):
                    share = split[arc, s] / total[s]
                    for k in range(classes):
                        through = share * passing[arc, s, k]
                        reach[node, s, k] += through * reach[beyond, s, k]
                        late[node, s, k] += through * (
                            late[beyond, s, k] + hop_delay[arc, s, k] * reach[beyond, s, k]
                        )
        for i in range(settled[row]):
            node = order[row, i]
            for s in range(samples):
                for k in range(classes):
                    # Shares such as a third add up to a rounding error more than 1.
                    delivered[s, k, node, target] = min(reach[node, s, k], 1.0)
                    if reach[node, s, k] > 0.0:
                        delay[s, k, node, target] = late[node, s, k] / reach[node, s, k]
