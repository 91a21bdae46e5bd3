"""Somebody moves the journal away under the watch, and puts it back."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evals.survival.disturbances.disturbance import Place
from graphs.state_directory import StateDirectory
from twin.nouns.condition import ConditionKind


class LostStore:
    """The file that every command reads is not there."""

    name = "lost_store"
    condition = ConditionKind.STORE_LOST

    @contextmanager
    def room(self, folder: Path) -> Iterator[Path]:
        """Any folder."""
        yield folder

    def begin(self, place: Place) -> None:
        """Move it away."""
        journal = StateDirectory(place.state).journal_file
        journal.rename(_elsewhere(journal))

    def end(self, place: Place) -> None:
        """Put it back."""
        journal = StateDirectory(place.state).journal_file
        if _elsewhere(journal).exists():
            _elsewhere(journal).rename(journal)


def _elsewhere(journal: Path) -> Path:
    return journal.with_name("moved-away")
