"""How facts are shown to a mind: typed, short, and no digit more than it can use.

Every character is paid for in every call of a role run. Times are seconds since a moment that the
task names, and numbers have as many digits as their noise leaves a meaning.
"""

from collections.abc import Sequence

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


def shown_symptom(symptom: Symptom, since_s: float) -> dict[str, object]:
    """`id` (kind:resource), `seen_s` after `since_s`, `magnitude`; `over` if it has ended."""
    shown: dict[str, object] = {
        "id": symptom.id,
        "seen_s": round(symptom.first_seen_s - since_s, 1),
        "magnitude": short(symptom.magnitude),
    }
    return shown if symptom.active else shown | {"over": True}


def shown_interval(interval: Interval) -> tuple[Short, Short, Short]:
    """5 %, median, 95 %."""
    return short(interval.p05), short(interval.median), short(interval.p95)


def first_of(names: Sequence[str], most: int) -> list[str]:
    """The first `most` of `names`, and then how many more there are."""
    left = len(names) - most
    return [*names[:most], *([f"and {left} more"] if left > 0 else [])]
