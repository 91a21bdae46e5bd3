"""An alert is a symptom with what is measured, or alone for long enough; never against it."""

import numpy as np
import pytest

from tests.twin.tracking.alerting import alert
from tests.twin.tracking.square import (
    START_S,
    Counters,
    adjacency,
    inventory,
    loads_of,
    tracker_of,
)
from twin.nouns.alert import Alert, AlertClaim
from twin.tracking.alerts import ANSWERED_AFTER_S
from twin.tracking.detectors.alerted import ALONE_S
from twin.tracking.tracker import Tracker


def _measured(rounds: int = 4) -> Tracker:
    """Counters of two minutes in which all is as usual; A-B carries 3 Gbit/s from A."""
    known = inventory()
    tracker, counters = tracker_of(known), Counters()
    sent_bps = np.maximum(loads_of(known), 1e9)
    tracker.ingest(counters.read())
    for _ in range(rounds):
        tracker.ingest(counters.after(sent_bps))
    return tracker


def _alerts(tracker: Tracker) -> dict[str, float]:
    return {s.resource: s.magnitude for s in tracker.active_symptoms() if s.kind == "alert"}


def test_alert_about_what_is_measured_is_a_symptom_at_once() -> None:
    tracker = tracker_of(inventory())
    tracker.ingest([adjacency(START_S, "A", "A-B", up=False)])
    tracker.hear([alert("adjacency_down", "A-B")], START_S + 10.0)
    assert _alerts(tracker) == {"A-B": 1.0}


def test_alert_of_which_nothing_tells_is_a_symptom_after_the_stated_time() -> None:
    tracker, told = tracker_of(inventory()), alert("trouble", "B")
    tracker.hear([told], START_S + ALONE_S - 1.0)
    assert not _alerts(tracker)
    tracker.hear([told], START_S + ALONE_S)
    assert _alerts(tracker) == {"B": 1.0}


@pytest.mark.parametrize(
    ("claims", "resource"),
    [("adjacency_down", "A-B"), ("queue_drops", "A|A-B"), ("silent_loss", "A|A-B")],
)
def test_alert_that_measurements_refute_is_no_symptom_however_long_it_lasts(
    claims: AlertClaim, resource: str
) -> None:
    tracker = _measured()
    tracker.hear([alert(claims, resource)], START_S + ALONE_S)
    assert not _alerts(tracker)
    assert tracker.alerts.record("theirs").refuted == 1


def test_alert_is_not_refuted_before_measurements_had_time_to_bear_it_out() -> None:
    tracker = _measured()
    tracker.hear([alert("adjacency_down", "A-B")], START_S + ANSWERED_AFTER_S - 1.0)
    assert tracker.alerts.record("theirs").refuted == 0


def test_alert_about_a_link_of_which_no_counters_come_is_not_refuted() -> None:
    tracker = tracker_of(inventory())
    tracker.hear([alert("adjacency_down", "A-B")], START_S + ALONE_S)
    assert _alerts(tracker) == {"A-B": 1.0}


def test_alert_about_one_link_is_not_borne_out_by_another_at_the_same_node() -> None:
    tracker = tracker_of(inventory())
    tracker.ingest([adjacency(START_S, "A", "A-D", up=False)])
    tracker.hear([alert("adjacency_down", "A-B")], START_S + 10.0)
    assert not _alerts(tracker)


def test_alert_about_a_node_is_borne_out_by_what_is_wrong_on_its_links() -> None:
    tracker = tracker_of(inventory())
    tracker.ingest([adjacency(START_S, "A", "A-D", up=False)])
    tracker.hear([alert("trouble", "A"), alert("trouble", "C")], START_S + 10.0)
    assert _alerts(tracker) == {"A": 1.0}


def test_all_alerts_about_one_part_are_one_symptom_that_counts_them() -> None:
    tracker = tracker_of(inventory())
    tracker.ingest([adjacency(START_S, "A", "A-B", up=False)])
    many = alert("trouble", "A-B", START_S + 5.0, rule="any").model_copy(update={"alerts": 40})
    tracker.hear([alert("adjacency_down", "A-B", START_S + 9.0), many], START_S + 10.0)
    (symptom,) = (s for s in tracker.active_symptoms() if s.kind == "alert")
    assert (symptom.magnitude, symptom.first_seen_s) == (41.0, START_S + 5.0)


def test_symptom_is_over_when_the_alert_ends_or_is_heard_no_more() -> None:
    tracker, told = tracker_of(inventory()), alert("trouble", "B")
    for over in ([told.model_copy(update={"ends_s": START_S + 999.0})], list[Alert]()):
        tracker.hear([told], START_S + ALONE_S)
        assert _alerts(tracker)
        tracker.hear(over, START_S + ALONE_S + 10.0)
        assert not _alerts(tracker)


def test_alert_keeps_nothing_from_being_learned() -> None:
    """A monitoring system that cries wolf for weeks must not freeze what is taken for normal."""
    tracker = _measured(rounds=2)
    tracker.hear([alert("trouble", "A")], START_S + ALONE_S)
    assert _alerts(tracker)
    before = tracker.usual_loads.rounds_learned
    known = inventory()
    tracker.ingest(Counters(starts_s=tracker.now_s + 30.0).read())
    counters = Counters(starts_s=tracker.now_s + 30.0)
    tracker.ingest(counters.read())
    tracker.ingest(counters.after(np.maximum(loads_of(known), 1e9)))
    assert tracker.usual_loads.rounds_learned > before


def test_alert_that_only_goes_on_is_no_further_alarm() -> None:
    tracker, told = tracker_of(inventory()), alert("trouble", "B")
    for later_s in (0.0, 30.0, 60.0):
        tracker.hear([told], START_S + ALONE_S + later_s)
    (symptom,) = tracker.active_symptoms()
    assert symptom.alarms == 1
