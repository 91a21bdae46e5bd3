"""Learning rounds: play evenings, label every choice of every state, learn the order."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from evals.policy_training.batches import batch_of, graphs_of, listwise_loss
from evals.policy_training.network import Ranker
from evals.policy_training.states import Labelled, Player, cheapest, wait, wanders
from twin.physics.compiled import FloatArray, IntArray

BATCH = 16

LEARNING_RATE, LEAST_RATE, WARM_UP = 1e-3, 2e-5, 50

MOST_NORM = 1.0
"""To which gradients are scaled down."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One round. `smallest`, `largest`: nodes of the networks that are played, `networks` of them.
    `states`: how many are added to those of before, evenings with `least_stake` service-hours at
    stake. `steps`: of the optimiser. `own`: whether the ranker plays as well (DAgger).
    """

    smallest: int
    largest: int
    networks: int
    states: int
    steps: int
    least_stake: float
    own: bool = False


CURRICULUM = (
    Lesson(20, 35, 24, 900, 700, 0.5),
    Lesson(20, 50, 24, 900, 900, 0.25),
    Lesson(35, 60, 24, 700, 800, 0.25),
    Lesson(60, 120, 10, 240, 500, 0.25),
    Lesson(20, 60, 24, 700, 800, 0.25, own=True),
    Lesson(100, 200, 5, 80, 400, 0.25, own=True),
    Lesson(20, 60, 24, 700, 1100, 0.25, own=True),
)
"""From small networks to large, from much at stake to less, from others' states to its own.

Source of the last: S. Ross, G. Gordon and J. A. Bagnell, A reduction of imitation learning and
structured prediction to no-regret online learning, AISTATS 2011.
"""


def players(lesson: Lesson, ranker: Ranker) -> tuple[Player, ...]:
    """Who plays the evenings of `lesson`."""
    others: tuple[Player, ...] = (wait, cheapest, wanders, wanders)

    def own(state: Labelled, _: np.random.Generator) -> int:
        scores = scores_of(ranker, state)
        return int(np.where(np.isnan(state.saved), -np.inf, scores).argmax())

    return (*others, own, own, own, own) if lesson.own else others


def ordered_by(ranker: Ranker, state: Labelled) -> IntArray:
    """All that is allowed but to wait, what `ranker` scores highest first."""
    numbers = np.flatnonzero(~np.isnan(state.saved))[1:]
    return np.asarray(numbers[np.argsort(-scores_of(ranker, state)[numbers], kind="stable")])


def scores_of(ranker: Ranker, state: Labelled) -> FloatArray:
    """Of each number, to wait first."""
    with torch.no_grad():
        moves, waiting = ranker(graphs_of([state.seen]))
    return np.concatenate([waiting.numpy(), moves.numpy().ravel()]).astype(np.float64)


def learn(
    ranker: Ranker,
    optimiser: torch.optim.Optimizer,
    states: Sequence[Labelled],
    steps: range,
    of: int,
    rng: np.random.Generator,
    tell: Callable[[int, float], None],
) -> float:
    """Take `steps` of the `of` that there are in all; the mean loss. `tell`: step, loss of each."""
    ranker.train()
    losses = list[float]()
    for step in steps:
        for group in optimiser.param_groups:
            group["lr"] = rate(step, of)
        chosen = rng.integers(len(states), size=BATCH)
        batch = batch_of([states[i] for i in chosen.tolist()])
        moves, waiting = ranker(batch.graphs)
        loss = listwise_loss(moves, waiting, batch)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(ranker.parameters(), MOST_NORM)
        optimiser.step()
        losses.append(float(loss.detach()))
        tell(step, losses[-1])
    return float(np.mean(losses))


def rate(step: int, of: int) -> float:
    """The learning rate: up at first, then down along half a cosine."""
    fallen = 0.5 * (1.0 + math.cos(math.pi * step / of))
    return min(1.0, (step + 1) / WARM_UP) * (LEAST_RATE + (LEARNING_RATE - LEAST_RATE) * fallen)
