"""What a change touches, counted from the routes before and after: an upper bound.

The gate does not believe the plan's own figure. It counts a pair's whole traffic as moved as soon
as any of its equal-cost paths changes, so it errs on the side of refusing. It shares no code with
the twin's routing, with which `tools.change.rerouted` counts the same figures exactly.
"""

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np

from twin.nouns.configuration import InterfaceConfiguration, NetworkConfiguration
from twin.nouns.inventory import Inventory
from twin.nouns.plan import BlastRadius
from twin.nouns.state import is_usable
from twin.nouns.topology import Topology
from twin.nouns.traffic import TRAFFIC_CLASSES, TrafficClass, TrafficMatrix

Hop = tuple[str, str, int]
"""Link, far node, advertised weight."""

_ROUNDING = 1e-9
"""Of sums of thousands of pairs, relative."""


@dataclass(frozen=True, slots=True)
class _Routes:
    """Towards one target: distance of each node that reaches it, and its equal-cost next hops."""

    distance: Mapping[str, int]
    next_hops: Mapping[str, frozenset[tuple[str, str]]]


def blast_radius(
    inventory: Inventory,
    before: NetworkConfiguration,
    after: NetworkConfiguration,
    down_links: Iterable[str],
) -> BlastRadius:
    """Devices that change, services and traffic (at peak, bit/s) whose path or rate limit changes.

    A pair goes back to what is intended where all its new paths are those of the intended
    configuration; a service, where every pair of it that is touched does.

    Raises:
        UnknownNode, UnknownLink: a configuration does not fit the topology.
    """
    topology, down = inventory.topology, frozenset(down_links)
    devices = tuple(d.node for d in after.devices if d != before.device(d.node))
    policed = _policers_that_differ(before, after)
    changed = _entry_limits(before) ^ _entry_limits(after)
    at_entry = {(target, cls) for target, cls, _ in changed}
    touched = set[tuple[str, str, TrafficClass]]()
    elsewhere = set[tuple[str, str, TrafficClass]]()
    moved_bps = returning_bps = 0.0
    hops_before, hops_after = _hops(topology, before, down), _hops(topology, after, down)
    hops_intended = _hops(topology, inventory.intended, down)
    for target in topology.node_index:
        old, new, meant = (
            _routes(hops, target, discards[target])
            for hops, discards in (
                (hops_before, _discards(before)),
                (hops_after, _discards(after)),
                (hops_intended, _discards(inventory.intended)),
            )
        )
        moved = _sources_that_differ(old, new)
        returning = moved - _sources_that_differ(meant, new)
        moved_bps += _sent_bps(inventory.peak_traffic, moved, target)
        returning_bps += _sent_bps(inventory.peak_traffic, returning, target)
        for cls in TRAFFIC_CLASSES:
            limited = _sources_that_cross(new, policed.get(cls, frozenset()))
            if (target, cls) in at_entry:
                limited = set(new.next_hops)
            touched |= {(source, target, cls) for source in moved | limited}
            elsewhere |= {(source, target, cls) for source in (moved - returning) | limited}
    services = _services_with(inventory, touched)
    counted = _services_with(inventory, elsewhere)
    return BlastRadius(
        devices=devices,
        services=services,
        moved_bps=moved_bps,
        returning_services=tuple(service for service in services if service not in counted),
        returning_bps=returning_bps,
    )


def _sent_bps(peak: TrafficMatrix, sources: AbstractSet[str], target: str) -> float:
    rows = [i for i, node in enumerate(peak.nodes) if node in sources]
    return float(np.sum(peak.rates_bps[:, rows, peak.nodes.index(target)]))


def _services_with(
    inventory: Inventory, pairs: AbstractSet[tuple[str, str, TrafficClass]]
) -> tuple[str, ...]:
    return tuple(
        service.id
        for service in inventory.services
        if any((s, t, service.traffic_class) in pairs for s, t in service.pairs)
    )


def shortfall(larger: BlastRadius, smaller: BlastRadius) -> str:
    """What `smaller` has beyond `larger`, "" if nothing; rounding does not count."""
    parts = [
        _names_missing("devices", larger.devices, smaller.devices),
        _names_missing("services", larger.services, smaller.services),
        _bps_missing(larger.moved_bps, smaller.moved_bps),
    ]
    elsewhere = [
        _names_missing("services", larger.counted_services, smaller.counted_services),
        _bps_missing(larger.counted_bps, smaller.counted_bps, smaller.moved_bps),
    ]
    away = " and ".join(part for part in elsewhere if part)
    said = f"that {away} do not go back to what is intended" if away else ""
    return ", ".join(part for part in parts if part) or said


