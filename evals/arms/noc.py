"""The baseline: a network operations centre with threshold alarms, a runbook, and people.

It sees the telemetry that Noctua sees, folded into alarms by the same tracker, and commits through
the same Network Protocol: staged, watched, then confirmed or rolled back. What it lacks is a twin
and a diagnosis: each alarm has one runbook entry.

- Adjacency down, not announced: send the field. If an egress is then overloaded, raise its cost by
  RAISE_FACTOR and look again, at most MOST_RAISES times.
- Loss on a link (sent against received): drain the link, send the field.
- A configuration change that is not ours: put that device back to its intended configuration.
- A surge, with an overloaded egress: limit best effort there to what leaves room for the rest.
- Overload alone (drops, or utilisation over HIGH_UTILISATION for HIGH_ROUNDS): raise the cost, as
  above.

An entry that made losses worse is rolled back, and not tried on that egress again. Temporary
changes are taken out, last first, when the cause is gone and the soak is over. People take the time
that `evals.delays` says; every figure here is assumed.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from evals.arm import ArmResult
from evals.delays import NO_DELAYS, HumanDelays, draw_delays
from evals.scoring import OVERTIME_S, Account, IncidentAccount, score
from evals.stage import Case, stage
from evals.truth import Recorder
from tools.change.policy import ApprovalPolicy, default_policy
from tools.clock import Clock
from tools.network.protocol import Network
from twin.errors import NetworkError
from twin.events.action import Action
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.rate_limit import RateLimit
from twin.events.actions.revert_to_intended import RevertToIntended
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.fault import Fault
from twin.events.faults.demand_surge import DemandSurge
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.link_down import LinkDown
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.events.faults.traffic_spike import TrafficSpike
from twin.nouns.configuration import DeviceConfiguration, NetworkConfiguration
from twin.nouns.incident import EVERYWHERE, Symptom
from twin.nouns.plan import Dispatch
from twin.nouns.topology import Interface
from twin.nouns.traffic import TRAFFIC_CLASSES, TrafficClass
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.remedies.steps import plan_steps
from twin.tracking.losses import IDLE_UTILISATION
from twin.tracking.tracker import Tracker

POLL_S = 30.0
HIGH_UTILISATION = 0.9
"""Sustained for HIGH_ROUNDS counter rounds, this is an overload."""

HIGH_ROUNDS = 3
RAISE_FACTOR = 2
MOST_RAISES = 4
ROOM = 0.85
"""A rate limit leaves the egress at this utilisation."""

LEAST_SHARE = 0.2
"""A rate limit never goes below this share of the capacity."""

SERIOUS = ("adjacency_down", "silent_loss", "configuration_change", "queue_drops", "probe_loss")
"""Alarms that open a ticket; a surge or a late probe alone does not."""

Entry = Literal["raise cost", "drain", "revert", "limit"]


@dataclass(slots=True)
class DoneChange:
    """One change of a ticket that was kept: what, its way back, and when it took effect."""

    entry: Entry
    actions: tuple[Action, ...]
    way_back: tuple[Action, ...]
    committed_s: float


@dataclass(slots=True)
class Ticket:
    """Everything that is wrong at one time is one ticket."""

    number: int
    onset_s: float
    opened_s: float
    look_at_s: float
    dispatched: dict[str, str] = field(default_factory=dict)
    nothing_found: set[str] = field(default_factory=set)
    causes: dict[str, Fault] = field(default_factory=dict)
    done: list[DoneChange] = field(default_factory=list)
    tried: set[str] = field(default_factory=set)
    raises: int = 0
    clear_since_s: float | None = None
    closed_s: float | None = None
    escalated: bool = False


@dataclass(frozen=True, slots=True)
class Entered:
    """A runbook entry that applies: what to do, and the name of what it is done to."""

    entry: Entry
    key: str
    actions: tuple[Action, ...]
    lasting: bool = False


def causes_by_runbook(tracker: Tracker, network: Network) -> dict[str, Fault]:
    """What a ticket says is wrong, by alarm: those closest to a cause, not what follows from it."""
    causes: dict[str, Fault] = {}
    for symptom in tracker.active_symptoms():
        where = symptom.resource
        match symptom.kind:
            case "adjacency_down":
                causes[symptom.id] = LinkDown(link=where)
            case "silent_loss":
                egress = Interface.parse(where)
                causes[symptom.id] = SilentEgressPacketLoss(
                    node=egress.node, link=egress.link, fraction=symptom.magnitude
                )
            case "configuration_change":
                running, before = network.running(where), tracker.baseline.device(where)
                causes |= _other_weights(before, running)
            case "traffic_surge" if where == EVERYWHERE:
                causes[symptom.id] = DemandSurge(factor=symptom.magnitude)
            case "traffic_surge":
                causes[symptom.id] = TrafficSpike(target=where, factor=symptom.magnitude)
            case _:
                pass
    return causes


def _other_weights(before: DeviceConfiguration, running: DeviceConfiguration) -> dict[str, Fault]:
    """Weights that are neither intended nor what ran when watching began."""
    return {
        str(Interface(node=running.node, link=runs.link)): IgpWeightMisconfig(
            node=running.node, link=runs.link, weight=runs.igp_weight
        )
        for was, runs in zip(before.interfaces, running.interfaces, strict=True)
        if was.igp_weight != runs.igp_weight
    }


class BaselineNoc:
    """Works through tickets one at a time. `hands_off`: only the field is sent, nothing changed."""

    def __init__(
        self,
        network: Network,
        clock: Clock,
        delays: HumanDelays,
        *,
        hands_off: bool = False,
        policy: ApprovalPolicy | None = None,
    ) -> None:
        self._network = network
        self._clock = clock
        self._delays = delays
        self._hands_off = hands_off
        self._policy = policy or default_policy()
        self._inventory = network.inventory()
        twin = Twin(self._inventory)
        self.tracker = Tracker(self._inventory, self._read_running(), partial(offered_totals, twin))
        self.tickets: list[Ticket] = []
        self.commits = 0
        self.rolled_back = 0
        self._numbered = 0

    @property
    def open_ticket(self) -> Ticket | None:
        """The one in work, if any."""
        last = self.tickets[-1] if self.tickets else None
        return last if last is not None and last.closed_s is None else None

    def step(self) -> None:
        """Take in what arrived, and do what is due."""
        self._take_in()
        now = self._clock.now_s()
        ticket = self.open_ticket
        if ticket is None:
            self._open_ticket(now)
            return
        if now >= ticket.look_at_s:
            self._work(ticket, now)

    # Tickets -----------------------------------------------------------------------------------

    def _open_ticket(self, now: float) -> None:
        serious = [s for s in self.tracker.active_symptoms() if s.kind in SERIOUS]
        overloaded = self._overloaded()
        if not serious and not overloaded:
            return
        look_at_s = now + self._delays.acknowledge_s + self._delays.diagnose_s
        onset = min((s.first_seen_s for s in serious), default=now)
        number = len(self.tickets) + 1
        self.tickets.append(Ticket(number, onset, now, look_at_s))

    def _work(self, ticket: Ticket, now: float) -> None:
        ticket.causes |= causes_by_runbook(self.tracker, self._network)
        self._send_field(ticket, now)
        entered = None if self._hands_off else self._next_entry(ticket)
        if entered is not None:
            ticket.clear_since_s = None
            self._change(ticket, entered)
            return
        if self._is_clear(ticket):
            self._soak(ticket, now)
        else:
            ticket.clear_since_s = None
            self._give_up_if_late(ticket, now)

    def _give_up_if_late(self, ticket: Ticket, now: float) -> None:
        """A person further up takes over what has no entry, or what the field did not find."""
        waiting = set(ticket.dispatched) - ticket.nothing_found
        ticket.escalated = not waiting and (bool(ticket.nothing_found) or not ticket.done)

    def _soak(self, ticket: Ticket, now: float) -> None:
        if ticket.clear_since_s is None:
            ticket.clear_since_s = now
        if now - ticket.clear_since_s < self._policy.verification.soak_s:
            return
        temporary = [d for d in ticket.done if d.way_back]
        for change in reversed(temporary):
            if self._commit(change.way_back, change.entry) is None:
                ticket.clear_since_s = None
                return
            change.way_back = ()
        ticket.closed_s = self._clock.now_s()

    def _is_clear(self, ticket: Ticket) -> bool:
        """Whether the cause is gone, as far as alarms show it."""
        for link, order in ticket.dispatched.items():
            state = self._network.repair_report(order).state
            if state == "nothing_found":
                ticket.nothing_found.add(link)
            elif state != "repaired":
                return False
        if ticket.nothing_found & self._links_in_trouble():
            return False
        # With a temporary change in force, a surge is over when the surge alarm is; with nothing in
        # force, when all is quiet.
        return not self._serious_now() and not self._surging(ticket)

    def _serious_now(self) -> list[Symptom]:
        found = [s for s in self.tracker.active_symptoms() if s.kind in SERIOUS]
        return [s for s in found if not (s.kind == "silent_loss" and self._is_idle(s.resource))]

    def _surging(self, ticket: Ticket) -> bool:
        limited = any(d.entry == "limit" and d.way_back for d in ticket.done)
        surges = [s for s in self.tracker.active_symptoms() if s.kind == "traffic_surge"]
        return bool(surges) and (limited or bool(self._overloaded()))

    # The runbook -------------------------------------------------------------------------------

    def _send_field(self, ticket: Ticket, now: float) -> None:
        links = sorted(self._links_in_trouble() - set(ticket.dispatched))
        if not links:
            return
        order = Dispatch(
            id=f"noc-{self._network.name}-{ticket.number}-{len(ticket.dispatched)}",
            incident_id=f"noc-{ticket.number}",
            place=self._inventory.topology.link(links[0]).a,
            links=tuple(links),
            text=f"alarms on {', '.join(links)}",
            requested_s=now,
        )
        self._network.dispatch(order)
        ticket.dispatched |= dict.fromkeys(links, order.id)

    def _links_in_trouble(self) -> set[str]:
        found = set()
        for symptom in self.tracker.active_symptoms():
            if symptom.kind == "adjacency_down":
                found.add(symptom.resource)
            elif symptom.kind == "silent_loss":
                found.add(Interface.parse(symptom.resource).link)
        return found

    def _next_entry(self, ticket: Ticket) -> Entered | None:
        """The first entry that applies and was not tried: cure before relief."""
        for symptom in self.tracker.active_symptoms():
            if symptom.kind == "configuration_change":
                entered = self._revert(symptom.resource)
                if entered is not None and entered.key not in ticket.tried:
                    return entered
        for symptom in self.tracker.active_symptoms():
            if symptom.kind == "silent_loss":
                entered = self._drain(symptom.resource)
                if entered.key not in ticket.tried:
                    return entered
        surging = any(s.kind == "traffic_surge" for s in self.tracker.active_symptoms())
        for arc in self._overloaded():
            entered = self._limit(arc) if surging else self._raise_cost(ticket, arc)
            if entered is not None and entered.key not in ticket.tried:
                return entered
        return None

    def _revert(self, node: str) -> Entered | None:
        running = self._network.running(node)
        if running == self._inventory.intended.device(node):
            self.tracker.set_running(self._read_running(), [node])
            return None
        return Entered("revert", f"revert {node}", (RevertToIntended(node=node),), lasting=True)

    @staticmethod
    def _drain(resource: str) -> Entered:
        link = Interface.parse(resource).link
        return Entered("drain", f"drain {link}", (DrainLink(link=link),))

    def _raise_cost(self, ticket: Ticket, arc: int) -> Entered | None:
        if ticket.raises >= MOST_RAISES:
            return None
        egress = self._inventory.topology.egress_of(arc)
        now = self._network.running(egress.node).interface(egress.link).igp_weight
        weight = min(now * RAISE_FACTOR, 65_534)
        action = SetIgpWeight(node=egress.node, link=egress.link, weight=weight)
        return Entered("raise cost", f"cost {egress} {weight}", (action,))

    def _limit(self, arc: int) -> Entered | None:
        egress = self._inventory.topology.egress_of(arc)
        capacity = self._inventory.topology.link(egress.link).capacity_bps
        k = TRAFFIC_CLASSES.index(TrafficClass.BEST_EFFORT)
        offered = self._offered(arc)
        if offered is None:
            return None
        room = ROOM * capacity - float(offered.sum() - offered[k])
        rate = round(max(room, LEAST_SHARE * capacity), -6)
        if rate >= offered[k]:
            return None
        action = RateLimit(
            node=egress.node,
            link=egress.link,
            traffic_class=TrafficClass.BEST_EFFORT,
            rate_bps=rate,
        )
        return Entered("limit", f"limit {egress}", (action,))

    # What the counters say ---------------------------------------------------------------------

    def _overloaded(self) -> list[int]:
        """Egresses that drop, or have been over HIGH_UTILISATION for a while; the worst first."""
        topology = self._inventory.topology
        capacity = np.repeat([x.capacity_bps for x in topology.links], 2)
        recent = list(self.tracker.rates)[-HIGH_ROUNDS:]
        if len(recent) < HIGH_ROUNDS:
            return []
        used = np.stack([r.sent_total_bps / capacity for r in recent])
        dropped = np.nan_to_num(recent[-1].dropped_bps.sum(axis=1))
        high = (np.where(np.isfinite(used), used, 0.0) > HIGH_UTILISATION).all(axis=0)
        dropping = {s.resource for s in self.tracker.active_symptoms() if s.kind == "queue_drops"}
        names = [str(topology.egress_of(arc)) for arc in range(topology.n_arcs)]
        drops = np.array([name in dropping for name in names])
        policed = np.array([self._is_policed(arc) for arc in range(topology.n_arcs)])
        over = np.flatnonzero((high | drops) & ~policed)
        latest = np.nan_to_num(used[-1])
        return sorted((int(a) for a in over), key=lambda a: (-dropped[a], -latest[a], a))

    def _is_policed(self, arc: int) -> bool:
        egress = self._inventory.topology.egress_of(arc)
        return bool(self.tracker.running.device(egress.node).interface(egress.link).policers)

    def _is_idle(self, resource: str) -> bool:
        """An egress that was relieved of its traffic cannot show whether it still loses."""
        arc = self._inventory.topology.arc_of(Interface.parse(resource))
        return not self.tracker.utilisation()[arc] > IDLE_UTILISATION

    def _offered(self, arc: int) -> "np.ndarray[tuple[int], np.dtype[np.float64]] | None":
        """bit/s per class that the egress sends and drops, in the last round that was read."""
        for round_ in reversed(self.tracker.rates):
            offered = round_.sent_bps[arc] + round_.dropped_bps[arc]
            if np.isfinite(offered).all():
                return np.asarray(offered)
        return None

    def _lost_bps(self, rounds: int) -> float:
        """Dropped and silently lost traffic of the whole network, mean of the last rounds."""
        recent = list(self.tracker.rates)[-rounds:]
        lost = [
            float(np.nansum(r.dropped_bps)) + float(np.nansum(r.sent_total_bps * r.loss))
            for r in recent
        ]
        return float(np.mean(lost)) if lost else 0.0

    # Changes -----------------------------------------------------------------------------------

    def _change(self, ticket: Ticket, entered: Entered) -> None:
        ticket.tried.add(entered.key)
        if entered.entry == "raise cost":
            ticket.raises += 1
        self._wait(self._delays.decide_s)
        before = self._read_running()
        undo = self._way_back(entered.actions, before)
        committed_s = self._commit(entered.actions, entered.entry)
        if committed_s is not None:
            way_back = () if entered.lasting else undo
            done = DoneChange(entered.entry, entered.actions, way_back, committed_s)
            ticket.done.append(done)

    def _way_back(
        self, actions: Sequence[Action], running: NetworkConfiguration
    ) -> tuple[Action, ...]:
        topology = self._inventory.topology
        return tuple(undo for a in reversed(actions) for undo in a.inverse(running, topology))

    def _commit(self, actions: Sequence[Action], entry: Entry) -> float | None:
        """Have it approved, commit it, watch it, and confirm it unless losses grew.

        When it took effect, None if it was rolled back.
        """
        self._wait(self._delays.approve_s + self._delays.execute_s)
        running = self._read_running()
        topology = self._inventory.topology
        steps = plan_steps(tuple(actions), running, self._inventory.intended, topology)
        self._numbered += 1
        name = f"noc-{self._numbered}"
        self.tracker.known_changes |= {f"{name}@{s.node}" for s in steps}
        lost_before = self._lost_bps(HIGH_ROUNDS)
        open_on: list[str] = []
        try:
            for step in steps:
                self._network.stage(f"{name}@{step.node}", step.candidate)
                open_on.append(step.node)
            for step in steps:
                self._network.commit(
                    step.node, f"{name}@{step.node}", self._policy.commit.return_after_s
                )
            committed_s = self._clock.now_s()
            self.tracker.set_running(self._read_running(), [s.node for s in steps])
            self._wait(self._policy.verification.window_s)
            # A limit drops on purpose; everything else must not lose more than before.
            worse = entry != "limit" and self._lost_bps(HIGH_ROUNDS) > 1.2 * lost_before + 1e8
            if not worse:
                for node in open_on:
                    self._network.confirm(node, f"{name}@{node}")
                self.commits += len(open_on)
                return committed_s
        except NetworkError:
            pass  # Whatever was staged or committed is taken back below, or returns by itself.
        self.rolled_back += 1
        for node in reversed(open_on):
            self._network.roll_back(node, f"{name}@{node}")
        self.tracker.set_running(self._read_running(), [s.node for s in steps])
        return None

    def _wait(self, seconds: float) -> None:
        """Let time pass with the screens on."""
        until = self._clock.now_s() + seconds
        while (now := self._clock.now_s()) < until:
            self._clock.wait_until(min(now + POLL_S, until))
            self._take_in()

    def _take_in(self) -> None:
        self.tracker.ingest(self._network.poll())

    def _read_running(self) -> NetworkConfiguration:
        nodes = self._inventory.topology.nodes
        return NetworkConfiguration(devices=tuple(self._network.running(n.id) for n in nodes))


class NocArm:
    """The baseline on a case. `zero`: people who need no time. `hands_off`: nothing is changed."""

    def __init__(self, *, zero: bool = False, hands_off: bool = False) -> None:
        self._zero = zero
        self._hands_off = hands_off

    @property
    def name(self) -> str:
        """As in the tables."""
        if self._hands_off:
            return "nothing"
        return "noc_zero" if self._zero else "noc"

    def play(self, case: Case, seed: int, folder: Path) -> ArmResult:
        """Play the realisation `seed` of `case` in the new folder `folder`."""
        started = time.perf_counter()
        delays = NO_DELAYS if self._zero else draw_delays(case.id, seed)
        network = stage(case, seed, folder / "network.sqlite", "live")
        try:
            recorder = Recorder(network, case)
            noc = BaselineNoc(network, recorder, delays, hands_off=self._hands_off)
            while recorder.now_s() < recorder.ends_s or (
                noc.open_ticket is not None and recorder.now_s() < recorder.ends_s + OVERTIME_S
            ):
                noc.step()
                recorder.wait_until(recorder.now_s() + POLL_S)
            return score(self.name, recorder, account_of(noc), delays, started)
        finally:
            network.close()


def account_of(noc: BaselineNoc) -> Account:
    """What the tickets say."""
    return Account(
        incidents=tuple(
            IncidentAccount(
                onset_s=t.onset_s,
                detected_s=t.opened_s,
                closed_s=t.closed_s,
                phase="resolved" if t.closed_s else "escalated" if t.escalated else "open",
                causes=tuple(t.causes.values()),
                locations=tuple(t.dispatched),
            )
            for t in noc.tickets
        ),
        mitigated_s=tuple(d.committed_s for t in noc.tickets for d in t.done),
        changes=noc.commits,
        rolled_back=noc.rolled_back,
    )
