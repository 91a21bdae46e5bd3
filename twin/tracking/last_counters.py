"""The last counters of each device as they were read, so that a restart begins no window anew."""

import math
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from twin.nouns.telemetry import InterfaceCounters
from twin.nouns.topology import Topology

_READINGS = 7
"""Of each device: the windows that loss is the median of, what begins the first of them, and one
more, since a window is judged when both of its ends have been read again."""

_NUMBERS = 7
"""Of an interface: sent and dropped per class, and received."""


class LastCounters:
    """What was read of each device last, oldest first; as long as it makes windows with what comes.

    A device whose links are named otherwise than before begins anew.
    """

    def __init__(self) -> None:
        self._read: dict[str, deque[InterfaceCounters]] = {}

    def take(self, record: InterfaceCounters) -> None:
        """Add what was read."""
        known = self._read.setdefault(record.node, deque(maxlen=_READINGS + 1))
        if known and known[-1].links != record.links:
            known.clear()
        known.append(record)

    def forget(self, node: str) -> None:
        """Begin anew with `node`."""
        self._read.pop(node, None)

    def dump(self, newer: Collection[str]) -> dict[str, Any]:
        """JSON-able, by node; `kept_counters` reads it.

        `newer`: the nodes whose last reading is of the round that has not ended. They have one
        reading more, so that the readings of all begin with the same round.
        """
        return {
            node: {
                "links": list(known[-1].links),
                "read": [_row(x) for x in list(known)[-(_READINGS + (node in newer)) :]],
            }
            for node, known in self._read.items()
        }


def kept_counters(
    kept: Mapping[str, Any], topology: Topology, now_s: float
) -> list[InterfaceCounters]:
    """What `LastCounters.dump` wrote, in the order in which it was received.

    What is of no node of `topology`, of another shape or of a time after `now_s` is left out.
    """
    known = (
        _record(node, tuple(of_node["links"]), row)
        for node, of_node in kept.items()
        if node in topology.node_index
        for row in of_node["read"]
        if len(row) == 2 + _NUMBERS * len(of_node["links"]) and None not in row[:2]
    )
    found = (record for record in known if max(record.received_s, record.time_s) <= now_s)
    return sorted(found, key=lambda record: (record.received_s, record.time_s))


def _row(record: InterfaceCounters) -> list[float | None]:
    counted = np.concatenate(
        (record.sent_bytes.ravel(), record.dropped_bytes.ravel(), record.received_bytes)
    )
    numbers: list[float] = counted.tolist()
    if np.isfinite(counted).all():
        return [record.received_s, record.time_s, *numbers]
    return [record.received_s, record.time_s, *(x if math.isfinite(x) else None for x in numbers)]


def _record(node: str, links: tuple[str, ...], row: Sequence[Any]) -> InterfaceCounters:
    received_s, time_s, *counted = row
    sent, dropped, received = np.split(
        np.array(counted, dtype=np.float64), (3 * len(links), 6 * len(links))
    )
    return InterfaceCounters(
        received_s=received_s,
        time_s=time_s,
        node=node,
        links=links,
        sent_bytes=sent.reshape(-1, 3),
        dropped_bytes=dropped.reshape(-1, 3),
        received_bytes=received,
    )
