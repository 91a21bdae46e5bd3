"""Scenarios as arrays: which arcs get which weights.

A scenario gives some arcs other weights; NO_ARC fails an arc. What a failed link, node or
shared-risk group comes to as arcs is known in `twin.whatif`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from twin.physics.compiled import NO_ARC, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """Scenarios: arcs with new weights, NO_ARC for a failed one, each arc once per scenario.

    Scenario s is `arcs[first[s]:first[s + 1]]` and `weights` likewise, all int64.
    """

    first: IntArray
    arcs: IntArray
    weights: IntArray

    def __len__(self) -> int:
        return len(self.first) - 1

    @classmethod
    def of(cls, scenarios: Iterable[Mapping[int, int]]) -> "Changes":
        """From mappings of arc to weight."""
        sizes: list[int] = [0]
        arcs: list[int] = []
        weights: list[int] = []
        for scenario in scenarios:
            arcs.extend(scenario)
            weights.extend(scenario.values())
            sizes.append(len(arcs))
        return cls(*(np.array(column, dtype=np.int64) for column in (sizes, arcs, weights)))

    @classmethod
    def failing(cls, groups: Iterable[Iterable[int]]) -> "Changes":
        """All arcs of one group fail at once."""
        return cls.of(dict.fromkeys(group, NO_ARC) for group in groups)

    @classmethod
    def each_link(cls, n_links: int) -> "Changes":
        """Each link fails alone, in both directions: N-1."""
        arcs = np.arange(2 * n_links, dtype=np.int64)
        first = np.arange(0, 2 * n_links + 1, 2, dtype=np.int64)
        return cls(first, arcs, np.full(2 * n_links, NO_ARC, dtype=np.int64))

    def part(self, begin: int, end: int) -> "Changes":
        """Scenarios begin..end-1."""
        low, high = self.first[begin], self.first[end]
        return Changes(
            self.first[begin : end + 1] - low, self.arcs[low:high], self.weights[low:high]
        )

    def chosen(self, scenarios: IntArray) -> "Changes":
        """The `scenarios` alone, in that order."""
        sizes = np.diff(self.first)[scenarios]
        first = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
        where = np.repeat(self.first[scenarios] - first[:-1], sizes) + np.arange(first[-1])
        return Changes(first, self.arcs[where], self.weights[where])

    def combined(self, pairs: IntArray) -> "Changes":
        """Scenarios that join two each, `pairs` (P, 2); where both name an arc, the first rules."""
        return Changes.of({**self._one(b), **self._one(a)} for a, b in pairs.tolist())

    def _one(self, s: int) -> dict[int, int]:
        span = slice(self.first[s], self.first[s + 1])
        return dict(zip(self.arcs[span].tolist(), self.weights[span].tolist(), strict=True))
