"""What is sent over a link and does not arrive, as far as the counters of both its ends show it."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from twin.nouns.telemetry import LEAST_LOSS, FloatArray
from twin.nouns.topology import Topology
from twin.tracking.kept import kept_array
from twin.tracking.rates import RateRound
from twin.tracking.readings import LONGEST_WINDOW_S

IDLE_UTILISATION = 0.005
"""An egress that sends less than this share of its capacity says nothing about loss."""

MEMORY_ROUNDS = 60
"""Rounds over which is learned what is normal."""

_ROUNDS = 5
"""Measurements that the loss of an egress is the median of."""

_STEADY_ROUNDS = 4
"""Loss has to be seen in every one of this many rounds. Both ends are read seconds apart, so a step
of the load looks like loss at one of them; convergence makes such steps for up to three rounds.
"""

_LEAST_SPREAD = 0.0005
_OUTLIER = 5.0
"""What is further off than so many standard deviations counts as that far."""

_STEADY_S = 110.0
"""Three windows that take so long together are as good as four of half a minute."""


class Losses:
    """The share of what each egress sent that did not arrive, (n_arcs,) each.

    `mean`: median of the last rounds. `steady`: what was lost in every one of the last rounds.
    `spread`: standard deviation in one round when nothing is wrong. `newest`: of the newest round,
    NaN where the egress was idle or was not read. `known_s`: until when it is known what was lost.
    """

    def __init__(self, topology: Topology, kept: Mapping[str, Any]) -> None:
        """`kept`: what `dump` wrote, empty where nothing is known."""
        n_arcs = topology.n_arcs
        self._idle_bps = IDLE_UTILISATION * np.repeat([x.capacity_bps for x in topology.links], 2)
        self._recent = np.full((_ROUNDS, n_arcs), np.nan)
        self._settled = np.full((_ROUNDS, n_arcs), np.nan)
        self._from_s = np.full((_ROUNDS, n_arcs), np.nan)
        self._count = np.zeros(n_arcs, np.int64)
        self.newest: FloatArray = np.full(n_arcs, np.nan)
        self._measured_s: FloatArray = np.full(n_arcs, np.nan)
        self._is_idle = np.zeros(n_arcs, np.bool_)
        self.mean = kept_array(kept, "loss_mean", np.zeros(n_arcs), LEAST_LOSS, 1.0)
        self.steady = kept_array(kept, "loss_steady", np.zeros(n_arcs), LEAST_LOSS, 1.0)
        self.spread = kept_array(kept, "loss_spread", np.full(n_arcs, 0.003), 0.0, 1.0)
        self.known_s = kept_array(kept, "loss_known_s", np.zeros(n_arcs), 0.0, math.inf)

    def update(
        self, rates: RateRound, *, learn: bool, rounds_learned: int, settled_s: float
    ) -> None:
        """Take one round; `learn` from it what is normal, after so many `rounds_learned`.

        Nothing is learned from what was sent before `settled_s`: while routing changes, both ends
        are read of different loads, and that would hide a loss that begins then.
        """
        sent = rates.sent_total_bps
        with np.errstate(invalid="ignore"):
            # An idle egress loses nothing; of one that was not read, what is known stays.
            idle = sent <= self._idle_bps
            self._is_idle = np.where(np.isnan(sent), self._is_idle, idle) & ~rates.misread
            self.newest = np.where(self._is_idle, np.nan, rates.loss)
            measured = np.isfinite(self.newest)
            long_ago = rates.loss_from_s - self._measured_s > LONGEST_WINDOW_S
        self._measured_s = np.where(measured, rates.loss_until_s, self._measured_s)
        self._recent[:, measured & long_ago] = np.nan
        settled = np.where(rates.loss_from_s >= settled_s, self.newest, np.nan)
        known = measured | idle
        until_s = np.where(measured, rates.loss_until_s, rates.until_s)
        self.known_s = np.where(known, np.fmax(until_s, self.known_s), self.known_s)
        self._count = np.minimum(self._count + known, _ROUNDS)
        for kept, value in (
            (self._recent, self.newest),
            (self._settled, settled),
            (self._from_s, rates.loss_from_s),
        ):
            kept[:-1, known] = kept[1:, known]
            kept[-1, known] = value[known]
        recent = self._recent
        seen = np.isfinite(recent)
        enough = known & (seen.sum(axis=0) >= 3)
        self.mean = np.where(enough, _nanmedian(recent), np.where(idle, 0.0, self.mean))
        self.steady = np.where(
            known & (seen[-_STEADY_ROUNDS:].sum(axis=0) >= _STEADY_ROUNDS - 1),
            self._least(rates.loss_until_s),
            np.where(idle, 0.0, self.steady),
        )
        if learn:
            oldest = np.where(known & (self._count == _ROUNDS), self._settled[0], np.nan)
            self._learn(oldest, max(1 / (rounds_learned + 1), 1 / MEMORY_ROUNDS))

    def _least(self, until_s: FloatArray) -> FloatArray:
        """(n_arcs,) of the last rounds: of fewer, where they are as long as those would be."""
        last = self._recent[-_STEADY_ROUNDS:]
        with np.errstate(invalid="ignore"):
            is_long = until_s - self._from_s[1 - _STEADY_ROUNDS] >= _STEADY_S
        last = np.where(np.isnan(last), np.inf, last)
        return np.asarray(np.where(is_long, last[1:].min(axis=0), last.min(axis=0)))

    def _learn(self, oldest: FloatArray, weight: float) -> None:
        """From the oldest round: loss that began since is either found by now or it is noise.

        Learned at once, the first rounds of a loss would widen its own threshold.
        """
        known, variance = np.isfinite(oldest), self.spread**2
        # One reading that is far off must not hide what comes after it.
        most = _OUTLIER**2 * np.maximum(variance, _LEAST_SPREAD**2)
        seen = np.minimum(oldest**2, most)
        variance[known] += weight * (seen[known] - variance[known])
        self.spread = np.sqrt(np.maximum(variance, _LEAST_SPREAD**2))

    def dump(self) -> dict[str, list[float]]:
        """JSON-able; the constructor takes it back."""
        return {
            "loss_mean": self.mean.tolist(),
            "loss_steady": self.steady.tolist(),
            "loss_spread": self.spread.tolist(),
            "loss_known_s": self.known_s.tolist(),
        }


def _nanmedian(rows: FloatArray) -> FloatArray:
    """Median over axis 0 of what is there; columns without anything give infinity."""
    ordered = np.sort(np.where(np.isfinite(rows), rows, np.inf), axis=0)
    count = np.isfinite(rows).sum(axis=0)
    columns = np.arange(rows.shape[1])
    lower = ordered[np.maximum(count - 1, 0) // 2, columns]
    upper = ordered[np.minimum(count // 2, len(rows) - 1), columns]
    return np.asarray(0.5 * (lower + upper))
