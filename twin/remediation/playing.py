"""A policy plays an evening: here, or as a task of any runner, to the same bytes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from twin.nouns.base import Noun
from twin.nouns.state import NetworkState
from twin.physics.twin import Twin
from twin.remediation.disposal import Decision, dispose
from twin.remediation.episode import Episode
from twin.remediation.evening import LEAST_STAKE, Evening, draw_evening
from twin.remediation.policy import Policy
from twin.remediation.situation import Priced, Situation
from twin.sources.world import WorldSpec, build_inventory

Decide = Callable[[Situation], Decision]


class PlayedEvening(Noun):
    """What came of an evening, quarter by quarter: `choices`, by number, and `costs`, in
    service-hours. `stake`: what waiting was expected to cost at the beginning.
    """

    stake: float
    choices: tuple[int, ...]
    costs: tuple[float, ...]

    @property
    def cost(self) -> float:
        """Service-hours of the whole evening."""
        return sum(self.costs)


def play_evening(
    evening: Evening, decide: Decide, before_step: Callable[[], None] = lambda: None
) -> PlayedEvening:
    """Let `decide` make every choice. `before_step` is called before each."""
    episode = Episode(evening)
    choices, costs = list[int](), list[float]()
    while not episode.ended:
        before_step()
        choices.append(decide(episode.situation).number)
        costs.append(episode.take(choices[-1]))
    return PlayedEvening(stake=episode.stake, choices=tuple(choices), costs=tuple(costs))


def with_twin(policy: Policy) -> Decide:
    """`policy` proposes, and the twin disposes."""
    return lambda situation: dispose(situation, policy.propose(situation))


@dataclass(frozen=True, slots=True)
class EveningTask:
    """The evening that `seed` draws, played by `policy`, which is called `name`; see Task."""

    name: str
    policy: Policy
    seed: int
    priced: Priced = "loads"
    least_stake: float = LEAST_STAKE

    @property
    def base(self) -> NetworkState | None:
        """None: every evening has its own."""
        return None

    def content(self) -> dict[str, Any]:
        """See Task."""
        return {
            "name": self.name,
            "seed": self.seed,
            "priced": self.priced,
            "least_stake": self.least_stake,
        }

    def play(self, twin: Twin, before_step: Callable[[], None]) -> PlayedEvening:
        """See Task. Raises BadInput: nothing is at stake on this network."""
        evening = evening_of(twin, self.seed, self.priced, self.least_stake)
        return play_evening(evening, with_twin(self.policy), before_step)


@lru_cache(maxsize=64)
def twin_of(network: str) -> Twin:
    """The twin of the world that is built on a topohub network. Raises BadTopology."""
    return Twin(build_inventory(WorldSpec(topology=network)))


def evening_of(
    twin: Twin, seed: int, priced: Priced = "loads", least_stake: float = LEAST_STAKE
) -> Evening:
    """The evening that `seed` draws on `twin`; how it is priced moves nothing that is drawn."""
    return draw_evening(twin, np.random.default_rng(seed), priced, least_stake=least_stake)
