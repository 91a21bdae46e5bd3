"""From the cumulative counters of single devices to the rates of all arcs, with gaps and resets
told apart from zero.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from twin.nouns.left_out import Oddity
from twin.nouns.telemetry import (
    DROPPED_FACTOR,
    LEAST_LOSS,
    RATE_FACTOR,
    FloatArray,
    InterfaceCounters,
)
from twin.nouns.telemetry_fault import TelemetryFaultKind
from twin.nouns.topology import Topology
from twin.tracking.counter_sense import WRAPS_AT, CounterSense, Polled
from twin.tracking.far_ends import FarEnds
from twin.tracking.last_counters import LastCounters
from twin.tracking.masking import BoolArray
from twin.tracking.readings import LONGEST_WINDOW_S, IntArray, Readings
from twin.tracking.telemetry_faults import TelemetryFaults

_DUE = 0.6
"""A device is waited for from this share of its usual interval on."""

_SLOWER = 1.5
"""An end that is read so much less often than the other sets the window over which both count."""

_WHOLE = 0.015
"""What is missing is a whole number of wraps if it is one within this share of what was sent."""


@dataclass(frozen=True, slots=True, eq=False)
class RateRound:
    """Mean rates over the newest window of each interface that was read, bit/s; NaN of the others.

    `from_s`, `until_s`: (n_arcs,) the window of each egress: from its last reading before, whenever
    that was. `sent_bps`, `dropped_bps`: (n_arcs, 3) per class. `loss`: (n_arcs,) share of what was
    sent from `loss_from_s` to `loss_until_s` that the far end did not receive: the newest window
    whose ends were read at both ends of the link. `misread`: (n_arcs,) whether the counters of an
    end of the link are contradicted, so that loss is unknown. `odd`: nodes of whose readings no
    rate was made, each with why.
    """

    from_s: FloatArray
    until_s: FloatArray
    sent_bps: FloatArray
    dropped_bps: FloatArray
    loss: FloatArray
    loss_from_s: FloatArray
    loss_until_s: FloatArray
    misread: BoolArray
    odd: tuple[tuple[str, Oddity], ...] = ()

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

    def within(self, from_s: float, until_s: float) -> "RateRound | None":
        """This round if its windows lie inside the two times; None if one does not.

        A window much longer than most, of a device that is read less often, may lie outside: its
        rates are left out then.
        """
        with np.errstate(invalid="ignore"):
            outside = (self.from_s < from_s) | (self.until_s > until_s)
        if not outside.any():
            return self
        seconds = self.until_s - self.from_s
        usual_s = np.nanmedian(seconds)
        if (outside & (seconds <= _SLOWER * usual_s)).any():
            return None
        return self.without(outside)

    def without(self, egresses: BoolArray) -> "RateRound":
        """This round as if `egresses` (n_arcs,) had not been read."""
        return replace(
            self,
            from_s=np.where(egresses, np.nan, self.from_s),
            until_s=np.where(egresses, np.nan, self.until_s),
            sent_bps=np.where(egresses[:, None], np.nan, self.sent_bps),
            dropped_bps=np.where(egresses[:, None], np.nan, self.dropped_bps),
            loss=np.where(egresses, np.nan, self.loss),
        )


class RateMeter:
    """Pairs the readings of single devices, in whatever order they come, into rounds of rates.

    A round ends when all devices that are due have been read again, or as soon as one is read a
    second time: one that has fallen silent holds the others up once.
    """

    def __init__(self, topology: Topology, faults: TelemetryFaults | None = None) -> None:
        """`faults`: where is noted what is wrong with counters."""
        n_arcs = topology.n_arcs
        self._faults = faults or TelemetryFaults()
        self._arcs = {node.id: _arcs_at(topology, node.id) for node in topology.nodes}
        self._nodes = tuple(node.id for node in topology.nodes)
        self._senders = np.array([_node_of(topology, arc) for arc in range(n_arcs)], dtype=np.int64)
        self._receivers = self._senders.reshape(-1, 2)[:, ::-1].ravel()
        capacity = np.repeat([x.capacity_bps for x in topology.links], 2)
        at_node = np.bincount(self._senders, capacity, minlength=len(self._nodes))
        self._lately_bps = RATE_FACTOR * capacity
        self._most_dropped_bps = DROPPED_FACTOR * at_node[self._senders]
        self._interfaces: dict[str, _Interfaces] = {}
        self._sense = CounterSense(topology, self._faults)
        self._sent = Readings(n_arcs, 3)
        self._dropped = Readings(n_arcs, 3)
        self._received = Readings(n_arcs, 1)
        self._far_ends = FarEnds(topology, self._faults)
        self._judged_s = np.full(n_arcs, np.nan)
        self._judged_sent = np.full(n_arcs, np.nan)
        self._judged_received = np.full(n_arcs, np.nan)
        self._read_s: dict[str, float] = {}
        self._interval_s: dict[str, float] = {}
        self._missed: set[str] = set()
        self._round: dict[str, InterfaceCounters] = {}
        self._awaited: set[str] = set()
        self._has_begun = False
        self._last = LastCounters()

    def dump(self) -> dict[str, Any]:
        """What was read last, JSON-able. Taken again (`kept_counters`), it makes the same windows
        with what comes.
        """
        return self._last.dump(self._round)

    def is_late(self, record: InterfaceCounters) -> bool:
        """Whether the same or a later reading of its device was taken before."""
        return record.time_s <= self._read_s.get(record.node, -np.inf)

    def begin_anew(self, node: str) -> None:
        """What comes of `node` makes no window with what came before."""
        arcs = np.array(list(self._arcs[node].values()), dtype=np.int64).reshape(-1, 2)
        out = np.isin(np.arange(len(self._senders)), arcs[:, 0])
        into = np.isin(np.arange(len(self._senders)), arcs[:, 1])
        for readings, which in ((self._sent, out), (self._dropped, out), (self._received, into)):
            readings.forget(which)
        self._judged_s[out | into] = np.nan
        self._last.forget(node)

    def take(self, record: InterfaceCounters) -> list[RateRound]:
        """Take a reading; the rates of the rounds that end with it, none for the very first round.

        A counter that went backwards was reset, and gives NaN for that window. The record must name
        a node of the topology; links that do not end there are left out.
        """
        self._last.take(record)
        ended = []
        if record.node in self._round:
            ended.append(self._end_round())
        if not self._round:
            there = [n for n in self._nodes if n not in self._missed]
            due = {n for n in there if self._is_due(n, record.time_s)}
            self._awaited = due or set(there)
        self._round[record.node] = record
        before_s = self._read_s.get(record.node)
        if before_s is not None:
            self._interval_s[record.node] = record.time_s - before_s
        self._read_s[record.node] = record.time_s
        if self._awaited <= self._round.keys():
            ended.append(self._end_round())
        return [rates for rates in ended if rates is not None]

    def _is_due(self, node: str, now_s: float) -> bool:
        read_s, interval_s = self._read_s.get(node, -np.inf), self._interval_s.get(node, 0.0)
        return now_s >= read_s + _DUE * interval_s

    def _end_round(self) -> RateRound | None:
        sifted = self._sense.sift(self._polled(list(self._round.values())))
        self._missed = (self._missed | self._awaited) - self._round.keys()
        self._round = {}
        for readings, anew in (
            (self._sent, sifted.anew_sent),
            (self._dropped, sifted.anew_dropped),
            (self._received, sifted.anew_received),
        ):
            readings.forget(anew)
        self._judged_s[sifted.anew_sent | sifted.anew_received] = np.nan
        polled = sifted.polled
        sent_now = self._sent.push(polled.sent_at_s, polled.sent)
        dropped_now = self._dropped.push(polled.sent_at_s, polled.dropped)
        received_now = self._received.push(polled.received_at_s, polled.received[:, None])
        if not self._has_begun:
            self._has_begun = True
            return None
        sent_bps = self._sent.rate_bps()
        dropped_bps = np.where(dropped_now[:, None], self._dropped.rate_bps(), np.nan)
        with np.errstate(invalid="ignore"):
            beyond = sent_bps.sum(axis=1) > self._lately_bps
            beyond |= dropped_bps.sum(axis=1) > self._most_dropped_bps
        if beyond.any():
            sent_bps[beyond] = dropped_bps[beyond] = np.nan
        loss, from_s, until_s, contradicted = self._loss()
        now_s = float(np.nanmax(np.concatenate((polled.sent_at_s, polled.received_at_s))))
        held, far_off = self._far_ends.judge(1.0 - loss, now_s)
        loss = np.where(contradicted | held, np.nan, loss)
        sent_bps = np.where(far_off[:, None], np.nan, sent_bps)
        return RateRound(
            from_s=np.where(sent_now, self._sent.at_s(1), np.nan),
            until_s=np.where(sent_now, self._sent.at_s(), np.nan),
            sent_bps=np.where(sent_now[:, None], sent_bps, np.nan),
            dropped_bps=dropped_bps,
            loss=loss,
            loss_from_s=from_s,
            loss_until_s=until_s,
            misread=held,
            odd=(
                *sifted.odd,
                *self._odd(Oddity.IMPOSSIBLE, self._senders[sent_now & beyond]),
                *self._odd(Oddity.CONTRADICTED, self._receivers[received_now & contradicted]),
            ),
        )

    def _odd(self, why: Oddity, nodes: IntArray) -> Iterable[tuple[str, Oddity]]:
        """Each node once."""
        for node in sorted(set(nodes.tolist())):
            yield self._nodes[node], why

    def _polled(self, records: list[InterfaceCounters]) -> Polled:
        read = [(record, self._interfaces_of(record)) for record in records]
        out = np.concatenate([known.out for _, known in read])
        into = np.concatenate([known.into for _, known in read])
        read_s = np.repeat([r.time_s for r, _ in read], [len(known.rows) for _, known in read])
        n_arcs = len(self._senders)
        polled = Polled(
            sent_at_s=np.full(n_arcs, np.nan),
            sent=np.full((n_arcs, 3), np.nan),
            dropped=np.full((n_arcs, 3), np.nan),
            received_at_s=np.full(n_arcs, np.nan),
            received=np.full(n_arcs, np.nan),
        )
        polled.sent_at_s[out] = read_s
        polled.sent[out] = np.concatenate([r.sent_bytes[known.rows] for r, known in read])
        polled.dropped[out] = np.concatenate([r.dropped_bytes[known.rows] for r, known in read])
        polled.received_at_s[into] = read_s
        polled.received[into] = np.concatenate([r.received_bytes[known.rows] for r, known in read])
        return polled

    def _interfaces_of(self, record: InterfaceCounters) -> "_Interfaces":
        known = self._interfaces.get(record.node)
        if known is None or known.links != record.links:
            known = _interfaces(record.links, self._arcs[record.node])
            self._interfaces[record.node] = known
        if known.named_twice:
            kind = TelemetryFaultKind.AMBIGUOUS
            self._faults.note(record.node, kind, record.time_s, links=known.named_twice)
        return known

    def _loss(self) -> tuple[FloatArray, FloatArray, FloatArray, BoolArray]:
        """Share of the bytes sent in a window that were not received in it; from when, until when;
        and where far more was received than sent, or whole wraps less, so that it is none.

        Both ends are read seconds apart, and one of them maybe less often. Comparing the rates of
        two windows that do not coincide would take every rise of the load for loss, so the window
        is one of the end that is read less often, and what the other counted is interpolated to
        it. It has to be read once more by then: which is read first changes from round to round.
        """
        near, far = self._sent, self._received
        near_gap, far_gap = near.at_s() - near.at_s(1), far.at_s() - far.at_s(1)
        with np.errstate(invalid="ignore", divide="ignore"):
            by_near = near_gap > _SLOWER * far_gap
            covered_s = np.where(by_near, far.at_s() - far_gap / 2, near.at_s() - near_gap / 2)
            until_s = np.where(by_near, near.last_by(covered_s), far.last_by(covered_s))
            from_s = np.where(by_near, near.last_before(until_s), far.last_before(until_s))
            # From where the last window ended, so that nothing of what was sent is left out.
            goes_on = until_s - self._judged_s <= LONGEST_WINDOW_S
            from_s = np.where(goes_on, self._judged_s, from_s)
            seconds = until_s - from_s
            sent_until, received_until = near.total_at(until_s), far.total_at(until_s)
            sent_from, received_from = self._judged_sent, self._judged_received
            if not (goes_on | np.isnan(from_s)).all():
                sent_from = np.where(goes_on, sent_from, near.total_at(from_s))
                received_from = np.where(goes_on, received_from, far.total_at(from_s))
            sent, received = sent_until - sent_from, received_until - received_from
            usable = ~(until_s <= self._judged_s) & (seconds <= LONGEST_WINDOW_S)
            usable &= (sent > 0) & (8 * sent / seconds <= self._lately_bps)
            loss = np.where(usable, 1 - received / sent, np.nan)
            wraps = np.round((sent - received) / WRAPS_AT)
            off = np.abs(sent - received - wraps * WRAPS_AT)
            wrapped = (wraps > 0) & (off < _WHOLE * sent) & self._sense.may_have_wrapped
            contradicted = (loss < LEAST_LOSS) | (wrapped & usable)
            unsure = wrapped | self._sense.doubtful
        self._judged_s = np.where(usable, until_s, self._judged_s)
        self._judged_sent = np.where(usable, sent_until, self._judged_sent)
        self._judged_received = np.where(usable, received_until, self._judged_received)
        return np.where(unsure, np.nan, loss), from_s, until_s, contradicted


def _arcs_at(topology: Topology, node: str) -> dict[str, tuple[int, int]]:
    """By link: the arc that leaves `node` over it, and the one that enters."""
    found = {}
    for link in topology.links_at(node):
        first = 2 * topology.link_index[link.id]
        found[link.id] = (first, first + 1) if link.a == node else (first + 1, first)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Interfaces:
    """The `rows` of the `links` of a record that are on record, and the arcs `out` of its device
    and `into` it there, (k,) each. Of a link that is `named_twice` nobody can say which row it is.
    """

    links: tuple[str, ...]
    rows: IntArray
    out: IntArray
    into: IntArray
    named_twice: tuple[str, ...]


def _interfaces(links: tuple[str, ...], arcs: Mapping[str, tuple[int, int]]) -> _Interfaces:
    twice = tuple(sorted({x for x in links if x in arcs and links.count(x) > 1}))
    rows = [i for i, link in enumerate(links) if link in arcs and link not in twice]
    found = np.array([arcs[links[i]] for i in rows], dtype=np.int64).reshape(-1, 2)
    return _Interfaces(links, np.array(rows, dtype=np.int64), found[:, 0], found[:, 1], twice)


def _node_of(topology: Topology, arc: int) -> int:
    return topology.node_index[topology.egress_of(arc).node]
