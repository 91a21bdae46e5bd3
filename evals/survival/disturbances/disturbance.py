"""What every disturbance knows of itself."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from evals.survival.movable_clock import MovableClock
from twin.nouns.condition import ConditionKind


@dataclass(frozen=True, slots=True)
class Place:
    """Where a watch runs: its state directory, and its clock."""

    state: Path
    clock: MovableClock


class Disturbance(Protocol):
    """One kind of trouble that comes over a watch itself, and goes."""

    @property
    def name(self) -> str:
        """As the campaign names it."""
        ...

    @property
    def condition(self) -> ConditionKind | None:
        """What the watch has to say of itself while it lasts; None if it is over at once."""
        ...

    def room(self, folder: Path) -> AbstractContextManager[Path]:
        """A state directory that can be disturbed so, in `folder`. Raises BadInput."""
        ...

    def begin(self, place: Place) -> None:
        """From now on."""
        ...

    def end(self, place: Place) -> None:
        """It is as it was."""
        ...
