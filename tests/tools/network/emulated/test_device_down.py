"""A device that is down says nothing, and only those around it do."""

from collections.abc import Callable

import numpy as np
import pytest

from tools.network.emulated import EmulatedNetwork
from tools.network.emulated.case_truth import CaseTruth, Repair, TimedEvent
from tools.network.emulated.truth_view import TruthView
from twin.errors import BadCase, NetworkError
from twin.events.faults.device_down import DeviceDown
from twin.nouns.inventory import ProbePath
from twin.nouns.plan import Dispatch
from twin.nouns.telemetry import (
    AdjacencyEvent,
    FlowRound,
    InterfaceCounters,
    ProbeRound,
    SyslogLine,
)
from twin.nouns.traffic import TrafficClass

Start = Callable[..., EmulatedNetwork]

AT_A = ("A-B-1", "A-B-2", "F-A")
DOWN = TimedEvent(
    at_s=610,
    fault=DeviceDown(node="A", links=AT_A),
    repair=Repair(travel_s=300, repair_s=600),
)


def _order(network: EmulatedNetwork, place: str, *links: str) -> Dispatch:
    return Dispatch(
        id="d1", incident_id="i1", place=place, links=links, text="", requested_s=network.now_s()
    )


def _running_for(network: EmulatedNetwork, seconds: float) -> list[object]:
    network.advance(network.now_s() + seconds)
    return list(network.poll())


def test_nothing_comes_of_a_device_that_is_down_and_its_neighbours_report(start: Start) -> None:
    network = start(CaseTruth(events=(DOWN,)))
    began_s = network.now_s() + 610
    told = _running_for(network, 1400)
    after = began_s + 60
    lost = {(e.node, e.link) for e in told if isinstance(e, AdjacencyEvent) and not e.up}
    assert lost <= {("B", "A-B-1"), ("B", "A-B-2"), ("F", "F-A")}
    assert {link for _, link in lost} == set(AT_A)
    counters = [r for r in told if isinstance(r, InterfaceCounters) and r.time_s > after]
    assert all(np.isnan(r.sent_bytes).all() == (r.node == "A") for r in counters if r.node in "AC")
    for probes in (r for r in told if isinstance(r, ProbeRound) and r.received_s > after):
        for path, sent, lost_of in zip(probes.paths, probes.sent, probes.lost, strict=True):
            assert np.isnan(sent) or path.source != "A"
            assert path.target != "A" or np.isnan(sent) or lost_of == sent
    rows = [r.rates_bps for r in told if isinstance(r, FlowRound) and r.from_s > began_s]
    assert rows
    assert all(np.isnan(rates[:, 0]).all() for rates in rows)
    assert not [r for r in told if isinstance(r, SyslogLine) and r.node == "A" and r.time_s > after]


def test_services_of_the_device_are_cut_off_and_others_go_around(start: Start) -> None:
    network = start(CaseTruth(events=(DOWN,)), mismatch=0)
    network.advance(network.now_s() + 900)
    view = TruthView(network)
    assert view.active_faults() == (DOWN.fault,)
    assert set(view.samples[-1].links_down) == set(AT_A)
    state = view.evaluate_steady(network.running_configuration(), network.now_s())
    assert dict(zip(state.services, state.unavailable, strict=True)) == {
        "svc-AB": True,
        "svc-AC": True,
        "svc-FC": False,
    }


def test_device_that_is_down_takes_no_change(start: Start) -> None:
    network = start(CaseTruth(events=(DOWN,)))
    network.stage("c1", network.running("A"))
    network.advance(network.now_s() + 700)
    with pytest.raises(NetworkError, match="A does not answer"):
        network.commit("A", "c1", 60)
    with pytest.raises(NetworkError, match="A does not answer"):
        network.stage("c2", network.running("A"))
    business = TrafficClass.BUSINESS
    ways = [ProbePath(source=a, target=b, traffic_class=business) for a, b in ("AB", "BA", "FC")]
    probed = network.probe(ways)
    assert np.isnan(probed.sent[0])
    assert (probed.lost[1], probed.lost[2]) == (probed.sent[1], 0.0)


@pytest.mark.parametrize(
    ("place", "links", "finds"),
    [
        ("A", (), "repaired"),
        ("", AT_A, "repaired"),
        ("B", ("A-B-1",), "nothing_found"),
    ],
    ids=["the device", "all its links", "one of its links"],
)
def test_crew_finds_the_device_that_it_is_sent_to(
    start: Start, place: str, links: tuple[str, ...], finds: str
) -> None:
    network = start(CaseTruth(events=(DOWN,), travel_s=900))
    network.advance(network.now_s() + 700)
    network.dispatch(_order(network, place, *links))
    told = _running_for(network, 960)
    assert network.repair_report("d1").state == finds
    ups = {(e.node, e.link) for e in told if isinstance(e, AdjacencyEvent) and e.up}
    assert ("A" in {node for node, _ in ups}) == (finds == "repaired")


def test_device_that_comes_back_counts_from_nothing(start: Start) -> None:
    network = start(CaseTruth(events=(DOWN,)))
    network.advance(network.now_s() + 700)
    network.dispatch(_order(network, "A"))
    told = _running_for(network, 1200)
    sent = [
        float(r.sent_bytes.sum())
        for r in told
        if isinstance(r, InterfaceCounters) and r.node == "A" and np.isfinite(r.sent_bytes).all()
    ]
    fell = [i for i in range(1, len(sent)) if sent[i] < sent[i - 1]]
    assert len(fell) == 1
    assert sent[fell[0]] < 0.1 * sent[fell[0] - 1]


def test_case_that_leaves_a_link_of_the_device_out_is_refused(start: Start) -> None:
    fault = DeviceDown(node="A", links=AT_A[:2])
    event = TimedEvent(at_s=100, fault=fault, until_s=200)
    with pytest.raises(BadCase, match="F-A"):
        start(CaseTruth(events=(event,)))
