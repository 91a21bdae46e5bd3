"""Bundles that have fewer members than are on record."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from twin.nouns.drops import EVEN
from twin.nouns.telemetry import FloatArray
from twin.tracking.detectors.detector import Belief
from twin.tracking.masking import BoolArray
from twin.tracking.rates import RateRound

_DROPS = 0.005
_ROUNDS = 3
_LOAD = 0.9
"""Bursts make an egress drop from about 95 % on; one that drops below 90 % has less capacity."""

_MORE = 1.05
"""A bundle that sends so many times what is believed to be left of it has more members."""

_LEAST_BPS = 1e6


class ShortBundles:
    """An egress drops in three rounds far below its capacity on record, as a full queue does.

    That is no alarm: what is believed of the bundle changes, until it sends more than that again.
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
        self._look_again(sent)
        even, settled_s = _hits_voice(evidence), self._belief.settled_of_egresses()
        for arc in np.flatnonzero(fraction > _DROPS).tolist():
            egress = topology.egress_of(arc)
            name, link = str(egress), topology.link(egress.link)
            interface = self._belief.running.device(egress.node).interface(egress.link)
            # While routing changes, drops and what was sent are of different moments.
            settled = evidence.from_s[arc] >= settled_s[arc]
            full = settled and not even[arc] and sent[arc] < _LOAD * link.capacity_bps
            if interface.policers or not full:
                self._rounds.pop(name, None)
                continue
            self._rounds[name] = self._rounds.get(name, 0) + 1
            if self._rounds[name] < _ROUNDS:
                continue
            members = max(1, math.ceil(float(sent[arc]) / link.member_bps - 0.05))
            if members < link.members:
                self._belief.links.shorten(link.id, members, self._belief.now_s)

    def _look_again(self, sent_bps: FloatArray) -> None:
        """Forget what is refuted by what is sent."""
        known, built = self._belief.topology, self._belief.inventory.topology
        if known is built:
            return
        for i, (now, whole) in enumerate(zip(known.links, built.links, strict=True)):
            both = sent_bps[2 * i : 2 * i + 2]
            if now.members < whole.members and (both > _MORE * now.capacity_bps).any():
                self._belief.links.lengthen([now.id])

    def dump(self) -> dict[str, Any]:
        """Rounds in a row, by egress."""
        return {"rounds": self._rounds}


def _hits_voice(evidence: RateRound) -> BoolArray:
    """(n_arcs,) whether voice is dropped like all else: no queue does that, whatever the bundle."""
    voice_bps = evidence.sent_bps[:, 0] + evidence.dropped_bps[:, 0]
    share = np.zeros(len(voice_bps))
    np.divide(evidence.dropped_bps[:, 0], voice_bps, out=share, where=voice_bps > _LEAST_BPS)
    return np.asarray(share > EVEN * evidence.drop_fraction)
