"""Both ends of a link count the same traffic: where more arrives than was sent, one is misread.

A link may lose; it never gains. A counter in another unit, one of another interface, or one whose
times run too fast makes a gain in one direction, and what looks like a loss in the other.
"""

import math

import numpy as np

from twin.nouns.telemetry import LEAST_LOSS, FloatArray
from twin.nouns.telemetry_fault import TelemetryFaultKind
from twin.nouns.topology import Topology
from twin.tracking.masking import BoolArray
from twin.tracking.telemetry_faults import TelemetryFaults

_WINDOWS = 5
_FEWEST = 3
_LEAST_GAIN = 0.005
"""Of the logarithm: what both ends differ by anyway, seconds apart, over some windows."""

_LASTS_S = 300.0
"""One that gained is believed again after so long without."""

_MISSED = 3.0
"""Where no window has ended for so many times as long as the last one took, and for _LASTS_S, the
link carries nothing any more, and what it showed is no sign of what its ends count now."""

_SKEWED = 0.003
"""Of the logarithm: a device of all of whose links as much seems lost in one direction as is gained
in the other, twice in a row, counts the time itself wrongly. Nothing that drops packets does that.
"""

_NOISES = 3.0
_MEMORY = 0.1
_FIRST_NOISE, _MOST_NOISE = 0.003, 0.004
"""A gain that comes slowly must not become what is usual."""
_FAR_OFF = math.log(1.0 - LEAST_LOSS)
_OTHER_UNIT = math.log(1.5)
_ALIKE = 0.1

_KINDS = (TelemetryFaultKind.UNIT, TelemetryFaultKind.SWAPPED, TelemetryFaultKind.CONTRADICTED)


