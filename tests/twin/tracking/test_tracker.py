"""What a tracker believes after hand-made telemetry, and what it must not believe."""

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.twin.tracking.square import (
    A_TO_B,
    A_TO_D,
    C_TO_D,
    ROUND_S,
    START_S,
    Counters,
    adjacency,
    flows,
    inventory,
    loads_of,
    probes,
    tracker_of,
    unread,
)
from twin.errors import BadInput
from twin.events.faults.link_down import LinkDown
from twin.nouns.configuration import InterfaceConfiguration, Policer
from twin.nouns.incident import Symptom
from twin.nouns.inventory import Inventory
from twin.nouns.planned_work import PlannedWork
from twin.nouns.telemetry import ConfigurationEvent, InterfaceCounters, SyslogLine, Telemetry
from twin.nouns.traffic import TrafficClass
from twin.nouns.untrusted import UntrustedText
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin
from twin.tracking.alarms import SymptomBook
from twin.tracking.last_counters import kept_counters
from twin.tracking.tracker import CONVERGENCE_S, Tracker

WORK = PlannedWork(id="CHG-1", links=("A-B",), starts_s=START_S + 1000.0, ends_s=START_S + 2000.0)


@pytest.fixture
def known() -> Inventory:
    return inventory()


@pytest.fixture
def tracker(known: Inventory) -> Tracker:
    return tracker_of(known)


def _symptoms(tracker: Tracker) -> list[str]:
    return [s.id for s in tracker.active_symptoms()]


def _feed(
    tracker: Tracker,
    counters: Counters,
    rounds: int,
    *,
    factor: float = 1.0,
    dropped: Mapping[int, float] | None = None,
    lost: Mapping[int, float] | None = None,
) -> None:
    """Rounds of what is expected times `factor`."""
    normal = loads_of(tracker.inventory)
    for _ in range(rounds):
        tracker.ingest(counters.after(factor * normal, dropped=dropped, lost=lost))


# Adjacencies


def test_adjacency_that_both_ends_lost_is_one_symptom(tracker: Tracker) -> None:
    tracker.ingest(
        [adjacency(START_S + i, node, "A-B", up=False) for i, node in enumerate(("A", "B"))]
    )
    (symptom,) = tracker.active_symptoms()
    assert (symptom.id, symptom.alarms) == ("adjacency_down:A-B", 2)
    assert tracker.down_links == {"A-B"}


def test_duplicated_reports_change_nothing_but_the_count(tracker: Tracker) -> None:
    tracker.ingest([adjacency(START_S, "A", "A-B", up=False)] * 3)
    assert _symptoms(tracker) == ["adjacency_down:A-B"]
    tracker.ingest([adjacency(START_S + 60, "A", "A-B", up=True)] * 3)
    assert _symptoms(tracker) == []
    assert tracker.down_links == frozenset()


def test_one_end_that_is_back_proves_the_other_whose_report_was_lost(tracker: Tracker) -> None:
    tracker.ingest([adjacency(START_S, node, "A-B", up=False) for node in ("A", "B")])
    tracker.ingest([adjacency(START_S + 60, "B", "A-B", up=True)])
    assert tracker.down_links == frozenset()


@pytest.mark.parametrize("late_from", ["A", "B"])
def test_report_of_the_loss_that_comes_after_the_return_is_ignored(
    tracker: Tracker, late_from: str
) -> None:
    tracker.ingest(
        [
            adjacency(START_S, "A", "A-B", up=False),
            adjacency(START_S + 60, "A", "A-B", up=True),
            adjacency(START_S + 2, late_from, "A-B", up=False),
        ]
    )
    assert tracker.down_links == frozenset()
    assert _symptoms(tracker) == []


def test_return_that_is_older_than_the_loss_does_not_clear_it(tracker: Tracker) -> None:
    tracker.ingest(
        [
            adjacency(START_S + 60, "A", "A-B", up=False),
            adjacency(START_S, "A", "A-B", up=True),
        ]
    )
    assert tracker.down_links == {"A-B"}


def test_adjacency_lost_during_planned_work_is_down_but_no_symptom() -> None:
    tracker = tracker_of(inventory(planned_work=(WORK,)))
    tracker.ingest([adjacency(START_S + 1500, "A", "A-B", up=False)])
    assert tracker.down_links == {"A-B"}
    assert _symptoms(tracker) == []


@pytest.mark.parametrize(("link", "after_s"), [("B-C", 1500.0), ("A-B", 3000.0)])
def test_planned_work_covers_its_own_links_and_times_alone(link: str, after_s: float) -> None:
    tracker = tracker_of(inventory(planned_work=(WORK,)))
    tracker.ingest([adjacency(START_S + after_s, link[0], link, up=False)])
    assert _symptoms(tracker) == [f"adjacency_down:{link}"]


# Configurations


