"""What nothing can have measured is masked, counted by device, and never learned from or kept."""

import json
import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from tests.twin.tracking.square import (
    A_TO_B,
    B_TO_A,
    START_S,
    Counters,
    adjacency,
    flows,
    inventory,
    loads_of,
    probes,
    tracker_of,
)
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.inventory import Inventory
from twin.nouns.left_out import Oddity, left_out_text
from twin.nouns.telemetry import RATE_FACTOR, ConfigurationEvent, InterfaceCounters
from twin.nouns.untrusted import UntrustedText
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.tracking.masking import OLDEST_S, moment
from twin.tracking.tracker import Tracker


@pytest.fixture
def known() -> Inventory:
    return inventory()


@pytest.fixture
def tracker(known: Inventory) -> Tracker:
    return tracker_of(known)


def _left_out(tracker: Tracker) -> dict[str, dict[Oddity, int]]:
    return {one.source: one.times for one in tracker.intake.left_out()}


def _reloaded(tracker: Tracker, **changed: object) -> Tracker:
    """As it is after a restart, with parts of what it kept `changed`."""
    kept = json.loads(json.dumps({**tracker.dump(), **changed}))
    loads = partial(offered_totals, Twin(tracker.inventory))
    return Tracker.load(kept, tracker.inventory, loads)


# Records


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (math.inf, Oddity.NOT_FINITE),
        (-math.inf, Oddity.NOT_FINITE),
        (-1.0, Oddity.NEGATIVE),
        (2.0**64, Oddity.IMPOSSIBLE),
        (1e308, Oddity.IMPOSSIBLE),
    ],
)
def test_odd_number_is_not_read_and_those_beside_it_are(
    tracker: Tracker, value: float, why: Oddity
) -> None:
    counters = Counters()
    tracker.ingest(counters.read())
    first, *rest = counters.after(loads_of(tracker.inventory))
    sent = first.sent_bytes.copy()
    sent[0, 1] = value
    tracker.ingest([replace(first, sent_bytes=sent), *rest])
    assert _left_out(tracker) == {"A": {why: 1}}
    assert math.isnan(tracker.utilisation()[A_TO_B])
    assert np.isfinite(np.delete(tracker.utilisation(), A_TO_B)).all()


def test_infinite_flow_is_no_demand_and_the_others_are(tracker: Tracker, known: Inventory) -> None:
    rates = known.peak_traffic.rates_bps.copy()
    rates[1, 0, 1], rates[1, 2, 3] = np.inf, 2.5e9
    tracker.ingest([flows(rates, START_S + 300)])
    assert _left_out(tracker) == {"A": {Oddity.NOT_FINITE: 1}}
    assert tracker.demand.peak_bps[1, 0, 1] == 3e9
    assert tracker.demand.peak_bps[1, 2, 3] > 2e9


def test_flow_beyond_the_links_of_its_source_or_to_itself_is_none(
    tracker: Tracker, known: Inventory
) -> None:
    rates = known.peak_traffic.rates_bps.copy()
    rates[1, 0, 1] = RATE_FACTOR * 20e9 + 1
    rates[1, 3, 3] = 1.0
    tracker.ingest([flows(rates, START_S + 300)])
    assert _left_out(tracker) == {"A": {Oddity.IMPOSSIBLE: 1}, "D": {Oddity.IMPOSSIBLE: 1}}


def test_probe_that_lost_more_than_it_sent_says_nothing(tracker: Tracker, known: Inventory) -> None:
    for number in range(4):
        tracker.ingest([replace(probes(known, START_S + 30 * number), lost=np.array([101.0]))])
    assert not tracker.active_symptoms()
    assert _left_out(tracker) == {"A": {Oddity.IMPOSSIBLE: 4}}


def test_results_of_other_probes_are_brought_into_the_order_on_record() -> None:
    known = inventory(services=(("A", "B"), ("C", "D")))
    tracker = tracker_of(known)
    for number in range(3):
        seen = probes(known, START_S + 30 * number)
        turned = replace(seen, paths=known.probes[::-1], lost=np.array([50.0, 0.0]))
        tracker.ingest([turned])
    assert [s.resource for s in tracker.active_symptoms()] == ["C>D/business"]


def test_rate_beyond_the_speed_of_its_interface_is_not_believed(tracker: Tracker) -> None:
    counters, normal = Counters(), loads_of(tracker.inventory)
    tracker.ingest(counters.read())
    tracker.ingest(counters.after(np.where(np.arange(8) == A_TO_B, RATE_FACTOR * 10e9, normal)))
    assert tracker.utilisation()[A_TO_B] == pytest.approx(RATE_FACTOR)
    tracker.ingest(counters.after(np.where(np.arange(8) == A_TO_B, RATE_FACTOR * 11e9, normal)))
    assert tracker.utilisation()[A_TO_B] == pytest.approx(RATE_FACTOR), "the one before"
    assert _left_out(tracker) == {"A": {Oddity.IMPOSSIBLE: 1}}


def test_counters_that_run_backwards_are_counted_once_by_device(tracker: Tracker) -> None:
    counters, normal = Counters(), loads_of(tracker.inventory)
    tracker.ingest(counters.read())
    tracker.ingest(counters.after(normal))
    first, *rest = counters.after(normal)
    tracker.ingest([_cleared(first), *rest])
    tracker.ingest(counters.after(normal))
    assert _left_out(tracker) == {"A": {Oddity.BACKWARDS: 1}}
    assert not any(one.is_odd for one in tracker.intake.left_out()), "devices do restart"


def _cleared(record: InterfaceCounters) -> InterfaceCounters:
    nothing = np.zeros_like(record.sent_bytes)
    return replace(record, sent_bytes=nothing, received_bytes=np.zeros_like(record.received_bytes))


