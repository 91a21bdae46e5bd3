"""Labelled states as tensors, several networks laid side by side, and the loss of an order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from evals.policy_training.network import Graphs
from evals.policy_training.states import Labelled
from twin.physics.compiled import IntArray
from twin.remediation.choices import SLOTS
from twin.remediation.ranking.seen import Seen

WORTH = 0.3
"""A choice is aimed at where it saves so much of what the best one saves."""


@dataclass(frozen=True, slots=True)
class Batch:
    """`graphs`: B networks. `allowed` (A, SLOTS). `aim` (A, SLOTS), `aim_wait` (B,): how the
    probability of a network is to be shared out, together 1 for each.
    """

    graphs: Graphs
    allowed: Tensor
    aim: Tensor
    aim_wait: Tensor


def graphs_of(seen: Sequence[Seen]) -> Graphs:
    """The figures of several networks side by side."""
    arcs = np.cumsum([0] + [len(x.arcs) for x in seen])
    nodes = np.cumsum([0] + [len(x.nodes) for x in seen])
    most = max(max(x.leaving.shape[1], x.entering.shape[1]) for x in seen)

    def table(of: Callable[[Seen], IntArray]) -> Tensor:
        joined = np.full((nodes[-1], most), arcs[-1])
        for x, arc, node in zip(seen, arcs, nodes, strict=False):
            rows = of(x)
            joined[node : node + len(rows), : rows.shape[1]] = np.where(
                rows < len(x.arcs), rows + arc, arcs[-1]
            )
        return torch.from_numpy(joined)

    def joined(parts: Sequence[IntArray]) -> Tensor:
        return torch.from_numpy(np.concatenate(parts))

    return Graphs(
        arcs=torch.from_numpy(np.concatenate([x.arcs for x in seen]).astype(np.float32)),
        moves=torch.from_numpy(np.concatenate([x.moves for x in seen]).astype(np.float32)),
        nodes=torch.from_numpy(np.concatenate([x.nodes for x in seen]).astype(np.float32)),
        network=torch.from_numpy(np.stack([x.network for x in seen]).astype(np.float32)),
        tail=joined([x.tail + node for x, node in zip(seen, nodes, strict=False)]),
        head=joined([x.head + node for x, node in zip(seen, nodes, strict=False)]),
        leaving=table(lambda x: x.leaving),
        entering=table(lambda x: x.entering),
        of_arc=torch.from_numpy(np.repeat(np.arange(len(seen)), np.diff(arcs))),
        of_node=torch.from_numpy(np.repeat(np.arange(len(seen)), np.diff(nodes))),
    )


def batch_of(states: Sequence[Labelled]) -> Batch:
    """Those states side by side."""
    aims = [_aim(state) for state in states]
    return Batch(
        graphs_of([state.seen for state in states]),
        torch.from_numpy(
            np.concatenate([~np.isnan(s.saved[1:]).reshape(-1, SLOTS) for s in states])
        ),
        torch.from_numpy(np.concatenate([aim[1:].reshape(-1, SLOTS) for aim in aims])),
        torch.from_numpy(np.array([aim[0] for aim in aims])),
    )


def _aim(state: Labelled) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    saved = np.nan_to_num(state.saved, nan=0.0)
    best = float(saved.max())
    if best <= 0.0:
        aim = np.zeros_like(saved)
        aim[0] = 1.0
        return aim
    share = saved / best
    aim = np.where(share >= WORTH, share, 0.0) ** 2
    return np.asarray(aim / aim.sum(), dtype=np.float32)


def listwise_loss(moves: Tensor, waiting: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy between the aim and a softmax over all that is allowed, the mean of the
    networks.

    Source: Z. Cao et al., Learning to rank: from pairwise approach to listwise approach, ICML 2007.
    """
    of, count = batch.graphs.of_arc, len(waiting)
    scores = moves.masked_fill(~batch.allowed, -torch.inf)
    highest = waiting.detach().clone()
    highest.scatter_reduce_(0, of, scores.detach().amax(dim=1), "amax")
    parts = torch.exp(scores - highest[of][:, None]).sum(dim=1)
    total = torch.exp(waiting - highest).index_add(0, of, parts)
    norm = highest + total.log()
    log_moves = torch.where(batch.allowed, moves - norm[of][:, None], 0.0)
    gained = (batch.aim * log_moves).sum() + (batch.aim_wait * (waiting - norm)).sum()
    return -gained / count
