"""The emulated network, as the `Network` Protocol offers it: physics, its file and its devices."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self, TypeVar

from tools.network.emulated.case_truth import CaseTruth
from tools.network.emulated.case_world import CaseWorld
from tools.network.emulated.field import notes_of, scripted_job
from tools.network.emulated.hidden import Hidden, draw_hidden, recorded
from tools.network.emulated.mismatch import Mismatch, mismatch_level
from tools.network.emulated.network_file import Change, Identity, NetworkFile, readable
from tools.network.emulated.physical_network import PhysicalNetwork, Snapshot
from tools.network.emulated.telemetry_feed import LATEST_S
from tools.network.protocol import CommitRecord, CommitState, RepairReport
from twin.errors import BadCase, NetworkError, UnknownNode
from twin.events.fault import Fault
from twin.events.faults.device_down import DeviceDown
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.flood import Flood
from twin.events.faults.high_latency import HighLatency
from twin.events.faults.link_capacity_bottleneck import LinkCapacityBottleneck
from twin.events.faults.link_down import LinkDown
from twin.events.faults.link_flap import LinkFlap
from twin.events.faults.packet_loss import PacketLoss
from twin.events.faults.power_feed_loss import PowerFeedLoss
from twin.events.faults.router_overload import RouterOverload
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.events.faults.traffic_spike import TrafficSpike
from twin.nouns.configuration import (
    DeviceConfiguration,
    DiscardRoute,
    NetworkConfiguration,
    Policer,
    configuration_diff,
)
from twin.nouns.field_note import FieldNote
from twin.nouns.inventory import Inventory, ProbePath
from twin.nouns.plan import Dispatch
from twin.nouns.telemetry import ProbeRound, Telemetry

_T = TypeVar("_T")

_OPEN = (CommitState.STAGED, CommitState.COMMITTED)


@dataclass(frozen=True, slots=True)
class _Scripted:
    """Something that the case makes happen to a device's configuration at `time_s`."""

    time_s: float
    source: str
    node: str
    change_id: str
    user: str
    edit: Callable[[DeviceConfiguration], DeviceConfiguration]


