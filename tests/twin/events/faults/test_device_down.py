"""A dead device is told from a cut of all its links by what it says, or does not."""

import math
from dataclasses import replace

import pytest

from tests.twin.events.faults.leading import leading
from tests.twin.tracking.square import START_S, Counters, adjacency, inventory, loads_of, tracker_of
from twin.diagnosis.observation import observe
from twin.errors import Ungrounded
from twin.events.fault import FAULT
from twin.events.faults.device_down import DeviceDown
from twin.tracking.tracker import Tracker

DOWN = DeviceDown(node="A", links=("A-B", "A-D"))


def _cut_off(*, answers: bool) -> tuple[Tracker, float]:
    """B and D lose the adjacencies to A, which goes on to be read or does not; five minutes on."""
    known = inventory()
    tracker, counters = tracker_of(known), Counters()
    tracker.ingest(counters.read())
    for _ in range(4):
        tracker.ingest(counters.after(loads_of(known)))
    began_s = counters.now_s
    tracker.ingest([adjacency(began_s, "B", "A-B", up=False)])
    tracker.ingest([adjacency(began_s, "D", "A-D", up=False)])
    if answers:
        tracker.ingest([adjacency(began_s, "A", "A-B", up=False)])
        tracker.ingest([adjacency(began_s, "A", "A-D", up=False)])
    for _ in range(10):
        read = counters.after(0.0 * loads_of(known))
        tracker.ingest([r for r in read if answers or r.node != "A"])
    return tracker, began_s


def test_silent_device_whose_neighbours_lost_it_is_down() -> None:
    assert leading(*_cut_off(answers=False)) == ["device_down@A"]


def test_device_that_answers_has_lost_its_links() -> None:
    assert leading(*_cut_off(answers=True)) == ["fiber_cut@A-B+A-D"]


def test_one_end_is_enough_where_the_other_cannot_speak() -> None:
    silent, began_s = _cut_off(answers=False)
    assert observe(silent, silent.running, began_s).one_end == {}
    known = inventory()
    speaking = tracker_of(known)
    speaking.ingest([adjacency(START_S, "B", "A-B", up=False)])
    assert observe(speaking, speaking.running, START_S).one_end == {"A-B": "B"}


def test_every_reading_missed_weighs_for_it_up_to_what_a_dead_collector_would_do() -> None:
    """ln 10 = 2.30 for each whole reading, ln 10,000 = 9.21 at most, and at most against it."""
    tracker, began_s = _cut_off(answers=False)
    seen, normal = observe(tracker, tracker.running, began_s), tracker.normal_state()

    def weight(missed: float, read_after_s: float = 0.0) -> float:
        one = replace(seen, missed={"A": missed}, read_s={"A": began_s + read_after_s})
        return sum(e.log_likelihood_ratio for e in DOWN.evidence(one, normal))

    assert weight(0.9) == 0.0
    assert weight(1.9) == pytest.approx(math.log(10))
    assert weight(3.0) == pytest.approx(3 * math.log(10))
    assert weight(9.0) == pytest.approx(math.log(10_000))
    assert weight(0.0, read_after_s=61.0) == pytest.approx(-math.log(10_000))
    assert weight(0.0, read_after_s=60.0) == 0.0


def test_device_goes_down_with_all_of_its_links() -> None:
    known = inventory()
    DOWN.check(known.topology, known.intended)
    with pytest.raises(Ungrounded, match="A-B, A-D"):
        DeviceDown(node="A", links=("A-B",)).check(known.topology, known.intended)


def test_what_if_of_an_earlier_version_reads_back_and_writes_as_it_did() -> None:
    assert DeviceDown(node="A").model_dump(mode="json") == {"kind": "device_down", "node": "A"}
    assert FAULT.validate_python(DOWN.model_dump(mode="json")) == DOWN
