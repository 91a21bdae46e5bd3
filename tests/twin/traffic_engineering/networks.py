"""Small networks whose best weights can be found by trying all, and drawn ones."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from tests.twin.physics.networks import compiled_with_weights
from twin.physics.compiled import FloatArray
from twin.traffic_engineering.setting import WeightProblem

Ends = Sequence[tuple[int, int]]

LADDER: Ends = ((0, 1), (1, 2), (0, 3), (3, 2), (1, 3))
"""0 and 2 are joined by way of 1 and by way of 3, which are neighbours."""


def problem(
    n: int,
    ends: Ends,
    demands: Sequence[dict[tuple[int, int], float]],
    weights: list[int] | None = None,
    capacity_gbps: Sequence[float] | None = None,
) -> WeightProblem:
    """`demands`: Gbit/s by source and target, one of them for each matrix. All links carry 10."""
    compiled, per_arc = compiled_with_weights(n, list(ends), weights)
    if capacity_gbps is not None:
        capacity = 1e9 * np.repeat(np.array(capacity_gbps, dtype=np.float64), 2)
        compiled = replace(compiled, capacity_bps=capacity)
    return WeightProblem.made(compiled, per_arc, matrices(n, demands))


def matrices(n: int, demands: Sequence[dict[tuple[int, int], float]]) -> FloatArray:
    """(K, n, n) bit/s."""
    found = np.zeros((len(demands), n, n))
    for k, pairs in enumerate(demands):
        for (source, target), gbps in pairs.items():
            found[k, source, target] = 1e9 * gbps
    return found


@st.composite
def drawn_problems(draw: st.DrawFn) -> WeightProblem:
    """A ring of 4 to 6 nodes with some chords, weights of 1 to 6, capacities, and demands."""
    n = draw(st.integers(4, 6))
    ring = [(i, (i + 1) % n) for i in range(n)]
    chords = [(i, j) for i in range(n) for j in range(i + 2, n) if (i, j) != (0, n - 1)]
    ends = ring + draw(st.lists(st.sampled_from(chords), unique=True, max_size=3))
    weights = draw(st.lists(st.integers(1, 6), min_size=len(ends), max_size=len(ends)))
    capacity = draw(st.lists(st.sampled_from([10.0, 40.0]), min_size=len(ends), max_size=len(ends)))
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
    sent = draw(st.dictionaries(st.sampled_from(pairs), st.integers(1, 9), min_size=1))
    return problem(n, ends, [{pair: float(x) for pair, x in sent.items()}], weights, capacity)
