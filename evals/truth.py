"""When something was really wrong, and whether a configuration really repairs it.

A configuration repairs a case if, with the faults in force and all that is hidden counted in,
the converged network leaves no service in breach that would not be in breach without the faults: at
the demand of the moment it is judged for, and at the busiest demand from then until the faults end.
"Without the faults" is the configuration that ran just before the first fault, at the same demand.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evals.arm import NamedCause
from evals.stage import Case
from tools.clock import never
from tools.network.emulated.case_truth import TimedEvent
from tools.network.emulated.network import EmulatedNetwork
from tools.network.emulated.physical_network import TICK_S
from tools.network.emulated.truth_view import SteadyState, TruthView
from twin.events.fault import Fault
from twin.events.faults.device_down import DeviceDown
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.link_down import LinkDown
from twin.events.faults.power_feed_loss import PowerFeedLoss
from twin.events.faults.router_overload import RouterOverload
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.topology import Interface

DECISION_S = 600.0
"""Remedies are judged for the network this long after the (last) fault began, or when they came, if
that was later."""

_DEMAND_STEP_S = 300.0
_AFTERMATH_S = 900.0
"""Symptoms of a trouble may be seen this long after it ended."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """From the first fault's beginning to the last one's end, Unix seconds.

    `decision_s`: the moment that remedies are judged for, if nobody acted later.
    """

    starts_s: float
    decision_s: float
    ends_s: float
    faults: tuple[Fault, ...]

    def covers(self, time_s: float) -> bool:
        """Whether what began at `time_s` can be of this trouble."""
        return self.starts_s - TICK_S <= time_s <= self.ends_s + _AFTERMATH_S


def trouble_of(case: Case, repaired_s: float | None = None) -> Trouble | None:
    """The trouble of a case, None if nothing is wrong in it.

    `repaired_s`: when the last physical fault and surge were over, where that is known; otherwise
    the field is taken to be sent at the moment of decision. A misconfiguration that nobody takes
    back lasts until the case ends.
    """
    events = case.truth.events
    if not events:
        return None
    start, end = case.world.starts_s, case.world.starts_s + case.world.duration_s
    first = start + min(e.at_s for e in events)
    decision = start + max(e.at_s for e in events) + DECISION_S
    ends = max(_end_s(e, start, decision, end) for e in events)
    if repaired_s is not None and not _lasts(events):
        ends = repaired_s
    faults = tuple(e.fault for e in events)
    return Trouble(first, min(decision, ends - TICK_S), ends, faults)


def _lasts(events: Sequence[TimedEvent]) -> bool:
    return any(e.fault.in_configuration for e in events)


def _end_s(event: TimedEvent, start_s: float, decision_s: float, case_ends_s: float) -> float:
    ends = [] if event.until_s is None else [start_s + event.until_s]
    if event.repair is not None:
        ends.append(decision_s + event.repair.travel_s + event.repair.repair_s)
    return min(ends, default=case_ends_s)


@dataclass(frozen=True, slots=True)
class Bench:
    """What configurations are judged against: the faults that hold at each of `times_s`.

    `excused`: per time, the services that are in breach without the faults.
    """

    view: TruthView
    times_s: tuple[float, ...]
    excused: tuple[frozenset[str], ...]

    def breaches(self, configuration: NetworkConfiguration) -> tuple[str, ...]:
        """Services that it leaves in breach, at any of the times, through the faults."""
        found: set[str] = set()
        for i, at_s in enumerate(self.times_s):
            found.update(self.excess(self.view.evaluate_steady(configuration, at_s), i))
        return tuple(sorted(found))

    def excess(self, state: SteadyState, i: int) -> tuple[str, ...]:
        """Services in breach in `state`, of time `i`, that are not excused then."""
        return tuple(sorted(set(state.breached) - self.excused[i]))


def bench(
    network: EmulatedNetwork,
    before: NetworkConfiguration,
    from_s: float,
    until_s: float,
) -> Bench:
    """The bench for configurations that hold from `from_s` to `until_s`.

    `before`: what ran before the first fault.
    """
    view = TruthView(network)
    times = tuple(dict.fromkeys((from_s, busiest_s(network, from_s, until_s))))
    excused = tuple(frozenset(view.evaluate_steady(before, t, ()).breached) for t in times)
    return Bench(view, times, excused)


def busiest_s(network: EmulatedNetwork, from_s: float, until_s: float) -> float:
    """When, between the two times, most traffic is really offered (looked at every 300 s)."""
    best_s, most = from_s, -1.0
    at_s = from_s
    while at_s <= max(until_s, from_s):
        tick = int((at_s - network.physical.starts_s) // TICK_S)
        offered = float(network.physical.demand.at_tick(tick).sum())
        if offered > most:
            best_s, most = at_s, offered
        at_s += _DEMAND_STEP_S
    return best_s


class Recorder:
    """Looks on while an arm plays, and keeps what ran when and what services felt.

    It is also the arm's clock: nothing can change between two looks but by the case's script, and
    what services felt is read at the very end of the case.
    """

    def __init__(self, network: EmulatedNetwork, case: Case) -> None:
        self.network = network
        self.case = case
        self.view = TruthView(network)
        self.ends_s = case.world.starts_s + case.world.duration_s
        self.breach_s: dict[str, float] = {}
        self.lost_bits = 0.0
        self._ran: list[tuple[float, NetworkConfiguration]] = []
        self._look()

    def now_s(self) -> float:
        """The network's clock."""
        return self.network.now_s()

    def stepped_s(self) -> float:
        """Nobody moves a simulated clock."""
        return 0.0

    def wait_until(self, time_s: float, stop: Callable[[], bool] = never) -> None:
        """Advance the network to `time_s`; at once if it is there already."""
        self._look()
        if self.now_s() < self.ends_s <= time_s:
            self.network.advance(self.ends_s)
            self.breach_s = self.view.breach_s()
            self.lost_bits = float(self.view.totals.lost_bits.sum())
            self._look()
        self.network.advance(time_s)
        self._look()

    def configuration_at(self, time_s: float) -> NetworkConfiguration:
        """What ran at `time_s`, as of the last look."""
        found = self._ran[0][1]
        for since_s, running in self._ran:
            if since_s <= time_s:
                found = running
        return found

    def trouble(self) -> Trouble | None:
        """The case's trouble with the end that it really had."""
        wrong = [
            s.time_s for s in self.view.samples if any(not f.in_configuration for f in s.faults)
        ]
        return trouble_of(self.case, wrong[-1] if wrong else None)

    def _look(self) -> None:
        running = self.network.running_configuration()
        if not self._ran or running != self._ran[-1][1]:
            self._ran.append((self.now_s(), running))


