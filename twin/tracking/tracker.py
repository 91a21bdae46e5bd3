"""What is known of a live network right now, from its telemetry alone."""

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from twin.errors import BadInput
from twin.events.fault import FAULT, Fault
from twin.events.faults.link_down import LinkDown
from twin.nouns.access import AccessSigns
from twin.nouns.alert import Alert, AlertRound
from twin.nouns.configuration import (
    DeviceConfiguration,
    InterfaceConfiguration,
    NetworkConfiguration,
)
from twin.nouns.flow_mix import MANY_FLOWS, FlowMix
from twin.nouns.foretold import Foretold
from twin.nouns.incident import Symptom
from twin.nouns.inventory import Inventory
from twin.nouns.planned_work import PlannedWork
from twin.nouns.state import NetworkState, failed_links
from twin.nouns.telemetry import (
    AdjacencyEvent,
    ConfigurationEvent,
    FloatArray,
    FlowRound,
    InterfaceCounters,
    LogInEvent,
    ProbeRound,
    SyslogLine,
    Telemetry,
)
from twin.nouns.telemetry_fault import TelemetryFault
from twin.nouns.topology import Interface, Topology
from twin.tracking.access import AccessWatch
from twin.tracking.adjacencies import Adjacencies, Verdict
from twin.tracking.alarms import SymptomBook
from twin.tracking.alerts import AlertBook
from twin.tracking.altered_links import AlteredLinks
from twin.tracking.announced import (
    departure,
    expected_configuration,
    expected_of,
    shows_at,
    under_way,
)
from twin.tracking.clocks import Clocks
from twin.tracking.coverage import CoverageBook
from twin.tracking.demand import DemandTracker
from twin.tracking.detectors import SHIPPED
from twin.tracking.detectors.detector import (
    EVIDENCE,
    Detector,
    DetectorClass,
    Evidence,
    check,
    kept_states,
)
from twin.tracking.drift import Drift, measure_drift
from twin.tracking.flapping import Moved, moved_by
from twin.tracking.flow_mixes import FlowMixes
from twin.tracking.flow_sense import FlowSense
from twin.tracking.intake import Intake
from twin.tracking.kept import kept_times, sound
from twin.tracking.last_counters import kept_counters
from twin.tracking.latest import Latest, newer
from twin.tracking.losses import IDLE_UTILISATION, Losses
from twin.tracking.probe_sense import ProbeSense, carrying
from twin.tracking.rates import RateMeter, RateRound
from twin.tracking.recent_ids import RecentIds
from twin.tracking.recent_rates import RecentRates, mean_seen
from twin.tracking.services import ServiceWatch
from twin.tracking.telemetry_faults import TelemetryFaults
from twin.tracking.usual_loads import LoadModel, UsualLoads

CONVERGENCE_S = 45.0
"""After a change of routing, rates are mixed for this long: a 40 s hold timer (OSPF's
RouterDeadInterval at its default, RFC 2328 appendix C.3) and a margin."""

_KEPT_STEP = ""
"""Under which the last change of routing before a restart stands, of whatever it was."""

_NEEDED = frozenset({"baseline", "running", "book", "down_ends", "attributed", "now_s"})
"""Without these, what was kept would be taken for a healthy network; all else is learned again."""

_LATELY_S = 120.0
"""Counters of so long ago tell what is carried now."""

_MEASURED_ROUNDS = 6
_HISTORY_ROUNDS = 60

_ESTIMATE_S = 300.0
"""How often demand is estimated from counters where no flow records come, and over how much of
them: as often as flow records are exported."""

_DRIFT_S = 300.0
"""How often the twin is compared with the network; the last four hours are kept."""

_DRIFTS_KEPT = 48

_EMPTIED = 0.5
"""Of what is usual: an egress that carries less has lost its traffic to another way."""

_QUEUED = 0.85
"""Of its capacity: what an egress that carries more adds to delays is its queue's. Several on a way
at 0.88 to 0.91 add milliseconds to it; at 0.85 bursts hardly fill one (docs/world.md)."""


