"""What is gathered after the onset, and what is left out of it."""

import numpy as np
import pytest

from tests.twin.tracking.square import (
    A_TO_B,
    START_S,
    Counters,
    adjacency,
    flows,
    inventory,
    loads_of,
    probes,
    tracker_of,
)
from twin.diagnosis.observation import observe
from twin.nouns.inventory import Inventory
from twin.nouns.planned_work import PlannedWork
from twin.tracking.tracker import CONVERGENCE_S, Tracker


@pytest.fixture
def known() -> Inventory:
    return inventory()


@pytest.fixture
def tracker(known: Inventory) -> Tracker:
    return tracker_of(known)


def _feed(tracker: Tracker, counters: Counters, factors: list[float]) -> None:
    for factor in factors:
        tracker.ingest(counters.after(factor * loads_of(tracker.inventory)))


def test_only_rounds_that_lie_wholly_after_convergence_count(
    tracker: Tracker, known: Inventory
) -> None:
    counters = Counters()
    tracker.ingest(counters.read())
    _feed(tracker, counters, [1.0] * 3)
    onset_s = counters.now_s + 10
    tracker.ingest([adjacency(onset_s, "C", "C-D", up=False)])
    # Two rounds begin before convergence is over (45 s), two after it.
    _feed(tracker, counters, [9.0, 9.0, 2.0, 2.2])
    seen = observe(tracker, known.intended, onset_s)
    assert seen.rounds == 2
    assert seen.sent_bps[A_TO_B] == pytest.approx(2.1 * 3e9)
    assert seen.down_since == {"C-D": onset_s}


def test_any_later_change_of_routing_starts_the_samples_over(
    tracker: Tracker, known: Inventory
) -> None:
    counters = Counters()
    tracker.ingest(counters.read())
    _feed(tracker, counters, [1.0] * 6)
    assert observe(tracker, known.intended, START_S - CONVERGENCE_S).rounds == 6
    tracker.ingest([adjacency(counters.now_s, "C", "C-D", up=False)])
    seen = observe(tracker, known.intended, START_S - CONVERGENCE_S)
    assert seen.rounds == 0
    assert np.isnan(seen.sent_bps).all()


def test_flow_record_from_before_the_onset_says_nothing(tracker: Tracker, known: Inventory) -> None:
    tripled = known.peak_traffic.rates_bps.copy()
    tripled[:, :, 1] *= 3.0
    tracker.ingest([flows(tripled, START_S)])
    assert np.isnan(observe(tracker, known.intended, START_S + 1).inbound_ratio).all()
    fresh = observe(tracker, known.intended, START_S - 100).inbound_ratio
    assert fresh[1] == pytest.approx(3.0)


def test_link_that_came_back_is_not_down(tracker: Tracker, known: Inventory) -> None:
    tracker.ingest([adjacency(START_S, "C", "C-D", up=False)])
    tracker.ingest([adjacency(START_S + 60, "C", "C-D", up=True)])
    assert observe(tracker, known.intended, START_S).down_since == {}


def test_rise_is_told_against_the_ten_minutes_that_ended_three_before_the_onset(
    tracker: Tracker, known: Inventory
) -> None:
    """A loss shows for three minutes before it is found; what was sent long ago says nothing."""
    counters, loads = Counters(), loads_of(known)
    tracker.ingest(counters.read())
    _feed(tracker, counters, [3.0] * 10 + [1.0] * 20)
    for _ in range(6):
        tracker.ingest(counters.after(2.0 * loads, lost={A_TO_B: 0.05}))
    onset_s = counters.now_s
    for _ in range(4):
        tracker.ingest(counters.after(2.0 * loads, lost={A_TO_B: 0.05}))
    risen = observe(tracker, known.intended, onset_s).risen
    assert risen is not None
    assert risen[A_TO_B] == pytest.approx(np.log(2.0), abs=0.01)


