"""The space of an adversary with so many blows: sets of things that fail at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from twin.imagination.generators.generator import Point
from twin.physics.compiled import FloatArray

_CROSSED, _NEAR = 0.25, 0.35
"""Of the offspring, those of two parents, and those in which a thing moves to what it touches; in
the others one is drawn anew by load."""


@dataclass(frozen=True, slots=True, eq=False)
class SetSpace:
    """All sets of `count` things of so many: positions of what fails, in order. `weights`: (n,) how
    much passes each. `near`: of each, those that touch it.
    """

    count: int
    weights: FloatArray
    near: Sequence[Sequence[int]]

    @property
    def size(self) -> int:
        """How many things there are; each is a trait."""
        return len(self.weights)

    def allows(self, point: Point) -> bool:
        """See Space."""
        return len(set(point)) == self.count and all(0 <= i < self.size for i in point)

    def traits(self, point: Point) -> Sequence[int]:
        """See Space: the things in it."""
        return point

    def drawn(self, numbers: np.random.Generator, *, by_load: bool = False) -> Point:
        """See Space."""
        shares = self._shares if by_load else None
        chosen = numbers.choice(self.size, self.count, replace=False, p=shares)
        return tuple(sorted(chosen.tolist()))

    def bred(self, elite: Sequence[Point], numbers: np.random.Generator) -> Point:
        """See Space. A thing that comes to where another is changes nothing."""
        parent = elite[int(numbers.integers(len(elite)))]
        bred = list(parent)
        chance, place = numbers.random(), int(numbers.integers(self.count))
        if chance < _CROSSED:
            other = elite[int(numbers.integers(len(elite)))]
            both = sorted({*bred, *other})
            return tuple(sorted(numbers.choice(both, self.count, replace=False).tolist()))
        near = self.near[bred[int(numbers.integers(self.count))]]
        if chance < _CROSSED + _NEAR and near:
            bred[place] = near[int(numbers.integers(len(near)))]
        else:
            bred[place] = int(numbers.choice(self.size, p=self._shares))
        return tuple(sorted(bred)) if self.allows(tuple(bred)) else parent

    def by_rule(self) -> Iterator[Point]:
        """See Space: those of the fewest different ranks by load first."""
        order = np.argsort(-self.weights, kind="stable").tolist()
        for last in range(self.count - 1, len(order)):
            for others in combinations(order[:last], self.count - 1):
                yield tuple(sorted((*others, order[last])))

    def every(self) -> Iterator[Point]:
        """See Space."""
        return combinations(range(self.size), self.count)

    def alike(self, point: Point) -> Iterator[Point]:
        """See Space: one thing after the other is another through which about as much passes."""
        ranked = np.argsort(-self.weights, kind="stable").tolist()
        for step in range(1, self.size):
            for thing in point:
                at = ranked.index(thing)
                for there in (at - step, at + step):
                    if 0 <= there < self.size and ranked[there] not in point:
                        yield tuple(sorted({*point, ranked[there]} - {thing}))

    @property
    def _shares(self) -> FloatArray:
        """(n,) how often each thing is drawn by load."""
        squares: FloatArray = self.weights**2
        return np.asarray(squares / squares.sum())
