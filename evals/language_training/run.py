"""A training run in a directory: what was done of it is kept, and it goes on where it stopped."""

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.utils.tensorboard import SummaryWriter

from evals.language_training.examples import WITHHELD, drawn, loss_of
from evals.language_training.network import CausalLm
from evals.language_training.networks import learnable
from evals.language_training.worlds import Judged, World
from tools.causal_lm.card import Round
from twin.errors import BadInput
from twin.imagination.language.llama import Llama

CHECKPOINT, CURVE = "checkpoint.pt", "curve"

EVERY = 25
"""Steps after which the run is kept."""

NETWORKS, SENTENCES = 3, 16
"""Of a step, and of each of its networks."""

LEARNING_RATE, LEAST_RATE, WARM_UP, MOST_NORM = 2e-3, 5e-5, 40, 1.0

WATCHED = 8
"""Every so many networks one is not learned from: on these the loss is watched."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Lesson:
    """One round: so many more `days` of each of so many `networks` are judged, then `steps` are
    taken.
    """

    days: int
    networks: int
    steps: int


CURRICULUM = (Lesson(60, 1000, 200), Lesson(60, 40, 100), Lesson(60, 40, 150))
"""Days of the first round are those of a search, of the others half the model's own."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What has come of a run. `cpu_s`: of all that it took, also before it was interrupted."""

    model: CausalLm
    rounds: tuple[Round, ...]
    networks: tuple[str, ...]
    cpu_s: float


