"""What the ranker is worth on states of networks that it has not learned from, and how long it
takes: both tables of docs/policies-ranker.md.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evals.policy_training.networks import MEASURED
from evals.policy_training.order import FIRST, share_held
from evals.policy_training.states import cheapest, evening_at_stake, played, wait
from twin.physics.compiled import FloatArray
from twin.remediation.evening import LEAST_STAKE
from twin.remediation.playing import evening_of, twin_of
from twin.remediation.policies.at_random import at_random
from twin.remediation.policies.carried import carried
from twin.remediation.policies.estimated import estimated
from twin.remediation.policies.nearest import nearest
from twin.remediation.policies.ranked import Scorer
from twin.remediation.policies.shortlist import Order
from twin.remediation.ranking.seen import Seen, seen
from twin.remediation.situation import Situation

UNLEARNED: Mapping[str, Order] = {
    "random": at_random,
    "nearest egress": nearest,
    "carried overload": carried,
    "first-order estimate": estimated,
}

RANKER = "ranker"

DRAWS = 2000
"""Bootstrap samples, over evenings: states of one evening are alike."""

NAMED = 32
"""How many of an order are compared by name: what the twin tries up to 100 nodes."""

TIMED = ("sndlib/nobel-eu", "sndlib/germany50", "gabriel/50/0", "gabriel/100/0", "gabriel/200/0")

RUNS, WARM = 400, 20


@dataclass(frozen=True, slots=True)
class Held:
    """Of S states: `shares` of each order, (S, len(FIRST)). `evening`: (S,), which it is of."""

    shares: Mapping[str, FloatArray]
    evening: FloatArray

    def mean(self, order: str) -> FloatArray:
        """Over states, (len(FIRST),)."""
        return np.asarray(self.shares[order].mean(axis=0))

    def difference(self, order: str, other: str, first: int) -> tuple[float, float, float]:
        """How much more the first so many of `order` hold than those of `other`, and its 95 %
        bootstrap interval.
        """
        each = (self.shares[order] - self.shares[other])[:, FIRST.index(first)]
        return mean_of(each, self.evening)


def mean_of(each: FloatArray, evening: FloatArray) -> tuple[float, float, float]:
    """The mean of `each`, (S,), and its 95 % bootstrap interval. `evening`: which each is of."""
    evenings = np.unique(evening)
    total = np.array([each[evening == e].sum() for e in evenings])
    count = np.array([(evening == e).sum() for e in evenings])
    drawn = np.random.default_rng(0).integers(len(evenings), size=(DRAWS, len(evenings)))
    means = total[drawn].sum(axis=1) / count[drawn].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(each.mean()), float(low), float(high)


def held_by(
    orders: Mapping[str, Order],
    states: int,
    seed: int,
    networks: Sequence[str] = MEASURED,
    tell: Callable[[int], object] = int,
) -> Held:
    """What each of `orders` holds, over so many states with something to gain: evenings of
    `networks` in turn, played by whoever waits or always does what is best. `tell`: states done.
    """
    shares: dict[str, list[FloatArray]] = {name: [] for name in orders}
    evenings = list[int]()
    for evening, share in _shares(orders, networks, np.random.default_rng(seed)):
        evenings.append(evening)
        for name in orders:
            shares[name].append(share[name])
        tell(len(evenings))
        if len(evenings) == states:
            break
    return Held({k: np.array(v) for k, v in shares.items()}, np.array(evenings, dtype=np.float64))


def _shares(
    orders: Mapping[str, Order], networks: Sequence[str], rng: np.random.Generator
) -> Iterator[tuple[int, Mapping[str, FloatArray]]]:
    twins = [twin_of(name) for name in networks]
    number = 0
    while True:
        which, player = number % len(networks), (wait, cheapest)[int(rng.integers(2))]
        number += 1
        evening = evening_at_stake(twins[which], rng, LEAST_STAKE)
        if evening is None:
            continue
        for situation, state in played(networks[which], evening, player, rng):
            if state.at_stake:
                held = {name: share_held(order(situation), state) for name, order in orders.items()}
                yield number, held


@dataclass(frozen=True, slots=True)
class Taken:
    """CPU milliseconds on one thread, each (RUNS,). `seeing`: the figures; `scoring`: the model."""

    network: str
    nodes: int
    arcs: int
    seeing: FloatArray
    scoring: FloatArray

    @property
    def both(self) -> FloatArray:
        """Until there is an order."""
        return self.seeing + self.scoring


def example_of(network: str = MEASURED[0], seed: int = 0) -> Seen:
    """What is seen at the beginning of some evening."""
    return seen(_some_situation(network, seed))


def time_taken(scorer: Scorer, network: str, seed: int) -> Taken:
    """How long the ranker takes on `network`, where the mask is known already."""
    situation = _some_situation(network, seed)
    situation.mask.sum()
    seeing, scoring = np.empty(WARM + RUNS), np.empty(WARM + RUNS)
    for run in range(WARM + RUNS):
        began = time.process_time()
        figures = seen(situation)
        between = time.process_time()
        scorer(figures)
        seeing[run], scoring[run] = between - began, time.process_time() - between
    compiled = situation.twin.compiled
    return Taken(
        network, compiled.n_nodes, compiled.n_arcs, 1e3 * seeing[WARM:], 1e3 * scoring[WARM:]
    )


def _some_situation(network: str, seed: int) -> Situation:
    evening = evening_of(twin_of(network), seed)
    return evening.situation(0, evening.twin.inventory.intended)
