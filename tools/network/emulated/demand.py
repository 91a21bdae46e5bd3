"""What customers want to send, tick by tick: a function of time and seed, not of history."""

from dataclasses import dataclass

import numpy as np

from tools.network.emulated.case_truth import DemandEpisode, TimedSpike
from tools.network.emulated.mismatch import Mismatch
from tools.network.emulated.randomness import stream
from tools.network.emulated.wiring import FloatArray, IntArray
from twin.nouns.traffic import DailyProfile

WALK_S = 900.0
"""Lattice of the slow drift of each pair."""

SPIKE_RAMP_S = 120.0
"""A flash crowd builds up, and goes, within two minutes (assumed)."""


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

    def at_tick(self, tick: int) -> FloatArray:
        """bit/s (3, n_pairs), the mean over tick number `tick` (0 begins at `starts_s`)."""
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
        for spike in self.spikes:
            rise = _ramp(since_s, spike.at_s, spike.until_s, SPIKE_RAMP_S)
            rates = self._raise(rates, spike.target, 1.0 + (spike.factor - 1.0) * rise)
        for episode in self.episodes:
            rise = _ramp(since_s, episode.at_s, episode.until_s, episode.ramp_s)
            rates = self._raise(rates, episode.target, 1.0 + (episode.factor - 1.0) * rise)
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
