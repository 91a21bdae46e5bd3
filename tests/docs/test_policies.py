"""docs/policies.md names every choice, figure and policy that there is, as it is."""

import re
from pathlib import Path

from tools.change.policy import default_policy
from twin.remediation.choices import SLOTS
from twin.remediation.observation import (
    ARC_FIGURES,
    GUIDANCE_FIGURES,
    NODE_FIGURES,
    WHOLE_FIGURES,
)
from twin.remediation.policies.shipped import ORDERS, POLICIES

PAGE = (Path(__file__).parents[2] / "docs" / "policies.md").read_text("utf-8")


def test_every_figure_of_an_observation_has_its_row() -> None:
    for figures in (ARC_FIGURES, NODE_FIGURES, WHOLE_FIGURES, GUIDANCE_FIGURES):
        rows = [
            f"| {i} | {f.name} | {f.low:g} to {f.high:g} | {f.unit} | {f.says} |"
            for i, f in enumerate(figures)
        ]
        assert "\n".join(rows) in PAGE


def test_every_slot_has_its_row_and_the_spaces_their_sizes() -> None:
    slots = re.search(r"\| slot \| is \|\n\|--:\|---\|\n((?:\| .*\n)+)", PAGE)
    assert slots is not None
    said = [row.split("|")[1].strip() for row in slots[1].splitlines()]
    assert said == ["0 to 6", *map(str, range(7, SLOTS))]
    assert f"`arcs`, (arcs, {len(ARC_FIGURES)}), float32" in PAGE
    assert f"`nodes`, (nodes, {len(NODE_FIGURES)}), float32" in PAGE
    assert f"`guidance`, ({len(GUIDANCE_FIGURES)},), float32" in PAGE
    assert f"`whole`, ({len(WHOLE_FIGURES)},), float32" in PAGE


def test_every_policy_is_described() -> None:
    for name in (*POLICIES, *(f"{order}-K" for order in ORDERS), "clairvoyant"):
        assert f"`{name}`" in PAGE, name


def test_the_caps_of_guidance_are_those_of_the_shipped_policy_file() -> None:
    caps = default_policy().guidance.model_dump()
    assert caps.pop("heeded")
    for name, value in caps.items():
        assert f"`{name}: {value}`" in PAGE
