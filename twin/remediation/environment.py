"""`noctua/Remediation-v0`: the evening after a failure, for whoever trains on Gymnasium.

Importing this module registers it. What is seen, what may be done and what it costs is documented
in docs/policies.md.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import BadInput, Refused, installing
from twin.remediation.choices import count
from twin.remediation.episode import Episode
from twin.remediation.evening import LEAST_STAKE, draw_evening
from twin.remediation.observation import (
    ARC_FIGURES,
    GUIDANCE_FIGURES,
    NODE_FIGURES,
    WHOLE_FIGURES,
    Figure,
    Observation,
    Padded,
    bounds,
    observe,
)
from twin.remediation.playing import twin_of
from twin.remediation.situation import Priced

try:
    import gymnasium
    from gymnasium import spaces
except ModuleNotFoundError as exc:
    raise BadInput(
        "the environment needs Gymnasium, which is not installed: " + installing("policy")
    ) from exc

NAME = "noctua/Remediation-v0"


class RemediationEnv(gymnasium.Env[Padded, np.int64]):
    """One evening an episode, on a network drawn from `networks`.

    The reward of a quarter is minus what it has cost, relative to what waiting was expected to cost
    at the beginning, of which LEAST_STAKE counts at least.
    """

    def __init__(
        self,
        networks: Sequence[str] = ("sndlib/nobel-germany",),
        priced: Priced = "loads",
        least_stake: float = LEAST_STAKE,
        most_nodes: int | None = None,
        most_arcs: int | None = None,
    ) -> None:
        """`networks`: names that topohub has. `most_nodes`, `most_arcs`: to which observations are
        padded, default: of the largest network.

        Raises:
            BadInput: a network is larger than that, or there is none.
        """
        if not networks:
            raise BadInput(
                "an environment needs a network; give the names of some that topohub has"
            )
        self.networks = tuple(networks)
        self._priced = priced
        self._least_stake = least_stake
        sizes = [twin_of(name).compiled for name in self.networks]
        self.n_nodes = max(s.n_nodes for s in sizes) if most_nodes is None else most_nodes
        self.n_arcs = max(s.n_arcs for s in sizes) if most_arcs is None else most_arcs
        for name, size in zip(self.networks, sizes, strict=True):
            if size.n_nodes > self.n_nodes or size.n_arcs > self.n_arcs:
                raise BadInput(
                    f"{name} has {size.n_nodes} nodes and {size.n_arcs} arcs, more than the "
                    f"{self.n_nodes} and {self.n_arcs} that observations have room for"
                )
        self.observation_space = _observations(self.n_nodes, self.n_arcs)
        self.action_space = spaces.Discrete(count(self.n_arcs))
        self._episode: Episode | None = None

    @property
    def episode(self) -> Episode:
        """What is being played. Raises BadInput before the first reset."""
        if self._episode is None:
            raise BadInput("the environment has to be reset before it is used")
        return self._episode

    @property
    def observation(self) -> Observation:
        """The situation as a graph of its own size."""
        return observe(self.episode.situation)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Padded, dict[str, Any]]:
        """A new evening; the same seed draws the same one. `options`: `{"network": NAME}` to choose
        one of the networks.
        """
        super().reset(seed=seed)
        chosen = (options or {}).get("network")
        drawn = self.networks[int(self.np_random.integers(len(self.networks)))]
        if chosen is not None and chosen not in self.networks:
            raise BadInput(f'"{chosen}" is none of the networks of this environment')
        network = drawn if chosen is None else chosen
        evening = draw_evening(
            twin_of(network), self.np_random, self._priced, least_stake=self._least_stake
        )
        self._episode = Episode(evening)
        return self._seen(), {"network": network, "stake": self._episode.stake}

    def step(self, action: np.int64) -> tuple[Padded, float, bool, bool, dict[str, Any]]:
        """Make the choice and let a quarter of an hour pass. One that the mask does not allow does
        nothing, and `info` says that it was refused.
        """
        episode, refused = self.episode, False
        if episode.ended:
            raise BadInput("the episode has ended; reset the environment")
        try:
            cost = episode.take(int(action))
        except Refused:
            refused, cost = True, episode.take(0)
        reward = -cost / max(episode.stake, LEAST_STAKE)
        repaired = episode.ended and not episode.evening.cut_short
        return (
            self._seen(),
            reward,
            repaired,
            episode.ended and not repaired,
            {"cost": cost, "refused": refused},
        )

    def action_masks(self) -> NDArray[np.bool_]:
        """Which actions are allowed, as sb3-contrib's MaskablePPO asks for it."""
        mask = np.zeros(count(self.n_arcs), dtype=np.bool_)
        allowed = self.episode.situation.mask
        mask[: len(allowed)] = allowed
        return mask

    def _seen(self) -> Padded:
        return self.observation.padded(self.n_nodes, self.n_arcs)


def _observations(n_nodes: int, n_arcs: int) -> spaces.Space[Any]:
    def figures(of: Sequence[Figure], *count: int) -> spaces.Box:
        low, high = (np.broadcast_to(bound, (*count, len(of))) for bound in bounds(of))
        return spaces.Box(low.copy(), high.copy(), dtype=np.float32)

    def ends() -> spaces.Box:
        return spaces.Box(0, n_nodes - 1, (n_arcs,), np.int64)

    return spaces.Dict(
        {
            "arcs": figures(ARC_FIGURES, n_arcs),
            "nodes": figures(NODE_FIGURES, n_nodes),
            "whole": figures(WHOLE_FIGURES),
            "guidance": figures(GUIDANCE_FIGURES),
            "tail": ends(),
            "head": ends(),
            "mask": spaces.MultiBinary(count(n_arcs)),
        }
    )


gymnasium.register(id=NAME, entry_point=f"{__name__}:{RemediationEnv.__name__}")
