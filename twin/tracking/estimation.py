"""A traffic matrix from link counters, where nobody measures flows.

Links are far fewer than pairs, so the counters leave most of the matrix open. What they leave open
is taken from a gravity model, whose only input are the totals that enter and leave at each node:
among all matrices that agree with what was measured, as far as its noise allows, the one with the
least Kullback-Leibler divergence from gravity.

Source: Zhang, Roughan, Lund and Donoho, "An information-theoretic approach to traffic matrix
estimation", SIGCOMM 2003 (IEEE/ACM Transactions on Networking 13(5), 2005), the successor of their
tomogravity (Zhang, Roughan, Duffield and Greenberg, SIGMETRICS 2003), which takes least squares
around gravity and may become negative. The weights below and the solution, by Newton's method on
the dual, are ours. The gravity model is fitted to the totals as J. Kruithof did (De Ingenieur,
1937).
"""

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from twin.errors import BadInput
from twin.physics.compiled import FloatArray, IntArray
from twin.tracking.path_shares import PathShares

_IDLE = 0.01
"""A measurement is never taken to be closer than if it were this share of the mean one: of an idle
egress, 1 % of its load would be a certainty."""

_STEPS = 100
_TOLERANCE = 1e-6
"""Standard deviations of a measurement by which the last step still changes anything."""

_FITS = 200


@dataclass(frozen=True, slots=True, eq=False)
class NodeTotals:
    """What enters the network at each node, and what leaves it there, bit/s: (K, n) each."""

    entering_bps: FloatArray
    leaving_bps: FloatArray

    @classmethod
    def of(cls, rates_bps: FloatArray) -> "NodeTotals":
        """The totals of a matrix (K, n, n); pairs are forgotten."""
        return cls(rates_bps.sum(axis=2), rates_bps.sum(axis=1))


@dataclass(frozen=True, slots=True)
class Trust:
    """Relative standard deviations: of link loads, of node totals, and of all totals `together`.

    That of the loads holds what the counters and the even split of the twin leave unexplained. The
    last is a factor common to all totals, of which nothing but its size is known: totals of another
    day say who is large, and less of how large.
    """

    loads: float = 0.01
    totals: float = 0.01
    together: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """`rates_bps`: (K, n, n). `converged`: whether no step would have changed it any more.

    `steps`: of Newton's method, for the class that took most.
    """

    rates_bps: FloatArray
    steps: int
    converged: bool


def gravity(totals: NodeTotals) -> FloatArray:
    """Traffic between each pair in proportion to both totals, bit/s (K, n, n); none to itself.

    Fitted until both totals hold; where they do not agree with one another, those that leave hold.
    """
    matrix = totals.entering_bps[:, :, None] * totals.leaving_bps[:, None, :]
    matrix = matrix * (1.0 - np.eye(matrix.shape[1]))
    for _ in range(_FITS):
        matrix = matrix * _ratio(totals.entering_bps, matrix.sum(axis=2))[:, :, None]
        factor = _ratio(totals.leaving_bps, matrix.sum(axis=1))
        matrix = matrix * factor[:, None, :]
        if np.abs(factor[totals.leaving_bps > 0] - 1.0).max(initial=0.0) < _TOLERANCE:
            break
    return matrix


def _ratio(wanted: FloatArray, found: FloatArray) -> FloatArray:
    return np.divide(wanted, found, out=np.zeros_like(wanted), where=found > 0)


