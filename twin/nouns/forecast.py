"""An effect, with an interval."""

from twin.nouns.base import Noun


class Interval(Noun):
    """Median, and the 5 % and 95 % quantiles, over `Forecast.rollouts` rollouts."""

    p05: float
    median: float
    p95: float

    def holds(self, value: float, slack: float = 0.0) -> bool:
        """Whether `value` is inside, give or take `slack`."""
        return self.p05 - slack <= value <= self.p95 + slack


class Forecast(Noun):
    """What the twin expects once routing has converged.

    `utilisation`: carried load / capacity of the egresses that matter ("node|link").
    `max_utilisation`: offered load / capacity of the busiest egress, may exceed 1.
    `breached_services`: how many services are outside their objective.
    `lost_bps`: traffic lost. `service_breach_probability`: share of rollouts in which each service
    (those above zero) is in breach. `seed` and `rollouts` name the run that computed it.
    """

    utilisation: dict[str, Interval]
    max_utilisation: Interval
    breached_services: Interval
    lost_bps: Interval
    service_breach_probability: dict[str, float]
    rollouts: int
    seed: int
