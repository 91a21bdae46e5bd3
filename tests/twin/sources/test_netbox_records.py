"""NetBox's power, circuits and tenants become facts, and what stands on them falls with them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.twin.sources.formats.published_files import published
from twin.errors import BadTopology
from twin.knowledge.causal import CausalGraph, derive
from twin.knowledge.facts import Facts, Thing, ThingKey
from twin.knowledge.kinds import shipped_schema
from twin.knowledge.snapshot import Snapshot
from twin.sources.netbox_records import netbox_facts

RECORDED = published("netbox/netbox-4-records.json")
SCHEMA = shipped_schema()
OSL, TRD_LINK, BUNDLE = ("device", "osl-cr1"), "osl-cr1--trd-cr1", "osl-cr1--bgo-cr1"
A, B = ("power_feed", "OSL1/PP1/A"), ("power_feed", "OSL1/PP2/B")


def _related(facts: Facts, kind: str) -> set[tuple[ThingKey, ThingKey]]:
    return {(r.source, r.target) for r in facts.relations if r.kind == kind}


def _graph(facts: Facts) -> CausalGraph:
    """With the devices and links that an inventory has."""
    ends = {end for r in facts.relations for end in (r.source, r.target)}
    here = {thing.key for thing in facts.things}
    things = [*facts.things, *(Thing(*end) for end in ends - here)]
    return derive(Snapshot.of(Facts.of(things, facts.relations)), SCHEMA)


def test_facts_are_what_the_schema_knows_and_say_who_said_so() -> None:
    facts = netbox_facts(RECORDED, "n", 7.0)
    for thing in facts.things:
        assert SCHEMA.checked_thing(thing) == thing
    for relation in facts.relations:
        assert SCHEMA.checked_relation(relation) == relation
    assert {(t.provenance.source, t.provenance.recorded_s) for t in facts.things} == {
        ("netbox", 7.0)
    }
    own = {thing.kind for thing in facts.things}
    assert own == {"site", "owner", "power_panel", "power_feed", "circuit"}, "no device, no link"


def test_power_is_traced_through_a_distribution_unit_to_its_feed() -> None:
    facts = netbox_facts(RECORDED, "n")
    assert _related(facts, "powered_by") == {(OSL, A), (OSL, B)}
    assert _related(facts, "fed_by") == {
        (A, ("power_panel", "OSL1/PP1")),
        (B, ("power_panel", "OSL1/PP2")),
    }, "feed C is planned"
    watts = {t.id: t.properties["power_w"] for t in facts.things if t.kind == "power_feed"}
    # 230 V, 80 %: 32 A on three phases, 16 A on one.
    assert watts == {A[1]: pytest.approx(10_198.3, abs=0.1), B[1]: pytest.approx(2_944.0)}
    graph = _graph(facts)
    assert graph.impact([("power_panel", "OSL1/PP1")]).of("device") == ()
    both: list[ThingKey] = [("power_panel", "OSL1/PP1"), B]
    assert graph.impact(both).of("device") == ("osl-cr1",)


def test_link_falls_with_its_circuit_and_a_bundle_with_all_of_its() -> None:
    facts = netbox_facts(RECORDED, "n")
    one, first, second = (
        ("circuit", f"Telia/{c}") for c in ("OSL-TRD-1", "OSL-BGO-1", "OSL-BGO-2")
    )
    assert _related(facts, "in_cable") == {
        (("link", TRD_LINK), one),
        (("link", BUNDLE), first),
        (("link", BUNDLE), second),
    }
    graph = _graph(facts)
    assert graph.impact([one]).of("link") == (TRD_LINK,)
    assert graph.impact([first]).of("link") == ()
    assert graph.impact([first, second]).of("link") == (BUNDLE,)
    [circuit] = [t for t in facts.things if t.key == one]
    assert circuit.properties == {"contractor": "Telia"}


def test_bundle_of_which_a_member_is_not_leased_needs_no_circuit() -> None:
    document = json.loads(RECORDED)
    ends = document["circuit_terminations"]
    document["circuit_terminations"] = [e for e in ends if e["circuit"]["cid"] != "OSL-BGO-2"]
    facts = netbox_facts(json.dumps(document), "n")
    assert {source for source, _ in _related(facts, "in_cable")} == {("link", TRD_LINK)}


def test_tenants_own_and_a_provider_where_there_is_none() -> None:
    tenant = ("owner", "Norsk Backbone")
    assert _related(netbox_facts(RECORDED, "n"), "owned_by") == {
        (OSL, tenant),
        (("site", "OSL1"), tenant),
        (B, tenant),
        (("circuit", "Telia/OSL-BGO-1"), tenant),
        (("circuit", "Telia/OSL-BGO-2"), tenant),
        (("circuit", "Telia/OSL-TRD-1"), ("owner", "Telia")),
    }


def test_document_without_such_records_says_where_devices_stand() -> None:
    facts = netbox_facts(published("netbox/netbox-4.json"), "n")
    assert {r.kind for r in facts.relations} == {"located_at"}
    assert {t.key for t in facts.things} == {("site", s) for s in ("OSL1", "BGO1", "TRD1")}


def _changed(change: Callable[[dict[str, Any]], object]) -> str:
    document = json.loads(RECORDED)
    change(document)
    return json.dumps(document)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", "expected a JSON object"),
        (_changed(lambda d: d.update(circuits=7)), '"circuits" of the document must be a list'),
        (_changed(lambda d: d["power_panels"].pop(0)), "power feed 1 draws from power panel 1"),
        (_changed(lambda d: d["power_feeds"][0].pop("power_panel")), 'power feed 1 has no "power_'),
        (_changed(lambda d: d["power_feeds"][0].update(voltage="x")), "power feed 1"),
        (_changed(lambda d: d["circuits"][0].update(provider=None)), "provider of circuit 1"),
        (_changed(lambda d: d["circuit_terminations"][0].pop("circuit")), "circuit termination 1"),
        (_changed(lambda d: d["power_ports"][1].pop("device")), 'power port 102 has no "device"'),
    ],
)  # fmt: skip
def test_record_that_breaks_a_rule_is_named(text: str, says: str) -> None:
    with pytest.raises(BadTopology) as raised:
        netbox_facts(text, "n")
    assert says in str(raised.value)
