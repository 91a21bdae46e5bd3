"""How far the twin is from the network, kind by kind, on four routers."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from tests.twin.tracking.square import (
    A_TO_B,
    B_TO_A,
    C_TO_D,
    START_S,
    Counters,
    adjacency,
    inventory,
    loads_of,
    tracker_of,
)
from twin.nouns.state import NetworkState
from twin.nouns.telemetry import FloatArray
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.tracking.drift import Drift, DriftKind, drift_summary, measure_drift
from twin.tracking.tracker import Tracker

KNOWN = inventory()
TWIN = Twin(KNOWN)
LOADS = loads_of(KNOWN)


def _against(measured: FloatArray, state: NetworkState | None = None) -> Drift:
    believed = state or TWIN.state()
    return measure_drift(KNOWN, believed, offered_totals(TWIN, believed), measured, START_S)


def test_twin_that_is_right_has_no_drift() -> None:
    found = _against(LOADS)
    assert found.load_error == 0
    assert found.beyond == ()
    assert found.summary() == (
        "loads 0.0% off; links, configuration and capacity as on record; demand from flow records"
    )


def test_load_error_is_the_share_of_the_measured_load_that_is_off() -> None:
    # 3 and 2 Gbit/s predicted, 4 and 2 measured: 1 of 6 is off; one egress of eight is off by 1/4.
    measured = LOADS.copy()
    measured[A_TO_B] = 4e9
    found = _against(measured)
    assert found.load_error == pytest.approx(1 / 6)
    assert found.load_error_median == 0
    assert found.worst_egress == "A|A-B"
    assert found.beyond == ()


def test_loads_that_are_off_by_more_than_the_threshold_are_drift() -> None:
    found = _against(1.5 * LOADS)
    assert found.load_error == pytest.approx(1 / 3)
    assert found.beyond == (DriftKind.LOADS,)
    assert "loads 33.3% off (more than 20%)" in found.summary()


def test_egress_that_was_not_read_says_nothing() -> None:
    measured = LOADS.copy()
    measured[A_TO_B] = np.nan
    found = _against(measured)
    assert (found.measured_egresses, found.egresses) == (7, 8)
    assert found.load_error == 0
    assert _against(np.full(8, np.nan)).load_error is None


def test_link_that_should_carry_and_carries_nothing_contradicts_its_adjacency() -> None:
    measured = LOADS.copy()
    measured[C_TO_D] = 0.0
    assert _against(measured).contradicted_links == ("C-D",)


def test_link_of_which_one_end_still_carries_what_is_expected_is_up() -> None:
    both = Twin(inventory(demands=(("A", "B", 3e9), ("B", "A", 3e9))))
    state, loads = both.state(), offered_totals(both, both.state())
    for silent, links in (([A_TO_B], ()), ([A_TO_B, B_TO_A], ("A-B",))):
        measured = loads.copy()
        measured[silent] = 0.0
        found = measure_drift(both.inventory, state, loads, measured, START_S)
        assert found.contradicted_links == links


def test_link_that_is_down_and_carries_traffic_contradicts_its_adjacency() -> None:
    state = replace(TWIN.state(), down_links=frozenset({"A-B"}))
    measured = offered_totals(TWIN, state)
    assert _against(measured, state).contradicted_links == ()
    measured[B_TO_A] = 1e9
    assert _against(measured, state).contradicted_links == ("A-B",)


def test_interface_that_runs_another_weight_than_intended_is_named() -> None:
    device = KNOWN.intended.device("A")
    changed = device.interface("A-B").model_copy(update={"igp_weight": 14, "drained": True})
    state = replace(TWIN.state(), running=KNOWN.intended.with_interface("A", changed))
    found = measure_drift(KNOWN, state, LOADS, LOADS, START_S)
    assert found.differing_interfaces == ("A|A-B: weight 14, intended 10, drained",)
    assert found.beyond == (DriftKind.CONFIGURATION,)


def test_bundle_that_is_believed_short_is_named_with_its_members() -> None:
    short = KNOWN.topology.links[0].model_copy(update={"capacity_bps": 5e9, "members": 1})
    topology = KNOWN.topology.model_copy(update={"links": (short, *KNOWN.topology.links[1:])})
    found = measure_drift(KNOWN, replace(TWIN.state(), topology=topology), LOADS, LOADS, START_S)
    assert found.short_links == ("A-B: 1 of 2 members, 5 of 10 Gbit/s",)
    assert found.beyond == (DriftKind.CAPACITY,)


def test_tracker_keeps_a_short_history_of_drift_over_a_restart() -> None:
    tracker, counters = tracker_of(KNOWN), Counters()
    assert drift_summary(tracker.drifts) == "drift not measured yet"
    tracker.ingest(counters.read())
    for _ in range(41):
        tracker.ingest(counters.after(LOADS))
    times = [d.time_s - START_S for d in tracker.drifts]
    assert times == [30.0, 330.0, 630.0, 930.0, 1230.0]
    assert drift_summary(tracker.drifts).startswith("loads 0.")
    data = json.loads(json.dumps(tracker.dump(), allow_nan=False))
    revived = Tracker.load(data, KNOWN, partial(offered_totals, TWIN))
    assert revived.drifts == tracker.drifts
    del data["drifts"], data["demand"]
    assert not Tracker.load(data, KNOWN, partial(offered_totals, TWIN)).drifts


def test_history_does_not_grow_without_end() -> None:
    tracker, counters = tracker_of(KNOWN), Counters()
    for _ in range(60):
        tracker.ingest(counters.after(LOADS, seconds=300.0))
    assert len(tracker.drifts) == 48


def test_load_error_is_unknown_until_routing_has_settled() -> None:
    tracker, counters = tracker_of(KNOWN), Counters()
    tracker.ingest([*counters.read(), *counters.after(LOADS), *counters.after(LOADS)])
    tracker.ingest([adjacency(counters.now_s + 1, "A", "A-B", up=False)])
    assert tracker.measure_drift().load_error is None
    assert "not measured since routing last changed" in tracker.measure_drift().summary()
