"""How far the clock of each device is off, from when its records are stamped and when they come.

What a device sent takes time to come, never less than none. All counters of one round come the same
way: a device whose counters seem to take much longer than those of the others has a clock that is
behind, and one whose counters come before they were read has one that is ahead. Events may have
stamps of their own (a syslog relay, another time zone), and may wait in a spool for minutes.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from twin.nouns.telemetry import AdjacencyEvent, ConfigurationEvent, LogInEvent, SyslogLine
from twin.nouns.telemetry_fault import TelemetryFaultKind
from twin.tracking.telemetry_faults import TelemetryFaults

LATE_S = 900.0
"""Transport explains no more: relays and collectors that were cut off pass on what they have within
minutes, and what is older is taken to be stamped wrongly (assumed)."""

USUAL_S = 120.0
"""Most that comes takes no longer; an event that does tells that its clock is right."""

_OFF_S = 20.0
"""A clock that is off by less does no harm: the windows of both ends of a link overlap by most of
half a minute, and devices are read one after the other within a round."""

_AHEAD_S = 1.0
"""A record that comes so much before it was written has a stamp that is ahead."""

_STEADY_S = 5.0
"""An offset that is known is corrected only by more than this, or it would make rates uneven."""

_REPORTS = 32

_POLLS = 5
_SURE = 3
_FEWEST = 3
"""Of so many devices the one in the middle shows how long transport takes."""


class _Report(NamedTuple):
    """What a device said of an adjacency, and when by its own clock."""

    time_s: float
    link: str
    up: bool


@dataclass(slots=True)
class _Clock:
    """`behind_s`: by how much it is behind, negative ahead. `delays`: of its counters, the last.

    `counted`, `stamped_s`: by its newest counters. `coarse_until_s`: until then its stamps do not
    tell one reading from the next. `last`: when its last counters were stamped, put right, and
    received. `events_behind_s`: that of the stamps of events, where they are off and those of
    counters are not; first shown by `odd_stamp_s`. `reports`: of adjacencies, the last as they were
    stamped.
    """

    behind_s: float = 0.0
    since_s: float = 0.0
    delays: deque[float] = field(default_factory=lambda: deque(maxlen=_POLLS))
    stamped_s: float = -float("inf")
    counted: float = 0.0
    coarse_until_s: float = -float("inf")
    last: tuple[float, float] = (-float("inf"), -float("inf"))
    events_behind_s: float = 0.0
    odd_stamp_s: float = float("nan")
    reports: deque[_Report] = field(default_factory=lambda: deque(maxlen=_REPORTS))


@dataclass(frozen=True, slots=True)
class Stamped:
    """Counters as they came: `counted`: the sum of all, NaN where some were not read."""

    node: str
    time_s: float
    received_s: float
    counted: float


class Clocks:
    """The offset of every clock, found, corrected and noted; it grows with the devices."""

    def __init__(
        self,
        nodes: Iterable[str],
        faults: TelemetryFaults,
        kept: Mapping[str, Mapping[str, float]] | None = None,
    ) -> None:
        """`kept`: what `dump` wrote."""
        self._clocks = {node: _Clock() for node in nodes}
        self.faults = faults
        self._put_right: set[str] = set()
        self.transport_s = 0.0
        for node, one in (kept or {}).items():
            if node in self._clocks:
                self._clocks[node].behind_s = one.get("behind_s", 0.0)
                self._clocks[node].events_behind_s = one.get("events_behind_s", 0.0)
                self._clocks[node].since_s = one.get("since_s", 0.0)

    def put_right(self) -> set[str]:
        """Devices whose offset was found to be another one since this was asked last: what was read
        before and what is read after are not of one clock.
        """
        found, self._put_right = self._put_right, set()
        return found

    def hear(self, stamped: Iterable[Stamped]) -> None:
        """Learn from the counters of one poll, before any of them is taken."""
        newest: dict[str, Stamped] = {}
        for one in stamped:
            known = newest.get(one.node)
            if known is None or _delay(one) <= _delay(known):
                newest[one.node] = one
        delays = [_delay(one) for one in newest.values()]
        if len(delays) >= _FEWEST:
            middle = median(delays)
            self.transport_s = middle if 0.0 <= middle <= LATE_S else 0.0
        for node, one in newest.items():
            self._learn(self._clocks[node], one)

    def _learn(self, clock: _Clock, one: Stamped) -> None:
        if one.counted > clock.counted and one.time_s == clock.stamped_s:
            clock.coarse_until_s = one.received_s + LATE_S
        late_s = _delay(one) - self.transport_s
        before_s = clock.behind_s
        if late_s > before_s + _OFF_S:
            if not clock.delays or clock.delays[-1] <= before_s + _OFF_S:
                clock.since_s = one.received_s
            # Counters that went on, under a stamp that did not: nothing was held up.
            if one.counted > clock.counted and one.time_s <= clock.stamped_s:
                clock.delays.clear()
                clock.delays.extend([late_s] * _SURE)
        clock.delays.append(late_s)
        lately = list(clock.delays)[-_SURE:]
        if len(lately) == _SURE and min(lately) > before_s + _OFF_S:
            clock.delays = deque(lately, maxlen=_POLLS)
            clock.behind_s = self._offset(min(lately))
        else:
            least_s = min(clock.delays)
            falls = least_s < before_s - _STEADY_S
            grows = before_s != 0.0 and least_s > before_s + _STEADY_S
            if (falls or grows) and self._offset(least_s) != before_s:
                if before_s == 0.0:
                    clock.since_s = one.received_s
                clock.behind_s = self._offset(least_s)
        if clock.behind_s != before_s:
            self._put_right.add(one.node)
        if one.counted == one.counted:  # not NaN
            clock.stamped_s, clock.counted = one.time_s, one.counted
        self._note(one.node, clock, one.received_s)

    def _offset(self, late_s: float) -> float:
        """0 where reading and transport explain it."""
        is_ahead = late_s + self.transport_s < -_AHEAD_S
        return late_s if is_ahead or late_s > _OFF_S else 0.0

    def _note(self, node: str, clock: _Clock, now_s: float) -> None:
        behind_s = clock.behind_s or clock.events_behind_s
        if now_s < clock.coarse_until_s:
            self.faults.note(node, TelemetryFaultKind.STAMPS, now_s)
        if abs(behind_s) > _OFF_S:
            self.faults.note(
                node, TelemetryFaultKind.CLOCK, now_s, since_s=clock.since_s, amount=-behind_s
            )
        else:
            self.faults.clear(node, TelemetryFaultKind.CLOCK)

    def of_counters(self, node: str, time_s: float, received_s: float) -> float | None:
        """When counters were read, by our clock; None where that cannot be told."""
        clock = self._clocks[node]
        behind_s = clock.behind_s
        if received_s < clock.coarse_until_s:
            return None
        if not -_STEADY_S - LATE_S <= received_s - time_s - behind_s <= self.transport_s + LATE_S:
            return None
        read_s = time_s if behind_s == 0.0 else time_s + behind_s
        read_s = min(read_s, received_s)
        before_s, before_received_s = clock.last
        is_late = received_s - read_s - self.transport_s > _OFF_S
        if is_late and 0.0 < read_s - before_s < 0.5 * (received_s - before_received_s):
            # Held up, or by a clock that has jumped: the next ones will tell.
            return None
        clock.last = read_s, received_s
        return read_s

    def of_event(
        self, event: AdjacencyEvent | ConfigurationEvent | LogInEvent | SyslogLine
    ) -> float:
        """When an event happened, by our clock: when it was received, if its stamp cannot be.

        That something is over is believed of such a stamp only once the clock is known to be off: a
        report of long ago that is sent again must not hide what has come since. What is word for
        word an old report is one.
        """
        clock, time_s, received_s = self._clocks[event.node], event.time_s, event.received_s
        delay_s = received_s - time_s
        if clock.behind_s and -_AHEAD_S <= delay_s - clock.behind_s <= LATE_S:
            return min(time_s + clock.behind_s, received_s)
        report = _report(event)
        if -_AHEAD_S <= delay_s <= USUAL_S:
            if report is not None:
                clock.reports.append(report)
            if clock.events_behind_s:
                clock.events_behind_s = 0.0
                self._note(event.node, clock, received_s)
            return min(time_s, received_s)
        is_known = (
            clock.events_behind_s != 0.0
            and time_s != clock.odd_stamp_s
            and abs(delay_s - clock.events_behind_s) <= USUAL_S
        )
        is_possible = -_AHEAD_S <= delay_s <= LATE_S
        if report in clock.reports or (is_possible and not is_known):
            return min(time_s, received_s)
        if not clock.behind_s and not clock.events_behind_s:
            clock.since_s = received_s
        if not is_known:
            clock.events_behind_s, clock.odd_stamp_s = delay_s, time_s
        self._note(event.node, clock, received_s)
        if report is not None:
            if not is_known and report.up:
                return min(time_s, received_s)
            clock.reports.append(report)
        return received_s

    def latest_s(self, event: AdjacencyEvent | ConfigurationEvent) -> float:
        """When an event, whose stamp was put right, happened at the latest."""
        took_s = event.received_s - event.time_s
        held_up = self.transport_s + USUAL_S < took_s <= LATE_S
        return event.received_s if held_up else event.time_s

    def still(self, now_s: float) -> None:
        """Events are rare: a clock that they showed to be off is, until one of them is right."""
        for node, clock in self._clocks.items():
            if clock.events_behind_s:
                self._note(node, clock, now_s)

    def dump(self) -> dict[str, dict[str, float]]:
        """Those that are off; the constructor takes it back."""
        return {
            node: {
                "behind_s": c.behind_s,
                "events_behind_s": c.events_behind_s,
                "since_s": c.since_s,
            }
            for node, c in self._clocks.items()
            if c.behind_s or c.events_behind_s
        }


def _delay(one: Stamped) -> float:
    return one.received_s - one.time_s


def _report(event: AdjacencyEvent | ConfigurationEvent | LogInEvent | SyslogLine) -> _Report | None:
    if not isinstance(event, AdjacencyEvent):
        return None
    return _Report(event.time_s, event.link, event.up)
