"""The network itself, in memory: physics and routing between one moment and the next.

What happens depends only on the arguments and on what `configure` and `repair` were told when:
never on how often somebody looked. Files, timers and changes are the business of `network.py`.
"""

import heapq
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tools.network.emulated.access import MACHINES, Access, LogIn
from tools.network.emulated.case_truth import CaseTruth
from tools.network.emulated.control_plane import ControlPlane
from tools.network.emulated.data_plane import Flowing, flow, path_quality
from tools.network.emulated.demand import Demand
from tools.network.emulated.flow_counts import FlowCounts, FlowMaking
from tools.network.emulated.forwarding import FlowSet, Paths, trace
from tools.network.emulated.hidden import Hidden
from tools.network.emulated.mismatch import Mismatch
from tools.network.emulated.overload import SLOWER, late_s, missed_hellos, overloaded
from tools.network.emulated.queues import Egresses
from tools.network.emulated.randomness import stream
from tools.network.emulated.routing import Tables, shortest_arcs
from tools.network.emulated.service_levels import ServiceLevels, service_levels
from tools.network.emulated.telemetry_feed import Counters, TelemetryFeed
from tools.network.emulated.wiring import (
    BoolArray,
    FloatArray,
    Wiring,
    advertised_weights,
    discarded,
    egress_arc,
    wiring_of,
)
from twin.events.fault import Fault
from twin.events.faults.link_down import LinkDown
from twin.nouns.configuration import DeviceConfiguration, NetworkConfiguration
from twin.nouns.inventory import Inventory, ProbePath
from twin.nouns.telemetry import ProbeRound, Telemetry
from twin.nouns.traffic import TRAFFIC_CLASSES

TICK_S = 30.0
"""Counters are read, probes report and demand changes every 30 s."""

FLOW_TICKS = 10
"""Flow records are summed over 300 s."""

REST_TICKS = 20
"""A snapshot may be taken every 600 s."""

FLAP_DOWN = 0.3
"""Of every period, the share for which a link that flaps carries no signal (assumed)."""

FLAP_LOST_S = 1.5
"""Of every period, what is sent for so long is lost until its ends and all routers know: detection
by BFD and convergence, as above."""

_SAME_S = 1e-6
"""Times that differ by less are one, by rounding."""

SETTLE_S = 3.0
"""Elastic senders find their new rate within seconds of a change of paths (assumed)."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What cannot be derived of a network at rest: enough to go on from `time_s`."""

    time_s: float
    data: bytes


@dataclass(frozen=True, eq=False)
class Sample:
    """The truth at one tick. `utilisation`: carried / true capacity (n_arcs,). `breach`,
    `unavailable`: (n_services,). `max_utilisation`: of offered load, may exceed 1.
    """

    time_s: float
    breach: BoolArray
    unavailable: BoolArray
    lost_bps: FloatArray
    utilisation: FloatArray
    max_utilisation: float
    links_down: tuple[str, ...]
    faults: tuple[Fault, ...]


@dataclass(eq=False)
class Totals:
    """Since the start. `breach_s`, `unavailable_s`: seconds, (n_services,). `lost_bits`: (3,)."""

    breach_s: FloatArray
    unavailable_s: FloatArray
    lost_bits: FloatArray


@dataclass(eq=False)
class _Window:
    """What probes and exporters add up until they report."""

    probe_s: float = 0.0
    probe_loss: FloatArray = field(default_factory=lambda: np.zeros(0))
    probe_delay: FloatArray = field(default_factory=lambda: np.zeros(0))
    probe_arrived: FloatArray = field(default_factory=lambda: np.zeros(0))
    entered_bits: FloatArray = field(default_factory=lambda: np.zeros(0))
    opened: FlowCounts = field(default_factory=lambda: FlowCounts(np.zeros(0), np.zeros(0)))


