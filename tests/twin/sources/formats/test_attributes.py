"""Files as people have them: their names for things, their units, and what they leave out."""

import json
from typing import Any

import pytest

from twin.errors import BadTopology
from twin.nouns.origins import Origin
from twin.sources.formats.format import Format
from twin.sources.formats.quantities import rate
from twin.sources.formats.registry import FORMATS, read_network
from twin.sources.parsed import ParsedNetwork
from twin.sources.world import inventory_from_text

ZOO_GML = """Creator "Topology Zoo Toolset"
Version 1.0
graph [
  DateObtained "22/10/10"
  Network "Two Cities"
  node [ id 0 label "Oslo" Country "Norway" Longitude 10.7 Internal 1 Latitude 59.9 ]
  node [ id 1 label "S&#227;o Paulo" Internal 1 ]
  node [ id 2 label "Hub" hyperedge 1 ]
  edge [ source 0 target 1 LinkType "Fibre" LinkSpeed "10" LinkSpeedUnits "G"
         LinkLabel "<10 Gbps>" LinkSpeedRaw 10000000000.0 ]
  edge [ source 0 target 1 LinkSpeed "155" LinkSpeedUnits "M" ]
  edge [ source 1 target 2 LinkSpeed ">1" LinkSpeedUnits "G" ]
  edge [ source 2 target 2 ]
]
"""

ZOO_GRAPHML = """<?xml version="1.0" encoding="utf-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key attr.name="LinkSpeedRaw" attr.type="double" for="edge" id="d1" />
  <key attr.name="label" attr.type="string" for="node" id="d2" />
  <graph edgedefault="undirected">
    <node id="0"><data key="d2">Oslo</data></node>
    <node id="1"><data key="d2">Bergen</data></node>
    <edge source="0" target="1"><data key="d1">1E10</data></edge>
    <edge source="0" target="1"><data key="d1">2.5E9</data></edge>
    <hyperedge><endpoint node="0"/><endpoint node="1"/></hyperedge>
  </graph>
</graphml>
"""


def document(edges: list[dict[str, Any]], **graph: Any) -> str:
    names = ("A", "B", "C")
    ends = (("A", "B"), ("B", "C"))
    return json.dumps(
        {
            "graph": graph,
            "nodes": [{"id": name} for name in names],
            "edges": [
                {"source": a, "target": b, **edge} for (a, b), edge in zip(ends, edges, strict=True)
            ],
        }
    )


def read(*edges: dict[str, Any], **graph: Any) -> ParsedNetwork:
    return read_network(document(list(edges) if len(edges) > 1 else [*edges, *edges], **graph), "n")


def test_zoo_gml_as_published_is_read() -> None:
    network = read_network(ZOO_GML, "zoo.gml")
    assert [node.id for node in network.nodes] == ["Oslo", "São Paulo", "Hub"]
    assert [(x.id, x.capacity_bps) for x in network.links] == [
        ("Oslo--São Paulo", 10e9),
        ("Oslo--São Paulo#2", 155e6),
        ("São Paulo--Hub", None),
    ]
    assert network.nodes[0].position == (10.7, 59.9)
    assert network.nodes[1].position is None
    remarks = "\n".join(network.remarks)
    assert "1 of the nodes stand for a link of more than two ends (Hub)" in remarks
    assert "1 of the link speeds are not understood, and left out (>1 G)" in remarks
    assert "1 link (Hub) from a node to itself left out" in remarks
    assert "node keys that are not read: Country, Internal" in remarks


def test_zoo_graphml_as_published_is_read() -> None:
    network = read_network(ZOO_GRAPHML, "zoo.graphml")
    assert [x.capacity_bps for x in network.links] == [10e9, 2.5e9]
    assert "1 links of more than two ends (hyperedges) left out" in network.remarks


@pytest.mark.parametrize(
    ("text", "bps"),
    [
        ("10G", 10e9),
        ("10 Gbit/s", 10e9),
        ("10Gbps", 10e9),
        ("2.5 Gb/s", 2.5e9),
        ("100GbE", 100e9),
        ("4x10GE", 40e9),
        ("155 Mbps", 155e6),
        ("64 kbit/s", 64e3),
        ("1e10 bps", 1e10),
    ],
)
def test_rate_may_carry_its_unit(text: str, bps: float) -> None:
    found, has_unit = rate(text, "capacity", "n")
    assert has_unit
    assert found == pytest.approx(bps)


