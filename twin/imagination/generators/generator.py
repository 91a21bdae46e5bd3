"""A generator proposes sets of things that fail at once; what they cost is judged elsewhere."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np

from twin.physics.compiled import FloatArray

Members = tuple[int, ...]
"""Positions of what fails, in order."""

BATCH = 20
"""So many are judged before a generator is asked again."""

_MOST_TRIES = 50
"""Proposals in a row that bring nothing new, after which a generator has nothing left to say."""


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """All sets of `count` things of so many. `weights`: (n,) how much passes each. `near`: of each,
    those that touch it.
    """

    count: int
    weights: FloatArray
    near: Sequence[Sequence[int]]

    @property
    def size(self) -> int:
        """How many things there are."""
        return len(self.weights)

    def drawn(self, numbers: np.random.Generator, shares: FloatArray | None = None) -> Members:
        """One of the sets; `shares`: (n,) how often each thing is in it, equally often if None."""
        chosen = numbers.choice(self.size, self.count, replace=False, p=shares)
        return tuple(sorted(chosen.tolist()))


Judged = Mapping[Members, float]
"""What was looked at, and what it costs."""


class Generator(Protocol):
    """Proposes what to look at next."""

    def propose(
        self, space: Space, judged: Judged, numbers: np.random.Generator
    ) -> Iterator[Members]:
        """Sets of `space`, the most promising first, those that are `judged` among them or not."""
        ...


def explored(
    generator: Generator,
    space: Space,
    judge: Callable[[Sequence[Members]], Iterable[float]],
    budget: int,
    seed: int = 0,
    *,
    feedback: bool = True,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> dict[Members, float]:
    """What `generator` has looked at with `budget` sets judged, each once.

    `feedback`: whether it is told what came of those before. It may run out of proposals.
    """
    numbers, found, silent = np.random.default_rng(seed), dict[Members, float](), 0
    while len(found) < budget and silent < _MOST_TRIES:
        told: Judged = found if feedback else {}
        fresh = dict.fromkeys(
            m for m in islice(generator.propose(space, told, numbers), 50 * BATCH) if m not in found
        )
        batch = list(fresh)[: min(BATCH, budget - len(found))]
        silent = 0 if batch else silent + 1
        costs = map(float, judge(batch) if batch else ())
        found.update(zip(batch, costs, strict=True))
        progress(len(found), budget)
    return found