def named(faults: Sequence[Fault]) -> tuple[NamedCause, ...]:
    """The faults as kinds and resources, sorted."""
    found = {(f.kind, f.resources) for f in faults}
    return tuple(NamedCause(kind=kind, resources=r) for kind, r in sorted(found))


def same_cause(one: Sequence[Fault], other: Sequence[Fault]) -> bool:
    """Whether both name the same trouble: the same links down, the same of other kinds."""
    return _extent(one) == _extent(other)


def in_parts(faults: Sequence[Fault]) -> list[tuple[Fault, ...]]:
    """The same in words for smaller things, down to single links and egresses: each way to say it,
    where there are such words for all of it.
    """
    said = [tuple(faults)]
    while (parts := tuple(p for fault in said[-1] for p in _parts(fault))) != said[-1]:
        said.append(parts)
    return said[1:]


def _parts(fault: Fault) -> tuple[Fault, ...]:
    match fault:
        case PowerFeedLoss():
            # A link between two of its devices is down with either.
            return tuple(DeviceDown(node=node, links=fault.links) for node in fault.nodes)
        case DeviceDown():
            return tuple(LinkDown(link=link) for link in fault.links)
        case RouterOverload():
            return tuple(
                SilentEgressPacketLoss(node=fault.node, link=link, fraction=fault.fraction)
                for link in fault.links
            )
    return (fault,)


def _extent(faults: Sequence[Fault]) -> tuple[frozenset[str], frozenset[tuple[str, str]]]:
    down: set[str] = set()
    others: set[tuple[str, str]] = set()
    for fault in faults:
        if isinstance(fault, FiberCut | LinkDown):
            down.update(fault.resources)
        else:
            others.update((fault.kind, r) for r in fault.resources)
    return frozenset(down), frozenset(others)


def names_a_location(words: Sequence[str], faults: Sequence[Fault]) -> bool:
    """Whether one of `words` (links, nodes, "node|link") is where one of the faults is."""
    true = {part for f in faults for resource in f.resources for part in parts_of(resource)}
    said = {part for word in words for part in parts_of(word)}
    return bool(true & said)


def parts_of(name: str) -> tuple[str, ...]:
    """`name`, and of an egress its node and its link as well."""
    egress = Interface.named_by(name)
    return (name,) if egress is None else (name, egress.node, egress.link)
