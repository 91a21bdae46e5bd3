"""What is known of a live network right now, from its telemetry alone."""

import math
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.incident import Symptom, SymptomKind
from twin.nouns.inventory import Inventory
from twin.nouns.state import NetworkState
from twin.nouns.telemetry import (
    AdjacencyEvent,
    ConfigurationEvent,
    CounterRound,
    FloatArray,
    FlowRound,
    ProbeRound,
    SyslogLine,
    Telemetry,
)
from twin.tracking.adjacencies import Adjacencies, Verdict
from twin.tracking.alarms import Alarm, SymptomBook
from twin.tracking.demand import DemandTracker
from twin.tracking.drift import Drift, measure_drift
from twin.tracking.intake import Event, Intake
from twin.tracking.latest import Latest, newer
from twin.tracking.rates import RateMeter, RateRound
from twin.tracking.recent_ids import RecentIds
from twin.tracking.services import ServiceWatch

LoadModel = Callable[[NetworkState], FloatArray]
"""Offered load per arc, bit/s (n_arcs,), of a state: the twin's routing."""

CONVERGENCE_S = 45.0
"""After a change of routing, rates are mixed for this long: a 40 s hold timer (OSPF's
RouterDeadInterval at its default, RFC 2328 appendix C.3) and a margin."""

_MEASURED_ROUNDS = 6
_BIAS_MEMORY_ROUNDS = 60
_SMOOTHING = 0.4
"""Weight of the newest round in the probe averages: a step is seen at 78 % after three rounds."""

_LOSS_ROUNDS = 5
"""Rounds that the loss of an egress is the median of."""

_STEADY_ROUNDS = 4
"""Loss has to be seen in every one of this many rounds. Both ends are read seconds apart, so a step
of the load looks like loss at one of them; convergence makes such steps for up to three rounds.
"""

_ROUNDS_TO_ALARM = 2
"""Rounds in a row beyond a threshold: one noisy round is no alarm."""

_PLANNED_SLACK_S = 300.0
"""Planned work may start and end this much off its announced time."""

IDLE_UTILISATION = 0.005
"""An egress that sends less than this share of its capacity says nothing about loss."""

_DROP_THRESHOLD = 0.002
_SHORT_BUNDLE_DROPS = 0.005
_SHORT_BUNDLE_ROUNDS = 3
_SHORT_BUNDLE_LOAD = 0.9
"""Bursts make an egress drop from about 95 % on; one that drops below 90 % has less capacity."""

_SILENT_LOSS_FLOOR = 0.006
_SILENT_LOSS_SIGMAS = 4.0
_PROBE_LOSS_THRESHOLD = 0.02
_SURGE_FLOOR = 1.4
_SURGE_SIGMAS = 5.0
_HISTORY_ROUNDS = 60

_ESTIMATE_S = 300.0
"""How often demand is estimated from counters where no flow records come, and over how much of
them: as often as flow records are exported."""

_DRIFT_S = 300.0
"""How often the twin is compared with the network; the last four hours are kept."""

_DRIFTS_KEPT = 48


