"""What is a finding, what is told apart, and what a cause leaves unexplained."""

import math

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
    topology,
    tracker_of,
)
from twin.diagnosis.causes import Causes
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.link_down import LinkDown
from twin.events.faults.traffic_spike import TrafficSpike
from twin.nouns.incident import Incident, Severity
from twin.nouns.inventory import Inventory
from twin.tracking.belief import Belief
from twin.tracking.tracker import Tracker


def _causes(tracker: Tracker, *ducts: str) -> Causes:
    """Of an incident that begins with the first symptom, and has all of them.

    `ducts`: those that are taken to hold what is down.
    """
    symptoms = tracker.active_symptoms()
    incident = Incident(
        id="square-0001",
        network="square",
        onset_s=min(s.first_seen_s for s in symptoms),
        detected_s=tracker.now_s,
        severity=Severity.MAJOR,
        title="something is wrong",
        symptoms=symptoms,
    )
    held = [(duct, tracker.topology.shared_risk_group(duct).links) for duct in ducts]
    causes = Causes(Belief(tracker=tracker, seed=1), incident, lambda _: held)
    causes.propose()
    return causes


def _drawing(known: Inventory, **factors: float) -> Tracker:
    """A node draws `factors` times what is expected; C-D went down before, and C reported it.

    No counters have come, so that the loads say nothing.
    """
    tracker = tracker_of(known)
    tracker.ingest([adjacency(START_S, "C", "C-D", up=False)])
    rates = known.peak_traffic.rates_bps.copy()
    for node, factor in factors.items():
        rates[:, :, known.topology.node_index[node]] *= factor
    tracker.ingest([flows(rates, START_S + 300)])
    return tracker


@pytest.mark.parametrize(("factor", "is_finding"), [(1.60, False), (1.68, True)])
def test_cause_is_a_finding_once_it_beats_nothing_being_wrong_by_four_nats(
    factor: float, is_finding: bool
) -> None:
    """With the spread s = 0.15 of what B draws, and an error of 0.1 of the factor itself:

    ln 0.3 + ln(0.15 / hypot(0.15, 0.1)) + (ln f)^2 / (2 s^2) = 3.52 for 1.60, 4.59 for 1.68.
    """
    causes = _causes(_drawing(inventory(), B=factor))
    causes.test(["traffic_spike@B"])
    assert causes.leading() == (["traffic_spike@B"] if is_finding else [])


@pytest.mark.parametrize(("factor", "are_told_apart"), [(2.03, False), (2.06, True)])
def test_two_causes_are_told_apart_at_odds_of_twenty_to_one(
    factor: float, are_told_apart: bool
) -> None:
    """That D draws more as well: ln 0.3 + ln 0.001 + ln(0.15 / hypot(0.15, 0.1)) = -8.30 nats, and
    (ln f)^2 / (2 x 0.15^2) = 11.14 or 11.61; ln 20 = 3.00.
    """
    causes = _causes(_drawing(inventory(), B=2.5, D=factor))
    causes.test(["traffic_spike@B"])
    both = causes.test(["traffic_spike@B", "traffic_spike@D"]).id
    assert causes.leading() == ([both] if are_told_apart else [both, "traffic_spike@B"])


@pytest.mark.parametrize(("moved_bps", "is_explained"), [(5.3e9, False), (5.7e9, True)])
def test_drops_are_explained_where_the_twin_sends_more_than_85_percent_of_the_link(
    moved_bps: float, is_explained: bool
) -> None:
    """Without A-D, what A sends D goes over A-B, beside the three Gbit/s that A sends B."""
    known = inventory(topology(), demands=(("A", "B", 3e9), ("A", "D", moved_bps)))
    tracker, counters = tracker_of(known), Counters()
    tracker.ingest(counters.read())
    for _ in range(4):
        tracker.ingest(counters.after(loads_of(known)))
    tracker.ingest([adjacency(counters.now_s, "A", "A-D", up=False)])
    after = np.zeros(8)
    for _ in range(4):
        after[A_TO_B] = 3e9 + moved_bps
        tracker.ingest(counters.after(after, dropped={A_TO_B: 0.02}))
    causes = _causes(tracker)
    assert "queue_drops:A|A-B" in {s.id for s in causes.symptoms()}
    tested = causes.test(["link_down@A-D"])
    assert ("queue_drops:A|A-B" not in tested.unexplained) is is_explained


