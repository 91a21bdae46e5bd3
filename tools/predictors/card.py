"""What is said of a fit: what it was fitted to, what it is for, and what it is not."""

from pathlib import Path

from tools.model_card import ModelCard, card_at

FOLDER = Path(__file__).parent

PURPOSE = (
    "Says how probable each answer to a question of what fails next is, from what the failures of "
    "single links shift."
)
IS_NOT = (
    "It decides nothing, and no incident asks it: incidents draw the twin.",
    "It was fitted to what the twin draws, with invented services and demands, never to a real "
    "network.",
)


class FitCard(ModelCard):
    """`parameters`: nodes of the trees. `cases`: of each of `networks`."""

    question: str
    cases: int
    purpose: str = PURPOSE
    is_not: tuple[str, ...] = IS_NOT


def card_of(question: str, folder: Path = FOLDER) -> Path:
    """Where the card of the fit lies."""
    return folder / f"{question}.json"


def read_card(path: Path) -> FitCard:
    """The card at `path`. Raises BadInput: there is none, or it is not one."""
    return card_at(path, FitCard, f"fit it with noctua predict train {path.parent}")
