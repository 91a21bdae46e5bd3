"""What goes wrong in one recording: faults drawn from a key, at three severities, at any moment.

The mildest is hardly felt by customers: a link that carries little, a loss just above noise.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from evals.stage import Case
from evals.truth import parts_of
from evals.unseen import Ground, drawn_world, numbers_for, timed
from tools.network.emulated.case_truth import CaseTruth
from tools.network.emulated.flow_counts import FLOW_BITS
from twin.events.fault import Fault
from twin.events.faults.access_breach import AccessBreach
from twin.events.faults.blackhole_route import BlackholeRoute
from twin.events.faults.demand_surge import DemandSurge
from twin.events.faults.device_down import DeviceDown
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.high_latency import HighLatency
from twin.events.faults.link_capacity_bottleneck import LinkCapacityBottleneck
from twin.events.faults.link_down import LinkDown
from twin.events.faults.link_flap import LinkFlap
from twin.events.faults.packet_loss import PacketLoss
from twin.events.faults.policer_misconfig import PolicerMisconfig
from twin.events.faults.power_feed_loss import PowerFeedLoss
from twin.events.faults.router_overload import RouterOverload
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.events.faults.tcp_syn_flood_attack import TcpSynFloodAttack
from twin.events.faults.traffic_spike import TrafficSpike
from twin.events.faults.unannounced_drain import UnannouncedDrain
from twin.events.faults.web_dos_attack import WebDosAttack
from twin.nouns.topology import Link
from twin.nouns.traffic_class import TrafficClass

Severity = Literal[0, 1, 2]
"""Mild, middling, severe."""

QUIET_S = 1800.0
"""What is normal is learned for so long before the first fault."""

WATCHED_S = 900.0
"""After the last fault began."""

_APART_S = 120.0
"""Between the first and the last fault of one recording, at most."""

_SAMPLED_S = 60.0
"""A fault begins anywhere between two samples."""

_LOST = ((0.004, 0.008), (0.01, 0.03), (0.05, 0.2))
_SURGES = ((1.6, 2.0), (2.5, 4.0), (5.0, 9.0))
_RISES = ((1.3, 1.6), (1.7, 2.2), (2.5, 3.5))
_LATE_S = ((0.005, 0.008), (0.01, 0.03), (0.05, 0.15))
_FLOODS = ((4.0, 7.0), (10.0, 20.0), (40.0, 80.0))
_REQUEST_BYTES = (1500.0, 5000.0)
_PERIODS_S = ((150.0, 240.0), (70.0, 140.0), (30.0, 60.0))
_LEFT = (0.25, 0.12, 0.05)
_TRIES = 60


@dataclass(frozen=True)
class Scene:
    """`case`: what is played. `onset_s`: of the last fault, seconds from the start. `rejected`: how
    many draws a physical rule refused before this one.
    """

    case: Case
    onset_s: float
    rejected: int

    def alone(self, place: int) -> "Scene":
        """The same where nothing but the fault at that place happens."""
        (event,) = self.case.truth.events[place : place + 1]
        return replace(self, case=Case(self.case.world, CaseTruth(events=(event,))))


def drawn_scene(
    topology: str,
    kinds: tuple[str, ...],
    severity: Severity,
    seed: int,
    lasts_s: float = WATCHED_S,
) -> Scene | None:
    """One fault of each of `kinds` on `topology`, None where it has no place for them.

    `lasts_s`: how much longer it is played once the last of them may have begun.

    They sit on different links and nodes, and everybody is still reached.
    """
    key = ("recorded", topology, *kinds, severity, seed)
    numbers = numbers_for(*key)
    world = drawn_world(topology, *key, duration_s=QUIET_S + _APART_S + _SAMPLED_S + lasts_s)
    ground = Ground.of(world)
    for rejected in range(_TRIES):
        faults = _drawn(ground, kinds, severity, numbers)
        if faults is not None:
            first_s = QUIET_S + float(numbers.uniform(0.0, _SAMPLED_S))
            later_s = [float(numbers.uniform(0.0, _APART_S)) for _ in kinds[1:]]
            at_s = [first_s, *(first_s + later for later in later_s)]
            events = tuple(timed(f, t, numbers) for f, t in zip(faults, at_s, strict=True))
            return Scene(Case(world, CaseTruth(events=events)), max(at_s), rejected)
    return None


def _drawn(
    ground: Ground, kinds: tuple[str, ...], severity: Severity, numbers: np.random.Generator
) -> tuple[Fault, ...] | None:
    """None where a rule refuses them."""
    faults: list[Fault] = []
    taken: set[str] = set()
    for kind in kinds:
        fault = _KINDS[kind](ground, _link(ground, severity, numbers), severity, numbers)
        parts = (
            {p for at in (*fault.resources, *fault.concerned_links()) for p in parts_of(at)}
            if fault
            else ()
        )
        if fault is None or taken & set(parts):
            return None
        taken |= set(parts)
        faults.append(fault)
    topology = ground.inventory.topology
    down = frozenset[str]().union(*(fault.links_down(topology) for fault in faults))
    gone = {node for fault in faults for node in fault.dark_nodes}
    return tuple(faults) if ground.holds_without(down, gone) else None


def _link(ground: Ground, severity: Severity, numbers: np.random.Generator) -> Link:
    """The more severe, the busier."""
    third = -(-len(ground.spare) // 3)
    links = ground.spare[(2 - severity) * third :][:third] or ground.spare[-third:]
    return links[int(numbers.integers(len(links)))]


def _end(link: Link, numbers: np.random.Generator) -> str:
    return (link.a, link.b)[int(numbers.integers(2))]


def _link_down(_: Ground, link: Link, __: Severity, ___: np.random.Generator) -> Fault:
    return LinkDown(link=link.id)


def _fiber_cut(ground: Ground, link: Link, _: Severity, __: np.random.Generator) -> Fault | None:
    """A duct on record through which that link runs."""
    for group in ground.inventory.topology.shared_risk_groups:
        if link.id in group.links and len(group.links) > 1:
            return FiberCut(duct=group.id, links=group.links)
    return None


def _device(
    ground: Ground, _: Link, severity: Severity, numbers: np.random.Generator
) -> Fault | None:
    """A device without which all others still reach each other; the more severe, the more traffic
    passes it.
    """
    topology = ground.inventory.topology
    spare = ground.spare_nodes
    third = -(-len(spare) // 3)
    of_size = spare[(2 - severity) * third :][:third] or spare[-third:]
    if not of_size:
        return None
    node = of_size[int(numbers.integers(len(of_size)))]
    return DeviceDown(node=node, links=tuple(sorted(x.id for x in topology.links_at(node))))


def _site(ground: Ground, _: Link, __: Severity, numbers: np.random.Generator) -> Fault | None:
    """A site of several devices without which all others still reach each other."""
    sites = ground.spare_sites
    if not sites:
        return None
    topology = ground.inventory.topology
    return PowerFeedLoss.at(topology, sites[int(numbers.integers(len(sites)))])


def _weight(ground: Ground, link: Link, _: Severity, numbers: np.random.Generator) -> Fault:
    return ground.misconfigured(_end(link, numbers), link.id, numbers)


def _drain(_: Ground, link: Link, __: Severity, numbers: np.random.Generator) -> Fault:
    """At one end: traffic the other way stays."""
    return UnannouncedDrain(link=link.id, nodes=(_end(link, numbers),))


def _policer(_: Ground, link: Link, severity: Severity, numbers: np.random.Generator) -> Fault:
    """It leaves best effort so much of the link."""
    return PolicerMisconfig(
        node=_end(link, numbers),
        link=link.id,
        traffic_class=TrafficClass.BEST_EFFORT,
        rate_bps=round(_LEFT[severity] * link.capacity_bps),
    )


def _loss(_: Ground, link: Link, severity: Severity, numbers: np.random.Generator) -> Fault:
    lost = round(float(numbers.uniform(*_LOST[severity])), 4)
    return SilentEgressPacketLoss(node=_end(link, numbers), link=link.id, fraction=lost)


def _latency(_: Ground, link: Link, severity: Severity, numbers: np.random.Generator) -> Fault:
    added_s = round(float(numbers.uniform(*_LATE_S[severity])), 4)
    return HighLatency(link=link.id, added_s=added_s)


def _flap(_: Ground, link: Link, severity: Severity, numbers: np.random.Generator) -> Fault:
    period_s = round(float(numbers.uniform(*_PERIODS_S[severity])))
    return LinkFlap(link=link.id, period_s=period_s)


def _counted_loss(_: Ground, link: Link, severity: Severity, numbers: np.random.Generator) -> Fault:
    lost = round(float(numbers.uniform(*_LOST[severity])), 4)
    return PacketLoss(node=_end(link, numbers), link=link.id, fraction=lost)


def _short(_: Ground, link: Link, severity: Severity, __: np.random.Generator) -> Fault | None:
    """One member is lost, a half, three quarters; None of a bundle that is no bundle."""
    left = (link.members - 1, link.members // 2, link.members // 4)[severity]
    if link.members == 1:
        return None
    return LinkCapacityBottleneck(link=link.id, members=max(1, left))


def _spike(_: Ground, link: Link, severity: Severity, numbers: np.random.Generator) -> Fault:
    factor = round(float(numbers.uniform(*_SURGES[severity])), 1)
    return TrafficSpike(target=_end(link, numbers), factor=factor)


def _blackhole(_: Ground, link: Link, __: Severity, numbers: np.random.Generator) -> Fault:
    """What goes to the other end of the link, through this one: little over an idle link."""
    node = _end(link, numbers)
    return BlackholeRoute(node=node, targets=(link.other_end(node),))


def _overload(
    ground: Ground, link: Link, severity: Severity, numbers: np.random.Generator
) -> Fault:
    node, topology = _end(link, numbers), ground.inventory.topology
    links = tuple(sorted(x.id for x in topology.links_at(node)))
    lost = round(float(numbers.uniform(*_LOST[severity])), 4)
    return RouterOverload(node=node, links=links, fraction=lost)


def _rise(_: Ground, __: Link, severity: Severity, numbers: np.random.Generator) -> Fault:
    return DemandSurge(factor=round(float(numbers.uniform(*_RISES[severity])), 2))


def _usual_flows_per_s(ground: Ground, node: str) -> float:
    """At the busiest hour, of about the usual size."""
    inventory = ground.inventory
    drawn_bps = inventory.peak_traffic.rates_bps[:, :, inventory.topology.node_index[node]].sum()
    return float(drawn_bps) / FLOW_BITS


def _syn_flood(
    ground: Ground, link: Link, severity: Severity, numbers: np.random.Generator
) -> Fault:
    target, times = _end(link, numbers), float(numbers.uniform(*_FLOODS[severity]))
    flows_per_s = round(times * _usual_flows_per_s(ground, target))
    return TcpSynFloodAttack(target=target, flows_per_s=flows_per_s)


def _web_flood(
    ground: Ground, link: Link, severity: Severity, numbers: np.random.Generator
) -> Fault:
    target, times = _end(link, numbers), float(numbers.uniform(*_FLOODS[severity]))
    flows_per_s = round(times * _usual_flows_per_s(ground, target))
    flow_bytes = round(float(numbers.uniform(*_REQUEST_BYTES)))
    return WebDosAttack(target=target, flows_per_s=flows_per_s, flow_bytes=flow_bytes)


_CHANGES = ("igp_weight_misconfig", "unannounced_drain", "policer_misconfig", "blackhole_route")


def _breach(ground: Ground, link: Link, severity: Severity, numbers: np.random.Generator) -> Fault:
    """Somebody breaks in and changes any of what a configuration fault may change."""
    kind = _CHANGES[int(numbers.integers(len(_CHANGES)))]
    change = _KINDS[kind](ground, link, severity, numbers)
    assert change is not None
    return AccessBreach.model_validate({"node": change.configured_nodes[0], "change": change})


_Draw = Callable[[Ground, Link, Severity, np.random.Generator], Fault | None]

_KINDS: Mapping[str, _Draw] = {
    "link_down": _link_down,
    "fiber_cut": _fiber_cut,
    "device_down": _device,
    "power_feed_loss": _site,
    "igp_weight_misconfig": _weight,
    "unannounced_drain": _drain,
    "policer_misconfig": _policer,
    "silent_egress_packet_loss": _loss,
    "traffic_spike": _spike,
    "demand_surge": _rise,
    "high_latency": _latency,
    "link_flap": _flap,
    "link_capacity_bottleneck": _short,
    "packet_loss": _counted_loss,
    "blackhole_route": _blackhole,
    "router_overload": _overload,
    "tcp_syn_flood_attack": _syn_flood,
    "web_dos_attack": _web_flood,
    "access_breach": _breach,
}

KINDS: Collection[str] = tuple(_KINDS)
"""The kinds that are drawn; a new one is one more entry of the table above."""
