"""What flow records tell of how many flows there are: on healthy days, in crowds and in floods."""

from collections.abc import Callable

import numpy as np
import pytest

from tools.network.emulated import EmulatedNetwork
from tools.network.emulated.case_truth import CaseTruth, TimedEvent
from tools.network.emulated.flow_counts import FLOW_BITS, FLOWS_PER_SOURCE
from twin.events.fault import Fault
from twin.events.faults.tcp_syn_flood_attack import TcpSynFloodAttack
from twin.events.faults.traffic_spike import TrafficSpike
from twin.events.faults.web_dos_attack import WebDosAttack
from twin.nouns.configuration import EntryLimit
from twin.nouns.telemetry import FlowRound
from twin.nouns.traffic_class import TrafficClass

Start = Callable[..., EmulatedNetwork]

TARGET = "D"


def _second_round(start: Start, *faults: Fault, mismatch: int = 0) -> FlowRound:
    """Of ten minutes of which `faults` are there in the second half."""
    events = tuple(TimedEvent(at_s=170, until_s=9_000, fault=fault) for fault in faults)
    name = "-".join(fault.kind for fault in faults) or "healthy"
    network = start(CaseTruth(events=events), mismatch=mismatch, name=name)
    network.advance(network.now_s() + 650)
    rounds = [r for r in network.poll() if isinstance(r, FlowRound)]
    assert len(rounds) == 2
    return rounds[1]


def _drawn(record: FlowRound, network_nodes: str = "ABCDEF") -> tuple[float, float, float]:
    """Bits, flows and addresses towards TARGET in the round."""
    node = network_nodes.index(TARGET)
    bits = float(record.rates_bps[:, :, node].sum()) * (record.until_s - record.from_s)
    return bits, float(record.flows[:, node].sum()), float(record.sources[:, node].sum())


def test_flows_of_a_healthy_network_have_their_size_and_their_addresses(start: Start) -> None:
    bits, flows, sources = _drawn(_second_round(start))
    level = start(name="level").physical.demand.relative(0.0)
    assert level > 0
    # At night flows are longer: at a demand r of the peak by r to the power of minus 0.2.
    assert 1.0 <= bits / flows / FLOW_BITS < 2.0
    assert flows / sources == pytest.approx(FLOWS_PER_SOURCE)


def test_syn_flood_brings_many_flows_each_of_its_own_address_and_few_bytes(start: Start) -> None:
    before = _drawn(_second_round(start))
    flood = TcpSynFloodAttack(target=TARGET, flows_per_s=10 * before[1] / 300)
    after = _drawn(_second_round(start, flood))
    assert after[1] / before[1] == pytest.approx(11.0, rel=1e-3)
    assert after[0] - before[0] == pytest.approx(10 * before[1] * 64 * 8, rel=1e-2)
    assert after[2] - before[2] == pytest.approx(10 * before[1], rel=1e-3)


def test_web_flood_brings_requests_with_their_bytes_from_fewer_addresses(start: Start) -> None:
    before = _drawn(_second_round(start))
    flood = WebDosAttack(target=TARGET, flows_per_s=10 * before[1] / 300, flow_bytes=3000)
    after = _drawn(_second_round(start, flood))
    assert after[1] / before[1] == pytest.approx(11.0, rel=1e-3)
    assert after[0] - before[0] == pytest.approx(10 * before[1] * 3000 * 8, rel=1e-2)
    assert after[2] - before[2] == pytest.approx(10 * before[1] / 30, rel=1e-3)


def test_crowd_opens_flows_of_about_the_usual_size(start: Start) -> None:
    before = _drawn(_second_round(start))
    after = _drawn(_second_round(start, TrafficSpike(target=TARGET, factor=3.0)))
    assert after[0] / before[0] == pytest.approx(3.0, rel=1e-2)
    size = (after[0] / after[1]) / (before[0] / before[1])
    # Log-normal with sigma 0.3, of two thirds of the flows: within three sigma.
    assert 0.4 < size < 1.9
    assert size != pytest.approx(1.0, abs=1e-3)


def test_counts_are_noisy_and_what_else_is_told_is_what_it_was_without_them(start: Start) -> None:
    record = _second_round(start, mismatch=1)
    _, flows, sources = _drawn(record)
    assert flows % 4096 == 0
    assert flows / sources != pytest.approx(FLOWS_PER_SOURCE, rel=1e-3)
    unknown = np.isnan(record.rates_bps).all(axis=(0, 2))
    assert (np.isnan(record.flows).all(axis=1) == unknown).all()
    assert (np.isnan(record.sources).all(axis=1) == unknown).all()


def test_senders_of_a_flood_do_not_slow_down(start: Start) -> None:
    """Its own bits enter however much is lost, and customers' elastic ones do not."""
    flood = WebDosAttack(target=TARGET, flows_per_s=2e7, flow_bytes=5000)
    events = (TimedEvent(at_s=100, until_s=9_000, fault=flood),)
    network = start(CaseTruth(events=events), mismatch=1)
    network.advance(network.now_s() + 400)
    physical = network.physical
    entering = physical.flowing.entering[:, physical.demand.target == "ABCDEF".index(TARGET)]
    assert physical.flowing.loss.max() > 0.1
    assert entering.sum() > flood.rate_bps
    wanted = physical.demand.at_tick(13)[:, physical.demand.target == "ABCDEF".index(TARGET)]
    assert entering.sum() < wanted.sum()


def test_what_devices_ask_for_is_policed_where_it_enters(start: Start) -> None:
    """Every pair towards D loses what it sends beyond the limit, and no other does."""
    network = start()
    configuration = network.running_configuration()
    limits = (EntryLimit(traffic_class=TrafficClass.BEST_EFFORT, rate_bps=1e7),)
    asked = configuration.with_device(configuration.device(TARGET).with_entry_limits(limits))
    physical = network.physical
    demand = physical.demand.at_tick(3)
    moment, _ = physical.steady(asked, (), demand, np.zeros_like(demand))
    before, _ = physical.steady(configuration, (), demand, np.zeros_like(demand))
    towards = physical.demand.target == "ABCDEF".index(TARGET)
    entering = moment.entering[2]
    let_in = np.minimum(1.0, 1e7 / np.maximum(entering, 1.0))
    assert (let_in[towards] < 0.9).any()
    np.testing.assert_allclose(moment.loss[2, towards], 1.0 - let_in[towards], atol=1e-6)
    assert moment.loss[:2].max() < 1e-3
    assert moment.loss[2, ~towards].max() < 1e-3
    fewer = before.offered.sum() - moment.offered.sum()
    assert fewer >= ((1.0 - let_in) * entering)[towards].sum() * 0.999
