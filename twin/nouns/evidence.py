"""One observation, and how it weighs for or against a cause."""

import math

from twin.nouns.base import Noun

MOST_NATS = 60.0
"""No single observation weighs more: densities are not trusted that far out."""


class Evidence(Noun):
    """One observation and how it weighs: `log_likelihood_ratio` is against "nothing is wrong"
    (nats).
    """

    observation: str
    log_likelihood_ratio: float


def log_normal(value: float, mean: float, sigma: float) -> float:
    """Log density of a normal distribution at `value`, but for the constant."""
    return -0.5 * ((value - mean) / sigma) ** 2 - math.log(sigma)
