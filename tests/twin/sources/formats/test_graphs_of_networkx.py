"""Graphs as NetworkX writes them load as what they are, in every format and direction."""

import importlib.resources
import io
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np
import pytest
import topohub
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.nouns.inventory import Inventory
from twin.physics.twin import Twin
from twin.sources.formats.registry import FORMATS, read_network
from twin.sources.layout import drawn_places
from twin.sources.parsed import ParsedGroup, ParsedLink, ParsedNetwork, ParsedNode
from twin.sources.topohub_source import topohub_names, topology_from_topohub
from twin.sources.world import inventory_of

Graph = Any


def graphml(graph: Graph) -> str:
    draft = io.BytesIO()
    nx.write_graphml_xml(graph, draft)
    return draft.getvalue().decode()


WRITERS: dict[str, Callable[[Graph], str]] = {
    "GraphML": graphml,
    "GML": lambda graph: "\n".join(nx.generate_gml(graph)),
    "node-link": lambda graph: json.dumps(nx.node_link_data(graph, edges="edges")),
    "node-link as before 3.4": lambda graph: json.dumps(nx.node_link_data(graph, edges="links")),
}

ZOO = [name for name in topohub_names() if name.startswith("topozoo/")]
SAMPLE = ("Abilene", "Aarnet", "Bics", "Geant2012", "Renater2010", "Sprint")


def zoo_graph(name: str, capacity_bps: float) -> Graph:
    """topohub's graph, with ids that are names, capacities and no positions."""
    place = importlib.resources.files(topohub).joinpath(f"data/{name}.json")
    graph = nx.node_link_graph(json.loads(place.read_text(encoding="utf-8")), edges="edges")
    graph.graph.clear()
    for _, _, attributes in graph.edges(data=True):
        attributes.clear()
        attributes["capacity"] = capacity_bps
    ids = [node.id for node in topology_from_topohub(name).nodes]
    for _, attributes in graph.nodes(data=True):
        attributes.clear()
    return nx.relabel_nodes(graph, dict(zip(graph, ids, strict=True)))


def loads(inventory: Inventory) -> dict[tuple[str, str], float]:
    """Offered load by the node and the far node of each egress."""
    twin = Twin(inventory)
    offered = twin.assess(twin.state()).offered_bps.sum(axis=1)
    found = {}
    for i, link in enumerate(inventory.topology.links):
        found[link.a, link.b], found[link.b, link.a] = offered[2 * i], offered[2 * i + 1]
    return found


def by_name(name: str, capacity_bps: float) -> Inventory:
    network = topology_from_topohub(name)
    links = tuple(replace(link, capacity_bps=capacity_bps) for link in network.links)
    return inventory_of(replace(network, links=links), seed=1)


def check_zoo(name: str, writers: dict[str, Callable[[Graph], str]] = WRITERS) -> None:
    expected = by_name(name, 100e9)
    graph = zoo_graph(name, 100e9)
    wanted = loads(expected)
    both: tuple[Graph, ...] = (graph, nx.DiGraph(graph))
    for written in both:
        for write in writers.values():
            network = read_network(write(written), name)
            assert network.remarks == ()
            built = inventory_of(network, seed=1)
            assert [n.id for n in built.topology.nodes] == [n.id for n in expected.topology.nodes]
            assert built.topology.shared_risk_groups == ()
            found = loads(built)
            assert found.keys() == wanted.keys()
            for egress, load in wanted.items():
                assert found[egress] == pytest.approx(load, rel=1e-9, abs=1.0)


@pytest.mark.parametrize("name", SAMPLE[:2])
def test_zoo_graph_written_by_networkx_has_the_loads_of_its_name(name: str) -> None:
    check_zoo(f"topozoo/{name}")


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLE[2:])
def test_more_zoo_graphs_have_the_loads_of_their_names(name: str) -> None:
    check_zoo(f"topozoo/{name}")


NAMES = st.text(
    st.characters(categories=("L", "Nd", "Zs"), include_characters="-._'&<>", max_codepoint=0x2FF),
    min_size=1,
    max_size=12,
).map(lambda text: f"x{' '.join(text.split())}")


@st.composite
def networks(draw: st.DrawFn) -> ParsedNetwork:
    """A connected network with anything that formats can hold."""
    ids = draw(st.lists(NAMES, min_size=2, max_size=7, unique=True))
    places = draw(st.booleans())
    nodes = tuple(
        ParsedNode(
            node,
            longitude=draw(st.floats(-180, 180)) if places else None,
            latitude=draw(st.floats(-90, 90)) if places else None,
            role=draw(st.sampled_from(["", "core"])),
        )
        for node in ids
    )
    extra = draw(st.lists(st.tuples(st.sampled_from(ids), st.sampled_from(ids)), max_size=5))
    links: list[ParsedLink] = []
    for a, b in [*pairwise(ids), *((a, b) for a, b in extra if a != b)]:
        before = sum({link.a, link.b} == {a, b} for link in links)
        named = next((x.id for x in links if {x.a, x.b} == {a, b}), f"{a}--{b}")
        weight = draw(st.none() | st.integers(1, 2**24 - 1))
        links.append(
            ParsedLink(
                named if not before else f"{named}#{before + 1}",
                a,
                b,
                length_km=draw(st.none() | st.floats(0, 20_000)),
                capacity_bps=draw(st.none() | st.floats(1, 1e14)),
                weight=weight,
                weight_back=None if weight is None else draw(st.integers(1, 2**24 - 1)),
                members=draw(st.none() | st.integers(1, 64)),
            )
        )
    pairs = [(a, b) for a in ids for b in ids if a != b]
    demands = draw(st.dictionaries(st.sampled_from(pairs), st.floats(1, 1e12), max_size=5))
    grouped = draw(st.booleans())
    return ParsedNetwork(
        name="net",
        nodes=nodes,
        links=tuple(links),
        demands=tuple(sorted((a, b, value) for (a, b), value in demands.items())),
        demand_unit=draw(st.sampled_from(["bit/s", "relative"])) if demands else "relative",
        groups=(ParsedGroup("duct 1", tuple(x.id for x in links[:2])),) if grouped else (),
    )


