"""How often things fail, for how long, and how surely that is known.

Figures without a source are assumed, and meant to be replaced by the operator's own.
"""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from twin.nouns.base import Noun

HOURS_A_YEAR = 8766.0

Positive = Annotated[float, Field(gt=0, le=1e6, strict=True)]
Hours = Annotated[float, Field(gt=0, le=HOURS_A_YEAR, strict=True)]


class Rate(Noun):
    """Failures a year: a gamma distribution with this mean. `shape`: how surely it is known; its
    relative standard deviation is one over the root of that.
    """

    per_year: Positive
    shape: Annotated[float, Field(ge=0.1, le=1e6, strict=True)] = 2.0

    def after(self, failures: int, years: float) -> "Rate":
        """The same, once so many failures were seen in so many years (gamma and Poisson)."""
        shape = self.shape + failures
        return Rate(per_year=shape / (self.shape / self.per_year + years), shape=shape)


class Work(Noun):
    """Planned work on one element: so many windows a year, of so many hours each."""

    per_year: Annotated[float, Field(ge=0, le=1e6, strict=True)] = 1.0
    hours: Hours = 4.0

    @property
    def share(self) -> float:
        """Of all hours."""
        return self.per_year * self.hours / HOURS_A_YEAR

    @model_validator(mode="after")
    def _fits_into_a_year(self) -> Self:
        if self.per_year * self.hours > HOURS_A_YEAR:
            raise ValueError(f"the windows take more than the {HOURS_A_YEAR:.0f} hours of a year")
        return self


def _later(shipped: Any) -> Any:
    """A field of `Rates` that registers which were kept before it existed do not have: what is as
    shipped is left out, so that they keep their bytes.
    """
    return Field(default=shipped, exclude_if=lambda value: bool(value == shipped))


class Rates(Noun):
    """Of each kind of element: how often it fails, and how many hours it is down then.

    `cable_per_1000_km`: service-affecting cuts of buried cable, 2.13 a year (Alcoa Fujikura,
    Reliability of Fiber Optic Cable Systems, 2001, from Bellcore data). All else is assumed: no
    field rate of line cards or routers was found. `line_card`: of each end of a link. `site`: all
    that stands at one place, as without power. `given_group_km`: the length of a shared-risk group
    of which none is on record. `power_feed`: a supply of several sites. `software`: a fault that
    every device of one version and role has, and that one message or one moment strikes all of them
    with. `contractor`: work of one crew that takes down all that it works on. `place`: a bridge, a
    tunnel or a building that several things go through. Work is done at the hours of least demand.
    """

    cable_per_1000_km: Rate = Rate(per_year=2.13, shape=4.0)
    line_card: Rate = Rate(per_year=0.02)
    device: Rate = Rate(per_year=0.1)
    site: Rate = Rate(per_year=0.02)
    cable_hours: Hours = 12.0
    line_card_hours: Hours = 4.0
    device_hours: Hours = 4.0
    site_hours: Hours = 6.0
    given_group_km: Positive = 20.0
    link_work: Work = Work()
    device_work: Work = Work(per_year=2.0, hours=2.0)
    power_feed: Rate = _later(Rate(per_year=0.02))
    software: Rate = _later(Rate(per_year=0.005, shape=1.0))
    contractor: Rate = _later(Rate(per_year=0.05, shape=1.0))
    place: Rate = _later(Rate(per_year=0.02))
    power_feed_hours: Hours = _later(6.0)
    software_hours: Hours = _later(3.0)
    contractor_hours: Hours = _later(4.0)
    place_hours: Hours = _later(12.0)


class History(Noun):
    """`failures`: how often each fault (by its id) caused an incident, in so many `years`;
    all others never.
    """

    failures: dict[str, int] = Field(default_factory=dict)
    years: float = 0.0