@pytest.mark.parametrize("text", ["10 GB/s", "10 GBps", "fast", "10 furlongs", "1,000", "10 s", ""])
def test_rate_that_is_not_one_for_sure_is_refused(text: str) -> None:
    with pytest.raises(BadTopology, match="not understood"):
        rate(text, "capacity", "n")


@pytest.mark.parametrize(
    "edge",
    [
        {"capacity": 1e10},
        {"capacity": "10G"},
        {"bandwidth": 1e10},
        {"bw": "10 Gbit/s"},
        {"Speed": 1e10},
        {"speed_gbps": 10},
        {"capacityMbps": 10_000},
        {"LinkSpeedRaw": 1e10, "LinkSpeed": "10", "LinkSpeedUnits": "G"},
        {"link_speed": "10000 Mbps"},
    ],
)
def test_capacity_is_read_by_its_names_and_units(edge: dict[str, Any]) -> None:
    assert [link.capacity_bps for link in read(edge).links] == [1e10, 1e10]


def test_other_name_of_the_capacity_is_named() -> None:
    assert read({"bandwidth": 1e10}).remarks == ('link key "bandwidth" is read as the capacity',)


def test_slip_in_a_name_is_named_with_what_was_meant() -> None:
    (remark,) = read({"capactiy": 1e10}).remarks
    assert remark == 'link key "capactiy" is not read (did you mean "capacity"?)'


@pytest.mark.parametrize(
    ("value", "unit"),
    [(10, "Gbit/s"), (100, "Gbit/s"), (10_000, "Mbit/s"), (100_000, "Mbit/s"), (1e7, "kbit/s")],
)
def test_capacity_too_small_for_bits_is_asked_about(value: float, unit: str) -> None:
    with pytest.raises(BadTopology) as refusal:
        read({"capacity": value})
    assert f"likely it is {unit}" in str(refusal.value)
    assert f'"graph": {{"capacity_unit": "{unit}"}}' in str(refusal.value)
    said = read({"capacity": value}, capacity_unit=unit).links[0].capacity_bps
    assert said is not None
    assert said >= 1e8


def test_capacity_no_link_has_is_refused_and_small_links_may_be_said() -> None:
    with pytest.raises(BadTopology, match="more than any link carries"):
        read({"capacity": 1e19})
    assert read({"capacity": 9600}, capacity_unit="bit/s").links[0].capacity_bps == 9600


def test_demands_in_bits_are_taken_as_they_are() -> None:
    text = document(
        [{"capacity": 100e9}] * 2, demands={"A": {"B": 3e9, "C": "2 Gbit/s"}}, demand_unit="bit/s"
    )
    inventory = inventory_from_text(text, "n")
    total = inventory.peak_traffic.rates_bps.sum(axis=0)
    assert total[0] == pytest.approx([0, 3e9, 2e9])
    assert total[1:].sum() == 0
    assert inventory.origins.demands.origin is Origin.GIVEN


def test_demands_without_a_unit_are_bits_if_they_can_be_and_are_asked_about_if_not() -> None:
    assert read({"capacity": 100e9}, demands={"A": {"B": 60e9}}).demand_unit == "bit/s"
    with pytest.raises(BadTopology, match=r'likely it is Gbit/s.*"demand_unit"'):
        read({"capacity": 100e9}, demands={"A": {"B": 60}})
    scaled = read({}, demands={"A": {"B": 60}})
    assert scaled.demand_unit == "relative"
    assert "are scaled" in scaled.remarks[0]


def test_origins_say_what_is_given_and_what_is_not() -> None:
    origins = inventory_from_text(document([{"capacity": 10e9}] * 2), "n").origins
    assert origins.line() == (
        "given: capacities (member counts assumed); invented: demands (by gravity), weights (10 "
        "everywhere), services; "
        "absent: coordinates (the map is drawn), lengths (no propagation delay), shared-risk groups"
    )
    partly = inventory_from_text(document([{"capacity": 10e9}, {}]), "n").origins
    assert (partly.capacities.origin, partly.capacities.how) == (
        Origin.INVENTED,
        "for 1 of 2 links",
    )


