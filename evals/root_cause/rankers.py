"""Rankers of root causes: ours, and the simpler ones that it has to beat."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from evals.root_cause.petshop import Issue
from twin.diagnosis.explained_change import (
    ANOMALOUS_Z,
    LARGEST_Z,
    Troubled,
    ranked_causes,
)

Ranker = Callable[[Troubled], Sequence[str]]

RESTART = 0.15
"""How often the random walk begins anew, as PageRank does."""


def explained_change(case: Troubled) -> Sequence[str]:
    """Ours, with the constants that ship."""
    return [name for name, _ in ranked_causes(case, ANOMALOUS_Z, LARGEST_Z)]


def largest_z(case: Troubled) -> Sequence[str]:
    """The component that changed most; the target, where it was seen, comes last."""
    return _by({name: change.z for name, change in case.changes.items()}, case.target)


def leaf(case: Troubled) -> Sequence[str]:
    """Anomalous without an anomalous callee, then the anomalous others; each by z."""
    wrong = {n: c.z for n, c in case.changes.items() if c.z >= ANOMALOUS_Z}
    is_leaf = {n: not any(c in wrong for c in case.callees.get(n, ()) if c != n) for n in wrong}
    return sorted(wrong, key=lambda n: (not is_leaf[n], -wrong[n], n))


def random_walk(case: Troubled) -> Sequence[str]:
    """How often a walk along calls from the target is at each component, drawn by z."""
    names = sorted({case.target, *case.changes})
    weight = np.array([max(case.changes[n].z, 0.0) if n in case.changes else 0.0 for n in names])
    weight = np.minimum(weight, LARGEST_Z) + 1e-9
    step = np.zeros((len(names), len(names)))
    for i, name in enumerate(names):
        callees = [names.index(c) for c in case.callees.get(name, ()) if c in names]
        # It may stay where it is, so that it rests at a cause.
        targets = [*dict.fromkeys([*callees, i])]
        step[i, targets] = weight[targets] / weight[targets].sum()
    start = np.array([name == case.target for name in names], dtype=float)
    at = start
    for _ in range(200):
        at = RESTART * start + (1 - RESTART) * at @ step
    return _by(dict(zip(names, at.tolist(), strict=True)), case.target)


def constant(issues: Sequence[Issue]) -> Ranker:
    """The cause that is most frequent in `issues`, whatever is seen."""
    causes = [issue.cause for issue in issues]
    first = max(sorted(set(causes)), key=causes.count) if causes else ""
    return lambda _: [first]


def _by(scores: Mapping[str, float], last: str) -> Sequence[str]:
    return sorted(scores, key=lambda n: (n == last, -scores[n], n))


BASELINES: Mapping[str, Ranker] = {
    "largest z of the target's metric": largest_z,
    "anomalous without anomalous callee": leaf,
    "random walk, weighted by z": random_walk,
}
