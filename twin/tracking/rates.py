"""From the cumulative counters of single devices to the rates of all arcs, with gaps and resets
told apart from zero.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.nouns.left_out import Oddity
from twin.nouns.telemetry import (
    DROPPED_FACTOR,
    LEAST_LOSS,
    RATE_FACTOR,
    FloatArray,
    InterfaceCounters,
)
from twin.nouns.topology import Topology
from twin.tracking.masking import BoolArray

IntArray = NDArray[np.int64]

_READINGS = 4
"""Loss needs so many: two of the far end, and one of the egress on either side of each."""


@dataclass(frozen=True, slots=True, eq=False)
class RateRound:
    """Mean rates between two readings of each interface, bit/s; NaN where a reading is missing.

    `from_s`, `until_s`: (n_arcs,) the window of each egress. `sent_bps`, `dropped_bps`: (n_arcs, 3)
    per class. `loss`: (n_arcs,) share of what was sent that the far end did not receive, one round
    earlier: only then is what was sent known on both sides of the far end's reading times. `odd`:
    nodes of whose readings no rate was made, each with why.
    """

    from_s: FloatArray
    until_s: FloatArray
    sent_bps: FloatArray
    dropped_bps: FloatArray
    loss: FloatArray
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


class RateMeter:
    """Pairs the readings of single devices, in whatever order they come, into rounds of rates.

    A round ends when all devices that were in the round before have been read again, or as soon as
    one of them is read a second time: one that has fallen silent holds the others up once.
    """

    def __init__(self, topology: Topology) -> None:
        n_arcs = topology.n_arcs
        self._arcs = {node.id: _arcs_at(topology, node.id) for node in topology.nodes}
        self._nodes = tuple(node.id for node in topology.nodes)
        self._senders = np.array([_node_of(topology, arc) for arc in range(n_arcs)], dtype=np.int64)
        self._receivers = self._senders.reshape(-1, 2)[:, ::-1].ravel()
        capacity = np.repeat([x.capacity_bps for x in topology.links], 2)
        at_node = np.bincount(self._senders, capacity, minlength=len(self._nodes))
        self._most_bps = RATE_FACTOR * capacity
        self._most_dropped_bps = DROPPED_FACTOR * at_node[self._senders]
        self._interfaces: dict[str, _Interfaces] = {}
        self._sent_at_s = np.full((_READINGS, n_arcs), np.nan)
        self._sent_bytes = np.full((_READINGS, n_arcs, 3), np.nan)
        self._dropped_bytes = np.full((_READINGS, n_arcs, 3), np.nan)
        self._received_at_s = np.full((_READINGS, n_arcs), np.nan)
        self._received_bytes = np.full((_READINGS, n_arcs), np.nan)
        self._read_s: dict[str, float] = {}
        self._round: dict[str, InterfaceCounters] = {}
        self._awaited = frozenset(self._arcs)
        self._has_begun = False

    def is_late(self, record: InterfaceCounters) -> bool:
        """Whether the same or a later reading of its device was taken before."""
        return record.time_s <= self._read_s.get(record.node, -np.inf)

    def take(self, record: InterfaceCounters) -> list[RateRound]:
        """Take a reading; the rates of the rounds that end with it, none for the very first round.

        A counter that went backwards was reset, and gives NaN for that window. The record must name
        a node of the topology; links that do not end there are left out.
        """
        ended = []
        if record.node in self._round:
            ended.append(self._end_round())
        self._round[record.node] = record
        self._read_s[record.node] = record.time_s
        if self._awaited <= self._round.keys():
            ended.append(self._end_round())
        return [rates for rates in ended if rates is not None]

    def _end_round(self) -> RateRound | None:
        sent_now, received_now = self._push(list(self._round.values()))
        self._awaited = frozenset(self._round)
        self._round = {}
        if not self._has_begun:
            self._has_begun = True
            return None
        from_s, until_s = self._sent_at_s[-2:]
        seconds = (until_s - from_s)[:, None]
        sent_bps = _rate(self._sent_bytes, seconds)
        dropped_bps = _rate(self._dropped_bytes, seconds)
        with np.errstate(invalid="ignore"):
            beyond = sent_bps.sum(axis=1) > self._most_bps
            beyond |= dropped_bps.sum(axis=1) > self._most_dropped_bps
        if beyond.any():
            sent_bps[beyond] = dropped_bps[beyond] = np.nan
        loss, contradicted = self._loss()
        return RateRound(
            from_s=np.where(sent_now, from_s, np.nan),
            until_s=np.where(sent_now, until_s, np.nan),
            sent_bps=np.where(sent_now[:, None], sent_bps, np.nan),
            dropped_bps=np.where(sent_now[:, None], dropped_bps, np.nan),
            loss=np.where(received_now, loss, np.nan),
            odd=tuple(
                self._odd(
                    sent_now & _ran_backwards(self._sent_bytes, self._dropped_bytes),
                    received_now & _ran_backwards(self._received_bytes[:, :, None]),
                    sent_now & beyond,
                    received_now & contradicted,
                )
            ),
        )

    def _odd(
        self, reset: BoolArray, reset_in: BoolArray, beyond: BoolArray, contradicted: BoolArray
    ) -> Iterable[tuple[str, Oddity]]:
        """By node, why rates are left out of this round: once for each reason. All: (n_arcs,)."""
        senders, receivers = self._senders, self._receivers
        found = (
            (Oddity.BACKWARDS, np.concatenate((senders[reset], receivers[reset_in]))),
            (Oddity.IMPOSSIBLE, senders[beyond]),
            (Oddity.CONTRADICTED, receivers[contradicted]),
        )
        for why, nodes in found:
            for node in sorted(set(nodes.tolist())):
                yield self._nodes[node], why

    def _push(
        self, records: list[InterfaceCounters]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Keep what was read; the arcs whose egress and whose far ingress were, (n_arcs,) each."""
        read = [(record, self._interfaces_of(record)) for record in records]
        out = np.concatenate([known.out for _, known in read])
        into = np.concatenate([known.into for _, known in read])
        sent = np.concatenate([r.sent_bytes[known.rows] for r, known in read])
        dropped = np.concatenate([r.dropped_bytes[known.rows] for r, known in read])
        received = np.concatenate([r.received_bytes[known.rows] for r, known in read])
        read_s = np.repeat([r.time_s for r, _ in read], [len(known.rows) for _, known in read])
        # What was not read says nothing of when.
        _append(self._sent_at_s, out, np.where(np.isnan(sent).any(axis=1), np.nan, read_s))
        _append(self._sent_bytes, out, sent)
        _append(self._dropped_bytes, out, dropped)
        _append(self._received_at_s, into, np.where(np.isnan(received), np.nan, read_s))
        _append(self._received_bytes, into, received)
        arcs = np.arange(self._sent_at_s.shape[1])
        return np.isin(arcs, out), np.isin(arcs, into)

    def _interfaces_of(self, record: InterfaceCounters) -> "_Interfaces":
        known = self._interfaces.get(record.node)
        if known is None or known.links != record.links:
            known = _interfaces(record.links, self._arcs[record.node])
            self._interfaces[record.node] = known
        return known

    def _loss(self) -> tuple[FloatArray, BoolArray]:
        """Bytes received between two readings against bytes sent between the same two moments; and
        where far more was received than sent, so that one end is misread.

        Both ends are read seconds apart. Comparing the rates of two windows that do not coincide
        would take every rise of the load for loss, so what was sent is interpolated to the moments
        at which the far end was read.
        """
        sent = self._sent_bytes.sum(axis=2)
        received = self._received_bytes[2] - self._received_bytes[1]
        passed = self._sent_until(sent, 2) - self._sent_until(sent, 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            sent_bps = 8 * np.diff(sent, axis=0) / np.diff(self._sent_at_s, axis=0)
            steady = np.all((sent_bps >= 0) & (sent_bps <= self._most_bps), axis=0)
            loss = np.where((received >= 0) & (passed > 0) & steady, 1 - received / passed, np.nan)
            contradicted = loss < LEAST_LOSS
        return np.where(contradicted, np.nan, loss), contradicted

    def _sent_until(self, sent_bytes: FloatArray, reading: int) -> FloatArray:
        """(n_arcs,) bytes sent until that reading of the far end, linear between our own."""
        moments = self._received_at_s[reading]
        found = np.full(len(moments), np.nan)
        for i in range(_READINGS - 1):
            start_s, end_s = self._sent_at_s[i : i + 2]
            start, end = sent_bytes[i : i + 2]
            with np.errstate(invalid="ignore", divide="ignore"):
                share = (moments - start_s) / (end_s - start_s)
                inside = (share >= 0) & (share <= 1)
            found = np.where(inside, start + share * (end - start), found)
        return found


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
    and `into` it there, (k,) each.
    """

    links: tuple[str, ...]
    rows: IntArray
    out: IntArray
    into: IntArray


def _interfaces(links: tuple[str, ...], arcs: Mapping[str, tuple[int, int]]) -> _Interfaces:
    rows = [i for i, link in enumerate(links) if link in arcs]
    found = np.array([arcs[links[i]] for i in rows], dtype=np.int64).reshape(-1, 2)
    return _Interfaces(links, np.array(rows, dtype=np.int64), found[:, 0], found[:, 1])


def _append(readings: FloatArray, arcs: IntArray, values: FloatArray) -> None:
    """Drop the oldest reading of `arcs`, and add the newest."""
    readings[:-1, arcs] = readings[1:, arcs]
    readings[-1, arcs] = values


def _node_of(topology: Topology, arc: int) -> int:
    return topology.node_index[topology.egress_of(arc).node]


def _ran_backwards(*counted: FloatArray) -> BoolArray:
    """(n_arcs,) whether the newest reading of any class is less than the one before."""
    return np.asarray(np.any([c[-1] < c[-2] for c in counted], axis=(0, 2)))


def _rate(counted: FloatArray, seconds: FloatArray) -> FloatArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        change = counted[-1] - counted[-2]
        return np.where((change >= 0) & (seconds > 0), 8 * change / seconds, np.nan)
