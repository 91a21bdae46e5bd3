"""A surge of all demand is one cause, and not a surge at each node."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.twin.tracking.square import START_S, flows, inventory, topology, tracker_of
from twin.diagnosis.causes import Causes
from twin.diagnosis.observation import observe
from twin.errors import Ungrounded
from twin.events.faults.demand_surge import DemandSurge
from twin.events.faults.traffic_spike import TrafficSpike
from twin.nouns.evidence import log_normal
from twin.nouns.incident import Incident, Severity
from twin.nouns.observation import common_ratio
from twin.tracking.belief import Belief
from twin.tracking.tracker import Tracker

RING = ("A", "B", "C", "D", "E", "F")
KNOWN = inventory(
    topology(tuple(zip(RING, RING[1:] + RING[:1], strict=True)), nodes=RING),
    demands=tuple((a, b, 1e9) for a in RING for b in RING if a != b),
)


def _drawing(**factors: float) -> Tracker:
    """Each node draws so many times what is expected of it, by one flow record."""
    tracker = tracker_of(KNOWN)
    rates = KNOWN.peak_traffic.rates_bps.copy()
    for i, node in enumerate(RING):
        rates[:, :, i] *= factors.get(node, 1.0)
    tracker.ingest([flows(rates, START_S + 300)])
    return tracker


def _likeliest(tracker: Tracker) -> str:
    symptoms = tracker.active_symptoms()
    incident = Incident(
        id="ring-0001",
        network="ring",
        onset_s=START_S,
        detected_s=tracker.now_s,
        severity=Severity.MINOR,
        title="traffic is high",
        symptoms=symptoms,
    )
    causes = Causes(Belief(tracker=tracker, seed=1), incident, lambda _: [])
    for candidate in causes.propose():
        causes.test([candidate.id])
    causes.grow()
    return causes.likeliest_first()[0]


def test_all_nodes_that_draw_more_are_one_cause() -> None:
    tracker = _drawing(**dict.fromkeys(RING, 1.9))
    assert [s.id for s in tracker.active_symptoms()] == ["traffic_surge:everywhere"]
    assert _likeliest(tracker) == "demand_surge@everywhere"


def test_two_nodes_that_draw_more_are_two_causes() -> None:
    tracker = _drawing(B=2.5, E=3.0)
    assert {s.resource for s in tracker.active_symptoms()} == {"B", "E"}
    assert _likeliest(tracker) == "traffic_spike@B & traffic_spike@E"


def test_node_is_judged_by_what_it_draws_beyond_what_all_do() -> None:
    """6 / 1.9 = 3.2 of what is expected then."""
    tracker = _drawing(**{**dict.fromkeys(RING, 1.9), "C": 6.0})
    assert {s.resource for s in tracker.active_symptoms()} == {"everywhere", "C"}


@pytest.mark.parametrize(("factor", "learned"), [(1.2, True), (1.3, False)])
def test_nothing_is_learned_as_normal_while_all_demand_is_too_high(
    factor: float, learned: bool
) -> None:
    tracker = _drawing(**dict.fromkeys(RING, factor))
    grew = bool(tracker.demand.peak_bps.sum() > KNOWN.peak_traffic.rates_bps.sum() * 1.001)
    assert grew is learned


def test_every_node_weighs_for_the_factor_that_it_draws() -> None:
    """Six nodes with the spread s = 0.15, and an error of 0.1 of the factor itself."""
    tracker = _drawing(**dict.fromkeys(RING, 1.9))
    seen = observe(tracker, tracker.running, START_S)
    one = log_normal(math.log(1.9), math.log(1.9), math.hypot(0.15, 0.1))
    one -= log_normal(math.log(1.9), 0.0, 0.15)
    found = DemandSurge(factor=1.9).evidence(seen, tracker.normal_state())
    assert sum(e.log_likelihood_ratio for e in found) == pytest.approx(6 * one)
    blind = replace(seen, inbound_ratio=np.full(6, np.nan))
    assert DemandSurge(factor=1.9).evidence(blind, tracker.normal_state()) == []


def test_few_nodes_say_nothing_of_all() -> None:
    assert common_ratio(np.array([2.0, 3.0, 4.0, 5.0, 6.0])) == 4.0
    assert math.isnan(common_ratio(np.array([2.0, 3.0, 4.0, 5.0, np.nan])))


def test_surges_of_nodes_are_counted_in_the_surge_of_all() -> None:
    surge = DemandSurge(factor=2.0)
    assert surge.excludes(TrafficSpike(target="A", factor=2.0))
    assert not TrafficSpike(target="A", factor=2.0).excludes(TrafficSpike(target="B", factor=2.0))


def test_all_demand_is_multiplied_and_nothing_is_rerouted() -> None:
    state = tracker_of(KNOWN).normal_state()
    surge = DemandSurge(factor=2.0)
    assert surge.after(state).traffic.rates_bps.sum() == pytest.approx(
        2 * state.traffic.rates_bps.sum()
    )
    assert surge.arcs(state) == {}
    with pytest.raises(Ungrounded):
        DemandSurge(factor=1.0).check(state.topology, state.running)
