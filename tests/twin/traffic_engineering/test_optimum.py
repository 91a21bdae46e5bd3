"""Free splits: worked by hand, and against the largest flow of one pair."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings

from tests.twin.traffic_engineering.networks import LADDER, drawn_problems, problem
from twin.physics.compiled import NO_ARC
from twin.traffic_engineering.optimum import free_split_optimum
from twin.traffic_engineering.setting import WeightProblem

TWO_WAYS = ((0, 1), (1, 3), (0, 2), (2, 3))


def optimum(found: WeightProblem) -> float:
    return free_split_optimum(found.compiled, found.configured, found.traffic_bps[0])


def test_traffic_splits_by_what_each_way_carries() -> None:
    # 20 over ways of 10 and 30: 5 and 15 load both at one half. Evenly, 10 would fill the first.
    found = problem(4, TWO_WAYS, [{(0, 3): 20.0}], capacity_gbps=[10, 10, 30, 30])
    assert optimum(found) == pytest.approx(0.5)
    assert found.setting(found.configured).highest == pytest.approx(1.0)


def test_two_pairs_share_what_they_have_in_common() -> None:
    # 0 sends 2 to 2 and 1 sends 6 to 2. What enters 2 comes over 1-2 and 3-2: 4 on each is least.
    found = problem(4, LADDER, [{(0, 2): 2.0, (1, 2): 6.0}])
    assert optimum(found) == pytest.approx(0.4)


def test_a_link_that_is_down_carries_nothing() -> None:
    found = problem(4, TWO_WAYS, [{(0, 3): 8.0}])
    weights = found.configured.copy()
    assert optimum(found) == pytest.approx(0.4)
    weights[:2] = NO_ARC
    assert free_split_optimum(found.compiled, weights, found.traffic_bps[0]) == pytest.approx(0.8)


@given(found=drawn_problems())
@settings(max_examples=30)
def test_one_pair_fills_its_narrowest_cut(found: WeightProblem) -> None:
    graph: nx.DiGraph[int] = nx.DiGraph()
    compiled = found.compiled
    for tail, head, capacity in zip(compiled.tail, compiled.head, compiled.capacity_bps,
                                    strict=True):  # fmt: skip
        graph.add_edge(int(tail), int(head), capacity=float(capacity))
    source, target = (int(x[0]) for x in np.nonzero(found.traffic_bps[0]))
    alone = np.zeros_like(found.traffic_bps[0])
    alone[source, target] = 7e9
    most = nx.maximum_flow_value(graph, source, target)
    reached = free_split_optimum(compiled, found.configured, alone)
    assert reached == pytest.approx(7e9 / most, rel=1e-6)


@given(found=drawn_problems())
@settings(max_examples=30)
def test_no_weights_beat_free_splits(found: WeightProblem) -> None:
    assert found.setting(found.configured).highest >= optimum(found) * (1 - 1e-7)


def test_free_splits_do_not_depend_on_the_unit_of_rates() -> None:
    found = problem(4, LADDER, [{(0, 2): 2.0, (1, 2): 6.0}])
    smaller = replace(
        found,
        compiled=replace(found.compiled, capacity_bps=found.compiled.capacity_bps / 1e6),
        traffic_bps=found.traffic_bps / 1e6,
    )
    assert optimum(smaller) == pytest.approx(optimum(found))
