"""Adjacencies that are lost."""

from collections.abc import Mapping
from typing import Any

from twin.nouns.telemetry import AdjacencyEvent, ProbeRound
from twin.tracking.alarms import Alarm
from twin.tracking.announced import explains_loss
from twin.tracking.detectors.detector import Belief
from twin.tracking.rates import RateRound


class AdjacencyDown:
    """An end of a link has lost its adjacency, and no announced work explains it, or does any more.

    Rounds come regularly, and show that work has begun on a link that was switched off early, or is
    over. A link that failed before work on it began is not switched off, and stays a symptom.
    """

    name = "adjacency_down"
    watches = (AdjacencyEvent, RateRound, ProbeRound)

    def __init__(self, belief: Belief, kept: Mapping[str, Any]) -> None:
        self._belief = belief
        self._excused: set[str] = set(kept.get("excused", ()))

    def look(self, evidence: AdjacencyEvent | RateRound | ProbeRound) -> None:
        """Judge the link, or those whose loss announced work explained."""
        match evidence:
            case AdjacencyEvent():
                self._judge(evidence)
            case RateRound() | ProbeRound():
                self._look_again()

    def _judge(self, event: AdjacencyEvent) -> None:
        link, belief = event.link, self._belief
        if event.up:
            if link not in belief.down_links:
                self._excused.discard(link)
                belief.book.clear("adjacency_down", link)
        elif explains_loss(belief.inventory.planned_work, link, event.time_s):
            self._excused.add(link)
        else:
            belief.book.raise_alarm(Alarm("adjacency_down", link, event.time_s, 1.0))

    def _look_again(self) -> None:
        belief = self._belief
        planned = belief.inventory.planned_work
        for link in [s.resource for s in belief.book.active() if s.kind == "adjacency_down"]:
            if belief.is_switched_off(link) and explains_loss(planned, link, belief.now_s):
                belief.book.clear("adjacency_down", link)
                self._excused.add(link)
        for link in sorted(self._excused):
            if not explains_loss(planned, link, belief.now_s):
                self._excused.discard(link)
                if link in belief.down_links:
                    belief.book.raise_alarm(Alarm("adjacency_down", link, belief.now_s, 1.0))

    def dump(self) -> dict[str, Any]:
        """The links whose loss announced work explains."""
        return {"excused": sorted(self._excused)}
