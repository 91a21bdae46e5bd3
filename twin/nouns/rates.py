"""How often things fail, for how long, and how surely that is known.

Figures without a source are assumed, and meant to be replaced by the operator's own.
"""

from typing import Annotated

from pydantic import Field

from twin.nouns.base import Noun

HOURS_A_YEAR = 8766.0

Positive = Annotated[float, Field(gt=0)]


class Rate(Noun):
    """Failures a year: a gamma distribution with this mean. `shape`: how surely it is known; its
    relative standard deviation is one over the root of that.
    """

    per_year: Positive
    shape: Positive = 2.0

    def after(self, failures: int, years: float) -> "Rate":
        """The same, once so many failures were seen in so many years (gamma and Poisson)."""
        shape = self.shape + failures
        return Rate(per_year=shape / (self.shape / self.per_year + years), shape=shape)


class Work(Noun):
    """Planned work on one element: so many windows a year, of so many hours each."""

    per_year: float = Field(default=1.0, ge=0)
    hours: Positive = 4.0


class Rates(Noun):
    """Of each kind of element: how often it fails, and how many hours it is down then.

    `cable_per_1000_km`: service-affecting cuts of buried cable, 2.13 a year (Alcoa Fujikura,
    Reliability of Fiber Optic Cable Systems, 2001, from Bellcore data). All else is assumed: no
    field rate of line cards or routers was found. `line_card`: of each end of a link. `site`: all
    that stands at one place, as without power. `given_group_km`: the length of a shared-risk group
    of which none is on record. Work is done at the hours of least demand.
    """

    cable_per_1000_km: Rate = Rate(per_year=2.13, shape=4.0)
    line_card: Rate = Rate(per_year=0.02)
    device: Rate = Rate(per_year=0.1)
    site: Rate = Rate(per_year=0.02)
    cable_hours: Positive = 12.0
    line_card_hours: Positive = 4.0
    device_hours: Positive = 4.0
    site_hours: Positive = 6.0
    given_group_km: Positive = 20.0
    link_work: Work = Work()
    device_work: Work = Work(per_year=2.0, hours=2.0)


class History(Noun):
    """`failures`: of elements by name, in so many `years`; of all others none."""

    failures: dict[str, int] = Field(default_factory=dict)
    years: float = 0.0
