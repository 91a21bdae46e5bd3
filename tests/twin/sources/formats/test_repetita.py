"""REPETITA: edges are directions, bandwidths are kbit/s, and a node at 0 0 is nowhere."""

import pytest

from tests.twin.sources.formats.published_files import published
from twin.errors import BadTopology
from twin.sources.formats.repetita import REPETITA, repetita_demands


def test_two_edges_are_one_link_of_the_specification() -> None:
    network = REPETITA.read(published("repetita/Arpanet196912.graph"), "arpanet")
    assert [node.id for node in network.nodes] == ["SRI", "USCB", "UCLA", "UTAH"]
    assert (network.nodes[0].longitude, network.nodes[0].latitude) == (-122.18219, 37.45383)
    assert [link.id for link in network.links] == [
        "SRI--USCB", "SRI--UCLA", "SRI--UTAH", "USCB--UCLA",
    ]  # fmt: skip
    assert {link.capacity_bps for link in network.links} == {1e9}
    assert {(link.weight, link.weight_back, link.length_km) for link in network.links} == {
        (1, 1, None)
    }


def test_each_end_has_its_weight_and_parallel_edges_pair_by_capacity() -> None:
    network = REPETITA.read(published("repetita/defo.graph"), "defo")
    assert network.nodes[2].id == "London423"
    assert network.nodes[2].longitude is None
    first, *_ = network.links
    assert (first.a, first.b) == ("San+Jose,+CA721", "San+Jose,+CA743")
    assert (first.weight, first.weight_back) == (350, 200)
    parallel = [link for link in network.links if link.id.startswith("London423--London424")]
    assert [(link.id, link.capacity_bps) for link in parallel] == [
        ("London423--London424", 10e9),
        ("London423--London424#2", 2.4e9),
    ]
    assert len(network.links) == 6
    assert any("1 line" in remark for remark in network.remarks)


def test_comments_may_stand_anywhere_and_the_last_line_needs_no_end() -> None:
    network = REPETITA.read(published("repetita/comments.graph"), "comments")
    assert [(link.weight, link.capacity_bps) for link in network.links] == [(1, 1e6), (2, 2e6)]
    assert repetita_demands(published("repetita/comments.demands"), "comments") == [
        (3, "0", "1", 1e5),
        (5, "1", "2", 2e5),
        (7, "0", "2", 3e5),
    ]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("NODES 4", "NODE 4", 'line 1: expected NODES or EDGES and a number, found "NODE 4"'),
        ("NODES 4", "NODES 5", "NODES announces 5 lines, but 4 follow; is the file cut off?"),
        ("edge_7 2 1 1 1000000 237\n", "", "EDGES announces 8 lines, but 7 follow"),
        ("0_SRI -122.18219 37.45383", "0_SRI -122.18219", "line 3: expected 3 fields in NODES"),
        ("37.45383", "north", 'line 3: coordinate is "north", expected a number'),
        ("edge_0 0 1 1", "edge_0 0 4 1", 'line 10: "4" is no number of a node; they count from 0'),
        ("edge_0 0 1 1", "edge_0 0 -1 1", 'line 10: "-1" is no number of a node'),
        ("edge_0 0 1 1 ", "edge_0 0 1 0 ", 'link "edge_0"'),
        ("1000000 678", "0 678", "capacity 0 bit/s; it must be positive"),
    ],
)
def test_line_that_breaks_a_rule_is_named(old: str, new: str, says: str) -> None:
    text = published("repetita/Arpanet196912.graph")
    assert old in text
    with pytest.raises(BadTopology) as raised:
        REPETITA.read(text.replace(old, new, 1), "n")
    assert says in str(raised.value)


def test_topology_without_edges_is_refused() -> None:
    with pytest.raises(BadTopology, match="no section EDGES"):
        REPETITA.read("NODES 1\nlabel x y\nA 1 2\n", "n")
