"""What is wrong with telemetry is said in a sentence, kept over a restart, and gone when over."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from tests.twin.tracking.square import (
    A_TO_B,
    START_S,
    Counters,
    adjacency,
    inventory,
    loads_of,
    topology,
    tracker_of,
)
from twin.nouns.telemetry_fault import TelemetryFault, TelemetryFaultKind
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.tracking.rates import RateMeter
from twin.tracking.telemetry_faults import FORGOTTEN_S, TelemetryFaults
from twin.tracking.tracker import Tracker


@pytest.fixture
def tracker() -> Tracker:
    return tracker_of(inventory())


def _read(tracker: Tracker, counters: Counters, rounds: int, behind_s: float) -> None:
    """Rounds in which the clock of A is behind."""
    loads = np.maximum(loads_of(tracker.inventory), 1e9)
    for _ in range(rounds):
        records = counters.after(loads)
        stamped = [replace(r, time_s=r.time_s - behind_s) if r.node == "A" else r for r in records]
        tracker.ingest(stamped, after_s=tracker.now_s, until_s=counters.now_s)


def test_clock_that_is_behind_is_told_in_a_sentence_kept_and_gone_once_it_is_right(
    tracker: Tracker,
) -> None:
    counters = Counters()
    _read(tracker, counters, 6, 0.0)
    assert not tracker.telemetry_faults
    _read(tracker, counters, 6, 3600.0)
    (fault,) = tracker.telemetry_faults
    assert fault.sentence.startswith("the clock of A is 3,600 s behind since ")
    assert np.isfinite(tracker.rates[-1].sent_bps).all()
    loads = partial(offered_totals, Twin(tracker.inventory))
    kept = json.loads(json.dumps(tracker.dump()))
    revived = Tracker.load(kept, tracker.inventory, loads)
    assert revived.telemetry_faults == (fault,)
    _read(revived, counters, 2, 0.0)
    assert not revived.telemetry_faults


def test_link_that_fails_is_dated_by_the_clock_put_right(tracker: Tracker) -> None:
    counters = Counters()
    _read(tracker, counters, 6, 3600.0)
    event = adjacency(counters.now_s - 3590.0, "A", "A-B", up=False)
    tracker.ingest([replace(event, received_s=counters.now_s + 12.0)])
    (symptom,) = tracker.active_symptoms()
    assert symptom.first_seen_s == pytest.approx(counters.now_s + 10.0)


def test_report_of_long_ago_that_is_sent_again_is_no_news(tracker: Tracker) -> None:
    for up in (False, True):
        tracker.ingest([adjacency(START_S + 60.0 * up, "A", "A-B", up=up)])
    again = replace(adjacency(START_S, "A", "A-B", up=False), received_s=START_S + 7200.0)
    tracker.ingest([again])
    assert not tracker.active_symptoms()


def test_event_from_a_spool_keeps_its_own_stamp(tracker: Tracker) -> None:
    event = adjacency(START_S, "A", "A-B", up=False)
    tracker.ingest([replace(event, received_s=START_S + 600.0)])
    assert tracker.active_symptoms()[0].first_seen_s == START_S
    assert tracker.last_step_s == START_S + 600.0, "or any time until then"


def test_fault_that_is_not_seen_again_is_over() -> None:
    faults = TelemetryFaults()
    faults.note("A", TelemetryFaultKind.WRAPPING, START_S, links=("A-B",))
    faults.note("A", TelemetryFaultKind.WRAPPING, START_S + 60.0, links=("A-B",))
    (fault,) = faults.now()
    assert fault.since_s == START_S
    faults.forget(START_S + 60.0 + FORGOTTEN_S)
    assert faults.now() == (fault,)
    faults.forget(START_S + 61.0 + FORGOTTEN_S)
    assert faults.now() == ()


@pytest.mark.parametrize("kind", TelemetryFaultKind)
def test_every_fault_has_a_sentence_that_names_its_source(kind: TelemetryFaultKind) -> None:
    fault = TelemetryFault(source="NYCM", kind=kind, since_s=START_S, amount=-8.0)
    assert "NYCM" in fault.sentence
    assert fault.sentence.endswith("since 08:00 UTC")


def test_counter_of_32_bits_is_unwrapped_where_the_line_is_slow_enough() -> None:
    links = tuple(x.model_copy(update={"capacity_bps": 1e9}) for x in topology().links)
    meter = RateMeter(topology().model_copy(update={"links": links}))
    counters, found = Counters(), []
    for _ in range(12):
        records = counters.after(np.full(8, 0.8e9))
        found += [
            rates
            for r in records
            for rates in meter.take(
                replace(
                    r,
                    sent_bytes=r.sent_bytes % 2.0**32,
                    received_bytes=r.received_bytes % 2.0**32,
                )
            )
        ]
    assert all(r.sent_total_bps[A_TO_B] == pytest.approx(0.8e9) for r in found)
    assert not any(r.odd for r in found)
