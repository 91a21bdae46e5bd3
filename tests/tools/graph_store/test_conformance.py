"""What every store of the knowledge graph must do. A new store is one more line in `STORES`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tools.change.in_memory import inventory
from tests.tools.graph_store.going_away import Switched
from tests.tools.graph_store.server import neo4j_graph
from tools.graph_store.embedded import EmbeddedGraph
from tools.graph_store.forwarding import ForwardingGraph
from tools.graph_store.protocol import KnowledgeGraph
from tools.graph_store.standby import Standby
from twin.errors import BadInput
from twin.knowledge.facts import (
    BadFact,
    Facts,
    Properties,
    Provenance,
    Relation,
    Thing,
    UnknownThing,
    Value,
)
from twin.knowledge.fate import CommonCause, common_causes
from twin.knowledge.kinds import shipped_schema
from twin.knowledge.past import PastIncident
from twin.knowledge.recorded import INVENTORY, facts_of
from twin.knowledge.schema import Property, Schema, ThingKind, UnknownKind
from twin.nouns.inventory import Inventory

Opener = Callable[[], KnowledgeGraph]

SCHEMA = shipped_schema()
SCHEMA.register_thing(
    ThingKind(
        "specimen",
        "operations",
        14,
        "has a property of each type",
        (
            Property("text", "text", ""),
            Property("texts", "texts", ""),
            Property("number", "number", ""),
            Property("whole", "whole", ""),
            Property("said", "yes or no", ""),
        ),
    )
)


def _embedded(folder: Path, name: str) -> KnowledgeGraph:
    return EmbeddedGraph.open(folder / f"{name}.sqlite", SCHEMA)


def _forwarded(folder: Path, name: str) -> KnowledgeGraph:
    standby = Standby.open(folder / f"{name}.standby")
    server = partial(Switched.open, folder / f"{name}.sqlite", SCHEMA)
    return ForwardingGraph.open(server, "the double", standby, SCHEMA)


def _neo4j(folder: Path, name: str) -> KnowledgeGraph:
    standby = Standby.open(folder / f"{name}.standby")
    server = partial(neo4j_graph, name, SCHEMA)
    return ForwardingGraph.open(server, "the server", standby, SCHEMA)


STORES: dict[str, Callable[[Path, str], KnowledgeGraph]] = {
    "embedded": _embedded,
    "forwarded": _forwarded,
    "neo4j": _neo4j,
}


@pytest.fixture(params=STORES)
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens the same stored graph again and again."""
    name = f"test-{uuid4().hex[:12]}"
    with ExitStack() as opened:

        def open_again() -> KnowledgeGraph:
            graph = STORES[request.param](tmp_path, name)
            opened.callback(graph.close)
            return graph

        yield open_again


@pytest.fixture
def empty(opener: Opener) -> KnowledgeGraph:
    """A graph in which nothing is."""
    return opener()


@pytest.fixture
def graph(empty: KnowledgeGraph) -> KnowledgeGraph:
    """Four nodes; A-B and A-C share a duct; vpn-1 from A to D, vpn-2 from B to C."""
    _record(empty, inventory())
    return empty


def _record(graph: KnowledgeGraph, known: Inventory, at_s: float = 1.0) -> None:
    facts = facts_of(known, at_s)
    graph.replace(INVENTORY, facts.things, facts.relations)


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


def test_ids_are_those_of_the_things_of_a_kind(graph: KnowledgeGraph) -> None:
    graph.put([Thing("site", "\U0001f989"), Thing("site", "\uff5e")])
    assert graph.ids("site") == ("A", "B", "C", "D", "\uff5e", "\U0001f989")
    assert graph.ids("site") == graph.snapshot().ids("site")
    assert graph.ids("ups") == ()


def _ids(facts: Facts, kind: str) -> list[str]:
    return [thing.id for thing in facts.things if thing.kind == kind]