def test_receiver_that_has_more_than_was_sent_does_not_hide_a_loss(tracker: Tracker) -> None:
    counters, normal = Counters(), np.maximum(loads_of(tracker.inventory), 1e9)
    tracker.ingest(counters.read())
    for _ in range(12):
        tracker.ingest(counters.after(normal, lost={B_TO_A: -1.0}))
    assert tracker.losses.spread[B_TO_A] == pytest.approx(0.003)
    assert _left_out(tracker)["A"][Oddity.CONTRADICTED] > 5


def test_what_was_left_out_is_kept_and_told_in_one_line(tracker: Tracker, known: Inventory) -> None:
    rates = known.peak_traffic.rates_bps.copy()
    rates[1, 0, 1], rates[1, 3, 1] = np.inf, -1.0
    tracker.ingest([flows(rates, START_S + 300)])
    told = "not believed: A: not finite (1); D: negative (1)"
    assert left_out_text(_reloaded(tracker).intake.left_out()) == told


# Stamps


def test_nothing_was_received_later_than_now(tracker: Tracker) -> None:
    now_s = START_S + 60.0
    for received_s in (math.nan, math.inf, 1e308, -1e308, START_S + 1e9):
        event = adjacency(START_S, "A", "A-B", up=False)
        tracker.ingest([replace(event, received_s=received_s)], until_s=now_s)
    assert tracker.now_s == now_s
    assert _left_out(tracker) == {"A": {Oddity.STAMP: 5}}


@pytest.mark.parametrize(
    ("said_s", "is_believed"),
    [(START_S, True), (START_S - OLDEST_S, True), (START_S - OLDEST_S - 1, False), (0.0, False)],
)
def test_stamp_of_long_ago_is_of_a_clock_that_was_never_set(
    said_s: float, is_believed: bool
) -> None:
    found_s, odd = moment(said_s, START_S)
    assert (found_s == said_s, odd) == (is_believed, not is_believed)


# Commits


def _commit(time_s: float, node: str = "A") -> ConfigurationEvent:
    return ConfigurationEvent(time_s, time_s, node, UntrustedText("x"), UntrustedText("y"))


def _drained(known: Inventory) -> NetworkConfiguration:
    interface = known.intended.device("A").interface("A-B")
    return known.intended.with_interface("A", interface.model_copy(update={"igp_weight": 99}))


def test_commit_that_the_device_does_not_show_was_none(tracker: Tracker, known: Inventory) -> None:
    tracker.ingest([_commit(START_S)], running={"A": known.intended.device("A")})
    assert not tracker.active_symptoms()
    assert not tracker.changed_nodes
    assert tracker.last_step_s == 0.0, "no clean sample is lost"


def test_commit_that_the_device_shows_or_that_cannot_be_looked_up_is_one(known: Inventory) -> None:
    for running in ({"A": _drained(known).device("A")}, {}):
        tracker = tracker_of(known)
        tracker.ingest([_commit(START_S)], running=running)
        assert [s.id for s in tracker.active_symptoms()] == ["configuration_change:A"]
        assert tracker.last_step_s == START_S


def test_commit_is_one_change_however_often_it_is_reported(
    tracker: Tracker, known: Inventory
) -> None:
    running = {"A": _drained(known).device("A")}
    tracker.ingest([_commit(START_S)], running=running)
    again = _reloaded(tracker)
    again.ingest([_commit(START_S + 60), _commit(START_S + 90)], running=running)
    (symptom,) = again.active_symptoms()
    assert (symptom.alarms, again.last_step_s) == (1, START_S)


# What is kept


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_state_that_is_not_finite_is_learned_again_and_the_rest_is_kept(
    tracker: Tracker, known: Inventory, odd: float
) -> None:
    tracker.ingest([adjacency(START_S, "A", "A-B", up=False)])
    peak = known.peak_traffic.rates_bps.tolist()
    peak[1][0][1] = odd
    peak[1][2][3] = 2.5e9
    revived = _reloaded(
        tracker, peak_bps=peak, load_bias=[odd, *[0.1] * 7], now_s=odd, last_step_s=odd
    )
    assert set(revived.repaired) == {"peak_bps", "load_bias", "now_s", "last_step_s"}
    assert revived.demand.peak_bps[1, 0, 1] == 3e9, "as on record"
    assert revived.demand.peak_bps[1, 2, 3] == 2.5e9
    assert revived.usual_loads.bias.tolist() == [0.0, *[0.1] * 7]
    assert revived.down_links == {"A-B"}


def test_symptom_and_report_of_no_time_are_forgotten(tracker: Tracker) -> None:
    tracker.ingest([adjacency(START_S, "A", "A-B", up=False)])
    kept = tracker.dump()
    book, reports = json.loads(json.dumps([kept["book"], kept["adjacencies"]]))
    book["symptoms"][0]["first_seen_s"] = math.inf
    reports["reports"][0][2] = math.nan
    revived = _reloaded(tracker, book=book, adjacencies=reports)
    assert not revived.active_symptoms()
    revived.ingest([adjacency(START_S + 30, "A", "A-B", up=False)])
    assert revived.down_links == {"A-B"}


def test_time_that_is_still_to_come_was_never_kept(tracker: Tracker) -> None:
    tracker.ingest([adjacency(START_S + 1e6, "A", "A-B", up=True)])
    kept = json.loads(json.dumps(tracker.dump()))
    loads = partial(offered_totals, Twin(tracker.inventory))
    revived = Tracker.load(kept, tracker.inventory, loads, now_s=START_S)
    assert revived.now_s == START_S
    revived.ingest([adjacency(START_S + 30, "A", "A-B", up=False)])
    assert revived.down_links == {"A-B"}, "it is not late"
