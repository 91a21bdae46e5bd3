"""Boosted trees over what single links shift, evaluated without the library that grew them."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from twin.imagination.prediction.added_up import possible
from twin.imagination.prediction.predictor import BoolArray, Question, Struck
from twin.imagination.prediction.shifts import seen_of
from twin.physics.compiled import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """All nodes of all trees, one tree after the other: what is at most `threshold` goes to `left`.

    `feature`, `left`, `right`: (nodes,) places, of the nodes within all of them. `value`: (nodes,)
    what a leaf adds to the log-odds. `root`: (trees,). `baseline`: of the log-odds.
    """

    feature: IntArray
    threshold: FloatArray
    left: IntArray
    right: IntArray
    is_leaf: BoolArray
    value: FloatArray
    root: IntArray
    baseline: float

    def chance(self, seen: FloatArray) -> FloatArray:
        """(A,) of rows (A, F)."""
        at = np.tile(self.root, (len(seen), 1))
        rows = np.arange(len(seen))[:, None]
        while not (leaf := self.is_leaf[at]).all():
            low = seen[rows, self.feature[at]] <= self.threshold[at]
            at = np.where(leaf, at, np.where(low, self.left[at], self.right[at]))
        odds = self.baseline + self.value[at].sum(axis=1)
        return np.asarray(1.0 / (1.0 + np.exp(-odds)))


@dataclass(frozen=True, slots=True)
class Boosted:
    """`forest`: grown for the question that is asked."""

    forest: Forest
    name: ClassVar[str] = "boosted trees"

    def predict(self, struck: Struck, question: Question) -> FloatArray:
        """See Predictor."""
        return possible(self.forest.chance(seen_of(struck, question)), struck, question)
