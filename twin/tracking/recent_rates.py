"""The rates of the last rounds, and what they come to where not every device is in every round."""

import math
from collections import deque

import numpy as np

from twin.nouns.telemetry import FloatArray
from twin.nouns.topology import Topology
from twin.tracking.detectors.queue_drops import DROP_THRESHOLD
from twin.tracking.detectors.streaks import ROUNDS_TO_ALARM
from twin.tracking.masking import BoolArray
from twin.tracking.rates import RateRound

_ROUNDS = 60
_MEASURED_ROUNDS = 6


class RecentRates(deque[RateRound]):
    """Rate rounds, oldest first: the last half hour of them."""

    def __init__(self, topology: Topology) -> None:
        super().__init__(maxlen=_ROUNDS)
        self._n_arcs = topology.n_arcs

    def sent_bps(self, since_s: float = -math.inf, before_s: float = math.inf) -> FloatArray:
        """(n_arcs,) in the latest reading of each egress between the two times, NaN without one."""
        found = np.full(self._n_arcs, np.nan)
        for round_ in reversed(self):
            missing = np.isnan(found)
            if not missing.any():
                break
            usable = missing & (round_.until_s >= since_s) & (round_.until_s < before_s)
            found[usable] = round_.sent_total_bps[usable]
        return found

    def within(self, from_s: float, until_s: float = math.inf) -> list[RateRound]:
        """The rounds that lie inside the two times; see `RateRound.within`."""
        found = (r.within(from_s, until_s) for r in self)
        return [r for r in found if r is not None]

    def offered_bps(self, since_s: float) -> FloatArray:
        """(n_arcs,) sent and dropped, mean of the last few rounds since then; NaN where nothing was
        read.
        """
        rounds = self.within(since_s)[-_MEASURED_ROUNDS:]
        if not rounds:
            return np.full(self._n_arcs, np.nan)
        return mean_seen([r.sent_total_bps + r.dropped_bps.sum(axis=1) for r in rounds])

    def congested(self) -> BoolArray:
        """(n_arcs,) whether an egress dropped anything in the latest rounds, policers included."""
        recent = list(self)[-ROUNDS_TO_ALARM:]
        if not recent:
            return np.zeros(self._n_arcs, dtype=np.bool_)
        worst = np.nanmax([np.nan_to_num(r.drop_fraction) for r in recent], axis=0)
        return np.asarray(worst > DROP_THRESHOLD)


def mean_seen(rows: list[FloatArray]) -> FloatArray:
    """Mean of what was read of each entry; NaN where nothing was."""
    stacked = np.stack(rows)
    seen = np.isfinite(stacked)
    mean = np.where(seen, stacked, 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    return np.where(seen.any(axis=0), mean, np.nan)
