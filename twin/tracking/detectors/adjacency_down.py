"""Adjacencies that are lost."""

from collections.abc import Mapping
from typing import Any

from twin.nouns.telemetry import AdjacencyEvent
from twin.tracking.alarms import Alarm
from twin.tracking.detectors.detector import Belief
from twin.tracking.detectors.planned import is_planned


class AdjacencyDown:
    """An end of a link has lost its adjacency outside of planned work."""

    name = "adjacency_down"
    watches = (AdjacencyEvent,)

    def __init__(self, belief: Belief, kept: Mapping[str, Any]) -> None:
        self._belief = belief

    def look(self, evidence: AdjacencyEvent) -> None:
        """Judge the link."""
        link, book = evidence.link, self._belief.book
        if evidence.up:
            if link not in self._belief.down_links:
                book.clear("adjacency_down", link)
        elif not is_planned(self._belief.inventory, link, evidence.time_s):
            book.raise_alarm(Alarm("adjacency_down", link, evidence.time_s, 1.0))

    def dump(self) -> dict[str, Any]:
        """Nothing."""
        return {}
