"""What a ranker is worth alone: what it scores highest is done, and no twin tries it before."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count, islice

import numpy as np

from evals.policy_training.networks import MEASURED
from evals.policy_training.states import evening_at_stake
from twin.physics.compiled import FloatArray
from twin.remediation.episode import Episode
from twin.remediation.evening import LEAST_STAKE, Evening
from twin.remediation.playing import twin_of
from twin.remediation.policies.ranked import Scorer
from twin.remediation.ranking.seen import seen


def returns_of(
    scorers: Mapping[str, Scorer],
    evenings: int,
    seed: int,
    networks: Sequence[str] = MEASURED,
    tell: Callable[[int], object] = int,
) -> Mapping[str, FloatArray]:
    """What the environment rewards in each of so many evenings, `networks` in turn, where each of
    `scorers` acts alone, (evenings,). `tell`: evenings done.
    """
    found: dict[str, list[float]] = {name: [] for name in scorers}
    for number, evening in enumerate(islice(_drawn(networks, seed), evenings)):
        for name, scorer in scorers.items():
            found[name].append(_return(evening, scorer))
        tell(number + 1)
    return {name: np.array(returns) for name, returns in found.items()}


def _drawn(networks: Sequence[str], seed: int) -> Iterator[Evening]:
    """Evenings with something at stake."""
    for number in count():
        rng = np.random.default_rng([seed, number])
        evening = evening_at_stake(twin_of(networks[number % len(networks)]), rng, LEAST_STAKE)
        if evening is not None:
            yield evening


def _return(evening: Evening, scorer: Scorer) -> float:
    episode, cost = Episode(evening), 0.0
    while not episode.ended:
        situation = episode.situation
        allowed = situation.allowed
        cost += episode.take(int(allowed[scorer(seen(situation))[allowed].argmax()]))
    return -cost / max(episode.stake, LEAST_STAKE)
