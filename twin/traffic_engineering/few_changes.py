"""The best that few changes do: a beam over every single change."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twin.traffic_engineering.budget import Budget
from twin.traffic_engineering.setting import WeightSetting, single_changes
from twin.traffic_engineering.ties import single_steps

WIDTH = 4
"""Settings of each depth that are gone on from."""


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """A setting with one weight changed, not made yet."""

    cost: float
    highest: float
    parent: WeightSetting
    arc: int
    weight: int

    @property
    def weights(self) -> bytes:
        weights = self.parent.weights.copy()
        weights[self.arc] = self.weight
        return weights.tobytes()


def few_changes(
    start: WeightSetting, most: int, budget: Budget, goes_on: Callable[[], bool]
) -> list[WeightSetting]:
    """The best found with at most 0, 1, ... `most` changes: none is higher than those before it.

    It ends early when `goes_on` says no more. A change that helps only with the next may be for the
    worse.
    """
    frontier, best = [start], [start]
    for _ in range(most):
        if goes_on():
            frontier = _children(frontier, budget)
        best.append(min([best[-1], *frontier], key=lambda setting: setting.highest))
    return best


def _children(frontier: list[WeightSetting], budget: Budget) -> list[WeightSetting]:
    steps: dict[bytes, _Step] = {}
    for parent in frontier:
        arcs, weights = single_steps(parent)
        cost, highest = parent.priced(single_changes(arcs, weights), budget)
        good = np.argsort(cost, kind="stable")[: 2 * WIDTH]
        low = np.lexsort((cost, highest.round(9)))[: 2 * WIDTH]
        for i in dict.fromkeys([*good.tolist(), *low.tolist()]):
            step = _Step(float(cost[i]), float(highest[i]), parent, int(arcs[i]), int(weights[i]))
            # Two orders of the same changes are one.
            steps.setdefault(step.weights, step)
    by_cost = sorted(steps.values(), key=lambda step: step.cost)[:WIDTH]
    by_highest = sorted(steps.values(), key=lambda step: (round(step.highest, 9), step.cost))
    chosen = dict.fromkeys([*by_cost, *by_highest[:WIDTH]])
    return [step.parent.with_change(step.arc, step.weight) for step in chosen]
