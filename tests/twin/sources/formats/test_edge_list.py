"""CSV: headers as people write them, units, separators, and lines in both directions."""

import pytest

from tests.twin.sources.formats.published_files import published
from twin.errors import BadTopology
from twin.sources.formats.edge_list import EDGE_LIST
from twin.sources.formats.registry import read_network
from twin.sources.parsed import ParsedGroup


def test_gephi_neo4j_and_suzieq_are_read_as_they_export() -> None:
    gephi = EDGE_LIST.read(published("csv/gephi.csv"), "gephi")
    assert [(x.id, x.weight) for x in gephi.links] == [
        ("Oslo--Bergen", 10), ("Bergen--Trondheim", 20), ("Oslo--Trondheim", 20),
    ]  # fmt: skip
    neo4j = EDGE_LIST.read(published("csv/neo4j.csv"), "neo4j")
    assert [(x.capacity_bps, x.length_km) for x in neo4j.links] == [(100e9, 307.0), (10e9, 430.5)]
    suzieq = EDGE_LIST.read(published("csv/suzieq-lldp.csv"), "suzieq")
    assert [x.id for x in suzieq.links] == ["leaf01--spine01", "leaf02--spine01"]


def test_sheet_from_excel_is_read_with_its_mark_semicolons_and_units() -> None:
    network = read_network(published("csv/excel.csv"), "excel")
    assert [(x.id, x.capacity_bps, x.weight) for x in network.links] == [
        ("Kiel--Hamburg", 10e9, 10),
        ("Kiel--Hamburg#2", 10e9, 10),
        ("Hamburg--Bremen", 2.5e9, 40),
        ("Bremen--Kiel", 2.5e9, 50),
    ]
    assert network.groups == (
        ParsedGroup("D1", ("Kiel--Hamburg", "Kiel--Hamburg#2", "Bremen--Kiel")),
        ParsedGroup("D2", ("Hamburg--Bremen", "Bremen--Kiel")),
    )


def test_lines_in_both_directions_are_one_link_with_a_weight_at_each_end() -> None:
    text = "a,b,cost\nOslo,Bergen,10\nBergen,Oslo,30\n"
    [link] = EDGE_LIST.read(text, "n").links
    assert (link.a, link.weight, link.weight_back) == ("Oslo", 10, 30)


RING = "ABCDEF"


def _ring(backwards: int) -> str:
    """The six links of a ring, and so many of them from the other end as well."""
    ends = [(a, b) for a, b in zip(RING, RING[1:] + RING[0], strict=True)]
    return "\n".join(["a,b", *map(",".join, ends), *(f"{b},{a}" for a, b in ends[:backwards])])


@pytest.mark.parametrize(
    ("backwards", "links", "said"),
    [
        (0, 6, None),
        (1, 7, "lines that run opposite ways"),
        (3, 9, "lines that run opposite ways"),
        (5, 6, "5 links are listed once from each end"),
        (6, 6, "6 links are listed once from each end"),
    ],
)
def test_links_are_never_doubled_without_a_word(
    backwards: int, links: int, said: str | None
) -> None:
    network = EDGE_LIST.read(_ring(backwards), "n")
    assert len(network.links) == links
    assert (
        any(remark.startswith(said) for remark in network.remarks)
        if said
        else (network.remarks == ())
    )


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("capacity_gbps", "2.5"),
        ("Bandwidth [Mbps]", "2500"),
        ("speed", "2.5 Gbit/s"),
        ("LinkSpeedRaw", "2.5E9"),
        ("bw", "2500M"),
        ("capacity", "2500000000"),
        ("Link Capacity (Gbit/s)", "2.5"),
    ],
)
def test_capacity_is_read_in_any_unit_that_is_said(header: str, field: str) -> None:
    network = EDGE_LIST.read(f"from\tto\t{header}\nOslo\tBergen\t{field}\n", "n")
    assert network.links[0].capacity_bps == 2.5e9


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b,capacity\nOslo,Bergen,100\n", "too little for bit/s; likely it is Gbit/s"),
        ("a,b,weight\nOslo,Bergen\n", "line 2: it has 2 fields, but the header has 3"),
        ("\n\na,b\nOslo,Bergen\nOslo,Bergen,7\n", "line 5: it has 3 fields, but the header has 2"),
        ("a,b\nOslo,\n", "line 2: it does not name both ends of a link"),
        ("a,b,cost\nOslo,Bergen,ten\n", 'of link "line 2"'),
        ("a,b\nOslo,Oslo\n", "one node only"),
        ("a,b\n", "it has no nodes"),
    ],
)
def test_line_that_breaks_a_rule_is_named(text: str, says: str) -> None:
    with pytest.raises(BadTopology) as raised:
        EDGE_LIST.read(text, "n")
    assert says in str(raised.value)
