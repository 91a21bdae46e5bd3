"""What the rounds of the last minutes come to."""

from tests.twin.tracking.square import A_TO_B, Counters, inventory, loads_of, tracker_of
from twin.tracking.detectors.streaks import ROUNDS_TO_ALARM


def test_egress_that_dropped_in_any_of_the_latest_rounds_is_congested() -> None:
    tracker, counters, loads = tracker_of(inventory()), Counters(), loads_of(inventory())
    tracker.ingest(counters.read())
    tracker.ingest(counters.after(loads))
    tracker.ingest(counters.after(loads, dropped={A_TO_B: 0.02}))
    for _ in range(ROUNDS_TO_ALARM - 1):
        tracker.ingest(counters.after(loads))
    assert tracker.congested().nonzero()[0].tolist() == [A_TO_B]
    tracker.ingest(counters.after(loads))
    assert not tracker.congested().any()
