"""SNDlib in both notations: the same network as topohub has, units, and what is left out."""

import pytest

from tests.twin.sources.formats.published_files import published
from twin.errors import BadTopology
from twin.sources.formats.sndlib_native import SNDLIB_NATIVE
from twin.sources.formats.sndlib_xml import SNDLIB_XML
from twin.sources.parsed import ParsedNetwork
from twin.sources.topohub_source import topology_from_topohub


def native(name: str = "polska.txt", old: str = "", new: str = "") -> ParsedNetwork:
    text = published(f"sndlib/{name}")
    assert old in text
    return SNDLIB_NATIVE.read(text.replace(old, new, 1) if old else text, name)


def ends(network: ParsedNetwork) -> list[tuple[str, str]]:
    return [(link.a, link.b) for link in network.links]


def test_both_notations_say_what_topohub_says() -> None:
    from_native, from_topohub = native(), topology_from_topohub("sndlib/polska")
    from_xml = SNDLIB_XML.read(published("sndlib/polska.xml"), "polska.xml")
    for network in (from_native, from_xml):
        assert network.nodes == from_topohub.nodes
        assert ends(network) == ends(from_topohub)
        assert all(link.capacity_bps is None for link in network.links)
    assert from_native.demands == from_topohub.demands
    assert from_xml.demands == from_topohub.demands[:11]
    assert from_native.demand_unit == "relative"


def test_modules_that_may_be_installed_are_no_capacity_and_said_so() -> None:
    assert native().remarks[0] == (
        "36 capacity modules are what may be installed, not what is; left out"
    )


def test_with_a_unit_installed_capacities_and_demands_are_in_bits() -> None:
    network = native("abilene.txt")
    assert [link.capacity_bps for link in network.links] == [9.92e9, 9.92e9, 2.48e9, 9.92e9]
    assert network.demands[0] == ("HSTNng", "ATLAM5", 832e6)
    assert network.demand_unit == "bit/s"


def test_without_a_unit_installed_capacities_are_left_out_and_said_so() -> None:
    network = native("abilene.txt", "  unit  = MBITPERSEC\n")
    assert all(link.capacity_bps is None for link in network.links)
    assert (network.demands[0][2], network.demand_unit) == (832.0, "relative")
    assert any("do not say" in r or "does not say their unit" in r for r in network.remarks)


def test_lines_in_both_directions_are_one_link_and_pixels_are_no_degrees() -> None:
    network = SNDLIB_XML.read(published("sndlib/directed-pixel.xml"), "giul")
    assert ends(network) == [("N1", "N2"), ("N2", "N3")]
    assert network.nodes[0].longitude is None
    assert network.demands == (("N1", "N3", 7.0),)
    said = " | ".join(network.remarks)
    for part in ("not degrees", "routing costs", "once from each end"):
        assert part in said


def test_parentheses_may_touch_words() -> None:
    text = (
        "?SNDlib native format; type: network; version: 1.0\nNODES (\n A (-1.0 2.0 )\n B\n)\n"
        + ("LINKS (\n L1 (A B) 0 0 0 0 (UNLIMITED 0.0)\n)\nDEMANDS (\n)\n")
    )
    network = SNDLIB_NATIVE.read(text, "n")
    assert [node.longitude for node in network.nodes] == [-1.0, None]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("type: network", "type: model", "n: it is an SNDlib model file"),
        ("NODES (", "KNOTEN", 'line 8: expected a section such as "NODES (", found "KNOTEN"'),
        ("Gdansk ( 18.60 54.20 )", "Gdansk ( 18.60 )", "line 9: expected a node, such as"),
        ("Gdansk ( 18.60 54.20 )", "Gdansk ( 18.60 54.20", "line 9: parentheses do not match"),
        ("18.60 54.20", "x 54.20", 'line 9: coordinate of node "Gdansk" is "x"'),
        ("Gdansk ( 18.60 54.20 )", "Krakow ( 18.60 54.20 )", 'node id "Krakow" is used twice'),
        ("( Gdansk Warsaw ) 0.00", "( Gdansk Warszawa ) 0.00", '(did you mean "Warsaw"?)'),
        ("( Gdansk Warsaw ) 0.00", "( Gdansk Warsaw ) -1", "capacity -1; it cannot be negative"),
        ("( Gdansk Warsaw ) 0.00 0.00 0.00", "( Gdansk Warsaw )", "expected a link, such as L1"),
        ("( Gdansk Bydgoszcz ) 1 195.00", "( Gdansk Bydgoszcz )", "expected a demand, such as"),
        ("( Gdansk Bydgoszcz ) 1 195.00", "( Gdansk Bydgoszcz ) 1 nan", 'is "nan", expected a'),
        ("LINKS (", "META (\n unit = BUSHELS\n)\nLINKS (", 'unit "BUSHELS", expected one of BIT'),
    ],
)
def test_native_line_that_breaks_a_rule_is_named(old: str, new: str, says: str) -> None:
    text = published("sndlib/polska.txt")
    assert old in text
    with pytest.raises(BadTopology) as raised:
        SNDLIB_NATIVE.read(text.replace(old, new, 1), "n")
    assert says in str(raised.value)


def test_file_that_is_cut_off_is_said_to_be() -> None:
    text = published("sndlib/polska.txt")
    with pytest.raises(BadTopology, match="section LINKS is not closed"):
        SNDLIB_NATIVE.read(text[: text.index("  Link_4_8")], "n")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("</network>", "", "not well-formed XML"),
        ("sndlib.zib.de", "{}", "not well-formed XML"),
        ("<x>18.6</x>", "<x>east</x>", 'coordinate of node "Gdansk" is "east"'),
        ('<node id="Gdansk">', "<node>", 'node 1 has no "id"'),
        ("<target>Warsaw</target>", "", 'link "Link_0_10" has no <target>'),
        ("<demandValue>195.0</demandValue>", "", 'demand "Demand_0_1" has no <demandValue>'),
    ],
)
def test_xml_element_that_breaks_a_rule_is_named(old: str, new: str, says: str) -> None:
    text = published("sndlib/polska.xml")
    assert old in text
    with pytest.raises(BadTopology) as raised:
        SNDLIB_XML.read(text.replace(old, new, 1), "n")
    assert says in str(raised.value)


def test_entities_are_refused_before_they_expand() -> None:
    bomb = '<!DOCTYPE n [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>\n'
    text = published("sndlib/polska.xml").replace("<network ", f"{bomb}<network ", 1)
    with pytest.raises(BadTopology, match="entities"):
        SNDLIB_XML.read(text, "n")


@pytest.mark.parametrize("name", ["demandMatrix-abilene.txt", "demandMatrix-abilene.xml"])
def test_demand_matrix_is_traffic_and_not_a_network(name: str) -> None:
    known = SNDLIB_XML if name.endswith("xml") else SNDLIB_NATIVE
    with pytest.raises(BadTopology, match="is traffic for the network"):
        known.read(published(f"sndlib/{name}"), name)
