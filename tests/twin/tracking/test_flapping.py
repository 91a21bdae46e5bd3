"""A link that flaps spoils what it moves, and nothing else."""

import numpy as np
import pytest

from tests.twin.tracking.square import (
    A_TO_B,
    A_TO_D,
    C_TO_B,
    C_TO_D,
    D_TO_C,
    ROUND_S,
    START_S,
    Counters,
    adjacency,
    inventory,
    loads_of,
    probes,
    tracker_of,
)
from twin.diagnosis.observation import observe
from twin.nouns.inventory import Inventory
from twin.nouns.telemetry import ProbeRound
from twin.tracking.tracker import Tracker

ROUNDS = 12


@pytest.fixture
def known() -> Inventory:
    return inventory(services=(("A", "B"), ("C", "D")))


@pytest.fixture
def tracker(known: Inventory) -> Tracker:
    """A-B has gone down and come back in every round for six minutes."""
    tracker, counters = tracker_of(known), Counters()
    tracker.ingest(counters.read())
    for i in range(ROUNDS):
        _flap(tracker, START_S + ROUND_S * i)
        tracker.ingest(counters.after(loads_of(known), lost={C_TO_D: 0.05}))
        tracker.ingest([probes(known, counters.now_s, lost=0.05)])
    return tracker


def _flap(tracker: Tracker, at_s: float) -> None:
    for up in (False, True):
        tracker.ingest([adjacency(at_s + 5 * up, end, "A-B", up=up) for end in "AB"])


def test_link_flaps_from_its_third_return_on_until_ten_minutes_after_the_last(
    known: Inventory,
) -> None:
    tracker = tracker_of(known)
    for i, flapping in enumerate((False, False, True)):
        _flap(tracker, START_S + 300 * i)
        assert bool(tracker.flapping) is flapping
    for after_s, flapping in ((595, True), (615, False)):
        tracker.ingest([probes(known, START_S + 600 + after_s)])
        assert (tracker.flapping == {"A-B"}) is flapping


def test_returns_that_are_further_apart_than_ten_minutes_are_no_flap(known: Inventory) -> None:
    tracker = tracker_of(known)
    for i in range(6):
        _flap(tracker, START_S + 620 * i)
    assert tracker.flapping == frozenset()


def test_flap_moves_the_egresses_on_both_ways_and_the_probes_that_change_theirs(
    tracker: Tracker,
) -> None:
    """While A-B is down, what A sends B goes over D and C."""
    moved = tracker.moved_by_flaps()
    assert set(np.flatnonzero(moved.egresses)) == {A_TO_B, A_TO_D, D_TO_C, C_TO_B}
    assert moved.probes.tolist() == [True, False]


def test_what_a_flap_does_not_move_is_known_and_what_it_moves_is_not(
    tracker: Tracker, known: Inventory
) -> None:
    seen = observe(tracker, known.intended, START_S)
    assert seen.rounds == ROUNDS - 2, "those that begin once routing has converged, 45 s after"
    assert seen.unreported == ("flow records",)
    assert seen.sent_bps[C_TO_D] == pytest.approx(2e9, rel=0.01)
    assert np.isnan(seen.sent_bps[[A_TO_B, A_TO_D, D_TO_C, C_TO_B]]).all()
    assert seen.probes is not None
    assert seen.probes.sent.tolist() == [0.0, 100.0 * ROUNDS]


def test_another_change_of_routing_starts_the_samples_over_beside_a_flap(
    tracker: Tracker, known: Inventory
) -> None:
    tracker.ingest([adjacency(tracker.now_s, "B", "B-C", up=False)])
    assert observe(tracker, known.intended, START_S).rounds == 0


def test_egress_that_a_flap_moved_is_settled_again_once_it_is_over(tracker: Tracker) -> None:
    last_s = START_S + ROUND_S * (ROUNDS - 1) + 5
    settled_s = tracker.settled_of_egresses()
    assert settled_s[A_TO_B] == tracker.settled_s == last_s + 45
    assert settled_s[C_TO_D] == tracker.steady_s == 45.0


def test_link_that_is_late_beside_a_flap_is_found(known: Inventory) -> None:
    tracker = tracker_of(known)
    count = np.full(len(known.probes), 100.0)
    for i in range(24):
        _flap(tracker, START_S + ROUND_S * i)
        # What A sends B takes now one way and now another.
        delay_s = np.array([0.002 + 0.02 * (i % 2), 0.002 + 0.005 * (i >= 20)]) + 1e-9 * i
        tracker.ingest([ProbeRound(START_S + 30 * i, known.probes, count, 0 * count, delay_s)])
        late = {s.resource for s in tracker.active_symptoms() if s.kind == "late_link"}
        assert late == ({"C-D"} if i > 20 else set())


def test_flap_is_known_since_the_third_return_of_those_that_followed_each_other(
    known: Inventory,
) -> None:
    tracker = tracker_of(known)
    for after_s in (0, 700, 800, 900, 1000):
        _flap(tracker, START_S + after_s)
    assert tracker.adjacencies.flaps_since("A-B") == START_S + 905
    for i in range(40):
        _flap(tracker, START_S + 1100 + 30 * i)
    assert tracker.adjacencies.flaps_since("A-B") == -np.inf, "what is kept of it is all of it"
