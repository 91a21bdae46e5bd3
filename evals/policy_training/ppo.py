"""The last stage, on its own: the ranker acts alone in the environment, and PPO changes it.

What it is worth is told as a difference to what it began with (`compare`).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor, nn

from evals.policy_training.network import WIDTH, Graphs, Ranker, pooled
from evals.policy_training.networks import learnable
from twin.remediation.choices import SLOTS
from twin.remediation.environment import RemediationEnv
from twin.remediation.ranking.seen import Seen, seen
from twin.remediation.ranking.table import ARCS, MOVES, NETWORK, NODES

SMALLEST, LARGEST, NETWORKS = 20, 30, 6
"""Nodes of the networks that are played, and how many: a step on larger ones takes longer."""

ROLLOUT, MINIBATCH, EPOCHS, LEARNING_RATE, DISCOUNT = 1024, 64, 4, 1e-4, 0.99

AT_ONCE = 8
"""Evenings that are played in step."""

ALLOWED = [figure.name for figure in MOVES].index("allowed")

MOST_LINKS = 16
"""Of a node, in an observation."""

Padded = dict[str, NDArray[Any]]


class RankerEnv(RemediationEnv):
    """The environment, seen as the ranker sees it, padded to the largest network."""

    def __init__(self, networks: Sequence[str]) -> None:
        super().__init__(networks)
        self.observation_space = _seen_by_ranker(self.n_nodes, self.n_arcs)

    def _seen(self) -> Padded:
        return padded(seen(self.episode.situation), self.n_nodes, self.n_arcs)


def _seen_by_ranker(nodes: int, arcs: int) -> spaces.Space[Any]:
    shapes = {
        "arcs": (arcs, len(ARCS)), "moves": (arcs, SLOTS, len(MOVES)),
        "nodes": (nodes, len(NODES)), "network": (len(NETWORK),),
    }  # fmt: skip
    links = {"leaving": (nodes, MOST_LINKS), "entering": (nodes, MOST_LINKS)}
    ends = {"tail": (arcs,), "head": (arcs,), "size": (2,)}
    return spaces.Dict(
        {k: spaces.Box(-np.inf, np.inf, shape, np.float32) for k, shape in shapes.items()}
        | {k: spaces.Box(0, arcs, shape, np.int64) for k, shape in (links | ends).items()}
    )


def padded(shown: Seen, n_nodes: int, n_arcs: int) -> Padded:
    """Figures with zeros behind; of no more arcs of a node stands `n_arcs`. `size`: nodes, arcs."""
    arcs, nodes = len(shown.arcs), len(shown.nodes)

    def table(rows: NDArray[np.int64]) -> NDArray[np.int64]:
        full = np.full((n_nodes, MOST_LINKS), n_arcs, dtype=np.int64)
        full[:nodes, : rows.shape[1]] = np.where(rows < arcs, rows, n_arcs)
        return full

    def longer(rows: NDArray[Any], to: int) -> NDArray[Any]:
        full = np.zeros((to, *rows.shape[1:]), dtype=rows.dtype)
        full[: len(rows)] = rows
        return full

    return {
        "arcs": longer(shown.arcs, n_arcs), "moves": longer(shown.moves, n_arcs),
        "nodes": longer(shown.nodes, n_nodes), "network": shown.network,
        "tail": longer(shown.tail, n_arcs), "head": longer(shown.head, n_arcs),
        "leaving": table(shown.leaving), "entering": table(shown.entering),
        "size": np.array([nodes, arcs], dtype=np.int64),
    }  # fmt: skip


def side_by_side(x: Mapping[str, Tensor]) -> Graphs:
    """Padded observations (B, ...) as one graph, without the padding."""
    size = x["size"].long()
    there_nodes = torch.arange(x["nodes"].shape[1]) < size[:, :1]
    there_arcs = torch.arange(x["arcs"].shape[1]) < size[:, 1:]
    # Of each network, how many nodes and arcs stand before it.
    before = size.cumsum(0) - size
    of_node, of_arc = there_nodes.nonzero()[:, 0], there_arcs.nonzero()[:, 0]

    def table(padded: Tensor) -> Tensor:
        rows = padded[there_nodes].long()
        links = rows < there_arcs.shape[1]
        rows = torch.where(links, rows + before[of_node, 1, None], len(of_arc))
        return rows[:, : int(links.sum(1).max())]

    return Graphs(
        arcs=x["arcs"][there_arcs],
        moves=x["moves"][there_arcs],
        nodes=x["nodes"][there_nodes],
        network=x["network"],
        tail=x["tail"][there_arcs].long() + before[of_arc, 0],
        head=x["head"][there_arcs].long() + before[of_arc, 0],
        leaving=table(x["leaving"]),
        entering=table(x["entering"]),
        of_arc=of_arc,
        of_node=of_node,
    )


class RankedFeatures(BaseFeaturesExtractor):  # type: ignore[misc]  # as torch's
    """The scores of all numbers, and behind them what a value can be told from."""

    def __init__(self, observation_space: spaces.Dict) -> None:
        arcs = observation_space["arcs"].shape
        assert arcs is not None
        self.numbers = 1 + SLOTS * arcs[0]
        super().__init__(observation_space, self.numbers + 3 * WIDTH)
        self.ranker = Ranker()

    def forward(self, observations: Mapping[str, Tensor]) -> Tensor:
        """(B, numbers + 3 WIDTH)."""
        graphs = side_by_side(observations)
        embedded = self.ranker.embedded(graphs)
        told = pooled(graphs, *embedded)
        # Of what the mask does not allow nobody asks for the score.
        allowed = observations["moves"][:, :, :, ALLOWED] > 0.0
        scored = graphs.moves[:, :, ALLOWED] > 0.0
        of_moves = self.ranker.moves_scored(graphs, *embedded, scored)
        moves = torch.zeros(allowed.shape).masked_scatter(allowed, of_moves)
        return torch.cat([self.ranker.wait_score(told), moves.flatten(1), told], dim=1)


class _Parts(nn.Module):  # type: ignore[misc]  # as torch's
    """Scores for the actor, the rest for the critic."""

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.numbers = numbers
        self.latent_dim_pi, self.latent_dim_vf = numbers, 3 * WIDTH

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        return self.forward_actor(features), self.forward_critic(features)

    def forward_actor(self, features: Tensor) -> Tensor:
        return features[:, : self.numbers]

    def forward_critic(self, features: Tensor) -> Tensor:
        # What waiting costs is to be foreseen, not to change how choices are seen.
        return features[:, self.numbers :].detach()


class RankerPolicy(MaskableActorCriticPolicy):  # type: ignore[misc]  # as torch's
    """Acts by the ranker's own scores."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, features_extractor_class=RankedFeatures, **options)

    def _build_mlp_extractor(self) -> None:
        self.mlp_extractor = _Parts(self.features_extractor.numbers)

    def _build(self, lr_schedule: Any) -> None:
        super()._build(lr_schedule)
        self.action_net = nn.Identity()
        self.optimizer = self.optimizer_class(
            self.parameters(), lr=lr_schedule(1), **self.optimizer_kwargs
        )


