"""Who else changes the knowledge graph during an incident is followed, in either store."""

import os
from pathlib import Path

import pytest

from channels import verbs
from graphs.state_directory import StateDirectory
from tests.graphs.stagehand import FIRST, STUB, Operation, Person, case, operating
from tests.tools.graph_store.server import SETTING, neo4j_graph
from tools.graph_store.opening import GRAPH_SETTING
from twin.knowledge.facts import Relation, Thing
from twin.knowledge.kinds import shipped_schema
from twin.nouns.service_impact import SERVICE_IMPACT, ServiceImpact, names_of


@pytest.fixture(params=["embedded", "neo4j"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "neo4j":
        if SETTING not in os.environ:
            pytest.skip(f"{SETTING} names no server")
        waiting = neo4j_graph("waiting", shipped_schema())
        settings = waiting._settings
        waiting.close()
        # Minutes of the network pass in a second here.
        monkeypatch.setattr("tools.graph_store.neo4j.FRESH_S", 0.0)
        monkeypatch.setenv(GRAPH_SETTING, settings.address)
        monkeypatch.setenv(f"{GRAPH_SETTING}_USER", settings.user)
        monkeypatch.setenv(f"{GRAPH_SETTING}_PASSWORD", settings.password)
    return str(request.param)


def _impact(operation: Operation) -> ServiceImpact | None:
    return operation.journal.artefact(FIRST, SERVICE_IMPACT, ServiceImpact)


@pytest.mark.slow
def test_dependency_that_somebody_adds_is_in_the_next_impact(tmp_path: Path, store: str) -> None:
    with operating(tmp_path, case((600.0, STUB)), person=Person()) as operation:
        operation.run(lambda: operation.has_begun() and _impact(operation) is not None)
        before = _impact(operation)
        assert before is not None
        cut = names_of(before.affected, "service", "cut_off", "outside_objective")
        assert cut
        assert names_of(before.affected, "slice", "cut_off") == ()
        _somebody_adds_a_slice(operation, store)
        operation.run(lambda: not before.same_as(_impact(operation)), most_s=300.0)
        after = _impact(operation)
        assert after is not None
        assert names_of(after.affected, "slice", "cut_off") == ("alarms",)
        assert any(step.effect == "slice alarms" for step in after.steps)
        shown = verbs.incident(StateDirectory(tmp_path), FIRST).service_impact
        assert shown == after


def _somebody_adds_a_slice(operation: Operation, store: str) -> None:
    graph = operation.workplace.desk.situation.graph
    if store == "embedded":
        one = ("slice", "alarms")
        graph.put([Thing(*one)], [Relation("needs", one, ("link", STUB.link))])
        return
    from neo4j import GraphDatabase

    environ = os.environ
    account = (environ[f"{GRAPH_SETTING}_USER"], environ[f"{GRAPH_SETTING}_PASSWORD"])
    with GraphDatabase.driver(environ[GRAPH_SETTING], auth=account) as driver:
        driver.execute_query(
            "MATCH (l:link {network: 'live', id: $link}) "
            "CREATE (s:Thing:slice {network: 'live', kind: 'slice', id: 'alarms'}) "
            "CREATE (s)-[:needs {qualifier: ''}]->(l)",
            link=STUB.link,
        )
