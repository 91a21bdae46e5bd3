"""Demand from flow records, some of which never come."""

import json

import numpy as np
import pytest

from tests.twin.tracking.square import NODES, START_S, flows, inventory
from twin.nouns.telemetry import FloatArray
from twin.nouns.traffic import DailyProfile, TrafficMatrix
from twin.physics.loads import arriving_loads
from twin.physics.twin import Twin
from twin.tracking.demand import DemandTracker, busiest_ahead

FLAT = DailyProfile(hourly=(1.0,) * 24)
RAMP = DailyProfile(hourly=tuple(min(1.0, 0.4 + 0.1 * h) for h in range(24)))


def _expected() -> FloatArray:
    rates = np.full((3, 4, 4), 1e9)
    rates[:, range(4), range(4)] = 0.0
    return rates


@pytest.fixture
def demand() -> DemandTracker:
    return DemandTracker(TrafficMatrix(NODES, _expected()), FLAT)


def test_ratio_compares_what_a_node_draws_with_what_is_expected(demand: DemandTracker) -> None:
    seen = _expected()
    seen[:, :, 1] *= 2.0
    assert demand.inbound_ratio(flows(seen, START_S)) == pytest.approx([1, 2, 1, 1])


def test_silent_exporter_is_left_out_on_both_sides_of_the_ratio(demand: DemandTracker) -> None:
    seen = _expected()
    seen[:, :, 1] *= 2.0
    seen[:, 2, :] = np.nan
    assert demand.inbound_ratio(flows(seen, START_S)) == pytest.approx([1, 2, 1, 1])


def test_ratio_is_unknown_where_no_source_reported(demand: DemandTracker) -> None:
    assert np.isnan(demand.inbound_ratio(flows(np.full((3, 4, 4), np.nan), START_S))).all()


def test_records_move_the_estimate_and_a_silent_exporter_keeps_the_last(
    demand: DemandTracker,
) -> None:
    seen = 2.0 * _expected()
    seen[:, 2, :] = np.nan
    for i in range(40):
        demand.update(flows(seen, START_S + 300 * i), learn=True)
    assert demand.peak_bps[:, 0, 1] == pytest.approx(2e9, rel=0.01)
    assert (demand.peak_bps[:, 2] == _expected()[:, 2]).all()
    assert np.isfinite(demand.peak_bps).all()


def test_records_are_scaled_to_the_peak_by_the_profile_at_their_time() -> None:
    midnight = 1_772_496_000.0
    tracker = DemandTracker(TrafficMatrix(NODES, _expected()), RAMP)
    for _ in range(60):
        # Around 02:00 the profile is at 0.6: what is seen then is the peak times that.
        tracker.update(flows(0.6 * 3.0 * _expected(), midnight + 2 * 3600 + 150), learn=True)
    assert tracker.peak_bps[0, 0, 1] == pytest.approx(3e9, rel=0.01)
    assert tracker.matrix_at(midnight + 4 * 3600).rates_bps[0, 0, 1] == pytest.approx(
        2.4e9, rel=0.01
    )
    assert tracker.matrix_at(midnight, level=0.5).rates_bps[0, 0, 1] == pytest.approx(
        1.5e9, rel=0.01
    )


def test_what_is_seen_while_something_is_wrong_is_kept_but_not_learned(
    demand: DemandTracker,
) -> None:
    record = flows(3.0 * _expected(), START_S)
    demand.update(record, learn=False)
    assert demand.latest is record
    assert (demand.peak_bps == _expected()).all()


def test_busiest_hour_ahead_is_found_inside_the_horizon_only() -> None:
    midnight = 1_772_496_000.0
    assert busiest_ahead(RAMP, midnight, 4 * 3600) == pytest.approx(0.8)
    assert busiest_ahead(RAMP, midnight, 12 * 3600) == 1.0


@pytest.fixture
def square() -> Twin:
    return Twin(inventory(demands=(("A", "B", 3e9), ("A", "C", 1e9), ("C", "D", 2e9))))


def _heard_once(twin: Twin) -> DemandTracker:
    demand = DemandTracker(twin.inventory.peak_traffic, FLAT)
    demand.listen(START_S)
    return demand


