"""Bundles that have fewer members than are on record."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from twin.tracking.detectors.detector import Belief
from twin.tracking.rates import RateRound

_DROPS = 0.005
_ROUNDS = 3
_LOAD = 0.9
"""Bursts make an egress drop from about 95 % on; one that drops below 90 % has less capacity."""


class ShortBundles:
    """An egress drops in three rounds far below its capacity on record.

    That is no alarm: what is believed of the bundle changes.
    """

    name = "short_bundles"
    watches = (RateRound,)

    def __init__(self, belief: Belief, kept: Mapping[str, Any]) -> None:
        self._belief = belief
        self._rounds: dict[str, int] = dict(kept.get("rounds", {}))

    def look(self, evidence: RateRound) -> None:
        """Judge every egress that drops."""
        topology = self._belief.topology
        fraction, sent = evidence.drop_fraction, evidence.sent_total_bps
        for arc in np.flatnonzero(fraction > _DROPS).tolist():
            egress = topology.egress_of(arc)
            name, link = str(egress), topology.link(egress.link)
            interface = self._belief.running.device(egress.node).interface(egress.link)
            # While routing changes, drops and what was sent are of different moments.
            settled = evidence.from_s[arc] >= self._belief.settled_s
            if interface.policers or not (settled and sent[arc] < _LOAD * link.capacity_bps):
                self._rounds.pop(name, None)
                continue
            self._rounds[name] = self._rounds.get(name, 0) + 1
            if self._rounds[name] < _ROUNDS:
                continue
            module = link.capacity_bps / link.members
            members = max(1, math.ceil(float(sent[arc]) / module - 0.05))
            if members < link.members:
                self._belief.shorten(link.id, members)

    def dump(self) -> dict[str, Any]:
        """Rounds in a row, by egress."""
        return {"rounds": self._rounds}
