"""Who sends how much now: flow records, smoothed over time, on top of yesterday's matrix; link
counters where no records come.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.nouns.state import NetworkState
from twin.nouns.telemetry import MOST_RATE_BPS, FloatArray, FlowRound
from twin.nouns.traffic import DailyProfile, TrafficMatrix
from twin.physics.compiled import arc_weights, compile_topology
from twin.physics.routing import route
from twin.physics.twin import profile_at
from twin.tracking.estimation import NodeTotals, Trust, estimate, gravity
from twin.tracking.kept import kept_array
from twin.tracking.path_shares import path_shares

_MEMORY_S = 1800.0
"""Half an hour: six flow rounds, so that sampling noise shrinks to 40 % and a day's drift is
followed.
"""

SILENT_S = 900.0
"""A source that no flow record came of for this long is not measured: three rounds of five minutes.
"""

_MOST_SPREAD = 20.0
"""A deviation of a log ratio beyond it is none of two demands."""

_TRUST = Trust(loads=0.05, totals=0.2, together=0.5)
"""Counters against the twin's even split, which real hashing of flows misses by some per cent; and
node totals on record, which are another day's, with more or less traffic altogether. Assumed."""


def busiest_ahead(profile: DailyProfile, from_s: float, horizon_s: float) -> float:
    """The largest `profile_at` within `horizon_s` seconds from `from_s`."""
    steps = max(1, math.ceil(horizon_s / 900))
    times = np.linspace(from_s, from_s + horizon_s, steps + 1)
    return max(profile_at(profile, float(t)) for t in times)


