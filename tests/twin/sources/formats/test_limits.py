"""What is larger than any network is refused before it costs memory or time."""

import json
from itertools import pairwise

import pytest

from twin.errors import BadInput, BadTopology
from twin.sources.formats import gml, limits, xml_text, yaml_text
from twin.sources.formats.draft import MOST_MEMBERS
from twin.sources.formats.registry import read_network
from twin.sources.traffic_matrix import MOST_ROWS, with_demands


def chain(nodes: int) -> str:
    ids = [f"n{i}" for i in range(nodes)]
    return json.dumps({
        "nodes": [{"id": name} for name in ids],
        "edges": [
            {"source": a, "target": b} for a, b in pairwise(ids)
        ],
    })  # fmt: skip


def parallel(count: int, **more: object) -> str:
    edges = [{"source": "A", "target": "B", **more}] * count
    document = {"multigraph": True, "nodes": [{"id": "A"}, {"id": "B"}], "edges": edges}
    return json.dumps(document)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (chain(limits.MOST_NODES + 1), "6,001 nodes or more"),
        (parallel(limits.MOST_PARALLEL + 1), r"129 links between A and B.*members"),
        ("[" * 10 + ",1" * limits.MOST_VALUES, "4,000,010 values"),
        ("NODES 1\nx\n" + "\n" * limits.MOST_VALUES, "lines"),
        ("source,target\n" + "A,B\n" * (limits.MOST_LINES + 1), "100,001 lines between nodes"),
        pytest.param(
            "<graphml>" + "<a/>" * xml_text.MOST_ELEMENTS,
            "1,500,001 XML elements",
            marks=pytest.mark.slow,
        ),
        ("topology: {nodes: 1}\n#" + "x" * yaml_text.LONGEST, "none of the formats"),
        ("graph [ " + "a" * gml.LONGEST, "characters outside quotes"),
        (parallel(1, members=MOST_MEMBERS + 1), "10001 members, expected 1 to 10000"),
        (parallel(1, capacity="1e300 Tbit/s"), "positive, from 1 to 1e"),
        (parallel(1, capacity="1e-9 bit/s"), "positive, from 1 to 1e"),
    ],
)
def test_what_is_too_much_is_refused_by_its_number(text: str, said: str) -> None:
    with pytest.raises(BadTopology, match=rf"(?s)^net: .*{said}"):
        read_network(text, "net")


@pytest.mark.slow
def test_as_many_as_are_read_are_read() -> None:
    assert len(read_network(parallel(limits.MOST_PARALLEL), "net").links) == limits.MOST_PARALLEL
    assert len(read_network(chain(limits.MOST_NODES), "net").nodes) == limits.MOST_NODES


@pytest.mark.parametrize("name", ["\x1b[31mA", "A\x00", "\ud800", "A\x7f", "x" * 257])
def test_name_that_nobody_can_write_is_refused(name: str) -> None:
    document = {
        "nodes": [{"id": "A", "name": name}, {"id": "B"}],
        "edges": [{"source": "A", "target": "B"}],
    }
    with pytest.raises(BadTopology, match="the name or text"):
        read_network(json.dumps(document), "net")


@pytest.mark.slow
def test_demands_that_repeat_beyond_all_pairs_are_refused() -> None:
    rows = "A,B,1\n" * (MOST_ROWS + 3 * 2**2 + 1)
    with pytest.raises(BadInput, match=r"traffic: it lists more than 100,012 demands for 2 nodes"):
        with_demands(read_network(parallel(1), "net"), f"source,target,bps\n{rows}", "traffic")


def test_text_that_was_refused_is_not_parsed_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def decoding(text: str) -> object:
        parsed.append(text)
        raise ValueError("no JSON")

    monkeypatch.setattr("twin.sources.formats.json_text.json.loads", decoding)
    with pytest.raises(BadTopology):
        read_network('{"nodes": [', "net")
    assert len(parsed) == 1
