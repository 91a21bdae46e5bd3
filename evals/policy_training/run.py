"""A training run in a directory: what was done of it is kept, and it goes on where it stopped."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from torch.utils.tensorboard import SummaryWriter

from evals.policy_training.imitation import CURRICULUM, Lesson, learn, ordered_by, players
from evals.policy_training.network import Ranker
from evals.policy_training.networks import learnable
from evals.policy_training.order import FIRST, share_held
from evals.policy_training.states import Labelled, load_states, save_states, states_of
from tools.ranker.card import Round
from twin.errors import BadInput
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory

IDLE_KEPT = 0.1
"""Of states with nothing to gain so many are learned from, to know when to wait."""

WATCHED = 40
"""States of each round that are not learned from: on them the round is watched."""

CHECKPOINT, CURVE = "checkpoint.pt", "curve"

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Trained:
    """What has come of a run. `cpu_s`: of all that it took, also before it was interrupted."""

    ranker: Ranker
    rounds: tuple[Round, ...]
    networks: tuple[str, ...]
    cpu_s: float
    example: Labelled


def train_in(
    directory: Path,
    seed: int,
    tell: Tell,
    progress: Callable[[int, int], object] = max,
    curriculum: Sequence[Lesson] = CURRICULUM,
) -> Trained:
    """Train a ranker in `directory`, or go on there; on one thread, so that a seed says it all.

    `progress`: states and steps that are done, of all.

    Raises:
        BadInput: what lies there is of another seed, or of other lessons.
    """
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)
    directory.mkdir(parents=True, exist_ok=True)
    ranker = Ranker()
    optimiser = torch.optim.AdamW(ranker.parameters(), lr=1e-3, weight_decay=1e-4)
    about = f"seed {seed}, {tuple(curriculum)!r}"
    rounds, cpu_s = _resumed(directory / CHECKPOINT, about, ranker, optimiser)
    states, watched, names = list[Labelled](), list[Labelled](), set[str]()
    steps, done = sum(lesson.steps for lesson in curriculum), 0
    advance = _counted(progress, steps + sum(lesson.states for lesson in curriculum))
    # What lies beyond the last whole round is written anew.
    with SummaryWriter(str(directory / CURVE), purge_step=sum(r.steps for r in rounds)) as curve:
        for number, lesson in enumerate(curriculum):
            began = time.process_time()
            new = _states(directory, number, lesson, seed, ranker, tell, advance)
            names |= {state.network for state in new}
            watched += new[:WATCHED]
            states += new[WATCHED:]
            steps_here = range(done, done + lesson.steps)
            done += lesson.steps
            if number < len(rounds):
                advance(lesson.steps)
                continue

            def note(step: int, loss: float) -> None:
                curve.add_scalar("loss", loss, step)
                advance(1)

            rng = np.random.default_rng([seed, number, 1])
            loss = learn(ranker, optimiser, states, steps_here, steps, rng, note)
            held = _held(ranker, watched)
            for first, share in held.items():
                curve.add_scalar(f"held by the first {first}", share, done - 1)
            rounds.append(_told(lesson, held, loss))
            cpu_s += time.process_time() - began
            _keep(directory / CHECKPOINT, about, ranker, optimiser, rounds, cpu_s)
            tell(_line(number, rounds[-1], len(curriculum), cpu_s))
    return Trained(ranker, tuple(rounds), tuple(sorted(names)), cpu_s, states[0])


def trained_ranker(directory: Path) -> Ranker:
    """The ranker as it was after the last whole round there. Raises BadInput: there is none."""
    path = directory / CHECKPOINT
    if not path.exists():
        raise BadInput(f"{directory} holds no training run; noctua policy train makes one")
    ranker = Ranker()
    ranker.load_state_dict(torch.load(path, weights_only=True)["ranker"])
    return ranker


def _counted(progress: Callable[[int, int], object], total: int) -> Callable[[int], None]:
    done = 0

    def advance(more: int) -> None:
        nonlocal done
        done += more
        progress(done, total)

    return advance


def _states(
    directory: Path,
    number: int,
    lesson: Lesson,
    seed: int,
    ranker: Ranker,
    tell: Tell,
    advance: Callable[[int], None],
) -> list[Labelled]:
    path = directory / f"states-{number}.npz"
    if path.exists():
        advance(lesson.states)
        return load_states(path)
    rng = np.random.default_rng([seed, number])
    names = sorted(learnable(lesson.smallest, lesson.largest))
    chosen = rng.permutation(names)[: lesson.networks].tolist()
    twins = {name: Twin(build_inventory(WorldSpec(topology=name))) for name in chosen}
    drawn = states_of(twins, players(lesson, ranker), rng, lesson.least_stake, IDLE_KEPT, tell)
    states = list[Labelled]()
    for state in islice(drawn, lesson.states):
        states.append(state)
        advance(1)
    # What is watched is of the same evenings as the rest, and stands in front.
    save_states(path, [states[i] for i in rng.permutation(len(states)).tolist()])
    return load_states(path)


def _held(ranker: Ranker, watched: Sequence[Labelled]) -> dict[int, float]:
    """What the first so many hold of `watched`, by how many."""
    shares = [share_held(ordered_by(ranker, state), state) for state in watched if state.at_stake]
    return dict(zip(FIRST, np.mean(shares, axis=0).round(3).tolist(), strict=True))


def _told(lesson: Lesson, held: Mapping[int, float], loss: float) -> Round:
    return Round(
        learned_from=f"networks of {lesson.smallest} to {lesson.largest} nodes, at least "
        f"{lesson.least_stake:g} service-hours at stake, "
        f"{'played by the ranker and by others' if lesson.own else 'played by others'}",
        states=lesson.states - WATCHED,
        steps=lesson.steps,
        loss=round(loss, 4),
        first_1=held[1],
        first_8=held[8],
        first_32=held[32],
    )


def _line(number: int, told: Round, count: int, cpu_s: float) -> str:
    return (
        f"round {number + 1} of {count}: {told.states} states of {told.learned_from}; loss "
        f"{told.loss:.3f}; of what can be saved the first 1, 8 and 32 hold {told.first_1:.2f}, "
        f"{told.first_8:.2f} and {told.first_32:.2f}; {cpu_s:.0f} CPU s so far"
    )


def _keep(
    path: Path,
    about: str,
    ranker: Ranker,
    optimiser: torch.optim.Optimizer,
    rounds: Sequence[Round],
    cpu_s: float,
) -> None:
    being_written = path.with_suffix(".part")
    torch.save(
        {
            "about": about,
            "ranker": ranker.state_dict(),
            "optimiser": optimiser.state_dict(),
            "rounds": [told.model_dump(mode="json") for told in rounds],
            "cpu_s": cpu_s,
        },
        being_written,
    )
    being_written.replace(path)


def _resumed(
    path: Path, about: str, ranker: Ranker, optimiser: torch.optim.Optimizer
) -> tuple[list[Round], float]:
    if not path.exists():
        return [], 0.0
    kept = torch.load(path, weights_only=True)
    if kept["about"] != about:
        raise BadInput(
            f"{path.parent} holds a run with another seed or other lessons; give another directory"
        )
    ranker.load_state_dict(kept["ranker"])
    optimiser.load_state_dict(kept["optimiser"])
    return [Round.model_validate(told) for told in kept["rounds"]], float(kept["cpu_s"])
