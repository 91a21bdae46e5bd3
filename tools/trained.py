"""Everything that ships trained: where it lies, and whether it is what its card describes."""

from collections.abc import Callable, Mapping
from pathlib import Path

from tools.causal_lm import card as causal_lm
from tools.model_card import ModelCard, weights_beside
from tools.predictors import card as predictors
from tools.ranker import card as ranker
from twin.errors import BadInput
from twin.nouns.base import Noun

READERS: Mapping[str, Callable[[Path], ModelCard]] = {
    "causal-lm": causal_lm.read_card,
    "ranker": ranker.read_card,
    "predictors, trips": predictors.read_card,
    "predictors, departures": predictors.read_card,
}
CARDS: Mapping[str, Path] = {
    "causal-lm": causal_lm.SHIPPED,
    "ranker": ranker.SHIPPED,
    "predictors, trips": predictors.card_of("trips"),
    "predictors, departures": predictors.card_of("departures"),
}
"""By name, who reads a card and where it lies; a new model is a line in each."""


class TrainedModel(Noun):
    """A model that ships. `weights`: the file beside its card, of so many `bytes`. `networks`: that
    it has learned from.
    """

    name: str
    card: str
    weights: str
    bytes: int
    sha256: str
    parameters: int
    networks: int
    seed: int
    cpu_s: float
    code: str
    purpose: str
    is_not: tuple[str, ...]


def trained_models(cards: Mapping[str, Path] = CARDS) -> tuple[TrainedModel, ...]:
    """What ships, as the cards describe it. Raises BadInput: a card or its weights are missing."""
    return tuple(_described(name, path) for name, path in cards.items())


def verified(cards: Mapping[str, Path] = CARDS) -> dict[str, str]:
    """Of each, what is wrong with it, "" where its weights are those that its card describes."""
    found: dict[str, str] = {}
    for name, path in cards.items():
        try:
            weights_beside(path, READERS[name](path))
        except BadInput as exc:
            found[name] = str(exc)
        else:
            found[name] = ""
    return found


def _described(name: str, path: Path) -> TrainedModel:
    card = READERS[name](path)
    weights = path.with_name(card.weights)
    if not weights.exists():
        raise BadInput(f"{weights} is missing; {path.name} describes it")
    return TrainedModel(
        name=name,
        card=str(path),
        weights=card.weights,
        bytes=weights.stat().st_size,
        sha256=card.sha256,
        parameters=card.parameters,
        networks=len(card.networks),
        seed=card.seed,
        cpu_s=card.cpu_s,
        code=card.code,
        purpose=card.purpose,
        is_not=card.is_not,
    )
