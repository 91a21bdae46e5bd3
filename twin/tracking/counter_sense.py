"""What a reading of counters is, before a rate is made of it: one that wrapped, one of a device
that restarted, or one that was read before and is only told again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twin.nouns.left_out import Oddity
from twin.nouns.telemetry import FloatArray
from twin.nouns.telemetry_fault import TelemetryFaultKind
from twin.nouns.topology import Topology
from twin.tracking.telemetry_faults import FORGOTTEN_S, TelemetryFaults

BoolArray = NDArray[np.bool_]

WRAPS_AT = 2.0**32
"""Counter32 of RFC 2578, section 7.1.6."""

_IDLE_SHARE = 0.005
"""Of the capacity: what counts as traffic at the far end of an interface that stands still."""

_FROZEN_S = 150.0
"""Counters that stand for longer, while traffic flows, are not merely renewed seldom."""

_WHOLE_NETWORK_S = 300.0
"""So long all counters of a network may stand still before that is taken to be so."""

_APART_S = 30.0
"""Readings are about so far apart."""

_OFTEN = 2
_RESTARTS = 3
_SLACK = 1.1
"""A line that sends this many times what it can, by two readings whose moments are a bit off."""


@dataclass(frozen=True, slots=True, eq=False)
class Polled:
    """What was read of all arcs in one round: bytes since ever, at a time; NaN where nothing was.

    `sent`, `dropped`: (n_arcs, 3) at the egress; `received`: (n_arcs,) at the far end.
    """

    sent_at_s: FloatArray
    sent: FloatArray
    dropped: FloatArray
    received_at_s: FloatArray
    received: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Sifted:
    """A round of which what is no reading of now is NaN, and what wrapped goes on.

    `anew_sent`, `anew_dropped`, `anew_received`: (n_arcs,) what was read before belongs to other
    counting. `odd`: nodes, each with why something of them is left out.
    """

    polled: Polled
    anew_sent: BoolArray
    anew_dropped: BoolArray
    anew_received: BoolArray
    odd: tuple[tuple[str, Oddity], ...]


class CounterSense:
    """Keeps of each counter what it last said, by which the next is understood."""

    def __init__(self, topology: Topology, faults: TelemetryFaults) -> None:
        """`faults`: where what is found is noted, by device."""
        n_arcs = topology.n_arcs
        capacity = np.repeat([x.capacity_bps for x in topology.links], 2)
        self._faults = faults
        self._nodes = tuple(node.id for node in topology.nodes)
        self._links = [link.id for link in topology.links]
        ends = [(topology.node_index[x.a], topology.node_index[x.b]) for x in topology.links]
        self._senders = np.array(ends, dtype=np.int64).reshape(-1)
        self._receivers = np.array(ends, dtype=np.int64)[:, ::-1].reshape(-1)
        self._reverse = np.arange(n_arcs) ^ 1
        self._idle_bytes = _IDLE_SHARE * capacity / 8
        self._sent = _Counter(n_arcs, 3, capacity / 8)
        self._dropped = _Counter(n_arcs, 3, capacity / 8)
        self._received = _Counter(n_arcs, 1, capacity / 8)
        self._still_since_s = np.inf
        self._renewals: dict[str, list[float]] = {}
        self._restarts: dict[str, list[float]] = {}
        self._was_still = np.zeros(n_arcs, dtype=np.bool_)

    @property
    def may_have_wrapped(self) -> BoolArray:
        """(n_arcs,) whether what was received may be a multiple of 2^32 more than it seems."""
        return np.asarray(self._received.is_short.any(axis=1))

    @property
    def doubtful(self) -> BoolArray:
        """(n_arcs,) whether a counter of either end was reset or wrapped, nobody knows which."""
        return self._sent.doubtful | self._received.doubtful

    def sift(self, polled: Polled) -> Sifted:
        """Understand a round."""
        now_s = float(np.nanmax(np.concatenate((polled.sent_at_s, polled.received_at_s))))
        stale_out, stale_in = self._stale(polled, now_s)
        if stale_out.any() or stale_in.any():
            polled = _without(polled, stale_out, stale_in)
        received = polled.received[:, None]
        sent, reset_out, wrapped_out = self._sent.take(polled.sent_at_s, polled.sent)
        dropped, reset_drops, _ = self._dropped.take(polled.sent_at_s, polled.dropped)
        into, reset_in, wrapped_in = self._received.take(polled.received_at_s, received)
        odd: list[tuple[str, Oddity]] = []
        if reset_out.any() or reset_in.any() or reset_drops.any():
            told = np.concatenate(
                (self._senders[reset_out | reset_drops], self._receivers[reset_in])
            )
            odd = [(self._nodes[i], Oddity.BACKWARDS) for i in sorted(set(told.tolist()))]
            self._note_restarts(polled, reset_out, reset_in, now_s)
        if wrapped_out.any() or wrapped_in.any():
            self._note_wrapping(wrapped_out, wrapped_in, now_s)
        blind_out, blind_in = self._sent.is_wrapping(now_s), self._received.is_wrapping(now_s)
        if blind_out.any() or blind_in.any():
            self._note_wrapping(blind_out, blind_in, now_s)
            sent = np.where(blind_out[:, None], np.nan, sent)
            into = np.where(blind_in[:, None], np.nan, into)
        return Sifted(
            replace(polled, sent=sent, dropped=dropped, received=into[:, 0]),
            reset_out | blind_out,
            reset_drops | blind_out,
            reset_in | blind_in,
            tuple(odd),
        )

    def _stale(self, polled: Polled, now_s: float) -> tuple[BoolArray, BoolArray]:
        """Where a reading is one that was told before, by egress and by far ingress.

        A counter that stands still is believed to, unless the other end of its link has counted
        meanwhile what went over it. A device of which one counter is found out, and none moves, is
        told again as a whole; so is a network of which none does.
        """
        nothing = np.zeros(len(self._senders), dtype=np.bool_)
        still_out, moved_out, _ = self._sent.moved(polled.sent_at_s, polled.sent)
        still_in, moved_in, more_in = self._received.moved(
            polled.received_at_s, polled.received[:, None]
        )
        if not still_out.any() and not still_in.any():
            self._renew(moved_out, now_s)
            self._still_since_s = np.inf
            return nothing, nothing
        fresh = np.zeros(len(self._nodes), dtype=np.bool_)
        fresh[self._senders[moved_out]] = fresh[self._receivers[moved_in]] = True
        if not fresh.any():
            has_counted = self._sent.has_counted or self._received.has_counted
            self._still_since_s = min(self._still_since_s, now_s)
            if has_counted and now_s - self._still_since_s < _WHOLE_NETWORK_S:
                self._was_still |= still_out
                return still_out, still_in
            return nothing, nothing
        self._still_since_s = np.inf
        proven = still_out & (more_in > self._idle_bytes)
        found_out = np.zeros(len(self._nodes), dtype=np.bool_)
        found_out[self._senders[proven]] = True
        told_again = found_out & ~fresh
        stale_out = proven | (still_out & told_again[self._senders])
        stale_in = still_in & (proven[self._reverse] | told_again[self._receivers])
        self._note_frozen(stale_out, now_s)
        self._renew(moved_out, now_s)
        self._was_still |= stale_out
        return stale_out, stale_in

    def _note_frozen(self, stale: BoolArray, now_s: float) -> None:
        stands_s = now_s - self._sent.read_s
        with np.errstate(invalid="ignore"):
            frozen = stale & (stands_s > _FROZEN_S)
        for node, arcs in self._by_sender(frozen):
            since_s = float(np.nanmin(self._sent.read_s[arcs]))
            self._faults.note(
                node,
                TelemetryFaultKind.FROZEN,
                now_s,
                since_s=since_s,
                amount=now_s - since_s,
                links=self._links_of(node, arcs),
            )

    def _renew(self, moved: BoolArray, now_s: float) -> None:
        """Counters that stood still move again."""
        again = moved & self._was_still
        if not again.any():
            return
        for node, arcs in self._by_sender(again):
            self._faults.clear(node, TelemetryFaultKind.FROZEN)
            times = _lately(self._renewals.setdefault(node, []), now_s)
            if len(times) >= _OFTEN:
                self._faults.note(
                    node,
                    TelemetryFaultKind.CACHED,
                    now_s,
                    since_s=times[0],
                    amount=now_s - float(np.nanmin(self._sent.read_s[arcs])),
                )
        self._was_still &= ~moved

    def _note_restarts(self, polled: Polled, out: BoolArray, into: BoolArray, now_s: float) -> None:
        """Where all of a device went back it restarted; where some did, they may have wrapped."""
        count = len(self._nodes)
        read_out = np.isfinite(polled.sent).all(axis=1) & (self._sent.was_counting)
        read_in = np.isfinite(polled.received) & (self._received.was_counting)
        read = np.bincount(self._senders[read_out], minlength=count)
        read += np.bincount(self._receivers[read_in], minlength=count)
        back = np.bincount(self._senders[out & read_out], minlength=count)
        back += np.bincount(self._receivers[into & read_in], minlength=count)
        whole = (back > 0) & (back == read)
        for i in np.flatnonzero(whole).tolist():
            times = _lately(self._restarts.setdefault(self._nodes[i], []), now_s)
            if len(times) >= _RESTARTS:
                kind = TelemetryFaultKind.RESTARTING
                self._faults.note(self._nodes[i], kind, now_s, since_s=times[0])
        self._sent.went_back(out & ~whole[self._senders], now_s)
        self._received.went_back(into & ~whole[self._receivers], now_s)

    def _note_wrapping(self, out: BoolArray, into: BoolArray, now_s: float) -> None:
        # What enters a device over an arc is counted at its interface on the arc that leaves.
        for node, arcs in self._by_sender(out | into[self._reverse]):
            links = self._links_of(node, arcs)
            self._faults.note(node, TelemetryFaultKind.WRAPPING, now_s, links=links)

    def _by_sender(self, which: BoolArray) -> Iterable[tuple[str, list[int]]]:
        arcs = np.flatnonzero(which)
        for i in sorted(set(self._senders[arcs].tolist())):
            yield self._nodes[i], arcs[self._senders[arcs] == i].tolist()

    def _links_of(self, node: str, arcs: list[int]) -> tuple[str, ...]:
        """Their links; none where they are all that the node has."""
        if len(arcs) == int((self._senders == self._nodes.index(node)).sum()):
            return ()
        return tuple(self._links[arc // 2] for arc in arcs)


class _Counter:
    """What a counter of every arc said last, (n_arcs, width), and how it goes on from there."""

    def __init__(self, n_arcs: int, width: int, line_bytes: FloatArray) -> None:
        """`line_bytes`: (n_arcs,) what the line carries in a second."""
        self.read_s = np.full(n_arcs, np.nan)
        self._line_bytes = line_bytes
        self._raw = self._before = np.full((n_arcs, width), np.nan)
        self._lift = np.zeros((n_arcs, width))
        self._was_long = np.zeros((n_arcs, width), dtype=np.bool_)
        self._went_back = np.zeros((n_arcs, width), dtype=np.bool_)
        self._backs: dict[int, list[float]] = {}

    @property
    def was_counting(self) -> BoolArray:
        """(n_arcs,) whether it had counted anything."""
        return np.asarray((self._before > 0).any(axis=1))

    @property
    def has_counted(self) -> bool:
        """Whether any of them is more than nothing."""
        return bool((self._raw > 0).any())

    @property
    def is_short(self) -> BoolArray:
        """(n_arcs, width) whether nothing shows that it has more than 32 bits."""
        return np.asarray(self._raw < WRAPS_AT)

    @property
    def doubtful(self) -> BoolArray:
        """(n_arcs,) whether it was large, or went back, and has not shown since that it is no
        counter of 32 bits, on a line that may wrap one between two readings.
        """
        doubts = self.is_short & (self._was_long | self._went_back)
        return np.asarray(doubts.any(axis=1) & (self._line_bytes * _APART_S >= WRAPS_AT))

    def moved(self, at_s: FloatArray, raw: FloatArray) -> tuple[BoolArray, BoolArray, FloatArray]:
        """Whether it stands where it stood, whether it does not, and byte/s by which it went up."""
        change = raw - self._raw
        known = ~np.isnan(change).any(axis=1)
        still = known & ~change.any(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            more = np.where(known, change.sum(axis=1) / (at_s - self.read_s), 0.0)
        return still, known & ~still, np.nan_to_num(more, posinf=0.0, neginf=0.0)

    def take(self, at_s: FloatArray, raw: FloatArray) -> tuple[FloatArray, BoolArray, BoolArray]:
        """The readings as if it never wrapped; where it was reset; where it wrapped.

        Where a line can carry 2^32 bytes and more between two readings, nobody can say which of
        both it was, nor how often: it is taken to be reset.
        """
        read = ~np.isnan(raw).any(axis=1)
        with np.errstate(invalid="ignore"):
            self._was_long |= raw >= WRAPS_AT
            back = raw < self._raw
            if back.any():
                most = (_SLACK * self._line_bytes * (at_s - self.read_s))[:, None]
                wraps = back & self.is_short & (most < WRAPS_AT)
                wraps &= raw + WRAPS_AT - self._raw <= most
            else:
                wraps = back
        reset = (back & ~wraps).any(axis=1)
        if back.any():
            self._lift = np.where(reset[:, None], 0.0, self._lift + WRAPS_AT * wraps)
        self._went_back |= back & ~wraps
        self._before = self._raw
        self._raw = np.where(np.asarray(read)[:, None], raw, self._raw)
        self.read_s = np.where(read, at_s, self.read_s)
        return raw + self._lift, reset, wraps.any(axis=1)

    def went_back(self, where: BoolArray, now_s: float) -> None:
        """Note that it did, while others of its device did not."""
        short = np.asarray((self._before < WRAPS_AT).all(axis=1))
        for arc in np.flatnonzero(where & short).tolist():
            _lately(self._backs.setdefault(arc, []), now_s)

    def is_wrapping(self, now_s: float) -> BoolArray:
        """(n_arcs,) whether it goes back so often that it has 32 bits, and no rate is known."""
        found = np.zeros(len(self.read_s), dtype=np.bool_)
        for arc, times in list(self._backs.items()):
            if now_s - times[-1] > FORGOTTEN_S or not (self._raw[arc] < WRAPS_AT).any():
                del self._backs[arc]
            elif len(times) >= _OFTEN:
                found[arc] = True
        return found


def _lately(times: list[float], now_s: float) -> list[float]:
    """`times` with `now_s`, without what is long over."""
    times[:] = [t for t in times if now_s - t <= FORGOTTEN_S][-8:]
    times.append(now_s)
    return times


def _without(polled: Polled, out: BoolArray, into: BoolArray) -> Polled:
    return Polled(
        sent_at_s=polled.sent_at_s,
        sent=np.where(out[:, None], np.nan, polled.sent),
        dropped=np.where(out[:, None], np.nan, polled.dropped),
        received_at_s=polled.received_at_s,
        received=np.where(into, np.nan, polled.received),
    )