def estimate(
    paths: PathShares,
    loads_bps: FloatArray,
    totals: NodeTotals,
    *,
    prior_bps: FloatArray | None = None,
    held: NDArray[np.bool_] | None = None,
    trust: Trust | None = None,
) -> Estimate:
    """The matrix that explains `loads_bps` (n_arcs, K) and `totals`, and differs least from a
    prior.

    NaN, in loads or totals, was not measured, and is left out. `prior_bps`: (K, n, n), gravity from
    the totals where none is given. `held`: (n,) sources whose rows of the prior were measured, and
    stay as they are.

    Raises:
        BadInput: a load or a total is negative or infinite, or gravity is asked of totals that are
            not all there.
    """
    for given in (loads_bps, totals.entering_bps, totals.leaving_bps):
        if (given < 0).any() or np.isinf(given).any():
            raise BadInput("a measured rate is negative or infinite")
    if prior_bps is None:
        if np.isnan(totals.entering_bps).any() or np.isnan(totals.leaving_bps).any():
            raise BadInput("gravity needs the totals of every node")
        prior_bps = gravity(totals)
    trust = trust or Trust()
    equations = _Equations.of(paths, loads_bps.shape[0])
    measured = np.concatenate((loads_bps.T, totals.entering_bps, totals.leaving_bps), axis=1)
    is_total = np.arange(measured.shape[1]) >= loads_bps.shape[0]
    sigma = np.where(is_total, trust.totals, trust.loads)
    common = np.where(is_total, trust.together, 0.0)
    sources = np.repeat(np.zeros(paths.n_nodes, np.bool_) if held is None else held, paths.n_nodes)
    rates = np.zeros_like(prior_bps)
    steps, converged = 0, True
    for k, prior in enumerate(prior_bps.reshape(len(prior_bps), -1)):
        found, taken, ready = _solve(equations, prior, sources, measured[k], sigma, common)
        rates[k] = found.reshape(prior_bps.shape[1:])
        steps, converged = max(steps, taken), converged and ready
    return Estimate(rates, steps, converged)


@dataclass(frozen=True, slots=True, eq=False)
class _Equations:
    """What each measurement sums up, by pair: arcs first, then entering and leaving totals."""

    count: int
    offsets: IntArray
    rows: IntArray
    shares: FloatArray

    @classmethod
    def of(cls, paths: PathShares, n_arcs: int) -> "_Equations":
        n = paths.n_nodes
        lengths = np.diff(paths.offsets)
        # A pair without a path is in no total: it enters the network, and leaves it nowhere.
        linked = np.flatnonzero(lengths)
        pairs = np.concatenate((np.repeat(np.arange(n * n), lengths), linked, linked))
        entering, leaving = n_arcs + linked // n, n_arcs + n + linked % n
        rows = np.concatenate((paths.arcs, entering, leaving))
        shares = np.concatenate((paths.shares, np.ones(2 * len(linked))))
        order = np.argsort(pairs, kind="stable")
        offsets = np.concatenate(([0], np.cumsum(lengths + 2 * (lengths > 0))))
        return cls(n_arcs + 2 * n, offsets.astype(np.int64), rows[order], shares[order])

    def sums(self, rates: FloatArray) -> FloatArray:
        """(count,) what each measurement would show of `rates` (n * n,)."""
        return _sums(self.offsets, self.rows, self.shares, rates, self.count)


def _solve(
    equations: _Equations,
    prior: FloatArray,
    held: NDArray[np.bool_],
    measured: FloatArray,
    sigma: FloatArray,
    common: FloatArray,
) -> tuple[FloatArray, int, bool]:
    """The matrix (n * n,) of one class, the steps taken, and whether it was reached."""
    free = (prior > 0) & ~held & (np.diff(equations.offsets) > 0)
    usable = np.isfinite(measured)
    if not free.any() or not (measured[usable] > 0).any():
        return prior, 0, True
    # The unit makes gravity as uncertain as it is large for a pair of mean size, and for others as
    # the root of their size: the divergence is that of Poisson counts of units.
    unit = prior[free].mean()
    deviation = sigma * np.maximum(measured, _IDLE * measured[usable].mean()) / unit
    wanted = np.maximum(measured - equations.sums(np.where(free, 0.0, prior)), 0.0) / unit
    start = np.where(free, prior, 0.0) / unit
    shared = np.where(usable, common * measured / unit, 0.0)
    problem = _Dual(equations, start, wanted, deviation**2, shared, usable)
    pull, steps, converged = problem.minimise()
    return np.where(free, unit * problem.rates(pull), prior), steps, converged


