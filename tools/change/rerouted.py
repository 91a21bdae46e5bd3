"""What a change touches, counted a second time: exactly, with the twin's routing and loads.

Shares no code with `tools.change.blast`, which bounds the same figures from above. A pair's traffic
splits evenly over equal next hops. At every router on the way, the part that is sent to other next
hops than before counts as moved, and what stays is followed on: a pair of which a third takes a new
path counts with a third of its rate. A pair whose new paths are those of the intended configuration
goes back to what is intended.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from twin.nouns.configuration import NetworkConfiguration, configuration_diff
from twin.nouns.inventory import Inventory
from twin.nouns.plan import BlastRadius
from twin.nouns.traffic import TRAFFIC_CLASSES
from twin.physics.compiled import (
    CompiledTopology,
    FloatArray,
    arc_weights,
    compile_topology,
    discards_of,
    policer_rates,
)
from twin.physics.loads import deliveries
from twin.physics.routing import UNREACHABLE, Routing, destinations_using, discarding, route

BoolArray = NDArray[np.bool_]

_ROUNDING = 1e-9
"""Far above what adding up shares such as a third can lose, far below any share of a path."""


def rerouted(
    inventory: Inventory,
    before: NetworkConfiguration,
    after: NetworkConfiguration,
    down_links: Iterable[str],
) -> BlastRadius:
    """Devices that change, services and traffic (at peak, bit/s) that move or meet another limit.

    Raises:
        UnknownNode, UnknownLink: a configuration or a link does not fit the topology.
    """
    topology, down = inventory.topology, frozenset(down_links)
    compiled = compile_topology(topology)
    old, new, meant = (
        discarding(
            route(compiled, arc_weights(topology, running, down)), discards_of(topology, running)
        )
        for running in (before, after, inventory.intended)
    )
    moved = _moved_share(compiled, old, new)
    astray = np.where(_moved_share(compiled, meant, new) > 0, moved, 0.0)
    limited = _crosses(
        compiled, new, policer_rates(topology, before) != policer_rates(topology, after)
    )
    services = _services(inventory, limited | (moved > 0))
    elsewhere = _services(inventory, limited | (astray > 0))
    places = [topology.node_index[node] for node in inventory.peak_traffic.nodes]
    rates_bps = inventory.peak_traffic.rates_bps.sum(axis=0)
    moved_bps = float((rates_bps * moved[np.ix_(places, places)]).sum())
    returning = (moved - astray)[np.ix_(places, places)]
    return BlastRadius(
        devices=tuple(
            device.node
            for device in after.devices
            if configuration_diff(before.device(device.node), device)
        ),
        services=services,
        moved_bps=moved_bps,
        returning_services=tuple(service for service in services if service not in elsewhere),
        returning_bps=float((rates_bps * returning).sum()),
    )


def _services(inventory: Inventory, touched: BoolArray) -> tuple[str, ...]:
    """Those of which some pair is `touched` (3, n, n) in its class."""
    index = inventory.topology.node_index
    return tuple(
        service.id
        for service in inventory.services
        if any(
            touched[TRAFFIC_CLASSES.index(service.traffic_class), index[s], index[t]]
            for s, t in service.pairs
        )
    )


def _moved_share(compiled: CompiledTopology, old: Routing, new: Routing) -> FloatArray:
    """Share of each pair's traffic that some router sends another way, 0..1: (n, n)."""
    used = (destinations_using(old, compiled.n_arcs), destinations_using(new, compiled.n_arcs))
    moved = np.zeros((compiled.n_nodes, compiled.n_nodes))
    for row in np.flatnonzero((used[0] != used[1]).any(axis=1)):
        moved[:, old.destinations[row]] = 1.0 - _staying(compiled, old, new, int(row))
    return moved


def _staying(compiled: CompiledTopology, old: Routing, new: Routing, row: int) -> FloatArray:
    """Share of each node's traffic to one destination that meets the same next hops: (n,)."""
    hops_before, hops_after = _hops(old, row), _hops(new, row)
    staying = np.ones(compiled.n_nodes)
    staying[list(hops_before.keys() ^ hops_after.keys())] = 0.0
    for node, arcs in hops_before.items():
        again = hops_after.get(node, [])
        if arcs and again:
            # Of n equal next hops each gets 1/n; where n changes, what both have in common stays.
            same = sum(staying[compiled.head[arc]] for arc in set(arcs) & set(again))
            staying[node] = same / max(len(arcs), len(again))
        elif arcs or again:
            # One of the two discards what the other sends on.
            staying[node] = 0.0
    return staying


def _hops(routing: Routing, row: int) -> dict[int, list[int]]:
    """Next-hop arcs of each node that reaches the destination, nearest node first."""
    count = int(routing.settled[row])
    arcs, ends = routing.hop_arcs[row].tolist(), routing.hop_offsets[row].tolist()
    nodes = routing.order[row, :count].tolist()
    return {node: arcs[ends[i] : ends[i + 1]] for i, node in enumerate(nodes)}


def _crosses(compiled: CompiledTopology, routing: Routing, egresses: BoolArray) -> BoolArray:
    """Which pairs of which class send anything over one of `egresses` (n_arcs, 3): (3, n, n)."""
    n, classes = compiled.n_nodes, egresses.shape[1]
    if not egresses.any():
        return np.zeros((classes, n, n), dtype=np.bool_)
    passing = np.where(egresses, 0.0, 1.0)[:, None, :]
    delivered, _ = deliveries(compiled, routing, passing, np.zeros_like(passing))
    reachable = routing.distance.T != UNREACHABLE
    return np.asarray(reachable & (delivered[0] < 1.0 - _ROUNDING))
