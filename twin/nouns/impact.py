"""Who is hit, as far as probes show it."""

from twin.nouns.base import Noun


class ServiceHit(Noun):
    """A service outside its objective, and who buys it."""

    service: str
    customer: str


class Impact(Noun):
    """Who was hit at `as_of_s`, and what services have lost since the first sign of an incident.

    `hit_now`: all of the network's services in breach, whichever of its incidents is to blame.
    `minutes_lost`: by service, minutes in breach so far, of those that have any.
    """

    as_of_s: float
    hit_now: tuple[ServiceHit, ...]
    minutes_lost: dict[str, float]

    @property
    def total_minutes(self) -> float:
        """Over all services."""
        return sum(self.minutes_lost.values(), 0.0)
