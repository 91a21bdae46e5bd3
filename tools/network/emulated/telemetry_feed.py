"""What happened, as it reaches us: late, twice, out of order, with gaps, or not at all."""

import heapq
from dataclasses import dataclass

import numpy as np

from tools.network.emulated import syslog
from tools.network.emulated.access import LogIn
from tools.network.emulated.hidden import counted, sampled
from tools.network.emulated.mismatch import Mismatch
from tools.network.emulated.randomness import stream, unit
from tools.network.emulated.wiring import BoolArray, FloatArray, IntArray, Wiring
from twin.nouns.inventory import ProbePath
from twin.nouns.telemetry import (
    AdjacencyEvent,
    ConfigurationEvent,
    FlowRound,
    InterfaceCounters,
    LogInEvent,
    ProbeRound,
    SyslogLine,
    Telemetry,
)
from twin.nouns.topology import Topology
from twin.nouns.untrusted import UntrustedText

LATEST_S = 110.0
"""Nothing is received later than this after it happened."""


@dataclass(eq=False)
class Counters:
    """Cumulative bytes at one moment, and how fast they grow.

    `sent`, `dropped`: (3, n_arcs); `received`: (n_arcs,); the `_rate` fields are their byte/s.
    """

    sent: FloatArray
    dropped: FloatArray
    received: FloatArray
    sent_rate: FloatArray
    dropped_rate: FloatArray
    received_rate: FloatArray


@dataclass(eq=False)
class _Round:
    """A polling round under way: when each device is read, and when the collector passes it on.

    `left`: devices that are still to be read; who does not answer is none of them.
    """

    device_s: FloatArray
    left: BoolArray
    received_s: float


