"""A day that costs much, as people are told it."""

from pydantic import PositiveInt

from twin.events.action import Action
from twin.events.kinds import Means
from twin.nouns.base import Noun


class WorstDay(Noun):
    """`scenario`: in words that are read back. `slo_minutes`: service-minutes in breach that day
    with nothing done, and `slo_minutes_left` with `actions`, the best remedy that was found. `hit`:
    services, in order of id. `depth`: of what follows, in one draw. `wanted`: whose it is, None
    where it happens by itself. `per_year`, `is_plausible`: None where no rate is known.
    """

    rank: PositiveInt
    scenario: str
    slo_minutes: float
    slo_minutes_left: float
    actions: tuple[Action, ...]
    hit: tuple[str, ...]
    depth: PositiveInt
    wanted: Means | None
    per_year: float | None
    is_plausible: bool | None