class FarEnds:
    """Follows, for each arc, what was received over what was sent."""

    def __init__(self, topology: Topology, faults: TelemetryFaults) -> None:
        """`faults`: where devices are noted that are misread."""
        n_arcs = topology.n_arcs
        self._faults = faults
        self._nodes = [node.id for node in topology.nodes]
        self._links = [link.id for link in topology.links]
        ends = [(topology.node_index[x.a], topology.node_index[x.b]) for x in topology.links]
        self._senders = np.array(ends, dtype=np.int64).reshape(-1)
        self._receivers = np.array(ends, dtype=np.int64)[:, ::-1].reshape(-1)
        self._degree = np.bincount(self._senders, minlength=len(self._nodes))
        self._gains = np.full((_WINDOWS, n_arcs), np.nan)
        self._noise = np.full(n_arcs, _FIRST_NOISE)
        self._gained_s = np.full(n_arcs, -np.inf)
        self._noted: set[str] = set()
        self._judged_s = np.full(n_arcs, np.nan)
        self._took_s = np.zeros(n_arcs)

    def judge(self, balance: FloatArray, now_s: float) -> tuple[BoolArray, BoolArray]:
        """Take what was received over what was sent, (n_arcs,), NaN where no window ended.

        Returns the arcs of whose loss nothing is known, since a device at one of their ends is
        misread, and those that are so far off that their rates are none either.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            gain = np.log(balance)
        new = np.flatnonzero(~np.isnan(gain))
        if len(new):
            self._gains[:-1, new] = self._gains[1:, new]
            self._gains[-1, new] = gain[new]
            self._took_s[new] = np.nan_to_num(now_s - self._judged_s[new])
            self._judged_s[new] = now_s
        lasts_s = np.maximum(_LASTS_S, _MISSED * self._took_s)
        self._gains[:, now_s - self._judged_s > lasts_s] = np.nan
        recent = self._gains
        with np.errstate(invalid="ignore"):
            far_off = (recent[-_FEWEST:] > _FAR_OFF).any(axis=0)
            high = recent > np.maximum(_LEAST_GAIN, _NOISES * self._noise)
            # The median of five is beyond a bound if three of them are.
            gains = high.sum(axis=0) >= _FEWEST
        self._gained_s[gains | self._skewed()] = now_s
        gains = now_s - self._gained_s < _LASTS_S
        far_off, odd = np.asarray(far_off), np.asarray(far_off | gains)
        calm = new[(~odd & ~odd[np.arange(len(odd)) ^ 1])[new]]
        size = np.minimum(np.abs(gain[calm]), _NOISES * np.maximum(self._noise[calm], _FIRST_NOISE))
        noise = self._noise[calm]
        self._noise[calm] = np.minimum(noise + _MEMORY * (size - noise), _MOST_NOISE)
        if not odd.any():
            if self._noted:
                self._note({}, now_s)
            return odd, odd
        return self._misread(odd, far_off, now_s)

    def _skewed(self) -> BoolArray:
        """(n_arcs,) the arcs of devices that see all others lose, or all gain, as much as they gain
        or lose themselves: their clocks run too slow or too fast.
        """
        with np.errstate(invalid="ignore"):
            least, most = self._gains[-2:].min(axis=0), self._gains[-2:].max(axis=0)
        ends = np.concatenate((self._receivers, self._senders))
        low, high = np.concatenate((least, -most)), np.concatenate((most, -least))
        lowest = np.full(len(self._nodes), np.inf)
        highest = np.full(len(self._nodes), -np.inf)
        np.fmin.at(lowest, ends, low)
        np.fmax.at(highest, ends, high)
        known = np.bincount(ends[np.isfinite(low)], minlength=len(self._nodes)) > 1
        skewed = known & ((lowest > _SKEWED) | (highest < -_SKEWED))
        return np.asarray(skewed[self._senders] | skewed[self._receivers])

    def _misread(
        self, odd: BoolArray, far_off: BoolArray, now_s: float
    ) -> tuple[BoolArray, BoolArray]:
        """Of the ends of a link that gains, the one most of whose links do; else both."""
        links = odd.reshape(-1, 2).any(axis=1)
        is_odd = np.repeat(links, 2)
        share = np.bincount(self._senders[is_odd], minlength=len(self._nodes)) / self._degree
        most = share > 0.5
        none_more = ~most[self._senders] & ~most[self._receivers] & is_odd
        suspect = most.copy()
        suspect[self._senders[none_more]] = True
        self._note(
            {
                int(i): [int(a) for a in np.flatnonzero(is_odd & (self._senders == i))]
                for i in np.flatnonzero(suspect)
            },
            now_s,
        )
        held = suspect[self._senders] | suspect[self._receivers]
        return held, np.repeat(far_off.reshape(-1, 2).any(axis=1), 2)

    def _note(self, suspects: dict[int, list[int]], now_s: float) -> None:
        found = {self._nodes[i]: arcs for i, arcs in suspects.items()}
        for node in self._noted - found.keys():
            for kind in _KINDS:
                self._faults.clear(node, kind)
        self._noted = set(found)
        for node, arcs in found.items():
            kind, amount = self._kind(arcs)
            for other in _KINDS:
                if other is not kind:
                    self._faults.clear(node, other)
            whole = len(arcs) == self._degree[self._nodes.index(node)]
            links = () if whole else [self._links[arc // 2] for arc in arcs]
            self._faults.note(node, kind, now_s, amount=amount, links=links)

    def _kind(self, out: list[int]) -> tuple[TelemetryFaultKind, float]:
        """By the arcs that leave: what the device counts is a multiple, the other direction, or
        neither; and the multiple.
        """
        arcs = np.array(out)
        with np.errstate(all="ignore"):
            leaves, enters = (
                np.median(self._gains[-_FEWEST:, x], axis=0) for x in (arcs, arcs ^ 1)
            )
        sizes = np.concatenate((enters, -leaves))
        sizes = sizes[np.isfinite(sizes)]
        if len(sizes) > 1:
            middle = float(np.median(sizes))
            off = np.abs(sizes - middle)
            if abs(middle) > _OTHER_UNIT and (off < _ALIKE * abs(middle)).all():
                return TelemetryFaultKind.UNIT, math.exp(middle)
            with np.errstate(invalid="ignore"):
                same = np.abs(leaves - enters) < _ALIKE * np.abs(leaves)
            if same.all():
                return TelemetryFaultKind.SWAPPED, 0.0
        return TelemetryFaultKind.CONTRADICTED, 0.0
