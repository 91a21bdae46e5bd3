"""Shifts of single links added up: how full what an answer relies on would be, and a curve."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from twin.imagination.prediction.predictor import Question, Struck
from twin.imagination.prediction.shifts import ADDED_UP, OF_FULLEST, kinds, seen_of
from twin.physics.compiled import FloatArray


@dataclass(frozen=True, slots=True)
class AddedUp:
    """`curves`: by kind of answer, the constant and the slopes of a logistic curve, over the
    logarithm of how full it is and of its share of the fullest.
    """

    curves: Mapping[int, tuple[float, ...]]
    name: ClassVar[str] = "added-up shifts"

    def predict(self, struck: Struck, question: Question) -> FloatArray:
        """See Predictor."""
        seen, kind = logs_of(seen_of(struck, question)), kinds(struck, question)
        chance = np.zeros(len(kind))
        for of, (constant, *slopes) in self.curves.items():
            here = kind == of
            chance[here] = 1.0 / (1.0 + np.exp(-constant - seen[here] @ np.array(slopes)))
        return possible(chance, struck, question)


def logs_of(seen: FloatArray) -> FloatArray:
    """(A, 2) what the curves are over."""
    return np.log(np.maximum(seen[:, [ADDED_UP, OF_FULLEST]], 1e-3))


def possible(chance: FloatArray, struck: Struck, question: Question) -> FloatArray:
    """`chance` of what is open; of answers that exclude each other, in all 1."""
    found = np.where(question.open(struck), chance, 0.0)
    return found / max(float(found.sum()), 1e-12) if question.exclusive else found
