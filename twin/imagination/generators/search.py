"""Evolution that begins with load-weighted draws, and a model of what a thing adds to a set."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from twin.imagination.generators.at_random import ByLoad
from twin.imagination.generators.generator import Judged, Members, Space
from twin.physics.compiled import FloatArray

_FIRST = 0.2
_LEAST_FIRST = 20
_ELITE = 20
_OFFSPRING = 400
_CROSSED, _NEAR = 0.25, 0.35
"""Of the offspring, those of two parents, and those in which a thing moves to what it touches; in
the others one is drawn anew by load."""


@dataclass(frozen=True, slots=True)
class Search:
    """`budget`: of sets that will be judged; the first fifth of them are drawn by load. Then the
    offspring of the worst so far are ranked by the sum of what their things added to others.
    """

    budget: int

    def propose(
        self, space: Space, judged: Judged, numbers: np.random.Generator
    ) -> Iterator[Members]:
        """See Generator."""
        if len(judged) < max(_LEAST_FIRST, _FIRST * self.budget):
            yield from ByLoad().propose(space, judged, numbers)
            return
        order = sorted(judged, key=lambda m: (-judged[m], m))
        bred = dict.fromkeys(self._bred(space, order[:_ELITE], numbers) for _ in range(_OFFSPRING))
        fresh = [m for m in bred if m not in judged and len(set(m)) == space.count]
        worth = _added(space, judged)
        yield from sorted(fresh, key=lambda m: (-float(worth[list(m)].sum()), m))
        # Once all that is near is known, elsewhere.
        yield from ByLoad().propose(space, judged, numbers)

    @staticmethod
    def _bred(space: Space, elite: Sequence[Members], numbers: np.random.Generator) -> Members:
        parent = list(elite[int(numbers.integers(len(elite)))])
        chance, place = numbers.random(), int(numbers.integers(space.count))
        if chance < _CROSSED:
            other = elite[int(numbers.integers(len(elite)))]
            both = sorted({*parent, *other})
            return tuple(sorted(numbers.choice(both, space.count, replace=False).tolist()))
        near = space.near[parent[int(numbers.integers(space.count))]]
        if chance < _CROSSED + _NEAR and near:
            parent[place] = near[int(numbers.integers(len(near)))]
        else:
            shares = space.weights**2 / (space.weights**2).sum()
            parent[place] = int(numbers.choice(space.size, p=shares))
        return tuple(sorted(parent))


def _added(space: Space, judged: Judged) -> FloatArray:
    """(n,) what each thing adds to what a set costs: ridge regression on who is in it."""
    inside = np.zeros((len(judged), space.size))
    for row, members in enumerate(judged):
        inside[row, list(members)] = 1.0
    cost = np.array(list(judged.values()))
    left = cost - cost.mean()
    return np.linalg.solve(inside.T @ inside + np.eye(space.size), inside.T @ left)
