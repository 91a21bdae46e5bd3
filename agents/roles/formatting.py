"""How facts are shown to a mind: typed, short, and no digit more than it can use.

Every character is paid for in every call of a role run. Times are seconds since a moment that the
task names, and numbers have as many digits as their noise leaves a meaning.
"""

from collections.abc import Sequence
from typing import Literal

from twin.nouns.base import IfGiven, Noun
from twin.nouns.forecast import Interval
from twin.nouns.incident import Symptom

SIGNIFICANT = 3
"""Digits of a magnitude, a utilisation or a cost: forecasts err by percents."""


Short = int | float
"""A number as `short` gives it: JSON has no point where it is whole."""


def short(value: float) -> float:
    """`value` with SIGNIFICANT digits; a whole number where it is one."""
    rounded = float(f"{value:.{SIGNIFICANT}g}")
    return int(rounded) if rounded.is_integer() else rounded


class SymptomShown(Noun):
    """`id`: kind:resource. `over`: True where it has ended, else left out."""

    id: str
    seen_s: float
    magnitude: Short
    over: IfGiven[Literal[True]] = None

    @property
    def kind(self) -> str:
        """As in its id."""
        return self.id.partition(":")[0]

    @property
    def resource(self) -> str:
        """As in its id."""
        return self.id.partition(":")[2]


def shown_symptom(symptom: Symptom, since_s: float) -> SymptomShown:
    """`symptom`, seen so many seconds after `since_s`."""
    return SymptomShown(
        id=symptom.id,
        seen_s=round(symptom.first_seen_s - since_s, 1),
        magnitude=short(symptom.magnitude),
        over=None if symptom.active else True,
    )


def shown_interval(interval: Interval) -> tuple[Short, Short, Short]:
    """5 %, median, 95 %."""
    return short(interval.p05), short(interval.median), short(interval.p95)


def first_of(names: Sequence[str], most: int) -> tuple[str, ...]:
    """The first `most` of `names`, and then how many more there are."""
    left = len(names) - most
    return (*names[:most], *((f"and {left} more",) if left > 0 else ()))
