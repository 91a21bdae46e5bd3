"""What only a server can do wrong, on a real one; skipped by name where none is at hand."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from neo4j import GraphDatabase
from neo4j.exceptions import IncompleteCommit

from tests.tools.change.in_memory import inventory
from tests.tools.graph_store.cypher_files import FILES
from tests.tools.graph_store.going_away import Neo4jStand
from tests.tools.graph_store.server import KILLS, SETTING, neo4j_graph, new_server
from tools.graph_store.forwarding import LONGEST_AWAY_S
from tools.graph_store.neo4j import ACQUIRE_S, Neo4jGraph
from tools.graph_store.protocol import GraphNotSaved, GraphUnavailable
from tools.graph_store.queries import query
from twin.errors import BadInput
from twin.knowledge.facts import Difference, Facts, Provenance, Relation, Thing, UnknownThing
from twin.knowledge.fate import common_causes
from twin.knowledge.kinds import shipped_schema
from twin.knowledge.recorded import INVENTORY, facts_of

SCHEMA = shipped_schema()

pytestmark = pytest.mark.skipif(
    not os.environ.get(SETTING), reason=f"no Neo4j at hand: {SETTING} names no script"
)


@pytest.fixture
def graph() -> Iterator[Neo4jGraph]:
    """Four nodes; A-B and A-C share a duct."""
    found = neo4j_graph(f"test-{uuid4().hex[:12]}", SCHEMA)
    facts = facts_of(inventory(), 1.0)
    found.replace(INVENTORY, facts.things, facts.relations)
    yield found
    found.close()


def test_networks_in_one_database_do_not_see_each_other(graph: Neo4jGraph) -> None:
    other = neo4j_graph(f"test-{uuid4().hex[:12]}", SCHEMA)
    assert other.snapshot().keys == []
    other.put([Thing("device", "A")])
    other.replace("", [])
    assert len(graph.things("device")) == 4
    other.close()


def test_user_and_password_that_are_wrong_are_told(graph: Neo4jGraph) -> None:
    wrong = replace(graph._settings, password="something else")
    with pytest.raises(BadInput, match="refuses the user or the password; set NOCTUA_GRAPH_USER"):
        Neo4jGraph.open(wrong, "x", SCHEMA)


def test_graph_of_another_version_is_refused_and_left_alone(graph: Neo4jGraph) -> None:
    settings = graph._settings
    with GraphDatabase.driver(settings.address, auth=(settings.user, settings.password)) as driver:
        driver.execute_query("MATCH (r:Revision {network: $n}) SET r.version = 3", n=graph._network)
    before = graph.snapshot().facts()
    with pytest.raises(BadInput, match="is of version 3, and this Noctua knows version 2"):
        Neo4jGraph.open(settings, graph._network, SCHEMA)
    assert graph.snapshot().facts() == before


def test_what_waited_arrives_once_though_its_sender_asks_again(graph: Neo4jGraph) -> None:
    first, second = (
        Difference(put=Facts((Thing("site", "S", {"role": role}),))) for role in ("1", "2")
    )
    before = graph.snapshot().revision
    for number, changes in ((1, first), (2, second), (1, first), (2, second)):
        graph.deliver(changes, "an outbox", number)
    assert graph.things("site")[-1] == second.put.things[0], "the first did not come again"
    assert graph.snapshot().revision == before + 2
    graph.deliver(first, "another outbox", 1)
    assert graph.snapshot().revision == before + 3
    loose = Difference(put=Facts((), (Relation("owned_by", ("site", "S"), ("owner", "x")),)))
    with pytest.raises(UnknownThing, match='owner "x"'):
        graph.deliver(loose, "an outbox", 3)
    graph.deliver(first, "an outbox", 3)
    assert graph.snapshot().revision == before + 4, "what was refused is not counted as taken"


def test_what_somebody_changes_by_cypher_is_followed(
    graph: Neo4jGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert common_causes(graph.snapshot(), ["A-B", "A-C"])[0].id == "duct-A"
    settings = graph._settings
    with GraphDatabase.driver(settings.address, auth=(settings.user, settings.password)) as driver:
        driver.execute_query(
            "MATCH (:Thing {network: $n, id: 'A-C'})-[r:in_duct]->() DELETE r", n=graph._network
        )
    for name in ("FRESH_S", "FRESH_TIMES"):
        monkeypatch.setattr(f"tools.graph_store.neo4j.{name}", 0)
    assert common_causes(graph.snapshot(), ["A-B", "A-C"])[0].kind == "node"
    graph.snapshot()
    assert graph.calls["all_things"] >= 3


def test_hub_with_thousands_around_it_is_answered_whole(graph: Neo4jGraph) -> None:
    # So many, each of another time, that what grows with their square does not fit into the
    # server's memory.
    many = [Thing("customer", f"{i:04}", provenance=Provenance("crm", i)) for i in range(4900)]
    hub = Thing("runbook", "hub", {"text": "look here"})
    graph.put([hub, *many])
    ends = [(one, qualifier) for one in many for qualifier in ("a", "b")]
    graph.put(
        [],
        [
            Relation("documented_by", one.key, hub.key, qualifier, provenance=one.provenance)
            for one, qualifier in ends
        ],
    )
    settings = graph._settings
    with GraphDatabase.driver(settings.address, auth=(settings.user, settings.password)) as driver:
        driver.execute_query(
            "MATCH (h:Thing {network: $n, id: 'hub'}) "
            "CREATE (:Thing:site {network: $n, kind: 'site', id: 'bare'})-[:documented_by]->(h)",
            n=graph._network,
        )
    around = graph.around("runbook", "hub")
    assert around.things == tuple(sorted([hub, *many, Thing("site", "bare")], key=lambda t: t.key))
    assert Relation("documented_by", ("site", "bare"), hub.key) in around.relations
    assert len(around.relations) == 9801
    assert graph.around("customer", "0007", 2) == around


def test_console_reads_and_does_no_more(graph: Neo4jGraph) -> None:
    rows = graph.ask("MATCH (d:device {network: $network}) RETURN count(d) AS devices")
    assert rows == [{"devices": 4}]
    with pytest.raises(BadInput, match="refuses"):
        graph.ask("CREATE (n:Thing) RETURN n")
    with pytest.raises(BadInput, match="LOAD CSV"):
        graph.ask("LOAD CSV FROM 'file:///etc/passwd' AS row RETURN row")
    with pytest.raises(BadInput, match="refuses"):
        graph.ask("this is no Cypher")


def test_queries_cause_no_notification_of_the_server(graph: Neo4jGraph) -> None:
    name, settings = graph._network, graph._settings
    row = {"kind": "owner", "id": "x", "stored": {"network": name, "kind": "owner", "id": "x"}}
    ends: dict[str, object] = {
        "kind": "needs",
        "qualifier": "",
        "from_kind": "owner",
        "from_id": "x",
    }
    joined = {**ends, "to_kind": "owner", "to_id": "x", "stored": {"qualifier": ""}}
    given: dict[str, dict[str, object]] = {
        "put_things": {"things": [row]},
        "put_relations": {"relations": [joined]},
        "remove_relations": {"relations": [joined]},
        "remove_things": {"keys": [["owner", "x"]]},
        "count_write": {"write": "w", "version": 2},
        "constraint_names": {},
        "revision": {},
        "missing": {"keys": [["owner", "x"]]},
        "ids": {"kind": "owner"},
        "thing": {"kind": "owner", "id": "x"},
        "things": {"kind": "owner"},
        "near": {"keys": [["device", "A"]]},
        "all_things": {},
        "all_relations": {},
        "deliver": {"outbox": "mine", "number": 1},
    }
    # A constraint is made only where it is missing.
    schema = {"constraints", "outbox_constraint", "revision_constraint"}
    assert given.keys() | schema == {file.stem for file in FILES}
    with GraphDatabase.driver(settings.address, auth=(settings.user, settings.password)) as driver:
        for each, parameters in given.items():
            summary = driver.execute_query(
                query(each), {"network": name, **parameters}, database_="neo4j"
            ).summary
            assert not [s for s in summary.gql_status_objects if s.is_notification], each


def test_eight_clients_that_put_one_thing_make_one(graph: Neo4jGraph) -> None:
    failed: list[BaseException] = []

    def put_often(client: int) -> None:
        mine = neo4j_graph(graph._network, SCHEMA)
        try:
            for number in range(250):
                pair = [Thing("owner", "one"), Thing("service", f"{client}")]
                mine.put(pair, [Relation("owned_by", pair[1].key, pair[0].key)] * (number % 2))
        except BaseException as error:
            failed.append(error)
        finally:
            mine.close()

    before = graph.snapshot().revision
    clients = [threading.Thread(target=put_often, args=(i,)) for i in range(8)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert failed == []
    snapshot = graph.snapshot()
    assert snapshot.ids("owner") == ("one",)
    assert len(snapshot.edges["owned_by"]) == 8
    assert snapshot.revision == before + 2000


@pytest.mark.parametrize("was_committed", [True, False])
def test_commit_whose_reply_was_lost_is_looked_up(
    graph: Neo4jGraph, monkeypatch: pytest.MonkeyPatch, was_committed: bool
) -> None:
    session_of, lost = graph._session, [True]

    def losing(**options: object) -> object:
        session = session_of(**options)
        execute = session.execute_write

        def execute_write(work: object, *arguments: object) -> object:
            if not lost:
                return execute(work, *arguments)
            lost.clear()
            if was_committed:
                execute(work, *arguments)
            raise IncompleteCommit("the reply was lost")

        session.execute_write = execute_write
        return session

    monkeypatch.setattr(graph, "_session", losing)
    before = graph.snapshot().revision
    graph.put([Thing("owner", "x")])
    assert graph.thing("owner", "x") == Thing("owner", "x")
    assert graph.snapshot().revision == before + 1, "written once"


def _put_pairs(
    graph: Neo4jGraph, prefix: str, acknowledged: set[str], under_way: threading.Event
) -> None:
    for number in range(100_000):
        name = f"{prefix}-{number}"
        pair = [Thing("service", name), Thing("customer", name)]
        graph.put(pair, [Relation("bought_by", pair[0].key, pair[1].key)])
        acknowledged.add(name)
        if number == 3:
            under_way.set()


def test_facts_that_were_acknowledged_survive_kills(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.graph_store.neo4j.RETRY_S", 1.0)
    server = new_server(SCHEMA)
    acknowledged: set[str] = set()

    def kill_after(under_way: threading.Event, seconds: float) -> None:
        under_way.wait(60.0)
        time.sleep(seconds)
        server.kill()

    for kill in range(KILLS):
        graph = Neo4jGraph.open(server.settings, "killed", SCHEMA)
        under_way = threading.Event()
        killer = threading.Thread(target=kill_after, args=(under_way, 0.037 * kill))
        killer.start()
        with pytest.raises((GraphUnavailable, GraphNotSaved)):
            _put_pairs(graph, str(kill), acknowledged, under_way)
        killer.join()
        graph.close()
        server.start(SCHEMA)
    graph = Neo4jGraph.open(server.settings, "killed", SCHEMA)
    snapshot = graph.snapshot()
    graph.close()
    server.stop()
    services = snapshot.ids("service")
    assert len(acknowledged) >= 4 * KILLS
    assert acknowledged <= set(services)
    assert snapshot.ids("customer") == services, "whole or not at all"
    assert len(snapshot.edges["bought_by"]) == len(services) == len(set(services))


def test_frozen_server_is_given_up_in_time_and_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = new_server(SCHEMA)
    monkeypatch.setattr("tools.graph_store.forwarding.BELIEVED_S", 0.0)
    with ExitStack() as opened:
        opened.callback(server.stop)
        stand = Neo4jStand(server, tmp_path, opened)
        graph = stand.open()
        graph.put([Thing("owner", "x")])
        graph.snapshot()
        server.freeze()
        opened.callback(server.thaw)
        begun = time.monotonic()
        assert graph.thing("owner", "x") == Thing("owner", "x")
        # Far from the two minutes after which the driver gives a request up.
        assert time.monotonic() - begun < 4 * ACQUIRE_S
        begun = time.monotonic()
        graph.put([Thing("owner", "y")])
        assert graph.ids("owner") == ("x", "y")
        assert "does not answer" in graph.trouble()
        assert "1 write waits" in graph.trouble()
        assert time.monotonic() - begun < 2 * ACQUIRE_S, "it is not asked again at once"
        server.thaw()
        deadline = time.monotonic() + 4 * LONGEST_AWAY_S
        while graph.trouble():
            assert time.monotonic() < deadline
            time.sleep(1.0)
        assert stand.stored().ids("owner") == ("x", "y")


def test_server_without_a_password_is_asked_without_one(caplog: pytest.LogCaptureFixture) -> None:
    server = new_server(SCHEMA, password="")
    caplog.clear()
    graph = Neo4jGraph.open(server.settings, "open", SCHEMA)
    graph.put([Thing("owner", "x")])
    assert graph.snapshot().ids("owner") == ("x",)
    assert caplog.messages == [], "an empty server is no reason for warnings"
    server.kill()
    with pytest.raises((GraphUnavailable, GraphNotSaved)):
        graph.put([Thing("owner", "y")])
    graph.close()
    begun = time.monotonic()
    with pytest.raises(GraphUnavailable, match="does not answer"):
        Neo4jGraph.open(server.settings, "open", SCHEMA)
    assert time.monotonic() - begun < 60
    server.stop()
