"""Everybody who sends what is in the outbox: one for each way in which people are called."""

from collections.abc import Callable, Collection, Mapping

from graphs.notifier import Notifier
from tools.journal.records import Lease
from twin.nouns.condition import Condition


class Notifiers:
    """Those of one network, by the names of their ways; none where nobody is called."""

    def __init__(self, by_way: Mapping[str, Notifier]) -> None:
        self._by_way = dict(by_way)

    def watch_under(self, lease: Lease | None) -> None:
        """See Notifier."""
        for notifier in self._by_way.values():
            notifier.watch_under(lease)

    def call_for(self, ways: Collection[str]) -> Callable[[Condition], None] | None:
        """What calls people in these ways about the watch itself; None where there are none."""
        called = [self._by_way[name] for name in sorted(ways)]

        def call(condition: Condition) -> None:
            for notifier in called:
                notifier.call(condition)

        return call if called else None

    def close(self) -> None:
        """Let each of them try what has not been tried yet, and end."""
        for notifier in self._by_way.values():
            notifier.close()
