"""A matrix from link counters: by hand on four routers, and properties that hold everywhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.tracking.square import A_TO_B, A_TO_D, B_TO_C, D_TO_C, inventory, topology
from twin.errors import BadInput
from twin.nouns.inventory import Inventory
from twin.nouns.telemetry import FloatArray
from twin.physics.loads import arriving_loads
from twin.physics.twin import Twin
from twin.tracking.estimation import Estimate, NodeTotals, Trust, estimate, gravity
from twin.tracking.path_shares import PathShares, path_shares

TWIN = Twin(inventory())
PATHS = path_shares(TWIN.compiled, TWIN.route(TWIN.state()))
EXACT = Trust(loads=1e-4, totals=1e-4)
RATES = st.lists(st.floats(1e6, 1e10), min_size=16, max_size=16)


def _matrix(values: list[float]) -> FloatArray:
    matrix = np.array(values).reshape(1, 4, 4)
    matrix[0, range(4), range(4)] = 0.0
    return matrix


def _loads(matrix: FloatArray) -> FloatArray:
    """(n_arcs, K)."""
    return arriving_loads(TWIN.compiled, TWIN.route(TWIN.state()), matrix[None])[:, 0]


def _of(paths: PathShares, pair: tuple[int, int]) -> dict[int, float]:
    j = pair[0] * paths.n_nodes + pair[1]
    span = slice(paths.offsets[j], paths.offsets[j + 1])
    return dict(zip(paths.arcs[span].tolist(), paths.shares[span].tolist(), strict=True))


def test_pair_with_two_equal_ways_puts_half_on_each() -> None:
    assert _of(PATHS, (0, 1)) == {A_TO_B: 1.0}
    assert _of(PATHS, (0, 2)) == {A_TO_B: 0.5, B_TO_C: 0.5, A_TO_D: 0.5, D_TO_C: 0.5}
    assert _of(PATHS, (2, 2)) == {}


@settings(max_examples=25, deadline=None)
@given(RATES)
def test_shares_times_matrix_are_the_loads_that_the_twin_computes(values: list[float]) -> None:
    matrix = _matrix(values)
    summed = np.zeros(8)
    pairs = np.repeat(np.arange(16), np.diff(PATHS.offsets))
    np.add.at(summed, PATHS.arcs, PATHS.shares * matrix.ravel()[pairs])
    np.testing.assert_allclose(summed, _loads(matrix)[:, 0])


def test_gravity_of_two_senders_and_two_receivers_is_the_product_of_their_totals() -> None:
    totals = NodeTotals(np.array([[6.0, 3.0, 0, 0]]), np.array([[0, 0, 3.0, 6.0]]))
    expected = np.zeros((1, 4, 4))
    expected[0, 0, 2:], expected[0, 1, 2:] = (2.0, 4.0), (1.0, 2.0)
    np.testing.assert_allclose(gravity(totals), expected)


@settings(max_examples=25, deadline=None)
@given(RATES)
def test_gravity_keeps_both_totals_and_sends_nobody_to_himself(values: list[float]) -> None:
    # A matrix with these totals and an empty diagonal exists: the one that they were taken of.
    totals = NodeTotals.of(_matrix([1e8 + v for v in values]))
    found = gravity(totals)
    np.testing.assert_allclose(found.sum(axis=1), totals.leaving_bps, rtol=1e-3)
    np.testing.assert_allclose(found.sum(axis=2), totals.entering_bps, rtol=1e-3)
    assert (found[0, range(4), range(4)] == 0).all()


@settings(max_examples=50, deadline=None)
@given(RATES)
def test_estimate_explains_the_counters_and_never_becomes_negative(values: list[float]) -> None:
    matrix = _matrix(values)
    loads = _loads(matrix)
    found = estimate(PATHS, loads, NodeTotals.of(matrix), trust=EXACT)
    assert found.converged
    assert (found.rates_bps >= 0).all()
    error = np.abs(_loads(found.rates_bps) - loads)
    assert (error <= 0.01 * np.maximum(loads, 0.01 * loads.mean())).all()


def test_counters_find_the_pair_that_gravity_spreads() -> None:
    # A sends only to B, C only to D. Gravity would have half of it cross; the links say otherwise.
    matrix = np.zeros((1, 4, 4))
    matrix[0, 0, 1], matrix[0, 2, 3] = 3e9, 3e9
    totals = NodeTotals.of(matrix)
    assert gravity(totals)[0, 0, 3] == pytest.approx(1.5e9)
    found = estimate(PATHS, _loads(matrix), totals, trust=EXACT).rates_bps
    np.testing.assert_allclose(found[0], matrix[0], atol=1e6)


def test_what_the_counters_leave_open_is_as_gravity_says() -> None:
    # With no counter read at all, the totals alone are left.
    totals = NodeTotals.of(_matrix([float(i) for i in range(1, 17)]))
    found = estimate(PATHS, np.full((8, 1), np.nan), totals, trust=EXACT)
    np.testing.assert_allclose(found.rates_bps, gravity(totals), rtol=1e-3)


def test_missing_counter_is_left_out_and_is_not_zero() -> None:
    matrix = _matrix([1e9] * 16)
    loads = _loads(matrix)
    loads[A_TO_B] = np.nan
    found = estimate(PATHS, loads, NodeTotals.of(matrix), trust=EXACT)
    np.testing.assert_allclose(_loads(found.rates_bps)[A_TO_B], _loads(matrix)[A_TO_B], rtol=1e-3)


def test_row_that_was_measured_stays_and_the_others_explain_the_rest() -> None:
    matrix = _matrix([float(i) * 1e8 for i in range(1, 17)])
    prior = gravity(NodeTotals.of(matrix))
    held = np.array([True, False, False, False])
    prior[:, held] = matrix[:, held]
    loads = _loads(matrix)
    found = estimate(
        PATHS, loads, NodeTotals.of(matrix), prior_bps=prior, held=held, trust=EXACT
    ).rates_bps
    np.testing.assert_array_equal(found[0, 0], matrix[0, 0])
    np.testing.assert_allclose(_loads(found), loads, rtol=1e-3)


def test_classes_are_estimated_each_from_its_own_counters() -> None:
    voice, rest = _matrix([1e7] * 16), _matrix([float(i) * 1e8 for i in range(1, 17)])
    both = np.concatenate((voice, rest))
    found = estimate(PATHS, _loads(both), NodeTotals.of(both)).rates_bps
    for k, alone in enumerate((voice, rest)):
        expected = estimate(PATHS, _loads(alone), NodeTotals.of(alone)).rates_bps
        np.testing.assert_array_equal(found[k], expected[0])


def test_a_network_without_any_traffic_has_an_empty_matrix() -> None:
    nothing = NodeTotals(np.zeros((1, 4)), np.zeros((1, 4)))
    found = estimate(PATHS, np.zeros((8, 1)), nothing)
    assert found.converged
    assert (found.rates_bps == 0).all()


def test_node_without_a_link_keeps_what_the_prior_says() -> None:
    built = topology(ends=(("A", "B"), ("B", "C"), ("A", "C")))
    known: Inventory = inventory(built, demands=(("A", "B", 1e9),))
    twin = Twin(known)
    paths = path_shares(twin.compiled, twin.route(twin.state()))
    prior = np.zeros((1, 4, 4))
    prior[0, 0, 1], prior[0, 0, 3] = 2e9, 7e8
    loads = np.full((6, 1), np.nan)
    loads[0] = 1e9
    unknown = NodeTotals(np.full((1, 4), np.nan), np.full((1, 4), np.nan))
    found: Estimate = estimate(paths, loads, unknown, prior_bps=prior, trust=EXACT)
    np.testing.assert_allclose(found.rates_bps[0, 0], [0, 1e9, 0, 7e8], rtol=1e-4)


def test_negative_counters_and_gravity_without_totals_are_refused() -> None:
    totals = NodeTotals.of(_matrix([1e9] * 16))
    with pytest.raises(BadInput, match="negative"):
        estimate(PATHS, np.full((8, 1), -1.0), totals)
    unknown = NodeTotals(np.full((1, 4), np.nan), totals.leaving_bps)
    with pytest.raises(BadInput, match="totals of every node"):
        estimate(PATHS, np.ones((8, 1)), unknown)
