"""The list of ducts, against what docs/world.md says of germany50."""

import re

import pytest

from evals.ducts import DuctCase, draw_duct, ducts_markdown, overloading_ducts
from twin.nouns.inventory import Inventory
from twin.sources.world import WorldSpec, build_inventory


@pytest.fixture(scope="module")
def inventory() -> Inventory:
    return build_inventory(WorldSpec(topology="sndlib/germany50"))


@pytest.fixture(scope="module")
def found(inventory: Inventory) -> list[DuctCase]:
    return overloading_ducts(inventory)


def test_six_ducts_of_germany50_overload_a_link(found: list[DuctCase]) -> None:
    assert len(found) == 6
    assert all(d.max_utilisation > 1.0 for d in found)
    assert found[0].duct == "duct:Hamburg:1"


def test_a_repair_never_makes_it_worse_for_services(found: list[DuctCase]) -> None:
    assert all(d.repaired_breaches <= d.breaches for d in found)


@pytest.mark.slow
def test_the_drawn_duct_can_be_relieved_and_depends_on_the_seed_alone(
    inventory: Inventory, found: list[DuctCase]
) -> None:
    drawn = [draw_duct(inventory, seed) for seed in range(8)]
    assert drawn == [draw_duct(inventory, seed) for seed in range(8)]
    assert {d.duct for d in drawn} <= {d.duct for d in found if d.suffices}
    assert len({d.duct for d in drawn}) > 1


def test_the_table_has_a_line_per_duct(found: list[DuctCase]) -> None:
    table = ducts_markdown(found)
    assert all(f"| {d.duct} |" in table for d in found)


def test_every_line_of_the_table_has_as_many_columns_as_its_head(found: list[DuctCase]) -> None:
    head, *lines = ducts_markdown(found).splitlines()
    assert {len(re.split(r"(?<!\\)\|", line)) for line in lines} == {head.count("|") + 1}
    assert all(r"\|" in line for line in lines[1:]), "an egress is written with a bar"