class TelemetryFeed:
    """Turns events and rates into telemetry, and hands it out in order of arrival.

    `dark`: (n,) routers that are down now, of which nothing comes.
    """

    def __init__(
        self,
        topology: Topology,
        wiring: Wiring,
        level: Mismatch,
        seed: int,
        probes: tuple[ProbePath, ...],
    ) -> None:
        self._topology = topology
        self._wiring = wiring
        self._level = level
        self._seed = seed
        self._probes = probes
        self._probe_source = np.array([topology.node_index[p.source] for p in probes], np.int64)
        self.dark = np.zeros(wiring.n_nodes, np.bool_)
        self._waiting: list[tuple[float, int, Telemetry]] = []
        self._count = 0
        self._round: _Round | None = None
        self._slot = {
            (node.id, link.id): i
            for node in topology.nodes
            for i, link in enumerate(topology.links_at(node.id))
        }
        self._links = [
            tuple(topology.links[arc // 2].id for arc in arcs) for arcs in wiring.out_arcs
        ]

    def take(self, now_s: float) -> list[Telemetry]:
        """What has arrived by `now_s` and was not taken before."""
        taken = []
        while self._waiting and self._waiting[0][0] <= now_s:
            taken.append(heapq.heappop(self._waiting)[2])
        return taken

    def forget_until(self, time_s: float) -> None:
        """Discard what was received at or before `time_s`: it was handed out before."""
        self.take(time_s)

    def begin_counters(self, tick: int, time_s: float) -> BoolArray:
        """Start the polling round of `tick`; which devices just cleared their counters, (n,)."""
        n = self._wiring.n_nodes
        numbers = stream(self._seed, "counters", tick)
        device_s = time_s + self._level.read_jitter_s * numbers.random(n)
        unread = numbers.random(n) < self._level.counter_gap
        cleared = numbers.random(n) < self._level.counter_reset
        received_s = float(device_s.max()) + 0.5 + numbers.random()
        self._round = _Round(device_s, ~unread, received_s)
        for device in np.flatnonzero(unread):
            self._pass_on_nothing(device)
        return cleared

    def read_counters(self, from_s: float, until_s: float, counters: Counters) -> None:
        """Read the devices whose turn is in [from_s, until_s); `counters` are those of `from_s`."""
        if self._round is None:
            return
        device_s = self._round.device_s
        ready = np.flatnonzero(self._round.left & (device_s >= from_s) & (device_s < until_s))
        # Whoever looks in between sees part of a span that is read again when it is over. Read once
        # and in the order of time, the records are the same however often somebody looks.
        self._round.left[ready] = False
        for device in ready[np.argsort(device_s[ready], kind="stable")]:
            since = device_s[device] - from_s
            out = self._wiring.out_arcs[device]
            into = self._wiring.reverse[out]
            if self.dark[device]:
                self._pass_on_nothing(device)
                continue
            received = counters.received[into] + counters.received_rate[into] * since
            self._pass_on(
                device,
                _bytes(counters.sent, counters.sent_rate, out, since),
                _bytes(counters.dropped, counters.dropped_rate, out, since),
                np.floor(received),
            )

    def _pass_on_nothing(self, device: np.intp) -> None:
        count = len(self._links[device])
        unknown = np.full((count, 3), np.nan)
        self._pass_on(device, unknown, unknown, np.full(count, np.nan))

    def _pass_on(
        self, device: np.intp, sent: FloatArray, dropped: FloatArray, received: FloatArray
    ) -> None:
        """The collector passes on what it read of a device when it has asked all of them."""
        assert self._round is not None
        record = InterfaceCounters(
            received_s=self._round.received_s,
            time_s=float(self._round.device_s[device]),
            node=self._topology.nodes[device].id,
            links=self._links[device],
            sent_bytes=sent,
            dropped_bytes=dropped,
            received_bytes=received,
        )
        self._put(record.received_s, record)

    def probe_round(self, tick: int, time_s: float, loss: FloatArray, delay_s: FloatArray) -> None:
        """The standing probes report on the tick before `time_s`: mean loss and delay."""
        if not self._probes:
            return
        numbers = stream(self._seed, "probes", tick)
        received_s = time_s + 0.5 + 2.0 * float(numbers.random())
        silent = self.dark[self._probe_source]
        found = self.measure(self._probes, received_s, loss, delay_s, silent, numbers)
        self._put(received_s, found)

    def measure(
        self,
        paths: tuple[ProbePath, ...],
        received_s: float,
        loss: FloatArray,
        delay_s: FloatArray,
        silent: BoolArray,
        numbers: np.random.Generator,
    ) -> ProbeRound:
        """A finite number of packets over `paths`, whose true loss and delay are given.

        `silent`: (n_paths,) those whose source is down.
        """
        n, packets = len(paths), self._level.probe_packets
        lost = numbers.binomial(packets, loss).astype(np.float64)
        noise = self._level.probe_noise_s * np.abs(numbers.standard_normal(n))
        silent = silent | (numbers.random(n) < self._level.probe_gap)
        arrived = (lost < packets) & np.isfinite(delay_s) & ~silent
        return ProbeRound(
            received_s=received_s,
            paths=paths,
            sent=np.where(silent, np.nan, float(packets)),
            lost=np.where(silent, np.nan, lost),
            delay_s=np.where(arrived, delay_s + noise, np.nan),
        )

    def flow_round(
        self,
        tick: int,
        from_s: float,
        until_s: float,
        rates_bps: FloatArray,
        flows: FloatArray,
        sources: FloatArray,
        fan_out: FloatArray,
    ) -> None:
        """Flow records of what entered: true rates (3, n, n), and how many flows and addresses,
        (n, n); `fan_out`: (n,).

        A flow is counted by its first packet, which is sampled like any other (Duffield, Lund and
        Thorup, SIGCOMM 2003); addresses are counted by a sketch (HyperLogLog, 2007).
        """
        numbers = stream(self._seed, "flows", tick)
        seen = sampled(rates_bps, until_s - from_s, self._level.flow_sampling, numbers).copy()
        silent = self.dark | (numbers.random(self._wiring.n_nodes) < self._level.exporter_silent)
        received_s = until_s + 5.0 + 15.0 * float(numbers.random())
        # Draws of their own, so that what else is drawn is what it was before there were counts.
        counting = stream(self._seed, "flow counts", tick)
        begun = counted(flows, self._level.flow_sampling, counting).copy()
        error = self._level.sources_error
        told = sources * np.exp(error * counting.standard_normal(sources.shape))
        record = FlowRound(received_s, from_s, until_s, seen, begun, told, fan_out)
        self._put(received_s, record.without(silent))

    def adjacency(
        self, time_s: float, link: int, end: int, epoch: int, reason: str, up: bool
    ) -> None:
        """One end reports that its adjacency changed."""
        found = self._topology.links[link]
        node = (found.a, found.b)[end]
        if self._is_lost(link, end, epoch):
            return
        for received_s in self._arrivals(time_s, "adjacency", link, end, epoch):
            self._put(received_s, AdjacencyEvent(received_s, time_s, node, found.id, up))
        interface = syslog.interface_name(self._slot[node, found.id])
        neighbour = syslog.router_address(self._topology.node_index[found.other_end(node)])
        lines = [syslog.adjacency_line(time_s, interface, neighbour, reason, up=up)]
        if reason == "interface down":
            lines.insert(0, syslog.link_line(time_s, interface, up=up))
        for i, line in enumerate(lines):
            self._log(time_s, node, line, "adjacency line", link, end, epoch, i)

    def configuration(
        self, time_s: float, node: str, change_id: str, user: str, number: int
    ) -> None:
        """A device reports a commit; `number` counts the changes of the network's configuration."""
        for received_s in self._arrivals(time_s, "commit", number):
            event = ConfigurationEvent(
                received_s, time_s, node, UntrustedText(change_id), UntrustedText(user)
            )
            self._put(received_s, event)
        line = syslog.commit_line(time_s, user, change_id, number)
        self._log(time_s, node, line, "commit line", number)

    def log_in(self, one: LogIn) -> None:
        """The server that is asked whether somebody may log in tells of it."""
        if self.dark[self._topology.node_index[one.node]]:
            return
        said = UntrustedText(one.user), UntrustedText(one.address)
        for received_s in self._arrivals(one.time_s, "log-in", one.node, repr(one.time_s)):
            self._put(received_s, LogInEvent(received_s, one.time_s, one.node, *said, one.ok))

    def benign_lines(self, tick: int, from_s: float, until_s: float) -> None:
        """Log lines that mean nothing."""
        mean = self._level.noise_lines_per_hour * self._wiring.n_nodes * (until_s - from_s) / 3600.0
        numbers = stream(self._seed, "benign", tick)
        for i in range(int(numbers.poisson(mean))):
            time_s = from_s + (until_s - from_s) * float(numbers.random())
            node = self._topology.nodes[int(numbers.integers(self._wiring.n_nodes))].id
            self._log(time_s, node, syslog.benign_line(time_s, numbers), "benign", tick, i)

    def _log(self, time_s: float, node: str, line: str, *purpose: str | int) -> None:
        if self.dark[self._topology.node_index[node]]:
            return
        received_s = time_s + 0.1 + 2.0 * unit(self._seed, "log", *purpose)
        self._put(received_s, SyslogLine(received_s, time_s, node, UntrustedText(line)))

    def _is_lost(self, link: int, end: int, epoch: int) -> bool:
        chance = self._level.event_loss
        if self._level.event_loss_both:
            return unit(self._seed, "lost", link, epoch, end) < chance
        # One draw for both ends, so that they are never lost together.
        draw = unit(self._seed, "lost", link, epoch)
        return draw < chance if end == 0 else draw > 1.0 - chance

    def _arrivals(self, time_s: float, *purpose: str | int) -> list[float]:
        numbers = stream(self._seed, "arrival", *purpose)
        copies = 2 if numbers.random() < self._level.event_duplicate else 1
        arrivals = []
        for _ in range(copies):
            delay = 0.2 + min(float(numbers.exponential(0.8)), 10.0)
            if numbers.random() < self._level.event_late:
                delay += 5.0 + 40.0 * float(numbers.random())
            arrivals.append(time_s + delay)
        return arrivals

    def _put(self, received_s: float, item: Telemetry) -> None:
        self._count += 1
        heapq.heappush(self._waiting, (received_s, self._count, item))


def _bytes(base: FloatArray, rate: FloatArray, arcs: IntArray, since_s: float) -> FloatArray:
    """(len(arcs), 3) whole bytes."""
    counted: FloatArray = np.floor(base[:, arcs] + rate[:, arcs] * since_s).T
    return counted