def test_source_is_silent_a_quarter_of_an_hour_after_its_last_record(
    demand: DemandTracker,
) -> None:
    assert not demand.silent(START_S).any()
    demand.listen(START_S)
    seen = _expected()
    seen[:, 2] = np.nan
    demand.update(flows(seen, START_S + 300), learn=True)
    assert not demand.silent(START_S + 900).any()
    assert demand.silent(START_S + 901).tolist() == [False, False, True, False]
    assert demand.silent(START_S + 1201).all()


def test_silent_network_is_estimated_from_node_totals_and_counters_never_from_pairs(
    square: Twin,
) -> None:
    really, state = square.inventory.peak_traffic.rates_bps, square.state()
    found = []
    for record in (really, _same_totals(really)):
        demand = DemandTracker(TrafficMatrix(NODES, record), FLAT)
        demand.listen(START_S)
        loads = arriving_loads(square.compiled, square.route(state), really[None])[:, 0]
        demand.estimate_silent(state, loads, START_S, START_S + 1000)
        assert demand.estimated.all()
        found.append(demand.peak_bps)
    np.testing.assert_allclose(found[0], found[1], rtol=1e-12)


def _same_totals(rates: FloatArray) -> FloatArray:
    """Other pairs with the same totals: half a gigabit goes round a rectangle of the matrix."""
    moved = rates.copy()
    for i, j, sign in ((0, 1, -1), (0, 3, 1), (2, 1, 1), (2, 3, -1)):
        moved[1, i, j] += sign * 5e8
    np.testing.assert_array_equal(moved.sum(axis=1), rates.sum(axis=1))
    np.testing.assert_array_equal(moved.sum(axis=2), rates.sum(axis=2))
    return moved


def test_row_whose_flows_are_measured_is_not_estimated(square: Twin) -> None:
    rates = square.inventory.peak_traffic.rates_bps
    demand = _heard_once(square)
    seen = 2.0 * rates
    seen[:, 2] = np.nan
    demand.update(flows(seen, START_S + 600), learn=True)
    before = demand.peak_bps.copy()
    loads = arriving_loads(square.compiled, square.route(square.state()), rates[None])[:, 0]
    demand.estimate_silent(square.state(), loads, START_S + 900, START_S + 1000)
    assert demand.estimated.tolist() == [False, False, True, False]
    np.testing.assert_array_equal(demand.peak_bps[:, 0], before[:, 0])


def test_records_that_come_again_take_the_place_of_the_estimate(square: Twin) -> None:
    rates = square.inventory.peak_traffic.rates_bps
    demand = _heard_once(square)
    loads = arriving_loads(square.compiled, square.route(square.state()), 3 * rates[None])[:, 0]
    demand.estimate_silent(square.state(), loads, START_S + 900, START_S + 1000)
    assert demand.peak_bps[1, 0].sum() == pytest.approx(12e9, rel=0.1)
    demand.update(flows(rates, START_S + 1200), learn=True)
    assert not demand.estimated.any()
    np.testing.assert_allclose(demand.peak_bps, rates)


def test_estimate_survives_a_restart(square: Twin) -> None:
    rates = square.inventory.peak_traffic.rates_bps
    demand = _heard_once(square)
    loads = arriving_loads(square.compiled, square.route(square.state()), 3 * rates[None])[:, 0]
    demand.estimate_silent(square.state(), loads, START_S + 900, START_S + 1000)
    kept = json.loads(json.dumps(demand.dump(), allow_nan=False))
    revived = DemandTracker(square.inventory.peak_traffic, FLAT, kept)
    assert revived.estimated.all()
    for tracker in (demand, revived):
        tracker.update(flows(rates, START_S + 1200), learn=True)
    np.testing.assert_array_equal(revived.peak_bps, demand.peak_bps)


def test_surge_of_one_exporter_is_its_claim_and_one_of_all_is_not() -> None:
    known = inventory(demands=(("A", "B", 3e9), ("C", "B", 1e9), ("D", "B", 1e9)))
    demand = DemandTracker(known.peak_traffic, known.profile)
    rates = known.peak_traffic.rates_bps
    one, every = rates.copy(), 2.0 * rates
    one[:, 0, :] *= 3.0
    assert demand.claimed_surges(flows(one, START_S), 1.15) == {"B": "A"}
    assert demand.claimed_surges(flows(every, START_S), 1.15) == {}
