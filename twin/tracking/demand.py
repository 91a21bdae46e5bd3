"""Who sends how much now: flow records, smoothed over time, on top of yesterday's matrix."""

import math

import numpy as np

from twin.nouns.telemetry import FloatArray, FlowRound
from twin.nouns.traffic import DailyProfile, TrafficMatrix
from twin.physics.twin import profile_at

_MEMORY_S = 1800.0
"""Half an hour: six flow rounds, so that sampling noise shrinks to 40 % and a day's drift is
followed.
"""


def busiest_ahead(profile: DailyProfile, from_s: float, horizon_s: float) -> float:
    """The largest `profile_at` within `horizon_s` seconds from `from_s`."""
    steps = max(1, math.ceil(horizon_s / 900))
    times = np.linspace(from_s, from_s + horizon_s, steps + 1)
    return max(profile_at(profile, float(t)) for t in times)


class DemandTracker:
    """Exponentially weighted mean of flow records relative to the daily profile.

    `peak_bps`: (3, n, n) the estimate, scaled to the hour where the profile is 1. `spread`: (n,)
    the standard deviation of the log ratio of all traffic towards each node to what was expected.
    """

    def __init__(self, prior: TrafficMatrix, profile: DailyProfile) -> None:
        self.nodes = prior.nodes
        self.profile = profile
        self.peak_bps: FloatArray = prior.rates_bps.copy()
        self.spread: FloatArray = np.full(len(prior.nodes), 0.15)
        self.latest: FlowRound | None = None

    def inbound_ratio(self, flows: FlowRound) -> FloatArray:
        """(n,) what each node draws / what was expected, over the sources that reported."""
        level = profile_at(self.profile, (flows.from_s + flows.until_s) / 2)
        seen = ~np.isnan(flows.rates_bps)
        drawn = np.where(seen, flows.rates_bps, 0).sum(axis=(0, 1))
        expected = np.where(seen, self.peak_bps * level, 0).sum(axis=(0, 1))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(expected > 0, drawn / expected, np.nan)

    def update(self, flows: FlowRound, *, learn: bool) -> None:
        """Take a flow round; `learn` is off while something is wrong, so that a fault is not
        normal.
        """
        self.latest = flows
        if not learn:
            return
        ratio = self.inbound_ratio(flows)
        weight = 1 - math.exp(-(flows.until_s - flows.from_s) / _MEMORY_S)
        with np.errstate(divide="ignore", invalid="ignore"):
            deviation = np.log(np.maximum(ratio, 1e-6)) ** 2
        usable = np.isfinite(deviation)
        variance = self.spread**2
        variance[usable] += 0.2 * weight * (deviation[usable] - variance[usable])
        self.spread = np.sqrt(np.maximum(variance, 0.02**2))
        level = profile_at(self.profile, (flows.from_s + flows.until_s) / 2)
        seen = ~np.isnan(flows.rates_bps)
        self.peak_bps[seen] += weight * (flows.rates_bps[seen] / level - self.peak_bps[seen])

    def matrix_at(self, time_s: float, level: float | None = None) -> TrafficMatrix:
        """The demand expected at `time_s`, or at profile `level` where that is given."""
        factor = profile_at(self.profile, time_s) if level is None else level
        return TrafficMatrix(self.nodes, self.peak_bps * factor)
