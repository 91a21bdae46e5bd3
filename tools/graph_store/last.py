"""A store's last snapshot, of which the next one is made while nobody else has written."""

from twin.knowledge.facts import Difference
from twin.knowledge.snapshot import Snapshot

MOST_FOLLOWED = 5
"""After so many writes of ours a snapshot is read from the store again, which takes as long."""


class LastSnapshot:
    """The last snapshot, and what we have written since."""

    def __init__(self) -> None:
        self._last: Snapshot | None = None
        self._since: list[Difference] = []

    @property
    def taken_s(self) -> float:
        """When it was taken (Unix seconds), 0 where there is none."""
        return 0.0 if self._last is None else self._last.taken_s

    def keep(self, snapshot: Snapshot) -> Snapshot:
        """`snapshot`, which is the last from now on."""
        self._last, self._since = snapshot, []
        return snapshot

    def forget(self) -> None:
        """The next snapshot is read from the store."""
        self._last, self._since = None, []

    def follow(self, changes: Difference, revision: int) -> None:
        """Note a write of ours, which has made that revision of the store."""
        is_next = self._last and self._last.revision + len(self._since) == revision - 1
        if is_next and len(self._since) < MOST_FOLLOWED:
            self._since.append(changes)
        else:
            self.forget()

    def at(self, revision: int) -> Snapshot | None:
        """The snapshot of the store at that revision; None where others have written, too."""
        last = self._last
        if last is None or last.revision + len(self._since) != revision:
            return None
        for changes in self._since:
            last = last.changed(changes, last.revision + 1)
        return self.keep(last)