class EmulatedNetwork:
    """An independent simulator behind the `Network` Protocol.

    Everything that a router would remember is in the network's own file before a call returns, so
    that the process may die at any time and `open` goes on. Time moves only by `advance`.
    """

    def __init__(self, file: NetworkFile) -> None:
        self._file = file
        self._identity = file.identity()
        seed, world = self._identity.seed, self._identity.world
        designed = self._identity.designed
        level = mismatch_level(world.mismatch)
        hidden = draw_hidden(designed, level, seed)
        known = {work.id for work in designed.planned_work}
        announced = tuple(work for work in world.planned_work if work.id not in known)
        self._inventory = replace(
            recorded(designed, hidden, level, seed),
            planned_work=designed.planned_work + announced,
        )
        self._initial = hidden.initial_configuration(designed.intended)
        self._running = {d.node: d for d in self._initial.devices} | file.running()
        self._changes = {(c.node, c.change_id): c for c in file.changes()}
        done = file.sources()
        self._script = [s for s in self._scripted() if s.source not in done]
        self._now_s, self._polled_s = file.clock()
        self._handed_s = self._polled_s
        self._batch: Sequence[Telemetry] = ()
        self.physical = self._caught_up(hidden, level)

    @classmethod
    def create(
        cls,
        path: Path,
        name: str,
        designed: Inventory,
        world: CaseWorld,
        truth: CaseTruth,
        seed: int,
    ) -> "EmulatedNetwork":
        """A new network in a new file, at `world.starts_s`.

        `designed`: the world as built (traffic scale applied). `seed`: of the hidden realisation.

        Raises:
            BadCase: the case names what `designed` does not have.
            NetworkError: `path` exists.
        """
        _check_case(designed, world, truth)
        file = NetworkFile(path, create=True)
        with file.durably():
            file.write_identity(Identity(name, seed, designed, world, truth))
            file.set_clock(world.starts_s)
        return cls(file)

    @classmethod
    def open(cls, path: Path) -> Self:
        """The network in `path`, as it stands.

        Raises:
            NetworkHeld: another process has it.
            NetworkError: it is not there, or is damaged.
        """
        file = NetworkFile(path, create=False)
        try:
            with readable(path):
                return cls(file)
        except BaseException:
            file.close()
            raise

    def close(self) -> None:
        """Let go of the file; `open` goes on from here."""
        self._file.close()

    # --- the Network Protocol --------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Unique among the networks that are operated."""
        return self._identity.name

    def inventory(self) -> Inventory:
        """What is on record: never the hidden truth."""
        return self._inventory

    def now_s(self) -> float:
        """The network's clock, Unix seconds."""
        return self._now_s

    def poll(self, after_s: float | None = None) -> Sequence[Telemetry]:
        """What was received after `after_s`, in order of arrival; since the last call if None.

        What is not said to be kept is given again, to whoever opens the network anew as well. To
        ask without a time is to say that the last batch was kept.
        """
        kept_s = self._handed_s
        if after_s is not None:
            kept_s = min(max(after_s, self._polled_s), self._handed_s)
        again = [item for item in self._batch if item.received_s > kept_s]
        with self._file.cheaply():
            self._file.set_polled(kept_s)
        self._polled_s, self._handed_s = kept_s, self._now_s
        self._batch = [*again, *self.physical.take_telemetry()]
        return self._batch

    def running(self, node: str) -> DeviceConfiguration:
        """The configuration that `node` runs now; of one that is down, what it will start with, as
        the operator's archive has it. Raises UnknownNode.
        """
        try:
            return self._running[node]
        except KeyError:
            raise UnknownNode(node, self._running, self.name) from None

    def probe(self, paths: Sequence[ProbePath]) -> ProbeRound:
        """Measure `paths` now; twice at one moment gives the same result. Raises UnknownNode."""
        for path in paths:
            self.running(path.source)
            self.running(path.target)
        return self.physical.probe(paths)

    def stage(self, change_id: str, candidate: DeviceConfiguration) -> str:
        """Make `candidate` the candidate of its node, in place of nothing else.

        Emulated devices have no words of their own for it: "" is returned.
        Raises NetworkError if another change is staged or unconfirmed there, or the id was used.
        """
        node = candidate.node
        self._check_candidate(candidate)
        self._reach(node)
        if (node, change_id) in self._changes:
            raise NetworkError(f'{node}: change "{change_id}" was staged before; use a new id')
        for change in self._changes.values():
            if change.node == node and change.state in _OPEN:
                raise NetworkError(
                    f'{node}: change "{change.change_id}" is {change.state}; '
                    "confirm it or roll it back"
                )
        staged = Change(node, change_id, CommitState.STAGED, candidate, None, None)
        with self._file.durably():
            self._note(staged)
        self._changes[node, change_id] = staged
        return ""

    def diff(self, node: str, change_id: str) -> str:
        """Running against candidate, as `configuration_diff` gives it."""
        change = self._change(node, change_id)
        return configuration_diff(self._running[node], change.candidate)

    def commit(self, node: str, change_id: str, return_after_s: float) -> CommitRecord:
        """Run the candidate; the device goes back after `return_after_s` unless confirmed."""
        change = self._change(node, change_id, CommitState.STAGED)
        self._reach(node)
        if not 0 < return_after_s < math.inf:
            raise NetworkError(
                f"{node}: a commit returns after a positive time, not {return_after_s}"
            )
        committed = replace(
            change,
            state=CommitState.COMMITTED,
            previous=self._running[node],
            return_at_s=self._now_s + return_after_s,
        )
        return self._reconfigure(committed, committed.candidate, "netconf")

    def confirm(self, node: str, change_id: str) -> CommitRecord:
        """Keep what was committed. Raises NetworkError if it is not waiting for that."""
        change = self._change(node, change_id, CommitState.COMMITTED)
        self._reach(node)
        confirmed = replace(change, state=CommitState.CONFIRMED, return_at_s=None)
        with self._file.durably():
            record = self._note(confirmed)
        self._changes[node, change_id] = confirmed
        return record

    def roll_back(self, node: str, change_id: str) -> CommitRecord:
        """Drop a staged candidate, or return an unconfirmed commit now."""
        change = self._change(node, change_id, *_OPEN)
        rolled = replace(change, state=CommitState.ROLLED_BACK, return_at_s=None)
        if change.previous is not None:
            return self._reconfigure(rolled, change.previous, "netconf")
        with self._file.durably():
            record = self._note(rolled)
        self._changes[node, change_id] = rolled
        return record

    def commit_log(self, node: str) -> Sequence[CommitRecord]:
        """Every state that every change had on `node`, oldest first."""
        self.running(node)
        return self._file.commit_log(node)

    def dispatch(self, order: Dispatch) -> None:
        """Send the field out. The same id twice is one order.

        Crews find a fault when the order names one of its links, its duct, or the duct's place; a
        device that is down or overloaded, when it names the device or all of its links.
        """
        if self._file.dispatch(order.id) is not None:
            return
        found = [e for e in self.physical.active_events(self._now_s) if self._is_found(e, order)]
        done = {e: self._now_s + self._repair_time(e) for e in found}
        finds = "repaired" if found else "nothing_found"
        done_s = max(done.values(), default=self._now_s + self._identity.truth.travel_s)
        with self._file.durably():
            self._file.add_dispatch(order.id, self._now_s, done_s, finds)
            for event, time_s in done.items():
                self._file.add_deed(
                    self._now_s, "repair", f"{event} {time_s!r}", order.id, "field", None
                )
        for event, time_s in done.items():
            self.physical.repair(event, time_s)

    def repair_report(self, dispatch_id: str) -> RepairReport:
        """What the field says about an order. Raises NetworkError for an unknown id."""
        row = self._file.dispatch(dispatch_id)
        if row is None:
            raise NetworkError(f'no order "{dispatch_id}" was given')
        ordered_s, done_s, finds = row
        said: tuple[FieldNote, ...] = ()
        if finds == "repaired":
            job = scripted_job(self._identity.truth.travel_s, done_s - ordered_s)
            said = notes_of(job, ordered_s, self._identity.seed, dispatch_id)
        notes = tuple(note for note in said if note.time_s <= self._now_s)
        is_open = self._now_s < done_s
        return RepairReport(
            dispatch_id=dispatch_id,
            state="open" if is_open else finds,
            time_s=ordered_s if is_open else done_s,
            notes=notes,
        )

    # --- time ------------------------------------------------------------------------------------

    def advance(self, until_s: float) -> None:
        """Move the clock to `until_s`; everything due until then happens."""
        while (due := self._next_due())[0] <= until_s:
            time_s, act = due
            self._move_to(time_s)
            act()
        if until_s > self._now_s:
            self._move_to(until_s)
            self._save_clock()

    def _move_to(self, time_s: float) -> None:
        self.physical.advance(time_s)
        self._now_s = max(self._now_s, time_s)

    def _save_clock(self) -> None:
        snapshot = self.physical.snapshot
        with self._file.cheaply():
            self._file.set_clock(self._now_s)
            if snapshot is not None:
                needed_from_s = self._polled_s - LATEST_S
                self._file.put_snapshot(snapshot.time_s, snapshot.data, needed_from_s)
        self.physical.snapshot = None

    def _next_due(self) -> tuple[float, Callable[[], object]]:
        """When a return timer or the script acts next, and what it then does."""
        due: tuple[float, Callable[[], object]] = (math.inf, lambda: None)
        for change in self._changes.values():
            if change.state == CommitState.COMMITTED and change.return_at_s is not None:
                due = min(due, (change.return_at_s, _bind(self._return, change)), key=_when)
        if self._script:
            scripted = self._script[0]
            due = min(due, (scripted.time_s, _bind(self._carry_out, scripted)), key=_when)
        return due

    def _return(self, change: Change) -> None:
        assert change.previous is not None
        returned = replace(change, state=CommitState.RETURNED, return_at_s=None)
        self._reconfigure(returned, change.previous, "rollback-timer")

    def _carry_out(self, scripted: _Scripted) -> None:
        device = scripted.edit(self._running[scripted.node])
        record = CommitRecord(
            node=scripted.node,
            change_id=scripted.change_id,
            state=CommitState.CONFIRMED,
            time_s=self._now_s,
        )
        with self._file.durably():
            self._file.log(record)
            number = self._run(device, scripted.change_id, scripted.user, scripted.source)
        self._script.remove(scripted)
        self._running[device.node] = device
        self.physical.configure(device, scripted.change_id, scripted.user, number)

    # --- changes ---------------------------------------------------------------------------------

    def _change(self, node: str, change_id: str, *states: CommitState) -> Change:
        self.running(node)
        change = self._changes.get((node, change_id))
        if change is None:
            raise NetworkError(f'{node}: no change "{change_id}" was staged')
        if states and change.state not in states:
            wanted = " or ".join(states)
            raise NetworkError(f'{node}: change "{change_id}" is {change.state}, not {wanted}')
        return change

    def _reach(self, node: str) -> None:
        if self.physical.is_dark(node):
            raise NetworkError(f"{node} does not answer")

    def _check_candidate(self, candidate: DeviceConfiguration) -> None:
        before = [i.link for i in self.running(candidate.node).interfaces]
        if [i.link for i in candidate.interfaces] != before:
            raise NetworkError(
                f"{candidate.node}: the candidate does not have the device's interfaces"
            )

    def _reconfigure(self, change: Change, device: DeviceConfiguration, user: str) -> CommitRecord:
        with self._file.durably():
            record = self._note(change)
            number = self._run(device, change.change_id, user, None)
        self._changes[change.node, change.change_id] = change
        self._running[device.node] = device
        self.physical.configure(device, change.change_id, user, number)
        return record

    def _note(self, change: Change) -> CommitRecord:
        """Within a transaction: the state of `change`, and its line in the log."""
        record = CommitRecord(
            node=change.node,
            change_id=change.change_id,
            state=change.state,
            time_s=self._now_s,
            return_at_s=change.return_at_s,
        )
        self._file.put_change(change)
        self._file.log(record)
        return record

    def _run(
        self, device: DeviceConfiguration, change_id: str, user: str, source: str | None
    ) -> int:
        """Within a transaction: `device` runs from now on; the number of the deed."""
        self._file.set_clock(self._now_s)
        self._file.set_running(device)
        body = device.model_dump_json()
        return self._file.add_deed(self._now_s, "configuration", body, change_id, user, source)

    # --- the field -------------------------------------------------------------------------------

    def _is_found(self, event: int, order: Dispatch) -> bool:
        fault = self._identity.truth.events[event].fault
        if isinstance(fault, _ON_ONE_LINK):
            return fault.link in order.links
        if isinstance(fault, DeviceDown | RouterOverload):
            return order.place == fault.node or set(fault.links) <= set(order.links)
        if isinstance(fault, PowerFeedLoss):
            return order.place in (*fault.nodes, fault.site)
        if not isinstance(fault, FiberCut):
            return False
        places = {
            place
            for group in self._identity.designed.topology.shared_risk_groups
            if fault.duct and group.id == fault.duct
            for place in (group.id, group.place)
        }
        return order.place in places or bool(set(fault.links) & set(order.links))

    def _repair_time(self, event: int) -> float:
        repair = self._identity.truth.events[event].repair
        if repair is None:
            return self._identity.truth.travel_s
        return repair.travel_s + repair.repair_s

    # --- coming back -----------------------------------------------------------------------------

    def _caught_up(self, hidden: Hidden, level: Mismatch) -> PhysicalNetwork:
        """The physics as of the clock: from a snapshot, through everything that was done since."""
        identity, deeds = self._identity, self._file.deeds()
        repairs = [deed.body.split() for deed in deeds if deed.kind == "repair"]
        changes = [
            (deed, DeviceConfiguration.model_validate_json(deed.body))
            for deed in deeds
            if deed.kind == "configuration"
        ]
        # Whatever was received after the last poll happened at most LATEST_S before it.
        kept = self._file.snapshot_before(self._polled_s - LATEST_S)
        from_s = -math.inf if kept is None else kept[0]
        before = self._initial
        for deed, device in changes:
            if deed.time_s < from_s:
                before = before.with_device(device)
        physical = PhysicalNetwork(
            identity.designed,
            identity.truth,
            hidden,
            level,
            identity.seed,
            identity.world.starts_s,
            before,
            repairs=[(int(event), float(time_s)) for event, time_s in repairs],
            snapshot=None if kept is None else Snapshot(*kept),
        )
        for deed, device in changes:
            if deed.time_s >= from_s:
                physical.advance(deed.time_s)
                physical.configure(device, deed.change_id, deed.user, deed.number)
        physical.advance(self._now_s)
        physical.snapshot = None
        if self._polled_s > identity.world.starts_s:
            physical.feed.forget_until(self._polled_s)
        return physical

    # --- the script ------------------------------------------------------------------------------

    def _scripted(self) -> list[_Scripted]:
        """What the case does to configurations, in order of time."""
        truth, starts_s = self._identity.truth, self._identity.world.starts_s
        script = []
        for i, event in enumerate(truth.events):
            ticket = f"TCK-{48000 + 7 * i + self._identity.seed % 900}"
            for node, edit in _edits(event.fault).items():
                # The name of a single edit is that of earlier versions, whose files go on.
                end = f" {node}" if event.fault.kind in _OF_LINKS else ""
                under = getattr(event.fault, "change_id", "") or ticket
                time_s, source = starts_s + event.at_s, f"event {i}{end}"
                script.append(_Scripted(time_s, source, node, under, "ops4", edit))
        for i, planned in enumerate(truth.planned_actions):
            link = self._identity.designed.topology.link(planned.link)
            field = "drained" if planned.what == "drain" else "shut_down"
            for when, value in ((planned.at_s, True), (planned.until_s, False)):
                for node in (link.a, link.b):
                    script.append(
                        _Scripted(
                            starts_s + when,
                            f"planned {i} {node} {value}",
                            node,
                            planned.change_id,
                            "maintenance",
                            _edit(link.id, **{field: value}),
                        )
                    )
        return sorted(script, key=lambda s: (s.time_s, s.source))

    @property
    def identity(self) -> Identity:
        """What the network was created with, truth included: for evaluators only."""
        return self._identity

    def running_configuration(self) -> NetworkConfiguration:
        """What all devices run now."""
        nodes = self._identity.designed.topology.nodes
        return NetworkConfiguration(devices=tuple(self._running[n.id] for n in nodes))


