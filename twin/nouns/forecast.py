"""An effect, with an interval."""

from twin.nouns.base import Noun

_LIKELY = 0.5


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

    @property
    def in_breach(self) -> frozenset[str]:
        """Services that are in breach more likely than not."""
        shares = self.service_breach_probability.items()
        return frozenset(service for service, share in shares if share > _LIKELY)
