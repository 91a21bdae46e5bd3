"""What customers felt, as far as probes show it."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

import numpy as np

from twin.nouns.inventory import Inventory
from twin.nouns.service import UNAVAILABLE_LOSS, Service
from twin.nouns.telemetry import FloatArray, ProbeRound

_ROUNDS = 3

_ONE_PACKET = 0.01
"""The share that one lost packet of a round of a hundred makes."""

_JOINED_S = 1.0
"""Between rounds that follow on each other there is rounding."""

_KEPT_S = 7 * 86_400.0
"""Breaches are kept for a week: an incident is waited for, for a day at most."""


@dataclass(frozen=True, slots=True)
class BreachSpan:
    """The same services were outside their objective for `duration_s` seconds, up to `time_s`."""

    time_s: float
    duration_s: float
    services: frozenset[str]

    @property
    def from_s(self) -> float:
        """When it began."""
        return self.time_s - self.duration_s


class ServiceWatch:
    """Which services were in breach, probe round by probe round.

    A round is a hundred packets, too few for a bound of half a percent, so the last three count.
    """

    def __init__(
        self, inventory: Inventory, kept: Mapping[str, Any] | Sequence[Mapping[str, Any]] = ()
    ) -> None:
        """`kept`: the spans that `dump` gave, of this or of an earlier version."""
        index = {(p.source, p.target, p.traffic_class): i for i, p in enumerate(inventory.probes)}
        self._services = [
            (
                service,
                [
                    index[(a, b, service.traffic_class)]
                    for a, b in service.pairs
                    if (a, b, service.traffic_class) in index
                ],
            )
            for service in inventory.services
        ]
        self._recent: deque[ProbeRound] = deque(maxlen=_ROUNDS)
        self._delay_s = np.full(len(inventory.probes), np.nan)
        self._last_s = float("nan")
        self._sets: dict[frozenset[str], frozenset[str]] = {}
        self.spans = deque(_spans(kept))
        self.in_breach_now: frozenset[str] = frozenset()

    def update(self, record: ProbeRound) -> None:
        """Take one round. A service that no probe reports of stays as it was, and loses nothing."""
        self._recent.append(record)
        loss = self._pooled_loss().tolist()
        measured = np.any([np.isfinite(r.sent) for r in self._recent], axis=0)
        self._delay_s = np.where(np.isfinite(record.delay_s), record.delay_s, self._delay_s)
        delay_s = self._delay_s.tolist()
        duration = record.received_s - self._last_s if np.isfinite(self._last_s) else 30.0
        self._last_s = record.received_s
        breached = frozenset(
            s.id
            for s, rows in self._services
            if _in_breach(s, [row for row in rows if measured[row]], loss, delay_s)
        )
        unread = (s.id for s, rows in self._services if not measured[rows].all())
        self.in_breach_now = breached | self.in_breach_now.intersection(unread)
        if breached:
            self._add(BreachSpan(record.received_s, min(duration, 120.0), breached))

    def _add(self, span: BreachSpan) -> None:
        last = self.spans[-1] if self.spans else None
        if last and last.services == span.services and last.time_s >= span.from_s - _JOINED_S:
            # A breach that goes on for days is one span, not one for every round.
            longer_s = last.duration_s + span.duration_s
            self.spans[-1] = replace(last, time_s=span.time_s, duration_s=longer_s)
        else:
            # Where one service comes and goes, the same few sets come up thousands of times.
            same = self._sets.setdefault(span.services, span.services)
            self.spans.append(replace(span, services=same))
        while self.spans[0].time_s < span.time_s - _KEPT_S:
            self.spans.popleft()
        if len(self._sets) > len(self.spans):
            self._sets = {s.services: s.services for s in self.spans}

    def dump(self) -> dict[str, Any]:
        """The spans, JSON-able; the constructor takes them back."""
        numbers: dict[frozenset[str], int] = {}
        spans = [
            [s.time_s, s.duration_s, numbers.setdefault(s.services, len(numbers))]
            for s in self.spans
        ]
        return {"sets": [sorted(services) for services in numbers], "spans": spans}

    def minutes_lost(self, from_s: float, until_s: float) -> dict[str, float]:
        """Minutes in breach per service between the two times, of the services that have any."""
        lost: dict[str, float] = {}
        for span in reversed(self.spans):
            if span.time_s <= from_s:
                break
            minutes = (min(span.time_s, until_s) - max(span.from_s, from_s)) / 60
            if minutes > 0:
                for service in span.services:
                    lost[service] = lost.get(service, 0.0) + minutes
        return lost

    @property
    def judged_s(self) -> float:
        """When the last probe round came, infinity before the first."""
        return self._last_s if np.isfinite(self._last_s) else float("inf")

    def remembers(self, from_s: float) -> bool:
        """Whether every breach since then is kept."""
        return not self.spans or from_s >= self.spans[-1].time_s - _KEPT_S

    def breached_between(self, from_s: float, until_s: float) -> frozenset[str]:
        """Services that were in breach at any time between the two."""
        recent = takewhile(lambda s: s.time_s >= from_s, reversed(self.spans))
        return frozenset[str]().union(*(s.services for s in recent if s.from_s < until_s))

    def _pooled_loss(self) -> FloatArray:
        """(n_probes,) over the last rounds; 0 where no probe reported."""
        sent = np.nansum([r.sent for r in self._recent], axis=0)
        lost = np.nansum([r.lost for r in self._recent], axis=0)
        return np.asarray(np.divide(lost, sent, out=np.zeros_like(sent), where=sent > 0))


def _in_breach(service: Service, rows: list[int], loss: list[float], delay_s: list[float]) -> bool:
    bound = service.objective
    limit = UNAVAILABLE_LOSS if bound.loss is None else bound.loss
    for row in rows:
        if loss[row] > limit + _ONE_PACKET / _ROUNDS:
            return True
        if bound.delay_s is not None and delay_s[row] > bound.delay_s:
            return True
    return False


def _spans(kept: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Iterator[BreachSpan]:
    """What `dump` gave; an earlier version named the services with every span."""
    if not isinstance(kept, Mapping):
        for span in kept:
            yield BreachSpan(span["time_s"], span["duration_s"], frozenset(span["services"]))
        return
    sets = [frozenset(services) for services in kept["sets"]]
    for time_s, duration_s, number in kept["spans"]:
        # What was not finite is not there any more.
        if time_s is not None and duration_s is not None:
            yield BreachSpan(time_s, duration_s, sets[number])
