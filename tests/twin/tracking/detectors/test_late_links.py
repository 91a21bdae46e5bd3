"""Probes that take longer tell which link does; a queue, a new way or one round do not."""

from collections.abc import Mapping

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
from twin.diagnosis.observation import observe
from twin.events.faults.high_latency import HighLatency
from twin.events.kinds import Clues
from twin.nouns.telemetry import ProbeRound
from twin.tracking.tracker import Tracker

LINE = topology((("A", "B"), ("B", "C"), ("C", "D"), ("A", "D")))
PAIRS = (("A", "B"), ("B", "A"), ("B", "C"), ("C", "B"), ("B", "D"), ("A", "D"), ("D", "C"))


@pytest.fixture
def tracker() -> Tracker:
    return tracker_of(inventory(LINE, services=PAIRS))


def _measure(
    tracker: Tracker, first: int, rounds: int, more_s: Mapping[str, float], over_a: float = 0.5
) -> None:
    """Probes take 2 ms a link, and `more_s` over the links that they go directly. B>D goes over A
    by the share `over_a`, and over C by the rest.
    """
    known = tracker.inventory
    for i in range(first, first + rounds):
        # No two rounds are alike to the last digit.
        delay_s = np.full(len(known.probes), 0.002) + 1e-9 * i * np.arange(len(known.probes))
        for row, path in enumerate(known.probes):
            delay_s[row] += more_s.get("-".join(sorted((path.source, path.target))), 0.0)
        both = over_a * more_s.get("A-B", 0.0) + (1 - over_a) * more_s.get("B-C", 0.0)
        delay_s[PAIRS.index(("B", "D"))] += 0.002 + both
        count = np.full(len(known.probes), 100.0)
        time_s = START_S + 30 * i
        tracker.ingest([ProbeRound(time_s, known.probes, count, 0 * count, delay_s)])


def _late(tracker: Tracker) -> dict[str, float]:
    return {s.resource: s.magnitude for s in tracker.active_symptoms() if s.kind == "late_link"}


def test_link_is_late_in_the_second_round_by_what_its_probes_take_longer(tracker: Tracker) -> None:
    _measure(tracker, 0, 10, {})
    _measure(tracker, 10, 1, {"A-B": 0.005})
    assert _late(tracker) == {}
    _measure(tracker, 11, 1, {"A-B": 0.005})
    assert _late(tracker) == {"A-B": pytest.approx(0.005, rel=1e-3)}
    assert tracker.topology.link("A-B").late_s == pytest.approx(0.005, rel=1e-3)
    _measure(tracker, 12, 1, {})
    assert _late(tracker) == {}
    assert tracker.topology == tracker.inventory.topology


@pytest.mark.parametrize(("more_s", "found"), [(0.0024, False), (0.0026, True)])
def test_least_that_a_link_may_be_late_is_two_and_a_half_milliseconds(
    tracker: Tracker, more_s: float, found: bool
) -> None:
    _measure(tracker, 0, 10, {})
    _measure(tracker, 10, 3, {"A-B": more_s})
    assert (_late(tracker) != {}) == found


def test_two_links_that_are_late_are_both_found(tracker: Tracker) -> None:
    _measure(tracker, 0, 10, {})
    _measure(tracker, 10, 2, {"A-B": 0.005, "B-C": 0.02})
    assert _late(tracker) == {
        "A-B": pytest.approx(0.005, rel=1e-3),
        "B-C": pytest.approx(0.02, rel=1e-3),
    }


def test_router_that_is_late_on_its_way_out_makes_no_link_late() -> None:
    """All that B sends or passes on is late; over A-B both ways, as what A sends goes on over B."""
    pairs = (*PAIRS, ("A", "C"), ("C", "A"))
    tracker = tracker_of(
        inventory(topology((("A", "B"), ("B", "C"))), services=pairs[:4] + pairs[7:])
    )
    paths = tracker.inventory.probes
    passes_b = np.array([{p.source, p.target} == {"A", "C"} or p.source == "B" for p in paths])
    for i in range(14):
        delay_s = 0.002 + 0.005 * passes_b * (i >= 10) + 1e-9 * i * np.arange(len(paths))
        count = np.full(len(paths), 100.0)
        tracker.ingest([ProbeRound(START_S + 30 * i, paths, count, 0 * count, delay_s)])
    assert _late(tracker) == {}


