"""How long people take: ranges, and one draw per case and seed that every arm shares."""

import numpy as np

from twin.nouns.base import Noun, content_hash


class Range(Noun):
    """Seconds from `least_s` to `most_s`, every value as likely as another; `basis` says why."""

    least_s: float
    most_s: float
    basis: str


RANGES: dict[str, Range] = {
    "acknowledge_s": Range(
        least_s=60,
        most_s=300,
        basis="at most 5 min for user-facing systems (Google, Site Reliability Engineering, 2016, "
        "chapter 11); the lower end is assumed",
    ),
    "diagnose_s": Range(least_s=300, most_s=1200, basis="assumed"),
    "decide_s": Range(least_s=60, most_s=300, basis="assumed"),
    "approve_s": Range(least_s=60, most_s=600, basis="assumed; the same for every arm"),
    "execute_s": Range(least_s=60, most_s=300, basis="assumed; per change"),
}
"""What the baseline NOC takes for each step. Every arm that waits for people waits `approve_s`."""


class HumanDelays(Noun):
    """Seconds. `acknowledge_s`, `diagnose_s`: once per ticket; the others: once per change."""

    acknowledge_s: float = 0.0
    diagnose_s: float = 0.0
    decide_s: float = 0.0
    approve_s: float = 0.0
    execute_s: float = 0.0


NO_DELAYS = HumanDelays()
"""People who need no time at all."""


def draw_delays(case_id: str, seed: int) -> HumanDelays:
    """The delays of one realisation; the same arguments give the same delays."""
    key = int(content_hash({"case": case_id, "seed": seed})[:16], 16)
    numbers = np.random.default_rng(key)
    drawn = {
        name: round(float(numbers.uniform(span.least_s, span.most_s)), 1)
        for name, span in RANGES.items()
    }
    return HumanDelays(**drawn)
