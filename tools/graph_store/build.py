"""The knowledge graph of an inventory."""

from collections.abc import Iterable, Mapping

import networkx as nx

from tools.graph_store.protocol import KnowledgeGraph, Relation, Thing, ThingKey
from twin.nouns.inventory import Inventory
from twin.nouns.service import Service
from twin.nouns.topology import Interface, Link, Topology


def build_graph(graph: KnowledgeGraph, inventory: Inventory) -> None:
    """Put everything that is on record into `graph`; remembered incidents stay."""
    things = [*_places(inventory.topology), *_physical(inventory.topology)]
    relations = [*_wiring(inventory.topology)]
    carriers = carrying_links(inventory)
    for service in inventory.services:
        things.append(_service(service))
        relations.extend(_service_relations(service, carriers[service.id]))
    customers = sorted({service.customer for service in inventory.services})
    things.extend(Thing(kind="customer", id=name, properties={}) for name in customers)
    graph.put_inventory(things, relations)


def carrying_links(inventory: Inventory) -> dict[str, tuple[str, ...]]:
    """For each service, the links on any equal-cost path of its pairs, as intended."""
    weights = _weights(inventory)
    distance = _distances(inventory.topology, weights)
    return {
        service.id: tuple(
            link.id
            for link in inventory.topology.links
            if any(_is_on_path(link, s, t, weights, distance) for s, t in service.pairs)
        )
        for service in inventory.services
    }


def _weights(inventory: Inventory) -> dict[tuple[str, str], int]:
    """Advertised weight by (node, link), of interfaces that are not shut."""
    return {
        (device.node, interface.link): interface.advertised_weight
        for device in inventory.intended.devices
        for interface in device.interfaces
        if not interface.shut_down
    }


def _distances(
    topology: Topology, weights: Mapping[tuple[str, str], int]
) -> dict[str, dict[str, float]]:
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    graph.add_nodes_from(topology.node_index)
    for link in topology.links:
        if (link.a, link.id) in weights and (link.b, link.id) in weights:
            graph.add_edge(link.a, link.b, weight=weights[link.a, link.id])
            graph.add_edge(link.b, link.a, weight=weights[link.b, link.id])
    return dict(nx.all_pairs_dijkstra_path_length(graph))


def _is_on_path(
    link: Link,
    source: str,
    target: str,
    weights: Mapping[tuple[str, str], int],
    distance: Mapping[str, Mapping[str, float]],
) -> bool:
    best = distance[source].get(target)
    if best is None or (link.a, link.id) not in weights or (link.b, link.id) not in weights:
        return False
    return any(
        near in distance[source]
        and target in distance[far]
        and distance[source][near] + weights[near, link.id] + distance[far][target] == best
        for near, far in ((link.a, link.b), (link.b, link.a))
    )


def _places(topology: Topology) -> Iterable[Thing]:
    for site in topology.sites:
        yield Thing(
            kind="site",
            id=site.id,
            properties={"longitude": site.longitude, "latitude": site.latitude},
        )
    for node in topology.nodes:
        yield Thing(kind="device", id=node.id, properties={})
    for prefix in sorted({p for node in topology.nodes for p in node.prefixes}):
        yield Thing(kind="prefix", id=prefix, properties={})


def _physical(topology: Topology) -> Iterable[Thing]:
    for link in topology.links:
        yield Thing(
            kind="link",
            id=link.id,
            properties={
                "capacity_bps": link.capacity_bps,
                "members": link.members,
                "length_km": link.length_km,
            },
        )
        for node in (link.a, link.b):
            yield Thing(kind="interface", id=str(Interface(node=node, link=link.id)), properties={})
    for group in topology.shared_risk_groups:
        yield Thing(
            kind="duct",
            id=group.id,
            properties={"place": group.place, "shared_km": group.shared_km},
        )


def _wiring(topology: Topology) -> Iterable[Relation]:
    for node in topology.nodes:
        device: ThingKey = ("device", node.id)
        yield Relation(kind="located_at", source=device, target=("site", node.site))
        for prefix in node.prefixes:
            yield Relation(kind="originates", source=device, target=("prefix", prefix))
    for link in topology.links:
        for end in (link.a, link.b):
            port: ThingKey = ("interface", str(Interface(node=end, link=link.id)))
            yield Relation(kind="has_interface", source=("device", end), target=port)
            yield Relation(kind="terminates", source=port, target=("link", link.id))
    for group in topology.shared_risk_groups:
        for member in group.links:
            yield Relation(kind="in_duct", source=("link", member), target=("duct", group.id))


def _service(service: Service) -> Thing:
    pairs = [f"{source}>{target}" for source, target in service.pairs]
    return Thing(
        kind="service",
        id=service.id,
        properties={"traffic_class": service.traffic_class.value, "pairs": [*pairs]},
    )


def _service_relations(service: Service, carriers: tuple[str, ...]) -> Iterable[Relation]:
    this: ThingKey = ("service", service.id)
    yield Relation(kind="bought_by", source=this, target=("customer", service.customer))
    for node in sorted({end for pair in service.pairs for end in pair}):
        yield Relation(kind="serves", source=("device", node), target=this)
    for link in carriers:
        yield Relation(kind="carries", source=("link", link), target=this)