class Tracker:
    """Folds telemetry into rates, demand, link states and symptoms; learns what is normal
    meanwhile.

    Nothing is learned while a symptom is active, so that a fault does not become the new normal.
    `running` is the configuration as read from the devices when watching began: what the inventory
    says differently was so before, and is no symptom.

    However much arrives, it grows with the topology and with what is open, never with the number of
    events. What names a node or link that is not on record is counted by the `intake`, and ignored.
    """

    def __init__(
        self, inventory: Inventory, running: NetworkConfiguration, load_model: LoadModel
    ) -> None:
        topology = inventory.topology
        self.inventory = inventory
        self.topology = topology
        self.short_links: dict[str, float] = {}
        self.last_step_s = 0.0
        self.baseline = running
        self.running = running
        self.healthy_running = running
        self.book = SymptomBook()
        self.demand = DemandTracker(inventory.peak_traffic, inventory.profile)
        self.services = ServiceWatch(inventory)
        self.rates: deque[RateRound] = deque(maxlen=_HISTORY_ROUNDS)
        self.probes: deque[ProbeRound] = deque(maxlen=_HISTORY_ROUNDS)
        self.adjacencies = Adjacencies()
        self.intake = Intake(topology)
        self.known_changes = RecentIds()
        self.attributed: dict[str, frozenset[str]] = {}
        self.changed_nodes: dict[str, float] = {}
        self.now_s = 0.0
        self._kept_s = -math.inf
        self.load_bias: FloatArray = np.zeros(topology.n_arcs)
        self.load_spread: FloatArray = np.full(topology.n_arcs, 0.15)
        self.rounds_learned = 0
        self._load_model = load_model
        self._meter = RateMeter()
        self._normal_loads: FloatArray | None = None
        self._loss_rounds: deque[FloatArray] = deque(maxlen=_LOSS_ROUNDS)
        self._loss_mean: FloatArray = np.zeros(topology.n_arcs)
        self.steady_loss: FloatArray = np.zeros(topology.n_arcs)
        self._loss_spread: FloatArray = np.full(topology.n_arcs, 0.003)
        self._probe_loss: FloatArray = np.zeros(len(inventory.probes))
        self._streak: dict[str, int] = {}
        self._settled_commit: dict[str, float] = {}
        self._estimated_s = -math.inf
        self.drifts: deque[Drift] = deque(maxlen=_DRIFTS_KEPT)
        self._kept_latest: Latest | None = None

    # What is known
    # ---------------------------------------------------------------------------------

    @property
    def down_links(self) -> frozenset[str]:
        """Links over which at least one end has lost its adjacency."""
        return self.adjacencies.down_links

    @property
    def loss_mean(self) -> FloatArray:
        """(n_arcs,) share of what was sent that did not arrive, median of the last rounds."""
        return self._loss_mean

    @property
    def loss_spread(self) -> FloatArray:
        """(n_arcs,) its standard deviation in one round when nothing is wrong."""
        return self._loss_spread

    @property
    def probe_loss(self) -> FloatArray:
        """(n_probes,) smoothed loss of each probe path."""
        return self._probe_loss

    def believed_state(self, level: float | None = None) -> NetworkState:
        """The network as it is believed to be now (demand at profile `level` where given)."""
        return NetworkState(
            topology=self.topology,
            running=self.running,
            traffic=self.demand.matrix_at(self.now_s, level),
            down_links=self.down_links,
        )

    def normal_state(self, level: float | None = None, besides: str = "") -> NetworkState:
        """The network with the demand expected now and nothing wrong that is not explained already.

        Links that an incident accounts for are down in it, but for those of the incident `besides`.
        """
        down = [links for incident, links in self.attributed.items() if incident != besides]
        return NetworkState(
            topology=self.topology,
            running=self.baseline,
            traffic=self.demand.matrix_at(self.now_s, level),
            down_links=frozenset().union(*down) & self.down_links,
        )

    def attribute(self, incident_id: str, links: frozenset[str]) -> None:
        """`links` are down for a reason that this incident knows; none: it is over."""
        self.attributed.pop(incident_id, None)
        if links:
            self.attributed[incident_id] = links

    def active_symptoms(self) -> tuple[Symptom, ...]:
        """What is wrong now."""
        return self.book.active()

    def utilisation(self, before_s: float = math.inf) -> FloatArray:
        """(n_arcs,) sent / capacity in the latest reading before `before_s`; NaN where none is."""
        capacity = np.repeat([x.capacity_bps for x in self.topology.links], 2)
        found = np.full(len(capacity), np.nan)
        for round_ in reversed(self.rates):
            missing = np.isnan(found)
            if not missing.any():
                break
            usable = missing & (round_.until_s < before_s)
            found[usable] = (round_.sent_total_bps / capacity)[usable]
        return found

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
        rounds = self.rounds_within(self.last_step_s + CONVERGENCE_S)[-_MEASURED_ROUNDS:]
        if not rounds:
            return np.full(self.topology.n_arcs, np.nan)
        return _mean_seen([r.sent_total_bps + r.dropped_bps.sum(axis=1) for r in rounds])

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
        recent = list(self.rates)[-_ROUNDS_TO_ALARM:]
        if not recent:
            return np.zeros(self.topology.n_arcs, dtype=np.bool_)
        worst = np.nanmax([np.nan_to_num(r.drop_fraction) for r in recent], axis=0)
        return np.asarray(worst > _DROP_THRESHOLD)

    def rounds_within(self, from_s: float, until_s: float = math.inf) -> list[RateRound]:
        """The rate rounds of which every reading lies inside the two times."""
        return [
            r
            for r in self.rates
            if np.nanmin(r.from_s, initial=math.inf) >= from_s
            and np.nanmax(r.until_s, initial=-math.inf) <= until_s
        ]

    def set_running(self, running: NetworkConfiguration, accepted: Iterable[str] = ()) -> None:
        """Take over what the devices run now; on the `accepted` nodes it is normal from now on."""
        self.running = running
        for node in accepted:
            self.baseline = self.baseline.with_device(running.device(node))
            self._normal_loads = None
        for symptom in self.book.active():
            node = symptom.resource
            if symptom.kind == "configuration_change" and running.device(
                node
            ) == self.baseline.device(node):
                self.book.clear("configuration_change", node)
                if node in self.changed_nodes:
                    # What was reported by now was there to be read: a repeat says nothing new.
                    self._settled_commit[node] = self.changed_nodes[node]

    # Taking telemetry in
    # ---------------------------------------------------------------------------

    def ingest(self, records: Iterable[Telemetry]) -> None:
        """Take records in order of arrival; what was taken before a restart is not taken twice."""
        for record in records:
            if record.received_s <= self._kept_s:
                continue
            self.now_s = max(self.now_s, record.received_s)
            self.demand.listen(record.received_s)
            match record:
                case CounterRound():
                    self._take_counters(record)
                case ProbeRound():
                    self._take_probes(record)
                case FlowRound():
                    self._take_flows(record)
                case AdjacencyEvent() | ConfigurationEvent() | SyslogLine():
                    if self.intake.admit(record):
                        self._take_event(record)

    def _take_event(self, record: Event) -> None:
        match record:
            case AdjacencyEvent():
                self._take_adjacency(record)
            case ConfigurationEvent():
                self._take_configuration(record)
            case SyslogLine():
                self.intake.keep_line(record)

    def _quiet(self) -> bool:
        return not self.book.active() and not self.down_links

    def _take_counters(self, record: CounterRound) -> None:
        rates = self._meter.update(record)
        if rates is None:
            return
        self.rates.append(rates)
        quiet = self._quiet()
        self._watch_drops(rates)
        self._find_short_bundles(rates)
        self._watch_silent_loss(rates, learn=quiet)
        if quiet:
            self._estimate_demand()
            self._learn_bias(rates)
        if not self.drifts or self.now_s - self.drifts[-1].time_s >= _DRIFT_S:
            self.drifts.append(self.measure_drift())

    def _estimate_demand(self) -> None:
        """From the counters, of the sources that no flow records come of."""
        due = self.now_s - self._estimated_s >= _ESTIMATE_S
        if not due or not self.demand.silent(self.now_s).any():
            return
        first_s = max(self.last_step_s + CONVERGENCE_S, self.now_s - _ESTIMATE_S - 60.0)
        rounds = self.rounds_within(first_s)
        if len(rounds) < _MEASURED_ROUNDS:
            return
        self._estimated_s = self.now_s
        offered = _mean_seen([r.sent_bps + r.dropped_bps for r in rounds])
        ends = np.concatenate([r.until_s for r in rounds])
        at_s = float(np.nanmean(ends)) if np.isfinite(ends).any() else self.now_s
        before = self._normal_loads
        if before is None:
            before = self._load_model(self.normal_state(level=1.0))
        self.demand.estimate_silent(self.believed_state(), offered, at_s, self.now_s)
        self._normal_loads = self._load_model(self.normal_state(level=1.0))
        # What loads to expect was learned, and stays: only the matrix that explains them changed.
        with np.errstate(divide="ignore", invalid="ignore"):
            change = np.log(before / self._normal_loads)
        self.load_bias = self.load_bias + np.where(np.isfinite(change), change, 0.0)

    def _learn_bias(self, rates: RateRound) -> None:
        self.healthy_running = self.running
        if self._normal_loads is None:
            self._normal_loads = self._load_model(self.normal_state(level=1.0))
        now = float(np.nanmean(rates.until_s)) if np.isfinite(rates.until_s).any() else self.now_s
        level = self.demand.matrix_at(now).rates_bps.sum() / max(self.demand.peak_bps.sum(), 1.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.log(rates.sent_total_bps / (self._normal_loads * level))
        usable = np.isfinite(ratio)
        self.rounds_learned += 1
        weight = max(1 / self.rounds_learned, 1 / _BIAS_MEMORY_ROUNDS)
        deviation = np.where(usable, ratio - self.load_bias, 0.0)
        self.load_bias = self.load_bias + weight * deviation
        if self.rounds_learned > 3:
            variance = self.load_spread**2
            variance = np.where(usable, variance + weight * (deviation**2 - variance), variance)
            self.load_spread = np.sqrt(np.maximum(variance, 0.01**2))

    def _watch_drops(self, rates: RateRound) -> None:
        fraction = rates.drop_fraction
        for arc in np.flatnonzero(np.isfinite(fraction)):
            egress = self.inventory.topology.egress_of(int(arc))
            policed = bool(self.running.device(egress.node).interface(egress.link).policers)
            name = str(egress)
            over = fraction[arc] > _DROP_THRESHOLD and not policed
            self._threshold("queue_drops", name, over, float(fraction[arc]), _end_of(rates, arc))

    def _find_short_bundles(self, rates: RateRound) -> None:
        """An egress that drops far below its capacity on record has fewer members than recorded."""
        fraction, sent = rates.drop_fraction, rates.sent_total_bps
        for arc in np.flatnonzero(fraction > _SHORT_BUNDLE_DROPS):
            egress = self.topology.egress_of(int(arc))
            link = self.topology.link(egress.link)
            interface = self.running.device(egress.node).interface(egress.link)
            settled = rates.from_s[arc] >= self.last_step_s + CONVERGENCE_S
            below = sent[arc] < _SHORT_BUNDLE_LOAD * link.capacity_bps
            if interface.policers or not (settled and below):
                # While routing changes, drops and what was sent are of different moments.
                self._streak.pop(f"short:{arc}", None)
                continue
            self._streak[f"short:{arc}"] = self._streak.get(f"short:{arc}", 0) + 1
            if self._streak[f"short:{arc}"] < _SHORT_BUNDLE_ROUNDS:
                continue
            module = link.capacity_bps / link.members
            members = max(1, math.ceil(float(sent[arc]) / module - 0.05))
            if members < link.members:
                self._set_capacity(link.id, members * module, members)

    def _set_capacity(self, link_id: str, capacity_bps: float, members: int) -> None:
        self.short_links[link_id] = capacity_bps
        self.topology = self.topology.model_copy(
            update={
                "links": tuple(
                    x.model_copy(update={"capacity_bps": capacity_bps, "members": members})
                    if x.id == link_id
                    else x
                    for x in self.topology.links
                )
            }
        )

    def _watch_silent_loss(self, rates: RateRound, *, learn: bool) -> None:
        sent = rates.sent_total_bps
        capacity = np.repeat([x.capacity_bps for x in self.inventory.topology.links], 2)
        with np.errstate(invalid="ignore"):
            loss = np.where(sent > IDLE_UTILISATION * capacity, rates.loss, np.nan)
        usable = np.isfinite(loss)
        self._loss_rounds.append(loss)
        recent = np.stack(self._loss_rounds)
        enough = np.isfinite(recent).sum(axis=0) >= 3
        # An idle egress loses nothing; of one that was not read, what is known stays.
        with np.errstate(invalid="ignore"):
            idle = sent <= IDLE_UTILISATION * capacity
        self._loss_mean = np.where(enough, _nanmedian(recent), np.where(idle, 0.0, self._loss_mean))
        newest = recent[-_STEADY_ROUNDS:]
        self.steady_loss = np.where(
            np.isfinite(newest).sum(axis=0) >= _STEADY_ROUNDS - 1,
            np.min(np.where(np.isnan(newest), np.inf, newest), axis=0),
            np.where(idle, 0.0, self.steady_loss),
        )
        if learn and len(recent) == _LOSS_ROUNDS:
            # Of the oldest round: loss that began since is either found by now or it is noise.
            # Learned at once, the first rounds of a loss would widen its own threshold.
            oldest, variance = recent[0], self._loss_spread**2
            known = np.isfinite(oldest)
            weight = max(1 / (self.rounds_learned + 1), 1 / _BIAS_MEMORY_ROUNDS)
            variance[known] += weight * (oldest[known] ** 2 - variance[known])
            self._loss_spread = np.sqrt(np.maximum(variance, 0.0005**2))
        limit = np.maximum(_SILENT_LOSS_FLOOR, _SILENT_LOSS_SIGMAS * self._loss_spread)
        for arc in np.flatnonzero(usable):
            egress = self.inventory.topology.egress_of(int(arc))
            name = str(egress)
            # A link that is going down loses what was in flight: that is its adjacency's story.
            seen = float(self._loss_mean[arc])
            if egress.link in self.down_links or seen <= limit[arc]:
                self.book.clear("silent_loss", name)
            elif self.steady_loss[arc] > limit[arc]:
                self.book.raise_alarm(Alarm("silent_loss", name, _end_of(rates, arc), seen))

    def _take_probes(self, record: ProbeRound) -> None:
        self.probes.append(record)
        self.services.update(record)
        with np.errstate(divide="ignore", invalid="ignore"):
            loss = np.where(record.sent > 0, record.lost / record.sent, np.nan)
        usable = np.isfinite(loss)
        self._probe_loss[usable] += _SMOOTHING * (loss - self._probe_loss)[usable]
        for i in np.flatnonzero(usable):
            path = record.paths[int(i)]
            name = f"{path.source}>{path.target}/{path.traffic_class}"
            over = self._probe_loss[i] > _PROBE_LOSS_THRESHOLD
            self._threshold("probe_loss", name, over, float(self._probe_loss[i]), record.received_s)

    def _take_flows(self, record: FlowRound) -> None:
        ratio = self.demand.inbound_ratio(record)
        limit = np.maximum(_SURGE_FLOOR, np.exp(_SURGE_SIGMAS * self.demand.spread))
        for i, node in enumerate(self.demand.nodes):
            if np.isfinite(ratio[i]):
                over = bool(ratio[i] > limit[i])
                # One flow round is five minutes: no second one is waited for.
                if over:
                    alarm = Alarm("traffic_surge", node, record.from_s, float(ratio[i]))
                    self.book.raise_alarm(alarm)
                else:
                    self.book.clear("traffic_surge", node)
        self.demand.update(record, learn=self._quiet())
        if self._quiet():
            self._normal_loads = None

    def _take_adjacency(self, record: AdjacencyEvent) -> None:
        time_s = _stamp_of(record)
        verdict = self.adjacencies.take(record, time_s)
        if verdict is Verdict.LATE:
            self.intake.count_late(record.node)
            return
        if verdict is Verdict.REPEAT:
            self.intake.fold(record.node)
        else:
            self.last_step_s = max(self.last_step_s, time_s)
        if record.up:
            if record.link not in self.down_links:
                self.book.clear("adjacency_down", record.link)
        elif not self._is_planned(record.link, time_s):
            self.book.raise_alarm(Alarm("adjacency_down", record.link, time_s, 1.0))

    def _take_configuration(self, record: ConfigurationEvent) -> None:
        node, time_s = record.node, _stamp_of(record)
        if time_s <= self._settled_commit.get(node, -math.inf):
            self.intake.count_late(node)
            return
        self.changed_nodes[node] = max(time_s, self.changed_nodes.get(node, -math.inf))
        self.last_step_s = max(self.last_step_s, time_s)
        links = self.inventory.topology.links_at(node)
        if any(self._is_planned(link.id, time_s) for link in links):
            return
        if record.change_id.raw not in self.known_changes:
            if self.book.is_active(f"configuration_change:{node}"):
                self.intake.fold(node)
            self.book.raise_alarm(Alarm("configuration_change", node, time_s, 1.0))

    def _is_planned(self, link: str, time_s: float) -> bool:
        work = self.inventory.planned_work
        return any(w.covers(link, time_s, _PLANNED_SLACK_S) for w in work)

    def _threshold(
        self, kind: SymptomKind, resource: str, over: bool, magnitude: float, time_s: float
    ) -> None:
        key = f"{kind}:{resource}"
        if not over:
            if self._streak.pop(key, 0):
                self.book.clear(kind, resource)
            return
        self._streak[key] = self._streak.get(key, 0) + 1
        if self._streak[key] >= _ROUNDS_TO_ALARM:
            self.book.raise_alarm(Alarm(kind, resource, time_s, magnitude))

    # Surviving a restart
    # ---------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """What was learned and seen, JSON-able; of the rates only the newest is kept."""
        return {
            "baseline": self.baseline.model_dump(mode="json"),
            "running": self.running.model_dump(mode="json"),
            "book": self.book.dump(),
            "services": self.services.dump(),
            "peak_bps": self.demand.peak_bps.tolist(),
            "demand_spread": self.demand.spread.tolist(),
            "demand": self.demand.dump(),
            "down_ends": self.adjacencies.dump_down_ends(),
            "adjacencies": self.adjacencies.dump(),
            "intake": self.intake.dump(),
            "known_changes": list(self.known_changes),
            "settled_commit": self._settled_commit,
            "changed_nodes": self.changed_nodes,
            "short_links": self.short_links,
            "last_step_s": self.last_step_s,
            "attributed": {i: sorted(links) for i, links in self.attributed.items()},
            "now_s": self.now_s,
            "load_bias": self.load_bias.tolist(),
            "load_spread": self.load_spread.tolist(),
            "loss_spread": self._loss_spread.tolist(),
            "rounds_learned": self.rounds_learned,
            "drifts": [d.model_dump(mode="json") for d in self.drifts],
            "latest": self.latest().model_dump(mode="json"),
        }

    @classmethod
    def load(cls, data: dict[str, Any], inventory: Inventory, load_model: LoadModel) -> "Tracker":
        """The tracker that `dump` wrote; rates start again with the next two counter rounds."""
        tracker = cls(inventory, NetworkConfiguration.model_validate(data["baseline"]), load_model)
        tracker.running = NetworkConfiguration.model_validate(data["running"])
        tracker.book = SymptomBook.load(data["book"])
        tracker.services.load(data["services"])
        tracker.demand.load(
            np.array(data["peak_bps"]), np.array(data["demand_spread"]), data.get("demand", {})
        )
        tracker.adjacencies = Adjacencies.load(data["down_ends"], data.get("adjacencies", {}))
        tracker.intake.restore(data.get("intake", {}))
        tracker.known_changes = RecentIds(data["known_changes"])
        tracker._settled_commit = dict(data.get("settled_commit", {}))
        tracker.changed_nodes = dict(data["changed_nodes"])
        tracker.attributed = {i: frozenset(links) for i, links in data["attributed"].items()}
        for link, capacity_bps in data["short_links"].items():
            recorded = inventory.topology.link(link)
            module = recorded.capacity_bps / recorded.members
            tracker._set_capacity(link, capacity_bps, round(capacity_bps / module))
        tracker.last_step_s = data["last_step_s"]
        tracker.now_s = tracker._kept_s = data["now_s"]
        tracker.load_bias = np.array(data["load_bias"])
        tracker.load_spread = np.array(data["load_spread"])
        tracker._loss_spread = np.array(data["loss_spread"])
        tracker.rounds_learned = data["rounds_learned"]
        tracker.drifts.extend(Drift.model_validate(d) for d in data.get("drifts", []))
        if "latest" in data:
            tracker._kept_latest = Latest.model_validate(data["latest"])
        tracker._streak = {s.id: _ROUNDS_TO_ALARM for s in tracker.active_symptoms()}
        return tracker


def _stamp_of(record: AdjacencyEvent | ConfigurationEvent) -> float:
    """When it happened, Unix seconds; a device whose clock is ahead says it was when we heard it.

    Believed, a stamp from the future would make late of everything that comes until then.
    """
    if not math.isfinite(record.time_s):
        return record.received_s
    return min(record.time_s, record.received_s)


def _mean_seen(rows: list[FloatArray]) -> FloatArray:
    """Mean of what was read of each entry; NaN where nothing was."""
    stacked = np.stack(rows)
    seen = np.isfinite(stacked)
    mean = np.where(seen, stacked, 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    return np.where(seen.any(axis=0), mean, np.nan)


def _nanmedian(rows: FloatArray) -> FloatArray:
    """Median over axis 0 of what is there; columns without anything give infinity."""
    ordered = np.sort(np.where(np.isfinite(rows), rows, np.inf), axis=0)
    count = np.isfinite(rows).sum(axis=0)
    columns = np.arange(rows.shape[1])
    lower = ordered[np.maximum(count - 1, 0) // 2, columns]
    upper = ordered[np.minimum(count // 2, len(rows) - 1), columns]
    return np.asarray(0.5 * (lower + upper))


def _end_of(rates: RateRound, arc: np.intp) -> float:
    return float(rates.until_s[arc])
