"""One observation, and how it weighs for or against a cause."""

import math
from typing import Annotated

from pydantic import Field

from twin.nouns.base import Noun

MOST_NATS = 60.0
"""No single observation weighs more: densities are not trusted that far out."""

CLAIM_NATS = 5.0
"""What one device claims, and nothing else bears out, weighs no more, all of it together: one claim
in a hundred and fifty is taken to be false (assumed). With the prior of its cause it convinces
nobody.
"""

AGREE_NATS = 3.0
"""A second source agrees with a claim if it speaks for it by 20:1."""


class Evidence(Noun):
    """One observation and how it weighs: `log_likelihood_ratio` is against "nothing is wrong"
    (nats). `claimed_by`: the only device that says so, "" where a second source bears it out.
    """

    observation: str
    log_likelihood_ratio: float
    claimed_by: Annotated[str, Field(exclude_if=lambda name: not name)] = ""


def weighed(text: str, ratio: float, claimed_by: str = "") -> Evidence:
    """`text` with `ratio` (nats), bounded by what one observation may weigh."""
    weight = float(min(max(ratio, -MOST_NATS), MOST_NATS))
    return Evidence(observation=text, log_likelihood_ratio=weight, claimed_by=claimed_by)


def log_normal(value: float, mean: float, sigma: float) -> float:
    """Log density of a normal distribution at `value`, but for the constant."""
    return -0.5 * ((value - mean) / sigma) ** 2 - math.log(sigma)
