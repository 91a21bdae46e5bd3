"""What is sent over a link and does not arrive, as far as the counters of both its ends show it."""

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

from twin.nouns.telemetry import LEAST_LOSS, FloatArray
from twin.nouns.topology import Topology
from twin.tracking.kept import kept_array
from twin.tracking.rates import RateRound

IDLE_UTILISATION = 0.005
"""An egress that sends less than this share of its capacity says nothing about loss."""

MEMORY_ROUNDS = 60
"""Rounds over which is learned what is normal."""

_ROUNDS = 5
"""Rounds that the loss of an egress is the median of."""

_STEADY_ROUNDS = 4
"""Loss has to be seen in every one of this many rounds. Both ends are read seconds apart, so a step
of the load looks like loss at one of them; convergence makes such steps for up to three rounds.
"""

_LEAST_SPREAD = 0.0005

_READ_BACK = 2.0
"""Loss is of readings up to so many rounds before (see RateRound)."""


class Losses:
    """The share of what each egress sent that did not arrive, (n_arcs,) each.

    `mean`: median of the last rounds. `steady`: what was lost in every one of the last rounds.
    `spread`: standard deviation in one round when nothing is wrong. `newest`: of the newest round,
    NaN where the egress was idle or was not read.
    """

    def __init__(self, topology: Topology, kept: Mapping[str, Any]) -> None:
        """`kept`: what `dump` wrote, empty where nothing is known."""
        n_arcs = topology.n_arcs
        self._idle_bps = IDLE_UTILISATION * np.repeat([x.capacity_bps for x in topology.links], 2)
        self._recent: deque[FloatArray] = deque(maxlen=_ROUNDS)
        self._settled: deque[FloatArray] = deque(maxlen=_ROUNDS)
        self.newest: FloatArray = np.full(n_arcs, np.nan)
        self.mean = kept_array(kept, "loss_mean", np.zeros(n_arcs), LEAST_LOSS, 1.0)
        self.steady = kept_array(kept, "loss_steady", np.zeros(n_arcs), LEAST_LOSS, 1.0)
        self.spread = kept_array(kept, "loss_spread", np.full(n_arcs, 0.003), 0.0, 1.0)

    def update(
        self, rates: RateRound, *, learn: bool, rounds_learned: int, settled_s: float
    ) -> None:
        """Take one round; `learn` from it what is normal, after so many `rounds_learned`.

        Nothing is learned from what was sent before `settled_s`: while routing changes, both ends
        are read of different loads, and that would hide a loss that begins then.
        """
        sent = rates.sent_total_bps
        with np.errstate(invalid="ignore"):
            self.newest = np.where(sent > self._idle_bps, rates.loss, np.nan)
            # An idle egress loses nothing; of one that was not read, what is known stays.
            idle = sent <= self._idle_bps
        self._recent.append(self.newest)
        sent_from_s = rates.from_s - _READ_BACK * (rates.until_s - rates.from_s)
        self._settled.append(np.where(sent_from_s >= settled_s, self.newest, np.nan))
        recent = np.stack(self._recent)
        enough = np.isfinite(recent).sum(axis=0) >= 3
        self.mean = np.where(enough, _nanmedian(recent), np.where(idle, 0.0, self.mean))
        last = recent[-_STEADY_ROUNDS:]
        self.steady = np.where(
            np.isfinite(last).sum(axis=0) >= _STEADY_ROUNDS - 1,
            np.min(np.where(np.isnan(last), np.inf, last), axis=0),
            np.where(idle, 0.0, self.steady),
        )
        if learn and len(recent) == _ROUNDS:
            self._learn(self._settled[0], max(1 / (rounds_learned + 1), 1 / MEMORY_ROUNDS))

    def _learn(self, oldest: FloatArray, weight: float) -> None:
        """From the oldest round: loss that began since is either found by now or it is noise.

        Learned at once, the first rounds of a loss would widen its own threshold.
        """
        known, variance = np.isfinite(oldest), self.spread**2
        variance[known] += weight * (oldest[known] ** 2 - variance[known])
        self.spread = np.sqrt(np.maximum(variance, _LEAST_SPREAD**2))

    def dump(self) -> dict[str, list[float]]:
        """JSON-able; the constructor takes it back."""
        return {
            "loss_mean": self.mean.tolist(),
            "loss_steady": self.steady.tolist(),
            "loss_spread": self.spread.tolist(),
        }


def _nanmedian(rows: FloatArray) -> FloatArray:
    """Median over axis 0 of what is there; columns without anything give infinity."""
    ordered = np.sort(np.where(np.isfinite(rows), rows, np.inf), axis=0)
    count = np.isfinite(rows).sum(axis=0)
    columns = np.arange(rows.shape[1])
    lower = ordered[np.maximum(count - 1, 0) // 2, columns]
    upper = ordered[np.minimum(count // 2, len(rows) - 1), columns]
    return np.asarray(0.5 * (lower + upper))
