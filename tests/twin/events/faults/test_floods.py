"""Floods are told from crowds by how many flows there are, how large, and from whom."""

from dataclasses import replace

import numpy as np
import pytest

from tests.twin.tracking.square import START_S, flows, inventory, topology, tracker_of
from twin.diagnosis.causes import Causes
from twin.errors import Ungrounded
from twin.events.fault import Fault
from twin.events.faults.tcp_syn_flood_attack import SYN_BITS, TcpSynFloodAttack
from twin.events.faults.web_dos_attack import WebDosAttack
from twin.nouns.evidence import CLAIM_NATS
from twin.nouns.incident import Incident, Severity
from twin.nouns.telemetry import FloatArray, FlowRound
from twin.tracking.belief import Belief
from twin.tracking.tracker import Tracker

RING = ("A", "B", "C", "D", "E", "F")
KNOWN = inventory(
    topology(tuple(zip(RING, RING[1:] + RING[:1], strict=True)), nodes=RING),
    demands=tuple((a, b, 1e9) for a in RING for b in RING if a != b),
)
B = RING.index("B")

FLOW_BITS, SOURCES_TO_A_FLOW = 200_000.0, 0.05
USUAL_PER_S = 5e9 / FLOW_BITS
"""Five nodes send 1 Gbit/s each to B."""


def _round(
    number: int, more_flows: float = 0.0, bits: float = 0.0, sources: float = 0.0
) -> FlowRound:
    """The usual flows, and towards B `more_flows` a second of `bits` each, with `sources` to a
    flow.
    """
    rates = KNOWN.peak_traffic.rates_bps.copy()
    counts = rates.sum(axis=0) * 300 / FLOW_BITS
    addresses = counts * SOURCES_TO_A_FLOW
    share = (np.arange(6) != B) / 5
    counts[:, B] += more_flows * 300 * share
    addresses[:, B] += more_flows * 300 * share * sources
    rates[2, :, B] += more_flows * bits * share
    return flows(rates, START_S + 300 * (number + 1), counts=counts, sources=addresses)


def _watched(*last: FlowRound) -> Tracker:
    """After three quiet rounds."""
    tracker = tracker_of(KNOWN)
    tracker.ingest([*(_round(i) for i in range(3)), *last])
    return tracker


def _likeliest(tracker: Tracker) -> list[Fault]:
    symptoms = tracker.active_symptoms()
    incident = Incident(
        id="ring-0001",
        network="ring",
        onset_s=START_S + 900,
        detected_s=tracker.now_s,
        severity=Severity.MINOR,
        title="many flows",
        symptoms=symptoms,
    )
    causes = Causes(Belief(tracker=tracker, seed=1), incident, lambda _: [])
    for candidate in causes.propose():
        causes.test([candidate.id])
    causes.grow()
    leading = causes.leading()
    return list(causes.tested[leading[0]].faults) if leading else []


def _symptoms(tracker: Tracker) -> list[str]:
    return sorted(s.id for s in tracker.active_symptoms())


def test_many_flows_of_one_packet_each_are_a_syn_flood_though_bytes_are_as_usual() -> None:
    tracker = _watched(_round(3, 9 * USUAL_PER_S, SYN_BITS, 1.0))
    assert _symptoms(tracker) == ["flow_surge:B"]
    (fault,) = _likeliest(tracker)
    assert isinstance(fault, TcpSynFloodAttack)
    assert fault.target == "B"
    assert fault.flows_per_s == pytest.approx(9 * USUAL_PER_S, rel=0.01)


def test_many_small_requests_with_their_bytes_are_a_flood_of_a_web_service() -> None:
    tracker = _watched(_round(3, 20 * USUAL_PER_S, 24_000.0, 1 / 30))
    assert _symptoms(tracker) == ["flow_surge:B", "traffic_surge:B"]
    (fault,) = _likeliest(tracker)
    assert isinstance(fault, WebDosAttack)
    assert fault.flows_per_s == pytest.approx(20 * USUAL_PER_S, rel=0.01)
    assert fault.flow_bytes == pytest.approx(3000, rel=0.02)


@pytest.mark.parametrize("size", [0.7, 1.0, 1.4])
def test_many_flows_of_about_the_usual_size_are_a_crowd(size: float) -> None:
    tracker = _watched(_round(3, 2 * USUAL_PER_S / size, FLOW_BITS * size, SOURCES_TO_A_FLOW))
    assert _symptoms(tracker) == ["traffic_surge:B"]
    assert [fault.id for fault in _likeliest(tracker)] == ["traffic_spike@B"]


@pytest.mark.parametrize(("times", "found"), [(1.95, []), (2.05, ["flow_surge:B"])])
def test_twice_the_flows_are_an_alarm_where_they_are_small(times: float, found: list[str]) -> None:
    """Of 0.6 of the traffic: a third of the usual size."""
    told = _round(3)
    rates, counts = told.rates_bps.copy(), told.flows.copy()
    rates[:, :, B] *= 0.6
    counts[:, B] *= times
    tracker = _watched(replace(told, rates_bps=rates, flows=counts))
    assert _symptoms(tracker) == found


