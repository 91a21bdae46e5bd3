"""How large a link has to be where the source does not say."""

import numpy as np

from twin.physics.changes import Changes
from twin.physics.compiled import CompiledTopology, FloatArray, IntArray
from twin.physics.incremental import Incremental
from twin.physics.routing import Routing

MODULE_BPS = 10e9
"""Capacity of one member of a bundle (10 Gbit/s Ethernet)."""

MAX_HEALTHY_UTILISATION = 0.5
MAX_FAILURE_UTILISATION = 0.85


AT_A_TIME = 256
"""Failures whose loads are held at once: 50 MB where there are 25,000 arcs."""


def members_needed(
    compiled: CompiledTopology, weights: IntArray, demand_bps: FloatArray, routing: Routing
) -> IntArray:
    """Members of MODULE_BPS that each link needs, int64 (n_links,).

    The fewest that keep both directions at or under 0.5 with everything up, and at or under 0.85
    while any single link is down. Pairs that a failure parts are left out of that failure. Double
    and shared-risk failures are not planned for. `demand_bps`: (n, n), at peak. `routing`: of
    `weights`, to all destinations.
    """
    base = Incremental(compiled, weights, demand_bps[None], routing)
    needed_bps = np.maximum(
        base.loads[:, 0] / MAX_HEALTHY_UTILISATION,
        _worst_single_failure_loads(base) / MAX_FAILURE_UTILISATION,
    )
    per_link = needed_bps.reshape(-1, 2).max(axis=1)
    # A load of exactly k modules must not become k + 1 by rounding.
    members = np.ceil(per_link / MODULE_BPS - 1e-9).astype(np.int64)
    return np.asarray(np.maximum(members, 1))


def _worst_single_failure_loads(base: Incremental) -> FloatArray:
    """Highest load of each arc over all failures of one link, (n_arcs,)."""
    failures = Changes.each_link(base.compiled.n_arcs // 2)
    worst = np.zeros(base.compiled.n_arcs)
    for begin in range(0, len(failures), AT_A_TIME):
        part = failures.part(begin, min(begin + AT_A_TIME, len(failures)))
        np.maximum(worst, base.loads_after(part).max(axis=0), out=worst)
    return worst
