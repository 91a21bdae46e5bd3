"""Exact bounds on rates and shares from counts, without tables."""

import math


def poisson_upper(events: int, confidence: float = 0.95) -> float:
    """The largest mean that still gives `events` or fewer with probability 1 - `confidence`.

    One-sided and exact (Garwood 1936). For no events at 95 % it is ln 20 = 2.996.
    """
    low, high = 0.0, events + 10.0 * math.sqrt(events + 1.0) + 10.0
    for _ in range(100):
        middle = 0.5 * (low + high)
        if _at_most(events, middle) > 1.0 - confidence:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _at_most(events: int, mean: float) -> float:
    """P(X <= events) of a Poisson variable, summed in logarithms."""
    if mean <= 0.0:
        return 1.0
    terms = (k * math.log(mean) - mean - math.lgamma(k + 1) for k in range(events + 1))
    return math.fsum(math.exp(t) for t in terms)
