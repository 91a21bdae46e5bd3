"""containerlab: inheritance of kinds, both notations of links, and links that lead outside."""

import pytest

from tests.twin.sources.formats.published_files import published
from twin.errors import BadTopology
from twin.sources.formats.containerlab import CONTAINERLAB
from twin.sources.parsed import ParsedNetwork


def read(name: str) -> ParsedNetwork:
    return CONTAINERLAB.read(published(f"containerlab/{name}.clab.yml"), name)


def test_node_inherits_from_its_kind_its_group_and_the_defaults() -> None:
    assert {node.id: node.platform for node in read("clos01").nodes} == {
        "leaf1": "nokia_srlinux ixrd2l",
        "leaf2": "nokia_srlinux ixrd2l",
        "spine": "nokia_srlinux ixrd3l",
        "client1": "linux",
        "client2": "linux",
    }
    assert [(node.platform, node.role) for node in read("frr01").nodes][0::4] == [
        ("frr", "routers"),
        ("linux", "hosts"),
    ]
    assert {node.platform for node in read("sros4").nodes} == {"nokia_sros"}
    assert {node.platform for node in read("br01").nodes} == {"nokia_srlinux ixrd2", "bridge"}


@pytest.mark.parametrize(
    ("name", "links"),
    [
        ("clos01", ["leaf1--spine", "leaf2--spine", "client1--leaf1", "client2--leaf2"]),
        ("sros4", ["sr1--sr2", "sr2--sr3", "sr3--sr4", "sr4--sr1"]),
        ("br01", ["srl1--br-clab", "srl2--br-clab", "srl3--br-clab"]),
        ("extended", ["01--no", "01--no#2"]),
    ],
)
def test_each_link_is_one(name: str, links: list[str]) -> None:
    assert [link.id for link in read(name).links] == links


def test_names_stay_as_written_and_what_leads_outside_is_counted() -> None:
    network = read("extended")
    first, second = network.nodes
    assert (first.id, first.longitude, first.latitude) == ("01", 13.40, 52.52)
    assert (first.management_address, second.id) == ("172.20.20.11", "no")
    assert any(remark.startswith("2 links to the host") for remark in network.remarks)


def test_merge_keys_are_followed_but_not_to_a_million_pairs() -> None:
    pairs = ", ".join(f"k{i}: 1" for i in range(10))
    lines = [f"a0: &a0 {{{pairs}}}"]
    for i in range(1, 9):
        aliases = ", ".join([f"*a{i - 1}"] * 10)
        lines.append(f"a{i}: &a{i} {{<<: [{aliases}]}}")
    with pytest.raises(BadTopology, match="merge keys bring in more than"):
        CONTAINERLAB.read("\n".join(lines), "bomb")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("topology:", "topologie:", 'n: it has no "topology"'),
        ("  nodes:", "  knoten:", 'its topology has no "nodes"'),
        ("  links:", "  edges:", 'its topology has no "links"; a network needs them'),
        ('["leaf1:e1-1", "spine:e1-1"]', '["leaf1:e1-1"]', "link 1 must have two endpoints"),
        ('["leaf1:e1-1", "spine:e1-1"]', '["leaf9:e1-1", "spine:e1-1"]', '"leaf9", which is not a'),
        ('["leaf1:e1-1", "spine:e1-1"]', '[":e1-1", "spine:e1-1"]', "link 1 names no node"),
        ('["leaf1:e1-1", "spine:e1-1"]', '["leaf1:e1-1"', "not YAML"),
        (
            "    leaf1:\n      kind: nokia_srlinux\n      type: ixrd2l\n",
            "    leaf1: 7\n",
            '"leaf1"',
        ),
    ],
)
def test_element_that_breaks_a_rule_is_named(old: str, new: str, says: str) -> None:
    text = published("containerlab/clos01.clab.yml")
    assert old in text
    with pytest.raises(BadTopology) as raised:
        CONTAINERLAB.read(text.replace(old, new, 1), "n")
    assert says in str(raised.value)


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(BadTopology, match="nested deeper than 64"):
        CONTAINERLAB.read("- " * 70 + "a", "n")


def test_node_that_is_named_twice_is_refused() -> None:
    text = published("containerlab/clos01.clab.yml").replace("    leaf2:", "    leaf1:", 1)
    with pytest.raises(BadTopology, match='"leaf1" stands twice in one mapping'):
        CONTAINERLAB.read(text, "n")


def test_what_a_merge_key_brings_in_may_be_overridden() -> None:
    text = (
        "topology:\n  nodes:\n    a: &a {kind: linux, type: x}\n    b: {<<: *a, type: y}\n"
        '  links:\n    - endpoints: ["a:1", "b:1"]\n'
    )
    assert [node.platform for node in CONTAINERLAB.read(text, "n").nodes] == ["linux x", "linux y"]