class PhysicalNetwork:
    """A running network. All times are Unix seconds and only ever grow."""

    def __init__(
        self,
        designed: Inventory,
        truth: CaseTruth,
        hidden: Hidden,
        level: Mismatch,
        seed: int,
        starts_s: float,
        configuration: NetworkConfiguration,
        *,
        repairs: Sequence[tuple[int, float]] = (),
        snapshot: Snapshot | None = None,
    ) -> None:
        """At rest at `starts_s`, or as in `snapshot`, with `configuration` in effect at that time.

        `repairs`: what `repair` was told, before the snapshot and since.
        """
        self.topology = designed.topology
        self.wiring: Wiring = wiring_of(designed.topology)
        self.hidden = hidden
        self.level = level
        self.truth = truth
        self.starts_s = starts_s
        self._seed = seed
        flows = hidden.flows
        self.services: ServiceLevels = service_levels(designed, flows.source, flows.target)
        self._elastic = np.array(level.elastic_share)[:, None]
        peak = designed.peak_traffic.rates_bps[:, flows.source, flows.target]
        self.demand = Demand(
            seed=seed,
            level=level,
            profile=designed.profile,
            peak=peak * hidden.demand_factor,
            source=flows.source,
            target=flows.target,
            starts_s=starts_s,
            tick_s=TICK_S,
            spikes=truth.spikes,
            episodes=truth.demand_episodes,
            node_index=designed.topology.node_index,
            floods=truth.floods,
        )
        self._making = FlowMaking(self.demand)
        self._access = Access(truth, self.topology, seed, starts_s)
        self.probes = designed.probes
        self.feed = TelemetryFeed(self.topology, self.wiring, level, seed, designed.probes)
        self._control = ControlPlane(self.wiring, hidden, seed, self._report_adjacency)
        self._probe_class, self._probe_pair = self._probe_rows(designed.probes)
        self._applies: list[tuple[float, int, int]] = []
        self._waiting: dict[int, DeviceConfiguration] = {}
        self._settle_s = math.inf
        self.samples: list[Sample] = []
        self.snapshot: Snapshot | None = None
        shape = (self.wiring.n_arcs, len(flows.source), len(self.services.names))
        kept = _nothing_yet(*shape) if snapshot is None else _unpacked(snapshot)
        self._sent, self._dropped = kept["sent"], kept["dropped"]
        self._received, self._slowed = kept["received"], kept["slowed"]
        self.totals = Totals(kept["breach_s"], kept["unavailable_s"], kept["lost_bits"])
        time_s = starts_s if snapshot is None else snapshot.time_s
        self.now_s = time_s
        self._integrated_s = time_s
        self._tick = round((time_s - starts_s) / TICK_S)
        self._repaired_s = [math.inf] * len(truth.events)
        for event, repaired_s in repairs:
            self._repaired_s[event] = min(self._repaired_s[event], repaired_s)
        spans = ((e, *self._span(e)) for e in range(len(truth.events)))
        self._missed = [
            missed
            for e, at_s, until_s in spans
            for missed in missed_hellos(seed, e, truth.events[e].fault, at_s, until_s)
        ]
        changes_s = {t for e in range(len(truth.events)) for t in self._span(e)}
        changes_s |= {repaired_s for _, repaired_s in repairs}
        changes_s |= {t for missed in self._missed for t in (missed.from_s, missed.until_s)}
        self._physical = sorted(t for t in changes_s if time_s < t < math.inf)
        self._in_effect = {d.node: d for d in configuration.devices}
        self._dark = self._dark_routers(time_s)
        self._control.slow = self._slow_routers(time_s)
        up = ~self._silent_links(time_s)
        weights = self._advertised(configuration.devices)
        self._control.settle(weights, up, kept["epoch"])
        self._discard(self._control.tables, configuration)
        self.feed.dark = self._dark
        self._reset_windows()
        self._set_egresses(time_s)
        self._toggle_s = self._next_toggle_s()
        self._paths = trace(self.wiring, self._control.tables, flows)
        self._open_tick(time_s)

    # --- what others do to it --------------------------------------------------------------------

    def configure(
        self, device: DeviceConfiguration, change_id: str, user: str, number: int
    ) -> None:
        """`device` is committed now and takes effect a little later. `number`: of the change."""
        router = self.topology.node_index[device.node]
        if user == "netconf":
            self.feed.log_in(LogIn(self.now_s, device.node, user, MACHINES, ok=True))
        self.feed.configuration(self.now_s, device.node, change_id, user, number)
        self._waiting[number] = device
        heapq.heappush(
            self._applies, (self.now_s + float(self.hidden.apply_s[router]), number, router)
        )

    def repair(self, event: int, time_s: float) -> None:
        """The field will have ended event number `event` at `time_s`."""
        self._repaired_s[event] = min(self._repaired_s[event], time_s)
        heapq.heappush(self._physical, time_s)

    def active_events(self, time_s: float) -> tuple[int, ...]:
        """Numbers of the faults that hold at `time_s` (of a misconfiguration: that began)."""
        return tuple(
            e
            for e in range(len(self.truth.events))
            if self._span(e)[0] <= time_s < self._span(e)[1]
        )

    # --- time ------------------------------------------------------------------------------------

    def advance(self, until_s: float) -> None:
        """Let everything happen that happens up to and at `until_s`."""
        while (time_s := self._next_s()) <= until_s:
            self._step(time_s)
        self.now_s = max(self.now_s, until_s)

    def take_telemetry(self) -> list[Telemetry]:
        """What has arrived by now and was not taken before."""
        self.feed.read_counters(self._integrated_s, self.now_s, self._counters())
        return self.feed.take(self.now_s)

    def probe(self, paths: Sequence[ProbePath]) -> ProbeRound:
        """Packets over `paths` at this moment."""
        index = self.topology.node_index
        source = np.array([index[p.source] for p in paths], np.int64)
        target = np.array([index[p.target] for p in paths], np.int64)
        flows = self.hidden.flows
        silent = self._dark[source]
        even = np.full((3, len(paths), flows.sizes.shape[2]), 1.0 / flows.sizes.shape[2])
        probes = FlowSet(source, target, even, flows.salt, flows.even)
        taken = trace(self.wiring, self._control.tables, probes)
        loss, delay_s = path_quality(self.wiring, taken, self._flowing.served)
        row = np.array([TRAFFIC_CLASSES.index(p.traffic_class) for p in paths], np.int64)
        column = np.arange(len(paths))
        numbers = stream(self._seed, "probe", repr(self.now_s), repr(paths))
        return self.feed.measure(
            tuple(paths), self.now_s, loss[row, column], delay_s[row, column], silent, numbers
        )

    @property
    def flowing(self) -> Flowing:
        """The data plane right now."""
        return self._flowing

    @property
    def egresses(self) -> Egresses:
        """The egresses right now."""
        return self._egresses

    @property
    def tables(self) -> Tables:
        """The forwarding tables right now."""
        return self._control.tables

    @property
    def paths(self) -> Paths:
        """Where traffic goes right now."""
        return self._paths

    @property
    def carries(self) -> BoolArray:
        """(n_links,) whether each link carries signals right now."""
        return self._control.link_up

    @property
    def adjacency(self) -> BoolArray:
        """(n_links, 2) whether either end has the other as its neighbour right now."""
        return self._control.adjacency

    def counters_now(self) -> Counters:
        """What devices have counted by now."""
        counters, since_s = self._counters(), self.now_s - self._integrated_s
        return replace(
            counters,
            sent=counters.sent + counters.sent_rate * since_s,
            dropped=counters.dropped + counters.dropped_rate * since_s,
            received=counters.received + counters.received_rate * since_s,
        )

    def probed_now(self) -> tuple[FloatArray, FloatArray]:
        """(n_probes,) the share that each standing probe loses right now, and its delay."""
        row, pair = self._probe_class, self._probe_pair
        return self._flowing.loss[row, pair], self._flowing.delay_s[row, pair]

    def is_dark(self, node: str) -> bool:
        """Whether the router is down."""
        return bool(self._dark[self.topology.node_index[node]])

    def at_rest(self) -> bool:
        """Whether routing has converged and no commit waits to take effect."""
        return self._control.next_s == math.inf and not self._applies

    def _next_s(self) -> float:
        physical = self._physical[0] if self._physical else math.inf
        apply_s = self._applies[0][0] if self._applies else math.inf
        grid = self.starts_s + (self._tick + 1) * TICK_S
        return min(self._control.next_s, physical, apply_s, self._settle_s, grid, self._toggle_s)

    def _step(self, time_s: float) -> None:
        """Everything that happens at `time_s`: state first, then the tick, then traffic."""
        self.now_s = time_s
        rerouted, changed = False, self._toggle_s <= time_s
        while self._physical and self._physical[0] <= time_s:
            heapq.heappop(self._physical)
            changed = True
        while self._applies and self._applies[0][0] <= time_s:
            _, number, router = heapq.heappop(self._applies)
            rerouted |= self._apply(time_s, router, self._waiting.pop(number))
            changed = True
        if changed:
            self._integrate(time_s)
            self._set_routers(time_s)
            self._set_links(time_s)
            self._set_egresses(time_s)
            self._toggle_s = self._next_toggle_s()
        while self._control.next_s <= time_s:
            rerouted |= self._control.process()
        if rerouted:
            self._integrate(time_s)
            self._paths = trace(self.wiring, self._control.tables, self.hidden.flows)
        settles = self._settle_s <= time_s
        if changed or rerouted:
            self._settle_s = time_s + SETTLE_S
        elif settles:
            self._settle_s = math.inf
            self._integrate(time_s)
        if time_s >= self.starts_s + (self._tick + 1) * TICK_S:
            self._close_tick(time_s)
            self._open_tick(time_s)
        elif changed or rerouted or settles:
            self._flow(adapt=settles)

    # --- state -----------------------------------------------------------------------------------

    def _span(self, event: int) -> tuple[float, float]:
        timed = self.truth.events[event]
        until = math.inf if timed.until_s is None else self.starts_s + timed.until_s
        return self.starts_s + timed.at_s, min(until, self._repaired_s[event])

    def _apply(self, time_s: float, router: int, device: DeviceConfiguration) -> bool:
        """Whether the router forwards otherwise at once: no other has to learn of static routes."""
        self._in_effect[device.node] = device
        weights = advertised_weights(self.topology, device)
        self._control.set_weights(time_s, router, weights)
        return self._control.tables.discard(router, discarded(self.topology, device))

    def _dark_routers(self, time_s: float) -> BoolArray:
        """(n,) which are down: they forward nothing and say nothing."""
        dark = np.zeros(self.wiring.n_nodes, np.bool_)
        for event in self.active_events(time_s):
            fault = self.truth.events[event].fault
            if fault.kind == "device_down":
                dark[self.topology.node_index[fault.node]] = True
            elif fault.kind == "power_feed_loss":
                dark[[self.topology.node_index[node] for node in fault.nodes]] = True
        return dark

    def _set_routers(self, time_s: float) -> None:
        dark = self._dark_routers(time_s)
        self._clear_counters(self._dark & ~dark)
        self._dark = dark
        self.feed.dark = dark
        self._control.slow = self._slow_routers(time_s)

    def _slow_routers(self, time_s: float) -> FloatArray:
        """(n,) how many times as long SPF and tables take."""
        slow = np.ones(self.wiring.n_nodes)
        faults = [self.truth.events[e].fault for e in self.active_events(time_s)]
        for fault in overloaded(faults):
            slow[self.topology.node_index[fault.node]] = SLOWER
        return slow

    def _silent_links(self, time_s: float) -> BoolArray:
        """(n_links,) over which no hello comes."""
        silent = self._dead_links(time_s, self._in_effect)
        active = self.active_events(time_s)
        for missed in self._missed:
            if missed.event in active and missed.from_s <= time_s < missed.until_s:
                silent[self.topology.link_index[missed.link]] = True
        return silent

    def _clear_counters(self, routers: BoolArray) -> None:
        """A router counts from 0 after its start."""
        out, into = routers[self.wiring.tail], routers[self.wiring.head]
        self._sent[:, out] = 0.0
        self._dropped[:, out] = 0.0
        self._received[into] = 0.0

    def _in_force(self, time_s: float) -> list[Fault]:
        """The faults that hold at `time_s`: a link that flaps is down, or there is nothing."""
        found: list[Fault] = []
        for event in self.active_events(time_s):
            fault = self.truth.events[event].fault
            if fault.kind != "link_flap":
                found.append(fault)
            elif self._toggles(event, time_s)[0]:
                found.append(LinkDown(link=fault.link))
        return found

    def _toggles(self, event: int, time_s: float) -> tuple[bool, float]:
        """Whether a link that flaps is down at `time_s`, and when that changes next."""
        fault = self.truth.events[event].fault
        assert fault.kind == "link_flap"
        since_s = time_s - self._span(event)[0] + _SAME_S
        whole, part_s = divmod(since_s, fault.period_s)
        down_s = FLAP_DOWN * fault.period_s
        down = part_s < down_s
        next_s = whole * fault.period_s + (down_s if down else fault.period_s)
        return down, self._span(event)[0] + next_s

    def _next_toggle_s(self) -> float:
        now_s = self.now_s
        flapping = (
            e for e in self.active_events(now_s) if self.truth.events[e].fault.kind == "link_flap"
        )
        return min((self._toggles(e, now_s)[1] for e in flapping), default=math.inf)

    def _dead_links(self, time_s: float, in_effect: dict[str, DeviceConfiguration]) -> BoolArray:
        faults = self._in_force(time_s)
        return dead_links(self.topology.link_index, faults, in_effect.values())

    def _set_links(self, time_s: float) -> None:
        dead = self._silent_links(time_s)
        for link in np.flatnonzero(dead == self._control.link_up):
            found = self.topology.links[int(link)]
            shut = [
                end
                for end, node in enumerate((found.a, found.b))
                if self._in_effect[node].interface(found.id).shut_down
            ]
            self._control.set_link(
                time_s, int(link), up=not dead[link], shut_end=shut[0] if shut else None
            )

    def _set_egresses(self, time_s: float) -> None:
        faults = self._in_force(time_s)
        self._entry_bps = self._entry_limits(self._in_effect.values())
        self._egresses = self.egresses_with(faults, tuple(self._in_effect.values()))

    def egresses_with(
        self, faults: Sequence[Fault], devices: Sequence[DeviceConfiguration]
    ) -> Egresses:
        """The egresses as they would be with these faults and configurations."""
        n_arcs = self.wiring.n_arcs
        police = np.full((3, n_arcs), np.inf)
        counted, silent, late = np.zeros(n_arcs), np.zeros(n_arcs), np.zeros(n_arcs)
        capacity_bps = self.hidden.capacity_bps.copy()
        for device in devices:
            for interface in device.interfaces:
                for policer in interface.policers:
                    k = TRAFFIC_CLASSES.index(policer.traffic_class)
                    arc = egress_arc(self.topology, device.node, interface.link)
                    police[k, arc] = policer.rate_bps
        for fault in faults:
            if fault.kind == "silent_egress_packet_loss" or fault.kind == "packet_loss":
                lost = counted if fault.kind == "packet_loss" else silent
                arc = egress_arc(self.topology, fault.node, fault.link)
                lost[arc] = 1.0 - (1.0 - lost[arc]) * (1.0 - fault.fraction)
            elif fault.kind == "high_latency":
                i = self.topology.link_index[fault.link]
                late[2 * i : 2 * i + 2] += fault.added_s
            elif fault.kind == "link_flap":
                # Of what is sent in a whole period.
                i = self.topology.link_index[fault.link]
                silent[2 * i : 2 * i + 2] = max(silent[2 * i], FLAP_LOST_S / fault.period_s)
            elif fault.kind == "link_capacity_bottleneck":
                bundle, i = self.topology.link(fault.link), self.topology.link_index[fault.link]
                left_bps = bundle.capacity_bps * fault.members / bundle.members
                both = capacity_bps[2 * i : 2 * i + 2]
                np.minimum(both, left_bps, out=both)
        for fault in overloaded(faults):
            arcs = self.wiring.out_arcs[self.topology.node_index[fault.node]]
            silent[arcs] = 1.0 - (1.0 - silent[arcs]) * (1.0 - fault.fraction)
            late[arcs] += late_s(fault)
        return Egresses(
            capacity_bps=capacity_bps,
            burst_cv=self.hidden.burst_cv,
            buffer_s=self.hidden.buffer_s,
            police_bps=police,
            line_loss=counted,
            silent_loss=silent,
            late_s=late,
            dead=np.repeat(dead_links(self.topology.link_index, faults, devices), 2),
        )

    def steady(
        self,
        configuration: NetworkConfiguration,
        faults: Sequence[Fault],
        demand: FloatArray,
        flooding: FloatArray,
    ) -> tuple[Flowing, Egresses]:
        """The data plane once routing and senders have settled. `flooding`: of `demand`, what
        floods send.
        """
        egresses = self.egresses_with(faults, configuration.devices)
        weights = self._advertised(configuration.devices)
        weights[egresses.dead] = np.inf
        tables = Tables.converged(self.wiring, shortest_arcs(self.wiring, weights))
        self._discard(tables, configuration)
        paths = trace(self.wiring, tables, self.hidden.flows)
        slowed = np.ones_like(demand)
        elastic = self._elastic_of(demand, flooding)
        limits = self._entry_limits(configuration.devices)
        moment = flow(
            self.wiring, paths, demand, egresses, elastic, slowed, adapt=True, entry_bps=limits
        )
        return moment, egresses

    def _discard(self, tables: Tables, configuration: NetworkConfiguration) -> None:
        for device in configuration.devices:
            tables.discard(self.topology.node_index[device.node], discarded(self.topology, device))

    def _entry_limits(self, devices: Iterable[DeviceConfiguration]) -> FloatArray | None:
        """(3, n_pairs), what devices ask others to let in; None where none asks."""
        found = np.full((3, len(self.hidden.flows.target)), np.inf)
        for device in devices:
            towards = self.hidden.flows.target == self.topology.node_index[device.node]
            for limit in device.entry_limits:
                found[TRAFFIC_CLASSES.index(limit.traffic_class), towards] = limit.rate_bps
        return found if np.isfinite(found).any() else None

    def _advertised(self, devices: Iterable[DeviceConfiguration]) -> FloatArray:
        """The weight of every arc as configured, (n_arcs,); infinite where none is advertised."""
        weights = np.full(self.wiring.n_arcs, np.inf)
        for device in devices:
            for arc, weight in advertised_weights(self.topology, device).items():
                weights[arc] = weight
        return weights

    def _report_adjacency(self, time_s: float, link: int, end: int, epoch: int, up: bool) -> None:
        if self._dark[self.wiring.tail[2 * link + end]]:
            return
        reason = "BFD session down" if self.hidden.bfd[link] else "Dead timer expired"
        found = self.topology.links[link]
        if self._in_effect[(found.a, found.b)[end]].interface(found.id).shut_down:
            reason = "interface down"
        self.feed.adjacency(time_s, link, end, epoch, reason, up)

    # --- traffic ---------------------------------------------------------------------------------

    def _probe_rows(self, probes: tuple[ProbePath, ...]) -> tuple[np.ndarray, np.ndarray]:
        index = self.topology.node_index
        flows = self.hidden.flows
        column = {
            (int(s), int(t)): i
            for i, (s, t) in enumerate(zip(flows.source, flows.target, strict=True))
        }
        rows = np.array([TRAFFIC_CLASSES.index(p.traffic_class) for p in probes], np.int64)
        pairs = np.array([column[index[p.source], index[p.target]] for p in probes], np.int64)
        return rows, pairs

    def _flow(self, *, adapt: bool) -> None:
        self._flowing = flow(
            self.wiring,
            self._paths,
            self._wanted,
            self._egresses,
            self._elastic_now,
            self._slowed,
            adapt=adapt,
            entry_bps=self._entry_bps,
        )
        self._slowed = self._flowing.slowed
        self._breach, self._unavailable = self.services.judge(
            self._flowing.loss, self._flowing.delay_s
        )
        self._lost_bps = (self._flowing.entering * self._flowing.loss).sum(axis=1)

    def _elastic_of(self, demand: FloatArray, flooding: FloatArray) -> FloatArray:
        """(3, n_pairs) or (3, 1), the share of `demand` that backs off: floods do not."""
        if not flooding.any():
            return self._elastic
        customers = np.divide(
            demand - flooding, demand, out=np.ones_like(demand), where=demand > 0.0
        )
        return np.asarray(self._elastic * customers)

    def _counters(self) -> Counters:
        served = self._flowing.served
        return Counters(
            sent=self._sent,
            dropped=self._dropped,
            received=self._received,
            sent_rate=served.sent / 8.0,
            dropped_rate=served.dropped / 8.0,
            received_rate=self._flowing.received / 8.0,
        )

    def _integrate(self, until_s: float) -> None:
        """Add up what flowed since the last change."""
        since = until_s - self._integrated_s
        if since <= 0:
            return
        counters = self._counters()
        self.feed.read_counters(self._integrated_s, until_s, counters)
        self._sent += counters.sent_rate * since
        self._dropped += counters.dropped_rate * since
        self._received += counters.received_rate * since
        self.totals.breach_s += self._breach * since
        self.totals.unavailable_s += self._unavailable * since
        self.totals.lost_bits += self._lost_bps * since
        window, row, pair = self._window, self._probe_class, self._probe_pair
        loss = self._flowing.loss[row, pair]
        arrived = (1.0 - loss) * since
        delay_s = np.where(arrived > 0, self._flowing.delay_s[row, pair], 0.0)
        window.probe_s += since
        window.probe_loss += loss * since
        window.probe_arrived += arrived
        window.probe_delay += np.where(np.isfinite(delay_s), delay_s, 0.0) * arrived
        window.entered_bits += self._flowing.entering * since
        self._integrated_s = until_s

    def _reset_windows(self) -> None:
        n = len(self._probe_pair)
        self._window = _Window(
            0.0,
            np.zeros(n),
            np.zeros(n),
            np.zeros(n),
            np.zeros((3, len(self.hidden.flows.source))),
            self._making.nothing(),
        )

    def _close_tick(self, time_s: float) -> None:
        """Report on the tick that ends."""
        self._integrate(time_s)
        self._tick += 1
        window = self._window
        loss = np.clip(window.probe_loss / window.probe_s, 0.0, 1.0)
        arrived = window.probe_arrived
        delay_s = np.divide(
            window.probe_delay, arrived, out=np.full_like(loss, np.inf), where=arrived > 1e-9
        )
        self.feed.probe_round(self._tick, time_s, loss, delay_s)
        self.feed.benign_lines(self._tick, time_s - TICK_S, time_s)
        entered, opened = window.entered_bits, window.opened
        if self._tick % FLOW_TICKS == 0:
            self._report_flows(time_s, entered, opened)
            entered, opened = np.zeros_like(entered), self._making.nothing()
        self._reset_windows()
        self._window.entered_bits, self._window.opened = entered, opened
        self._record(time_s)
        if self._tick % REST_TICKS == 0 and self.at_rest() and self._settle_s == math.inf:
            self.snapshot = self._snap(time_s)

    def _report_flows(self, time_s: float, entered_bits: FloatArray, opened: FlowCounts) -> None:
        n, flows = self.wiring.n_nodes, self.hidden.flows
        over_s = FLOW_TICKS * TICK_S
        rates = np.zeros((3, n, n))
        rates[:, flows.source, flows.target] = entered_bits / over_s
        told, counts = self._making.noisy(self._tick, opened), np.zeros((2, n, n))
        counts[:, flows.source, flows.target] = told.flows, told.sources
        fan_out = self._access.fan_out(self._tick, time_s - over_s, time_s)
        self.feed.flow_round(
            self._tick, time_s - over_s, time_s, rates, counts[0], counts[1], fan_out
        )

    def _open_tick(self, time_s: float) -> None:
        self._clear_counters(self.feed.begin_counters(self._tick, time_s))
        # Before any of them arrives: whoever looks more often than ticks come misses none.
        for one in self._access.log_ins(self._tick + 1, time_s, time_s + TICK_S):
            self.feed.log_in(one)
        customers = self.demand.of_customers(self._tick)
        flooding = self.demand.flooding_bps(self._tick)
        self._wanted = customers + flooding
        self._elastic_now = self._elastic_of(self._wanted, flooding)
        self._window.opened += self._making.opened(self._tick, customers)
        self._flow(adapt=True)

    def _record(self, time_s: float) -> None:
        served, capacity = self._flowing.served, self._egresses.capacity_bps
        alive = ~self._egresses.dead
        offered = np.where(alive, self._flowing.offered.sum(axis=0) / capacity, 0.0)
        dead = self._egresses.dead[::2]
        self.samples.append(
            Sample(
                time_s=time_s,
                breach=self._breach,
                unavailable=self._unavailable,
                lost_bps=self._lost_bps,
                utilisation=(served.sent.sum(axis=0) / capacity).astype(np.float32),
                max_utilisation=float(offered.max(initial=0.0)),
                links_down=tuple(self.topology.links[int(i)].id for i in np.flatnonzero(dead)),
                faults=tuple(self.truth.events[e].fault for e in self.active_events(time_s)),
            )
        )

    def _snap(self, time_s: float) -> Snapshot:
        data = io.BytesIO()
        np.savez(
            data,
            sent=self._sent,
            dropped=self._dropped,
            received=self._received,
            slowed=self._slowed,
            breach_s=self.totals.breach_s,
            unavailable_s=self.totals.unavailable_s,
            lost_bits=self.totals.lost_bits,
            epoch=self._control.epoch,
        )
        return Snapshot(time_s, data.getvalue())


