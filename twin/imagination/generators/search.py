"""Evolution that begins with load-weighted draws, and a model of what a trait adds to a point."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twin.imagination.generators.at_random import ByLoad
from twin.imagination.generators.generator import Judged, Point, Space
from twin.physics.compiled import FloatArray

_FIRST = 0.2
_LEAST_FIRST = 20
ELITE = 20
OFFSPRING = 400


@dataclass(frozen=True, slots=True)
class Search:
    """`budget`: of points that will be judged; the first fifth of them are `begins` and what is
    drawn by load. Then the offspring of the worst so far are ranked by the sum of what their traits
    added to others.
    """

    budget: int
    begins: tuple[Point, ...] = ()

    def propose(
        self, space: Space, judged: Judged, numbers: np.random.Generator
    ) -> Iterator[Point]:
        """See Generator."""
        if len(judged) < max(_LEAST_FIRST, _FIRST * self.budget):
            yield from self.begins
            yield from ByLoad().propose(space, judged, numbers)
            return
        order = sorted(judged, key=lambda m: (-judged[m], m))
        bred = dict.fromkeys(space.bred(order[:ELITE], numbers) for _ in range(OFFSPRING))
        fresh = [m for m in bred if m not in judged]
        worth = added(space, judged)
        yield from sorted(fresh, key=lambda m: (-float(worth[list(space.traits(m))].sum()), m))
        # Once all that is near is known, elsewhere.
        yield from ByLoad().propose(space, judged, numbers)


def added(space: Space, judged: Judged) -> FloatArray:
    """(size,) what each trait adds to what a point costs: ridge regression on who has it."""
    inside = np.zeros((len(judged), space.size))
    for row, point in enumerate(judged):
        inside[row, list(space.traits(point))] = 1.0
    cost = np.array(list(judged.values()))
    left = cost - cost.mean()
    return np.linalg.solve(inside.T @ inside + np.eye(space.size), inside.T @ left)
