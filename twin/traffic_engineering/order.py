"""In which order to make many changes, one at a time."""

import numpy as np

from twin.physics.compiled import IntArray
from twin.traffic_engineering.budget import Budget
from twin.traffic_engineering.setting import WeightProblem, single_changes

LOOKED_AT = 64
"""Changes among which the next is chosen."""


def in_order(problem: WeightProblem, weights: IntArray) -> tuple[list[int], list[float]]:
    """The arcs whose weights differ from those configured, and the highest utilisation once each,
    and those before it, is as in `weights`. Next is always what leaves that lowest.
    """
    here = problem.setting(problem.configured)
    waiting = np.flatnonzero(weights != problem.configured)
    arcs: list[int] = []
    highest: list[float] = []
    while len(waiting):
        some = waiting[:LOOKED_AT]
        cost, _ = here.priced(single_changes(some, weights[some]), Budget())
        i = int(cost.argmin())
        here = here.with_change(some[i], weights[some[i]])
        arcs.append(int(some[i]))
        highest.append(here.highest)
        waiting = np.delete(waiting, i)
    return arcs, highest
