"""From cumulative counters to rates, with gaps and resets told apart from zero."""

from collections import deque
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from twin.nouns.telemetry import CounterRound, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class RateRound:
    """Mean rates between two readings of each interface, bit/s; NaN where a reading is missing.

    `from_s`, `until_s`: (n_arcs,) the window of each egress. `sent_bps`, `dropped_bps`: (n_arcs, 3)
    per class. `loss`: (n_arcs,) share of what was sent that the far end did not receive, one round
    earlier: only then is what was sent known on both sides of the far end's reading times.
    """

    from_s: FloatArray
    until_s: FloatArray
    sent_bps: FloatArray
    dropped_bps: FloatArray
    loss: FloatArray

    @property
    def sent_total_bps(self) -> FloatArray:
        """(n_arcs,) all classes."""
        return np.asarray(self.sent_bps.sum(axis=1))

    @property
    def drop_fraction(self) -> FloatArray:
        """(n_arcs,) dropped / (sent + dropped), 0 where nothing was offered."""
        dropped = self.dropped_bps.sum(axis=1)
        offered = dropped + self.sent_total_bps
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(offered > 0, dropped / offered, np.where(np.isnan(offered), np.nan, 0))


class RateMeter:
    """Turns each `CounterRound` into a `RateRound` against the round before."""

    def __init__(self) -> None:
        self._rounds: deque[CounterRound] = deque(maxlen=4)

    def update(self, round_: CounterRound) -> RateRound | None:
        """The rates since the last round, or None for the first one.

        A counter that went backwards was reset, and gives NaN for that window.
        """
        self._rounds.append(round_)
        if len(self._rounds) < 2:
            return None
        last = self._rounds[-2]
        sent_s = round_.sent_at_s - last.sent_at_s
        return RateRound(
            from_s=last.sent_at_s,
            until_s=round_.sent_at_s,
            sent_bps=_rate(last.sent_bytes, round_.sent_bytes, sent_s[:, None]),
            dropped_bps=_rate(last.dropped_bytes, round_.dropped_bytes, sent_s[:, None]),
            loss=self._loss(),
        )

    def _loss(self) -> FloatArray:
        """Bytes received between two readings against bytes sent between the same two moments.

        Both ends are read seconds apart. Comparing the rates of two windows that do not coincide
        would take every rise of the load for loss, so what was sent is interpolated to the moments
        at which the far end was read.
        """
        if len(self._rounds) < 4:
            return np.full(len(self._rounds[-1].sent_at_s), np.nan)
        before, after = self._rounds[1], self._rounds[2]
        received = after.received_bytes - before.received_bytes
        sent = self._sent_until(after.received_at_s) - self._sent_until(before.received_at_s)
        steady = np.all(
            np.diff([r.sent_bytes.sum(axis=1) for r in self._rounds], axis=0) >= 0, axis=0
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where((received >= 0) & (sent > 0) & steady, 1 - received / sent, np.nan)

    def _sent_until(self, moments: FloatArray) -> FloatArray:
        """Cumulative bytes sent at `moments` (n_arcs,), linear between readings."""
        found = np.full(len(moments), np.nan)
        rounds = list(self._rounds)
        for one, two in pairwise(rounds):
            start, end = one.sent_bytes.sum(axis=1), two.sent_bytes.sum(axis=1)
            with np.errstate(invalid="ignore", divide="ignore"):
                share = (moments - one.sent_at_s) / (two.sent_at_s - one.sent_at_s)
                inside = (share >= 0) & (share <= 1)
            found = np.where(inside, start + share * (end - start), found)
        return found


def _rate(before: FloatArray, after: FloatArray, seconds: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        change = after - before
        return np.where((change >= 0) & (seconds > 0), 8 * change / seconds, np.nan)
