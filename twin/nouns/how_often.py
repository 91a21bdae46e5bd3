"""How often something begins, and what goes into that."""

from typing import Literal

from twin.nouns.base import IfGiven, Noun
from twin.nouns.forecast import Interval


class Factor(Noun):
    """`what`: in words. `value`: so many a year, or that share of all hours."""

    what: str
    value: float
    unit: Literal["a year", "of all hours"]


class HowOften(Noun):
    """`per_year`: how often it begins, the product of `factors`; None where that is not known, for
    the reason `why_not`. `likely`: as the rates may be.
    """

    factors: tuple[Factor, ...] = ()
    per_year: float | None = None
    likely: IfGiven[Interval] = None
    why_not: str = ""
