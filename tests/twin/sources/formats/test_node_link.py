"""Node-link JSON: what is read, and a clear refusal for each kind of bad input."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from twin.errors import BadTopology
from twin.sources.formats.node_link import read_node_link
from twin.sources.world import inventory_from_text

Document = dict[str, Any]


def triangle() -> Document:
    """Three cities and three links."""
    cities = (("Mannheim-1", [8.47, 49.49]), ("Ulm", [9.99, 48.4]), ("Passau", [13.43, 48.57]))
    return {
        "graph": {"demands": {"0": {"1": 5.0}}, "demand_unit": "relative"},
        "nodes": [{"id": i, "name": name, "pos": pos} for i, (name, pos) in enumerate(cities)],
        "edges": [
            {"source": 0, "target": 1, "dist": 160.0},
            {"source": 1, "target": 2, "dist": 250.0, "capacity": 40e9, "weight": 25},
            {"source": 0, "target": 2},
        ],
    }


def read(document: object) -> Any:
    return read_node_link(json.dumps(document), "net.json")


def test_names_become_ids_and_missing_lengths_come_from_positions() -> None:
    network = read(triangle())
    assert [node.id for node in network.nodes] == ["Mannheim-1", "Ulm", "Passau"]
    assert [link.id for link in network.links] == [
        "Mannheim-1--Ulm",
        "Ulm--Passau",
        "Mannheim-1--Passau",
    ]
    assert (network.links[1].capacity_bps, network.links[1].weight) == (40e9, 25)
    assert network.links[0].capacity_bps is None
    built = inventory_from_text(json.dumps({**triangle(), "graph": {}}), "net.json").topology.links
    # 4.96 degrees of longitude at 49 north are 362 km, 0.92 of latitude are 102 km.
    assert built[2].length_km == pytest.approx((362**2 + 102**2) ** 0.5, rel=0.01)
    assert network.demands == (("Mannheim-1", "Ulm", 5.0),)


def test_what_a_source_says_of_a_router_is_read_and_may_be_left_out() -> None:
    document = triangle()
    document["nodes"][1] |= {
        "platform": "ACME R9, os 7.2",
        "role": "core",
        "management_address": "10.9.0.2",
        "hardware": "ACME R9",
        "software_version": "AcmeOS 4.2",
    }
    plain, told, _ = read(document).nodes
    assert (told.platform, told.role) == ("ACME R9, os 7.2", "core")
    assert told.management_address == "10.9.0.2"
    assert (plain.platform, plain.role, plain.management_address) == ("", "", "")
    document["graph"] = {}
    built = inventory_from_text(json.dumps(document), "net.json").topology.nodes[1]
    assert (built.platform, built.role) == (told.platform, told.role)
    assert built.management_address == told.management_address
    assert (built.hardware, built.software) == ("ACME R9", "AcmeOS 4.2")


def test_links_are_read_under_the_older_key() -> None:
    document = triangle()
    document["links"] = document.pop("edges")
    assert len(read(document).links) == 3


def test_repeated_and_missing_names_become_unique() -> None:
    document = triangle()
    document["nodes"][1]["name"] = "Mannheim-1"
    del document["nodes"][2]["name"]
    ids = [node.id for node in read(document).nodes]
    assert ids == ["Mannheim-1-0", "Mannheim-1-1", "node-2"]


def test_parallel_links_get_numbers_whichever_way_they_are_listed() -> None:
    document = triangle()
    document["edges"].append({"source": 1, "target": 0, "dist": 170.0})
    last = read(document).links[-1]
    assert (last.id, last.a, last.b) == ("Mannheim-1--Ulm#2", "Ulm", "Mannheim-1")


def test_plane_coordinates_keep_their_distances() -> None:
    document = triangle()
    for node, position in zip(document["nodes"], ([300, 10], [330, 50], [900, 0]), strict=True):
        node["pos"] = position
    del document["edges"][0]["dist"]
    built = inventory_from_text(json.dumps(document), "net.json").topology.links
    assert built[0].length_km == pytest.approx(50.0, rel=0.001)


def _set(path: tuple[Any, ...], value: object) -> Callable[[Document], object]:
    def change(document: Document) -> object:
        inner: Any = document
        for key in path[:-1]:
            inner = inner[key]
        inner[path[-1]] = value
        return document

    return change


BAD: dict[str, tuple[Callable[[Document], object], str]] = {
    "wrong type": (lambda _: [1, 2], "expected a JSON object, found a list"),
    "no nodes": (_set(("nodes",), []), "it has no nodes"),
    "one node": (_set(("nodes",), [{"id": 0, "pos": [0, 0]}]), "one node only"),
    "nodes not a list": (_set(("nodes",), "x"), '"nodes" must be a list, found a string'),
    "edges missing": (_set(("edges",), None), '"edges" must be a list, found nothing'),
    "node not an object": (_set(("nodes", 0), 7), '"nodes" entry 1 must be an object'),
    "node without id": (_set(("nodes", 0, "id"), None), 'node 1 has no "id"'),
    "duplicate id": (_set(("nodes", 1, "id"), 0), 'node id "0" is used twice'),
    "position of one number": (_set(("nodes", 0, "pos"), [8.5]), "must be [longitude, latitude]"),
    "position of text": (_set(("nodes", 0, "pos"), ["x", 1]), "must be a number, found a string"),
    "role of a number": (_set(("nodes", 0, "role"), 7), 'role of node "Mannheim-1" must be a text'),
    "unknown node": (
        _set(("edges", 0, "source"), "Mannheim"),
        'link "1" joins "Mannheim", which is not a node (did you mean "Mannheim-1"?)',
    ),
    "no end": (_set(("edges", 0), {"id": "L17", "source": 0}), 'link "L17" has no "target"'),
    "negative capacity": (_set(("edges", 0, "capacity"), -1e9), "capacity -1e+09 bit/s"),
    "zero capacity": (_set(("edges", 0, "capacity"), 0), "it must be positive"),
    "NaN capacity": (_set(("edges", 0, "capacity"), float("nan")), "is nan, expected a finite"),
    "capacity of words": (_set(("edges", 0, "capacity"), "fast"), 'is "fast", which is not'),
    "negative length": (_set(("edges", 0, "dist"), -1), "cannot be negative"),
    "weight too large": (_set(("edges", 0, "weight"), 2**24), "whole number in 1..16777215"),
    "weight not whole": (_set(("edges", 0, "weight"), 1.5), "whole number in 1..16777215"),
    "demand from nowhere": (_set(("graph", "demands"), {"9": {"0": 1}}), 'demand starts at "9"'),
    "demand below zero": (_set(("graph", "demands", "0", "1"), -1), "below zero"),
    "demands of wrong type": (_set(("graph", "demands"), [1]), '"demands" must be an object'),
    "disconnected": (
        lambda d: {**d, "edges": d["edges"][:1]},
        'there is no path from "Passau" to "Mannheim-1" (2 parts, the smallest has 1 of 3 nodes)',
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_by_name(case: str) -> None:
    change, expected = BAD[case]
    with pytest.raises(BadTopology) as refusal:
        read(change(triangle()))
    assert str(refusal.value).startswith("net.json: ")
    assert expected in str(refusal.value)


def test_text_that_is_not_json_is_refused() -> None:
    with pytest.raises(BadTopology, match=r"net\.json: not JSON"):
        read_node_link("{nodes", "net.json")
