"""What is said of the language model: what it learned from, what it is for, and what it is not."""

from pathlib import Path

from pydantic import Field

from tools.model_card import ModelCard, card_at
from twin.nouns.base import Noun

SHIPPED = Path(__file__).parent / "causal_lm.json"


class Round(Noun):
    """A round of training. `days`: judged up to then. `loss`: of the last 50 steps, and on networks
    that are not learned from.
    """

    days: int
    steps: int
    loss: float
    loss_watched: float


class LanguageCard(ModelCard):
    """`cpu_s`: of training, the days that were judged counted in. `judge`: of these days. `words`:
    SHA-256 of the language.
    """

    words: str = Field(pattern="^[0-9a-f]{64}$")
    judge: str
    held_out: tuple[str, ...]
    rounds: tuple[Round, ...]


def read_card(path: Path = SHIPPED) -> LanguageCard:
    """The card at `path`. Raises BadInput: there is none, or it is not one."""
    return card_at(path, LanguageCard, "give the card of a language model")