def _nothing_yet(n_arcs: int, n_pairs: int, n_services: int) -> dict[str, np.ndarray]:
    """What a snapshot holds, before anything was sent."""
    return {
        "sent": np.zeros((3, n_arcs)),
        "dropped": np.zeros((3, n_arcs)),
        "received": np.zeros(n_arcs),
        "slowed": np.ones((3, n_pairs)),
        "breach_s": np.zeros(n_services),
        "unavailable_s": np.zeros(n_services),
        "lost_bits": np.zeros(3),
        "epoch": np.zeros(n_arcs // 2, np.int64),
    }


def _unpacked(snapshot: Snapshot) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(snapshot.data)) as kept:
        return dict(kept)


def dead_links(
    link_index: dict[str, int],
    faults: Sequence[Fault],
    devices: Iterable[DeviceConfiguration],
) -> BoolArray:
    """Whether each link carries nothing: cut, down, at a dark router, or shut down at an end."""
    dead = np.zeros(len(link_index), np.bool_)
    for fault in faults:
        if fault.kind == "fiber_cut":
            dead[[link_index[link] for link in fault.links]] = True
        elif fault.kind == "link_down":
            dead[link_index[fault.link]] = True
        elif fault.kind == "device_down" or fault.kind == "power_feed_loss":
            dead[[link_index[link] for link in fault.links]] = True
    for device in devices:
        for interface in device.interfaces:
            if interface.shut_down:
                dead[link_index[interface.link]] = True
    return dead
