"""Services that are outside what their customers were promised."""

from collections.abc import Mapping
from typing import Any

from twin.nouns.telemetry import ProbeRound
from twin.tracking.detectors.detector import Belief
from twin.tracking.detectors.streaks import Streaks

ROUNDS = 4
"""Probe rounds in a row, two minutes of them: while routing converges packets are lost for less."""


class ServiceBreach:
    """A service misses its objective for loss, delay or availability in one round after another,
    and announced work was not known to bring that.
    """

    name = "service_breach"
    watches = (ProbeRound,)

    def __init__(self, belief: Belief, kept: Mapping[str, Any]) -> None:
        self._belief = belief
        self._streaks = Streaks("service_breach", belief.book, kept, ROUNDS)

    def look(self, evidence: ProbeRound) -> None:
        """Judge every service."""
        belief = self._belief
        hurt = belief.services.in_breach_now - belief.foretold(evidence.received_s)
        for service in belief.inventory.services:
            broken = service.id in hurt
            self._streaks.note(service.id, evidence.received_s, 1.0, beyond=broken)

    def dump(self) -> dict[str, Any]:
        """The streaks."""
        return self._streaks.dump()