def test_link_that_announced_work_has_taken_down_is_not_down_since_the_onset() -> None:
    work = PlannedWork(id="CHG-1", links=("C-D",), starts_s=START_S, ends_s=START_S + 900)
    tracker = tracker_of(inventory(planned_work=(work,)))
    tracker.ingest([adjacency(START_S + 60, link[0], link, up=False) for link in ("A-B", "C-D")])
    assert set(observe(tracker, tracker.running, START_S).down_since) == {"A-B"}


def test_link_that_both_ends_report_is_claimed_by_neither_alone(
    tracker: Tracker, known: Inventory
) -> None:
    tracker.ingest([adjacency(START_S, end, "A-B", up=False) for end in "AB"])
    tracker.ingest([adjacency(START_S, "C", "C-D", up=False)])
    assert observe(tracker, known.intended, START_S).one_end == {"C-D": "C"}


def _flap(tracker: Tracker, *times_s: float, ends: str = "AB") -> None:
    """A-B is lost at these times, seconds from the start, and comes back ten seconds later."""
    for time_s in times_s:
        for up in (False, True):
            at_s = START_S + time_s + 10 * up
            tracker.ingest([adjacency(at_s, end, "A-B", up=up) for end in ends])


def test_returns_are_those_that_followed_each_other_up_to_what_moved_since_the_onset(
    tracker: Tracker, known: Inventory
) -> None:
    _flap(tracker, 0, 900, 1200)
    assert observe(tracker, known.intended, START_S + 1400).returns == {}, "it was before"
    seen = observe(tracker, known.intended, START_S + 1200)
    assert seen.returns == {"A-B": (START_S + 910, START_S + 1210)}
    assert seen.returns_by == {}
    # What is down now may be one more of them.
    tracker.ingest([adjacency(START_S + 1500, "A", "A-B", up=False)])
    assert len(observe(tracker, known.intended, START_S + 1500).returns["A-B"]) == 2


def test_returns_that_one_end_alone_tells_of_are_known_as_its_own(
    tracker: Tracker, known: Inventory
) -> None:
    _flap(tracker, 0, 60, ends="A")
    assert observe(tracker, known.intended, START_S).returns_by == {"A-B": "A"}
    _flap(tracker, 120)
    assert observe(tracker, known.intended, START_S).returns_by == {}


@pytest.mark.parametrize(("odd", "told"), [(0, 0.05), (1, np.nan), (4, 0.0)])
def test_loss_that_most_rounds_show_and_one_does_not_is_not_known(
    tracker: Tracker, known: Inventory, odd: int, told: float
) -> None:
    """Of the last five rounds, `odd` ones lose nothing."""
    counters, loads = Counters(), loads_of(known)
    tracker.ingest(counters.read())
    for share in [0.0] * 20 + [0.05] * 10 + [0.0] * odd + [0.05] * (odd == 1):
        tracker.ingest(counters.after(loads, lost={A_TO_B: share}))
    loss = observe(tracker, known.intended, START_S + 600).loss[A_TO_B]
    assert loss == pytest.approx(told, abs=1e-3, nan_ok=True)


@pytest.mark.parametrize(("returns", "rounds"), [(True, 6), (False, 0)])
def test_probes_from_before_a_change_of_routing_count_once_it_is_undone(
    tracker: Tracker, known: Inventory, returns: bool, rounds: int
) -> None:
    counters, loads = Counters(), loads_of(known)
    tracker.ingest(counters.read())
    _feed(tracker, counters, [1.0] * 20)
    onset_s = counters.now_s
    for _ in range(6):
        tracker.ingest(counters.after(loads, lost={A_TO_B: 0.05}))
        tracker.ingest([probes(known, counters.now_s, lost=0.05)])
    tracker.ingest([adjacency(counters.now_s + 1, "C", "C-D", up=False)])
    if returns:
        tracker.ingest([adjacency(counters.now_s + 5, "C", "C-D", up=True)])
    crossed = observe(tracker, known.intended, onset_s).probes
    assert crossed is not None
    assert crossed.sent[0] == 100.0 * rounds
    assert crossed.lost[0] == 5.0 * rounds