@pytest.mark.parametrize(("size", "found"), [(0.41, False), (0.39, True)])
def test_flows_are_small_from_two_fifths_of_the_usual_size(size: float, found: bool) -> None:
    """Four times the flows; (1 + 3 s) / 4 of the usual size in the mean."""
    small = (4 * size - 1) / 3
    tracker = _watched(_round(3, 3 * USUAL_PER_S, small * FLOW_BITS, SOURCES_TO_A_FLOW))
    assert ("flow_surge:B" in _symptoms(tracker)) is found


@pytest.mark.parametrize(("times", "odd"), [(1.0, False), (0.3, True)])
def test_flows_that_are_small_since_senders_hold_back_are_as_many_as_usual(
    times: float, odd: bool
) -> None:
    """Three tenths of the traffic in as many flows; a tenth of it in three tenths of the flows."""
    told = _round(3)
    rates, counts = told.rates_bps.copy(), told.flows.copy()
    rates[:, :, B] *= 0.3 * times
    counts[:, B] *= times
    mix = _watched().flow_mix(replace(told, rates_bps=rates, flows=counts))
    assert mix.size[B] == pytest.approx(0.3, rel=1e-3)
    surprise = mix.log_broad()[0, B] - mix.log_density(mix.usual)[0, B]
    assert bool(surprise > 3.0) is odd


def test_flood_that_one_exporter_alone_tells_of_is_its_claim() -> None:
    told = _round(3)
    counts, sources = told.flows.copy(), told.sources.copy()
    counts[0, B] *= 80
    sources[0, B] *= 1000
    tracker = _watched(replace(told, flows=counts, sources=sources))
    assert _symptoms(tracker) == ["flow_surge:B"]
    assert _likeliest(tracker) == []
    flood = TcpSynFloodAttack(target="B", flows_per_s=15 * USUAL_PER_S)
    incident = Incident(
        id="ring-0001",
        network="ring",
        onset_s=START_S + 900,
        detected_s=tracker.now_s,
        severity=Severity.MINOR,
        title="many flows",
        symptoms=tracker.active_symptoms(),
    )
    causes = Causes(Belief(tracker=tracker, seed=1), incident, lambda _: [])
    causes.propose()
    causes.add(flood)
    said = [e for e in causes.test([flood.id]).evidence_for if e.claimed_by]
    assert {e.claimed_by for e in said} == {"A"}
    assert sum(e.log_likelihood_ratio for e in said) <= CLAIM_NATS


def test_nothing_is_said_of_flows_that_nobody_counted_on_quiet_days() -> None:
    tracker = tracker_of(KNOWN)
    tracker.ingest([_round(0), _round(1, 9 * USUAL_PER_S, SYN_BITS, 1.0)])
    assert _symptoms(tracker) == []


def test_what_flows_are_like_is_not_learned_in_a_flood_and_outlives_the_process() -> None:
    flood = [_round(i, 9 * USUAL_PER_S, SYN_BITS, 1.0) for i in range(3, 9)]
    tracker = _watched(*flood)
    assert _symptoms(tracker) == ["flow_surge:B"]
    again = Tracker.load(tracker.dump(), KNOWN, lambda _: _no_loads(tracker))
    mix, kept = (t.flow_mix(flood[-1]) for t in (tracker, again))
    assert mix.usual_bits == pytest.approx(np.full(6, FLOW_BITS), rel=1e-6)
    np.testing.assert_allclose(kept.size, mix.size)
    np.testing.assert_allclose(kept.sources, mix.sources)


def test_flood_is_over_when_flows_are_as_usual() -> None:
    tracker = _watched(_round(3, 9 * USUAL_PER_S, SYN_BITS, 1.0), _round(4))
    assert _symptoms(tracker) == []


def test_flood_adds_its_bytes_best_effort_where_the_traffic_of_its_target_enters() -> None:
    state = tracker_of(KNOWN).normal_state()
    flood = WebDosAttack(target="B", flows_per_s=1e6, flow_bytes=1000)
    more = flood.after(state).traffic.rates_bps - state.traffic.rates_bps
    assert more.sum() == pytest.approx(8e9)
    assert more[2, :, B] == pytest.approx(8e9 / 5 * (np.arange(6) != B))
    assert flood.arcs(state) == {}


@pytest.mark.parametrize(
    "fault",
    [
        TcpSynFloodAttack(target="B", flows_per_s=0.0),
        TcpSynFloodAttack(target="B", flows_per_s=1e10),
        WebDosAttack(target="B", flows_per_s=1e3, flow_bytes=100.0),
        WebDosAttack(target="B", flows_per_s=1e3, flow_bytes=1e6),
    ],
)
def test_flood_that_no_such_flood_is_is_refused(fault: Fault) -> None:
    with pytest.raises(Ungrounded):
        fault.check(KNOWN.topology, KNOWN.intended)


def _no_loads(tracker: Tracker) -> FloatArray:
    return np.zeros(tracker.topology.n_arcs)
