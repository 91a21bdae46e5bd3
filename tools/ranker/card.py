"""What is said of weights: what they learned from, what they are for, and what they are not."""

from pathlib import Path

from tools.model_card import ModelCard, card_at
from twin.nouns.base import Noun

SHIPPED = Path(__file__).parent / "ranker.json"


class Round(Noun):
    """A round of training. `loss`: mean over the round. `first`: share of the best choice's saving
    that the first 1, 8 and 32 hold, on states of networks that are learned from.
    """

    learned_from: str
    states: int
    steps: int
    loss: float
    first_1: float
    first_8: float
    first_32: float


class RankerCard(ModelCard):
    """`held_out`: networks that it never learns from."""

    held_out: tuple[str, ...]
    rounds: tuple[Round, ...]


def read_card(path: Path = SHIPPED) -> RankerCard:
    """The card at `path`. Raises BadInput: there is none, or it is not one."""
    return card_at(path, RankerCard, "give the card of a trained ranker")