def _when(due: tuple[float, Callable[[], object]]) -> float:
    return due[0]


def _bind(act: Callable[[_T], None], what: _T) -> Callable[[], None]:
    return lambda: act(what)


_ON_ONE_LINK = (
    HighLatency,
    LinkDown,
    LinkFlap,
    LinkCapacityBottleneck,
    PacketLoss,
    SilentEgressPacketLoss,
)
"""Kinds of fault that a crew finds on their link."""

_OF_LINKS = ("interface_shut_down", "unannounced_drain")
"""Kinds of fault that edit both ends of a link."""


def _edits(fault: Fault) -> dict[str, Callable[[DeviceConfiguration], DeviceConfiguration]]:
    """How a fault that is in the configuration edits it, by node."""
    match fault.kind:
        case "igp_weight_misconfig":
            return {fault.node: _edit(fault.link, igp_weight=fault.weight)}
        case "interface_shut_down":
            return dict.fromkeys(fault.nodes, _edit(fault.link, shut_down=True))
        case "unannounced_drain":
            return dict.fromkeys(fault.nodes, _edit(fault.link, drained=True))
        case "policer_misconfig":
            policer = Policer(traffic_class=fault.traffic_class, rate_bps=fault.rate_bps)
            return {fault.node: _edit(fault.link, policers=(policer,))}
        case "blackhole_route":
            return {fault.node: _discard(fault.targets)}
        case "access_breach":
            return _edits(fault.change)
        case _:
            return {}