class Tracker:
    """Folds telemetry into what is believed of the network; learns what is normal meanwhile.

    What is wrong is found by its detectors, which see what is believed and write in its book.
    Nothing is learned while a symptom is active, so that a fault does not become the new normal.
    `running` is the configuration as read from the devices when watching began: what the inventory
    says differently was so before, and is no symptom.

    However much arrives, it grows with the topology and with what is open, never with the number of
    events. What names a node or link that is not on record is counted by the `intake`, and ignored.
    """

    def __init__(
        self,
        inventory: Inventory,
        running: NetworkConfiguration,
        load_model: LoadModel,
        *,
        kept: Mapping[str, Any] | None = None,
        now_s: float = math.inf,
        detectors: Sequence[DetectorClass] = SHIPPED,
    ) -> None:
        """`kept`: what `dump` wrote, of the present or of an earlier version; None: nothing yet.

        What is not finite in it, or of a time after `now_s`, is learned again; `repaired` names it.

        Raises:
            BadInput: two detectors have one name, or one watches what is never shown.
        """
        is_new = kept is None
        kept, self.repaired = sound(kept or {})
        topology = inventory.topology
        self.inventory = inventory
        self.now_s: float = min(kept.get("now_s", 0.0), now_s)
        self.links = AlteredLinks(topology, kept, now_s)
        self._steps_s: dict[str, float] = {_KEPT_STEP: min(kept.get("last_step_s", 0.0), now_s)}
        self._moved: tuple[tuple[object, ...], Moved] | None = None
        self.baseline = running
        self.running = running
        if "running" in kept:
            self.running = NetworkConfiguration.model_validate(kept["running"])
        self.healthy_running = running
        self.book = SymptomBook(kept.get("book"))
        self.alerts = AlertBook(kept.get("alerts"))
        self.demand = DemandTracker(inventory.peak_traffic, inventory.profile, kept)
        self._access = AccessWatch(self.demand.nodes, kept.get("access"))
        self._flow_mixes = FlowMixes(self.demand.nodes, kept.get("flow_mixes"))
        self.services = ServiceWatch(inventory, kept.get("services", ()))
        self.losses = Losses(topology, kept)
        self.rates = RecentRates(topology)
        self.probes: deque[ProbeRound] = deque(maxlen=_HISTORY_ROUNDS)
        self.adjacencies = Adjacencies(kept.get("down_ends"), kept.get("adjacencies"), now_s)
        self.faults = TelemetryFaults(kept.get("telemetry_faults", ()), now_s)
        taken_s = -math.inf if is_new else self.now_s
        clocks = Clocks((n.id for n in topology.nodes), self.faults, kept.get("clocks"))
        self.intake = Intake(topology, kept.get("intake"), inventory.probes, clocks, taken_s)
        self.coverage = CoverageBook(inventory, kept.get("coverage"))
        self.known_changes = RecentIds(kept.get("known_changes", ()))
        self.attributed = {i: _faults(x) for i, x in kept.get("attributed", {}).items()}
        self.changed_nodes = kept_times(kept.get("changed_nodes"), now_s)
        self._reported = self.running
        for device in kept.get("reported", ()):
            device = DeviceConfiguration.model_validate(device)
            self._reported = self._reported.with_device(device)
        self._unread = set(kept.get("unread", ()))
        self.changed_under: dict[str, str] = dict(kept.get("changed_under", {}))
        self._normal: tuple[tuple[object, ...], NetworkConfiguration] | None = None
        self._foretold: tuple[Foretold, ...] = ()
        self._work_taken_over: tuple[PlannedWork, ...] = ()
        self.usual_loads = UsualLoads(topology.n_arcs, load_model, kept)
        self._load_model = load_model
        self._meter = RateMeter(topology, self.faults)
        for record in kept_counters(kept.get("counters", {}), topology, now_s):
            for rates in self._meter.take(record):
                self.rates.append(rates)
                self._measure_loss(rates, learn=False)
        self._probe_sense = ProbeSense(topology, inventory.probes, self.faults)
        self._flow_sense = FlowSense(topology, self.faults)
        self._estimated_s = -math.inf
        drifts = (Drift.model_validate(d) for d in kept.get("drifts", ()))
        self.drifts = deque(drifts, maxlen=_DRIFTS_KEPT)
        latest = kept.get("latest")
        self._kept_latest = None if latest is None else Latest.model_validate(latest)
        states = kept_states(kept)
        self._detectors: dict[str, Detector[Any]] = {}
        self._watching: dict[type, list[Detector[Any]]] = {kind: [] for kind in EVIDENCE}
        for make in detectors:
            check(make, self._detectors)
            # Last: a detector may look at all of the belief while it is made.
            self._detectors[make.name] = detector = make(self, states.get(make.name, {}))
            for kind in make.watches:
                self._watching[kind].append(detector)

    # What is known
    # ---------------------------------------------------------------------------------

    @property
    def topology(self) -> Topology:
        """That of the inventory, with what was found of links."""
        return self.links.topology

    @property
    def down_links(self) -> frozenset[str]:
        """Links over which at least one end has lost its adjacency."""
        return self.adjacencies.down_links

    @property
    def normal(self) -> NetworkConfiguration:
        """The configuration that is normal now: `baseline`, and what announced work explains."""
        work = under_way(self.inventory.planned_work, self.now_s)
        if not work:
            return self.baseline
        made_of = (self.baseline, self.running, work, tuple(self.changed_under.items()))
        if self._normal is None or not all(
            a is b or (not isinstance(a, NetworkConfiguration) and a == b)
            for a, b in zip(self._normal[0], made_of, strict=True)
        ):
            self._normal = made_of, self.normal_beside(self.running)
        return self._normal[1]

    def normal_beside(self, running: NetworkConfiguration) -> NetworkConfiguration:
        """What is normal now if devices run `running`: `baseline`, and what announced work explains
        of it.
        """
        planned = self.inventory.planned_work
        return expected_configuration(
            planned, self.baseline, running, self.now_s, self.changed_under
        )

    def expected(self, device: DeviceConfiguration) -> DeviceConfiguration:
        """What is normal on a node that runs `device`, as far as announced work explains it now."""
        before, planned = self.baseline.device(device.node), self.inventory.planned_work
        return expected_of(planned, before, device, self.now_s, self.changed_under)

    def reported(self, node: str) -> DeviceConfiguration | None:
        """What `node` ran when it last reported a commit; None if it could not be read then."""
        return None if node in self._unread else self._reported.device(node)

    def is_switched_off(self, link: str) -> bool:
        """Whether an end of `link` was shut by the commit that it reported last."""
        return not failed_links(self._reported, {link})

    @property
    def work_under_way(self) -> tuple[PlannedWork, ...]:
        """The announced work that may be going on now."""
        return under_way(self.inventory.planned_work, self.now_s)

    @property
    def telemetry_faults(self) -> tuple[TelemetryFault, ...]:
        """What is wrong now with what is told of the network, by source."""
        return self.faults.now()

    @property
    def announced_down(self) -> frozenset[str]:
        """Links that are down, and on which announced work may be going on."""
        links = {link for work in self.work_under_way for link in work.links}
        return self.down_links & links

    def foretell(self, foretold: Sequence[Foretold]) -> None:
        """From now on this is what announced work is known to do to services."""
        self._foretold = tuple(foretold)

    def foretold(self, at_s: float) -> frozenset[str]:
        """Services that announced work is known to put in breach, and that may be going on then, or
        whose effects fade.
        """
        shows = (f for f in self._foretold if shows_at(f.work, at_s))
        return frozenset(service for one in shows for service in one.in_breach)

    @property
    def foretold_now(self) -> tuple[Foretold, ...]:
        """What announced work that may show now is known to do."""
        return tuple(f for f in self._foretold if shows_at(f.work, self.now_s))

    @property
    def unforetold_breaches(self) -> frozenset[str]:
        """Services that are in breach, and that announced work was not known to put there."""
        return frozenset(self.services.in_breach_now) - self.foretold(self.now_s)

    def announce(self, planned: Sequence[PlannedWork]) -> None:
        """From now on `planned` is all the work that is announced."""
        if tuple(planned) != self.inventory.planned_work:
            self.inventory = replace(self.inventory, planned_work=tuple(planned))

    def departure(self, symptom: Symptom) -> str:
        """In what a symptom departs from announced work, as a sentence that names the work.

        "" where it has to do with none.
        """
        planned, now_s = self.inventory.planned_work, self.now_s
        if symptom.kind == "adjacency_down":
            link = self.topology.link(symptom.resource)
            ids = {self._changed_under(node, link.id) for node in (link.a, link.b)} - {""}
            since_s = self.adjacencies.down_since(link.id)
            what = "shut" if self.is_switched_off(link.id) else "down"
            return departure(planned, link.id, what, min(ids, default=""), since_s, now_s)
        if symptom.kind != "configuration_change":
            return ""
        node, since_s = symptom.resource, self.changed_nodes.get(symptom.resource, now_s)
        normal, runs = self.normal.device(node), self._reported.device(node)
        found = (
            departure(planned, x.link, _what(x), self._changed_under(node, x.link), since_s, now_s)
            for was, x in zip(normal.interfaces, runs.interfaces, strict=True)
            if was != x
        )
        return next((text for text in found if text), "")

    def changed_links(self, node: str) -> frozenset[str]:
        """Links on which `node`, as it last reported a commit, runs what is not normal."""
        normal, runs = self.normal.device(node), self._reported.device(node)
        pairs = zip(normal.interfaces, runs.interfaces, strict=True)
        return frozenset(now.link for was, now in pairs if was != now)

    def _changed_under(self, node: str, link: str) -> str:
        return self.changed_under.get(str(Interface(node=node, link=link)), "")

    @property
    def last_step_s(self) -> float:
        """When routing changed last, Unix seconds."""
        return max(self._steps_s.values())

    @property
    def settled_s(self) -> float:
        """From when on rates are of one routing, Unix seconds."""
        return self.last_step_s + CONVERGENCE_S

    @property
    def flapping(self) -> frozenset[str]:
        """Links whose adjacency is lost and comes back, again and again."""
        return self.adjacencies.flapping(self.now_s)

    @property
    def steady_s(self) -> float:
        """As `settled_s`, for what no link that flaps moves."""
        flapping = self.flapping
        steps = (at_s for link, at_s in self._steps_s.items() if link not in flapping)
        return max(steps, default=0.0) + CONVERGENCE_S

    def settled_of_egresses(self) -> FloatArray:
        """(n_arcs,) from when on the rates of each egress are of one routing, Unix seconds."""
        return np.where(self.moved_by_flaps().egresses, self.settled_s, self.steady_s)

    def moved_by_flaps(self) -> Moved:
        """Egresses and probes that links that flap move."""
        key = (self.flapping, self.running, self.down_links - self.flapping)
        if self._moved is None or self._moved[0] != key:
            probes, state = self.inventory.probes, self.believed_state()
            self._moved = key, moved_by(self.flapping, state, probes, self._load_model)
        return self._moved[1]

    def believed_state(self, level: float | None = None) -> NetworkState:
        """The network as it is believed to be now (demand at profile `level` where given)."""
        return NetworkState(
            topology=self.topology,
            running=self.running,
            traffic=self.demand.matrix_at(self.now_s, level),
            down_links=failed_links(self.running, self.down_links),
        )

    def normal_state(
        self,
        level: float | None = None,
        besides: str = "",
        running: NetworkConfiguration | None = None,
        found_by_s: float = math.inf,
    ) -> NetworkState:
        """The network with the demand expected now and nothing wrong that is not explained already.

        What the causes of incidents do is in it, but for the incident `besides`; links that came
        back are up. What announced work explains is normal as long as it lasts. `running`: as the
        devices were read, if that is newer than what is known here. `found_by_s`: bundles that were
        found to be short later are whole.
        """
        state = NetworkState(
            topology=self.links.topology_at(found_by_s),
            running=self.normal if running is None else self.normal_beside(running),
            traffic=self.demand.matrix_at(self.now_s, level),
        )
        for fault in self.known_faults(besides):
            state = fault.after(state)
        down = (state.down_links & self.down_links) | self.announced_down
        return replace(state, down_links=down)

    def known_faults(self, besides: str = "") -> tuple[Fault, ...]:
        """The causes of incidents that are in force, but for those of the incident `besides`."""
        known = (f for i, faults in self.attributed.items() if i != besides for f in faults)
        return tuple({fault.id: fault for fault in known}.values())

    def attribute(self, incident_id: str, cause: Sequence[Fault]) -> None:
        """The incident knows that `cause` is in force; none: it is over, or not known."""
        self.attributed.pop(incident_id, None)
        if cause:
            self.attributed[incident_id] = tuple(cause)

    def active_symptoms(self) -> tuple[Symptom, ...]:
        """What is wrong now."""
        return self.book.active()

    def measurable(self, symptom: Symptom) -> Symptom:
        """`symptom`, marked where nothing is sent that would show whether it goes on."""
        idle = symptom.active and symptom.kind == "silent_loss" and self.is_idle(symptom.resource)
        if symptom.unmeasured == idle:
            return symptom
        return symptom.model_copy(update={"unmeasured": idle})

    def is_idle(self, egress: str) -> bool:
        """Whether the egress "node|link" sends too little to show whether it loses any of it."""
        arc = self.topology.arc_of(Interface.parse(egress))
        return not self.utilisation()[arc] > IDLE_UTILISATION

    def utilisation(self, before_s: float = math.inf) -> FloatArray:
        """(n_arcs,) sent / capacity in the latest reading before `before_s`; NaN where none is."""
        capacity = np.repeat([x.capacity_bps for x in self.topology.links], 2)
        return np.asarray(self.rates.sent_bps(before_s=before_s) / capacity)

    def latest(self) -> Latest:
        """The newest readings, those from before a restart where nothing has come since."""
        return newer(
            self._kept_latest,
            self.rates,
            self.topology.n_arcs,
            self.services.in_breach_now,
            self.probes[-1].received_s if self.probes else None,
        )

    def measured_offered(self) -> FloatArray:
        """(n_arcs,) bit/s sent and dropped, mean of the clean rounds since routing last changed.

        NaN where nothing was read.
        """
        return self.rates.offered_bps(self.settled_s)

    def measure_drift(self) -> Drift:
        """What is believed now, against what was measured since routing last changed."""
        state = self.believed_state()
        return measure_drift(
            self.inventory,
            state,
            self._load_model(state),
            self.measured_offered(),
            self.now_s,
            unexplained_commits=[
                s.resource for s in self.book.active() if s.kind == "configuration_change"
            ],
            estimated=self.demand.estimated,
        )

    def congested(self) -> NDArray[np.bool_]:
        """(n_arcs,) whether an egress dropped anything in the latest rounds, policers included."""
        return self.rates.congested()

    def rounds_within(self, from_s: float, until_s: float = math.inf) -> list[RateRound]:
        """The rate rounds that lie inside the two times; see `RateRound.within`."""
        return self.rates.within(from_s, until_s)

    def clean_rounds(self, onset_s: float) -> list[RateRound]:
        """The rate rounds of one routing after `onset_s`: every change, ours included, starts them
        over. What a link that flaps moves is left out, and does not.
        """
        rounds = self.rounds_within(max(onset_s + CONVERGENCE_S, self.steady_s))
        if not self.flapping:
            return rounds
        settled_s = self.settled_of_egresses()
        return [r.without(r.from_s < settled_s) for r in rounds]

    def set_running(self, running: NetworkConfiguration, accepted: Iterable[str] = ()) -> None:
        """Take over what the devices run now; on the `accepted` nodes it is normal from now on, but
        for what others have done there.
        """
        for node in accepted:
            self.baseline = self.baseline.with_device(self._accepted(running.device(node)))
            self.usual_loads.forget_peak()
        self.running = running
        self._show(running)

    def _accepted(self, device: DeviceConfiguration) -> DeviceConfiguration:
        """What is normal on a node once it runs `device`: all of it but what others did before.

        That is what announced work explains, and where a commit of others is a symptom, what has
        not changed since the node was read.
        """
        before, known = self.baseline.device(device.node), self.running.device(device.node)
        expected = self.expected(known)
        suspect = self.book.is_active(f"configuration_change:{device.node}")
        accepted = device
        for was, read, work, now in zip(
            before.interfaces,
            known.interfaces,
            expected.interfaces,
            device.interfaces,
            strict=True,
        ):
            if suspect or work != was:
                changed = {name: value for name, value in now if value != getattr(read, name)}
                accepted = accepted.with_interface(was.model_copy(update=changed))
        if suspect and device.discards == known.discards:
            return accepted.with_discards(before.discards)
        return accepted

    def queues(self) -> NDArray[np.bool_]:
        """(n_arcs,) whether an egress has a queue: it is nearly full, or drops."""
        with np.errstate(invalid="ignore"):
            return np.asarray((self.utilisation() > _QUEUED) | self.congested())

    def emptied(self) -> NDArray[np.bool_]:
        """(n_arcs,) whether an egress carries less than half of what is usual: its traffic takes
        another way, whether or not anybody reported why.
        """
        with np.errstate(invalid="ignore"):
            return np.asarray(self.sent_lately_bps() < _EMPTIED * self.usual_bps())

    def sent_lately_bps(self) -> FloatArray:
        """(n_arcs,) bit/s that each egress sends now; NaN where nothing was read lately."""
        return self.rates.sent_bps(self.now_s - _LATELY_S)

    # Taking telemetry in
    # ---------------------------------------------------------------------------

    def ingest(
        self,
        records: Iterable[Telemetry],
        *,
        after_s: float = -math.inf,
        until_s: float = math.inf,
        running: Mapping[str, DeviceConfiguration] = MappingProxyType({}),
    ) -> None:
        """Take records, whatever they hold and in whatever order they come; see `Intake`.

        What was received by `after_s` and taken, or before a restart, is not taken again.
        `until_s`: the time now, by whoever watches; nothing was received later. `running`: what
        devices that report a commit run now, as far as they could be read: a commit that is not to
        be seen there was none.
        """
        self.coverage.listen(until_s)
        arrived = self.intake.arrived(records, self.now_s, after_s, until_s)
        for node in self.intake.clocks.put_right():
            self._meter.begin_anew(node)
        for record, received_s in arrived:
            self.now_s = max(self.now_s, received_s)
            self.demand.listen(received_s)
            admitted = self.intake.admit(record, received_s)
            match admitted:
                case None:
                    pass
                case InterfaceCounters():
                    self._take_counters(admitted)
                case ProbeRound():
                    self._take_probes(admitted)
                case FlowRound():
                    self._take_flows(admitted)
                case AdjacencyEvent():
                    self._take_adjacency(admitted)
                case ConfigurationEvent():
                    self._take_configuration(admitted, running.get(admitted.node))
                case LogInEvent():
                    self._access.log_in(admitted)
                case SyslogLine():
                    self.intake.keep_line(admitted)
                case _:
                    assert_never(admitted)
        self.intake.clocks.still(self.now_s)
        self.faults.forget(self.now_s)

    def hear(self, alerts: Sequence[Alert], at_s: float) -> None:
        """These are all alerts that are firing at `at_s` or were lately, by the network's clock.

        They are no telemetry: nothing is learned from them of what the network usually is like.
        """
        self.alerts.hear(alerts)
        self._show(AlertRound(at_s, tuple(alerts)))

    def _show(self, evidence: Evidence) -> None:
        for detector in self._watching[type(evidence)]:
            detector.look(evidence)

    def _quiet(self) -> bool:
        # What is said and not measured must not keep anything from being learned.
        measured = any(symptom.kind != "alert" for symptom in self.book.active())
        return not measured and not self.down_links

    def _take_counters(self, record: InterfaceCounters) -> None:
        if self._meter.is_late(record):
            self.intake.count_late(record.node)
            return
        self.coverage.counters(record)
        for rates in self._meter.take(record):
            self._take_rates(rates)

    def _take_rates(self, rates: RateRound) -> None:
        for node, why in rates.odd:
            self.intake.leave_out(node, why, self.now_s)
        self.rates.append(rates)
        self.coverage.rates(rates, self.now_s)
        self._take_over_work()
        quiet = self._quiet()
        self._measure_loss(rates, learn=quiet)
        self._show(rates)
        if quiet:
            self._estimate_demand()
            self._learn_loads(rates)
        if not self.drifts or self.now_s - self.drifts[-1].time_s >= _DRIFT_S:
            self.drifts.append(self.measure_drift())

    def _measure_loss(self, rates: RateRound, *, learn: bool) -> None:
        self.losses.update(
            rates,
            learn=learn,
            rounds_learned=self.usual_loads.rounds_learned,
            settled_s=self.settled_s,
        )

    def _estimate_demand(self) -> None:
        """From the counters, of the sources that no flow records come of."""
        due = self.now_s - self._estimated_s >= _ESTIMATE_S
        if not due or not self.demand.silent(self.now_s).any():
            return
        first_s = max(self.settled_s, self.now_s - _ESTIMATE_S - 60.0)
        rounds = self.rounds_within(first_s)
        if len(rounds) < _MEASURED_ROUNDS:
            return
        self._estimated_s = self.now_s
        offered = mean_seen([r.sent_bps + r.dropped_bps for r in rounds])
        ends = np.concatenate([r.until_s for r in rounds])
        at_s = float(np.nanmean(ends)) if np.isfinite(ends).any() else self.now_s
        before_bps = self._loads_at_peak()
        self.demand.estimate_silent(self.believed_state(), offered, at_s, self.now_s)
        self.usual_loads.forget_peak()
        self.usual_loads.carry_over(before_bps, self._loads_at_peak())

    def _loads_at_peak(self) -> FloatArray:
        """(n_arcs,) what the twin says that each egress sends at the peak, all being normal."""
        return self.usual_loads.at_peak_bps(self.normal, lambda: self.normal_state(level=1.0))

    def _learn_loads(self, rates: RateRound) -> None:
        self.healthy_running = self.running
        now = float(np.nanmean(rates.until_s)) if np.isfinite(rates.until_s).any() else self.now_s
        said_bps = self._loads_at_peak() * self._level_at(now)
        self.usual_loads.learn(rates.sent_total_bps, said_bps)

    def _level_at(self, time_s: float) -> float:
        """Of the peak, what is expected then."""
        now_bps = self.demand.matrix_at(time_s).rates_bps.sum()
        return float(now_bps / max(self.demand.peak_bps.sum(), 1.0))

    def _take_probes(self, record: ProbeRound) -> None:
        if self.probes and record.received_s < self.probes[-1].received_s:
            return
        if self._probe_sense.is_repeat(record):
            return
        record = self._probe_sense.sift(record, self._carries)
        self.probes.append(record)
        self.coverage.probes(record)
        self._take_over_work()
        self.services.update(record)
        self._show(record)

    def usual_bps(self) -> FloatArray:
        """(n_arcs,) bit/s that each egress would send now if nothing were wrong."""
        usual_bps = self._loads_at_peak() * self._level_at(self.now_s)
        return np.asarray(usual_bps * np.exp(self.usual_loads.bias))

    def _carries(self) -> FloatArray:
        """(n,) what comes and goes at each node by the counters, as a share of what is usual; less
        than half where a link is down.
        """
        arrives = self.rates.sent_bps(self.now_s - _LATELY_S) * (1.0 - self.losses.mean)
        carries = carrying(self.topology, arrives, self.usual_bps())
        for link in map(self.topology.link, self.down_links):
            for node in (link.a, link.b):
                carries[self.topology.node_index[node]] *= 0.49
        return carries

    def _take_flows(self, record: FlowRound) -> None:
        if self.demand.is_late(record):
            return
        wrong = self._flow_sense.wrong(
            record, self.demand.expected_of(record), self.rates.sent_bps(), self.usual_bps()
        )
        if wrong.any():
            record = record.without(wrong)
        self.coverage.flows(record)
        # What a node draws is compared with what was expected before.
        self._show(record)
        self.demand.update(record, learn=self._quiet())
        self._access.flows(record, learn=self._quiet())
        if self._quiet():
            self._flow_mixes.learn(record)
            self.usual_loads.forget_peak()

    def access_signs(self, from_s: float) -> dict[str, AccessSigns]:
        """Who has logged in to each device since `from_s`, and what was reached from there."""
        return {node: self._access.signs(node, from_s) for node in self.demand.nodes}

    def flow_mix(self, flows: FlowRound) -> FlowMix:
        """What the flows of a round are like, against what is usual."""
        expected_bps = self.demand.expected_of(flows)
        return self._flow_mixes.of(flows, expected_bps, MANY_FLOWS)

    def _take_adjacency(self, record: AdjacencyEvent) -> None:
        verdict = self.adjacencies.take(record, record.time_s)
        if verdict is Verdict.LATE:
            self.intake.count_late(record.node)
            return
        if verdict is Verdict.REPEAT:
            self.intake.fold(record.node)
        else:
            self._step(record.link, record)
        self._show(record)

    def _take_configuration(
        self, record: ConfigurationEvent, device: DeviceConfiguration | None
    ) -> None:
        """`device`: what its node runs now, None if that could not be read: then it is believed."""
        if device is None:
            self._unread.add(record.node)
        else:
            self._unread.discard(record.node)
            before = self._reported.device(record.node)
            if device == before:
                self.intake.fold(record.node)
                return
            self._reported = self._reported.with_device(device)
            self._note_work(before, device, record.change_id.raw)
        before_s = self.changed_nodes.get(record.node, -math.inf)
        self.changed_nodes[record.node] = max(record.time_s, before_s)
        self._step(record.node, record)
        self._show(record)

    def _step(self, what: str, record: AdjacencyEvent | ConfigurationEvent) -> None:
        at_s = self.intake.clocks.latest_s(record)
        self._steps_s[what] = max(self._steps_s.get(what, 0.0), at_s)

    def _note_work(
        self, before: DeviceConfiguration, device: DeviceConfiguration, change_id: str
    ) -> None:
        """Keep under which announced work `device` was changed, and take over what is normal."""
        announced = change_id in {work.id for work in self.inventory.planned_work}
        for was, runs in zip(before.interfaces, device.interfaces, strict=True):
            egress = str(Interface(node=device.node, link=runs.link))
            if was == runs:
                continue
            self.changed_under.pop(egress, None)
            if announced:
                self.changed_under[egress] = change_id
        self._take_over(device)

    def _take_over_work(self) -> None:
        """Take over what crews have done already on the links of work that has begun."""
        work = self.work_under_way
        if work == self._work_taken_over:
            return
        self._work_taken_over = work
        links = {link for one in work for link in one.links} & self.topology.link_index.keys()
        ends = {node for x in map(self.topology.link, links) for node in (x.a, x.b)}
        for node in sorted(ends - self._unread):
            if (device := self._reported.device(node)) != self.baseline.device(node):
                self._take_over(device)

    def _take_over(self, device: DeviceConfiguration) -> None:
        """Believe that a node runs those interfaces of `device` that are normal there."""
        known, expected = self.running.device(device.node), self.expected(device)
        for normal, runs in zip(expected.interfaces, device.interfaces, strict=True):
            # The rest is read by whoever looks into it.
            if runs == normal:
                known = known.with_interface(runs)
        if known != self.running.device(device.node):
            self.running = self.running.with_device(known)

    # Surviving a restart
    # ---------------------------------------------------------------------------

    @property
    def mark(self) -> tuple[object, ...]:
        """Changes with everything that must be kept before telemetry is said to be.

        That is what people and plans decided, and what may come out otherwise if the same telemetry
        is taken in again. What is learned would only be learned again.
        """
        return (
            self.book.revision,
            self.last_step_s,
            self.baseline,
            self.running,
            tuple(self.changed_under.items()),
            tuple(self.attributed.items()),
            tuple(self.links.short.items()),
        )

    def dump(self) -> dict[str, Any]:
        """What was learned and seen, JSON-able; of the counters what was read last is kept."""
        return {
            "baseline": self.baseline.model_dump(mode="json"),
            "running": self.running.model_dump(mode="json"),
            "reported": [
                device.model_dump(mode="json")
                for device in self._reported.devices
                if device != self.running.device(device.node)
            ],
            **({"unread": sorted(self._unread)} if self._unread else {}),
            **({"changed_under": self.changed_under} if self.changed_under else {}),
            "book": self.book.dump(),
            "detectors": {name: d.dump() for name, d in self._detectors.items()},
            "services": self.services.dump(),
            **self.demand.dump(),
            "access": self._access.dump(),
            "flow_mixes": self._flow_mixes.dump(),
            "down_ends": self.adjacencies.dump_down_ends(),
            "adjacencies": self.adjacencies.dump(),
            "intake": self.intake.dump(),
            **({"clocks": clocks} if (clocks := self.intake.clocks.dump()) else {}),
            **({"telemetry_faults": faults} if (faults := self.faults.dump()) else {}),
            "coverage": self.coverage.dump(),
            "known_changes": list(self.known_changes),
            "changed_nodes": self.changed_nodes,
            **self.links.dump(),
            "last_step_s": self.last_step_s,
            "attributed": {
                i: [fault.model_dump(mode="json") for fault in cause]
                for i, cause in self.attributed.items()
            },
            "now_s": self.now_s,
            **self.usual_loads.dump(),
            **self.losses.dump(),
            **({"alerts": alerts} if (alerts := self.alerts.dump()) else {}),
            "drifts": [d.model_dump(mode="json") for d in self.drifts],
            "latest": self.latest().model_dump(mode="json"),
            "counters": self._meter.dump(),
        }

    @classmethod
    def load(
        cls,
        data: dict[str, Any],
        inventory: Inventory,
        load_model: LoadModel,
        detectors: Sequence[DetectorClass] = SHIPPED,
        now_s: float = math.inf,
    ) -> "Tracker":
        """The tracker that `dump` wrote; the next counters make windows with those read before.

        `now_s`: what claims to be of a later time is not believed.

        Raises:
            BadInput: a part is missing without which it would be wrong.
        """
        if missing := _NEEDED - data.keys():
            raise BadInput(f"it lacks {', '.join(sorted(missing))}")
        baseline = NetworkConfiguration.model_validate(data["baseline"])
        return cls(inventory, baseline, load_model, kept=data, now_s=now_s, detectors=detectors)


def _faults(kept: Sequence[str | Mapping[str, Any]]) -> tuple[Fault, ...]:
    """Causes; an earlier version kept the links that were down."""
    return tuple(
        LinkDown(link=one) if isinstance(one, str) else FAULT.validate_python(one) for one in kept
    )


def _what(interface: InterfaceConfiguration) -> str:
    """What an interface is, in a word or two."""
    if interface.shut_down:
        return "shut"
    return "drained" if interface.drained else "configured otherwise"
