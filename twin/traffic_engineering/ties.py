"""The weights at which routes change."""

import numpy as np

from twin.physics.compiled import NO_ARC, IntArray
from twin.physics.routing import UNREACHABLE
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


def every_change(setting: WeightSetting) -> tuple[IntArray, IntArray]:
    """Arcs and weights of all single changes that send any traffic another way, each once.

    Between two weights at which an arc ties nothing changes, so that these, and one above each and
    one below the first, are all. The egresses of nodes with a highly utilised one come first.
    """
    problem = setting.problem
    free, n = np.flatnonzero(problem.free), problem.compiled.n_nodes
    found: list[IntArray] = []
    for arc in free.tolist():
        ties = np.unique(tie_weights(setting, np.full(n, arc), np.arange(n)))
        ties = ties[ties > 0]
        levels = np.unique(np.concatenate([ties[:1] - 1, ties, ties + 1]))
        levels = levels[(levels >= 1) & (levels <= problem.largest)]
        found.append(levels[levels != setting.weights[arc]])
    hot = np.zeros(n)
    np.maximum.at(hot, problem.compiled.tail, setting.utilisation.max(axis=1))
    order = np.argsort(-hot[problem.compiled.tail[free]], kind="stable").tolist()
    arcs = np.repeat(free[order], [len(found[i]) for i in order])
    levels = [found[i] for i in order]
    return arcs, np.concatenate([*levels, np.zeros(0, dtype=np.int64)])
