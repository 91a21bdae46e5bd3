"""What somebody proposed to look at, without places: these are searched."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, zip_longest

import numpy as np

from twin.imagination.generators.generator import Judged, Point, Space
from twin.imagination.generators.search import Search


@dataclass(frozen=True, slots=True)
class Templates:
    """`parts`: of the space, one for each proposal; without any it has nothing to say. Each is
    searched with its share of the `budget`.
    """

    parts: tuple[Space, ...]
    budget: int

    def propose(
        self, space: Space, judged: Judged, numbers: np.random.Generator
    ) -> Iterator[Point]:
        """See Generator: of each part in turn."""
        found = []
        for part in self.parts:
            known = {point: cost for point, cost in judged.items() if part.allows(point)}
            search = Search(self.budget // len(self.parts))
            found.append(search.propose(part, known, numbers))
        together = chain.from_iterable(zip_longest(*found))
        return (point for point in together if point is not None)
