"""What every store of the knowledge graph must do. A new store is one more line in `STORES`."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tools.change.in_memory import inventory
from tools.graph_store.build import build_graph
from tools.graph_store.networkx_graph import NetworkxGraph
from tools.graph_store.protocol import (
    AffectedService,
    CommonCause,
    KnowledgeGraph,
    PastIncident,
    Relation,
    UnknownThing,
)

Opener = Callable[[], KnowledgeGraph]


def _networkx(folder: Path) -> Opener:
    return lambda: NetworkxGraph.open(folder / "knowledge.json")


STORES: dict[str, Callable[[Path], Opener]] = {"networkx": _networkx}


@pytest.fixture(params=STORES)
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Opens the same stored graph again and again."""
    return STORES[request.param](tmp_path)


@pytest.fixture
def graph(opener: Opener) -> KnowledgeGraph:
    """Four nodes; A-B and A-C share a duct; vpn-1 from A to D, vpn-2 from B to C."""
    opened = opener()
    build_graph(opened, inventory())
    return opened


def _past(incident_id: str, *symptoms: str, opened_s: float = 1.0) -> PastIncident:
    return PastIncident(
        id=incident_id,
        title="duct cut",
        opened_s=opened_s,
        symptoms=symptoms,
        cause="fiber_cut duct-A",
        remedy="drain A-B",
        worked=True,
    )


def test_everything_on_record_is_in_the_graph(graph: KnowledgeGraph) -> None:
    counts = {
        "site": 4,
        "device": 4,
        "interface": 8,
        "link": 4,
        "duct": 1,
        "prefix": 4,
        "service": 2,
        "customer": 2,
        "incident": 0,
    }
    assert {kind: graph.count(kind) for kind in counts} == counts  # type: ignore[arg-type]  # keys


def test_links_and_neighbours_of_a_node(graph: KnowledgeGraph) -> None:
    assert graph.links_of("C") == ("A-C", "B-C", "C-D")
    assert graph.neighbours("C") == ("A", "B", "D")
    assert graph.neighbours("D") == ("C",)


def test_ducts_of_a_link_and_links_in_a_duct(graph: KnowledgeGraph) -> None:
    assert graph.ducts_of("A-B") == ("duct-A",)
    assert graph.ducts_of("C-D") == ()
    assert graph.links_in("duct-A") == ("A-B", "A-C")


def test_services_are_found_by_their_directed_pair(graph: KnowledgeGraph) -> None:
    assert graph.services_between("A", "D") == ("vpn-1",)
    assert graph.services_between("D", "A") == ()


def test_services_affected_are_those_that_the_links_carry(graph: KnowledgeGraph) -> None:
    assert graph.services_affected(["C-D", "A-C", "C-D"]) == (
        AffectedService(id="vpn-1", customer="Hof AG", links=("C-D", "A-C")),
    )
    assert [s.id for s in graph.services_affected(["B-C", "C-D"])] == ["vpn-1", "vpn-2"]
    assert graph.services_affected(["A-B"]) == ()


def test_common_causes_are_ranked_by_what_they_explain_then_by_what_else_they_would_take(
    graph: KnowledgeGraph,
) -> None:
    duct = CommonCause(kind="duct", id="duct-A", explains=("A-B", "A-C"), members=2)
    node = CommonCause(kind="node", id="A", explains=("A-B", "A-C"), members=2)
    found = graph.common_causes(["A-B", "A-C", "A-B"])
    assert found[:2] == (duct, node)
    assert [(c.id, c.explains) for c in found[2:]] == [("B", ("A-B",)), ("C", ("A-C",))]


def test_common_causes_of_an_egress_and_of_a_device(graph: KnowledgeGraph) -> None:
    found = graph.common_causes(["C|C-D", "D"])
    assert found[0] == CommonCause(kind="node", id="D", explains=("C|C-D", "D"), members=1)
    assert graph.common_causes([]) == ()


def test_unknown_names_are_told_with_a_near_match(graph: KnowledgeGraph) -> None:
    with pytest.raises(UnknownThing, match=r'link "A-X" is not in .* \(did you mean "A-'):
        graph.ducts_of("A-X")
    with pytest.raises(UnknownThing, match='resource "nothing at all"'):
        graph.common_causes(["nothing at all"])
    with pytest.raises(UnknownThing, match='device "E"'):
        graph.services_between("A", "E")
    with pytest.raises(UnknownThing, match='did you mean "duct-A"'):
        graph.links_in("duct-B")


def test_past_incidents_are_found_by_shared_symptoms(graph: KnowledgeGraph) -> None:
    graph.remember_incident(_past("old", "adjacency_down:A-B", "adjacency_down:A-C"))
    graph.remember_incident(_past("half", "adjacency_down:A-B", opened_s=2.0))
    graph.remember_incident(_past("other", "probe_loss:A>D/voice"))
    found = graph.incidents_like(["adjacency_down:A-B", "adjacency_down:A-C"])
    assert [(s.incident.id, s.similarity) for s in found] == [("old", 1.0), ("half", 0.5)]
    assert [s.incident.id for s in graph.incidents_like(["adjacency_down:A-B"], most=1)] == ["half"]
    assert graph.incidents_like(["queue_drops:A|A-B"]) == ()


def test_remembering_again_replaces(graph: KnowledgeGraph) -> None:
    graph.remember_incident(_past("one", "probe_loss:A>D/voice"))
    graph.remember_incident(_past("one", "adjacency_down:A-B"))
    assert graph.count("incident") == 1
    assert graph.incidents_like(["probe_loss:A>D/voice"]) == ()


def test_reopened_graph_answers_the_same(graph: KnowledgeGraph, opener: Opener) -> None:
    graph.remember_incident(_past("one", "adjacency_down:A-B"))
    again = opener()
    resources = ["A-B", "A-C"]
    assert again.common_causes(resources) == graph.common_causes(resources)
    assert again.services_affected(resources) == graph.services_affected(resources)
    assert again.incidents_like(["adjacency_down:A-B"]) == graph.incidents_like(
        ["adjacency_down:A-B"]
    )


def test_new_inventory_replaces_the_old_and_keeps_what_is_remembered(
    graph: KnowledgeGraph,
) -> None:
    graph.remember_incident(_past("one", "adjacency_down:A-B"))
    before = inventory()
    topology = before.topology.model_copy(update={"shared_risk_groups": ()})
    build_graph(graph, replace(before, topology=topology))
    assert graph.ducts_of("A-B") == ()
    assert graph.count("duct") == 0
    assert graph.count("incident") == 1


def test_inventory_with_a_loose_end_is_refused_whole(graph: KnowledgeGraph) -> None:
    loose = Relation(kind="in_duct", source=("link", "A-B"), target=("duct", "gone"))
    with pytest.raises(UnknownThing):
        graph.put_inventory([], [loose])
    assert graph.count("link") == 4


def test_past_incident_is_found_under_its_id_with_who_found_its_cause(
    graph: KnowledgeGraph,
) -> None:
    found = _past("one", "adjacency_down:A-B").model_copy(update={"found_by": "erin"})
    graph.remember_incident(found)
    assert graph.past_incident("one") == found
    assert graph.past_incident("two") is None
