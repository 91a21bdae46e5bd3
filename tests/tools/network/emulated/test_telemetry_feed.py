"""Telemetry: cumulative, jittered, late, twice, with gaps, and never more than was sent."""

from collections.abc import Callable

import numpy as np
import pytest

from tools.network.emulated import EmulatedNetwork
from tools.network.emulated.case_truth import CaseTruth, Repair, TimedEvent
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.link_down import LinkDown
from twin.events.faults.packet_loss import PacketLoss
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.nouns.inventory import ProbePath
from twin.nouns.telemetry import (
    AdjacencyEvent,
    FlowRound,
    InterfaceCounters,
    ProbeRound,
    SyslogLine,
    Telemetry,
)
from twin.nouns.traffic import TrafficClass

Start = Callable[..., EmulatedNetwork]


def _hear(network: EmulatedNetwork, for_s: float) -> list[Telemetry]:
    heard: list[Telemetry] = []
    until = network.now_s() + for_s
    while network.now_s() < until:
        network.advance(network.now_s() + 30)
        arrived = network.poll()
        assert all(item.received_s <= network.now_s() for item in arrived)
        heard += arrived
    return heard


def _readings(heard: list[Telemetry], node: str) -> list[InterfaceCounters]:
    return [item for item in heard if isinstance(item, InterfaceCounters) and item.node == node]


def test_counters_only_grow_and_give_the_true_rate(start: Start) -> None:
    network = start(mismatch=0)
    heard = _hear(network, 600)
    sent_bps = network.physical.flowing.served.sent.sum(axis=0)
    for node in network.physical.topology.nodes:
        first, *_, last = readings = _readings(heard, node.id)
        sent = np.stack([r.sent_bytes for r in readings])
        assert (np.diff(sent, axis=0) >= 0).all()
        rate = 8 * (sent[-1] - sent[0]).sum(axis=1) / (last.time_s - first.time_s)
        out = network.physical.wiring.out_arcs[network.physical.topology.node_index[node.id]]
        assert np.allclose(rate, sent_bps[out], rtol=1e-6)


@pytest.mark.slow
def test_counters_fall_only_where_a_device_cleared_them(start: Start) -> None:
    network = start(mismatch=2)
    heard = _hear(network, 6 * 86_400 / 4)
    fell_somewhere = unread_somewhere = False
    for node in network.physical.topology.nodes:
        readings = _readings(heard, node.id)
        sent = np.stack([r.sent_bytes.sum(axis=1) for r in readings])
        received = np.stack([r.received_bytes for r in readings])
        unread = np.isnan(sent)
        assert (unread.all(axis=1) == unread.any(axis=1)).all(), "a device answers or does not"
        assert (unread == np.isnan(received)).all()
        with np.errstate(invalid="ignore"):
            fell = np.diff(sent, axis=0) < 0
        assert (fell.all(axis=1) == fell.any(axis=1)).all()
        fell_somewhere |= bool(fell.any())
        unread_somewhere |= bool(unread.any())
    assert fell_somewhere
    assert unread_somewhere


def test_devices_are_read_one_by_one_and_passed_on_together(start: Start) -> None:
    network = start()
    heard = [item for item in _hear(network, 30) if isinstance(item, InterfaceCounters)]
    assert {r.node for r in heard} == {node.id for node in network.physical.topology.nodes}
    times = [r.time_s - 1_800_000_000.0 for r in heard]
    assert len(set(times)) == len(heard)
    assert 0 <= min(times) <= max(times) <= 4.0
    assert len({r.received_s for r in heard}) == 1
    assert heard[0].received_s > 1_800_000_000.0 + max(times)


def test_silent_loss_shows_as_received_below_sent(start: Start) -> None:
    fault = SilentEgressPacketLoss(node="B", link="B-C", fraction=0.05)
    event = TimedEvent(at_s=300, fault=fault, repair=Repair(travel_s=60, repair_s=60))
    network = start(CaseTruth(events=(event,)), mismatch=0)
    heard = [
        r
        for r in _hear(network, 900)
        if isinstance(r, InterfaceCounters) and r.time_s > 1_800_000_330.0
    ]
    sent, dropped, received = _between(_readings(list(heard), "B"), "B-C")
    sent_back, dropped_back, received_back = _between(_readings(list(heard), "C"), "B-C")
    assert np.isclose(received_back / sent, 0.95, rtol=1e-6)
    assert received == sent_back
    assert dropped + dropped_back < 100


def test_errors_on_the_line_show_as_drops_and_nothing_is_missing_at_the_far_end(
    start: Start,
) -> None:
    event = TimedEvent(
        at_s=300,
        fault=PacketLoss(node="B", link="B-C", fraction=0.05),
        repair=Repair(travel_s=60, repair_s=60),
    )
    network = start(CaseTruth(events=(event,)), mismatch=0)
    heard = [
        r
        for r in _hear(network, 900)
        if isinstance(r, InterfaceCounters) and r.time_s > 1_800_000_330.0
    ]
    sent, dropped, _ = _between(_readings(list(heard), "B"), "B-C")
    _, dropped_back, received_back = _between(_readings(list(heard), "C"), "B-C")
    assert received_back == sent
    assert dropped / (sent + dropped) == pytest.approx(0.05, rel=1e-6)
    assert dropped_back < 100


