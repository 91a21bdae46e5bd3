"""nornir: its hosts are a network where their data has links, and say what is missing if not."""

import pytest

from tests.twin.sources.formats.published_files import published
from twin.errors import BadTopology
from twin.sources.formats.nornir import NORNIR


@pytest.mark.parametrize(
    ("name", "hosts"), [("tutorial.yaml", 3), ("filtering.yaml", 3), ("tests.yaml", 4)]
)
def test_hosts_without_links_say_what_a_network_needs(name: str, hosts: int) -> None:
    text = published(f"nornir/{name}")
    with pytest.raises(BadTopology, match=rf"it has {hosts} hosts .* but no links") as raised:
        NORNIR.read(text, name)
    # What the error asks for is enough.
    first, second, *_ = [line[:-1] for line in text.splitlines() if line and line[0].isalnum()]
    assert "- {to: bergen, capacity: 100G, weight: 10}" in str(raised.value)
    rest = [line[:-1] for line in text.splitlines() if line and line[0].isalnum()][1:]
    links = "".join(f"            - {{to: {host}, capacity: 100G, weight: 10}}\n" for host in rest)
    added = text.replace(f"{first}:\n", f"{first}:\n    links:\n{links}", 1)
    network = NORNIR.read(added, name)
    assert (len(network.nodes), len(network.links)) == (hosts, hosts - 1)
    assert network.links[0].b == second
    assert {(link.capacity_bps, link.weight) for link in network.links} == {(100e9, 10)}


def test_link_of_both_lists_is_one_with_the_weight_of_each_end() -> None:
    network = NORNIR.read(published("nornir/with-links.yaml"), "n")
    assert [(x.id, x.capacity_bps, x.weight, x.weight_back) for x in network.links] == [
        ("spine00.cmh--leaf00.cmh", 100e9, 10, 20),
        ("spine00.cmh--leaf01.cmh", 100e9, 10, None),
    ]
    spine = network.nodes[0]
    assert (spine.platform, spine.role, spine.management_address) == ("eos", "spine", "10.0.0.1")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("to: leaf01.cmh", "to: leaf1.cmh", '(did you mean "leaf01.cmh"?)'),
        ("to: leaf01.cmh, ", "", 'link 2 of host "spine00.cmh" does not say "to" which'),
        ("100G", "a lot", '"a lot", which is not understood'),
        ("weight: 20", "weight: heavy", "weight"),
        ("- {to: spine00.cmh, weight: 20}", "- spine00.cmh", "must be a list of mappings"),
    ],
)
def test_link_that_breaks_a_rule_is_named(old: str, new: str, says: str) -> None:
    text = published("nornir/with-links.yaml")
    assert old in text
    with pytest.raises(BadTopology) as raised:
        NORNIR.read(text.replace(old, new, 1), "n")
    assert says in str(raised.value)
