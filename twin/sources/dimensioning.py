"""How large a link has to be where the source does not say."""

import numpy as np
from numpy.typing import NDArray

from twin.physics.compiled import NO_ARC, CompiledTopology, FloatArray, IntArray
from twin.physics.routing import Routing, destinations_using, route
from twin.sources.demands import total_loads

MODULE_BPS = 10e9
"""Capacity of one member of a bundle (10 Gbit/s Ethernet)."""

MAX_HEALTHY_UTILISATION = 0.5
MAX_FAILURE_UTILISATION = 0.85


def members_needed(
    compiled: CompiledTopology, weights: IntArray, demand_bps: FloatArray
) -> IntArray:
    """Members of MODULE_BPS that each link needs, int64 (n_links,).

    The fewest that keep both directions at or under 0.5 with everything up, and at or under 0.85
    while any single link is down. Pairs that a failure parts are left out of that failure. Double
    and shared-risk failures are not planned for. `demand_bps`: (n, n), at peak.
    """
    healthy = total_loads(compiled, route(compiled, weights), demand_bps)
    worst = worst_single_failure_loads(compiled, weights, demand_bps)
    needed_bps = np.maximum(healthy / MAX_HEALTHY_UTILISATION, worst / MAX_FAILURE_UTILISATION)
    per_link = needed_bps.reshape(-1, 2).max(axis=1)
    # A load of exactly k modules must not become k + 1 by rounding.
    members = np.ceil(per_link / MODULE_BPS - 1e-9).astype(np.int64)
    return np.asarray(np.maximum(members, 1))


def worst_single_failure_loads(
    compiled: CompiledTopology, weights: IntArray, demand_bps: FloatArray
) -> FloatArray:
    """Highest load of each arc over all failures of one link, (n_arcs,)."""
    base = route(compiled, weights)
    used = destinations_using(base, compiled.n_arcs)
    healthy = total_loads(compiled, base, demand_bps)
    worst = np.zeros(compiled.n_arcs)
    for link in range(compiled.n_arcs // 2):
        loads = _loads_without(compiled, base, used, healthy, weights, demand_bps, link)
        np.maximum(worst, loads, out=worst)
    return worst


def _loads_without(
    compiled: CompiledTopology,
    base: Routing,
    used: NDArray[np.bool_],
    healthy: FloatArray,
    weights: IntArray,
    demand_bps: FloatArray,
    link: int,
) -> FloatArray:
    # Only destinations whose paths used the link are routed again.
    touched = np.flatnonzero(used[:, 2 * link] | used[:, 2 * link + 1])
    if not touched.size:
        return healthy
    without = weights.copy()
    without[2 * link : 2 * link + 2] = NO_ARC
    before = total_loads(compiled, base, demand_bps, rows=touched)
    after = total_loads(compiled, route(compiled, without, base.destinations[touched]), demand_bps)
    return healthy - before + after