def _between(readings: list[InterfaceCounters], link: str) -> tuple[float, float, float]:
    """Bytes sent, dropped and received at that interface between the first and the last."""
    first, *_, last = readings
    i = first.links.index(link)
    return (
        float((last.sent_bytes - first.sent_bytes)[i].sum()),
        float((last.dropped_bytes - first.dropped_bytes)[i].sum()),
        float((last.received_bytes - first.received_bytes)[i]),
    )


def test_probes_see_loss_and_the_detour(start: Start) -> None:
    fault = SilentEgressPacketLoss(node="A", link="A-B-1", fraction=0.5)
    event = TimedEvent(at_s=300, fault=fault, repair=Repair(travel_s=60, repair_s=60))
    network = start(CaseTruth(events=(event,)))
    heard = [r for r in _hear(network, 900) if isinstance(r, ProbeRound)]
    row = network.inventory().probes.index(
        ProbePath(source="A", target="B", traffic_class=TrafficClass.VOICE)
    )
    before = np.array([r.lost[row] / r.sent[row] for r in heard[:9]])
    after = np.array([r.lost[row] / r.sent[row] for r in heard[11:]])
    assert np.nanmax(before) == 0
    assert 0.1 < np.nanmean(after) < 0.45
    assert np.nanmin([r.delay_s[row] for r in heard]) >= 0.001


def test_probe_on_request_measures_a_pair_that_no_standing_probe_covers(start: Start) -> None:
    network = start(mismatch=0)
    path = ProbePath(source="C", target="F", traffic_class=TrafficClass.VOICE)
    found = network.probe([path])
    assert found.lost[0] == 0
    assert 0.003 <= found.delay_s[0] < 0.004
    assert network.probe([path]).delay_s[0] == found.delay_s[0]


def test_flow_records_give_the_offered_matrix_roughly(start: Start) -> None:
    network = start()
    rounds = [r for r in _hear(network, 900) if isinstance(r, FlowRound)]
    assert [r.until_s - r.from_s for r in rounds] == [300.0, 300.0]
    truth = network.physical.flowing.entering.sum()
    assert np.isclose(np.nansum(rounds[-1].rates_bps), truth, rtol=0.1)
    first, second = (r.rates_bps[:, ~np.eye(6, dtype=bool)] for r in rounds)
    assert 0.001 < np.nanstd(first / second) < 0.2


@pytest.mark.slow
def test_silent_exporter_leaves_its_row_unknown(start: Start) -> None:
    network = start(mismatch=2)
    rounds = [r for r in _hear(network, 12_000) if isinstance(r, FlowRound)]
    rows = np.concatenate([np.isnan(r.rates_bps).all(axis=(0, 2)) for r in rounds])
    cells = np.concatenate([np.isnan(r.rates_bps).any(axis=(0, 2)) for r in rounds])
    assert rows.any()
    assert (rows == cells).all()


@pytest.mark.slow
def test_both_ends_report_unless_one_report_is_lost_and_never_both(start: Start) -> None:
    cut = TimedEvent(
        at_s=100,
        until_s=400,
        fault=FiberCut(duct="duct-1", links=("A-B-1", "F-A")),
    )
    repeated = late = 0
    for seed in range(40):
        network = start(CaseTruth(events=(cut,)), seed=seed, name=f"seed-{seed}")
        network.advance(network.now_s() + 700)
        events = [e for e in network.poll() if isinstance(e, AdjacencyEvent)]
        assert {(e.link, e.up) for e in events} == {
            (link, up) for link in ("A-B-1", "F-A") for up in (False, True)
        }
        repeated += len(events) > len({(e.node, e.link, e.up) for e in events})
        late += any(e.received_s - e.time_s > 5 for e in events)
    assert 0 < repeated < 40
    assert 0 < late < 40


def test_syslog_has_the_lines_of_a_real_router(start: Start) -> None:
    event = TimedEvent(at_s=100, until_s=900, fault=LinkDown(link="B-C"))
    network = start(CaseTruth(events=(event,)))
    lines = [i.text.raw for i in _hear(network, 600) if isinstance(i, SyslogLine)]
    assert any("%ROUTING-OSPF-5-ADJCHG" in line and "FULL to DOWN" in line for line in lines)


@pytest.mark.slow
def test_healthy_network_writes_only_harmless_lines(start: Start) -> None:
    network = start()
    heard = _hear(network, 4 * 3600)
    assert not [i for i in heard if isinstance(i, AdjacencyEvent)]
    lines = [i.text.raw for i in heard if isinstance(i, SyslogLine)]
    assert lines
    assert not any("ADJCHG " in line or "UPDOWN : Interface" in line for line in lines)
