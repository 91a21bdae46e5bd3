"""The weights at which routes change."""

import numpy as np

from twin.physics.compiled import NO_ARC, IntArray
from twin.physics.routing import UNREACHABLE, route
from twin.traffic_engineering.setting import WeightSetting

_FAR = 1 << 40


def tie_weights(setting: WeightSetting, arcs: IntArray, targets: IntArray) -> IntArray:
    """The weight with which each of `arcs` leads to its target as far as the best other egress of
    its tail, (S,). Below, all goes over it, and above, nothing. Not above 0 where there is no such.
    """
    compiled, weights = setting.problem.compiled, setting.weights
    distance = setting.base.routing.distance
    others = setting.problem.egresses[compiled.tail[arcs]]
    ahead = distance[targets[:, None], compiled.head[others]]
    leads = (others >= 0) & (others != arcs[:, None])
    leads &= (weights[others] != NO_ARC) & (ahead != UNREACHABLE)
    best = np.where(leads, weights[others] + ahead, _FAR).min(axis=1)
    beyond = distance[targets, compiled.head[arcs]]
    found = (best != _FAR) & (beyond != UNREACHABLE)
    return np.where(found, best - beyond, 0)


def single_steps(setting: WeightSetting) -> tuple[IntArray, IntArray]:
    """Arcs and weights of single changes, each once: all that have the tail of an arc itself send
    otherwise, and the least weight, with which most of what comes from farther off does too.

    The egresses of nodes with a highly utilised one come first.
    """
    problem = setting.problem
    free = np.flatnonzero(problem.free)
    hot = np.zeros(problem.compiled.n_nodes)
    np.maximum.at(hot, problem.compiled.tail, setting.utilisation.max(axis=1))
    free = free[np.argsort(-hot[problem.compiled.tail[free]], kind="stable")]
    found = [_levels(setting, arc) for arc in free.tolist()]
    arcs = np.repeat(free, [len(levels) for levels in found])
    return arcs, np.concatenate([*found, np.zeros(0, dtype=np.int64)])


def _levels(setting: WeightSetting, arc: int) -> IntArray:
    """Weights of `arc` that differ in where its tail sends traffic, and from the one that it has:
    those at which it ties, one above each and one below the first; and 1.
    """
    problem, weights = setting.problem, setting.weights.copy()
    weights[arc] = NO_ARC
    tail, head = problem.compiled.tail[arc], problem.compiled.head[arc]
    without = route(problem.turned, weights, np.array([tail])).distance[0]
    beyond = setting.base.routing.distance[:, head]
    ties = np.unique((without - beyond)[(without != UNREACHABLE) & (beyond != UNREACHABLE)])
    ties = ties[ties > 0]
    levels = np.unique(np.concatenate([np.ones_like(ties[:1]), ties[:1] - 1, ties, ties + 1]))
    levels = levels[(levels >= 1) & (levels <= problem.largest)]
    return np.asarray(levels[levels != setting.weights[arc]])