class Run:
    """One training, on one thread, so that a seed says it all."""

    def __init__(
        self,
        directory: Path,
        seed: int,
        tell: Tell,
        progress: Callable[[int, int], object] = max,
        curriculum: Sequence[Lesson] = CURRICULUM,
        networks: Sequence[str] | None = None,
    ) -> None:
        """`progress`: networks whose days are judged and steps that are done, of all.

        Raises:
            BadInput: what lies in `directory` is of another seed, or of other lessons.
        """
        torch.set_num_threads(1)
        torch.use_deterministic_algorithms(True)
        torch.manual_seed(seed)
        directory.mkdir(parents=True, exist_ok=True)
        self._directory, self._seed, self._tell = directory, seed, tell
        self._curriculum = curriculum
        names = tuple(learnable()) if networks is None else tuple(networks)
        self._worlds = [World.of(name) for name in names]
        self._told = [world.told() for world in self._worlds]
        self._withheld = [world.told("withheld") for world in self._worlds]
        self._model = CausalLm()
        self._optimiser = torch.optim.AdamW(
            self._model.parameters(), lr=LEARNING_RATE, weight_decay=0.05, betas=(0.9, 0.98)
        )
        self._about = f"seed {seed}, {tuple(curriculum)!r}, {len(names)} networks"
        self._steps, self._losses = 0, list[float]()
        self._rounds, self._cpu_s = list[Round](), 0.0
        self._judged: list[dict[tuple[int, ...], float]] = [{} for _ in names]
        self._progress, self._done = progress, 0
        self._resume()

    def train(self) -> Trained:
        """All that is left of it."""
        for trained in self.rounds():
            last = trained
        return last

    def rounds(self) -> Iterator[Trained]:
        """What has come of it: after the last round that was done before, and after each more."""
        end = 0
        with SummaryWriter(str(self._directory / CURVE), purge_step=self._steps) as curve:
            for number, lesson in enumerate(self._curriculum):
                begin, end = end, end + lesson.steps
                self._judge_days(number, lesson)
                if number < len(self._rounds):
                    self._advance(lesson.steps)
                    if number + 1 == len(self._rounds):
                        yield self._trained()
                    continue
                began_s = time.process_time()
                self._advance(self._steps - begin)
                while self._steps < end:
                    self._losses.append(self._step())
                    curve.add_scalar("loss", self._losses[-1], self._steps)
                    self._steps += 1
                    self._advance(1)
                    if self._steps % EVERY == 0 and self._steps < end:
                        self._cpu_s += time.process_time() - began_s
                        began_s = time.process_time()
                        self._keep()
                watched = self._watched_loss()
                curve.add_scalar("loss on networks that are not learned", watched, self._steps)
                self._cpu_s += time.process_time() - began_s
                self._rounds.append(
                    Round(
                        days=sum(map(len, self._judged)),
                        steps=lesson.steps,
                        loss=round(float(np.mean(self._losses[-lesson.steps :][-50:])), 4),
                        loss_watched=round(watched, 4),
                    )
                )
                self._keep()
                self._tell(self._line())
                yield self._trained()

    def _trained(self) -> Trained:
        return Trained(
            self._model,
            tuple(self._rounds),
            tuple(world.name for world in self._worlds),
            self._cpu_s,
        )

    def _step(self) -> float:
        numbers = np.random.default_rng([self._seed, self._steps, 1])
        for group in self._optimiser.param_groups:
            group["lr"] = _rate(self._steps, sum(lesson.steps for lesson in self._curriculum))
        self._model.train()
        self._optimiser.zero_grad()
        learned = [i for i in range(len(self._worlds)) if not _is_watched(i)]
        total = 0.0
        for at in numbers.choice(learned, min(NETWORKS, len(learned)), replace=False).tolist():
            loss = self._loss(at, numbers, SENTENCES) / NETWORKS
            loss.backward()
            total += float(loss.detach())
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), MOST_NORM)
        self._optimiser.step()
        return total

    def _loss(self, at: int, numbers: np.random.Generator, sentences: int) -> torch.Tensor:
        among = self._withheld if numbers.random() < WITHHELD else self._told
        judged = self._judged[at]
        said = drawn(self._worlds[at], judged, among[at], sentences, numbers)
        return loss_of(self._model, among[at].of_network(), said)

    def _watched_loss(self) -> float:
        numbers = np.random.default_rng([self._seed, 2])
        self._model.eval()
        with torch.no_grad():
            watched = [i for i in range(len(self._worlds)) if _is_watched(i)]
            return float(np.mean([float(self._loss(i, numbers, SENTENCES)) for i in watched]))

    def _judge_days(self, number: int, lesson: Lesson) -> None:
        """Of some networks, kept in one file of the round."""
        path = self._directory / f"days-{number}.json"
        order = np.random.default_rng([self._seed, number, 3]).permutation(len(self._worlds))
        chosen = order[: lesson.networks].tolist()
        if path.exists():
            kept = json.loads(path.read_text(encoding="utf-8"))
            self._advance(len(chosen))
        else:
            began_s = time.process_time()
            model = self.numpy_model() if number else None
            found = []
            for at in chosen:
                days = self._days(self._worlds[at], self._judged[at], number, at, lesson, model)
                found.append([[list(point), cost] for point, cost in days.items()])
                self._advance(1)
            kept = {"cpu_s": time.process_time() - began_s, "networks": found}
            part = path.with_suffix(".part")
            part.write_text(json.dumps(kept), encoding="utf-8")
            part.replace(path)
        if self._steps == sum(one.steps for one in self._curriculum[:number]):
            self._cpu_s += kept["cpu_s"]
        for at, rows in zip(chosen, kept["networks"], strict=True):
            self._judged[at].update({tuple(point): cost for point, cost in rows})

    def _days(
        self,
        world: World,
        known: Judged,
        number: int,
        at: int,
        lesson: Lesson,
        model: Llama | None,
    ) -> dict[tuple[int, ...], float]:
        if model is None:
            return world.searched(lesson.days, self._seed * 1000 + at)
        numbers = np.random.default_rng([self._seed, number, at])
        return world.imagined(model, known, lesson.days, numbers)

    def numpy_model(self) -> Llama:
        """As it is now, without torch."""
        return Llama.of({k: v.detach().numpy() for k, v in self._model.state_dict().items()})

    def _advance(self, more: int) -> None:
        self._done += more
        total = sum(
            min(lesson.networks, len(self._worlds)) + lesson.steps for lesson in self._curriculum
        )
        self._progress(self._done, total)

    def _line(self) -> str:
        last = self._rounds[-1]
        return (
            f"round {len(self._rounds)} of {len(self._curriculum)}: {last.days} days judged so far;"
            f" loss {last.loss:.3f}, on networks that are not learned {last.loss_watched:.3f}; "
            f"{self._cpu_s:.0f} CPU s so far"
        )

    def _keep(self) -> None:
        path = self._directory / CHECKPOINT
        being_written = path.with_suffix(".part")
        torch.save(
            {
                "about": self._about,
                "model": self._model.state_dict(),
                "optimiser": self._optimiser.state_dict(),
                "rounds": [told.model_dump(mode="json") for told in self._rounds],
                "steps": self._steps,
                "losses": self._losses,
                "cpu_s": self._cpu_s,
            },
            being_written,
        )
        being_written.replace(path)

    def _resume(self) -> None:
        path = self._directory / CHECKPOINT
        if not path.exists():
            return
        kept = torch.load(path, weights_only=True)
        if kept["about"] != self._about:
            raise BadInput(
                f"{self._directory} holds a run with another seed or other lessons; give another "
                "directory"
            )
        self._model.load_state_dict(kept["model"])
        self._optimiser.load_state_dict(kept["optimiser"])
        self._rounds = [Round.model_validate(told) for told in kept["rounds"]]
        self._steps, self._losses = int(kept["steps"]), list(kept["losses"])
        self._cpu_s = float(kept["cpu_s"])


def _is_watched(place: int) -> bool:
    return place % WATCHED == WATCHED - 1


def _rate(step: int, of: int) -> float:
    """Up at first, then down along half a cosine."""
    fallen = 0.5 * (1.0 + math.cos(math.pi * step / of))
    return min(1.0, (step + 1) / WARM_UP) * (LEAST_RATE + (LEARNING_RATE - LEAST_RATE) * fallen)
