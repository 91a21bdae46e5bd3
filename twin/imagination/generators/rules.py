"""What needs no search: the rule that people go by, and everything in order."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twin.imagination.generators.generator import Judged, Point, Space


@dataclass(frozen=True, slots=True)
class MostLoaded:
    """What carries most, together."""

    def propose(self, space: Space, judged: Judged, _: np.random.Generator) -> Iterator[Point]:
        """See Generator."""
        return (point for point in space.by_rule() if point not in judged)


@dataclass(frozen=True, slots=True)
class Everything:
    """All points, the fewest things at once first."""

    def propose(self, space: Space, judged: Judged, _: np.random.Generator) -> Iterator[Point]:
        """See Generator."""
        return (point for point in space.every() if point not in judged)