@dataclass(frozen=True, slots=True, eq=False)
class _Dual:
    """How hard each measurement pulls at the pairs that it sums up: one number per measurement.

    With pull u, pair j sends prior_j exp(a_j u). The convex function below has its minimum where
    each measurement is missed by its pull times its variance, and by its share of the error that
    they have in common: `shared`, its standard deviation.
    """

    equations: _Equations
    prior: FloatArray
    wanted: FloatArray
    variance: FloatArray
    shared: FloatArray
    usable: NDArray[np.bool_]

    def rates(self, pull: FloatArray) -> FloatArray:
        e = self.equations
        return _pulled(e.offsets, e.rows, e.shares, self.prior, pull)

    def value(self, pull: FloatArray, rates: FloatArray) -> float:
        used = self.usable
        inner = pull[used] @ (0.5 * self.variance[used] * pull[used] - self.wanted[used])
        return float(rates.sum() + inner + 0.5 * (self.shared @ pull) ** 2)

    def minimise(self) -> tuple[FloatArray, int, bool]:
        """By Newton's method with backtracking."""
        e, used = self.equations, np.flatnonzero(self.usable)
        pull = np.zeros(e.count)
        rates = self.rates(pull)
        value = self.value(pull, rates)
        for step in range(_STEPS):
            allowed = self.variance * pull + self.shared * (self.shared @ pull)
            missed = (e.sums(rates) - self.wanted + allowed)[used]
            bent = _curvature(e.offsets, e.rows, e.shares, rates, e.count)[np.ix_(used, used)]
            bent[np.diag_indices_from(bent)] += self.variance[used]
            bent += np.outer(self.shared[used], self.shared[used])
            change = np.zeros(e.count)
            change[used] = np.linalg.solve(bent, -missed)
            slope = float(missed @ change[used])
            if -slope < _TOLERANCE**2:
                return pull, step, True
            length = 1.0
            while True:
                tried = pull + length * change
                tried_rates = self.rates(tried)
                tried_value = self.value(tried, tried_rates)
                if tried_value <= value + 1e-4 * length * slope:
                    break
                length *= 0.5
                if length < 1e-10:
                    return pull, step, -slope < 1e-6
            pull, rates, value = tried, tried_rates, tried_value
        return pull, _STEPS, False


@numba.njit(cache=True, nogil=True)
def _sums(
    offsets: IntArray, rows: IntArray, shares: FloatArray, rates: FloatArray, count: int
) -> FloatArray:
    found = np.zeros(count)
    for pair in range(offsets.shape[0] - 1):
        if rates[pair] > 0.0:
            for i in range(offsets[pair], offsets[pair + 1]):
                found[rows[i]] += shares[i] * rates[pair]
    return found


@numba.njit(cache=True, nogil=True)
def _pulled(
    offsets: IntArray, rows: IntArray, shares: FloatArray, prior: FloatArray, pull: FloatArray
) -> FloatArray:
    found = np.zeros(prior.shape[0])
    for pair in range(prior.shape[0]):
        if prior[pair] > 0.0:
            exponent = 0.0
            for i in range(offsets[pair], offsets[pair + 1]):
                exponent += shares[i] * pull[rows[i]]
            found[pair] = prior[pair] * np.exp(exponent)
    return found


@numba.njit(cache=True, nogil=True)
def _curvature(
    offsets: IntArray, rows: IntArray, shares: FloatArray, rates: FloatArray, count: int
) -> FloatArray:
    found = np.zeros((count, count))
    for pair in range(offsets.shape[0] - 1):
        if rates[pair] > 0.0:
            for i in range(offsets[pair], offsets[pair + 1]):
                part = shares[i] * rates[pair]
                for j in range(offsets[pair], offsets[pair + 1]):
                    found[rows[i], rows[j]] += part * shares[j]
    return found
