"""The file of the embedded store: what it refuses, what it takes over, what a crash leaves."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tools.change.in_memory import inventory
from tools.graph_store.embedded import EmbeddedGraph, require_sound
from tools.graph_store.protocol import CorruptGraph, GraphNotSaved
from twin.knowledge.facts import Provenance, Relation, Thing
from twin.knowledge.past import PastIncident
from twin.knowledge.recorded import INVENTORY, facts_of

PAST = PastIncident(
    id="one", title="t", opened_s=1.0, symptoms=("a:b",), cause="c", remedy="r", worked=False
)

OWNED = Relation("owned_by", ("device", "A"), ("owner", "x"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "live.sqlite"


def _of_before(path: Path, **other: object) -> Path:
    """What an earlier version kept."""
    things = [
        {"kind": "site", "id": "A", "properties": {"longitude": 0.0}},
        {"kind": "incident", "id": "one", "properties": PAST.model_dump(mode="json")},
    ]
    document = {
        "format": "noctua-knowledge-1",
        "nodes": [{"id": i, "thing": thing} for i, thing in enumerate(things)],
        "links": [],
    }
    file = path.with_suffix(".json")
    file.write_text(json.dumps(document | other))
    return file


def test_incidents_of_an_earlier_version_are_taken_over_once(path: Path) -> None:
    file = _of_before(path)
    graph = EmbeddedGraph.open(path)
    assert graph.past_incident("one") == PAST
    assert graph.things("site") == (), "the inventory is written anew whenever a network is opened"
    graph.remember_incident(PAST.model_copy(update={"cause": "another"}))
    assert file.exists()
    again = EmbeddedGraph.open(path).past_incident("one")
    assert again is not None
    assert again.cause == "another"


@pytest.mark.parametrize(
    "damage", [{"format": "something else"}, {"nodes": [{"id": 0}]}, {"nodes": 3}]
)
def test_file_of_an_earlier_version_that_is_damaged_is_told_and_left_alone(
    path: Path, damage: dict[str, object]
) -> None:
    file = _of_before(path, **damage)
    before = file.read_bytes()
    for _ in range(2):
        with pytest.raises(CorruptGraph, match=r"(?s)live\.json: cannot be read .* move it away"):
            EmbeddedGraph.open(path)
    assert file.read_bytes() == before


@pytest.mark.parametrize("content", [b"no database, but a text that is long enough" * 50, b"[]"])
def test_file_that_is_no_database_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    for look in (EmbeddedGraph.open, require_sound):
        with pytest.raises(CorruptGraph, match=r"live\.sqlite: cannot be read"):
            look(path)
    assert path.read_bytes() == content


def test_another_database_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE t (x)")
    other.close()
    for look in (EmbeddedGraph.open, require_sound):
        with pytest.raises(CorruptGraph, match="no knowledge graph"):
            look(path)


def test_graph_of_another_version_is_refused(path: Path) -> None:
    graph = EmbeddedGraph.open(path)
    graph.close()
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA user_version = 3")
    other.close()
    with pytest.raises(CorruptGraph, match="of version 3"):
        EmbeddedGraph.open(path)


def test_graph_that_is_sound_is_found_sound(path: Path) -> None:
    EmbeddedGraph.open(path).close()
    require_sound(path)


def test_write_that_fails_leaves_what_was_stored(path: Path) -> None:
    graph = EmbeddedGraph.open(path)
    graph.put([Thing("owner", "first")])
    before = graph.snapshot().facts()
    graph._connection.execute("PRAGMA max_page_count = 1")  # as on a disk that is full
    many = [Thing("owner", f"{i:06}" + "x" * 1000) for i in range(2000)]
    with pytest.raises(GraphNotSaved, match="the last version stands"):
        graph.put(many)
    assert graph.snapshot().facts() == before
    graph.close()
    assert EmbeddedGraph.open(path).snapshot().facts() == before


def test_snapshot_follows_what_is_written_here_and_elsewhere(path: Path) -> None:
    graph, other = EmbeddedGraph.open(path), EmbeddedGraph.open(path)
    facts = facts_of(inventory(), 1.0)
    steps: list[Callable[[], None]] = [
        lambda: graph.put(facts.things, facts.relations),
        lambda: graph.put([Thing("owner", "x")], [OWNED]),
        lambda: other.put([Thing("owner", "x", {}, Provenance("people"))]),
        lambda: graph.put([Thing("owner", "a")], [replace(OWNED, qualifier="also")]),
        lambda: graph.replace(INVENTORY, [t for t in facts.things if t.kind != "duct"]),
        *(lambda n=n: graph.put([Thing("owner", f"{n}")]) for n in range(9)),
        lambda: graph.replace("", []),
    ]
    for step in steps:
        step()
        if len(graph.things("owner")) % 3:
            continue  # several writes between two snapshots
        again = EmbeddedGraph.open(path)
        assert graph.snapshot().facts() == again.snapshot().facts()
        assert graph.snapshot().revision == again.snapshot().revision
        again.close()
    assert graph.snapshot().ids("duct") == ()
    assert graph.snapshot().ids("owner") == ("x",), "which somebody else has said"


WRITERS = """
import os
import sys
import time
from pathlib import Path
from tests.tools.change.in_memory import inventory
from tools.graph_store.embedded import EmbeddedGraph
from twin.knowledge.facts import Provenance, Relation, Thing

def write(first):
    graph = EmbeddedGraph.open(Path(sys.argv[1]))
    for number in range(first, first + 1000):
        pair = [Thing("service", f"s{number}"), Thing("customer", f"c{number}")]
        graph.put(pair, [Relation("bought_by", pair[0].key, pair[1].key)])
        os.write(1, f"{number}\\n".encode())

# What takes long is imported once; a writer is a fork, and nothing else of it is shared.
while first := sys.stdin.readline():
    writer = os.fork()
    if not writer:
        write(int(first))
        os._exit(0)
    os.write(1, f"pid {writer}\\n".encode())
    os.waitpid(writer, 0)
    os.write(1, b"gone\\n")
"""


@pytest.mark.slow
def test_what_was_acknowledged_survives_200_kills(path: Path) -> None:
    acknowledged: set[int] = set()
    command = [sys.executable, "-c", WRITERS, str(path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writers:
        assert writers.stdin is not None
        assert writers.stdout is not None
        for kill in range(200):
            print(1000 * kill, file=writers.stdin, flush=True)
            writer, had, wanted = 0, 0, 1 + kill % 7
            while (line := writers.stdout.readline().strip()) != "gone":
                if line.startswith("pid "):
                    writer = int(line[4:])
                else:
                    acknowledged.add(int(line))
                    had += 1
                if writer and had >= wanted:
                    # Somewhere within the next write: one takes a millisecond or a few.
                    time.sleep(kill % 11 * 0.0003)
                    os.kill(writer, signal.SIGKILL)
                    wanted = 1000
        writers.stdin.close()
    assert len(acknowledged) >= 200
    graph = EmbeddedGraph.open(path)
    snapshot = graph.snapshot()
    services = {int(name[1:]) for name in snapshot.ids("service")}
    assert acknowledged <= services
    assert {int(name[1:]) for name in snapshot.ids("customer")} == services, "whole or not at all"
    assert len(snapshot.edges["bought_by"]) == len(services)
    assert len(snapshot.ids("service")) == len(services), "none twice"
    require_sound(path)
