"""The simulated world: from a topology source and a seed to an inventory (see docs/world.md)."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import Field

from twin.nouns.base import Noun
from twin.nouns.configuration import (
    DEFAULT_IGP_WEIGHT,
    MAX_IGP_WEIGHT,
    DeviceConfiguration,
    InterfaceConfiguration,
    NetworkConfiguration,
)
from twin.nouns.inventory import Inventory
from twin.nouns.topology import Link, Node, SharedRiskGroup, Site, Topology, great_circle_km
from twin.nouns.traffic import DailyProfile, TrafficMatrix
from twin.physics.compiled import (
    CompiledTopology,
    FloatArray,
    IntArray,
    arc_weights,
    compile_topology,
)
from twin.physics.loads import deliveries
from twin.physics.routing import Routing, route
from twin.sources.demands import CLASS_SHARES, demand_matrix, listed_matrix, total_loads
from twin.sources.dimensioning import MAX_HEALTHY_UTILISATION, MODULE_BPS, members_needed
from twin.sources.ducts import ducts_from_geometry
from twin.sources.formats.registry import read_network
from twin.sources.geometry import Place
from twin.sources.layout import drawn_places
from twin.sources.parsed import ParsedLink, ParsedNetwork
from twin.sources.probes import chosen_probes
from twin.sources.provenance import origins_of
from twin.sources.services import (
    Customers,
    invented_customers,
    invented_services,
    nameless_customers,
)
from twin.sources.topohub_source import topology_from_topohub

BUSIEST_ARC_BPS = 100e9
"""What the busiest arc carries at peak; the unit of demand follows from it. Assumed."""

PROPAGATION_KM_PER_S = 200_000.0
"""Light in glass with a refractive index of about 1.5."""

DAILY_PROFILE = DailyProfile(
    hourly=(
        0.72, 0.58, 0.46, 0.39, 0.35, 0.35, 0.38, 0.45, 0.53, 0.59, 0.63, 0.66,
        0.69, 0.70, 0.71, 0.73, 0.77, 0.83, 0.90, 0.96, 1.00, 0.99, 0.93, 0.84,
    )
)  # fmt: skip
"""Hour by hour (UTC): an evening peak at 20:00 and a trough of 0.35 at 04:00-05:00. Assumed."""


class WorldSpec(Noun):
    """Which world: a topohub name, a seed, and how much more traffic there is than was planned for.

    `traffic_scale` multiplies all demand after the links are dimensioned.
    """

    topology: str
    seed: int = Field(default=1, ge=0)
    traffic_scale: float = Field(default=1.0, gt=0, le=1000)


def build_inventory(spec: WorldSpec) -> Inventory:
    """The inventory of `spec`; the same spec gives the same inventory.

    Raises BadTopology.
    """
    network = topology_from_topohub(spec.topology)
    return inventory_of(network, spec.seed, spec.traffic_scale, customers=invented_customers)


def inventory_from_text(
    text: str, name: str, seed: int = 1, traffic_scale: float = 1.0
) -> Inventory:
    """The inventory of a network in any format that is read. Raises BadTopology."""
    return inventory_of(read_network(text, name), seed, traffic_scale)


def inventory_of(
    network: ParsedNetwork,
    seed: int,
    traffic_scale: float = 1.0,
    *,
    customers: Customers = nameless_customers,
) -> Inventory:
    """Complete what `network` leaves out, and record in `origins` what that was.

    Capacities are dimensioned where they are missing. Demands in bit/s are taken as they are,
    others are scaled. `customers`: how those of the invented services are called; by default no
    name could be a real one.
    """
    service_rng, probe_rng = np.random.default_rng(seed).spawn(2)
    # Capacities do not matter to routing, so one module each does until they are known.
    draft = _topology(network, np.ones(len(network.links), dtype=np.int64))
    compiled = compile_topology(draft)
    weights = arc_weights(draft, _intended(draft, network))
    routing = route(compiled, weights)
    demand_bps = _in_bps(network, compiled, routing)
    topology = draft
    if any(link.capacity_bps is None for link in network.links):
        topology = _topology(network, members_needed(compiled, weights, demand_bps, routing))
    nodes = tuple(node.id for node in topology.nodes)
    services = invented_services(
        nodes, demand_bps, _healthy_propagation_s(compiled, routing), service_rng, customers
    )
    rates = np.multiply.outer(np.array(CLASS_SHARES), demand_bps * traffic_scale)
    return Inventory(
        topology=topology,
        intended=_intended(topology, network),
        services=services,
        peak_traffic=TrafficMatrix(nodes, rates),
        profile=DAILY_PROFILE,
        probes=chosen_probes(nodes, services, compiled, routing, probe_rng),
        origins=origins_of(network, topology),
    )


def _topology(network: ParsedNetwork, members: IntArray) -> Topology:
    places = {node.id: node.position for node in network.nodes if node.position is not None}
    drawn = drawn_places(network.nodes, network.links) if len(places) < len(network.nodes) else {}
    links = tuple(
        _link(link, int(count), places) for link, count in zip(network.links, members, strict=True)
    )
    # Nodes that the source puts at one place share a site, named after the first of them.
    first_at = {place: node for node, place in reversed(places.items())}
    site_of = {node: first_at[place] for node, place in places.items()}
    return Topology(
        name=network.name,
        sites=tuple(
            Site(id=node.id, longitude=longitude, latitude=latitude)
            for node in network.nodes
            for longitude, latitude in [places.get(node.id) or drawn[node.id]]
            if site_of.get(node.id, node.id) == node.id
        ),
        nodes=tuple(
            Node(
                id=node.id,
                site=site_of.get(node.id, node.id),
                prefixes=(f"10.{i // 256}.{i % 256}.0/24",),
                platform=node.platform,
                role=node.role,
                management_address=node.management_address,
                hardware=node.hardware,
                software=node.software,
            )
            for i, node in enumerate(network.nodes)
        ),
        links=links,
        shared_risk_groups=_groups(network, places, links),
    )


def _link(link: ParsedLink, members: int, places: Mapping[str, Place]) -> Link:
    length_km = link.length_km
    if length_km is None:
        a, b = places.get(link.a), places.get(link.b)
        length_km = 0.0 if a is None or b is None else great_circle_km(a, b)
    capacity_bps = members * MODULE_BPS
    if link.capacity_bps is not None:
        capacity_bps = link.capacity_bps
        members = max(1, round(capacity_bps / MODULE_BPS))
    return Link(
        id=link.id,
        a=link.a,
        b=link.b,
        capacity_bps=capacity_bps,
        members=members if link.members is None else link.members,
        length_km=length_km,
        propagation_s=length_km / PROPAGATION_KM_PER_S,
    )


def _groups(
    network: ParsedNetwork, places: Mapping[str, Place], links: Sequence[Link]
) -> tuple[SharedRiskGroup, ...]:
    """The groups that are given; if there are none, ducts where the places of both ends are."""
    if not network.groups:
        placed = [link for link in links if link.a in places and link.b in places]
        return ducts_from_geometry(places, placed)
    ends = {link.id: (link.a, link.b) for link in links}
    return tuple(
        SharedRiskGroup(
            id=group.id,
            kind="given",
            place=Counter(end for link in group.links for end in ends[link]).most_common(1)[0][0],
            links=group.links,
            shared_km=0.0,
        )
        for group in network.groups
    )


def _intended(topology: Topology, network: ParsedNetwork) -> NetworkConfiguration:
    """Every interface up, with the weight that is given for it, or for the other end, or 10."""
    given = {
        (end, link.id): weight
        for link in network.links
        for end, weight in (
            (link.a, _either(link.weight, link.weight_back)),
            (link.b, _either(link.weight_back, link.weight)),
        )
        if weight is not None
    }
    wide = any(weight >= MAX_IGP_WEIGHT for weight in given.values())
    return NetworkConfiguration(
        devices=tuple(
            DeviceConfiguration(
                node=node.id,
                interfaces=tuple(
                    InterfaceConfiguration(
                        link=link.id,
                        igp_weight=given.get((node.id, link.id), DEFAULT_IGP_WEIGHT),
                        wide_metrics=wide,
                    )
                    for link in topology.links_at(node.id)
                ),
            )
            for node in topology.nodes
        )
    )


def _either(first: int | None, second: int | None) -> int | None:
    return second if first is None else first


def _in_bps(network: ParsedNetwork, compiled: CompiledTopology, routing: Routing) -> FloatArray:
    """Demand (n, n) in bit/s at peak.

    Rates of the source are taken as they are. Others are scaled under ECMP with the weights as
    `routing` has them: where the source has capacities, the busiest of those arcs is at
    MAX_HEALTHY_UTILISATION; where it has none, or none of those carries anything, the busiest arc
    carries BUSIEST_ARC_BPS.
    """
    if network.demands and network.demand_unit == "bit/s":
        return listed_matrix(network)
    demand = demand_matrix(network)
    loads = total_loads(compiled, routing, demand)
    capacities = _given_capacities(network.links)
    busiest = 0.0 if capacities is None else float(np.nanmax(loads / capacities))
    if busiest == 0:
        return np.asarray(demand * (BUSIEST_ARC_BPS / loads.max()))
    return np.asarray(demand * (MAX_HEALTHY_UTILISATION / busiest))


def _given_capacities(links: Sequence[ParsedLink]) -> FloatArray | None:
    given = [np.nan if link.capacity_bps is None else link.capacity_bps for link in links]
    return None if np.isnan(given).all() else np.repeat(given, 2)


def _healthy_propagation_s(compiled: CompiledTopology, routing: Routing) -> FloatArray:
    """Mean propagation delay of each pair over its equal-cost paths, (n, n)."""
    shape = (compiled.n_arcs, 1, 1)
    _, delay_s = deliveries(
        compiled, routing, np.ones(shape), compiled.propagation_s.reshape(shape).copy()
    )
    return np.asarray(delay_s[0, 0])
