"""What fails next: every predictor on the same cases, of networks that nothing was fitted on.

A play asks one question about cases of one network. `trips` is the reference task, whose answer is
exact; `departures` is what an incident asks, and the twin's draws say what comes true.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from statistics import fmean

import numpy as np
from pydantic import PositiveInt

from evals.campaigns.campaign import Campaign, Spec
from evals.campaigns.records import Record, code_text, raised_text
from evals.prediction.cases import TASKS
from evals.prediction.predictors import predictors_for
from evals.prediction.scoring import BOUND, CEILING, EDGES, Bin, Score, scores
from twin.imagination.prediction.added_up import AddedUp
from twin.nouns.base import Noun
from twin.physics.compiled import FloatArray

_DRAWS = 2000


class PredictionsSpec(Spec):
    """`count`: cases of each network and seed, by question."""

    count: dict[str, PositiveInt]


class Play(Noun):
    """One question about one network."""

    case: str
    arm: str
    seed: int
    count: int


class Outcome(Noun):
    """By predictor; nothing where no case of the network is one."""

    scores: dict[str, Score]


PredictionRecord = Record[Play, Outcome]
Plays = Sequence[tuple[Play, Mapping[str, Score]]]


def _plays(spec: PredictionsSpec) -> list[Play]:
    """All of one seed before the next, so that what stops early is of all networks."""
    return [
        Play(case=case, arm=arm, seed=seed, count=spec.count[arm])
        for seed in spec.seeds
        for arm in spec.arms
        for case in spec.cases
    ]


def _play(play: Play) -> Outcome:
    task = TASKS[play.arm]
    return Outcome(
        scores=dict(scores(task, play.case, play.seed, play.count, predictors_for(play.arm)))
    )


def predictions_markdown(records: Sequence[PredictionRecord]) -> str:
    """A table for each question, and how reliable the first predictor is; from records alone."""
    ended = [(r.play, r.outcome.scores) for r in records if r.outcome is not None]
    parts = []
    for arm in dict.fromkeys(play.arm for play, _ in ended):
        played = [(play, found) for play, found in ended if play.arm == arm and found]
        networks = {play.case for play, _ in played}
        cases = sum(next(iter(found.values())).cases for _, found in played)
        parts += [
            f"**{arm}**: {cases:,} cases of {len(networks)} networks, "
            f"{len({play.seed for play, _ in played})} seeds\n\n",
            _table(played),
            _more(played),
            reliability_markdown(played) if not TASKS[arm].question.exclusive else "",
        ]
    parts.append(raised_text(records, "and are left out"))
    return "".join([*parts, f"Run: `noctua campaign predictions`, {code_text(records)}.\n"])


def _table(played: Plays) -> str:
    columns = ("log-loss", "likeliest, first", "of three, first", "likeliest, later",
               "of three, later", "CPU ms")  # fmt: skip
    names = list(dict.fromkeys(name for _, found in played for name in found))
    lines = [f"| predictor | {' | '.join(columns)} |\n|---|{'--:|' * len(columns)}\n"]
    for name in names:
        cells = [_interval(played, _loss(name), 2)]
        for later in (False, True):
            cells += [_interval(played, _hits(name, later, place), 2) for place in (1, 2)]
        cpu_ms = fmean(found[name].cpu_ms for _, found in played)
        cells.append("" if name in (CEILING, BOUND) else f"{cpu_ms:.1f}")
        lines.append(f"| {name} | {' | '.join(cells)} |\n")
    return "".join([*lines, "\n"])


def _more(played: Plays) -> str:
    """How much better each predictor is than added-up shifts."""
    plain = AddedUp.name
    names = [n for n in dict.fromkeys(n for _, f in played for n in f) if n not in (plain, BOUND)]
    lines = [f"| better than {plain} by | log-loss | likeliest, first | of three, first |\n",
             "|---|--:|--:|--:|\n"]  # fmt: skip
    for name in names:
        cells = [_interval(played, _less(_loss(plain), _loss(name)), 2)]
        for place in (1, 2):
            more = _less(_hits(name, False, place), _hits(plain, False, place))
            cells.append(_interval(played, more, 3))
        lines.append(f"| {name} | {' | '.join(cells)} |\n")
    return "".join([*lines, "\n"])


Parts = Callable[[Mapping[str, Score]], tuple[float, float]]
"""Of one play, a sum and of how many."""


def _loss(name: str) -> Parts:
    return lambda found: (found[name].log_loss * found[name].cases, found[name].cases)


def _hits(name: str, later: bool, place: int) -> Parts:
    def of(found: Mapping[str, Score]) -> tuple[float, float]:
        hits = found[name].later if later else found[name].first
        return hits[place], hits[0]

    return of


def _less(one: Parts, other: Parts) -> Parts:
    return lambda found: (one(found)[0] - other(found)[0], one(found)[1])


def _interval(played: Plays, of: Parts, digits: int) -> str:
    """Over all cases, and its 95 % interval: networks drawn again, and seeds within each."""
    by_network = defaultdict[str, list[tuple[float, float]]](list)
    for play, found in played:
        by_network[play.case].append(of(found))
    sums = [np.array(parts) for parts in by_network.values()]
    whole = np.concatenate(sums).sum(axis=0)
    if not whole[1]:
        return ""
    low, high = np.quantile(_drawn(sums), (0.025, 0.975))
    return f"{whole[0] / whole[1]:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def _drawn(sums: Sequence[FloatArray]) -> FloatArray:
    numbers = np.random.default_rng(0)
    means = []
    for _ in range(_DRAWS):
        chosen = [sums[i] for i in numbers.integers(len(sums), size=len(sums))]
        again = [one[numbers.integers(len(one), size=len(one))].sum(axis=0) for one in chosen]
        total = np.sum(again, axis=0)
        means.append(total[0] / max(total[1], 1e-9))
    return np.array(means)


def reliability_markdown(played: Plays) -> str:
    """Of what is said to be so probable, how much came true, by predictor."""
    names = [n for n in dict.fromkeys(n for _, f in played for n in f) if n not in (CEILING, BOUND)]
    lines = [f"| said | {' | '.join(names)} |\n|---|{'--:|' * len(names)}\n"]
    pooled = {name: pooled_bins([found[name] for _, found in played]) for name in names}
    for place in range(1, len(EDGES) - 1):
        cells = []
        for name in names:
            one = pooled[name][place]
            cells.append(f"{one.came / one.count:.0%} of {one.count:,}" if one.count else "")
        lines.append(f"| {EDGES[place]:.0%} to {EDGES[place + 1]:.0%} | {' | '.join(cells)} |\n")
    return "".join([*lines, "\n"])


def pooled_bins(found: Sequence[Score]) -> list[Bin]:
    """Of all plays together, those of what comes next."""
    return [
        Bin(
            count=sum(score.bins[i].count for score in found),
            said=sum(score.bins[i].said for score in found),
            came=sum(score.bins[i].came for score in found),
        )
        for i in range(len(EDGES) - 1)
    ]


CAMPAIGN = Campaign(
    name="predictions",
    file=files(__package__) / "predictions.yaml",
    spec=PredictionsSpec,
    record=PredictionRecord,
    plays=_plays,
    together=lambda play: play.case,
    play=_play,
    table=predictions_markdown,
)