def test_signs_up_to_five_minutes_older_than_the_onset_are_of_the_incident() -> None:
    """A symptom that was over earlier is what another trouble left behind."""
    tracker = tracker_of(inventory())
    for ended_s, link in ((START_S, "B-C"), (START_S + 20, "C-D")):
        tracker.ingest([adjacency(ended_s, link[0], link, up=False)])
        tracker.ingest([adjacency(ended_s, link[0], link, up=True)])
    seen = tracker.book.since(0.0)
    incident = Incident(
        id="square-0001",
        network="square",
        onset_s=START_S + 310,
        detected_s=START_S + 400,
        severity=Severity.MAJOR,
        title="something is wrong",
        symptoms=seen,
    )
    causes = Causes(Belief(tracker=tracker, seed=1), incident, lambda _: ())
    assert [s.id for s in seen] == ["adjacency_down:B-C", "adjacency_down:C-D"]
    assert [s.id for s in causes.symptoms()] == ["adjacency_down:C-D"]


def test_cause_that_a_mind_adds_needs_ten_times_the_evidence() -> None:
    causes, spike = _causes(_drawing(inventory(), B=2.5)), TrafficSpike(target="D", factor=2.0)
    assert spike.id not in causes
    causes.add(spike)
    gained = causes.test([spike.id]).log_likelihood
    prior = causes.log_posterior[spike.id] - gained
    assert prior - spike.log_prior() == pytest.approx(math.log(0.1), abs=0.01)


def test_what_another_incident_has_found_is_neither_observed_nor_proposed_again() -> None:
    """B draws a crowd and C-D is down, of which another incident knows; A-B fails then."""
    tracker = _drawing(inventory(), B=2.5)
    tracker.ingest([adjacency(START_S + 301, "A", "A-B", up=False)])
    mine = {"link_down@A-B"}
    theirs = {"link_down@C-D", "traffic_spike@B"}
    before = _causes(tracker)
    assert set(before.proposed) >= mine | theirs
    assert set(before.observation().down_since) == {"A-B", "C-D"}
    tracker.attribute("square-0000", (LinkDown(link="C-D"), TrafficSpike(target="B", factor=2.5)))
    after = _causes(tracker)
    assert set(after.proposed) >= mine
    assert not set(after.proposed) & theirs
    assert set(after.observation().down_since) == {"A-B"}


def test_same_links_down_by_another_name_are_no_second_cause() -> None:
    """Only the priors differ: ln (0.30 / 0.15) = 0.69 nats, far too little to tell them apart."""
    tracker = tracker_of(inventory(topology(ducts={"duct:1": ("C-D",)})))
    tracker.ingest([adjacency(START_S, end, "C-D", up=False) for end in "CD"])
    causes = _causes(tracker, "duct:1")
    names = sorted(causes.proposed)
    assert len(names) == 2
    for name in names:
        causes.test([name])
    assert causes.leading() == ["link_down@C-D"]
    assert abs(causes.log_posterior[names[0]] - causes.log_posterior[names[1]]) < 1.0


@pytest.mark.parametrize(("apart_s", "is_one_cut"), [(59.0, True), (61.0, False)])
def test_links_at_a_node_that_went_down_within_a_minute_may_be_one_cut(
    apart_s: float, is_one_cut: bool
) -> None:
    """No duct is on record."""
    tracker = tracker_of(inventory())
    for after_s, link in ((0.0, "A-B"), (apart_s, "A-D")):
        tracker.ingest([adjacency(START_S + after_s, end, link, up=False) for end in link[::2]])
    cuts = [c for c in _causes(tracker).proposed.values() if isinstance(c.fault, FiberCut)]
    assert [c.fault.resources for c in cuts] == ([("A-B", "A-D")] if is_one_cut else [])


