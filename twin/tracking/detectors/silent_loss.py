"""Links that lose packets and say nothing."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from twin.tracking.alarms import Alarm
from twin.tracking.detectors.detector import Belief
from twin.tracking.rates import RateRound

FLOOR = 0.006
SIGMAS = 4.0
"""The least loss that is an alarm, and how far it has to be from what the link loses anyway."""


class SilentLoss:
    """Of what an egress sends, more than usual does not arrive, round after round."""

    name = "silent_loss"
    watches = (RateRound,)

    def __init__(self, belief: Belief, kept: Mapping[str, Any]) -> None:
        topology = belief.inventory.topology
        self._belief = belief
        self._egresses = [topology.egress_of(arc) for arc in range(topology.n_arcs)]

    def look(self, evidence: RateRound) -> None:
        """Judge every egress that was read and is not idle."""
        losses, book, down_links = self._belief.losses, self._belief.book, self._belief.down_links
        limit = np.maximum(FLOOR, SIGMAS * losses.spread)
        for arc in np.flatnonzero(np.isfinite(losses.newest)).tolist():
            egress, lost = self._egresses[arc], float(losses.mean[arc])
            name = str(egress)
            # A link that is going down loses what was in flight: that is its adjacency's story.
            if egress.link in down_links or lost <= limit[arc]:
                book.clear("silent_loss", name)
            elif losses.steady[arc] > limit[arc]:
                # Both ends are read, not always in one round.
                until_s = float(np.fmax(evidence.until_s[arc], evidence.loss_until_s[arc]))
                alarm = Alarm("silent_loss", name, until_s, lost)
                book.raise_alarm(alarm)

    def dump(self) -> dict[str, Any]:
        """Nothing: what it goes by is believed."""
        return {}
