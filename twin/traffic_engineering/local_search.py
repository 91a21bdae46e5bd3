"""Local search over all weights: many small changes, some of them for the worse."""

from itertools import count

import numpy as np

from twin.physics.changes import Changes
from twin.physics.compiled import IntArray
from twin.traffic_engineering.budget import Budget
from twin.traffic_engineering.setting import WeightSetting, single_changes
from twin.traffic_engineering.ties import tie_weights

AT_ONCE = 64
"""Changes that are drawn for a step, of which the best is taken."""

CYCLE = 200
"""Steps until it is as cold as it gets, and goes on from the best so far."""

WARMTHS = (0.002, 0.02, 0.2)
"""By such a share, at most, a step may let the soft maximum get higher at the beginning of a cycle;
cycles take turns. Cold ones descend, warm ones get out of where those end."""

_SEARCHED = 0.9
"""Share of the budget after which what is found is only tidied up."""

_HOT = 8
"""Busy egresses are drawn by this power of their utilisation."""

AT_REST = 1e-9
"""What is higher by less than this is as high: sums differ in their last digits."""


def local_search(
    start: WeightSetting, rng: np.random.Generator, budget: Budget, enough: float = 0.0
) -> WeightSetting:
    """The setting with the lowest highest utilisation that is found from `start`, and of the
    changes that were made for it those that it needs.

    It ends early where the utilisation comes down to `enough`.

    Source: after Fortz and Thorup, INFOCOM 2000, with weights drawn where routes change.
    """
    here = best = start
    for step in count():
        if budget.spent >= _SEARCHED or best.highest <= enough * (1.0 + AT_REST):
            break
        drawn = _drawn(here, rng)
        cost, _ = here.priced(drawn, budget)
        cycle, in_cycle = divmod(step, CYCLE)
        warmth = WARMTHS[cycle % len(WARMTHS)] * (1.0 - in_cycle / CYCLE)
        allowed = here.cost * (1.0 + warmth * rng.random())
        if len(cost) and cost.min() <= allowed:
            i = int(cost.argmin())
            chosen = drawn.part(i, i + 1)
            here = here.with_change(chosen.arcs, chosen.weights)
            best = min(best, here, key=lambda setting: setting.highest)
        else:
            # Also where there was nothing to price.
            budget.spend(0)
        if in_cycle == CYCLE - 1:
            here = best
    return without_needless(best, budget)


def without_needless(setting: WeightSetting, budget: Budget) -> WeightSetting:
    """The same with weights put back as configured, as long as nothing gets higher by it."""
    configured = setting.problem.configured
    most = setting.highest * (1.0 + AT_REST)
    while budget.spent < 1.0 and len(changed := setting.changed):
        cost, highest = setting.priced(single_changes(changed, configured[changed]), budget)
        free = changed[np.argsort(cost, kind="stable")]
        free = free[np.isin(free, changed[highest <= most])]
        if not len(free):
            break
        # What can be put back alone cannot always be put back together: as many as can.
        sizes = np.unique(np.minimum(len(free), 1 << np.arange(len(free).bit_length() + 1)))
        several = Changes(
            np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
            np.concatenate([free[:size] for size in sizes]),
            np.concatenate([configured[free[:size]] for size in sizes]),
        )
        _, highest = setting.priced(several, budget)
        fits = sizes[highest <= most]
        if not len(fits):
            break
        together = free[: fits.max()]
        setting = setting.with_change(together, configured[together])
    return setting


def _drawn(here: WeightSetting, rng: np.random.Generator) -> Changes:
    """Changes, each once, of one end of a link or of both: where traffic over a busy egress, or
    what goes where that goes, would split otherwise, at the busy node or anywhere.
    """
    problem = here.problem
    compiled = problem.compiled
    heat = here.utilisation.max(axis=1) ** _HOT
    busy = rng.choice(compiled.n_arcs, AT_ONCE, p=heat / heat.sum())
    sent = np.cumsum(here.base.sent_over(busy), axis=0)
    drawn = rng.random(AT_ONCE) * sent[-1]
    targets = np.minimum((sent <= drawn).sum(axis=0), compiled.n_nodes - 1)
    anywhere = rng.integers(0, compiled.n_nodes, AT_ONCE)
    nodes = np.where(rng.random(AT_ONCE) < 0.5, compiled.tail[busy], anywhere)
    arcs = problem.egresses[nodes, rng.integers(0, problem.egresses.shape[1], AT_ONCE)]
    weights = tie_weights(here, arcs, targets)
    fits = (arcs >= 0) & problem.free[arcs] & (weights > 0)
    weights += rng.integers(-1, 2, AT_ONCE)
    fits &= (weights >= 1) & (weights <= problem.largest) & (weights != here.weights[arcs])
    both = (rng.random(AT_ONCE) < 0.5) & problem.free[arcs ^ 1]
    once = np.unique(np.stack([arcs[fits], weights[fits], both[fits]]), axis=1)
    return _of_one_end_or_both(*once)


def _of_one_end_or_both(arcs: IntArray, weights: IntArray, both: IntArray) -> Changes:
    """Scenarios that set `arcs` (S,), and where `both` is 1 the other ends of their links too."""
    ends = np.stack([arcs, arcs ^ 1], axis=1)
    wanted = np.stack([np.ones_like(both), both], axis=1) == 1
    first = np.concatenate(([0], np.cumsum(1 + both))).astype(np.int64)
    return Changes(first, ends[wanted], np.repeat(weights, 1 + both))
