"""How a day that may be imagined is written in whole numbers.

A point is (hour, demand, surge, work, event, delay, event, delay, ...): an hour of the day,
positions among DEMANDS and DELAYS_S, and positions among what may strike, NOTHING where there is no
surge or no work. Events stand in order of time, the first without delay.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from twin.imagination.generators.generator import Point
from twin.nouns.risk_scenario import AnyInWork, AnySurge

DEMANDS = (1.0, 1.1, 1.2)
DELAYS_S = (0, 1800, 4 * 3600, 12 * 3600)
"""What is tried of each; a person may say anything else."""

NOTHING = -1

BEGIN = 4
"""Of a point: where its events begin."""

Timed = tuple[int, int]
"""An event and its delay."""


@dataclass(frozen=True, slots=True)
class Template:
    """What is said of a scenario whose places are not: the `kinds` of its events in any order, and
    of the conditions those that are no None (of `demand` the nearest of DEMANDS is meant).
    """

    kinds: tuple[str, ...] = ()
    hour: int | None = None
    demand: float | None = None
    surge: AnySurge | None = None
    in_work: AnyInWork | None = None


def timed(point: Point) -> list[Timed]:
    """The events of `point` with their delays, in order of time."""
    return list(zip(point[BEGIN::2], point[BEGIN + 1 :: 2], strict=True))


def point_of(conditions: Sequence[int], events: Iterable[Timed]) -> Point:
    """The point of these, the first event without delay."""
    in_order = sorted(events, key=lambda timed: (timed[1], timed[0]))
    first = in_order[0][0]
    rest = sorted([(first, 0), *in_order[1:]], key=lambda timed: (timed[1], timed[0]))
    return (*conditions, *(number for event, delay in rest for number in (event, delay)))
