"""How well a predictor says what comes true: log-loss, what it puts first, and reliability."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import numpy as np

from evals.prediction.cases import Case, Task, twin_of
from twin.imagination.prediction.draws import Draws
from twin.imagination.prediction.predictor import BoolArray, Predictor
from twin.nouns.base import Noun
from twin.physics.compiled import FloatArray

EDGES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
"""Of the bins of reliability."""

TRUTH_SEED, CEILING_SEED = 1_000_003, 2_000_003
"""Draws that say what comes true, and as many others that are compared with them."""

CEILING, BOUND = "as many other draws", "entropy"
"""Two rows beside the predictors: what independent draws, as many as say what comes true, predict,
and what nothing can be below."""

_LEAST = 1e-6


class Bin(Noun):
    """Answers whose probability is between two EDGES. `said`: the sum of these; `came`: of the
    shares of draws in which they came true.
    """

    count: int = 0
    said: float = 0.0
    came: float = 0.0


class Score(Noun):
    """Of one predictor on one network. `log_loss`: nats a case, in the mean: of the answer that is
    the first where one alone can be, else summed over the answers. `first`, `later`: cases in which
    something comes next, before and after further rounds, and in how many of these the likeliest
    answer and one of the three likeliest is it. `cpu_ms`: a case. `bins`: of all answers but that
    nothing comes next, and `nothing` of that.
    """

    cases: int
    log_loss: float
    first: tuple[float, float, float] = (0.0, 0.0, 0.0)
    later: tuple[float, float, float] = (0.0, 0.0, 0.0)
    cpu_ms: float = 0.0
    bins: tuple[Bin, ...] = ()
    nothing: tuple[Bin, ...] = ()


def scores(
    task: Task, network: str, seed: int, count: int, predictors: Sequence[Predictor]
) -> Mapping[str, Score]:
    """Of every predictor over the same cases of `network`, by name; none where nothing trips."""
    tallies: dict[str, _Tally] = {}
    cases = task.cases(twin_of(network), np.random.default_rng([seed, 99]))
    for case in islice(cases, count):
        truth = task.question.drawn(case.struck, task.truth, TRUTH_SEED)
        is_open = task.question.open(case.struck)
        for name, said, cpu_s in _said(task, case, is_open, truth, predictors):
            tally = tallies.setdefault(name, _Tally(task.question.exclusive))
            tally.add(case, said, truth, is_open, cpu_s)
    return {name: tally.score() for name, tally in tallies.items()}


def _said(
    task: Task, case: Case, is_open: BoolArray, truth: BoolArray, predictors: Sequence[Predictor]
) -> Iterator[tuple[str, FloatArray, float]]:
    for predictor in predictors:
        began_s = time.process_time()
        said = predictor.predict(case.struck, task.question)
        yield predictor.name, said, time.process_time() - began_s
    if not task.question.exclusive:
        other = Draws(task.truth, CEILING_SEED).predict(case.struck, task.question)
        yield CEILING, other, 0.0
        yield BOUND, np.where(is_open, truth.mean(axis=0), 0.0), 0.0


class _Tally:
    def __init__(self, exclusive: bool) -> None:
        self._exclusive = exclusive
        self._losses, self._cpu_s = list[float](), 0.0
        self._hits = {False: np.zeros(3), True: np.zeros(3)}
        self._bins = np.zeros((len(EDGES) - 1, 3))
        self._nothing = np.zeros((len(EDGES) - 1, 3))

    def add(
        self, case: Case, said: FloatArray, truth: BoolArray, is_open: BoolArray, cpu_s: float
    ) -> None:
        """`said`: (A,) of a case; `truth`: (S, A) what comes true, draw by draw."""
        came = truth.mean(axis=0)
        self._losses.append(_log_loss(said, came, is_open, self._exclusive))
        self._cpu_s += cpu_s
        something = truth[~truth[:, -1]]
        if len(something):
            order = np.argsort(-said[:-1], kind="stable")
            share = len(something) / len(truth)
            top1 = share * float(something[:, order[0]].mean())
            top3 = share * float(something[:, order[:3]].any(axis=1).mean())
            self._hits[case.rounds > 0] += (share, top1, top3)
        place = np.clip(np.searchsorted(EDGES, said, side="right") - 1, 0, len(EDGES) - 2)
        rows = np.stack([np.ones(len(said)), said, came], axis=1)
        here = np.flatnonzero(is_open[:-1])
        np.add.at(self._bins, place[here], rows[here])
        self._nothing[place[-1]] += rows[-1]

    def score(self) -> Score:
        """Of all that was added."""
        first, later = (tuple(map(float, self._hits[key])) for key in (False, True))
        return Score(
            cases=len(self._losses),
            log_loss=float(np.mean(self._losses)),
            first=(first[0], first[1], first[2]),
            later=(later[0], later[1], later[2]),
            cpu_ms=1e3 * self._cpu_s / len(self._losses),
            bins=_bins(self._bins),
            nothing=_bins(self._nothing),
        )


def _log_loss(said: FloatArray, came: FloatArray, is_open: BoolArray, exclusive: bool) -> float:
    if exclusive:
        return -math.log(max(float(said[came.argmax()]), _LEAST))
    chance = np.clip(said[is_open], _LEAST, 1.0 - _LEAST)
    share = came[is_open]
    return float(-(share * np.log(chance) + (1.0 - share) * np.log(1.0 - chance)).sum())


def _bins(sums: FloatArray) -> tuple[Bin, ...]:
    return tuple(
        Bin(count=int(count), said=round(said, 6), came=round(came, 6))
        for count, said, came in sums.tolist()
    )