class _Keeping(BaseCallback):  # type: ignore[misc]  # as torch's
    """Keeps the run after each rollout."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def _on_step(self) -> bool:
        return True

    def _on_rollout_start(self) -> None:
        being_written = self._path.with_suffix(".part.zip")
        self.model.save(being_written)
        being_written.replace(self._path)


def improved(
    ranker: Ranker,
    directory: Path,
    steps: int,
    seed: int,
    networks: Sequence[str] | None = None,
    rollout: int = ROLLOUT,
) -> Ranker:
    """`ranker` after `steps` steps of PPO, kept in `directory`, where a run that stopped goes on.
    Where the processor can, the factors of products are rounded to bfloat16, in this process from
    now on: the sums are not, and a step takes a quarter less.

    `networks`: that are played; None: NETWORKS that may be learned from. `rollout`: steps before
    each change of what is learned.

    Source: J. Schulman et al., Proximal policy optimization algorithms, 2017; masked as in S. Huang
    and S. Ontanon, A closer look at invalid action masking, 2020.
    """
    torch.set_num_threads(1)
    torch.backends.mkldnn.matmul.fp32_precision = "bf16"
    directory.mkdir(parents=True, exist_ok=True)
    played = _networks(seed) if networks is None else networks
    env, path = make_vec_env(lambda: RankerEnv(played), AT_ONCE), directory / "ppo.zip"
    if path.exists():
        model = MaskablePPO.load(path, env=env)
    else:
        model = MaskablePPO(
            RankerPolicy, env, learning_rate=LEARNING_RATE, n_steps=rollout // AT_ONCE,
            batch_size=min(MINIBATCH, rollout), n_epochs=EPOCHS, gamma=DISCOUNT, seed=seed,
            device="cpu", tensorboard_log=str(directory / "curve"),
        )  # fmt: skip
        model.policy.features_extractor.ranker.load_state_dict(ranker.state_dict())
    left = steps - model.num_timesteps
    if left > 0:
        model.learn(left, callback=_Keeping(path), reset_num_timesteps=False)
        model.save(path)
    better = Ranker()
    better.load_state_dict(model.policy.features_extractor.ranker.state_dict())
    better.eval()
    return better


def _networks(seed: int) -> Sequence[str]:
    names = sorted(learnable(SMALLEST, LARGEST))
    chosen: list[str] = np.random.default_rng(seed).permutation(names)[:NETWORKS].tolist()
    return chosen