def test_what_probes_take_is_learned_anew_where_they_take_another_way(tracker: Tracker) -> None:
    _measure(tracker, 0, 10, {})
    tracker.ingest([adjacency(START_S + 300, "C", "C-D", up=False)])
    _measure(tracker, 11, 8, {"B-D": 0.02}, over_a=1.0)
    assert _late(tracker) == {}, "that is what the new way takes"
    _measure(tracker, 19, 2, {"B-D": 0.02, "A-B": 0.01}, over_a=1.0)
    assert _late(tracker) == {"A-B": pytest.approx(0.01, rel=1e-3)}


def test_link_that_is_late_just_when_routing_changes_elsewhere_is_found(tracker: Tracker) -> None:
    _measure(tracker, 0, 10, {})
    tracker.ingest([adjacency(START_S + 300, "C", "C-D", up=False)])
    _measure(tracker, 11, 8, {"A-B": 0.005}, over_a=1.0)
    assert _late(tracker) == {"A-B": pytest.approx(0.005, rel=1e-3)}


def test_link_that_is_late_stays_so_though_routing_changes(tracker: Tracker) -> None:
    _measure(tracker, 0, 10, {})
    _measure(tracker, 10, 2, {"A-B": 0.005})
    tracker.ingest([adjacency(START_S + 360, "C", "C-D", up=False)])
    _measure(tracker, 13, 12, {"A-B": 0.005}, over_a=1.0)
    assert _late(tracker) == {"A-B": pytest.approx(0.005, rel=1e-3)}


def test_delay_of_a_queue_is_not_called_a_links(tracker: Tracker) -> None:
    counters = Counters(LINE)
    tracker.ingest(counters.read())
    _measure(tracker, 0, 10, {})
    sent = loads_of(tracker.inventory)
    sent[A_TO_B] = 9.5e9
    tracker.ingest(counters.after(sent))
    tracker.ingest(counters.after(sent))
    # The other way there is no queue, and nothing is late.
    known = tracker.inventory
    for i in range(10, 13):
        # No two rounds are alike to the last digit.
        delay_s = np.full(len(known.probes), 0.002) + 1e-9 * i * np.arange(len(known.probes))
        delay_s[0] += 0.02
        count = np.full(len(known.probes), 100.0)
        tracker.ingest([ProbeRound(START_S + 30 * i, known.probes, count, 0 * count, delay_s)])
    assert _late(tracker) == {}


@pytest.mark.parametrize(("load_bps", "found"), [(5e9, True), (8.8e9, False)])
def test_link_that_is_nearly_full_both_ways_is_not_called_late(
    tracker: Tracker, load_bps: float, found: bool
) -> None:
    """At 88 % bursts queue for milliseconds."""
    counters = Counters(LINE)
    tracker.ingest(counters.read())
    _measure(tracker, 0, 10, {})
    sent = loads_of(tracker.inventory)
    sent[[A_TO_B, A_TO_B + 1]] = load_bps
    tracker.ingest(counters.after(sent))
    tracker.ingest(counters.after(sent))
    _measure(tracker, 10, 3, {"A-B": 0.005})
    assert (_late(tracker) != {}) == found


