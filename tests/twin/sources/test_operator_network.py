"""An operator around a topology: its proportions, and what fails with what."""

from functools import cache

import pytest

from twin.knowledge.causal import CausalGraph, derive
from twin.knowledge.facts import Facts
from twin.knowledge.kinds import shipped_schema
from twin.knowledge.recorded import INVENTORY
from twin.knowledge.snapshot import Snapshot
from twin.nouns.inventory import Inventory
from twin.sources.operator_network import GENERATED, SLICES, operator_facts
from twin.sources.world import WorldSpec, build_inventory


@cache
def _inventory() -> Inventory:
    return build_inventory(WorldSpec(topology="sndlib/abilene"))


@pytest.fixture(scope="module")
def facts() -> Facts:
    return operator_facts(_inventory())


@pytest.fixture(scope="module")
def graph(facts: Facts) -> CausalGraph:
    return derive(Snapshot.of(facts), shipped_schema())


def _ids(facts: Facts, kind: str) -> list[str]:
    return [thing.id for thing in facts.things if thing.kind == kind]


def test_every_fact_is_of_a_known_kind_and_says_where_it_is_from(facts: Facts) -> None:
    schema = shipped_schema()
    assert [schema.checked_thing(thing) for thing in facts.things] == list(facts.things)
    assert [schema.checked_relation(one) for one in facts.relations] == list(facts.relations)
    sources = {f.provenance.source for f in facts.things}
    assert sources == {INVENTORY, GENERATED}


def test_proportions_are_those_that_the_module_states(facts: Facts) -> None:
    sites = len(_ids(facts, "site"))
    assert len(_ids(facts, "cell")) == 3 * sites
    assert len(_ids(facts, "ups")) == sites == 12
    assert len(_ids(facts, "power_feed")) == sites + 2, "two core sites are fed twice"
    assert len(_ids(facts, "network_function")) == 5 * 3 + 2
    assert len(_ids(facts, "slice")) == len(SLICES)
    fed = [r for r in facts.relations if r.kind == "fed_by" and r.source[0] == "ups"]
    held = {r.properties["hold_s"] for r in fed}
    assert held == {24 * 3600.0, 8 * 3600.0}


def test_same_seed_gives_the_same_operator_and_another_seed_another(facts: Facts) -> None:
    assert operator_facts(_inventory()) == facts
    assert operator_facts(_inventory(), seed=2) != facts


def test_battery_holds_a_site_and_chillers_end_it_sooner(graph: CausalGraph, facts: Facts) -> None:
    feeds = _ids(facts, "power_feed")
    feed = next(f for f in feeds if f"{f[:-1]}2" not in feeds)
    site = feed.removesuffix(" feed 1")
    falls = {fall.thing: fall for fall in graph.impact([("power_feed", feed)]).falls}
    assert falls["cooling", f"{site} cooling 1"].at_s == 0.0
    # Without cooling the room holds a quarter of an hour, long before the battery is empty.
    assert falls["ups", f"{site} ups"].at_s == 900.0
    assert falls["service", f"mobile {site}"].at_s == 900.0


def test_one_feed_of_a_core_site_and_one_function_of_a_pool_take_nothing_down(
    graph: CausalGraph, facts: Facts
) -> None:
    twice = next(f for f in _ids(facts, "power_feed") if f.endswith("feed 2"))
    assert graph.impact([("power_feed", twice)]).falls == ()
    alone = graph.impact([("network_function", "AMF 1")])
    assert alone.of("slice") == ()
    both = graph.impact([("network_function", "AMF 1"), ("network_function", "AMF 2")])
    assert set(both.of("slice")) == {name for name, _, _ in SLICES}
    assert len(both.of("service")) > 12


def test_no_dependency_of_it_runs_in_a_circle(graph: CausalGraph) -> None:
    assert graph.broken == ()
