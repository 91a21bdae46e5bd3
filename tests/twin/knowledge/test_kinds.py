"""The kinds that ship are those of docs/knowledge.md, and stand in an order that needs follow."""

import re
from dataclasses import replace
from pathlib import Path

from twin.knowledge.kinds import shipped_schema
from twin.knowledge.recorded import facts_of
from twin.sources.world import WorldSpec, build_inventory

PAGE = (Path(__file__).parents[3] / "docs" / "knowledge.md").read_text("utf-8")

SCHEMA = shipped_schema()


def _rows(heading: str) -> list[list[str]]:
    part = PAGE.split(f"### {heading}\n")[1].split("\n#")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_page_has_each_kind_of_thing_in_its_layer() -> None:
    told = {
        name: layer
        for layer, names in _rows("Kinds of things")
        for name in re.findall("`(.*?)`", names)
    }
    assert told == {kind.name: kind.layer for kind in SCHEMA.things.values()}


def test_page_has_each_kind_of_relation_with_its_ends() -> None:
    told = {
        name: ends
        for names, ends, _ in _rows("Kinds of relations, and what needs what")
        for name in re.findall("`(.*?)`", names)
    }
    assert told.keys() == SCHEMA.relations.keys()
    for kind in SCHEMA.relations.values():
        for end in (*kind.sources, *kind.targets):
            assert end in told[kind.name], kind.name


def test_every_need_goes_up_the_layers_but_for_cooling_and_what_is_asked_for_by_any() -> None:
    against = {
        (kind.name, above, below)
        for kind in SCHEMA.relations.values()
        if kind.need is not None and not kind.need.operability
        for above in (kind.sources if kind.need.dependent == "source" else kind.targets)
        for below in (kind.targets if kind.need.dependent == "source" else kind.sources)
        if SCHEMA.things[below].rank > SCHEMA.things[above].rank
    }
    assert against == {("cooled_by", "site", "cooling"), ("cooled_by", "ups", "cooling")}


def test_device_has_what_it_is_and_what_it_runs_as_properties() -> None:
    inventory = build_inventory(WorldSpec(topology="sndlib/abilene"))
    first = inventory.topology.nodes[0].model_copy(
        update={"hardware": "ACME R9", "software": "AcmeOS 4.2"}
    )
    topology = inventory.topology.rebuilt(nodes=(first, *inventory.topology.nodes[1:]))
    facts = facts_of(replace(inventory, topology=topology))
    things = {thing.id: thing for thing in facts.things if thing.kind == "device"}
    assert things[first.id].properties["hardware"] == "ACME R9"
    assert things[first.id].properties["software"] == "AcmeOS 4.2"
    assert "hardware" not in things[topology.nodes[1].id].properties
