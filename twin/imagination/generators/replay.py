"""What has happened before: there, and where it is much the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, zip_longest

import numpy as np

from twin.imagination.generators.generator import Judged, Point, Space


@dataclass(frozen=True, slots=True)
class Replay:
    """`past`: what has happened; without any it has nothing to say."""

    past: tuple[Point, ...]

    def propose(self, space: Space, judged: Judged, _: np.random.Generator) -> Iterator[Point]:
        """See Generator: each as it was, then all of them at the places most like their own, then
        at those that are next like them.
        """
        moved = zip_longest(*(space.alike(point) for point in self.past))
        for point in chain(self.past, chain.from_iterable(moved)):
            if point is not None and point not in judged:
                yield point
