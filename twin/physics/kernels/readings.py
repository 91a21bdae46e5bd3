"""Loads out of differences, and what is read of them."""

from twin.physics.compiled import NO_ARC, FloatArray, IntArray
from twin.physics.kernels.compiling import kernel

NOISE = 1e-12
"""A load below this fraction of the base's is what subtraction left over, and is none."""


@kernel
def finish_loads(
    base: FloatArray,
    first: IntArray,
    arcs: IntArray,
    changed: IntArray,
    members: IntArray,
    zeros: tuple[float, ...],
    loads: FloatArray,
) -> None:
    """Turn differences (S, n_arcs, K) into loads, in place; what is left by rounding becomes 0.

    Scenario s is what `members[s]` name of the changes.
    """
    for s in range(loads.shape[0]):
        for arc in range(loads.shape[1]):
            for k in range(len(zeros)):
                after = base[arc, k] + loads[s, arc, k]
                loads[s, arc, k] = after if after > NOISE * base[arc, k] else 0.0
        for m in range(members.shape[1]):
            for i in range(first[members[s, m]], first[members[s, m] + 1]):
                if changed[i] == NO_ARC:
                    for k in range(len(zeros)):
                        loads[s, arcs[i], k] = 0.0


@kernel
def read_loads(
    loads: FloatArray,
    capacity: FloatArray,
    limit: float,
    worst: FloatArray,
    busiest: IntArray,
    over: IntArray,
    excess: FloatArray,
) -> None:
    """Per scenario: the highest utilisation, its arc, how many arcs are above `limit`, and what is
    offered to arcs beyond their capacity, all arcs together.

    Of arcs that are equal but for rounding, the first is the busiest.
    """
    for s in range(loads.shape[0]):
        worst[s] = 0.0
        busiest[s] = 0
        over[s] = 0
        excess[s] = 0.0
        leading = 0.0
        for arc in range(loads.shape[1]):
            total = 0.0
            for k in range(loads.shape[2]):
                total += loads[s, arc, k]
            utilisation = total / capacity[arc]
            if utilisation > limit:
                over[s] += 1
            if total > capacity[arc]:
                excess[s] += total - capacity[arc]
            worst[s] = max(worst[s], utilisation)
            if utilisation > leading * (1.0 + NOISE):
                leading = utilisation
                busiest[s] = arc
