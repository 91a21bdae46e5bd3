"""Probe results that say something of the probe, and nothing of the network."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from twin.nouns.inventory import ProbePath
from twin.nouns.telemetry import FloatArray, ProbeRound
from twin.nouns.telemetry_fault import TelemetryFaultKind
from twin.nouns.topology import Topology
from twin.tracking.masking import BoolArray
from twin.tracking.telemetry_faults import TelemetryFaults

_FASTEST = 0.9
"""A delay of less than this share of the way's propagation was not measured: lengths on record are
off by some per cent."""

_KEPT = 8

_AS_USUAL, _SOME = 0.5, 0.1
"""Shares of what usually comes and goes at a node: a probe there is found dead, and is so still.
"""

_PEERS = 2
"""Of so many other probes at least, one that loses all towards each is not heard at all."""


class ProbeSense:
    """Finds probes that are dead, and those whose clock is off."""

    def __init__(
        self, topology: Topology, paths: tuple[ProbePath, ...], faults: TelemetryFaults
    ) -> None:
        """`faults`: where probes are noted."""
        self._faults = faults
        self._nodes = tuple(node.id for node in topology.nodes)
        index = topology.node_index
        self._source = np.array([index[p.source] for p in paths], dtype=np.int64)
        self._target = np.array([index[p.target] for p in paths], dtype=np.int64)
        self._least_s = _FASTEST * _propagation_s(topology)[self._source, self._target]
        kind = TelemetryFaultKind.DEAD_PROBE
        dead = {fault.source for fault in faults.now() if fault.kind is kind}
        self._was_dead = np.array([node in dead for node in self._nodes], dtype=np.bool_)
        self._last: deque[ProbeRound] = deque(maxlen=_KEPT)

    def is_repeat(self, record: ProbeRound) -> bool:
        """Whether it says what one of the last did, to the last digit of many delays."""
        delays = record.delay_s[np.isfinite(record.delay_s)]
        tells = len(delays) >= _PEERS and bool((delays != delays[0]).any())
        for last in self._last:
            if record.received_s == last.received_s:
                return True
            if tells and np.array_equal(record.delay_s, last.delay_s, equal_nan=True):
                return True
        self._last.append(record)
        return False

    def sift(self, record: ProbeRound, carries: Callable[[], FloatArray]) -> ProbeRound:
        """`record` without what dead probes say, and without delays of clocks that are off.

        `carries`: (n,) what comes and goes at each node, as a share of what does usually.
        """
        dead = self._dead(record)
        if dead.any():
            share = carries()
            dead &= (share >= _AS_USUAL) | (self._was_dead & ~(share < _SOME))
        self._was_dead = dead
        self._note(TelemetryFaultKind.DEAD_PROBE, dead, record.received_s)
        if dead.any():
            rows = dead[self._source] | dead[self._target]
            rows &= record.lost >= record.sent
            record = replace(
                record,
                sent=np.where(rows, np.nan, record.sent),
                lost=np.where(rows, np.nan, record.lost),
            )
        skewed = self._skewed(record)
        self._note(TelemetryFaultKind.PROBE_CLOCK, skewed, record.received_s)
        if skewed.any():
            rows = skewed[self._source] | skewed[self._target]
            record = replace(record, delay_s=np.where(rows, np.nan, record.delay_s))
        return record

    def _dead(self, record: ProbeRound) -> BoolArray:
        """(n,) nodes from which nothing arrives at several others, or at which nothing does."""
        heard = record.sent > 0
        gone = heard & (record.lost >= record.sent)
        dead = np.zeros(len(self._nodes), dtype=np.bool_)
        if not gone.any():
            return dead
        for near, far in ((self._source, self._target), (self._target, self._source)):
            for i in sorted(set(near[gone].tolist())):
                mine = heard & (near == i)
                if gone[mine].all() and len(set(far[mine].tolist())) >= _PEERS:
                    dead[i] = True
        return dead

    def _skewed(self, record: ProbeRound) -> BoolArray:
        """(n,) the fewest nodes whose clocks explain delays that are less than light needs."""
        skewed = np.zeros(len(self._nodes), dtype=np.bool_)
        with np.errstate(invalid="ignore"):
            wrong = record.delay_s < self._least_s
        while wrong.any():
            ends = np.concatenate((self._source[wrong], self._target[wrong]))
            worst = int(np.bincount(ends).argmax())
            skewed[worst] = True
            wrong &= (self._source != worst) & (self._target != worst)
        return skewed

    def _note(self, kind: TelemetryFaultKind, found: BoolArray, now_s: float) -> None:
        for i in sorted({*self._source.tolist(), *self._target.tolist()}):
            if found[i]:
                self._faults.note(self._nodes[i], kind, now_s)
            else:
                self._faults.clear(self._nodes[i], kind)


def _propagation_s(topology: Topology) -> FloatArray:
    """(n, n) of the fastest way between each two nodes (Floyd and Warshall); -inf where is none."""
    count = len(topology.nodes)
    found = np.full((count, count), np.inf)
    np.fill_diagonal(found, 0.0)
    for link in topology.links:
        a, b = topology.node_index[link.a], topology.node_index[link.b]
        found[a, b] = found[b, a] = min(found[a, b], link.propagation_s)
    for via in range(count):
        found = np.minimum(found, found[:, via, None] + found[via])
    return np.where(np.isfinite(found), found, -np.inf)


def carrying(topology: Topology, arrives_bps: FloatArray, usual_bps: FloatArray) -> FloatArray:
    """(n,) what arrives from and at each node, as a share of what is usual; arrays (n_arcs,).

    NaN where nothing was read.
    """
    count = len(topology.nodes)
    ends = [(topology.node_index[x.a], topology.node_index[x.b]) for x in topology.links]
    senders = np.array(ends, dtype=np.int64)
    seen = np.isfinite(arrives_bps) & np.isfinite(usual_bps)
    found = np.full(count, np.inf)
    for nodes in (senders.reshape(-1), senders[:, ::-1].reshape(-1)):
        usual = np.bincount(nodes[seen], usual_bps[seen], minlength=count)
        now = np.bincount(nodes[seen], arrives_bps[seen], minlength=count)
        nothing = np.full(count, np.nan)
        found = np.minimum(found, np.divide(now, usual, out=nothing, where=usual > 0))
    return found