def test_everything_on_record_is_in_the_graph(graph: KnowledgeGraph) -> None:
    counts = {
        "site": 4,
        "device": 4,
        "interface": 8,
        "link": 4,
        "duct": 1,
        "prefix": 4,
        "service": 2,
        "path": 2,
        "customer": 2,
        "incident": 0,
    }
    snapshot = graph.snapshot()
    assert {kind: len(snapshot.ids(kind)) for kind in counts} == counts
    assert {kind: len(graph.things(kind)) for kind in counts} == counts
    assert len(snapshot.keys) == sum(counts.values())


def test_what_is_handed_out_is_what_was_put_in_order_of_code_points(
    empty: KnowledgeGraph, opener: Opener
) -> None:
    facts = facts_of(inventory(), 5.0)
    empty.put(reversed(facts.things), reversed(facts.relations))
    for graph in (empty, opener()):
        assert graph.snapshot().facts() == facts
    # UTF-16, which Neo4j sorts by, has an emoji before U+FF5E.
    empty.put([Thing("owner", name) for name in ("\U0001f989", "\uff5e", "b", "B", "é")])
    assert [t.id for t in empty.things("owner")] == ["B", "b", "é", "\uff5e", "\U0001f989"]
    assert empty.snapshot().ids("owner") == ("B", "b", "é", "\uff5e", "\U0001f989")


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
PROPERTIES = st.fixed_dictionaries(
    {},
    optional={
        "text": TEXTS,
        "texts": st.lists(TEXTS, max_size=3).map(tuple),
        "number": NUMBERS,
        "whole": st.integers(-(2**63), 2**63 - 1),
        "said": st.booleans(),
    },
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(PROPERTIES, TEXTS.filter(bool), st.none() | NUMBERS)
def test_properties_come_back_as_they_went_in(
    empty: KnowledgeGraph, properties: Properties, name: str, until_s: float | None
) -> None:
    thing = Thing("specimen", name, properties, Provenance("test", 1.5, None, until_s))
    empty.put([thing])
    assert empty.thing("specimen", name) == thing
    found = empty.thing("specimen", name)
    assert found is not None
    assert [type(found.properties[k]) for k in properties] == [
        type(value) for value in properties.values()
    ]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("text", None, "is null"),
        ("text", {"a": 1}, "is a dict"),
        ("text", "\ud800", "lone surrogate"),
        ("text", "a\0b", "zero byte"),
        ("text", 3, "expected text"),
        ("texts", ("a", 1), "several types"),
        ("texts", (("a",),), "is a tuple"),
        ("number", float("nan"), "is nan"),
        ("number", "3", "expected number"),
        ("whole", 2**63, "more than 64 bits"),
        ("whole", True, "expected whole"),
        ("txt", "a", 'has no property "txt" .did you mean "text"'),
    ],
)
def test_what_one_store_would_not_keep_every_store_refuses(
    empty: KnowledgeGraph, name: str, value: Value, said: str
) -> None:
    with pytest.raises(BadFact, match=said):
        empty.put([Thing("owner", "fine"), Thing("specimen", "one", {name: value})])
    assert empty.snapshot().keys == [], "all or nothing"


@pytest.mark.parametrize("name", ["", "a\0", "\udfff", "x" * 1025])
def test_keys_that_are_none_are_refused(empty: KnowledgeGraph, name: str) -> None:
    with pytest.raises(BadFact, match="owner"):
        empty.put([Thing("owner", name)])


def test_the_longest_key_is_kept_and_found(empty: KnowledgeGraph) -> None:
    longest = "\U0001f989" * 1024
    empty.put([Thing("owner", longest), Thing("site", longest)])
    assert empty.thing("owner", longest) == Thing("owner", longest)
    with pytest.raises(UnknownThing):
        empty.around("site", longest[1:])


INJECTIONS = (
    "x'}) DETACH DELETE n //",
    '"; DROP TABLE things; --',
    "`) MATCH (n) DETACH DELETE n //",
    "$things",
    "${id}",
    "\\u0027}) DELETE n",
)