class DemandTracker:
    """Exponentially weighted mean of flow records relative to the daily profile.

    `peak_bps`: (3, n, n) what is believed, scaled to the hour where the profile is 1. `spread`:
    (n,) the standard deviation of the log ratio of all traffic towards each node to what was
    expected. `estimated`: (n,) sources whose rows come from link counters, since no flow record of
    them did.
    """

    def __init__(
        self, prior: TrafficMatrix, profile: DailyProfile, kept: Mapping[str, Any] | None = None
    ) -> None:
        """`kept`: what `dump` wrote; without its third part, nothing but flow records was known."""
        kept = kept or {}
        more = kept.get("demand") or {}
        n = len(prior.nodes)
        heard_s = [-math.inf if t is None else t for t in more.get("measured_s", [None] * n)]
        self.nodes = prior.nodes
        self.profile = profile
        self.peak_bps = kept_array(kept, "peak_bps", prior.rates_bps, 0.0, MOST_RATE_BPS)
        self.spread = kept_array(kept, "demand_spread", np.full(n, 0.15), 0.0, _MOST_SPREAD)
        self.estimated: NDArray[np.bool_] = np.array(more.get("estimated", np.zeros(n, np.bool_)))
        self.latest: FlowRound | None = None
        self._on_record = NodeTotals.of(prior.rates_bps)
        self._from_flows = kept_array(more, "from_flows", self.peak_bps, 0.0, MOST_RATE_BPS)
        self._measured_s: FloatArray = np.array(heard_s)
        self._listening_since_s = math.inf

    def listen(self, now_s: float) -> None:
        """Telemetry comes at `now_s`; silence counts from the first time on."""
        self._listening_since_s = min(self._listening_since_s, now_s)

    def silent(self, now_s: float) -> NDArray[np.bool_]:
        """(n,) sources of which no flow record has come for longer than SILENT_S."""
        heard_s = np.maximum(self._measured_s, self._listening_since_s)
        return np.asarray(now_s - heard_s > SILENT_S)

    def inbound_ratio(self, flows: FlowRound) -> FloatArray:
        """(n,) what each node draws / what was expected, over the sources that reported."""
        level = profile_at(self.profile, (flows.from_s + flows.until_s) / 2)
        seen = ~np.isnan(flows.rates_bps)
        drawn = np.where(seen, flows.rates_bps, 0).sum(axis=(0, 1))
        expected = np.where(seen, self.peak_bps * level, 0).sum(axis=(0, 1))
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(expected > 0, drawn / expected, np.nan)

    def claimed_surges(self, flows: FlowRound, least: float) -> dict[str, str]:
        """Nodes that draw `least` times what is expected by what a single source says, and not
        without it; each with that source.
        """
        level = profile_at(self.profile, (flows.from_s + flows.until_s) / 2)
        seen = ~np.isnan(flows.rates_bps)
        drawn = np.where(seen, flows.rates_bps, 0).sum(axis=0)
        expected = np.where(seen, self.peak_bps * level, 0).sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = drawn.sum(axis=0) / expected.sum(axis=0)
            without = (drawn.sum(axis=0) - drawn) / (expected.sum(axis=0) - expected)
        # Where nobody else is expected to send anything, nobody else can say anything.
        without = np.where(np.isfinite(without), without, np.inf)
        lowest = without.argmin(axis=0)
        return {
            node: self.nodes[lowest[i]]
            for i, node in enumerate(self.nodes)
            if ratio[i] > least and without[lowest[i], i] <= least
        }

    @property
    def drawn_bps(self) -> FloatArray:
        """(n,) what each node draws at the peak."""
        return np.asarray(self.peak_bps.sum(axis=(0, 1)))

    def latest_ratio(self, node: str) -> float | None:
        """What `node` draws by the latest flow record / what was expected; None without one."""
        if self.latest is None:
            return None
        return float(self.inbound_ratio(self.latest)[self.nodes.index(node)])

    def expected_of(self, flows: FlowRound) -> FloatArray:
        """(3, n, n) bit/s that was expected of the time of `flows`."""
        return self.peak_bps * profile_at(self.profile, (flows.from_s + flows.until_s) / 2)

    def is_late(self, flows: FlowRound) -> bool:
        """Whether flow records of that time or a later one were taken before."""
        return self.latest is not None and flows.until_s <= self.latest.until_s

    def update(self, flows: FlowRound, *, learn: bool) -> None:
        """Take a flow round; `learn` is off while something is wrong, so that a fault is not
        normal.
        """
        self.latest = flows
        reported = ~np.isnan(flows.rates_bps).any(axis=(0, 2))
        self._measured_s[reported] = flows.until_s
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
        learned = self._from_flows
        learned[seen] += weight * (flows.rates_bps[seen] / level - learned[seen])
        self.estimated = self.estimated & ~reported
        self.peak_bps[:, ~self.estimated] = learned[:, ~self.estimated]

    def estimate_silent(
        self, state: NetworkState, offered_bps: FloatArray, at_s: float, now_s: float
    ) -> None:
        """Take the rows of silent sources from counters: `offered_bps` (n_arcs, 3) of about `at_s`.

        NaN is a counter that was not read. A source whose flows were measured once starts from
        that, another one from gravity over the node totals on record: of the pairs on record
        nothing is used. Where the estimation finds no end, what was believed before stays.
        """
        silent, level = self.silent(now_s), profile_at(self.profile, at_s)
        if not silent.any():
            return
        compiled = compile_topology(state.topology)
        weights = arc_weights(state.topology, state.running, state.down_links)
        prior = self._from_flows * level
        never = np.isneginf(self._measured_s)
        prior[:, never] = level * gravity(self._on_record)[:, never]
        found = estimate(
            path_shares(compiled, route(compiled, weights)),
            offered_bps,
            NodeTotals.of(prior),
            prior_bps=prior,
            held=~silent,
            trust=_TRUST,
        )
        if not found.converged:
            return
        self.estimated = self.estimated | silent
        self.peak_bps[:, silent] = found.rates_bps[:, silent] / level

    def matrix_at(self, time_s: float, level: float | None = None) -> TrafficMatrix:
        """The demand expected at `time_s`, or at profile `level` where that is given."""
        factor = profile_at(self.profile, time_s) if level is None else level
        return TrafficMatrix(self.nodes, self.peak_bps * factor)

    def dump(self) -> dict[str, Any]:
        """JSON-able; the constructor takes it back."""
        return {
            "peak_bps": self.peak_bps.tolist(),
            "demand_spread": self.spread.tolist(),
            "demand": {
                "estimated": self.estimated.tolist(),
                "from_flows": self._from_flows.tolist() if self.estimated.any() else None,
                "measured_s": [t if math.isfinite(t) else None for t in self._measured_s.tolist()],
            },
        }
