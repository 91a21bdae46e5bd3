"""Weights at which routes change: by hand, and against trying every weight."""

import numpy as np
import pytest
from hypothesis import given, settings

from tests.twin.traffic_engineering.networks import LADDER, drawn_problems, problem
from twin.traffic_engineering.budget import Budget
from twin.traffic_engineering.setting import WeightProblem, single_changes
from twin.traffic_engineering.ties import single_steps, tie_weights

SQUARE = ((0, 1), (1, 2), (2, 3), (0, 3))
OVER_1, OVER_3 = 0, 6
"""The arcs from 0 to 1 and to 3."""


def test_an_egress_ties_where_both_ways_are_as_long() -> None:
    start = problem(4, SQUARE, [{(0, 2): 1.0}], [10, 10, 5, 10])
    here = start.setting(start.configured)
    # To 2, by way of 3 it is 10 + 5, and by way of 1 it is 10 behind the egress: 5.
    assert tie_weights(here, np.array([OVER_1]), np.array([2])).tolist() == [5]
    # To 2, by way of 1 it is 10 + 10, and by way of 3 it is 5 behind the egress: 15.
    assert tie_weights(here, np.array([OVER_3]), np.array([2])).tolist() == [15]


def test_an_egress_without_another_beside_it_ties_nowhere() -> None:
    start = problem(3, ((0, 1), (1, 2)), [{(0, 2): 1.0}])
    here = start.setting(start.configured)
    assert tie_weights(here, np.array([0]), np.array([2])).tolist() == [0]
    arcs, _ = single_steps(here)
    assert 0 not in arcs


@given(found=drawn_problems())
@settings(max_examples=25)
def test_above_its_last_tie_an_egress_has_nothing_more_to_lose(found: WeightProblem) -> None:
    here = found.setting(found.configured)
    arcs, weights = single_steps(here)
    assert len(set(zip(arcs.tolist(), weights.tolist(), strict=True))) == len(arcs)
    for arc in set(arcs.tolist()):
        last = max(int(weights[arcs == arc].max()), int(found.configured[arc]))
        after = here.base.loads_after(
            single_changes(np.array([arc, arc]), np.array([last, last + 50]))
        )
        assert after[0] == pytest.approx(after[1], abs=1.0)


@given(found=drawn_problems())
@settings(max_examples=25)
def test_every_weight_has_the_tail_send_as_one_of_the_steps(found: WeightProblem) -> None:
    here = found.setting(found.configured)
    arcs, weights = single_steps(here)

    def hops(arc: int, weight: int) -> tuple[tuple[int, ...], ...]:
        routing = here.with_change(arc, weight).base.routing
        tail = int(found.compiled.tail[arc])
        return tuple(
            tuple(sorted(routing.next_hop_arcs(t, tail))) for t in range(found.compiled.n_nodes)
        )

    for arc in range(0, found.compiled.n_arcs, 3):
        tried = weights[arcs == arc].tolist()
        known = {hops(arc, w) for w in [*tried, int(found.configured[arc])]}
        assert all(hops(arc, weight) in known for weight in range(1, 40))


def test_a_change_is_found_though_the_other_way_led_back_over_the_arc() -> None:
    # From 4, the way to 1 is back over 0. Only above 40 is 4-3-2-1 the better one for 0.
    ring = ((0, 1), (1, 2), (2, 3), (3, 4), (0, 4))
    start = problem(5, ring, [{(0, 1): 1.0}])
    here = start.setting(start.configured)
    arcs, weights = single_steps(here)
    assert {40, 41} <= set(weights[arcs == OVER_1].tolist())


def test_what_a_budget_ended_before_is_no_choice() -> None:
    start = problem(4, LADDER, [{(0, 2): 2.0, (1, 2): 6.0}])
    here = start.setting(start.configured)
    many = np.zeros(200_000, dtype=np.int64)
    cost, highest = here.priced(single_changes(many, many + 7), Budget(what_ifs=1))
    assert np.isfinite(cost[0])
    assert np.isinf(cost[-1])
    assert np.isinf(highest[-1])
