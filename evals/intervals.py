"""Bounds on rates, shares and medians, which are exact and need no tables, and on means."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from twin.physics.compiled import FloatArray

_DRAWS = 4000


def poisson_upper(events: int, confidence: float = 0.95) -> float:
    """The largest mean that still gives `events` or fewer with probability 1 - `confidence`.

    One-sided and exact (Garwood 1936). For no events at 95 % it is ln 20 = 2.996.
    """
    high = events + 10.0 * math.sqrt(events + 1.0) + 10.0
    return _crossing(lambda mean: _at_most(events, mean), 1.0 - confidence, high)


def share_interval(part: int, whole: int, confidence: float = 0.95) -> tuple[float, float]:
    """The shares between which the true one lies, `part` of `whole` having been found.

    Two-sided and exact (Clopper and Pearson 1934): each end is missed with probability
    (1 - `confidence`) / 2 at most. Of nothing, it is 0 to 1.
    """
    tail = 0.5 * (1.0 - confidence)
    low = _crossing(lambda p: _share_at_most(part - 1, whole, p), 1.0 - tail) if part else 0.0
    high = _crossing(lambda p: _share_at_most(part, whole, p), tail) if part < whole else 1.0
    return low, high


def median_interval(
    values: Sequence[float], confidence: float = 0.95
) -> tuple[float, float] | None:
    """The values between which the true median lies, whatever the distribution.

    Two-sided, by order statistics (sign test); None if there are too few values for it.
    """
    ordered, tail = sorted(values), 0.5 * (1.0 - confidence)
    outside = 0
    while _share_at_most(outside, len(ordered), 0.5) <= tail:
        outside += 1
    return (ordered[outside - 1], ordered[-outside]) if outside else None


def mean_interval(values: FloatArray) -> tuple[float, float]:
    """The values between which the true mean lies at 95 %, by drawing `values` again (bootstrap).

    The same values give the same bounds.
    """
    drawn = np.random.default_rng(0).choice(values, (_DRAWS, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def _crossing(falling: Callable[[float], float], level: float, high: float = 1.0) -> float:
    """Where a function that falls from 0 to `high` comes to `level`."""
    low = 0.0
    for _ in range(100):
        middle = 0.5 * (low + high)
        if falling(middle) > level:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _share_at_most(part: int, whole: int, share: float) -> float:
    """P(X <= part) of a binomial variable of `whole` draws, summed in logarithms."""
    if share <= 0.0 or part >= whole:
        return 1.0
    if share >= 1.0:
        return 0.0
    yes, no = math.log(share), math.log1p(-share)
    every = math.lgamma(whole + 1)
    return math.fsum(
        math.exp(
            every - math.lgamma(k + 1) - math.lgamma(whole - k + 1) + k * yes + (whole - k) * no
        )
        for k in range(part + 1)
    )


def _at_most(events: int, mean: float) -> float:
    """P(X <= events) of a Poisson variable, summed in logarithms."""
    if mean <= 0.0:
        return 1.0
    terms = (k * math.log(mean) - mean - math.lgamma(k + 1) for k in range(events + 1))
    return math.fsum(math.exp(t) for t in terms)
