"""How often each service is outside its objective: failures of one and two exactly, more by draws.

Elements fail independently, so that how many are down at once is a sum of what can be told apart:
none, one and two are enumerated, and so are the states behind them; of three and more, sets are
drawn as likely as they are among all of that size (conditional Bernoulli sampling), which is
unbiased, and needs no weights.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from twin.imagination.elements import Element
from twin.imagination.enumeration import Members, Reckoner
from twin.imagination.regimes import Regime
from twin.nouns.risk import ServiceAvailability
from twin.nouns.state import NetworkState
from twin.physics.compiled import FloatArray
from twin.physics.twin import Twin

MOST_DOWN = 6
"""At once; what is beyond that is told as a bound."""

_DRAWN = {3: 0.6, 4: 0.25, 5: 0.1, 6: 0.05}
"""Of all draws, those of sets of so many."""

_AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class Availabilities:
    """`services`: in the order of the inventory. `judged`: different sets of three and more.
    `beyond`: of all hours, those in which more than MOST_DOWN are down.
    """

    services: tuple[ServiceAvailability, ...]
    judged: int
    beyond: float


def availabilities(
    twin: Twin,
    state: NetworkState,
    elements: Sequence[Element],
    regimes: Sequence[Regime],
    draws: int,
    seed: int = 1,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Availabilities:
    """Of every service; `state`: whose demand is that of the peak. Planned work is not counted."""
    chances = Chances(np.array([element.share_down for element in elements]))
    reckoner = Reckoner(twin, state, elements, regimes)
    count = len(twin.services.services)
    numbers = np.random.default_rng(seed)
    singles = [(i,) for i in range(len(elements))]
    pairs = list(combinations(range(len(elements)), 2))
    drawn = {k: chances.drawn(k, max(2, round(draws * share)), numbers)
             for k, share in _DRAWN.items() if k <= len(elements)}  # fmt: skip
    total = len(singles) + len(pairs) + sum(len(sets) for sets, _ in drawn.values())
    done = 0

    def judged(sets: Sequence[Members]) -> FloatArray:
        nonlocal done
        found = np.zeros((len(sets), count))
        for i in range(0, len(sets), _AT_ONCE):
            part = sets[i : i + _AT_ONCE]
            found[i : i + len(part)] = reckoner.shares(part)
            done += len(part)
            progress(done, total)
        return found

    by_one = chances.exactly(singles) @ judged(singles)
    by_two = chances.exactly(pairs) @ judged(pairs)
    more, variance = np.zeros(count), np.zeros(count)
    for size, (sets, times) in drawn.items():
        hit, all_times = judged(sets), times.sum()
        mean = times @ hit / all_times
        spread = times @ (hit - mean) ** 2 / (all_times - 1)
        more += chances.of_size(size) * mean
        variance += chances.of_size(size) ** 2 * spread / all_times
    usual = reckoner.usual()
    return Availabilities(
        services=tuple(
            ServiceAvailability(
                service=service.id,
                customer=service.customer,
                promised=service.objective.availability,
                usual=float(usual[i]),
                by_one=float(by_one[i]),
                by_two=float(by_two[i]),
                by_more=float(more[i]),
                by_more_error=float(np.sqrt(variance[i])),
            )
            for i, service in enumerate(twin.services.services)
        ),
        judged=sum(len(sets) for sets, _ in drawn.values()),
        beyond=chances.beyond(),
    )


class Chances:
    """How likely each set of independent things is to be down, and nothing else; `down`: (n,)."""

    def __init__(self, down: FloatArray) -> None:
        self._down = down
        self._odds = down / (1.0 - down)
        self._none = float(np.prod(1.0 - down))
        # sums[i, m]: over all sets of m of what begins at i, of the products of their odds.
        n = len(down)
        self._sums = np.zeros((n + 1, MOST_DOWN + 1))
        self._sums[:, 0] = 1.0
        for i in range(n - 1, -1, -1):
            self._sums[i, 1:] = self._sums[i + 1, 1:] + self._odds[i] * self._sums[i + 1, :-1]

    def exactly(self, sets: Sequence[Members]) -> FloatArray:
        """(S,) that all of a set are down, and nothing else; all sets have one size."""
        return np.asarray(self._none * self._odds[np.array(sets)].prod(axis=1))

    def of_size(self, count: int) -> float:
        """That exactly so many are down, MOST_DOWN at most."""
        return float(self._none * self._sums[0, count])

    def beyond(self) -> float:
        """That more than MOST_DOWN are down."""
        # Not one less the rest: what is left is far below the rounding of one.
        sizes = np.ones(1)
        for share in self._down:
            sizes = np.convolve(sizes, (1.0 - share, share))
        return float(sizes[MOST_DOWN + 1 :].sum())

    def drawn(
        self, count: int, draws: int, numbers: np.random.Generator
    ) -> tuple[list[Members], NDArray[np.int64]]:
        """Sets of `count`, each as likely as it is among all of that size: those that came, and how
        often.
        """
        left = np.full(draws, count)
        chosen = np.zeros((draws, len(self._odds)), np.bool_)
        for i, odds in enumerate(self._odds):
            fewer = self._sums[i + 1, np.maximum(left - 1, 0)]
            share = np.where(left > 0, odds * fewer / self._sums[i, left], 0.0)
            chosen[:, i] = numbers.random(draws) < share
            left -= chosen[:, i]
        members, times = np.unique(np.nonzero(chosen)[1].reshape(draws, count), axis=0,
                                   return_counts=True)  # fmt: skip
        return [tuple(row) for row in members.tolist()], times