def test_names_that_look_like_queries_are_names(empty: KnowledgeGraph) -> None:
    for name in INJECTIONS:
        this = ("service", name)
        empty.put(
            [Thing("service", name, {"traffic_class": name}), Thing("customer", name)],
            [Relation("bought_by", this, ("customer", name), qualifier=name)],
        )
    assert len(empty.snapshot().keys) == 2 * len(INJECTIONS)
    for name in INJECTIONS:
        found = empty.around("service", name)
        assert [t.key for t in found.things] == [("customer", name), ("service", name)]
        assert [r.qualifier for r in found.relations] == [name]


def test_kinds_that_nobody_registered_are_refused(empty: KnowledgeGraph) -> None:
    with pytest.raises(UnknownKind, match=r'"linc" is no kind of thing .did you mean "link"'):
        empty.put([Thing("linc", "A-B")])
    with pytest.raises(UnknownKind, match=r'"fedby" is no kind of relation .*"fed_by"'):
        empty.put([], [Relation("fedby", ("ups", "u"), ("power_feed", "f"))])
    with pytest.raises(BadFact, match="joins a owner; it joins site there"):
        empty.put([], [Relation("located_at", ("device", "A"), ("owner", "x"))])


def test_relations_are_told_apart_by_kind_ends_and_qualifier(empty: KnowledgeGraph) -> None:
    ends = (("service", "s"), ("customer", "c"))
    things = [Thing(*ends[0]), Thing(*ends[1]), Thing("owner", "c")]
    empty.put(
        things,
        [
            Relation("bought_by", *ends),
            Relation("bought_by", *ends),
            Relation("bought_by", *ends, qualifier="second contract"),
            Relation("needs", *ends, properties={"k": 1}),
            Relation("needs", *ends, properties={"k": 2}),
        ],
    )
    found = empty.snapshot().facts().relations
    assert [(r.kind, r.qualifier, dict(r.properties)) for r in found] == [
        ("bought_by", "", {}),
        ("bought_by", "second contract", {}),
        ("needs", "", {"k": 2}),
    ]


def test_relation_to_what_is_not_there_is_refused_whole(graph: KnowledgeGraph) -> None:
    before = graph.snapshot().facts()
    loose = Relation("in_duct", ("link", "A-B"), ("duct", "duct-B"))
    with pytest.raises(UnknownThing, match=r'duct "duct-B" is not in .* mean "duct-A"'):
        graph.put([Thing("owner", "new")], [loose])
    assert graph.snapshot().facts() == before


def test_a_fact_put_again_takes_the_place_of_what_was(empty: KnowledgeGraph) -> None:
    empty.put([Thing("site", "S", {"longitude": 1.0, "role": "core"}, Provenance("a", 1.0))])
    empty.put([Thing("site", "S", {"longitude": 2.0}, Provenance("b", 2.0))])
    assert empty.things("site") == (Thing("site", "S", {"longitude": 2.0}, Provenance("b", 2.0)),)


def test_new_inventory_replaces_the_old_and_keeps_what_others_said(graph: KnowledgeGraph) -> None:
    graph.remember_incident(_past("one", "adjacency_down:A-B"))
    graph.put(
        [Thing("owner", "team", {}, Provenance("people"))],
        [Relation("owned_by", ("duct", "duct-A"), ("owner", "team"))],
    )
    before = inventory()
    topology = before.topology.model_copy(update={"shared_risk_groups": ()})
    _record(graph, replace(before, topology=topology), at_s=9.0)
    snapshot = graph.snapshot()
    assert snapshot.ids("duct") == ()
    assert "owned_by" not in snapshot.edges, "a relation goes with its ends"
    assert (snapshot.ids("incident"), snapshot.ids("owner")) == (("one",), ("team",))
    device = graph.thing("device", "A")
    assert device is not None
    assert device.provenance == Provenance(INVENTORY, 1.0), "it is as it was recorded first"


def test_the_same_inventory_again_writes_nothing(graph: KnowledgeGraph) -> None:
    before = graph.snapshot()
    _record(graph, inventory(), at_s=9.0)
    assert graph.snapshot().revision == before.revision
    assert graph.snapshot().facts() == before.facts()


