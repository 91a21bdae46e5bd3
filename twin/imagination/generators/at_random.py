"""Points drawn at random: each as likely as another, or by what passes the things in them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twin.imagination.generators.generator import BATCH, Judged, Point, Space


@dataclass(frozen=True, slots=True)
class AtRandom:
    """Every point as likely as another."""

    def propose(self, space: Space, _: Judged, numbers: np.random.Generator) -> Iterator[Point]:
        """See Generator."""
        for _n in range(BATCH):
            yield space.drawn(numbers)


@dataclass(frozen=True, slots=True)
class ByLoad:
    """The more passes a thing, the more often it is in a point: by the square of it."""

    def propose(self, space: Space, _: Judged, numbers: np.random.Generator) -> Iterator[Point]:
        """See Generator."""
        for _n in range(BATCH):
            yield space.drawn(numbers, by_load=True)
