"""Demand that is corrected until the twin carries what is measured."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.tracking.square import A_TO_B, B_TO_C, C_TO_D, inventory, topology
from twin.nouns.topology import Interface
from twin.nouns.traffic import TrafficMatrix
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.tracking.calibration import calibrated

# A and C send to both of their neighbours and to each other; B sends to nobody.
DEMANDS = (
    ("A", "B", 3e9),
    ("A", "C", 1e9),
    ("A", "D", 1e9),
    ("C", "B", 2e9),
    ("C", "D", 2e9),
    ("D", "B", 1e9),
)
KNOWN = inventory(demands=DEMANDS)
TWIN = Twin(KNOWN)
PRIOR = TWIN.state()
FACTORS = st.lists(st.floats(0.5, 2.0), min_size=len(DEMANDS), max_size=len(DEMANDS))


def _really(factors: list[float]) -> TrafficMatrix:
    demands = [(a, b, rate * f) for (a, b, rate), f in zip(DEMANDS, factors, strict=True)]
    return inventory(demands=demands).peak_traffic


@settings(max_examples=50, deadline=None)
@given(FACTORS)
def test_calibrated_demand_carries_what_was_measured(factors: list[float]) -> None:
    measured = offered_totals(TWIN, replace(PRIOR, traffic=_really(factors)))
    found = calibrated(TWIN, PRIOR, measured)
    loads = offered_totals(TWIN, replace(PRIOR, traffic=found))
    before = offered_totals(TWIN, PRIOR)
    used = measured > 0
    error = np.abs(np.log(loads[used] / measured[used]))
    assert error.max() < 0.15
    assert error.sum() <= np.abs(np.log(before[used] / measured[used])).sum() + 1e-6


@settings(max_examples=25, deadline=None)
@given(FACTORS)
def test_no_pair_appears_from_nowhere_or_becomes_negative(factors: list[float]) -> None:
    measured = offered_totals(TWIN, replace(PRIOR, traffic=_really(factors)))
    found = calibrated(TWIN, PRIOR, measured)
    assert ((found.rates_bps > 0) == (PRIOR.traffic.rates_bps > 0)).all()


@settings(max_examples=25, deadline=None)
@given(FACTORS, st.integers(0, 7))
def test_pair_that_crosses_a_congested_egress_is_never_scaled_down(
    factors: list[float], arc: int
) -> None:
    measured = offered_totals(TWIN, replace(PRIOR, traffic=_really(factors)))
    congested = np.zeros(8, dtype=np.bool_)
    congested[arc] = True
    found = calibrated(TWIN, PRIOR, measured, congested)
    ratio = found.rates_bps[1] / np.where(
        PRIOR.traffic.rates_bps[1] > 0, PRIOR.traffic.rates_bps[1], 1
    )
    for a, b, _ in DEMANDS:
        i, j = KNOWN.topology.node_index[a], KNOWN.topology.node_index[b]
        only = np.zeros_like(PRIOR.traffic.rates_bps)
        only[1, i, j] = 1e9
        alone = offered_totals(TWIN, replace(PRIOR, traffic=TrafficMatrix(found.nodes, only)))
        if alone[arc] > 0:
            assert ratio[i, j] >= 1 - 1e-9


def test_nothing_measured_leaves_the_demand_as_it_was() -> None:
    found = calibrated(TWIN, PRIOR, np.full(8, np.nan))
    np.testing.assert_allclose(found.rates_bps, PRIOR.traffic.rates_bps)


def test_pair_that_crosses_no_measured_egress_keeps_its_rate() -> None:
    known = inventory()
    twin = Twin(known)
    measured = np.full(8, np.nan)
    measured[A_TO_B] = 6e9
    found = calibrated(twin, twin.state(), measured)
    loads = offered_totals(twin, twin.state(traffic=found))
    np.testing.assert_allclose(loads[A_TO_B], 6e9, rtol=1e-6)
    np.testing.assert_allclose(loads[C_TO_D], 2e9)


def test_no_pair_is_scaled_beyond_belief() -> None:
    known = inventory()
    twin = Twin(known)
    measured = np.full(8, np.nan)
    measured[A_TO_B] = 9.9e9
    tenth = twin.state(traffic=known.peak_traffic.scaled(0.1))
    found = calibrated(twin, tenth, measured)
    np.testing.assert_allclose(offered_totals(twin, twin.state(traffic=found))[A_TO_B], 0.9e9)


def test_senders_that_meet_silent_loss_come_back_and_nobody_else_is_blamed_for_them() -> None:
    # A sends B 3 and, by the same link, nothing else; C sends D 2. A-B loses all, and A's senders
    # hold back to a tenth.
    known = inventory()
    twin = Twin(known)
    state = replace(twin.state(), egress_loss={Interface(node="A", link="A-B"): 1.0})
    measured = offered_totals(twin, state)
    measured[A_TO_B] = 0.3e9
    found = calibrated(twin, state, measured)
    np.testing.assert_allclose(found.rates_bps, known.peak_traffic.rates_bps, rtol=1e-6)


def test_pair_that_shares_the_way_behind_a_lossy_egress_keeps_what_is_measured_of_it() -> None:
    # A's 3 for C are lost on A-B, so that B-C carries B's own 2 alone.
    built = topology((("A", "B"), ("B", "C"), ("C", "D")))
    known = inventory(built, demands=(("A", "C", 3e9), ("B", "C", 2e9)))
    twin = Twin(known)
    state = replace(twin.state(), egress_loss={Interface(node="A", link="A-B"): 1.0})
    measured = offered_totals(twin, state)
    measured[A_TO_B], measured[B_TO_C] = 0.3e9, 2e9
    found = calibrated(twin, state, measured)
    loads = offered_totals(twin, replace(twin.state(), traffic=found))
    assert loads[A_TO_B] == pytest.approx(3e9, rel=1e-3)
    assert loads[B_TO_C] == pytest.approx(5e9, rel=1e-3)


def test_senders_that_send_more_than_usual_into_loss_are_not_scaled_down() -> None:
    known = inventory()
    twin = Twin(known)
    state = replace(twin.state(), egress_loss={Interface(node="A", link="A-B"): 0.1})
    measured = offered_totals(twin, state)
    measured[A_TO_B] = 3.6e9
    loads = offered_totals(twin, replace(state, traffic=calibrated(twin, state, measured)))
    assert loads[A_TO_B] == pytest.approx(3.6e9, rel=1e-3)


@pytest.mark.parametrize(("is_dropping", "expected_bps"), [(False, 2e9), (True, 2.2e9)])
def test_senders_that_meet_drops_would_send_a_tenth_more_than_they_do(
    is_dropping: bool, expected_bps: float
) -> None:
    twin = Twin(inventory(demands=(("A", "B", 1e9),)))
    measured = np.full(8, np.nan)
    measured[A_TO_B] = 2e9
    congested = np.zeros(8, dtype=np.bool_)
    congested[A_TO_B] = is_dropping
    found = calibrated(twin, twin.state(), measured, congested)
    assert found.rates_bps.sum() == pytest.approx(expected_bps)
