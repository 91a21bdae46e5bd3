"""The server of the knowledge graph goes away in the middle of an incident, and comes back."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.graphs.stagehand import FIRST, WRONG_WEIGHT, Person, case, operating
from tests.tools.graph_store.going_away import SCHEMA, DoubledStand, Neo4jStand, Stand
from tests.tools.graph_store.server import SETTING, new_server
from tools.journal.watch_notes import note_of
from twin.nouns.condition import ConditionKind
from twin.nouns.incident import Phase

pytestmark = pytest.mark.slow


@pytest.fixture(params=["double", "neo4j"])
def stand(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stand]:
    """A server that the workplace's graph lies on; it is asked again at once."""
    for name in ("AWAY_S", "AWAY_TIMES", "BELIEVED_S"):
        monkeypatch.setattr(f"tools.graph_store.forwarding.{name}", 0.0)
    with ExitStack() as opened:
        found: Stand
        if request.param == "double":
            found = DoubledStand(tmp_path, opened)
        else:
            if not os.environ.get(SETTING):
                pytest.skip(f"no Neo4j at hand: {SETTING} names no script")
            server = new_server(SCHEMA)
            opened.callback(server.stop)
            found = Neo4jStand(server, tmp_path, opened)
        monkeypatch.setattr("graphs.workplace.open_graph", lambda *_: found.open())
        yield found


def test_diagnosis_goes_on_no_change_is_made_and_what_is_remembered_arrives(
    stand: Stand, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    with operating(state, case((300.0, WRONG_WEIGHT)), person=Person()) as operation:
        journal, graph = operation.journal, operation.workplace.desk.situation.graph
        before = stand.stored().facts()

        def is_seen(kind: str) -> Callable[[], bool]:
            return lambda: operation.has_begun() and bool(operation.told(kind))

        operation.run(most_s=240.0)
        stand.go_away()
        operation.run(is_seen("held_back"))
        assert "diagnosed" in {e.kind for e in journal.timeline(FIRST)}
        assert journal.changes() == ()
        [condition] = note_of(state, "live").conditions
        assert condition.kind is ConditionKind.GRAPH_LOST
        assert "what is known of it is of 20" in condition.detail
        assert condition.detail.endswith(" old, and 0 writes wait")
        refused = [x for x in journal.audit_lines() if x.action == "refuse"]
        assert {x.data["rule"] for x in refused} == {"graph_lost"}
        operation.run(most_s=120.0)
        assert journal.changes() == (), "however long it takes"

        stand.come_back()
        operation.run(lambda: operation.phase() is Phase.SOAKING)
        assert journal.changes()
        assert note_of(state, "live").conditions == ()

        stand.go_away()
        operation.run()
        assert operation.phase() is Phase.RESOLVED
        remembered = graph.past_incident(FIRST)
        assert remembered is not None
        assert remembered.worked
        assert "1 write waits" in graph.trouble()

        stand.come_back()
        assert graph.trouble() == ""
        stored, known = stand.stored().facts(), {thing.key for thing in before.things}
        assert [t for t in stored.things if t.key not in known] == [remembered.as_thing()]
