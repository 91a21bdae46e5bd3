"""The page of the ranker says what the code and the card that ships say."""

from pathlib import Path

import pytest

from tools.ranker.card import SHIPPED, read_card
from twin.remediation.observation import Figure
from twin.remediation.ranking import table

PAGE = (Path(__file__).parents[2] / "docs" / "policies-ranker.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("figures", [table.ARCS, table.MOVES, table.NODES, table.NETWORK])
def test_table_has_every_figure_with_index_range_and_unit(figures: tuple[Figure, ...]) -> None:
    rows = [
        f"| {i} | {f.name} | {f.low:g} to {f.high:g} | {f.unit} | {f.says} |"
        for i, f in enumerate(figures)
    ]
    assert "\n".join(rows) in PAGE


def test_table_of_training_is_that_of_the_card() -> None:
    card = read_card()
    for told in card.rounds:
        assert (
            f"| {told.learned_from} | {told.states} | {told.steps} | {told.loss:.2f} "
            f"| {told.first_1:.2f} | {told.first_8:.2f} | {told.first_32:.2f} |"
        ) in PAGE
    assert f"{card.parameters:,} parameters" in PAGE
    assert f"{SHIPPED.with_name(card.weights).stat().st_size:,} bytes" in PAGE
