"""What was taken in already, where records come late, again, or after others that came later."""

import math
from collections.abc import Hashable

from twin.nouns.telemetry import (
    AdjacencyEvent,
    ConfigurationEvent,
    FlowRound,
    InterfaceCounters,
    LogInEvent,
    ProbeRound,
    SyslogLine,
    Telemetry,
)

HELD_S = 900.0
"""A record may be given so long after it was received, behind others that were received later."""

_MOST = 20_000


class Arrivals:
    """Remembers the records of the last quarter of an hour, so many at most."""

    def __init__(self, until_s: float = -math.inf) -> None:
        """`until_s`: all that was received by then was taken."""
        self._until_s = until_s
        self._known: dict[Hashable, float] = {}

    def is_new(self, record: Telemetry, received_s: float, after_s: float) -> bool:
        """Whether a record that was received then is to be taken; it counts as taken from now on.

        What was received after `after_s` is new, and of the rest what was not given by then.
        """
        if received_s <= self._until_s:
            return False
        key = _key(record, received_s)
        if received_s <= after_s and (received_s <= after_s - HELD_S or key in self._known):
            return False
        self._known[key] = received_s
        return True

    def forget(self, now_s: float) -> None:
        """What is older than can still be given is not remembered."""
        if len(self._known) > _MOST:
            for key in list(self._known)[: len(self._known) - _MOST]:
                self._until_s = max(self._until_s, self._known.pop(key))
        oldest = next(iter(self._known.values()), now_s)
        if oldest < now_s - 2 * HELD_S:
            self._known = {k: at_s for k, at_s in self._known.items() if at_s > now_s - HELD_S}


def _key(record: Telemetry, received_s: float) -> Hashable:
    """What tells it from others; by its object where its fields are of no use."""
    match record:
        case InterfaceCounters():
            key: Hashable = ("counters", received_s, record.node, record.time_s)
        case ProbeRound():
            key = ("probes", received_s)
        case FlowRound():
            key = ("flows", received_s, record.until_s)
        case AdjacencyEvent():
            key = ("adjacency", received_s, record.node, record.time_s, record.link, record.up)
        case ConfigurationEvent():
            key = ("commit", received_s, record.node, record.time_s, record.change_id)
        case LogInEvent():
            key = ("log-in", received_s, record.node, record.time_s, record.user, record.ok)
        case SyslogLine():
            key = ("line", received_s, record.node, record.time_s, record.text)
        case _:
            key = ("unknown", received_s)
    try:
        hash(key)
    except TypeError:
        return id(record)
    return key
