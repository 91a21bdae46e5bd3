"""Egresses that drop because they are full."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from twin.tracking.detectors.detector import Belief
from twin.tracking.detectors.streaks import Streaks
from twin.tracking.rates import RateRound

DROP_THRESHOLD = 0.002
"""Share of what is offered to an egress."""


class QueueDrops:
    """An egress without policers drops for two rounds in a row."""

    name = "queue_drops"
    watches = (RateRound,)

    def __init__(self, belief: Belief, kept: Mapping[str, Any]) -> None:
        topology = belief.inventory.topology
        self._belief = belief
        self._egresses = [topology.egress_of(arc) for arc in range(topology.n_arcs)]
        self._names = [str(egress) for egress in self._egresses]
        self._streaks = Streaks("queue_drops", belief.book, kept)

    def look(self, evidence: RateRound) -> None:
        """Judge every egress that was read."""
        fraction = evidence.drop_fraction
        for arc in np.flatnonzero(np.isfinite(fraction)).tolist():
            dropped, until_s = float(fraction[arc]), float(evidence.until_s[arc])
            beyond = dropped > DROP_THRESHOLD and not self._is_policed(arc)
            self._streaks.note(self._names[arc], until_s, dropped, beyond=beyond)

    def _is_policed(self, arc: int) -> bool:
        egress = self._egresses[arc]
        return bool(self._belief.running.device(egress.node).interface(egress.link).policers)

    def dump(self) -> dict[str, Any]:
        """The streaks."""
        return self._streaks.dump()