@given(networks(), st.sampled_from([known for known in FORMATS if known.write is not None]))
@settings(max_examples=60, deadline=None)
def test_network_is_the_same_after_it_was_written_and_read(
    network: ParsedNetwork, known: Any
) -> None:
    found = read_network(known.write(network), "net")
    assert found.format == known.name
    assert replace(found, format="", demands=tuple(sorted(found.demands))) == network


@st.composite
def directed_graphs(draw: st.DrawFn) -> "nx.DiGraph[str]":
    """Both lines of each link, in any order, each with a weight of its own."""
    count = draw(st.integers(2, 7))
    ids = [f"R{i}" for i in range(count)]
    links = draw(st.sets(st.tuples(st.sampled_from(ids), st.sampled_from(ids)), max_size=8))
    ends = {(min(x), max(x)) for x in [*links, *pairwise(ids)] if x[0] != x[1]}
    lines = draw(st.permutations([line for a, b in sorted(ends) for line in ((a, b), (b, a))]))
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(ids)
    for a, b in lines:
        graph.add_edge(a, b, weight=draw(st.integers(1, 2**24 - 1)), capacity=10e9)
    return graph


@given(directed_graphs(), st.sampled_from(sorted(WRITERS)))
@settings(max_examples=60, deadline=None)
def test_two_opposite_lines_are_one_link_with_a_weight_at_each_end(
    graph: "nx.DiGraph[str]", writer: str
) -> None:
    network = read_network(WRITERS[writer](graph), "net")
    assert 2 * len(network.links) == graph.number_of_edges()
    for link in network.links:
        assert link.weight == graph.edges[link.a, link.b]["weight"]
        assert link.weight_back == graph.edges[link.b, link.a]["weight"]


def test_weight_of_each_end_decides_the_way_out_and_the_way_back() -> None:
    graph: nx.DiGraph[str] = nx.DiGraph()
    for a, b, there, back in (("A", "B", 100_000, 1), ("A", "C", 10, 10), ("C", "B", 10, 10)):
        graph.add_edge(a, b, weight=there, capacity=10e9)
        graph.add_edge(b, a, weight=back, capacity=10e9)
    built = inventory_of(read_network(graphml(graph), "net"), seed=1)
    found = loads(built)
    assert found["A", "B"] == 0 < found["B", "A"]
    interface = built.intended.device("A").interface("A--B")
    assert interface.wide_metrics
    assert interface.model_copy(update={"drained": True}).advertised_weight == 2**24 - 1


def test_parallel_lines_of_a_directed_graph_are_as_many_links() -> None:
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for key, capacity in enumerate((10e9, 40e9)):
        graph.add_edge("A", "B", key, capacity=capacity)
    for key, capacity in ((1, 40e9), (0, 10e9)):
        graph.add_edge("B", "A", key, capacity=capacity)
    for write in WRITERS.values():
        found = read_network(write(graph), "net")
        assert sorted(x.capacity_bps or 0 for x in found.links) == [10e9, 40e9]
        assert found.remarks == ()


def test_line_without_an_opposite_is_a_link_both_ways_and_named() -> None:
    graph = nx.DiGraph([("A", "B"), ("B", "A"), ("B", "C")])
    found = read_network(WRITERS["GML"](graph), "net")
    assert [x.id for x in found.links] == ["A--B", "B--C"]
    assert "1 line (B to C) without an opposite" in found.remarks[0]


def test_drawing_of_a_network_without_places_keeps_nodes_apart() -> None:
    for graph in (nx.star_graph(20), nx.grid_2d_graph(20, 20)):
        named = nx.convert_node_labels_to_integers(graph)
        network = read_network(graphml(named), "net")
        places = np.array(list(drawn_places(network.nodes, network.links).values()))
        gaps = np.abs(places[:, None] - places[None]).max(axis=2) + np.eye(len(places))
        assert np.abs(places).max() <= 10.5
        assert gaps.min() > 0.002


def test_weight_that_took_the_place_of_a_wide_metric_can_be_taken_back() -> None:
    graph: nx.Graph[str] = nx.Graph()
    graph.add_edge("A", "B", weight=100_000)
    built = inventory_of(read_network(graphml(graph), "net"), seed=1)
    action = SetIgpWeight(node="A", link="A--B", weight=20)
    changed = action.configured(built.intended, built.intended, built.topology)
    running = changed
    for inverse in action.inverse(built.intended, built.topology):
        running = inverse.configured(running, built.intended, built.topology)
    assert changed != built.intended == running
