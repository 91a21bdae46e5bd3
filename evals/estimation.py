"""How well loads after failures are foreseen when the traffic matrix is estimated from counters.

The truth is a published (or drawn) matrix. The estimator is shown what a network without flow
records has: topology, weights, link loads and node totals with noise, some counters missing. Then
every link fails, one at a time, and the loads that the estimated matrix gives are compared with
those that the true one gives.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from twin.nouns.base import Noun
from twin.nouns.inventory import Inventory
from twin.physics.compiled import NO_ARC, CompiledTopology, FloatArray, arc_weights
from twin.physics.loads import arriving_loads
from twin.physics.routing import Routing, route
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory
from twin.tracking.estimation import NodeTotals, estimate, gravity
from twin.tracking.path_shares import PathShares, path_shares

Truth = Literal["published", "lognormal"]
Arm = Literal["gravity", "tomogravity", "ours"]
ARMS: tuple[Arm, ...] = ("gravity", "tomogravity", "ours")

WORKLOADS: tuple[tuple[str, Truth], ...] = (
    ("sndlib/abilene", "published"),
    ("sndlib/geant", "published"),
    ("sndlib/germany50", "published"),
    ("gabriel/50/0", "lognormal"),
    ("topozoo/Cesnet201006", "lognormal"),
)
"""The last two were chosen before anything ran on them, and nothing was changed since."""

MISSING = (0.0, 0.1)
COUNTER_NOISE = 0.01
"""Log standard deviation of every measured load and total (assumed)."""

_MASS_SIGMA = 1.0
_PAIR_SIGMA = 1.0
"""Of drawn truth: log standard deviation of each node's weight, and of each pair around gravity. In
backbones, pairs are about log-normal (Nucci, Sridharan and Taft, CCR 35(3), 2005); the size is
assumed."""


class WhatIfError(Noun):
    """Over all failures of one link and all seeds, of what one arm foresees.

    `load_error`: sum over arcs of |foreseen - true| / sum of true; `worst_error`: the largest of
    one failure. `moved_error`: the same of what the failure changes, sum of |foreseen change - true
    change| / sum of |true change|. `utilisation_mae`: mean over arcs of |foreseen - true| /
    capacity. `matrix_error`: as `load_error`, over pairs. `missing`: share of the egresses whose
    counter was not read.
    """

    network: str
    truth: Truth
    missing: float
    arm: Arm
    load_error: float
    worst_error: float
    moved_error: float
    utilisation_mae: float
    matrix_error: float


def measure_estimation(
    seeds: int, workloads: Sequence[tuple[str, Truth]] = WORKLOADS
) -> list[WhatIfError]:
    """Every workload at every share of missing counters; `seeds` draw noise and gaps."""
    found: list[WhatIfError] = []
    for name, truth in workloads:
        bench = _Bench(build_inventory(WorldSpec(topology=name)), truth)
        for missing in MISSING:
            found += bench.compare(missing, seeds)
    return found


class _Bench:
    """One network with its true matrix (1, n, n), and its routing with each link failed."""

    def __init__(self, inventory: Inventory, truth: Truth) -> None:
        twin = Twin(inventory)
        topology = inventory.topology
        weights = arc_weights(topology, inventory.intended)
        self.name, self._kind = topology.name, truth
        self._compiled = twin.compiled
        self._routing = route(twin.compiled, weights)
        self._paths = path_shares(twin.compiled, self._routing)
        self._failed: list[Routing] = []
        for link in range(len(topology.links)):
            without = weights.copy()
            without[2 * link : 2 * link + 2] = NO_ARC
            self._failed.append(route(twin.compiled, without))
        published = inventory.peak_traffic.rates_bps.sum(axis=0)[None]
        self._truth = published if truth == "published" else _drawn(published)
        self._loads = arriving_loads(twin.compiled, self._routing, self._truth[None])[:, 0]

    def compare(self, missing: float, seeds: int) -> list[WhatIfError]:
        """One line per arm."""
        drawn = [self._errors(missing, seed) for seed in range(seeds)]
        failures = np.stack([d[0] for d in drawn])
        matrix = np.stack([d[1] for d in drawn])
        return [
            WhatIfError(
                network=self.name,
                truth=self._kind,
                missing=missing,
                arm=arm,
                load_error=float(failures[:, :, 0, i].mean()),
                worst_error=float(failures[:, :, 0, i].max()),
                moved_error=float(failures[:, :, 1, i].mean()),
                utilisation_mae=float(failures[:, :, 2, i].mean()),
                matrix_error=float(matrix[:, i].mean()),
            )
            for i, arm in enumerate(ARMS)
        ]

    def _errors(self, missing: float, seed: int) -> tuple[FloatArray, FloatArray]:
        """Of loads, of what moved and of utilisation, (failures, 3, arms); of the matrix, (arms,).

        A failure that moves nothing is left out.
        """
        rng = np.random.default_rng(seed)
        loads = _noisy(self._loads, rng)
        loads[rng.random(len(loads)) < missing] = np.nan
        exact = NodeTotals.of(self._truth)
        totals = NodeTotals(_noisy(exact.entering_bps, rng), _noisy(exact.leaving_bps, rng))
        matrices = (
            gravity(totals),
            least_squares(self._paths, loads, totals),
            estimate(self._paths, loads, totals).rates_bps,
        )
        stacked = np.stack((self._truth, *matrices))
        off = np.abs(stacked[1:] - self._truth).sum(axis=(1, 2, 3)) / self._truth.sum()
        base = arriving_loads(self._compiled, self._routing, stacked)[:, :, 0]
        found = [_failure_errors(self._compiled, failed, stacked, base) for failed in self._failed]
        return np.stack([f for f in found if f is not None]), off


def _failure_errors(
    compiled: CompiledTopology, routing: Routing, matrices: FloatArray, base: FloatArray
) -> FloatArray | None:
    """All `matrices` but the first against the first: (3, arms). `base`: (n_arcs, matrices)."""
    loads = arriving_loads(compiled, routing, matrices)[:, :, 0]
    off = np.abs(loads[:, 1:] - loads[:, :1])
    change = loads - base
    moved = np.abs(change[:, 0]).sum()
    if not moved > 0.0:
        return None
    return np.stack(
        (
            off.sum(axis=0) / loads[:, 0].sum(),
            np.abs(change[:, 1:] - change[:, :1]).sum(axis=0) / moved,
            (off / compiled.capacity_bps[:, None]).mean(axis=0),
        )
    )


def _noisy(exact: FloatArray, rng: np.random.Generator) -> FloatArray:
    return np.asarray(exact * np.exp(COUNTER_NOISE * rng.standard_normal(exact.shape)))


def _drawn(published: FloatArray) -> FloatArray:
    """Log-normal node weights and pairs, as large altogether as what is published: (1, n, n)."""
    rng = np.random.default_rng(0)
    n = published.shape[1]
    masses = np.exp(_MASS_SIGMA * rng.standard_normal((2, n)))
    rates = np.outer(*masses) * np.exp(_PAIR_SIGMA * rng.standard_normal((n, n)))
    np.fill_diagonal(rates, 0.0)
    return np.asarray(rates[None] * (published.sum() / rates.sum()))


def least_squares(paths: PathShares, loads_bps: FloatArray, totals: NodeTotals) -> FloatArray:
    """Tomogravity: weighted least squares around gravity, with what is below zero cut off.

    For one class: `loads_bps` (n_arcs, 1), NaN where nothing was read; (1, n, n) bit/s.

    Source: Zhang, Roughan, Duffield and Greenberg, SIGMETRICS 2003, with the weights that they
    found best (the root of gravity). The ridge is the variance of the noise.
    """
    n, n_arcs = paths.n_nodes, len(loads_bps)
    pairs = np.arange(n * n)
    sums = np.zeros((n_arcs + 2 * n, n * n))
    sums[paths.arcs, np.repeat(pairs, np.diff(paths.offsets))] = paths.shares
    sums[n_arcs + pairs // n, pairs] = sums[n_arcs + n + pairs % n, pairs] = 1.0
    measured = np.concatenate((loads_bps[:, 0], totals.entering_bps[0], totals.leaving_bps[0]))
    prior = gravity(totals)[0].ravel()
    unit = prior[prior > 0].mean()
    seen = np.isfinite(measured)
    sums, measured = sums[seen], measured[seen]
    noise = COUNTER_NOISE * np.maximum(measured, 0.01 * measured.mean())
    normal = (sums * prior) @ sums.T + np.diag(noise**2 / unit)
    pull = np.linalg.solve(normal, measured - sums @ prior)
    found: FloatArray = np.maximum(prior * (1.0 + sums.T @ pull), 0.0)
    return found.reshape(1, n, n)


def estimation_markdown(found: Sequence[WhatIfError]) -> str:
    """The table, in per cent."""
    lines = [
        "| network | matrix | counters missing | method | load error | worst failure "
        "| moved traffic | utilisation MAE | matrix error |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {e.network} | {e.truth} | {e.missing:.0%} | {e.arm} | {e.load_error:.2%} "
        f"| {e.worst_error:.2%} | {e.moved_error:.0%} "
        f"| {100 * e.utilisation_mae:.2f} points | {e.matrix_error:.0%} |"
        for e in found
    ]
    return "\n".join(lines) + "\n"
