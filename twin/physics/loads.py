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
    by_target = by_target_in_memory(traffic_bps).transpose(3, 2, 0, 1)
    _add_rows(
        np.arange(len(routing.destinations)) if rows is None else rows,
        routing.destinations,
        routing.order,
        routing.settled,
        routing.hop_offsets,
        routing.hop_arcs,
        compiled.head,
        by_target.reshape(*by_target.shape[:2], -1),
        _flat(lossless(compiled.n_arcs, samples, classes) if passing is None else passing),
        even_split(compiled.n_arcs, samples) if split is None else split,
        arriving.reshape(compiled.n_arcs, -1),
    )
    return arriving


def by_target_in_memory(traffic_bps: FloatArray) -> FloatArray:
    """The same (S, K, n, n), writable, laid out as [target, source, sample, class].

    All that goes to one target is read together, whatever the number of samples. Whoever loads the
    same traffic several times lays it out once.
    """
    by_target = np.ascontiguousarray(traffic_bps.transpose(3, 2, 0, 1))
    # To numba a read-only array is another type, and another compilation.
    return (by_target if by_target.flags.writeable else by_target.copy()).transpose(2, 3, 1, 0)


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
    delivered = np.zeros((n, n, samples * classes))
    delay_s = np.full_like(delivered, np.inf)
    _deliver_rows(
        routing.destinations,
        routing.order,
        routing.settled,
        routing.hop_offsets,
        routing.hop_arcs,
        compiled.head,
        _flat(passing),
        _flat(hop_delay_s),
        even_split(compiled.n_arcs, samples) if split is None else split,
        delivered,
        delay_s,
    )
    shape = (n, n, samples, classes)
    return _by_sample(delivered.reshape(shape)), _by_sample(delay_s.reshape(shape))


def _by_sample(by_target: FloatArray) -> FloatArray:
    return np.ascontiguousarray(by_target.transpose(2, 3, 1, 0))


def _flat(values: FloatArray) -> FloatArray:
    """(n_arcs, S, K) as (n_arcs, S * K): the compiler turns one plain loop into vector code."""
    return np.ascontiguousarray(values).reshape(len(values), -1)


@numba.njit(cache=True, nogil=True)
def _shares(arc: int, split: FloatArray, total: FloatArray, shares: FloatArray) -> None:
    """What `arc` gets of what its node sends: of each sample, once for each of its classes."""
    classes = shares.shape[0] // total.shape[0]
    for s in range(total.shape[0]):
        shares[s * classes : (s + 1) * classes] = split[arc, s] / total[s]


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
    width = traffic.shape[2]
    waiting = np.empty(traffic.shape[1:])
    shares = np.empty(width)
    total = np.empty(split.shape[1])
    for row in rows:
        # A loop: numba compiles the assignment of an array to a slice with all that it takes to
        # word an error about shapes, which takes longer than the rest of this function.
        sent = traffic[destinations[row]]
        for node in range(sent.shape[0]):
            for m in range(width):
                waiting[node, m] = sent[node, m]
        for i in range(settled[row] - 1, 0, -1):
            here = waiting[order[row, i]]
            first, last = hop_offsets[row, i], hop_offsets[row, i + 1]
            if last == first + 1:
                arc = hop_arcs[row, first]
                load, beyond, kept = arriving[arc], waiting[head[arc]], passing[arc]
                for m in range(width):
                    load[m] += here[m]
                    beyond[m] += here[m] * kept[m]
                continue
            total[:] = 0.0
            for j in range(first, last):
                total += split[hop_arcs[row, j]]
            for j in range(first, last):
                arc = hop_arcs[row, j]
                _shares(arc, split, total, shares)
                load, beyond, kept = arriving[arc], waiting[head[arc]], passing[arc]
                for m in range(width):
                    part = here[m] * shares[m]
                    load[m] += part
                    beyond[m] += part * kept[m]


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
    width = passing.shape[1]
    # `late` is the delay of what arrives times the fraction that arrives, so that shares add up.
    late = np.empty(delivered.shape[1:])
    shares = np.empty(width)
    total = np.empty(split.shape[1])
    for row in range(destinations.shape[0]):
        target = destinations[row]
        reach = delivered[target]
        reach[target] = 1.0
        late[target] = 0.0
        for i in range(1, settled[row]):
            node = order[row, i]
            first, last = hop_offsets[row, i], hop_offsets[row, i + 1]
            reach_here, late_here = reach[node], late[node]
            if last == first + 1:
                shares[:] = 1.0
            else:
                total[:] = 0.0
                for j in range(first, last):
                    total += split[hop_arcs[row, j]]
            reach_here[:] = 0.0
            late_here[:] = 0.0
            for j in range(first, last):
                arc = hop_arcs[row, j]
                if last > first + 1:
                    _shares(arc, split, total, shares)
                kept, hop = passing[arc], hop_delay[arc]
                reach_there, late_there = reach[head[arc]], late[head[arc]]
                for m in range(width):
                    through = shares[m] * kept[m]
                    reach_here[m] += through * reach_there[m]
                    late_here[m] += through * (late_there[m] + hop[m] * reach_there[m])
        for i in range(settled[row]):
            node = order[row, i]
            for m in range(width):
                if reach[node, m] > 0.0:
                    delay[target, node, m] = late[node, m] / reach[node, m]
                # Shares such as a third add up to a rounding error more than 1.
                reach[node, m] = min(reach[node, m], 1.0)
