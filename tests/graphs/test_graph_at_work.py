"""Who else changes the knowledge graph during an incident is followed, in either store."""

import os
import sqlite3
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

import pytest

from channels import verbs
from channels.report.html import to_html
from channels.report.markdown import to_markdown
from graphs.state_directory import StateDirectory
from tests.graphs.stagehand import (
    FIRST,
    LOSSY,
    STUB,
    WESTERN_LINK,
    Operation,
    Person,
    case,
    operating,
)
from tests.tools.graph_store.server import SETTING, neo4j_graph
from tests.twin.knowledge.affected import names_of
from tools.graph_store import embedded
from tools.graph_store.opening import GRAPH_SETTING
from twin.knowledge.facts import Relation, Thing
from twin.knowledge.kinds import shipped_schema
from twin.nouns.principal import OS_USER, Principal
from twin.nouns.service_impact import (
    SERVICE_IMPACT,
    ServiceImpact,
    service_impact_lines,
)


@pytest.fixture(params=["embedded", "neo4j"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "neo4j":
        if SETTING not in os.environ:
            pytest.skip(f"{SETTING} names no server")
        waiting = neo4j_graph("waiting", shipped_schema())
        settings = waiting._settings
        waiting.close()
        # Minutes of the network pass in a second here.
        for name in ("FRESH_S", "FRESH_TIMES"):
            monkeypatch.setattr(f"tools.graph_store.neo4j.{name}", 0)
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
        cut = names_of(before, "service", "cut_off", "outside_objective")
        assert cut
        assert names_of(before, "slice", "cut_off") == ()
        _somebody_adds_a_slice(operation, store)
        operation.run(lambda: not before.same_as(_impact(operation)), most_s=300.0)
        after = _impact(operation)
        assert after is not None
        assert names_of(after, "slice", "cut_off") == ("alarms",)
        assert any(step.effect == "slice alarms" for step in after.steps)
        _say_the_same(StateDirectory(tmp_path), after)
        _answer_from_the_graph(operation, StateDirectory(tmp_path))


def _say_the_same(state: StateDirectory, impact: ServiceImpact) -> None:
    assert verbs.incident(state, FIRST).service_impact == impact
    page = to_markdown(verbs.report(state, FIRST)).replace("\\", "")
    drawn = (
        to_html(verbs.report(state, FIRST)).partition('id="hit"')[2].partition("<figcaption>")[0]
    )
    assert "<svg" in drawn
    assert "slice alarms" in drawn
    asked = verbs.ask(state, "Who is at risk?")
    hit = verbs.ask(state, "Who is hit?")
    for line in service_impact_lines(impact):
        assert line in page
        assert line in asked.text
    for line in service_impact_lines(impact, "outside_objective", "cut_off"):
        assert line in hit.text


def _answer_from_the_graph(operation: Operation, state: StateDirectory) -> None:
    graph = operation.workplace.desk.situation.graph
    team, work, spare = ("owner", "NOC East"), ("planned_work", "CHG-1"), ("duct", "trench 9")
    link = ("link", STUB.link)
    graph.put(
        [Thing(*team), Thing(*work, properties={"starts_s": 0.0, "ends_s": 1.0}), Thing(*spare)],
        [
            Relation("owned_by", link, team),
            Relation("touches", work, link),
            Relation("in_duct", link, spare),
            Relation("in_duct", ("link", "CHINng--IPLSng"), spare),
        ],
    )
    said = {
        "Who owns ATLAM5-ATLAng?": ["owned by NOC East"],
        "What depends on ATLAM5-ATLAng?": [
            "1 slice (alarms)",
            "svc-004",
            "As traffic is routed now",
        ],
        "Which customers depend on ATLAM5-ATLAng?": ["customer"],
        "What does ATLAM5-ATLAng depend on?": ["duct trench 9, or the duct is cut"],
        "What shares a fate with ATLAM5-ATLAng?": ["duct trench 9", "CHINng--IPLSng"],
        "What does planned work CHG-1 touch?": ["link ATLAM5--ATLAng", "slice (alarms)"],
        "Which planned work touches ATLAM5-ATLAng?": ["CHG-1"],
        "Who owns trench 9?": ["has no owner of duct trench 9 on record"],
        "What does trench 9 depend on?": ["has nothing that duct trench 9 needs on record"],
        "Which planned work touches CHINng-IPLSng?": ["has no planned work that touches link"],
    }
    for question, parts in said.items():
        reply = verbs.ask(state, question)
        for part in parts:
            assert part in reply.text, (question, reply.text)


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


CALLERS = (
    "agents/roles/monitor.py",
    "agents/roles/diagnoser.py",
    "agents/roles/imaginer.py",
    "graphs/service_impact.py",
    "graphs/announced_work.py",
    "graphs/closing.py",
    "channels/announced_work.py",
    "graphs/conversation.py",
)
"""Who is said to ask the knowledge graph."""


@pytest.mark.slow
def test_everybody_who_is_said_to_ask_the_graph_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[str] = Counter()

    def count(statement: str) -> None:
        frame: FrameType | None = sys._getframe(1)
        files = set[str]()
        while frame is not None:
            files.add(frame.f_code.co_filename)
            frame = frame.f_back
        asked.update(c for c in CALLERS if any(file.endswith(c) for file in files))

    real = embedded._connected

    def counted(path: Path) -> sqlite3.Connection:
        connection = real(path)
        # SQLite itself calls this for every statement that it runs.
        connection.set_trace_callback(count)
        return connection

    monkeypatch.setattr(embedded, "_connected", counted)
    faults = ((600.0, LOSSY), (600.0, STUB), (610.0, WESTERN_LINK))
    with operating(tmp_path, case(*faults), person=Person()) as operation:
        operation.run(lambda: operation.has_begun() and asked["agents/roles/imaginer.py"] > 0)
        state, now_s = StateDirectory(tmp_path), operation.clock.now_s()
        erin = Principal(name="erin", provider=OS_USER)
        work = verbs.announce_work(
            state, "live", ["CHINng--IPLSng"], now_s + 60.0, now_s + 120.0, erin
        )
        assert work.service_impact is not None
        verbs.ask(state, "What does planned work WORK-1 touch?")
        operation.run()
    assert {caller: asked[caller] > 0 for caller in CALLERS} == dict.fromkeys(CALLERS, True)
