"""The page of the language model says what the card, the weights and the language say."""

from pathlib import Path

from tools.causal_lm.card import SHIPPED, read_card
from twin.imagination.language.dependency import LINKS, LINKS_NOW, NODES
from twin.imagination.language.vocabulary import LOSSES, WORDS

PAGE = (Path(__file__).parents[2] / "docs" / "causal-lm.md").read_text(encoding="utf-8")


def test_page_has_the_rounds_and_the_size_of_what_ships() -> None:
    card = read_card()
    for told in card.rounds:
        line = f"| {told.days:,} | {told.steps} | {told.loss:.3f} | {told.loss_watched:.3f} |"
        assert line in PAGE
    assert f"{card.parameters:,} parameters" in PAGE
    assert f"{SHIPPED.with_name(card.weights).stat().st_size:,} bytes" in PAGE
    assert f"{card.cpu_s:.0f} CPU seconds" in PAGE


def test_page_has_the_size_of_the_language() -> None:
    assert f"{len(WORDS)} words" in PAGE
    assert f"`loss 0` to `loss {LOSSES - 1}`" in PAGE
    assert f"of the {LINKS} links and {NODES} nodes that most passes" in PAGE
    assert f"of the {LINKS_NOW} fullest links" in PAGE
