"""A server that goes away: what is written waits and arrives once, the last snapshot answers.

The server here is a double at the seam of the driver; test_neo4j.py has a real one go away.
"""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tools.change.in_memory import inventory
from tests.tools.graph_store.going_away import DoubledStand, Switched
from tools.graph_store.embedded import EmbeddedGraph
from tools.graph_store.forwarding import ForwardingGraph
from tools.graph_store.packed import packed, unpacked
from tools.graph_store.protocol import (
    CorruptGraph,
    GraphRefused,
    GraphUnavailable,
)
from tools.graph_store.standby import Standby
from twin.knowledge.facts import (
    Difference,
    Facts,
    Provenance,
    Relation,
    Thing,
    UnknownThing,
    difference,
)
from twin.knowledge.kinds import shipped_schema
from twin.knowledge.recorded import INVENTORY, facts_of
from twin.knowledge.snapshot import Snapshot

SCHEMA = shipped_schema()


@pytest.fixture
def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DoubledStand]:
    """A server that holds four nodes; it is asked again at once."""
    for name in ("AWAY_S", "AWAY_TIMES", "BELIEVED_S"):
        monkeypatch.setattr(f"tools.graph_store.forwarding.{name}", 0.0)
    with ExitStack() as opened:
        found = DoubledStand(tmp_path, opened)
        graph, facts = found.open(), facts_of(inventory(), 1.0)
        graph.replace(INVENTORY, facts.things, facts.relations)
        graph.snapshot()
        yield found


def _owner(name: str) -> list[Thing]:
    return [Thing("owner", name)]


def test_last_snapshot_answers_with_its_age_and_what_waits(stand: DoubledStand) -> None:
    graph = stand.open()
    before = graph.snapshot().facts()
    assert graph.trouble() == ""
    stand.go_away()
    assert "the double does not answer; what is known of it is of 20" in graph.trouble()
    assert "less than a minute old, and 0 writes wait" in graph.trouble()
    assert graph.snapshot().facts() == before
    graph.put(_owner("x"), [Relation("owned_by", ("device", "A"), ("owner", "x"))])
    assert "and 1 write waits" in graph.trouble()
    assert graph.thing("owner", "x") == Thing("owner", "x")
    assert graph.things("owner") == (Thing("owner", "x"),)
    assert [r.kind for r in graph.around("owner", "x").relations] == ["owned_by"]
    with pytest.raises(UnknownThing, match='device "AA"'):
        graph.put([], [Relation("owned_by", ("device", "AA"), ("owner", "x"))])
    stand.come_back()
    assert graph.trouble() == ""
    assert EmbeddedGraph.snapshot(stand.server).facts() == graph.snapshot().facts()
    assert ("owner", "x") in graph.snapshot()


def test_what_was_written_is_known_though_nobody_has_asked_since(stand: DoubledStand) -> None:
    graph = stand.open()
    graph.put(_owner("x"))
    stand.go_away()
    assert graph.thing("owner", "x") == stand.open().thing("owner", "x") == Thing("owner", "x")


