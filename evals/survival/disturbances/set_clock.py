"""Somebody sets the machine's clock by an hour, and sets it right again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evals.survival.disturbances.disturbance import Place
from twin.nouns.condition import ConditionKind

_HOUR_S = 3600.0


class SetForward:
    """An hour ahead."""

    name = "clock_ahead"
    condition = ConditionKind.CLOCK_STEPPED
    _by_s = _HOUR_S

    @contextmanager
    def room(self, folder: Path) -> Iterator[Path]:
        """Any folder."""
        yield folder

    def begin(self, place: Place) -> None:
        """Set it."""
        place.clock.moved_s = self._by_s

    def end(self, place: Place) -> None:
        """Set it right."""
        place.clock.moved_s = 0.0


class SetBack(SetForward):
    """An hour behind."""

    name = "clock_behind"
    _by_s = -_HOUR_S
