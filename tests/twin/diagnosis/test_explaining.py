"""What a cause that is known goes on to explain, and what is another trouble."""

import pytest

from tests.twin.tracking.square import (
    START_S,
    Counters,
    adjacency,
    inventory,
    loads_of,
    topology,
    tracker_of,
)
from twin.diagnosis.explaining import InForce
from twin.events.fault import Fault
from twin.events.faults.demand_surge import DemandSurge
from twin.events.faults.link_down import LinkDown
from twin.events.faults.traffic_spike import TrafficSpike
from twin.nouns.incident import Symptom
from twin.tracking.belief import Belief

DEMANDS = (("A", "B", 3e9), ("A", "D", 5.7e9), ("D", "C", 9e9), ("C", "B", 1e9))
"""D-C is full anyway. Without A-D, what A sends D goes over A-B, B-C and C-D, and fills A-B."""

EVERY, ONE = DemandSurge(factor=2.0), TrafficSpike(target="D", factor=2.0)


@pytest.mark.parametrize(
    ("pair", "is_explained"), [("A>D", True), ("A>B", True), ("D>C", False), ("C>B", False)]
)
def test_loss_is_of_a_link_that_is_down_where_traffic_moves_or_meets_what_it_fills(
    pair: str, is_explained: bool
) -> None:
    known = inventory(topology(), demands=DEMANDS)
    tracker, counters = tracker_of(known), Counters()
    tracker.ingest(counters.read())
    for _ in range(4):
        tracker.ingest(counters.after(loads_of(known)))
    tracker.ingest([adjacency(counters.now_s, end, "A-D", up=False) for end in "AD"])
    in_force = InForce(Belief(tracker=tracker, seed=1), "square-0001", (LinkDown(link="A-D"),))
    assert in_force.explains(_lost(pair)) is is_explained


@pytest.mark.parametrize(("cause", "is_explained"), [(EVERY, True), (ONE, False)])
def test_what_probes_feel_anywhere_is_of_a_surge_of_all_demand(
    cause: Fault, is_explained: bool
) -> None:
    """C-B carries 1 of 10 Gbit/s, and no more than twice that."""
    tracker = tracker_of(inventory(topology(), demands=DEMANDS))
    in_force = InForce(Belief(tracker=tracker, seed=1), "square-0001", (cause,))
    assert in_force.explains(_lost("C>B")) is is_explained


def _lost(pair: str) -> Symptom:
    return Symptom(
        kind="probe_loss",
        resource=f"{pair}/business",
        first_seen_s=START_S + 200,
        last_seen_s=START_S + 200,
        magnitude=0.1,
        alarms=1,
        active=True,
    )