def test_late_link_is_proposed_with_what_it_adds_and_was_in_time_before(tracker: Tracker) -> None:
    _measure(tracker, 0, 10, {})
    _measure(tracker, 10, 6, {"A-B": 0.005})
    onset_s = START_S + 300
    seen = observe(tracker, tracker.running, onset_s)
    normal = tracker.normal_state(found_by_s=onset_s)
    assert normal.topology.link("A-B").late_s == 0.0
    ((fault, reason),) = HighLatency.propose(Clues(LINE, tracker.running, seen))
    assert (fault, reason) == (
        HighLatency(link="A-B", added_s=0.005),
        "probes over A-B take 5.0 ms longer",
    )
    assert sum(e.log_likelihood_ratio for e in fault.evidence(seen, normal)) > 9
    other = HighLatency(link="B-C", added_s=0.005)
    assert sum(e.log_likelihood_ratio for e in other.evidence(seen, normal)) < -4
    tracker.links.mend(["A-B"])
    assert tracker.links.late == set()


def test_late_link_outlives_the_process(tracker: Tracker) -> None:
    _measure(tracker, 0, 10, {})
    _measure(tracker, 10, 2, {"A-B": 0.005})
    kept = tracker.dump()
    again = Tracker(tracker.inventory, tracker.running, lambda _: np.zeros(8), kept=kept)
    assert again.links.late_since(START_S) == tracker.links.late_since(START_S)
    assert again.topology == tracker.topology


@pytest.mark.parametrize("probed", [True, False])
def test_link_on_a_new_way_is_late_against_what_other_probes_told_of_it(probed: bool) -> None:
    """C-D goes down, and at once A-D is late, over which nothing but what moved is probed then.

    Lengths on record are half of what they should be, which leaves the amount off by a tenth.
    """
    pairs = (("A", "B"), ("B", "C"), ("B", "D"), ("D", "C"), *([("A", "D")] if probed else []))
    tracker = tracker_of(inventory(LINE, services=pairs))
    paths = tracker.inventory.probes

    def measure(first: int, taken_s: tuple[float, ...]) -> None:
        for i in range(first, first + 10):
            delay_s = np.array(taken_s) + 1e-9 * i * np.arange(len(paths))
            count = np.where(np.isfinite(delay_s), 100.0, np.nan)
            tracker.ingest([ProbeRound(START_S + 30 * i, paths, count, 0 * count, delay_s)])

    measure(0, (0.002, 0.002, 0.004, 0.002, 0.002)[: len(pairs)])
    tracker.ingest([adjacency(START_S + 300, "C", "C-D", up=False)])
    measure(11, (0.002, 0.002, 0.009, 0.011, np.nan)[: len(pairs)])
    assert _late(tracker) == ({"A-D": pytest.approx(0.005, rel=0.2)} if probed else {})


def test_link_that_was_just_found_late_is_not_once_its_probes_meet_a_queue(
    tracker: Tracker,
) -> None:
    """Traffic rises: probes wait at once, and counters tell of it half a minute later."""
    counters = Counters(LINE)
    tracker.ingest(counters.read())
    _measure(tracker, 0, 10, {})
    _measure(tracker, 10, 2, {"A-B": 0.005})
    assert _late(tracker) != {}
    sent = loads_of(tracker.inventory)
    sent[[A_TO_B, A_TO_B + 1]] = 9.5e9
    tracker.ingest(counters.after(sent))
    tracker.ingest(counters.after(sent))
    _measure(tracker, 12, 1, {"A-B": 0.005})
    assert _late(tracker) == {}
    assert tracker.topology == tracker.inventory.topology


def test_link_that_has_long_been_late_stays_so_behind_a_queue(tracker: Tracker) -> None:
    counters = Counters(LINE)
    tracker.ingest(counters.read())
    _measure(tracker, 0, 10, {})
    _measure(tracker, 10, 8, {"A-B": 0.005})
    sent = loads_of(tracker.inventory)
    sent[[A_TO_B, A_TO_B + 1]] = 9.5e9
    tracker.ingest(counters.after(sent))
    tracker.ingest(counters.after(sent))
    _measure(tracker, 18, 3, {"A-B": 0.005})
    assert _late(tracker) == {"A-B": pytest.approx(0.005, rel=1e-3)}
