"""All that is allowed, where most of the traffic passes that has to go another way first."""

import numba
import numpy as np
from numpy.typing import NDArray

from twin.physics.compiled import FloatArray, IntArray
from twin.remediation.policies.nearest import by_arc, hops_from_trouble
from twin.remediation.situation import Situation


def carried(situation: Situation) -> IntArray:
    """See Order. By how much of what an arc carries meets overload there or further on, at the
    highest demand ahead; arcs that carry none by their hops from the trouble.
    """
    bps = meeting_overload_bps(situation)
    # Rounded: rates that differ by less than a bit per second are the same.
    order = np.lexsort((hops_from_trouble(situation), -bps.round()))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return by_arc(situation, rank)


def meeting_overload_bps(situation: Situation) -> FloatArray:
    """Of what each arc carries now, what is beyond the capacity of it or of one further on, at the
    highest demand ahead, (n_arcs,).
    """
    compiled, loads = situation.twin.compiled, situation.loads_bps
    highest = float(situation.outlook.levels[0]) * loads
    share = np.divide(
        situation.overload_ahead_bps, highest, out=np.zeros_like(loads), where=highest > 0.0
    )
    routing = situation.twin.route(situation.state)
    found = np.zeros(compiled.n_arcs)
    _meeting(
        routing.destinations, routing.order, routing.settled, routing.hop_offsets,
        routing.hop_arcs, compiled.head, share,
        np.ascontiguousarray(situation.state.traffic.rates_bps.sum(axis=0).T), found,
    )  # fmt: skip
    return found


@numba.njit(cache=True, nogil=True)
def _meeting(
    destinations: IntArray,
    order: NDArray[np.int32],
    settled: IntArray,
    hop_offsets: NDArray[np.int32],
    hop_arcs: NDArray[np.int32],
    head: IntArray,
    share: FloatArray,
    demand: FloatArray,
    found: FloatArray,
) -> None:
    n = demand.shape[0]
    meets, waiting = np.empty(n), np.empty(n)
    for row in range(destinations.shape[0]):
        meets[destinations[row]] = 0.0
        # Nearest first: what a node sends meets what its next hops meet.
        for i in range(1, settled[row]):
            first, last = hop_offsets[row, i], hop_offsets[row, i + 1]
            met = 0.0
            for j in range(first, last):
                arc = hop_arcs[row, j]
                met += share[arc] + (1.0 - share[arc]) * meets[head[arc]]
            meets[order[row, i]] = met / (last - first) if last > first else 0.0
        waiting[:] = demand[destinations[row]]
        # Farthest first: a node sends on what has come in.
        for i in range(settled[row] - 1, 0, -1):
            first, last = hop_offsets[row, i], hop_offsets[row, i + 1]
            for j in range(first, last):
                arc = hop_arcs[row, j]
                sent = waiting[order[row, i]] / (last - first)
                found[arc] += sent * (share[arc] + (1.0 - share[arc]) * meets[head[arc]])
                waiting[head[arc]] += sent