def _names_missing(what: str, larger: Iterable[str], smaller: Iterable[str]) -> str:
    missing = sorted(set(smaller) - set(larger))
    return f"{what} {', '.join(missing)}" if missing else ""


def _bps_missing(larger: float, smaller: float, of: float = 0.0) -> str:
    missing = smaller - larger
    return f"{missing / 1e9:.3g} Gbit/s" if missing > _ROUNDING * max(smaller, of) else ""


def _hops(
    topology: Topology, running: NetworkConfiguration, down: frozenset[str]
) -> dict[str, list[Hop]]:
    found: dict[str, list[Hop]] = {node.id: [] for node in topology.nodes}
    for link in topology.links:
        if is_usable(topology, running, down, link.id):
            for node in (link.a, link.b):
                interface = running.device(node).interface(link.id)
                found[node].append((link.id, link.other_end(node), interface.advertised_weight))
    return found


def _discards(running: NetworkConfiguration) -> Mapping[str, set[str]]:
    """Target -> the nodes that discard what goes there."""
    found = defaultdict[str, set[str]](set)
    for device in running.devices:
        for discarded in device.discards:
            found[discarded.target].add(device.node)
    return found


def _routes(
    hops: Mapping[str, list[Hop]], target: str, discarding: Collection[str] = ()
) -> _Routes:
    """`discarding`: nodes that send nothing on."""
    towards: dict[str, list[tuple[str, int]]] = {node: [] for node in hops}
    for node, its_hops in hops.items():
        for _, far, weight in its_hops:
            towards[far].append((node, weight))
    distance, queue = dict[str, int](), [(0, target)]
    while queue:
        length, node = heapq.heappop(queue)
        if node in distance:
            continue
        distance[node] = length
        for near, weight in towards[node]:
            if near not in distance:
                heapq.heappush(queue, (length + weight, near))
    next_hops = {
        node: frozenset(
            (link, far)
            for link, far, weight in ([] if node in discarding else hops[node])
            if far in distance and distance[far] + weight == distance[node]
        )
        for node in distance
        if node != target
    }
    return _Routes(distance, next_hops)


def _sources_that_differ(old: _Routes, new: _Routes) -> set[str]:
    """Sources of which some equal-cost path, or all reachability, is not the same in both."""
    differ = set(old.next_hops) ^ set(new.next_hops)
    for node in sorted(old.next_hops, key=lambda n: old.distance[n]):
        hops = old.next_hops[node]
        if hops != new.next_hops.get(node) or any(far in differ for _, far in hops):
            differ.add(node)
    return differ


def _sources_that_cross(routes: _Routes, egresses: frozenset[tuple[str, str]]) -> set[str]:
    """Sources with an equal-cost path over one of `egresses` (node, link)."""
    cross = set[str]()
    for node in sorted(routes.next_hops, key=lambda n: routes.distance[n]):
        if any((node, link) in egresses or far in cross for link, far in routes.next_hops[node]):
            cross.add(node)
    return cross


def _policers_that_differ(
    before: NetworkConfiguration, after: NetworkConfiguration
) -> dict[TrafficClass, frozenset[tuple[str, str]]]:
    found: dict[TrafficClass, set[tuple[str, str]]] = {cls: set() for cls in TRAFFIC_CLASSES}
    for device in after.devices:
        for interface in device.interfaces:
            old = _rates(before.device(device.node).interface(interface.link))
            new = _rates(interface)
            for cls in TRAFFIC_CLASSES:
                if old.get(cls) != new.get(cls):
                    found[cls].add((device.node, interface.link))
    return {cls: frozenset(egresses) for cls, egresses in found.items()}


def _entry_limits(running: NetworkConfiguration) -> set[tuple[str, TrafficClass, float]]:
    """What goes to which node is policed where it enters, and to what."""
    return {
        (device.node, limit.traffic_class, limit.rate_bps)
        for device in running.devices
        for limit in device.entry_limits
    }


def _rates(interface: InterfaceConfiguration) -> dict[TrafficClass, float]:
    return {p.traffic_class: p.rate_bps for p in interface.policers}
