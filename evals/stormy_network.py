"""An emulated network in whose telemetry a storm rages: almost nothing of it says anything new.

The real faults, and what the network reports of them, are underneath and untouched.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tools.network.emulated.network import EmulatedNetwork
from tools.network.emulated.network_file import NetworkFile
from twin.nouns.telemetry import AdjacencyEvent, ConfigurationEvent, SyslogLine, Telemetry
from twin.nouns.untrusted import UntrustedText

Event = AdjacencyEvent | ConfigurationEvent | SyslogLine

_REPEATED, _HISTORY, _BABBLE = 0.55, 0.25, 0.15
"""Shares of the storm: what was reported, again; adjacencies that came up long ago, from every end
of every link; ever new log lines of one node. The rest names what does not exist."""

_HISTORY_S = 86_400.0
_FLAP_AFTER_S = 5.0
_FLAP_STEP_S = 1.0


@dataclass(frozen=True, slots=True)
class Storm:
    """`events` of them between `starts_s` and `duration_s` later, the same for the same `seed`.

    `flapping`: a link that is lost and comes back `flaps` times in the first seconds, "" for none.
    """

    starts_s: float
    duration_s: float = 60.0
    events: int = 100_000
    flapping: str = ""
    flaps: int = 3
    seed: int = 1

    def until(self, time_s: float) -> int:
        """How many of the events have arrived by `time_s`."""
        share = (time_s - self.starts_s) / self.duration_s
        return round(self.events * min(max(share, 0.0), 1.0))


class StormyNetwork(EmulatedNetwork):
    """The network in `file`, whose `poll` delivers the storm besides.

    `delivered`: everything that every poll gave, for whoever counts.
    """

    def __init__(self, file: NetworkFile, storm: Storm) -> None:
        super().__init__(file)
        self.delivered: list[Sequence[Telemetry]] = []
        self._storm = storm
        self._numbers = np.random.default_rng([storm.seed, 100])
        self._heard: list[Event] = []
        self._last_s = self.now_s()
        topology = self.inventory().topology
        self._nodes = [n.id for n in topology.nodes]
        self._ends = [(node, x.id) for x in topology.links for node in (x.a, x.b)]

    def poll(self, after_s: float | None = None) -> Sequence[Telemetry]:
        """What arrived since the last call, real or not, in order of arrival."""
        now_s, before_s = self.now_s(), self._last_s
        news = [record for record in super().poll(after_s) if record.received_s > before_s]
        real = [*news, *self._flapping(before_s, now_s)]
        self._heard += [r for r in real if isinstance(r, Event)]
        count = self._storm.until(now_s) - self._storm.until(before_s)
        from_s = max(before_s, self._storm.starts_s)
        storm = [self._one(float(u), from_s, now_s) for u in self._numbers.random(count)]
        self._last_s = now_s
        found = sorted([*real, *storm], key=_received)
        self.delivered.append(found)
        return found

    def _flapping(self, after_s: float, until_s: float) -> list[AdjacencyEvent]:
        """Both ends of the flapping link report every loss and every return."""
        ends = [end for end in self._ends if end[1] == self._storm.flapping]
        found = []
        for step in range(2 * self._storm.flaps):
            time_s = self._storm.starts_s + _FLAP_AFTER_S + _FLAP_STEP_S * step
            up = step % 2 == 1
            found += [AdjacencyEvent(time_s + 0.5, time_s, node, link, up) for node, link in ends]
        return [e for e in found if after_s < e.received_s <= until_s]

    def _one(self, draw: float, from_s: float, until_s: float) -> Event:
        received_s = float(self._numbers.uniform(from_s, until_s))
        if draw < _REPEATED and self._heard:
            again = self._heard[int(self._numbers.integers(len(self._heard)))]
            return replace(again, received_s=max(received_s, again.received_s))
        if draw < _REPEATED + _HISTORY:
            node, link = self._ends[int(self._numbers.integers(len(self._ends)))]
            long_ago_s = self._storm.starts_s - _HISTORY_S
            return AdjacencyEvent(received_s, long_ago_s, node, link, True)
        number = int(self._numbers.integers(10**9))
        if draw < _REPEATED + _HISTORY + _BABBLE:
            text = UntrustedText(f"%SYS-3-CPUHOG: task {number} ran for too long")
            return SyslogLine(received_s, received_s, self._nodes[0], text)
        return self._nowhere(received_s, number)

    def _nowhere(self, received_s: float, number: int) -> Event:
        """A link that no node has, a node that nobody has, or a commit on one."""
        if number % 3 == 0:
            return AdjacencyEvent(received_s, received_s, self._nodes[1], f"L{number}", False)
        if number % 3 == 1:
            return AdjacencyEvent(received_s, received_s, f"R{number}", self._ends[0][1], False)
        nobody = UntrustedText("nobody")
        return ConfigurationEvent(received_s, received_s, f"R{number}", nobody, nobody)


def _received(record: Telemetry) -> float:
    return record.received_s