def _commit(node: str, change_id: str, time_s: float) -> ConfigurationEvent:
    return ConfigurationEvent(
        received_s=time_s,
        time_s=time_s,
        node=node,
        change_id=UntrustedText(change_id),
        user=UntrustedText("admin"),
    )


def test_commit_of_somebody_else_is_a_symptom_and_ours_is_none(tracker: Tracker) -> None:
    tracker.known_changes.add("live-0001.mitigate1.0@A")
    tracker.ingest([_commit("A", "live-0001.mitigate1.0@A", START_S)])
    assert _symptoms(tracker) == []
    tracker.ingest([_commit("B", "manual", START_S)])
    assert _symptoms(tracker) == ["configuration_change:B"]


def test_commit_under_planned_work_is_no_symptom() -> None:
    tracker = tracker_of(inventory(planned_work=(WORK,)))
    tracker.ingest([_commit("A", "CHG-1", START_S + 1500)])
    assert _symptoms(tracker) == []


def test_configuration_symptom_clears_when_the_device_runs_what_it_ran(
    tracker: Tracker, known: Inventory
) -> None:
    tracker.ingest([_commit("A", "manual", START_S)])
    changed = known.intended.with_interface("A", InterfaceConfiguration(link="A-B", igp_weight=99))
    tracker.set_running(changed)
    assert _symptoms(tracker) == ["configuration_change:A"]
    tracker.set_running(known.intended)
    assert _symptoms(tracker) == []


# Counters


def test_one_round_of_drops_is_noise_and_two_are_a_symptom(tracker: Tracker) -> None:
    counters = Counters()
    tracker.ingest(counters.read())
    _feed(tracker, counters, 1, dropped={A_TO_B: 0.05})
    assert _symptoms(tracker) == []
    _feed(tracker, counters, 1, dropped={A_TO_B: 0.05})
    assert _symptoms(tracker) == ["queue_drops:A|A-B"]
    assert tracker.active_symptoms()[0].magnitude == pytest.approx(0.05)
    _feed(tracker, counters, 1)
    assert _symptoms(tracker) == []


def test_what_a_policer_drops_is_no_symptom(tracker: Tracker, known: Inventory) -> None:
    limited = InterfaceConfiguration(
        link="A-B",
        igp_weight=10,
        policers=(Policer(traffic_class=TrafficClass.BEST_EFFORT, rate_bps=1e9),),
    )
    tracker.set_running(known.intended.with_interface("A", limited))
    counters = Counters()
    tracker.ingest(counters.read())
    _feed(tracker, counters, 4, dropped={A_TO_B: 0.05})
    assert _symptoms(tracker) == []


def test_three_percent_that_do_not_arrive_are_silent_loss_at_that_egress(tracker: Tracker) -> None:
    counters = Counters()
    tracker.ingest(counters.read())
    _feed(tracker, counters, 6)
    assert _symptoms(tracker) == []
    _feed(tracker, counters, 6, lost={A_TO_B: 0.03})
    assert _symptoms(tracker) == ["silent_loss:A|A-B"]
    assert tracker.losses.mean[A_TO_B] == pytest.approx(0.03, abs=0.002)
    _feed(tracker, counters, 6)
    assert _symptoms(tracker) == []


def test_round_that_was_not_read_does_not_end_a_silent_loss(tracker: Tracker) -> None:
    counters = Counters()
    tracker.ingest(counters.read())
    _feed(tracker, counters, 6)
    _feed(tracker, counters, 6, lost={A_TO_B: 0.03})
    missed = counters.after(loads_of(tracker.inventory), lost={A_TO_B: 0.03})
    tracker.ingest(unread(record) if record.node == "B" else record for record in missed)
    for _ in range(4):
        _feed(tracker, counters, 1, lost={A_TO_B: 0.03})
        assert _symptoms(tracker) == ["silent_loss:A|A-B"]
        assert tracker.losses.steady[A_TO_B] == pytest.approx(0.03, abs=0.002)


def test_loss_of_a_single_round_is_no_silent_loss(tracker: Tracker) -> None:
    counters = Counters()
    tracker.ingest(counters.read())
    _feed(tracker, counters, 6)
    _feed(tracker, counters, 1, lost={A_TO_B: 0.2})
    for _ in range(6):
        _feed(tracker, counters, 1)
        assert _symptoms(tracker) == []


def test_load_that_rises_is_not_taken_for_loss(tracker: Tracker) -> None:
    counters = Counters()
    tracker.ingest(counters.read())
    for factor in np.linspace(1.0, 2.0, 20):
        _feed(tracker, counters, 1, factor=float(factor))
        assert _symptoms(tracker) == []


def test_link_that_is_down_has_no_silent_loss_besides(tracker: Tracker) -> None:
    counters = Counters()
    tracker.ingest(counters.read())
    _feed(tracker, counters, 6)
    tracker.ingest([adjacency(counters.now_s, "A", "A-B", up=False)])
    _feed(tracker, counters, 6, lost={A_TO_B: 0.5})
    assert _symptoms(tracker) == ["adjacency_down:A-B"]


