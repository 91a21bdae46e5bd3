"""Searched weights: against trying all of a small network, and what must hold of any."""

from collections.abc import Sequence
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings

from tests.twin.traffic_engineering.networks import LADDER, drawn_problems, problem
from twin.physics.changes import Changes
from twin.traffic_engineering.budget import Budget
from twin.traffic_engineering.few_changes import few_changes
from twin.traffic_engineering.local_search import local_search, without_needless
from twin.traffic_engineering.optimum import free_split_optimum
from twin.traffic_engineering.setting import WeightProblem, WeightSetting, single_changes

# With equal weights 0 sends half of its 6 by way of 1, which has 5 of its own for 2.
CROWDED = {(0, 2): 6.0, (1, 2): 5.0, (1, 0): 3.0, (3, 1): 4.0}
REVERSED = {(target, source): gbps for (source, target), gbps in CROWDED.items()}

SIX = ((0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (0, 5), (1, 4))


def best_of_all(found: WeightProblem, levels: Sequence[int]) -> float:
    """The lowest highest utilisation with each arc at one of `levels`, all of them tried."""
    arcs = found.compiled.n_arcs
    every = np.array(list(product(levels, repeat=arcs)), dtype=np.int64)
    changes = Changes(
        np.arange(len(every) + 1, dtype=np.int64) * arcs,
        np.tile(np.arange(arcs), len(every)),
        every.ravel(),
    )
    _, highest = found.setting(found.configured).priced(changes, Budget())
    return float(highest.min())


def searched(found: WeightProblem, what_ifs: int = 20_000, seed: int = 1) -> WeightSetting:
    start = found.setting(found.configured)
    return local_search(start, np.random.default_rng(seed), Budget(what_ifs=what_ifs))


@pytest.mark.parametrize("demands", [[CROWDED], [CROWDED, REVERSED]])
def test_no_weights_of_three_levels_beat_those_that_are_found(
    demands: list[dict[tuple[int, int], float]],
) -> None:
    found = problem(4, LADDER, demands)
    best = best_of_all(found, (1, 2, 3))
    start = found.setting(found.configured)
    assert best < start.highest - 0.05
    reached = searched(found)
    assert reached.highest <= best + 1e-9
    bounds = [free_split_optimum(found.compiled, found.configured, x) for x in found.traffic_bps]
    assert reached.highest >= max(bounds) - 1e-9


def test_six_nodes_reach_what_all_weights_of_two_levels_reach() -> None:
    found = problem(6, SIX, [{(0, 3): 7.0, (5, 2): 6.0, (1, 4): 3.0}])
    assert searched(found).highest <= best_of_all(found, (1, 3)) + 1e-9


@pytest.mark.parametrize("demands", [[CROWDED], [CROWDED, REVERSED]])
def test_the_best_single_change_is_the_best_of_all_single_changes(
    demands: list[dict[tuple[int, int], float]],
) -> None:
    found = problem(4, LADDER, demands)
    start = found.setting(found.configured)
    arcs = np.repeat(np.arange(found.compiled.n_arcs), 60)
    every = single_changes(arcs, np.tile(np.arange(1, 61), found.compiled.n_arcs))
    _, highest = start.priced(every, Budget())
    none, one = few_changes(start, 1, Budget(), lambda: True)
    assert none is start
    assert one.highest == pytest.approx(min(start.highest, float(highest.min())), rel=1e-12)
    assert len(one.changed) <= 1


@given(found=drawn_problems())
@settings(max_examples=15)
def test_more_changes_are_never_worse_and_never_more_than_said(found: WeightProblem) -> None:
    few = few_changes(found.setting(found.configured), 5, Budget(), lambda: True)
    assert len(few) == 6
    assert all(len(x.changed) <= count for count, x in enumerate(few))
    assert all(b.highest <= a.highest for a, b in pairwise(few))


@given(found=drawn_problems())
@settings(max_examples=15)
def test_what_is_found_is_never_worse_and_never_beats_free_splits(found: WeightProblem) -> None:
    reached = searched(found, 1500)
    bound = free_split_optimum(found.compiled, found.configured, found.traffic_bps[0])
    assert bound * (1 - 1e-7) <= reached.highest <= found.setting(found.configured).highest
    assert reached.weights.min() >= 1
    assert reached.weights.max() <= found.largest
    anew = found.setting(reached.weights)
    assert anew.highest == reached.highest


@given(found=drawn_problems())
@settings(max_examples=15)
def test_no_change_that_is_left_could_be_put_back_alone(found: WeightProblem) -> None:
    reached = searched(found, 1500)
    tidied = without_needless(reached, Budget())
    assert tidied.highest <= reached.highest * (1 + 1e-8)
    changed = tidied.changed
    back = single_changes(changed, found.configured[changed])
    _, highest = tidied.priced(back, Budget())
    assert (highest > tidied.highest).all()


def test_the_same_seed_finds_the_same_weights() -> None:
    found = problem(6, SIX, [{(0, 3): 7.0, (5, 2): 6.0, (1, 4): 3.0}], [3, 5, 4, 6, 2, 7, 3])
    first, second = searched(found, 3000), searched(found, 3000)
    assert first.weights.tolist() == second.weights.tolist()


def test_weights_that_nobody_may_set_stay() -> None:
    found = problem(4, LADDER, [CROWDED], [10, 10, 10, 10, 65_535])
    assert not found.free[8:].any()
    assert not set(searched(found, 3000).changed.tolist()) & {8, 9}
    few = few_changes(found.setting(found.configured), 3, Budget(), lambda: True)
    assert not set(few[-1].changed.tolist()) & {8, 9}


def test_a_tree_is_left_as_it_is() -> None:
    found = problem(3, ((0, 1), (1, 2)), [{(0, 2): 5.0}])
    start = found.setting(found.configured)
    assert not len(searched(found, 500).changed)
    assert few_changes(start, 3, Budget(), lambda: True)[-1].highest == start.highest
