"""Who sends how much to whom: published demands, or gravity where there are none."""

from collections import Counter

import numpy as np

from twin.physics.compiled import CompiledTopology, FloatArray
from twin.physics.loads import arriving_loads
from twin.physics.routing import Routing
from twin.sources.parsed import ParsedNetwork

CLASS_SHARES = (0.10, 0.30, 0.60)
"""Share of voice, business and best effort in each demand. Assumed."""


def demand_matrix(network: ParsedNetwork) -> FloatArray:
    """Relative demand between all pairs, float64 (n, n), zero on the diagonal.

    Where a source lists every pair in one direction only, as the undirected instances of SNDlib do,
    each demand counts in both directions; where it lists any pair in both, it is taken as directed.
    Without demands: gravity, the product of the two degrees.
    """
    if not network.demands:
        return _gravity(network)
    matrix = listed_matrix(network)
    listed = matrix > 0
    return matrix if (listed & listed.T).any() else matrix + matrix.T


def listed_matrix(network: ParsedNetwork) -> FloatArray:
    """The demands as they are listed, float64 (n, n)."""
    index = {node.id: i for i, node in enumerate(network.nodes)}
    matrix = np.zeros((len(index), len(index)))
    for source, target, value in network.demands:
        matrix[index[source], index[target]] += value
    return matrix


def _gravity(network: ParsedNetwork) -> FloatArray:
    ends = Counter(end for link in network.links for end in (link.a, link.b))
    degree = np.array([float(ends[node.id]) for node in network.nodes])
    matrix = np.outer(degree, degree)
    np.fill_diagonal(matrix, 0.0)
    return matrix


def total_loads(compiled: CompiledTopology, routing: Routing, demand: FloatArray) -> FloatArray:
    """Load of each arc, (n_arcs,), for `demand` (n, n) in whatever unit that is in."""
    return arriving_loads(compiled, routing, demand[None, None])[:, 0, 0]
