"""What customers want to send, tick by tick: a function of time and seed, not of history."""

from dataclasses import dataclass

import numpy as np

from tools.network.emulated.case_truth import DemandEpisode, TimedFlood, TimedSpike
from tools.network.emulated.mismatch import Mismatch
from tools.network.emulated.randomness import stream
from tools.network.emulated.wiring import FloatArray, IntArray
from twin.nouns.traffic import TRAFFIC_CLASSES, DailyProfile, TrafficClass

_BEST_EFFORT = TRAFFIC_CLASSES.index(TrafficClass.BEST_EFFORT)

WALK_S = 900.0
"""Lattice of the slow drift of each pair."""

SPIKE_RAMP_S = 120.0
"""A flash crowd builds up, and goes, within two minutes (assumed)."""

FLOOD_RAMP_S = 10.0
"""A flood is there within seconds (assumed)."""


@dataclass(eq=False)
class Demand:
    """Demand of every pair and class over time.

    `peak`: bit/s (3, n_pairs) at the hour where `profile` is 1, hidden factors included. `source`,
    `target`: node index of each pair.
    """

    seed: int
    level: Mismatch
    profile: DailyProfile
    peak: FloatArray
    source: IntArray
    target: IntArray
    starts_s: float
    tick_s: float
    spikes: tuple[TimedSpike, ...]
    episodes: tuple[DemandEpisode, ...]
    node_index: dict[str, int]
    floods: tuple[TimedFlood, ...] = ()

    def at_tick(self, tick: int) -> FloatArray:
        """bit/s (3, n_pairs), the mean over tick number `tick` (0 begins at `starts_s`)."""
        customers_bps = self.of_customers(tick)
        return customers_bps + self.flooding_bps(tick) if self.floods else customers_bps

    def of_customers(self, tick: int) -> FloatArray:
        """The same without floods."""
        middle_s = self.starts_s + (tick + 0.5) * self.tick_s
        factor = self._drift(middle_s)
        noise = self.level.tick_sigma
        rates = self.peak * factor * self.relative(middle_s)
        if noise:
            rates = rates * np.exp(
                noise * stream(self.seed, "tick", tick).standard_normal(rates.shape)
                - 0.5 * noise * noise
            )
        return self._surges(rates, middle_s - self.starts_s)

    @property
    def crowds(self) -> tuple[TimedSpike | DemandEpisode, ...]:
        """Who sends more than usual without meaning harm."""
        return (*self.spikes, *self.episodes)

    def flooding_bps(self, tick: int) -> FloatArray:
        """bit/s (3, n_pairs) that floods send during `tick`."""
        rates = np.zeros(self.peak.shape)
        middle_s = (tick + 0.5) * self.tick_s
        for flood in self.floods:
            rate_bps = 8.0 * flood.flow_bytes * flood.flows_per_s * self.rise_of(flood, middle_s)
            rates[_BEST_EFFORT] += rate_bps * self.flood_share(flood)
        return rates

    def flood_share(self, flood: TimedFlood) -> FloatArray:
        """(n_pairs,) of a flood, by where it enters: where many customers are, many bots are."""
        share = self.peak.sum(axis=0) * (self.target == self.node_index[flood.target])
        return np.asarray(share / max(float(share.sum()), 1.0))

    def rise_of(self, event: TimedFlood | TimedSpike | DemandEpisode, since_s: float) -> float:
        """How much of `event` there is `since_s` after the start, 0 to 1."""
        match event:
            case TimedFlood():
                ramp_s = FLOOD_RAMP_S
            case TimedSpike():
                ramp_s = SPIKE_RAMP_S
            case DemandEpisode():
                ramp_s = event.ramp_s
        return _ramp(since_s, event.at_s, event.until_s, ramp_s)

    def extra_of(self, crowd: TimedSpike | DemandEpisode, since_s: float) -> FloatArray:
        """(n_pairs,) of what customers send, the share that is there because of `crowd`."""
        factor = 1.0 + (crowd.factor - 1.0) * self.rise_of(crowd, since_s)
        extra = max(0.0, 1.0 - 1.0 / factor)
        if crowd.target is None:
            return np.full(len(self.target), extra)
        return np.where(self.target == self.node_index[crowd.target], extra, 0.0)

    def relative(self, time_s: float) -> float:
        """Demand relative to peak at that time of day."""
        hours = time_s / 3600.0 % 24.0
        hour = int(hours)
        part = hours - hour
        eased = part * part * (3.0 - 2.0 * part)
        part += self.level.profile_ease * (eased - part)
        now, then = self.profile.hourly[hour], self.profile.hourly[(hour + 1) % 24]
        return now + part * (then - now)

    def _drift(self, time_s: float) -> FloatArray:
        sigma = self.level.walk_sigma
        n = self.peak.shape[1]
        if not sigma:
            return np.ones(n)
        step, part = divmod(time_s / WALK_S, 1.0)
        left = stream(self.seed, "walk", int(step)).standard_normal(n)
        right = stream(self.seed, "walk", int(step) + 1).standard_normal(n)
        # Divided so that the drift is as wide between lattice points as on them.
        mixed = ((1.0 - part) * left + part * right) / np.hypot(1.0 - part, part)
        drift: FloatArray = np.exp(sigma * mixed - 0.5 * sigma * sigma)
        return drift

    def _surges(self, rates: FloatArray, since_s: float) -> FloatArray:
        for crowd in self.crowds:
            factor = 1.0 + (crowd.factor - 1.0) * self.rise_of(crowd, since_s)
            rates = self._raise(rates, crowd.target, factor)
        return rates

    def _raise(self, rates: FloatArray, target: str | None, factor: float) -> FloatArray:
        if factor == 1.0:
            return rates
        if target is None:
            return rates * factor
        return rates * np.where(self.target == self.node_index[target], factor, 1.0)


def _ramp(now_s: float, at_s: float, until_s: float | None, ramp_s: float) -> float:
    """0 before and after, 1 in between, linear over `ramp_s` after the start and before the end."""
    up = (now_s - at_s) / max(ramp_s, 1e-9)
    down = np.inf if until_s is None else (until_s - now_s) / max(ramp_s, 1e-9)
    return float(np.clip(min(up, down), 0.0, 1.0))
