"""The twin's own draws: how often each answer is the first, of so many draws."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from twin.imagination.prediction.predictor import BoolArray, Question, Struck
from twin.physics.compiled import FloatArray

DRAWS = 128

_UNSEEN = 1.0
"""So many draws more are taken to have had any open answer, each as often as another: what was
never drawn may happen all the same."""


@dataclass(frozen=True, slots=True)
class Draws:
    """`count` draws with `seed`."""

    count: int = DRAWS
    seed: int = 1
    name: ClassVar[str] = "draws"

    def predict(self, struck: Struck, question: Question) -> FloatArray:
        """See Predictor."""
        first = question.drawn(struck, self.count, self.seed)
        return shares(first, question.open(struck))


def shares(first: BoolArray, is_open: BoolArray) -> FloatArray:
    """(A,) how often each answer is `first`, (S, A), of all draws."""
    unseen = _UNSEEN * is_open / is_open.sum()
    return np.asarray((first.sum(axis=0) + unseen) / (len(first) + _UNSEEN))
