"""The file of the graph is replaced whole, and a file that is damaged is not used."""

import json
from pathlib import Path

import pytest

from tests.tools.change.in_memory import inventory
from tools.graph_store.build import build_graph, carrying_links
from tools.graph_store.networkx_graph import NetworkxGraph
from tools.graph_store.protocol import CorruptGraph, GraphNotSaved, PastIncident

PAST = PastIncident(
    id="one", title="t", opened_s=1.0, symptoms=("a:b",), cause="c", remedy="r", worked=False
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "knowledge.json"
    build_graph(NetworkxGraph.open(found), inventory())
    return found


def test_missing_file_is_an_empty_graph(tmp_path: Path) -> None:
    assert NetworkxGraph.open(tmp_path / "none.json").count("device") == 0


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.99])
def test_file_that_was_cut_is_refused_and_left_alone(path: Path, keep: float) -> None:
    text = path.read_text()
    path.write_text(text[: int(len(text) * keep)])
    with pytest.raises(CorruptGraph, match=r"knowledge\.json: cannot be read .* rebuilt"):
        NetworkxGraph.open(path)
    assert path.read_text() == text[: int(len(text) * keep)]


@pytest.mark.parametrize(
    "damage",
    [
        {"format": "something else"},
        {"nodes": []},
        {"nodes": [{"id": 0}]},
        {"links": [{"source": 0, "target": 1, "key": "eats"}]},
    ],
)
def test_file_with_other_content_is_refused(path: Path, damage: dict[str, object]) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | damage))
    with pytest.raises(CorruptGraph):
        NetworkxGraph.open(path)


@pytest.mark.parametrize("text", ["[]", "3", '"text"', "null", "\x00"])
def test_file_that_is_no_graph_is_refused(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(CorruptGraph):
        NetworkxGraph.open(path)


def test_save_that_fails_leaves_file_and_memory_as_they_were(path: Path) -> None:
    graph = NetworkxGraph.open(path)
    before = path.read_bytes()
    path.rename(path.with_name("kept.json"))
    path.mkdir()
    with pytest.raises(GraphNotSaved, match="the last version stands"):
        graph.remember_incident(PAST)
    assert graph.count("incident") == 0
    assert sorted(p.name for p in path.parent.iterdir()) == ["kept.json", "knowledge.json"]
    path.rmdir()
    path.with_name("kept.json").rename(path)
    assert path.read_bytes() == before
    assert NetworkxGraph.open(path).count("device") == 4


def test_links_that_carry_a_service_are_all_of_its_equal_cost_paths() -> None:
    # A reaches D over A-C alone (20); B reaches C directly (10).
    assert carrying_links(inventory()) == {"vpn-1": ("A-C", "C-D"), "vpn-2": ("B-C",)}
