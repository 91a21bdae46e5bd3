"""Fits what is simpler than draws: base rates, curves over added-up shifts, boosted trees."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from channels.provenance import code_version
from evals.prediction.cases import TASKS, Task, twin_of
from evals.prediction.networks import fitted_on
from tools.predictors.card import FitCard
from tools.predictors.opening import Fitted, arrays_of, save
from twin.imagination.prediction.added_up import AddedUp, logs_of
from twin.imagination.prediction.base_rate import BaseRate
from twin.imagination.prediction.boosted import Boosted, Forest
from twin.imagination.prediction.shifts import seen_of
from twin.physics.compiled import FloatArray

DRAWN = 64
"""Draws of each case, of which what comes true is learned."""

TREES, LEAVES, RATE, LEAST_ROWS = 150, 15, 0.1, 200


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Open answers of all cases. `seen`: (R, F). `share`: (R,) of draws in which it comes first.
    `kind`: (R,).
    """

    seen: FloatArray
    share: FloatArray
    kind: FloatArray


def fitted_to(
    question: str,
    directory: Path,
    cases: int,
    seed: int,
    progress: Callable[[int, int], object] = max,
    networks: Sequence[str] = (),
) -> FitCard:
    """Fit to so many cases of each of `networks` (none: all that may be fitted on), and keep it in
    `directory`.
    """
    names, began_s = tuple(networks or fitted_on()), time.process_time()
    fitted = fit(rows_of(TASKS[question], names, cases, seed, progress), seed)
    arrays = arrays_of(fitted)
    card = FitCard(
        weights=f"{question}.npz",
        sha256=hashlib.sha256(arrays).hexdigest(),
        question=question,
        parameters=len(fitted.boosted.forest.feature),
        seed=seed,
        cases=cases,
        cpu_s=round(time.process_time() - began_s, 1),
        code=code_version(),
        networks=names,
    )
    save(arrays, card, directory)
    return card


def rows_of(
    task: Task,
    networks: Sequence[str],
    count: int,
    seed: int,
    progress: Callable[[int, int], object] = max,
) -> Rows:
    """`count` cases of each of `networks`, as seen and as the twin's draws play them."""
    parts = list[tuple[FloatArray, FloatArray, FloatArray]]()
    for number, name in enumerate(networks):
        cases = task.cases(twin_of(name), np.random.default_rng([seed, number]))
        for struck in (case.struck for case in islice(cases, count)):
            question = task.question
            is_open = question.open(struck)
            share = question.drawn(struck, min(DRAWN, task.truth), 1).mean(axis=0)
            kind = question.traits(struck)[:, 0]
            parts.append((seen_of(struck, question)[is_open], share[is_open], kind[is_open]))
        progress(number + 1, len(networks))
    seen, share, kind = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Rows(seen, share, kind)


def fit(rows: Rows, seed: int) -> Fitted:
    """All three, of the same rows."""
    kinds = [int(k) for k in np.unique(rows.kind)]
    shares = {k: float(rows.share[rows.kind == k].mean()) for k in kinds}
    curves = {k: _curve(rows, rows.kind == k) for k in kinds}
    return Fitted(BaseRate(shares), AddedUp(curves), Boosted(_forest(rows, seed)))


def _weighted(seen: FloatArray, share: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Each row as what comes true and as what does not, by how often it does."""
    yes, no = share > 0.0, share < 1.0
    return (
        np.concatenate([seen[yes], seen[no]]),
        np.concatenate([np.ones(yes.sum()), np.zeros(no.sum())]),
        np.concatenate([share[yes], 1.0 - share[no]]),
    )


def _curve(rows: Rows, here: np.ndarray) -> tuple[float, ...]:
    from sklearn.linear_model import LogisticRegression

    seen, came, weight = _weighted(logs_of(rows.seen[here]), rows.share[here])
    curve = LogisticRegression(C=100.0, max_iter=1000).fit(seen, came, weight)
    return (float(curve.intercept_[0]), *map(float, curve.coef_[0]))


def _forest(rows: Rows, seed: int) -> Forest:
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        learning_rate=RATE,
        max_iter=TREES,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=LEAST_ROWS,
        early_stopping=False,
        random_state=seed,
    )
    model.fit(*_weighted(rows.seen, rows.share))
    return forest_of(model)


def forest_of(model: object) -> Forest:
    """The trees of a fitted HistGradientBoostingClassifier of two classes.

    scikit-learn has no public way to its nodes; that the forest says the same is tested.
    """
    trees = [one.nodes for (one,) in model._predictors]  # type: ignore[attr-defined]
    sizes = [len(nodes) for nodes in trees]
    root = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    nodes, offset = np.concatenate(trees), np.repeat(root, sizes)
    return Forest(
        feature=nodes["feature_idx"].astype(np.int64),
        threshold=nodes["num_threshold"].astype(np.float64),
        left=nodes["left"].astype(np.int64) + offset,
        right=nodes["right"].astype(np.int64) + offset,
        is_leaf=nodes["is_leaf"].astype(np.bool_),
        value=nodes["value"].astype(np.float64),
        root=root,
        baseline=float(model._baseline_prediction.ravel()[0]),  # type: ignore[attr-defined]
    )