def test_invented_services_of_a_network_that_was_brought_name_no_customer() -> None:
    services = inventory_from_text(document([{"capacity": 10e9}] * 2), "n").services
    assert services
    assert all(x.customer.startswith("invented customer ") for x in services)


def test_shared_risk_groups_that_are_given_take_the_place_of_ducts() -> None:
    inventory = inventory_from_text(document([{"srlg": "river"}, {"srlg": ["river", 7]}]), "n")
    groups = {group.id: group.links for group in inventory.topology.shared_risk_groups}
    assert groups == {"river": ("A--B", "B--C"), "7": ("B--C",)}
    assert inventory.origins.groups.origin is Origin.GIVEN


def test_capacities_that_are_given_stay_and_a_bundle_keeps_its_members() -> None:
    network = read({"capacity": 40e9, "members": 4})
    assert (network.links[0].capacity_bps, network.links[0].members) == (40e9, 4)
    built = inventory_from_text(document([{"capacity": 1e9}] * 2, demands={"A": {"B": 9e9}}), "n")
    assert [link.capacity_bps for link in built.topology.links] == [1e9, 1e9]


@pytest.mark.parametrize("multigraph", [True, None])
def test_links_listed_from_both_ends_are_not_doubled_unless_they_are_links_of_their_own(
    multigraph: bool | None,
) -> None:
    text = json.loads(document([{}, {}]))
    text["edges"] += [{"source": "B", "target": "A"}, {"source": "C", "target": "B"}]
    if multigraph is not None:
        text["multigraph"] = multigraph
    network = read_network(json.dumps(text), "n")
    assert len(network.links) == (4 if multigraph else 2)
    assert bool(network.remarks) is not bool(multigraph)


def test_length_in_metres_is_asked_about() -> None:
    with pytest.raises(BadTopology, match='call it "length_m"'):
        read({"length": 120_000})
    assert read({"length_m": 120_000}).links[0].length_km == 120
    assert read({"distance": "120 km"}).links[0].length_km == 120


@pytest.mark.parametrize(
    "text",
    [
        'graph [ node [ id 0 label "A" ] node [ id 1 label "B" ] node [ id 2 label "C" ]'
        " edge [ source 0 target 1 ] edge [ source 1 target 0 ]"
        " edge [ source 2 target 1 ] edge [ source 1 target 2 ] ]",
        '<graphml><graph edgedefault="undirected"><node id="A"/><node id="B"/><node id="C"/>'
        '<edge source="A" target="B"/><edge source="B" target="A"/>'
        '<edge source="C" target="B"/><edge source="B" target="C"/></graph></graphml>',
    ],
    ids=["GML", "GraphML"],
)
def test_undirected_file_that_lists_links_from_both_ends_is_not_doubled(text: str) -> None:
    network = read_network(text, "n")
    assert [link.id for link in network.links] == ["A--B", "C--B"]
    assert network.remarks == ("2 links are listed once from each end; the two lines are one link",)


@pytest.mark.parametrize("known", [x for x in FORMATS if x.write], ids=lambda x: x.name)
def test_weight_that_only_one_direction_gives_is_not_given_for_the_other(known: Format) -> None:
    lines = [
        {"source": "A", "target": "B", "weight": 30},
        {"source": "B", "target": "C", "weight": 7},
        {"source": "C", "target": "B", "weight": 9},
    ]
    nodes = [{"id": x, "name": x} for x in "ABC"]
    text = json.dumps({"directed": True, "nodes": nodes, "edges": lines})
    network = read_network(text, "n")
    assert [(x.weight, x.weight_back) for x in network.links] == [(30, None), (7, 9)]
    assert known.write is not None
    again = read_network(known.write(network), "n")
    assert [(x.weight, x.weight_back) for x in again.links] == [(30, None), (7, 9)]
    inventory = inventory_from_text(text, "n")
    assert inventory.origins.weights.how == "as at the other end for 1 of 4 interfaces"
    assert inventory.intended.device("B").interface("A--B").igp_weight == 30


def test_capacities_with_members_say_nothing_of_assumed_ones() -> None:
    origins = inventory_from_text(document([{"capacity": 10e9, "members": 1}] * 2), "n").origins
    assert origins.line().startswith("given: capacities; ")
