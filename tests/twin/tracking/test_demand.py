"""Demand from flow records, some of which never come."""

import numpy as np
import pytest

from tests.twin.tracking.square import NODES, START_S, flows
from twin.nouns.telemetry import FloatArray
from twin.nouns.traffic import DailyProfile, TrafficMatrix
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