def test_writes_are_not_kept_beside_the_snapshot_for_ever(
    stand: DoubledStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tools.graph_store.forwarding.MOST_ARRIVED", 2)
    graph = stand.open()
    for number in range(5):
        graph.put(_owner(str(number)))
    kept = Standby.open(stand.file)
    assert len(kept.arrived()) == 2, "the first three are in the snapshot"
    kept.close()
    stand.go_away()
    names = [owner.id for owner in stand.open().things("owner")]
    assert names == ["0", "1", "2", "3", "4"]


def test_file_of_the_version_before_is_taken_over_with_what_waits(stand: DoubledStand) -> None:
    graph = stand.open()
    stand.go_away()
    graph.put(_owner("x"))
    graph.close()
    with closing(sqlite3.connect(stand.file)) as before:
        for column in ("arrived", "written_s"):
            before.execute(f"ALTER TABLE outbox DROP COLUMN {column}")
        before.execute("PRAGMA user_version = 1")
    stand.come_back()
    stand.open().trouble()
    assert ("owner", "x") in stand.stored()


def test_age_is_said_in_minutes(stand: DoubledStand, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = stand.open()
    taken_s = graph.snapshot().taken_s
    stand.go_away()
    monkeypatch.setattr("time.time", lambda: taken_s + 754.0)
    assert ", 12 min old," in graph.trouble()


def test_writes_arrive_once_and_in_order_whoever_sends_them(stand: DoubledStand) -> None:
    graph = stand.open()
    stand.go_away()
    for number in range(5):
        graph.put([Thing("site", "S", {"role": str(number)})])
    again = stand.open()
    assert again.thing("site", "S") == Thing("site", "S", {"role": "4"}), "it starts without"
    again.put([Thing("site", "S", {"role": "5"})])
    stand.server.log.clear()
    stand.server.away, stand.server.loses = False, 2
    for _ in range(4):
        graph.trouble()
        again.trouble()
    roles = [changes.put.things[0].properties["role"] for changes in stand.server.log]
    assert roles == ["0", "1", "2", "3", "4", "5"]


def test_reply_that_is_lost_is_no_second_write(stand: DoubledStand) -> None:
    graph = stand.open()
    stand.server.log.clear()
    stand.server.loses = 1
    graph.put(_owner("x"))
    graph.put(_owner("y"))
    assert [c.put.things[0].id for c in stand.server.log] == ["x", "y"]


def test_write_that_the_server_refuses_is_told_and_holds_up_nothing(stand: DoubledStand) -> None:
    graph = stand.open()
    with pytest.raises(GraphRefused, match="does not take it"):
        graph.put(_owner("never"))
    assert graph.refused() == ()
    stand.go_away()
    graph.put(_owner("never"))
    graph.put(_owner("x"))
    stand.come_back()
    assert graph.trouble() == ""
    assert graph.thing("owner", "x") == Thing("owner", "x")
    assert graph.refused() == ("the double does not take it",), "kept, with the reason"
    with pytest.raises(UnknownThing, match='owner "z"'):
        graph.put([], [Relation("owned_by", ("device", "A"), ("owner", "z"))])


def test_inventory_that_changed_meanwhile_is_written_then(
    stand: DoubledStand,
) -> None:
    graph = stand.open()
    facts = facts_of(inventory(), 9.0)
    stand.go_away()
    graph.replace(INVENTORY, facts.things, facts.relations)
    assert "0 writes wait" in graph.trouble(), "it is the same"
    graph.replace(INVENTORY, [t for t in facts.things if t.kind == "site"])
    assert graph.snapshot().facts().relations == ()
    stand.come_back()
    assert {t.kind for t in graph.snapshot().facts().things} == {"site"}


def test_more_than_may_wait_is_refused_while_the_server_is_away(
    stand: DoubledStand, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = stand.open()
    monkeypatch.setattr("tools.graph_store.forwarding.AT_ONCE", 2)
    stand.go_away()
    with pytest.raises(GraphUnavailable, match="does not answer"):
        graph.put([*_owner("x"), *_owner("y"), *_owner("z")])
    with pytest.raises(GraphUnavailable, match="too many to wait"):
        graph.replace(INVENTORY, [])
    stand.come_back()
    graph.put([*_owner("x"), *_owner("y"), *_owner("z")])
    assert len(graph.things("owner")) == 3


def test_graph_of_which_nothing_is_kept_is_not_opened_without_its_server(tmp_path: Path) -> None:
    def away() -> Switched:
        raise GraphUnavailable("the double does not answer; start it")

    for _ in range(2):
        with pytest.raises(GraphUnavailable, match="does not answer"):
            ForwardingGraph.open(away, "the double", Standby.open(tmp_path / "s.standby"), SCHEMA)


def test_file_that_is_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "live.standby"
    path.write_bytes(b"no database, but a text that is long enough" * 50)
    with pytest.raises(CorruptGraph, match=r"live\.standby: cannot be read"):
        Standby.open(path)
    assert path.read_bytes().startswith(b"no database")
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE t (x)")
    other.close()
    with pytest.raises(CorruptGraph, match="is not what this version keeps"):
        Standby.open(path)


WRITER = """
import sys
from pathlib import Path
from tools.graph_store.standby import Standby
from twin.knowledge.facts import Difference, Facts, Thing
standby = Standby.open(Path(sys.argv[1]))
while True:
    number = standby.append(Difference(put=Facts((Thing("owner", sys.argv[2]),))))
    print(number, flush=True)
"""


def test_what_waits_survives_kills_of_who_wrote_it(stand: DoubledStand) -> None:
    acknowledged = set[int]()
    for kill in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(stand.file), f"k{kill}"],
            stdout=subprocess.PIPE,
            text=True,
        ) as writer:
            assert writer.stdout is not None
            acknowledged.update(int(writer.stdout.readline()) for _ in range(5 + kill))
            writer.kill()
    file = Standby.open(stand.file)
    numbers = file.numbers()
    file.close()
    assert acknowledged <= set(numbers)
    stand.server.log.clear()
    assert stand.open().trouble() == ""
    names = [changes.put.things[0].id for changes in stand.server.log]
    assert len(names) == len(numbers)
    assert names == sorted(names), "in order"


VALUES = (
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
)
LISTS = VALUES.flatmap(lambda one: st.lists(st.just(one), max_size=2).map(tuple))
NAMES = st.sampled_from(["a", "b", "\U0001f989", "\uff5e"])
THINGS = st.builds(
    Thing,
    st.sampled_from(["owner", "site"]),
    NAMES,
    st.dictionaries(NAMES, VALUES | LISTS, max_size=2),
    st.builds(Provenance, NAMES, st.just(1.5), st.none() | st.floats(0, 1e9)),
)


@st.composite
def some_facts(draw: st.DrawFn) -> Facts:
    """A few things, and relations among them."""
    things = draw(st.lists(THINGS, max_size=6))
    keys = sorted({thing.key for thing in things})
    if not keys:
        return Facts()
    ends = st.sampled_from(keys)
    needs = st.builds(Relation, st.just("needs"), ends, ends, NAMES, st.just({"k": 1}))
    return Facts.of(things, draw(st.lists(needs, max_size=6)))


@settings(max_examples=60, deadline=None)
@given(some_facts(), some_facts())
def test_snapshots_and_changes_come_back_as_they_were_kept(one: Facts, other: Facts) -> None:
    snapshot = Snapshot.of(one, 7, 1.5)
    again = unpacked(packed(snapshot))
    assert again is not None
    assert again.facts() == one
    assert (again.revision, again.taken_s) == (7, 1.5)
    changes = difference(one, other)
    after = again.changed(changes, 8)
    assert after.facts() == other
    assert (after.revision, after.taken_s) == (8, 1.5)
    types = [[type(v) for v in t.properties.values()] for t in again.facts().things]
    assert types == [[type(v) for _, v in sorted(t.properties.items())] for t in one.things]


@pytest.mark.parametrize("damage", [b"", b"x", b"PK\x03\x04" + b"\0" * 60])
def test_kept_snapshot_that_is_damaged_is_none(damage: bytes) -> None:
    assert unpacked(damage) is None
    whole = packed(Snapshot.of(facts_of(inventory())))
    assert unpacked(whole[: len(whole) // 2]) is None


def test_changes_wait_as_what_they_are(tmp_path: Path) -> None:
    owner = Thing("owner", "x", {"on_call": "erin"}, Provenance("people", 1.0, None, 9.5))
    site = Thing("site", "S", {"longitude": 1.0, "role": "core"})
    incident = Thing("incident", "i", {"symptoms": ("a", "b"), "worked": True})
    changes = Difference(
        Facts((incident, owner, site), (Relation("owned_by", site.key, owner.key, "q"),)),
        (("site", "T"),),
        (("owned_by", ("site", "T"), ("owner", "x"), ""),),
    )
    standby = Standby.open(tmp_path / "s.standby")
    number = standby.append(changes)
    assert standby.waiting() == ((number, changes),)
    standby.close()