def _ends(fault: Fault) -> list[tuple[str, str]]:
    """The ends of links, node and link, that a fault names."""
    match fault.kind:
        case (
            "igp_weight_misconfig"
            | "silent_egress_packet_loss"
            | "policer_misconfig"
            | "packet_loss"
        ):
            return [(fault.node, fault.link)]
        case "interface_shut_down" | "unannounced_drain":
            return [(node, fault.link) for node in fault.nodes]
        case "access_breach":
            return _ends(fault.change)
        case _:
            return []


def _discard(targets: Sequence[str]) -> Callable[[DeviceConfiguration], DeviceConfiguration]:
    def edit(device: DeviceConfiguration) -> DeviceConfiguration:
        kept = [route for route in device.discards if route.target not in targets]
        return device.with_discards((*kept, *(DiscardRoute(target=t) for t in targets)))

    return edit


def _edit(link: str, **fields: object) -> Callable[[DeviceConfiguration], DeviceConfiguration]:
    def edit(device: DeviceConfiguration) -> DeviceConfiguration:
        changed = device.interface(link).model_copy(update=dict(fields))
        return device.with_interface(changed)

    return edit


def _check_case(designed: Inventory, world: CaseWorld, truth: CaseTruth) -> None:
    """Raises BadCase if the case names a node or link that `designed` does not have."""
    topology = designed.topology
    links = {link for work in world.planned_work for link in work.links}
    links |= {planned.link for planned in truth.planned_actions}
    nodes = {e.target for e in truth.demand_episodes if e.target is not None}
    for fault in (event.fault for event in truth.events):
        if fault.kind == "access_breach":
            nodes.add(fault.node)
            links |= {link for _, link in _ends(fault)}
        elif fault.kind == "fiber_cut":
            links |= set(fault.links)
        elif fault.kind == "device_down" or fault.kind == "router_overload":
            nodes.add(fault.node)
            links |= set(fault.links)
        elif fault.kind == "power_feed_loss":
            nodes |= set(fault.nodes)
            links |= set(fault.links)
        elif isinstance(fault, TrafficSpike | Flood):
            nodes.add(fault.target)
        elif fault.kind == "blackhole_route":
            nodes |= {fault.node, *fault.targets}
        elif fault.kind == "demand_surge":
            pass
        else:
            links.add(fault.link)
    for link in sorted(links):
        if link not in topology.link_index:
            raise BadCase(
                f'case "{world.id}" names link "{link}", which {topology.name} does not have'
            )
    for node in sorted(nodes):
        if node not in topology.node_index:
            raise BadCase(
                f'case "{world.id}" names node "{node}", which {topology.name} does not have'
            )
    for event in truth.events:
        fault = event.fault
        if fault.kind == "device_down" or fault.kind == "router_overload":
            left_out = {link.id for link in topology.links_at(fault.node)} - set(fault.links)
            if left_out:
                raise BadCase(
                    f'case "{world.id}": a {fault.kind} has all links of {fault.node}, '
                    f"{', '.join(sorted(left_out))} among them"
                )
        if fault.kind == "power_feed_loss":
            whole = PowerFeedLoss.at(topology, fault.site)
            if set(fault.nodes) != set(whole.nodes) or set(fault.links) != set(whole.links):
                raise BadCase(
                    f'case "{world.id}": a power_feed_loss has all nodes of {fault.site} '
                    f"({', '.join(whole.nodes) or 'which is no site'}) and all of their links"
                )
        for node, link in _ends(fault):
            if node not in (topology.link(link).a, topology.link(link).b):
                raise BadCase(f'case "{world.id}": link "{link}" does not end at "{node}"')
