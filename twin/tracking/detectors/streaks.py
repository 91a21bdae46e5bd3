"""Alarms that one noisy round does not raise."""

from collections.abc import Mapping
from typing import Any

from twin.nouns.incident import SymptomKind
from twin.tracking.alarms import Alarm, SymptomBook

ROUNDS_TO_ALARM = 2
"""Rounds in a row beyond a threshold: one noisy round is no alarm."""


class Streaks:
    """For how many rounds in a row each resource has been beyond a threshold."""

    def __init__(
        self,
        kind: SymptomKind,
        book: SymptomBook,
        kept: Mapping[str, Any],
        rounds: int = ROUNDS_TO_ALARM,
    ) -> None:
        """`kept`: what `dump` wrote; without it, what is active has been so for long enough.

        `rounds`: so many in a row are an alarm.
        """
        active = {s.resource: rounds for s in book.active() if s.kind == kind}
        self._kind = kind
        self._book = book
        self._to_alarm = rounds
        self._rounds: dict[str, int] = dict(kept.get("streaks", active))

    def note(self, resource: str, time_s: float, magnitude: float, *, beyond: bool) -> None:
        """One more round of `resource`: raise an alarm, or clear it, where it is time to."""
        if not beyond:
            if self._rounds.pop(resource, 0):
                self._book.clear(self._kind, resource)
            return
        self._rounds[resource] = self._rounds.get(resource, 0) + 1
        if self._rounds[resource] >= self._to_alarm:
            self._book.raise_alarm(Alarm(self._kind, resource, time_s, magnitude))

    def dump(self) -> dict[str, Any]:
        """JSON-able; the constructor takes it back."""
        return {"streaks": self._rounds}