def test_utilisation_is_that_of_the_latest_reading_and_unknown_before_the_first(
    tracker: Tracker,
) -> None:
    assert np.isnan(tracker.utilisation()).all()
    counters = Counters()
    tracker.ingest(counters.read())
    _feed(tracker, counters, 1)
    _feed(tracker, counters, 1, factor=2.0)
    assert tracker.utilisation()[A_TO_B] == pytest.approx(0.6)
    assert tracker.utilisation(before_s=counters.now_s)[A_TO_B] == pytest.approx(0.3)


def test_measured_load_is_of_the_rounds_since_routing_last_changed(tracker: Tracker) -> None:
    counters = Counters()
    tracker.ingest(counters.read())
    _feed(tracker, counters, 3)
    tracker.ingest([adjacency(counters.now_s, "A", "A-B", up=False)])
    assert np.isnan(tracker.measured_offered()).all()
    _feed(tracker, counters, 4, factor=2.0, dropped={A_TO_B: 0.25})
    # 6 Gbit/s went out and were three quarters of what was offered.
    assert tracker.measured_offered()[A_TO_B] == pytest.approx(8e9)
    assert tracker.congested().nonzero()[0].tolist() == [A_TO_B]


# Bundles that are shorter than recorded


def _watch_short(tracker: Tracker, rounds: int) -> None:
    """A-B drops at 4 Gbit/s though 10 are on record, as if one of its two members were missing."""
    counters = Counters(starts_s=START_S + 1000)
    tracker.ingest(counters.read())
    _feed(tracker, counters, rounds, factor=4 / 3, dropped={A_TO_B: 0.05})


def test_egress_that_drops_far_below_its_capacity_has_fewer_members(tracker: Tracker) -> None:
    _watch_short(tracker, 3)
    assert tracker.links.short == {"A-B": 5e9}
    assert tracker.topology.link("A-B").capacity_bps == 5e9
    assert tracker.topology.link("A-B").members == 1
    assert tracker.inventory.topology.link("A-B").capacity_bps == 10e9


def test_two_rounds_of_drops_are_no_proof_of_a_short_bundle(tracker: Tracker) -> None:
    _watch_short(tracker, 2)
    assert tracker.links.short == {}


