"""The last readings of a cumulative counter of every arc, whoever read it when."""

import numpy as np
from numpy.typing import NDArray

from twin.nouns.telemetry import FloatArray

IntArray = NDArray[np.int64]

_KEPT = 32
"""Readings of each arc: a quarter of an hour of a device that is read twice a minute."""

LONGEST_WINDOW_S = 900.0
"""Between readings further apart nothing is said of the time between them: devices are read every
five minutes at the slowest, and one that answers every other time is still measured (assumed)."""


class Readings:
    """What was read of each arc, (n_arcs, width) cumulative numbers at a time; a ring for each.

    What was not read is not among them, so that the newest two make a window whatever was missed.
    """

    def __init__(self, n_arcs: int, width: int) -> None:
        self._arcs = np.arange(n_arcs)
        self._head = np.zeros(n_arcs, dtype=np.int64)
        self._at_s = np.full((_KEPT, n_arcs), np.nan)
        self._values = np.full((_KEPT, n_arcs, width), np.nan)
        self._total = np.full((_KEPT, n_arcs), np.nan)

    def push(self, at_s: FloatArray, values: FloatArray) -> NDArray[np.bool_]:
        """Add what was read: at_s (n_arcs,), values (n_arcs, width); NaN was not.

        Returns where something was added, (n_arcs,).
        """
        total = values.sum(axis=1)
        arcs = np.flatnonzero(np.isfinite(total) & np.isfinite(at_s))
        self._head[arcs] = head = (self._head[arcs] + 1) % _KEPT
        self._at_s[head, arcs] = at_s[arcs]
        self._values[head, arcs] = values[arcs]
        self._total[head, arcs] = total[arcs]
        added = np.zeros(len(self._arcs), dtype=np.bool_)
        added[arcs] = True
        return added

    def forget(self, arcs: NDArray[np.bool_]) -> None:
        """Begin anew where `arcs` (n_arcs,) says so."""
        if arcs.any():
            self._at_s[:, arcs] = np.nan

    def at_s(self, back: int = 0) -> FloatArray:
        """(n_arcs,) when the newest was read, or that so many before; NaN where none was."""
        return np.asarray(self._at_s[(self._head - back) % _KEPT, self._arcs])

    def values(self, back: int = 0) -> FloatArray:
        """(n_arcs, width) the newest, or that so many before; NaN where none was."""
        row = (self._head - back) % _KEPT
        found = self._values[row, self._arcs]
        return np.where(np.isnan(self._at_s[row, self._arcs])[:, None], np.nan, found)

    def rate_bps(self) -> FloatArray:
        """(n_arcs, width) of the newest window, NaN where there is none of a usable length."""
        seconds = self.at_s() - self.at_s(1)
        with np.errstate(invalid="ignore", divide="ignore"):
            change = self.values() - self.values(1)
            usable = (seconds > 0) & (seconds <= LONGEST_WINDOW_S)
            rate = 8 * change / seconds[:, None]
        return np.where(usable[:, None] & (change >= 0), rate, np.nan)

    def last_by(self, until_s: FloatArray) -> FloatArray:
        """(n_arcs,) when the last was read by `until_s` (n_arcs,); NaN where none was."""
        with np.errstate(invalid="ignore"):
            before = np.where(self._at_s <= until_s, self._at_s, -np.inf)
        found = before.max(axis=0)
        return np.where(np.isfinite(found), found, np.nan)

    def last_before(self, until_s: FloatArray) -> FloatArray:
        """(n_arcs,) as `last_by`, without one that was read then."""
        return self.last_by(np.nextafter(until_s, -np.inf))

    def total_at(self, moments: FloatArray) -> FloatArray:
        """(n_arcs,) what was counted until then, all of its numbers together, linear between
        readings; NaN where `moments` (n_arcs,) does not lie between two.
        """
        with np.errstate(invalid="ignore", divide="ignore"):
            before = np.where(self._at_s <= moments, self._at_s, -np.inf)
            after = np.where(self._at_s >= moments, self._at_s, np.inf)
            low, high = before.argmax(axis=0), after.argmin(axis=0)
            from_s, until_s = before[low, self._arcs], after[high, self._arcs]
            length_s = until_s - from_s
            start, end = self._total[low, self._arcs], self._total[high, self._arcs]
            share = np.where(length_s > 0, (moments - from_s) / length_s, 0.0)
            return np.where(length_s <= LONGEST_WINDOW_S, start + share * (end - start), np.nan)
