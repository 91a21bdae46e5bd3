"""The base rate: every answer of a kind is as probable as another, whatever has happened."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from twin.imagination.prediction.added_up import possible
from twin.imagination.prediction.predictor import Question, Struck
from twin.imagination.prediction.shifts import kinds
from twin.physics.compiled import FloatArray


@dataclass(frozen=True, slots=True)
class BaseRate:
    """`shares`: by kind of answer, how often one that is open is the next."""

    shares: Mapping[int, float]
    name: ClassVar[str] = "base rate"

    def predict(self, struck: Struck, question: Question) -> FloatArray:
        """See Predictor."""
        kind = kinds(struck, question)
        return possible(np.array([self.shares.get(int(k), 0.0) for k in kind]), struck, question)