def test_short_bundle_is_found_only_once_routing_has_settled(tracker: Tracker) -> None:
    tracker.ingest([adjacency(START_S + 1000, "C", "C-D", up=False)])
    settled_rounds = int(CONVERGENCE_S // 30) + 1
    _watch_short(tracker, settled_rounds + 2)
    assert tracker.links.short == {}
    _watch_short(tracker, settled_rounds + 3)
    assert tracker.links.short == {"A-B": 5e9}


def test_egress_that_drops_when_it_is_full_is_no_short_bundle(tracker: Tracker) -> None:
    counters = Counters()
    tracker.ingest(counters.read())
    _feed(tracker, counters, 6, factor=9.5 / 3, dropped={A_TO_B: 0.05})
    assert tracker.links.short == {}


def test_drops_that_hit_voice_as_all_else_are_no_short_bundle(tracker: Tracker) -> None:
    counters = Counters()
    tracker.ingest(counters.read())
    for _ in range(4):
        read = counters.after(4 / 3 * loads_of(tracker.inventory), dropped={A_TO_B: 0.05})
        # A tenth of everything is voice.
        tracker.ingest([_with_voice(record) for record in read])
    assert tracker.links.short == {}


def _with_voice(record: InterfaceCounters) -> InterfaceCounters:
    mix = np.array([0.1, 0.9, 0.0])
    return replace(
        record,
        sent_bytes=record.sent_bytes[:, 1:2] * mix,
        dropped_bytes=record.dropped_bytes[:, 1:2] * mix,
    )


def test_short_bundle_that_sends_more_than_is_left_of_it_is_whole(tracker: Tracker) -> None:
    counters = Counters()
    tracker.ingest(counters.read())
    _feed(tracker, counters, 3, factor=4 / 3, dropped={A_TO_B: 0.05})
    assert tracker.links.short == {"A-B": 5e9}
    _feed(tracker, counters, 1, factor=5.2 / 3)
    assert tracker.links.short == {"A-B": 5e9}
    _feed(tracker, counters, 1, factor=5.3 / 3)
    assert tracker.links.short == {}
    assert tracker.topology == tracker.inventory.topology


def test_bundle_found_short_since_an_incident_began_was_whole_before(tracker: Tracker) -> None:
    counters = Counters()
    tracker.ingest(counters.read())
    _feed(tracker, counters, 3, factor=4 / 3, dropped={A_TO_B: 0.05})
    onset_s = tracker.now_s - 60
    assert tracker.links.short_since(onset_s) == {"A-B": 1}
    assert tracker.normal_state(found_by_s=onset_s).topology == tracker.inventory.topology
    assert tracker.normal_state().topology.link("A-B").members == 1
    again = _revived(json.loads(json.dumps(tracker.dump())), tracker.inventory)
    assert again.links.short_since(onset_s) == {"A-B": 1}
    assert again.links.short_since(tracker.now_s) == {}
    again.links.lengthen(["A-B", "C-D"])
    assert again.links.short == {}


# Flows and probes


def test_node_that_draws_far_more_than_expected_is_a_surge_until_it_does_not(
    tracker: Tracker, known: Inventory
) -> None:
    expected = known.peak_traffic.rates_bps
    tripled = expected.copy()
    tripled[:, :, known.topology.node_index["B"]] *= 3
    tracker.ingest([flows(tripled, START_S + 300)])
    (symptom,) = tracker.active_symptoms()
    assert symptom.id == "traffic_surge:B"
    assert symptom.magnitude == pytest.approx(3.0)
    tracker.ingest([flows(expected, START_S + 600)])
    assert _symptoms(tracker) == []


def test_probe_that_loses_is_a_symptom_and_breaks_its_service(
    tracker: Tracker, known: Inventory
) -> None:
    tracker.ingest([probes(known, START_S + 30 * i, lost=0.1) for i in range(3)])
    assert _symptoms(tracker) == ["probe_loss:A>B/business"]
    assert tracker.services.in_breach_now == {"svc-AB"}
    tracker.ingest([probes(known, START_S + 90 + 30 * i) for i in range(6)])
    assert _symptoms(tracker) == []
    assert tracker.services.in_breach_now == frozenset()
    # Three rounds of loss, and two more until the last three are clean.
    assert tracker.services.minutes_lost(START_S - 30, START_S + 900) == {"svc-AB": 2.5}


def test_probe_that_did_not_report_says_nothing(tracker: Tracker, known: Inventory) -> None:
    silent = [probes(known, START_S + 30 * i, sent=np.nan) for i in range(4)]
    tracker.ingest(silent)
    assert _symptoms(tracker) == []
    assert tracker.services.in_breach_now == frozenset()


# What is learned


def test_healthy_loads_teach_how_far_the_twin_is_off(tracker: Tracker) -> None:
    counters = Counters()
    tracker.ingest(counters.read())
    _feed(tracker, counters, 10, factor=1.1)
    assert tracker.usual_loads.bias[A_TO_B] == pytest.approx(np.log(1.1), abs=1e-6)
    assert tracker.usual_loads.rounds_learned == 10
    assert tracker.usual_loads.bias[A_TO_D] == 0.0, (
        "nothing is learned of an egress that sends nothing"
    )


@pytest.mark.parametrize(
    "trouble",
    [
        adjacency(START_S, "C", "C-D", up=False),
        _commit("C", "manual", START_S),
    ],
)
def test_nothing_is_learned_while_a_symptom_is_active(
    tracker: Tracker, known: Inventory, trouble: Telemetry
) -> None:
    tracker.ingest([trouble])
    counters = Counters()
    tracker.ingest(counters.read())
    _feed(tracker, counters, 8, factor=1.3, lost={A_TO_B: 0.005})
    tracker.ingest([flows(1.2 * known.peak_traffic.rates_bps, START_S + 300)])
    assert tracker.usual_loads.rounds_learned == 0
    assert (tracker.usual_loads.bias == 0).all()
    assert (tracker.losses.spread == 0.003).all()
    assert (tracker.demand.peak_bps == known.peak_traffic.rates_bps).all()


def test_links_that_an_incident_accounts_for_are_down_in_the_normal_state_of_others(
    tracker: Tracker,
) -> None:
    tracker.ingest([adjacency(START_S, "A", "A-B", up=False)])
    tracker.attribute("one", (LinkDown(link="A-B"),))
    assert tracker.normal_state(besides="two").down_links == {"A-B"}
    assert tracker.normal_state(besides="one").down_links == frozenset()
    tracker.attribute("one", ())
    assert tracker.normal_state().down_links == frozenset()


# Storms


def _everything_that_can_grow(tracker: Tracker) -> int:
    """Characters of what a restart keeps, and of the log lines besides."""
    lines = (x for n in "ABCD" for x in tracker.intake.lines_of(n))
    return len(json.dumps(tracker.dump())) + sum(len(x.line.text.raw) for x in lines)


def _storm(count: int, numbers: np.random.Generator) -> list[Telemetry]:
    """Of the kinds that a device or a stranger can send by the thousand, none of it news."""
    found: list[Telemetry] = []
    for i in range(count):
        time_s = START_S + 60 + float(numbers.random())
        node, name = "ABCD"[i % 4], f"{numbers.integers(10**9):09d}"
        found += [
            replace(adjacency(START_S, "A", "A-B", up=False), received_s=time_s),
            replace(adjacency(START_S - 3600, "B", "A-B", up=True), received_s=time_s),
            replace(adjacency(START_S - 3600, "C", "C-D", up=True), received_s=time_s),
            adjacency(time_s, node, f"L{name}", up=False),
            adjacency(time_s, f"R{name}", "A-B", up=False),
            replace(_commit("D", "manual", START_S), received_s=time_s),
            _commit(f"R{name}", name, time_s),
            SyslogLine(time_s, time_s, node, UntrustedText(f"number {name}")),
        ]
    return found


def test_storm_of_repeats_and_strangers_leaves_what_is_wrong_as_it_is(tracker: Tracker) -> None:
    tracker.ingest([adjacency(START_S, "A", "A-B", up=False), _commit("D", "manual", START_S)])
    before, last_step_s = tracker.active_symptoms(), tracker.last_step_s
    tracker.ingest(_storm(1000, np.random.default_rng(1)))
    after = tracker.active_symptoms()
    assert [s.id for s in after] == [s.id for s in before]
    assert [s.first_seen_s for s in after] == [START_S, START_S]
    assert [s.alarms for s in after] == [1001, 1001]
    assert tracker.down_links == {"A-B"}
    assert tracker.last_step_s == last_step_s, "routing has not changed"
    summary = tracker.intake.summary()
    assert (summary.received, summary.unknown) == (8002, 3000)


def test_ten_storms_take_no_more_room_than_one(tracker: Tracker) -> None:
    numbers = np.random.default_rng(1)
    tracker.ingest([adjacency(START_S, "A", "A-B", up=False)])
    tracker.ingest(_storm(500, numbers))
    one = _everything_that_can_grow(tracker)
    for _ in range(9):
        tracker.ingest(_storm(500, numbers))
    # The counters have a digit more, each.
    assert _everything_that_can_grow(tracker) < one + 100


def test_loss_in_the_middle_of_a_storm_is_found(tracker: Tracker) -> None:
    storm = _storm(500, np.random.default_rng(1))
    news: list[Telemetry] = [
        adjacency(START_S + 61, "B", "B-C", up=False),
        _commit("A", "manual", START_S + 61),
    ]
    tracker.ingest([*storm[:2000], *news, *storm[2000:]])
    assert {"adjacency_down:B-C", "configuration_change:A"} <= set(_symptoms(tracker))


def test_flaps_end_as_the_last_report_says_and_are_counted(tracker: Tracker) -> None:
    reports = [
        adjacency(START_S + i, node, "A-B", up=i % 2 == 1) for i in range(7) for node in ("A", "B")
    ]
    tracker.ingest([*reports, *reports])
    assert tracker.down_links == {"A-B"}
    assert _symptoms(tracker) == ["adjacency_down:A-B"]
    assert tracker.adjacencies.flaps == {"A-B": 3}
    tracker.ingest([adjacency(START_S + 7, "A", "A-B", up=True), *reports])
    assert tracker.down_links == frozenset()
    assert _symptoms(tracker) == []
    assert tracker.adjacencies.flaps == {"A-B": 4}


@pytest.mark.parametrize("ahead_s", [1e9, np.inf, np.nan])
def test_stamp_from_the_future_does_not_make_late_of_what_follows(
    tracker: Tracker, ahead_s: float
) -> None:
    early = adjacency(START_S, "A", "A-B", up=True)
    tracker.ingest([replace(early, time_s=START_S + ahead_s)])
    tracker.ingest([adjacency(START_S + 60, "A", "A-B", up=False)])
    assert _symptoms(tracker) == ["adjacency_down:A-B"]
    assert tracker.last_step_s == START_S + 60


def test_commit_that_is_reported_again_after_it_was_taken_back_is_no_symptom(
    tracker: Tracker, known: Inventory
) -> None:
    tracker.ingest([_commit("A", "manual", START_S)])
    tracker.set_running(known.intended)
    tracker.ingest([replace(_commit("A", "manual", START_S), received_s=START_S + 600)])
    assert _symptoms(tracker) == []
    tracker.ingest([_commit("A", "manual", START_S + 900)])
    assert _symptoms(tracker) == ["configuration_change:A"]


def test_commit_that_is_told_of_late_does_not_hide_a_newer_one(tracker: Tracker) -> None:
    late = replace(_commit("A", "one", START_S), received_s=START_S + 90)
    tracker.ingest([_commit("A", "two", START_S + 60), late])
    assert tracker.changed_nodes == {"A": START_S + 60}


def test_breaches_are_kept_for_a_week(tracker: Tracker, known: Inventory) -> None:
    day_s = 86_400.0
    for day in range(20):
        tracker.ingest([probes(known, START_S + day * day_s, lost=0.1)])
    times = [span.time_s for span in tracker.services.spans]
    assert times == [START_S + day * day_s for day in range(12, 20)]


# Surviving a restart


def _revived(data: dict[str, Any], known: Inventory) -> Tracker:
    return Tracker.load(data, known, partial(offered_totals, Twin(known)))


def test_tracker_that_an_earlier_version_wrote_is_read(known: Inventory) -> None:
    """The file is of version 0.1, from before detectors kept their own state (commit 0c65f2c)."""
    file = Path(__file__).with_name("tracker_of_an_earlier_version.json.gz")
    data = json.loads(gzip.decompress(file.read_bytes()))
    revived = _revived(data, known)
    assert _symptoms(revived) == [
        "queue_drops:A|A-B",
        "probe_loss:A>B/business",
        "adjacency_down:C-D",
        "configuration_change:D",
    ]
    assert revived.down_links == revived.normal_state().down_links == {"C-D"}
    assert revived.topology.link("A-B").members == 1
    assert revived.now_s == START_S + 1300
    assert revived.usual_loads.bias[A_TO_B] == pytest.approx(0.128, abs=0.001)
    assert revived.demand.peak_bps[1, 0, 1] == pytest.approx(3.046e9, rel=1e-3)
    assert revived.services.minutes_lost(START_S, START_S + 1300) == {"svc-AB": 1.5}
    again = json.loads(json.dumps(revived.dump(), allow_nan=False))
    # Causes are kept whole; that version kept the links that were down.
    assert again["attributed"] == {"live-0001": [{"kind": "link_down", "link": "C-D"}]}
    # The services of a breach are named once for all of its spans.
    assert again["services"]["sets"] == [["svc-AB"]]
    same = data.keys() - {"settled_commit", "attributed", "services"}
    assert {key: again[key] for key in same} == {key: data[key] for key in same}


def test_tracker_of_an_earlier_version_goes_on_where_it_was(known: Inventory) -> None:
    file = Path(__file__).with_name("tracker_of_an_earlier_version.json.gz")
    revived = _revived(json.loads(gzip.decompress(file.read_bytes())), known)
    settled = _commit("A", "manual", START_S + 460)
    revived.ingest([replace(settled, received_s=START_S + 1310)])
    assert "configuration_change:A" not in _symptoms(revived), "it was dealt with before"
    counters = Counters(starts_s=START_S + 1330)
    revived.ingest(
        [*counters.read(), *(probes(known, START_S + t) for t in (1330, 1360, 1390, 1420))]
    )
    _feed(revived, counters, 1)
    assert _symptoms(revived) == ["adjacency_down:C-D", "configuration_change:D"]


def test_tracker_that_knows_neither_reports_nor_counts_nor_detectors_is_read(
    tracker: Tracker, known: Inventory
) -> None:
    tracker.ingest([adjacency(START_S, "C", "C-D", up=False), _commit("D", "manual", START_S)])
    tracker.known_changes |= {"two@A", "one@A"}
    data = json.loads(json.dumps(tracker.dump()))
    for name in ("adjacencies", "intake", "detectors", "loss_mean", "loss_steady"):
        del data[name]
    data["known_changes"].sort()
    revived = _revived(data, known)
    assert revived.down_links == {"C-D"}
    assert revived.active_symptoms() == tracker.active_symptoms()
    assert set(revived.known_changes) == {"one@A", "two@A"}
    revived.ingest([adjacency(START_S + 60, "D", "C-D", up=True)])
    assert revived.down_links == frozenset()


def test_report_that_is_late_is_late_after_a_restart_too(
    tracker: Tracker, known: Inventory
) -> None:
    lost = adjacency(START_S, "A", "A-B", up=False)
    tracker.ingest([lost, adjacency(START_S + 60, "A", "A-B", up=True)])
    tracker.ingest([_commit("D", "manual", START_S)])
    tracker.set_running(known.intended)
    data = json.loads(json.dumps(tracker.dump()))
    revived = _revived(data, known)
    heard = revived.intake.summary().received
    revived.ingest([lost, _commit("D", "manual", START_S)])
    assert revived.intake.summary().received == heard, "it was taken before the restart"
    later_s = START_S + 90
    again = _commit("D", "manual", START_S)
    revived.ingest([replace(lost, received_s=later_s), replace(again, received_s=later_s)])
    assert _symptoms(revived) == []
    assert revived.down_links == frozenset()
    assert revived.intake.summary().late == 2


def test_tracker_that_travelled_through_json_believes_and_learns_the_same(
    tracker: Tracker, known: Inventory
) -> None:
    tracker.known_changes.add("ours@A")
    tracker.ingest([flows(1.1 * known.peak_traffic.rates_bps, START_S + 300)])
    counters = Counters(starts_s=START_S + 300)
    tracker.ingest(counters.read())
    _feed(tracker, counters, 5, factor=1.1)
    _watch_short(tracker, 4)
    tracker.ingest([adjacency(START_S + 3000, "C", "C-D", up=False)])
    tracker.ingest([_commit("D", "manual", START_S + 3000)])
    tracker.attribute("live-0001", (LinkDown(link="C-D"),))
    text = json.dumps(tracker.dump(), allow_nan=False)
    revived = _revived(json.loads(text), known)
    assert revived.dump() == tracker.dump()
    assert revived.active_symptoms() == tracker.active_symptoms()
    assert len(revived.active_symptoms()) == 3
    assert revived.down_links == {"C-D"}
    assert revived.topology == tracker.topology
    assert revived.normal_state().down_links == {"C-D"}
    np.testing.assert_array_equal(revived.usual_loads.bias, tracker.usual_loads.bias)
    np.testing.assert_array_equal(revived.demand.peak_bps, tracker.demand.peak_bps)


def test_revived_tracker_clears_what_is_over(tracker: Tracker, known: Inventory) -> None:
    counters = Counters()
    tracker.ingest(counters.read())
    _feed(tracker, counters, 3, dropped={C_TO_D: 0.05})
    assert _symptoms(tracker) == ["queue_drops:C|C-D"]
    data = json.loads(json.dumps(tracker.dump()))
    revived = _revived(data, known)
    _feed(revived, counters, 2)
    assert _symptoms(revived) == []


def test_tracker_of_which_a_part_is_missing_is_refused_by_name(
    tracker: Tracker, known: Inventory
) -> None:
    data = tracker.dump()
    del data["book"]
    with pytest.raises(BadInput, match="lacks book"):
        _revived(data, known)


def test_silent_loss_goes_on_over_a_restart(tracker: Tracker, known: Inventory) -> None:
    counters = Counters()
    tracker.ingest(counters.read())
    _feed(tracker, counters, 6)
    _feed(tracker, counters, 6, lost={A_TO_B: 0.03})
    (before,) = tracker.active_symptoms()
    revived = _revived(json.loads(json.dumps(tracker.dump())), known)
    for _ in range(8):
        _feed(revived, counters, 1, lost={A_TO_B: 0.03})
        (symptom,) = revived.active_symptoms()
        assert (symptom.id, symptom.first_seen_s) == (before.id, before.first_seen_s)


@pytest.mark.parametrize("every", [1, 2, 3])
def test_loss_is_found_in_the_same_round_however_often_the_watch_is_restarted(
    tracker: Tracker, known: Inventory, every: int
) -> None:
    restarted, counters = tracker_of(known), Counters()
    normal = loads_of(known)
    raised = []
    for number in range(24):
        lost = {A_TO_B: 0.03} if number >= 12 else None
        read = counters.after(normal, lost=lost) if number else counters.read()
        # What comes at the moment of the last record before a restart counts as taken.
        records = [replace(one, received_s=one.received_s + i) for i, one in enumerate(read)]
        tracker.ingest(records)
        # In the middle of a round, when some devices have been read and others not.
        middle = number % len(records)
        restarted.ingest(records[:middle])
        if number % every == 0:
            restarted = _revived(json.loads(json.dumps(restarted.dump())), known)
        restarted.ingest(records[middle:])
        assert _symptoms(restarted) == _symptoms(tracker)
        np.testing.assert_allclose(restarted.losses.mean, tracker.losses.mean, atol=1e-12)
        np.testing.assert_allclose(restarted.losses.steady, tracker.losses.steady, atol=1e-12)
        if _symptoms(tracker):
            raised.append(number)
    assert raised[0] > 12


def test_device_whose_clock_was_put_right_begins_anew_after_a_restart_too(
    tracker: Tracker, known: Inventory
) -> None:
    counters = Counters()
    for _ in range(3):
        tracker.ingest(counters.after(loads_of(known)))
    kept = json.loads(json.dumps(tracker.dump()))["counters"]
    assert {node: len(of["read"]) for node, of in kept.items()} == dict.fromkeys("ABCD", 3)
    tracker._meter.begin_anew("A")
    assert "A" not in tracker.dump()["counters"]


def test_kept_counters_of_strangers_of_another_shape_and_of_the_future_are_left_out(
    tracker: Tracker, known: Inventory
) -> None:
    counters = Counters()
    for _ in range(3):
        tracker.ingest(counters.after(loads_of(known)))
    data = json.loads(json.dumps(tracker.dump()))
    data["counters"]["stranger"] = data["counters"].pop("A")
    data["counters"]["B"]["read"] = [row[:-1] for row in data["counters"]["B"]["read"]]
    until_s = counters.now_s - 1.0
    found = kept_counters(data["counters"], known.topology, until_s)
    assert [(r.node, until_s - r.time_s < ROUND_S) for r in found] == [
        ("C", False),
        ("D", False),
        ("C", True),
        ("D", True),
    ]


# What must be kept before telemetry is said to be


def test_what_is_merely_learned_leaves_the_mark_as_it_is(
    tracker: Tracker, known: Inventory
) -> None:
    counters = Counters()
    tracker.ingest(counters.read())
    mark = tracker.mark
    _feed(tracker, counters, 6)
    tracker.ingest([flows(known.peak_traffic.rates_bps, START_S + 300), probes(known, START_S)])
    assert tracker.usual_loads.rounds_learned == 6
    assert tracker.mark == mark


def test_what_began_or_was_decided_changes_the_mark(tracker: Tracker, known: Inventory) -> None:
    marks = [tracker.mark]
    running = known.intended.with_interface("A", InterfaceConfiguration(link="A-B", igp_weight=99))
    steps: list[Callable[[], None]] = [
        lambda: tracker.ingest([adjacency(START_S, "A", "A-B", up=False)]),
        lambda: tracker.ingest([adjacency(START_S + 60, "A", "A-B", up=True)]),
        lambda: tracker.ingest([_commit("B", "manual", START_S + 90)]),
        lambda: tracker.set_running(running),
        lambda: tracker.set_running(running, accepted=["A"]),
        lambda: tracker.attribute("live-0001", (LinkDown(link="B-C"),)),
        lambda: tracker.attribute("live-0001", ()),
        lambda: tracker.links.shorten("C-D", 1, tracker.now_s),
    ]
    for step in steps:
        step()
        marks.append(tracker.mark)
    assert all(before != after for before, after in pairwise(marks))


def test_symptom_that_goes_on_leaves_the_mark_as_it_is(tracker: Tracker, known: Inventory) -> None:
    for turn in range(4):
        tracker.ingest([probes(known, START_S + 30 * turn, lost=0.1)])
    mark, (before, *_) = tracker.mark, tracker.active_symptoms()
    tracker.ingest([probes(known, START_S + 120, lost=0.1)])
    assert tracker.active_symptoms()[0].alarms == before.alarms + 1
    assert tracker.mark == mark
    for turn in range(8):
        tracker.ingest([probes(known, START_S + 150 + 30 * turn)])
    assert tracker.mark != mark, "it is over"


# Telemetry that cannot be taken


def test_record_of_an_unknown_kind_is_counted_and_those_after_it_are_taken(
    tracker: Tracker,
) -> None:
    @dataclass(frozen=True)
    class OpticalPower:
        received_s: float

    tracker.ingest(
        [
            OpticalPower(START_S),  # type: ignore[list-item]  # a driver of tomorrow
            adjacency(START_S, "A", "A-B", up=False),
        ]
    )
    assert tracker.intake.summary().examples == ("«records of the kind OpticalPower»",)
    assert tracker.down_links == {"A-B"}


def test_counters_of_strangers_are_counted_and_ignored(tracker: Tracker) -> None:
    counters = Counters()
    here, *rest = counters.read()
    tracker.ingest([replace(here, node="ghost"), replace(here, links=("A-B", "Z-Z")), *rest])
    assert tracker.intake.summary().examples == ("«ghost»", "«A on Z-Z»")
    _feed(tracker, counters, 1)
    assert tracker.utilisation()[A_TO_B] == pytest.approx(0.3)


def test_reading_that_comes_twice_is_counted_and_is_no_round(tracker: Tracker) -> None:
    counters = Counters()
    tracker.ingest(counters.read())
    tracker.ingest(counters.read())
    assert tracker.intake.summary().late == 4
    _feed(tracker, counters, 1)
    assert len(tracker.rates) == 1


def test_loss_of_an_egress_that_was_relieved_cannot_be_measured_and_goes_on_counting(
    tracker: Tracker,
) -> None:
    counters = Counters()
    tracker.ingest(counters.read())
    _feed(tracker, counters, 20)
    _feed(tracker, counters, 12, lost={A_TO_B: 0.2})
    (lossy,) = tracker.active_symptoms()
    assert tracker.measurable(lossy).state == "active"
    _feed(tracker, counters, 12, factor=0.0)
    (lossy,) = tracker.active_symptoms()
    assert tracker.measurable(lossy).state == "cannot be measured"
    _feed(tracker, counters, 12)
    assert not tracker.active_symptoms()


def test_symptom_that_cannot_be_measured_is_kept_like_any_other(tracker: Tracker) -> None:
    counters = Counters()
    tracker.ingest(counters.read())
    _feed(tracker, counters, 20)
    _feed(tracker, counters, 12, lost={A_TO_B: 0.2})
    (lossy,) = tracker.active_symptoms()
    marked = lossy.model_copy(update={"unmeasured": True})
    assert Symptom.model_validate_json(marked.model_dump_json()) == marked
    assert "unmeasured" not in lossy.model_dump_json(), "as earlier versions wrote it"
    book = SymptomBook({"alarms": 1, "symptoms": [marked.model_dump(mode="json")]})
    assert book.active() == (lossy,)
