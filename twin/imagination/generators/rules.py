"""The rule that people go by: what carries most, together."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from twin.imagination.generators.generator import Judged, Members, Space


@dataclass(frozen=True, slots=True)
class MostLoaded:
    """Sets of the things that most passes, those of the fewest different ranks first."""

    def propose(self, space: Space, judged: Judged, _: np.random.Generator) -> Iterator[Members]:
        """See Generator."""
        order = np.argsort(-space.weights, kind="stable").tolist()
        for last in range(space.count - 1, len(order)):
            for others in combinations(order[:last], space.count - 1):
                members = tuple(sorted((*others, order[last])))
                if members not in judged:
                    yield members
