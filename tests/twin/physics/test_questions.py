"""Short questions, answered by hand on a square."""

import numpy as np
import pytest

from tests.twin.tracking.square import (
    A_TO_B,
    A_TO_D,
    B_TO_C,
    C_TO_D,
    D_TO_C,
    inventory,
    topology,
)
from twin.errors import UnknownNode
from twin.physics.questions import links_used, offered_totals
from twin.physics.twin import Twin

# A to C has two ways of equal cost.
TWIN = Twin(inventory(demands=(("A", "B", 3e9), ("A", "C", 2e9))))


def test_offered_load_splits_over_ways_of_equal_cost_and_is_not_cut_at_capacity() -> None:
    expected = np.zeros(8)
    expected[[A_TO_B, A_TO_D, B_TO_C, D_TO_C]] = (4e9, 1e9, 1e9, 1e9)
    np.testing.assert_allclose(offered_totals(TWIN, TWIN.state()), expected)
    tenfold = TWIN.state(traffic=TWIN.inventory.peak_traffic.scaled(10))
    np.testing.assert_allclose(offered_totals(TWIN, tenfold), 10 * expected)


def test_pairs_without_a_way_load_nothing() -> None:
    state = TWIN.state(down_links=["A-B", "B-C"])
    loads = offered_totals(TWIN, state)
    assert loads[A_TO_D] == pytest.approx(2e9)
    assert loads[C_TO_D] == 0.0


def test_links_used_are_those_of_every_way_of_equal_cost() -> None:
    assert links_used(TWIN, TWIN.state(), "A", "B") == {"A-B"}
    assert links_used(TWIN, TWIN.state(), "A", "C") == {"A-B", "B-C", "A-D", "C-D"}
    assert links_used(TWIN, TWIN.state(down_links=["A-B"]), "A", "B") == {"A-D", "C-D", "B-C"}


def test_links_used_between_parts_that_are_cut_off_are_none() -> None:
    line = Twin(inventory(topology((("A", "B"), ("B", "C"), ("C", "D")))))
    assert links_used(line, line.state(down_links=["B-C"]), "A", "D") == frozenset()


def test_node_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnknownNode):
        links_used(TWIN, TWIN.state(), "A", "Z")
