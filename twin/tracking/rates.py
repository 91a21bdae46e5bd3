"""From cumulative counters to rates, with gaps and resets told apart from zero."""

from dataclasses import dataclass

import numpy as np

from twin.nouns.telemetry import CounterRound, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class RateRound:
    """Mean rates between two readings of each interface, bit/s; NaN where a reading is missing.

    `from_s`, `until_s`: (n_arcs,) the window of each egress. `sent_bps`, `dropped_bps`: (n_arcs, 3) per
    class. `received_bps`: (n_arcs,) at the far ingress, over nearly the same window.
    """

    from_s: FloatArray
    until_s: FloatArray
    sent_bps: FloatArray
    dropped_bps: FloatArray
    received_bps: FloatArray

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
    """Turns each `CounterRound` into a `RateRound` against the last good reading of each interface."""

    def __init__(self) -> None:
        self._last: CounterRound | None = None

    def update(self, round_: CounterRound) -> RateRound | None:
        """The rates since the last round, or None for the first one.

        A counter that went backwards was reset, and gives NaN for that window.
        """
        last, self._last = self._last, round_
        if last is None:
            return None
        sent_s = round_.sent_at_s - last.sent_at_s
        received_s = round_.received_at_s - last.received_at_s
        return RateRound(
            from_s=last.sent_at_s,
            until_s=round_.sent_at_s,
            sent_bps=_rate(last.sent_bytes, round_.sent_bytes, sent_s[:, None]),
            dropped_bps=_rate(last.dropped_bytes, round_.dropped_bytes, sent_s[:, None]),
            received_bps=_rate(last.received_bytes, round_.received_bytes, received_s),
        )


def _rate(before: FloatArray, after: FloatArray, seconds: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        change = after - before
        return np.where((change >= 0) & (seconds > 0), 8 * change / seconds, np.nan)