@pytest.mark.parametrize("nodes", [("B",), ("B", "D"), ("B", "C", "D")])
def test_sets_of_any_size_are_grown_as_long_as_another_cause_makes_them_likelier(
    nodes: tuple[str, ...],
) -> None:
    demands = (("A", "B", 3e9), ("A", "C", 2e9), ("A", "D", 2e9))
    causes = _causes(_drawing(inventory(demands=demands), **dict.fromkeys(nodes, 3.0)))
    for name in causes.proposed:
        causes.test([name])
    sets = causes.grow()
    grown = sets[0].id if sets else causes.likeliest_first()[0]
    assert {f"traffic_spike@{node}" for node in nodes} == {
        name for name in grown.split(" & ") if name.startswith("traffic_spike")
    }
    assert causes.likeliest_first()[0] == grown


def test_set_that_is_hardly_less_likely_than_the_best_is_told_of_too() -> None:
    """What D draws weighs a little less than how rarely a second fault strikes."""
    demands = (("A", "B", 3e9), ("A", "D", 2e9))
    causes = _causes(_drawing(inventory(demands=demands), B=3.0, D=1.75))
    for name in causes.proposed:
        causes.test([name])
    told = [found.id for found in causes.grow()]
    assert causes.leading() == ["traffic_spike@B", "traffic_spike@B & traffic_spike@D"]
    assert told == ["traffic_spike@B & traffic_spike@D"]


def test_set_of_nothing_that_somebody_tested_is_no_cause_to_grow_from() -> None:
    causes = _causes(_drawing(inventory(demands=(("A", "B", 3e9),)), B=3.0))
    for names in ((), *((name,) for name in causes.proposed)):
        causes.test(names)
    causes.grow()
    assert causes.likeliest_first()[0] == "traffic_spike@B"


def test_many_links_that_went_down_at_once_are_one_set_however_many() -> None:
    """Eleven of a ladder's sixteen; grown one by one, each would be a coincidence of its own."""
    names = [f"{side}{i}" for i in range(6) for side in "NS"]
    rails = [(f"{side}{i}", f"{side}{i + 1}") for i in range(5) for side in "NS"]
    rungs = [(f"N{i}", f"S{i}") for i in range(6)]
    ladder = topology((*rails, *rungs), nodes=names)
    tracker = tracker_of(inventory(ladder, demands=(), services=()))
    down = [link.id for link in ladder.links if link.id not in ("N0-S0", "N5-S5")][3:]
    for link in down:
        for end in (ladder.link(link).a, ladder.link(link).b):
            tracker.ingest([adjacency(START_S, end, link, up=False)])
    tracker.ingest(Counters(ladder, START_S + 120).read())
    causes = _causes(tracker)
    for candidate in causes.proposed:
        causes.test([candidate])
    causes.grow()
    best = causes.tested[causes.leading()[0]]
    assert len(down) == 11
    assert {link for fault in best.faults for link in fault.resources} == set(down)
    assert causes.above(best.id) == [tuple(sorted(down))]


def test_two_devices_down_are_tried_where_the_links_that_they_darken_went_down_at_once() -> None:
    """Nobody proposes that their site has no power; the outer links alone leave their silence."""
    known = topology((("X", "P"), ("P", "Q"), ("Q", "Y"), ("X", "Y")), nodes=("X", "P", "Q", "Y"))
    tracker, counters = tracker_of(inventory(known, demands=(), services=())), Counters(known)
    for _ in range(3):
        tracker.ingest(counters.after(np.zeros(known.n_arcs)))
    for node, link in (("X", "X-P"), ("Y", "Q-Y")):
        tracker.ingest([adjacency(counters.now_s, node, link, up=False)])
    for _ in range(6):
        heard = [r for r in counters.after(np.zeros(known.n_arcs)) if r.node in ("X", "Y")]
        tracker.ingest(heard)
    causes = _causes(tracker)
    for candidate in causes.proposed:
        causes.test([candidate])
    causes.grow()
    assert causes.likeliest_first()[0] == "device_down@P & device_down@Q"
