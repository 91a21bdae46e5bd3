"""A generator proposes points of a space; what they cost is judged elsewhere."""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Protocol

import numpy as np

Point = tuple[int, ...]
"""One thing to look at, in whole numbers that its space can read. What is the same has the same
numbers, so that nothing is judged twice.
"""

BATCH = 20
"""So many are judged before a generator is asked again."""

_MOST_TRIES = 50
"""Proposals in a row that bring nothing new, after which a generator has nothing left to say."""


class Space(Protocol):
    """All that may be looked at. `size`: how many traits its points may have."""

    @property
    def size(self) -> int:
        """See Space."""
        ...

    def allows(self, point: Point) -> bool:
        """Whether `point` is one of them."""
        ...

    def traits(self, point: Point) -> Sequence[int]:
        """Positions of what `point` is made of; what it costs is thought to be a sum over them."""
        ...

    def drawn(self, numbers: np.random.Generator, *, by_load: bool = False) -> Point:
        """A point as likely as another; `by_load`: likelier the more traffic passes what it hits,
        by the square of it.
        """
        ...

    def bred(self, elite: Sequence[Point], numbers: np.random.Generator) -> Point:
        """One made of two of `elite`, or of one with something changed."""
        ...

    def by_rule(self) -> Iterator[Point]:
        """As people would look at it: what carries most, together, comes first."""
        ...

    def every(self) -> Iterator[Point]:
        """What can be enumerated, the fewest things at once first."""
        ...

    def alike(self, point: Point) -> Iterator[Point]:
        """The same at other places, those most like its own first."""
        ...


Judged = Mapping[Point, float]
"""What was looked at, and what it costs."""


class Generator(Protocol):
    """Proposes what to look at next."""

    def propose(
        self, space: Space, judged: Judged, numbers: np.random.Generator
    ) -> Iterator[Point]:
        """Points of `space`, the most promising first, those that are `judged` among them or
        not.
        """
        ...


def explored(
    generator: Generator,
    space: Space,
    judge: Callable[[Sequence[Point]], Iterable[float]],
    budget: int,
    seed: int = 0,
    *,
    feedback: bool = True,
    cpu_s: float = math.inf,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> dict[Point, float]:
    """What `generator` has looked at with `budget` points judged, each once.

    `feedback`: whether it is told what came of those before. `cpu_s`: processor seconds after which
    nothing more is judged. It may run out of proposals.
    """
    numbers, found, silent = np.random.default_rng(seed), dict[Point, float](), 0
    ends_s = time.process_time() + cpu_s
    while len(found) < budget and silent < _MOST_TRIES and time.process_time() < ends_s:
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
