"""ietf-network-topology: directions by their termination points, layers, numbers that are texts."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.twin.sources.formats.published_files import published
from twin.errors import BadTopology
from twin.sources.formats.ietf_topology import IETF_TOPOLOGY
from twin.sources.parsed import ParsedGroup

L3 = "ietf-l3-unicast-topology:l3-link-attributes"


@pytest.mark.parametrize(
    ("name", "weight"), [("rfc8346-appendix-b.json", 100), ("onap-cps.json", None)]
)
def test_six_links_of_the_standards_example_are_three(name: str, weight: int | None) -> None:
    network = IETF_TOPOLOGY.read(published(f"ietf/{name}"), name)
    assert [node.id for node in network.nodes] == ["D1", "D2", "D3"]
    assert [link.id for link in network.links] == ["D1--D2", "D1--D3", "D2--D3"]
    assert {(link.weight, link.weight_back) for link in network.links} == {(weight, weight)}
    assert network.remarks == ()


def test_layer_3_is_read_and_directions_pair_by_termination_points() -> None:
    network = IETF_TOPOLOGY.read(published("ietf/layers.json"), "layers")
    assert [node.id for node in network.nodes] == ["oslo", "bergen", "tromso"]
    parallel = network.links[:2]
    assert [(link.a, link.weight, link.weight_back) for link in parallel] == [
        ("oslo", 10, 11),
        ("bergen", 21, 20),
    ]
    assert network.links[2].capacity_bps == 10e9
    assert network.groups == (ParsedGroup("srlg:7", ("bergen--tromso", "oslo--tromso")),)
    assert 'of 2 networks "l3" is read, not l2' in network.remarks


def test_one_network_without_its_container_and_prefixes_is_read() -> None:
    record = json.loads(published("ietf/onap-cps.json"))["ietf-network:networks"]["network"][0]
    record["link"] = record.pop("ietf-network-topology:link")
    network = IETF_TOPOLOGY.read(json.dumps({"ietf-network:network": [record]}), "one")
    assert len(network.links) == 3


def test_attributes_that_are_not_read_are_named() -> None:
    text = _link(lambda x: x.update({"ietf-te-topology:te": {}, L3: {"metric2": "7"}}))
    said = IETF_TOPOLOGY.read(text, "n").remarks
    assert said == ("link attributes that are not read: metric2, te",)


def _link(change: Callable[[dict[str, Any]], object]) -> str:
    document = json.loads(published("ietf/rfc8346-appendix-b.json"))
    change(document["ietf-network:networks"]["network"][0]["ietf-network-topology:link"][0])
    return json.dumps(document)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"ietf-network:networks": {"network": []}}', 'its list "network" is empty'),
        ('{"ietf-network:networks": {"network": [7]}}', '"network" must be a list of objects'),
        ('{"ietf-network:networks": {"network": [{"node": 7}]}}', '"node" of a network must be a'),
        ('{"ietf-network:networks": {"network": [{"node": [7]}]}}', '"node" entry 1 must be an'),
        (_link(lambda x: x.pop("link-id")), "link-id must be a text, found nothing"),
        (_link(lambda x: x.pop("source")), 'link "D1,1-2-1,D2,2-1-1" has no "source"'),
        (_link(lambda x: x["source"].pop("source-node")), '"source-node" of link "D1,1-2-1,D2'),
        (_link(lambda x: x["source"].update({"source-node": "D9"})), '"D9", which is not a node'),
        (_link(lambda x: x[L3].update(metric1="low")), "metric1 of link"),
        (_link(lambda x: x[L3].update(metric1="0")), "weight 0, expected a whole number"),
    ],
)
def test_element_that_breaks_a_rule_is_named(text: str, says: str) -> None:
    with pytest.raises(BadTopology) as raised:
        IETF_TOPOLOGY.read(text, "n")
    assert says in str(raised.value)
