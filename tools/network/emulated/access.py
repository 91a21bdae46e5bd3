"""Who logs in to devices, and who reaches how many others: on healthy days, and before a breach.

All figures are assumed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tools.network.emulated.case_truth import CaseTruth
from tools.network.emulated.randomness import stream, unit
from tools.network.emulated.wiring import FloatArray
from twin.nouns.topology import Topology

PER_HOUR = 1.0
"""A device is logged in to so often: to keep its configuration, by operators, by scripts."""

FAILS = 0.05
"""So many of these fail: a mistyped password."""

AWAY = 0.02
"""So many come from elsewhere than the management network: somebody travels."""

MACHINES = "192.0.2.5"
"""Whoever configures devices by NETCONF does it from here."""

STATIONS = ("192.0.2.10", "192.0.2.11", "192.0.2.20", "192.0.2.30")
"""The management network (addresses as of RFC 5737)."""

LEAD_S = (60.0, 300.0)
"""Whoever changes something has logged in so long before."""

BREACH_S, MOST_TRIES = 900.0, 30
"""Whoever breaks in has tried up to so many passwords within a quarter of an hour before the
change: x to the power of a uniform number, so that two in five breaches have fewer than three."""

FROM_INSIDE = 0.2
"""So many breaches come by way of the management network."""

FAN_OUT, FAN_OUT_SIGMA, ROUND_SIGMA = 300.0, 0.7, 0.2
"""Of all addresses behind a node, the one that reaches most reaches so many others in a round of
flow records; by node, and from round to round."""

MONITORING = 4000.0
"""Behind one node in ten a monitoring system does, which reaches so many."""

SCAN = (1_000.0, 60_000.0)
"""A scan from a device that was broken into reaches so many in a round (log-uniform), for a quarter
of an hour."""


@dataclass(frozen=True, slots=True)
class LogIn:
    """Somebody logs in to `node`, or tries to."""

    time_s: float
    node: str
    user: str
    address: str
    ok: bool


class Access:
    """A function of time and seed, and of what the case does to configurations."""

    def __init__(self, truth: CaseTruth, topology: Topology, seed: int, starts_s: float) -> None:
        nodes = tuple(node.id for node in topology.nodes)
        self._nodes, self._seed = nodes, seed
        self._breaches = [
            (starts_s + event.at_s, event.fault.node)
            for event in truth.events
            if event.fault.kind == "access_breach"
        ]
        announced = (
            (starts_s + at_s, node)
            for work in truth.planned_actions
            for at_s in (work.at_s, work.until_s)
            for node in (topology.link(work.link).a, topology.link(work.link).b)
        )
        unannounced = (
            (starts_s + event.at_s, node)
            for event in truth.events
            if event.fault.kind != "access_breach"
            for node in event.fault.configured_nodes
        )
        own = [
            *self._of_breaches(),
            *(self._before_change(*change, "maintenance") for change in announced),
            *(self._before_change(*change, "ops4") for change in unannounced),
        ]
        self._own = sorted(own, key=lambda one: (one.time_s, one.node))
        numbers = stream(seed, "fan out")
        self._fan_out = FAN_OUT * np.exp(FAN_OUT_SIGMA * numbers.standard_normal(len(nodes)))
        monitoring = numbers.random(len(nodes)) < 0.1
        self._fan_out = np.where(monitoring, MONITORING, self._fan_out)

    def log_ins(self, tick: int, from_s: float, until_s: float) -> list[LogIn]:
        """Those of a tick, in order of time."""
        numbers = stream(self._seed, "log-ins", tick)
        mean = PER_HOUR * len(self._nodes) * (until_s - from_s) / 3600.0
        found = []
        for _ in range(int(numbers.poisson(mean))):
            time_s = from_s + (until_s - from_s) * float(numbers.random())
            node = self._nodes[int(numbers.integers(len(self._nodes)))]
            address = STATIONS[int(numbers.integers(len(STATIONS)))]
            if numbers.random() < AWAY:
                address = f"198.51.100.{int(numbers.integers(1, 250))}"
            user = f"ops{int(numbers.integers(1, 8))}"
            found.append(LogIn(time_s, node, user, address, bool(numbers.random() >= FAILS)))
        found += [one for one in self._own if from_s <= one.time_s < until_s]
        return sorted(found, key=lambda one: one.time_s)

    def _before_change(self, time_s: float, node: str, user: str) -> LogIn:
        """The log-in of whoever means well and commits at `time_s`."""
        least, most = LEAD_S
        before_s = least + (most - least) * unit(self._seed, "lead", node, repr(time_s))
        station = int(len(STATIONS) * unit(self._seed, "station", node, repr(time_s)))
        return LogIn(time_s - before_s, node, user, STATIONS[station], ok=True)

    def fan_out(self, tick: int, from_s: float, until_s: float) -> FloatArray:
        """(n,) how many others the address behind each node reaches that reaches most."""
        noise = stream(self._seed, "fan out", tick).standard_normal(len(self._nodes))
        found: FloatArray = self._fan_out * np.exp(ROUND_SIGMA * noise)
        for number, (at_s, node) in enumerate(self._breaches):
            overlap_s = min(until_s, at_s) - max(from_s, at_s - BREACH_S)
            if overlap_s > 0.0:
                least, most = SCAN
                scan = least * (most / least) ** unit(self._seed, "scan", number)
                i = self._nodes.index(node)
                found[i] = max(found[i], scan * overlap_s / (until_s - from_s))
        return np.floor(found)

    def _of_breaches(self) -> Iterator[LogIn]:
        for number, (at_s, node) in enumerate(self._breaches):
            numbers = stream(self._seed, "breach", number)
            address = f"203.0.113.{int(numbers.integers(1, 250))}"
            if numbers.random() < FROM_INSIDE:
                address = STATIONS[int(numbers.integers(len(STATIONS)))]
            user = f"ops{int(numbers.integers(1, 8))}"
            tries = int(MOST_TRIES ** float(numbers.random())) - 1
            times_s = np.sort(at_s - BREACH_S + (BREACH_S - LEAD_S[0]) * numbers.random(tries + 1))
            for i, time_s in enumerate(times_s.tolist()):
                yield LogIn(time_s, node, user, address, ok=i == tries)