def test_revision_moves_with_every_write_whoever_writes(
    graph: KnowledgeGraph, opener: Opener
) -> None:
    before = graph.snapshot().revision
    opener().put([Thing("owner", "other")])
    after = graph.snapshot()
    assert after.revision > before
    assert ("owner", "other") in after


def test_around_a_thing_is_what_is_near_it(graph: KnowledgeGraph) -> None:
    near = graph.around("link", "C-D")
    assert [t.key for t in near.things] == [
        ("interface", "C|C-D"),
        ("interface", "D|C-D"),
        ("link", "C-D"),
    ]
    wider = graph.around("link", "C-D", hops=2)
    assert _ids(wider, "device") == ["C", "D"]
    assert [(r.kind, r.source[1]) for r in wider.relations] == [
        ("has_interface", "C"),
        ("has_interface", "D"),
        ("terminates", "C|C-D"),
        ("terminates", "D|C-D"),
    ]
    with pytest.raises(UnknownThing, match=r'link "A-X" is not in .* \(did you mean "A-'):
        graph.around("link", "A-X")


def test_common_causes_are_ranked_by_what_they_explain_then_by_what_else_they_would_take(
    graph: KnowledgeGraph,
) -> None:
    duct = CommonCause(kind="duct", id="duct-A", explains=("A-B", "A-C"), members=2)
    node = CommonCause(kind="node", id="A", explains=("A-B", "A-C"), members=2)
    found = common_causes(graph.snapshot(), ["A-B", "A-C", "A-B"])
    assert found[:2] == (duct, node)
    assert [(c.id, c.explains) for c in found[2:]] == [("B", ("A-B",)), ("C", ("A-C",))]


def test_common_causes_of_an_egress_and_of_a_device(graph: KnowledgeGraph) -> None:
    snapshot = graph.snapshot()
    found = common_causes(snapshot, ["C|C-D", "D"])
    assert found[0] == CommonCause(kind="node", id="D", explains=("C|C-D", "D"), members=1)
    assert common_causes(snapshot, []) == ()
    with pytest.raises(UnknownThing, match='resource "nothing at all"'):
        common_causes(snapshot, ["nothing at all"])


def test_past_incidents_are_found_by_shared_symptoms(graph: KnowledgeGraph) -> None:
    graph.remember_incident(_past("old", "adjacency_down:A-B", "adjacency_down:A-C"))
    graph.remember_incident(_past("half", "adjacency_down:A-B", opened_s=2.0))
    graph.remember_incident(_past("other", "probe_loss:A>D/voice"))
    graph.remember_incident(_past("none"))
    found = graph.incidents_like(["adjacency_down:A-B", "adjacency_down:A-C"])
    assert [(s.incident.id, s.similarity) for s in found] == [("old", 1.0), ("half", 0.5)]
    assert [s.incident.id for s in graph.incidents_like(["adjacency_down:A-B"], most=1)] == ["half"]
    assert graph.incidents_like(["queue_drops:A|A-B"]) == ()


def test_remembering_again_replaces(graph: KnowledgeGraph, opener: Opener) -> None:
    graph.remember_incident(_past("one", "probe_loss:A>D/voice"))
    found = _past("one", "adjacency_down:A-B").model_copy(update={"found_by": "erin"})
    graph.remember_incident(found)
    again = opener()
    assert len(again.things("incident")) == 1
    assert again.past_incident("one") == found
    assert again.past_incident("two") is None


def test_schema_refuses_what_would_clash() -> None:
    schema = Schema()
    schema.register_thing(ThingKind("pump", "power", 3, "moves water"))
    for bad in ("pump", "two words", "", "x" * 65):
        with pytest.raises(BadInput):
            schema.register_thing(ThingKind(bad, "power", 3, ""))
    with pytest.raises(BadInput, match='no property can be called "source"'):
        schema.register_thing(ThingKind("fan", "power", 3, "", (Property("source", "text", ""),)))
