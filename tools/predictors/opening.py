"""Fits in files: written with their cards, and opened only as their cards describe them."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tools.model_card import weights_beside
from tools.predictors.card import FOLDER, FitCard, card_of, read_card
from twin.imagination.prediction.added_up import AddedUp
from twin.imagination.prediction.base_rate import BaseRate
from twin.imagination.prediction.boosted import Boosted, Forest
from twin.imagination.prediction.predictor import Predictor

_FOREST = ("feature", "threshold", "left", "right", "is_leaf", "value", "root")


@dataclass(frozen=True, slots=True)
class Fitted:
    """All predictors of a question that are fitted."""

    base_rate: BaseRate
    added_up: AddedUp
    boosted: Boosted

    @property
    def all(self) -> tuple[Predictor, ...]:
        """The least simple first."""
        return (self.boosted, self.added_up, self.base_rate)


def arrays_of(fitted: Fitted) -> bytes:
    """The file; the same fit has the same bytes."""
    forest, buffer = fitted.boosted.forest, io.BytesIO()
    np.savez_compressed(
        buffer,
        baseline=np.array(forest.baseline),
        curves=np.array([[k, *curve] for k, curve in sorted(fitted.added_up.curves.items())]),
        shares=np.array(sorted(fitted.base_rate.shares.items()), dtype=np.float64),
        **{name: getattr(forest, name) for name in _FOREST},
    )
    return buffer.getvalue()


def save(arrays: bytes, card: FitCard, folder: Path) -> None:
    """Write both files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / card.weights).write_bytes(arrays)
    text = f"{card.model_dump_json(indent=2)}\n"
    card_of(card.question, folder).write_text(text, encoding="utf-8")


def open_fitted(question: str, folder: Path = FOLDER) -> Fitted:
    """What was fitted for `question`.

    Raises:
        BadInput: there is none, or the arrays are not those that the card describes.
    """
    path = card_of(question, folder)
    data = weights_beside(path, read_card(path))
    with np.load(io.BytesIO(data), allow_pickle=False) as kept:
        forest = Forest(**{n: kept[n] for n in _FOREST}, baseline=float(kept["baseline"]))
        return Fitted(
            BaseRate({int(k): float(share) for k, share in kept["shares"]}),
            AddedUp({int(row[0]): tuple(row[1:].tolist()) for row in kept["curves"]}),
            Boosted(forest),
        )
