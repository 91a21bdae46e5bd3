"""Names of our own that a network will report back to us: the latest of them, so many."""

from collections.abc import Iterable, Iterator, MutableSet


class RecentIds(MutableSet[str]):
    """The `most` ids that were added last, oldest first; an id that is added again is new again."""

    def __init__(self, ids: Iterable[str] = (), most: int = 10_000) -> None:
        self._ids: dict[str, None] = {}
        self._most = most
        for value in ids:
            self.add(value)

    def __contains__(self, value: object) -> bool:
        return value in self._ids

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, value: str) -> None:
        """Add one; beyond the most, the oldest goes."""
        self._ids.pop(value, None)
        self._ids[value] = None
        if len(self._ids) > self._most:
            del self._ids[next(iter(self._ids))]

    def discard(self, value: str) -> None:
        """Take one out, if it is there."""
        self._ids.pop(value, None)
