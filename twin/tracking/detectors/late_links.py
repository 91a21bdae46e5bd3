"""Links over which probes take longer than they did."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from twin.nouns.telemetry import FloatArray, ProbeRound
from twin.physics.compiled import IntArray, arc_weights, compile_topology
from twin.physics.routing import route
from twin.tracking.alarms import Alarm
from twin.tracking.detectors.detector import Belief
from twin.tracking.detectors.streaks import ROUNDS_TO_ALARM
from twin.tracking.masking import BoolArray
from twin.tracking.path_shares import probe_shares

LATE_S = 0.0025
"""A link that adds less is not late: half of the least that has to be found."""

_CROSSES = 0.3
"""A probe tells of a link that so much of it crosses."""

_YOUNG_S = 120.0

_PART = 0.01
_ROUND_S = 30.0
_LEARNED_ROUNDS, _MEMORY_ROUNDS = 4, 60
"""Rounds after which a delay is known, and over which it is averaged: half an hour."""

_LENGTHS_OFF, _PORTS_S = 0.1, 0.0005
"""Standard deviation of what a link takes, a share of its propagation on record, and beyond that
(assumed)."""

_JITTER_S = 0.0003
"""Standard deviation of what a probe takes on average over links that are known (assumed)."""

_SURE_S = LATE_S / 5
"""A way is known without having been taken where what it takes is known so well."""

_MOST_S = 0.05
"""What a probe is off by more counts as so much: it met something else."""

_MOST_LINKS = 3


class LateLinks:
    """Of all probes those over one link take longer, as far as they cross it, in two rounds.

    What probes take is compared with what they took since they last took another way; at first
    with what all of them told of the links on the new one, where that is enough. Probes that meet a
    queue tell nothing: its delay is none of a link. Where none crosses a link, it stays as it was.
    """

    name = "late_links"
    watches = (ProbeRound,)

    def __init__(self, belief: Belief, kept: Mapping[str, Any]) -> None:
        self._belief = belief
        index, links = belief.topology.node_index, belief.topology.links
        self._senders = np.array([index[node] for x in links for node in (x.a, x.b)], np.int64)
        self._rounds: dict[str, int] = {}
        self._since_s: dict[str, float] = {}
        self._key: tuple[object, ...] = ()
        self._usual_s, self._count = np.zeros(0), np.zeros(0, np.int64)
        self._unproven: BoolArray = np.zeros(0, np.bool_)
        self._shares = np.zeros((0, belief.topology.n_arcs))

    def _go(self, shares: FloatArray) -> None:
        """Probes take these ways now; those that take another way than before are learned anew."""
        if len(shares) != len(self._shares):
            self._usual_s, self._count = np.zeros(len(shares)), np.zeros(len(shares), np.int64)
            self._unproven = np.zeros(len(shares), np.bool_)
        else:
            moved = (np.abs(shares - self._shares) > _PART).any(axis=1)
            known = ~moved & (self._count >= _LEARNED_ROUNDS)
            moved_s, sure = self._foretold(self._shares[known], self._usual_s[known], shares[moved])
            self._usual_s[moved] = moved_s
            self._count[moved] = np.where(sure, _LEARNED_ROUNDS, 0)
            self._unproven[moved] = sure
        self._shares = shares

    def _foretold(
        self, known: FloatArray, known_s: FloatArray, ways: FloatArray
    ) -> tuple[FloatArray, BoolArray]:
        """What probes on `ways` (p, n_arcs) take, by what those on `known` ways do, and whether
        that is sure: linear regression on links, with lengths on record as the prior.
        """
        recorded_s = np.array([x.propagation_s for x in self._belief.topology.links])
        variance = (_LENGTHS_OFF * recorded_s) ** 2 + _PORTS_S**2
        # Flows are hashed, not split evenly: what half goes a way goes it whole, or not.
        whole = _is_whole(known)
        over, target = _over(known[whole]), _over(ways)
        spread = variance[:, None] * over.T
        seen = over @ spread + _JITTER_S**2 * np.eye(len(over))
        gain = np.linalg.solve(seen, spread.T).T
        link_s = recorded_s + gain @ (known_s[whole] - over @ recorded_s)
        left = np.diag(variance) - gain @ spread.T
        off_s = np.sqrt(np.maximum(np.einsum("pi,ij,pj->p", target, left, target), 0.0))
        return target @ link_s, _is_whole(ways) & (off_s < _SURE_S)

    def look(self, evidence: ProbeRound) -> None:
        """Judge every link that probes cross."""
        belief = self._belief
        down = belief.down_links - belief.flapping
        key = (belief.steady_s, down, belief.running, len(evidence.paths))
        if key != self._key:
            self._key = key
            compiled = compile_topology(belief.topology)
            weights = arc_weights(belief.topology, belief.running, down)
            self._go(probe_shares(compiled, route(compiled, weights), evidence.paths))
        # A round is of the half minute before it.
        if evidence.received_s - 2 * _ROUND_S < belief.steady_s:
            return
        over = _over(self._shares)
        queues = belief.queues()
        queued = (self._shares[:, queues] > 0).any(axis=1)
        if queues.any():
            # Traffic that moved fills egresses, and not all of them are read.
            queued |= self._unproven
        if belief.flapping:
            queued |= belief.moved_by_flaps().probes
        delay_s = np.where(queued, np.nan, evidence.delay_s)
        known = np.array([x.late_s for x in belief.topology.links])
        more_s = np.where(self._count >= _LEARNED_ROUNDS, delay_s - self._usual_s, np.nan)
        located = _located(more_s, self._shares, self._senders)
        # Where traffic takes another way, probes do so too, and it is longer.
        left: BoolArray = np.asarray(belief.emptied().reshape(-1, 2).any(axis=1))
        found = {i: added_s for i, added_s in located.items() if i < len(left) and not left[i]}
        crossed: BoolArray = np.asarray((over[np.isfinite(more_s)] > _CROSSES).any(axis=0))
        self._judge(found, crossed, evidence.received_s)
        if not located:
            self._learn(delay_s - over @ known)

    def _judge(self, found: Mapping[int, float], crossed: BoolArray, now_s: float) -> None:
        belief = self._belief
        for i, link in enumerate(belief.topology.links):
            if i in found:
                self._rounds[link.id] = self._rounds.get(link.id, 0) + 1
                if self._rounds[link.id] >= ROUNDS_TO_ALARM:
                    self._since_s.setdefault(link.id, now_s)
                    belief.links.delay(link.id, found[i], belief.now_s)
                    belief.book.raise_alarm(Alarm("late_link", link.id, now_s, found[i]))
            elif crossed[i] or link.late_s == 0.0 or self._is_young(link.id, now_s):
                self._rounds.pop(link.id, None)
                self._since_s.pop(link.id, None)
                if link.late_s > 0.0:
                    belief.links.delay(link.id, 0.0, belief.now_s)
                belief.book.clear("late_link", link.id)

    def _is_young(self, link: str, now_s: float) -> bool:
        """Whether it was found so lately that what its probes met may have been a queue: counters
        tell of that a minute later, and no probe tells anything any more then.
        """
        return now_s - self._since_s.get(link, -math.inf) < _YOUNG_S

    def _learn(self, delay_s: FloatArray) -> None:
        seen = np.isfinite(delay_s)
        self._count[seen] = np.minimum(self._count[seen] + 1, _MEMORY_ROUNDS)
        self._unproven &= self._count < 2 * _LEARNED_ROUNDS
        self._usual_s[seen] += (delay_s[seen] - self._usual_s[seen]) / self._count[seen]

    def dump(self) -> dict[str, Any]:
        """Nothing: what probes take is learned again."""
        return {}


def _over(shares: FloatArray) -> FloatArray:
    """(p, n_links) of (p, n_arcs): how much of each probe crosses each link."""
    return shares[:, 0::2] + shares[:, 1::2]


def _is_whole(shares: FloatArray) -> BoolArray:
    """(p,) whether each probe, (p, n_arcs), takes one way."""
    return np.asarray(((shares < _PART) | (shares > 1.0 - _PART)).all(axis=1))


def _located(more_s: FloatArray, shares: FloatArray, senders: IntArray) -> dict[int, float]:
    """The links that explain `more_s` (p,), each with what it adds; `shares`: (p, n_arcs).

    Behind the links, by number, the routers: one that is late is so on the way out, over whichever
    link. `senders`: (n_arcs,) their numbers.
    """
    seen = np.isfinite(more_s)
    left, shares = more_s[seen].copy(), shares[seen]
    out = np.zeros((int(senders.max(initial=-1)) + 1, len(left)))
    np.add.at(out, senders, shares.T)
    over = np.hstack([_over(shares), out.T])
    links = shares.shape[1] // 2
    found: dict[int, float] = {}
    while len(found) < _MOST_LINKS:
        off_s = np.minimum(np.abs(left), _MOST_S).sum()
        gains: dict[int, tuple[float, float]] = {}
        for i in np.flatnonzero((over > _CROSSES)[left > LATE_S * _CROSSES].any(axis=0)).tolist():
            rows = over[:, i] > _CROSSES
            added_s = float(np.median(left[rows] / over[rows, i]))
            if i < links and not _is_late_both_ways(left, shares[:, 2 * i : 2 * i + 2]):
                continue
            rest_s = np.minimum(np.abs(left - over[:, i] * added_s), _MOST_S).sum()
            # What explains a little of it already is a better word than a link that is not late.
            least_s = LATE_S if i < links else LATE_S / 2
            if added_s > least_s and off_s - rest_s > LATE_S * _CROSSES:
                gains[i] = (float(off_s - rest_s), added_s)
        if not gains:
            break
        best = max(gains, key=lambda i: gains[i])
        found[best] = gains[best][1]
        # Flows are hashed, not split evenly: a probe that half crosses it tells of nothing else.
        whole = (over[:, best] < _PART) | (over[:, best] > 1.0 - _PART)
        left = (left - over[:, best] * gains[best][1])[whole]
        over, shares = over[whole], shares[whole]
    return found


def _is_late_both_ways(left_s: FloatArray, ways: FloatArray) -> bool:
    """Whether probes one way, (p, 2) shares, are late as well as those the other way, if any."""
    crossing = (rows for rows in (ways > _CROSSES).T if rows.any())
    return all(float(np.median(left_s[rows])) > LATE_S * _CROSSES for rows in crossing)
