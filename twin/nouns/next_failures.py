"""What may be next in an incident if nothing is done, and how reliable such figures have been."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from pydantic import Field, PositiveInt

from twin.nouns.base import IfGiven, Noun

NEXT_FAILURES = "next_failures"
"""The name under which an incident's NextFailures are kept in the journal."""

LEAST_FEARED = 0.05
"""Below this nothing is told: no answer is likely enough to be feared (assumed)."""


class Reliability(Noun):
    """Of `count` figures between `low` and `high`, the share that came true where it was measured.
    `code`: that measured it.
    """

    low: float = Field(ge=0, le=1)
    high: float = Field(ge=0, le=1)
    came_true: float = Field(ge=0, le=1)
    count: PositiveInt
    code: str

    def describe(self) -> str:
        """In words."""
        return (
            f"of {self.count:,} figures between {self.low:.0%} and {self.high:.0%}, "
            f"{self.came_true:.0%} came true in draws of their own"
        )


class NextFailure(Noun):
    """A service that leaves its objective, or a link that goes down, before anything else does.

    `reliability`: of figures like this one, left out where too few were measured.
    """

    kind: Literal["service", "link"]
    name: str
    probability: float = Field(ge=0, le=1)
    reliability: IfGiven[Reliability] = None

    def short(self) -> str:
        """What, and how probable."""
        does = "leaves its objective" if self.kind == "service" else "goes down"
        return f"{self.name} {does}: {self.probability:.0%}"

    def describe(self) -> str:
        """The same, with how reliable such figures are."""
        return (
            f"{self.short()} ({self.reliability.describe()})" if self.reliability else self.short()
        )


class NextFailures(Noun):
    """As believed at `at_s`, Unix seconds, up to `until_s`, the likeliest first. What fails at the
    same quarter of an hour counts as next together, so that figures may add up to more than 1.

    `nothing`: how probable it is that nothing fails. `draws`, `seed`: of the twin. `others`: how
    many more are LEAST_FEARED or likelier.
    """

    at_s: float
    until_s: float
    likeliest: tuple[NextFailure, ...]
    others: int
    nothing: float = Field(ge=0, le=1)
    draws: PositiveInt
    seed: int

    @property
    def heading(self) -> str:
        """What the figures are of, in words."""
        at, until = (f"{datetime.fromtimestamp(t, UTC):%H:%M}" for t in (self.at_s, self.until_s))
        return (
            f"Next, if nothing is done, {at} to {until} UTC: something with {1 - self.nothing:.0%}"
        )

    def lines(self) -> Sequence[str]:
        """One for each of the likeliest, in words, and how many there are besides."""
        more = (f"and {self.others} more of {LEAST_FEARED:.0%} or more",) if self.others else ()
        return (*(one.describe() for one in self.likeliest), *more)
