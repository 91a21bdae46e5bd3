"""`import` and `topology convert`, as they are typed."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from channels.cli.app import app
from channels.planning.reading import LARGEST_BYTES, text_of
from twin.errors import BadInput
from twin.sources.formats.registry import read_network

GRAPH = """graph [
  node [ id 0 label "Oslo" ]
  node [ id 1 label "Bergen" Rank 3 ]
  edge [ source 0 target 1 bandwidth "10G" ]
]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.gml"
    path.write_bytes(GRAPH.encode("utf-8-sig"))
    return path


def test_import_shows_what_is_understood_assumed_and_left_out(file: Path) -> None:
    shown = CliRunner().invoke(app, ["import", str(file)])
    assert shown.exit_code == 0
    words = " ".join(shown.stdout.split())
    assert "net.gml: GML" in words
    assert "nodes 2 Oslo, Bergen" in words
    assert "links 1 Oslo--Bergen 10 Gbit/s" in words
    assert "capacities given" in words
    assert "demands invented by gravity" in words
    assert '- link key "bandwidth" is read as the capacity' in words
    assert "- node keys that are not read: Rank" in words
    told = json.loads(CliRunner().invoke(app, ["import", str(file), "--json"]).stdout)
    assert told["origins"]["capacities"]["origin"] == "given"


def test_convert_writes_the_same_network_in_another_format(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "net.graphml"
    done = CliRunner().invoke(
        app, ["topology", "convert", str(file), "--to", "graphml", "--out", str(out)]
    )
    assert done.exit_code == 0
    there, back = (read_network(text_of(path), "net") for path in (file, out))
    assert back.format == "GraphML"
    assert (back.nodes, back.links) == (there.nodes, there.links)


def test_format_that_is_not_written_is_refused_with_those_that_are(file: Path) -> None:
    refused = CliRunner().invoke(app, ["topology", "convert", str(file), "--to", "dot"])
    assert refused.exit_code == 2
    assert "node-link, graphml, gml" in refused.stderr


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_is_read_in_the_encodings_that_programs_write(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "net"
    path.write_bytes("Köln".encode(encoding))
    assert text_of(path) == "Köln"


def test_xml_is_read_in_the_encoding_that_it_names(tmp_path: Path) -> None:
    path = tmp_path / "net"
    path.write_bytes("<?xml version='1.0' encoding='ISO-8859-1'?><a>Köln</a>".encode("latin-1"))
    assert "Köln" in text_of(path)


def test_other_bytes_are_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "net"
    path.write_bytes(b"K\xf6ln")
    with pytest.raises(BadInput, match="save it as UTF-8"):
        text_of(path)


def test_file_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "net"
    path.touch()
    # It has the size and takes no space.
    os.truncate(path, LARGEST_BYTES + 1)
    with pytest.raises(BadInput, match="files are read up to 64 MiB"):
        text_of(path)


def test_demands_in_a_second_file_are_part_of_the_network(tmp_path: Path) -> None:
    published = Path(__file__).parents[2] / "twin/sources/formats/published/repetita"
    graph, demands = (published / f"Arpanet196912.{kind}" for kind in ("graph", "demands"))
    done = CliRunner().invoke(
        app,
        ["topology", "convert", str(graph), "--traffic", str(demands), "--to", "node-link"],
    )
    assert done.exit_code == 0
    network = read_network(done.stdout, "net")
    assert (len(network.links), network.demand_unit) == (4, "bit/s")
    assert network.demands[0] == ("SRI", "USCB", 435_117e3)
