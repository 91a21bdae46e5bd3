"""What comes of a scenario's day, with nothing done and with the best remedy."""

from pydantic import PositiveInt

from twin.events.action import Action
from twin.nouns.base import Noun
from twin.nouns.scenario import TimedAction


class RiskVerdict(Noun):
    """`slo_minutes`: service-minutes in breach that day, beyond those of a day on which nothing
    happens; of which `by_service`, those above zero. `slo_minutes_left`: the same with `actions`,
    which `timed` makes and takes back once what they are against is over (none, and as many
    minutes, where nothing that was tried helps). `depth`: of the deepest chain among the draws of
    what follows, and `slo_minutes_chained` in their mean. `per_year`: how often it begins, None
    where that is not known. `is_plausible`: whether that is often enough, None likewise.
    """

    scenario: str
    slo_minutes: float
    by_service: dict[str, float]
    actions: tuple[Action, ...]
    timed: tuple[TimedAction, ...]
    slo_minutes_left: float
    depth: PositiveInt | None
    slo_minutes_chained: float | None
    per_year: float | None
    is_plausible: bool | None

    @property
    def effectiveness(self) -> float:
        """1 - loss with the best remedy / loss with nothing done; 0 where nothing is lost."""
        return 1.0 - self.slo_minutes_left / self.slo_minutes if self.slo_minutes > 0.0 else 0.0
