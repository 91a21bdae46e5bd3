"""Faults, and who can end them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tools.network.emulated import EmulatedNetwork
from tools.network.emulated.case_truth import (
    CaseTruth,
    DemandEpisode,
    PlannedAction,
    Repair,
    TimedEvent,
)
from tools.network.emulated.truth_view import TruthView
from twin.errors import BadCase
from twin.events.actions.rate_limit import RateLimit
from twin.events.fault import Fault
from twin.events.faults.demand_surge import DemandSurge
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.high_latency import HighLatency
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.interface_shut_down import InterfaceShutDown
from twin.events.faults.link_capacity_bottleneck import LinkCapacityBottleneck
from twin.events.faults.link_down import LinkDown
from twin.events.faults.link_flap import LinkFlap
from twin.events.faults.policer_misconfig import PolicerMisconfig
from twin.events.faults.traffic_spike import TrafficSpike
from twin.events.faults.unannounced_drain import UnannouncedDrain
from twin.nouns.configuration import Policer
from twin.nouns.inventory import Inventory
from twin.nouns.plan import Dispatch
from twin.nouns.telemetry import AdjacencyEvent, ConfigurationEvent
from twin.nouns.topology import Topology
from twin.nouns.traffic import TrafficClass

Start = Callable[..., EmulatedNetwork]

CUT = TimedEvent(
    at_s=100,
    fault=FiberCut(duct="duct-1", links=("A-B-1", "F-A")),
    repair=Repair(travel_s=300, repair_s=600),
)


def _order(network: EmulatedNetwork, *links: str, id_: str = "d1", place: str = "") -> Dispatch:
    return Dispatch(
        id=id_,
        incident_id="i1",
        place=place,
        links=links,
        text="",
        requested_s=network.now_s(),
    )


def _down(network: EmulatedNetwork) -> set[str]:
    return set(TruthView(network).samples[-1].links_down)


@pytest.mark.parametrize("order", [("A-B-1", "F-A"), ("F-A",)])
def test_right_dispatch_restores_every_link_of_the_cut(
    start: Start, order: tuple[str, ...]
) -> None:
    network = start(CaseTruth(events=(CUT,)))
    network.advance(network.now_s() + 300)
    network.dispatch(_order(network, *order))
    network.advance(network.now_s() + 890)
    assert network.repair_report("d1").state == "open"
    assert _down(network) == {"A-B-1", "F-A"}
    network.advance(network.now_s() + 60)
    assert network.repair_report("d1").state == "repaired"
    assert _down(network) == set()
    ups = [e for e in network.poll() if isinstance(e, AdjacencyEvent) and e.up]
    assert {e.link for e in ups} == {"A-B-1", "F-A"}


def test_dispatch_to_the_place_of_the_duct_finds_the_cut(start: Start) -> None:
    network = start(CaseTruth(events=(CUT,)))
    network.advance(network.now_s() + 300)
    network.dispatch(_order(network, place="A"))
    network.advance(network.now_s() + 901)
    assert network.repair_report("d1").state == "repaired"


def test_wrong_dispatch_finds_nothing_and_repairs_nothing(start: Start) -> None:
    network = start(CaseTruth(events=(CUT,), travel_s=300))
    network.advance(network.now_s() + 300)
    network.dispatch(_order(network, "C-D"))
    network.advance(network.now_s() + 2000)
    report = network.repair_report("d1")
    assert (report.state, report.time_s) == ("nothing_found", 1_800_000_600.0)
    assert _down(network) == {"A-B-1", "F-A"}


def test_one_order_id_counts_once(start: Start) -> None:
    network = start(CaseTruth(events=(CUT,)))
    network.advance(network.now_s() + 300)
    network.dispatch(_order(network, "C-D"))
    network.dispatch(_order(network, "F-A"))
    network.advance(network.now_s() + 3000)
    assert network.repair_report("d1").state == "nothing_found"
    assert _down(network) == {"A-B-1", "F-A"}


def test_misconfiguration_shows_in_the_device_and_only_configuration_ends_it(
    start: Start,
) -> None:
    fault = IgpWeightMisconfig(node="B", link="B-E", weight=100)
    network = start(CaseTruth(events=(TimedEvent(at_s=100, fault=fault),)), mismatch=0)
    network.advance(network.now_s() + 200)
    assert network.running("B").interface("B-E").igp_weight == 100
    assert TruthView(network).active_faults() == (fault,)
    event = next(e for e in network.poll() if isinstance(e, ConfigurationEvent))
    assert event.node == "B"
    assert event.change_id.raw == network.commit_log("B")[-1].change_id
    network.dispatch(_order(network, "B-E"))
    network.advance(network.now_s() + 7200)
    assert network.running("B").interface("B-E").igp_weight == 100
    network.stage("fix", network.inventory().intended.device("B"))
    network.commit("B", "fix", 60)
    assert TruthView(network).active_faults() == ()


@pytest.mark.parametrize(
    ("fault", "under", "edits"),
    [
        (
            InterfaceShutDown(link="B-E", nodes=("B", "E"), change_id="CHG-1"),
            "CHG-1",
            {"shut_down": True},
        ),
        (UnannouncedDrain(link="B-E", nodes=("B",)), "TCK-", {"drained": True}),
        (
            PolicerMisconfig(
                node="B", link="B-E", traffic_class=TrafficClass.BEST_EFFORT, rate_bps=1e9
            ),
            "TCK-",
            {"policers": (Policer(traffic_class=TrafficClass.BEST_EFFORT, rate_bps=1e9),)},
        ),
    ],
    ids=["shutdown", "drain", "policer"],
)
def test_edit_that_is_no_weight_is_committed_at_its_ends_and_ends_by_configuration(
    start: Start, fault: Fault, under: str, edits: dict[str, object]
) -> None:
    network = start(CaseTruth(events=(TimedEvent(at_s=100, fault=fault),)), mismatch=0)
    network.advance(network.now_s() + 200)
    assert TruthView(network).active_faults() == (fault,)
    assert ("B-E" in _down(network)) == bool(fault.links_down(network.physical.topology))
    for node in fault.configured_nodes:
        intended = network.inventory().intended.device(node)
        meant = intended.interface("B-E").model_copy(update=edits)
        assert network.running(node).interface("B-E") == meant
        assert network.commit_log(node)[-1].change_id.startswith(under)
        network.stage("fix", intended)
        network.commit(node, "fix", 60)
    assert TruthView(network).active_faults() == ()


def test_spike_rises_and_goes_by_itself(start: Start) -> None:
    spike = TrafficSpike(target="D", factor=4.0)
    event = TimedEvent(at_s=300, until_s=1200, fault=spike)
    network = start(CaseTruth(events=(event,)), mismatch=0)
    physical, target = network.physical, network.physical.topology.node_index["D"]
    to_d = physical.hidden.flows.target == target
    seen = []
    for _ in range(50):
        network.advance(network.now_s() + 30)
        seen.append(physical.flowing.entering[:, to_d].sum() / (5 * 0.5e9))
    assert seen[8] == pytest.approx(1.0)
    assert 1.0 < seen[11] < 4.0
    assert max(seen) == pytest.approx(4.0)
    assert seen[-1] == pytest.approx(1.0)


def test_surge_of_all_demand_rises_everywhere_and_is_what_is_judged(start: Start) -> None:
    event = TimedEvent(at_s=300, until_s=1200, fault=DemandSurge(factor=1.5))
    network = start(CaseTruth(events=(event,)), mismatch=0)
    network.advance(network.now_s() + 600)
    entering = network.physical.flowing.entering
    assert entering.sum(axis=0) == pytest.approx(np.full(30, 1.5 * 0.5e9))
    view, running = TruthView(network), network.running_configuration()
    at_s = network.now_s()
    surging, calm = (view.evaluate_steady(running, at_s, f) for f in ([event.fault], []))
    assert surging.utilisation == pytest.approx(1.5 * calm.utilisation)


def test_benign_peak_raises_everything(start: Start) -> None:
    episode = DemandEpisode(at_s=0, until_s=7200, factor=1.3, ramp_s=60)
    network = start(CaseTruth(demand_episodes=(episode,)), mismatch=0)
    network.advance(network.now_s() + 600)
    assert network.physical.flowing.entering.sum() == pytest.approx(1.3 * 30 * 0.5e9)


def test_planned_drain_moves_traffic_away_and_back(start: Start) -> None:
    planned = PlannedAction(at_s=300, until_s=900, link="B-E", what="drain", change_id="CHG-7")
    network = start(CaseTruth(planned_actions=(planned,)), mismatch=0)
    arc = 2 * network.physical.topology.link_index["B-E"]
    network.advance(network.now_s() + 600)
    assert network.physical.flowing.offered[:, arc].sum() == 0
    assert network.running("E").interface("B-E").drained
    network.advance(network.now_s() + 600)
    assert network.physical.flowing.offered[:, arc].sum() > 0
    ids = {e.change_id.raw for e in network.poll() if isinstance(e, ConfigurationEvent)}
    assert ids == {"CHG-7"}


def test_overload_makes_elastic_senders_slow_down(start: Start) -> None:
    network = start(scale=4.5)
    network.advance(network.now_s() + 120)
    flowing = network.physical.flowing
    wanted = network.physical.demand.at_tick(4)
    slower = flowing.entering.sum(axis=1) / wanted.sum(axis=1)
    assert slower[0] == pytest.approx(1.0)
    assert slower[2] < slower[1] < 1.0


def test_steady_evaluation_agrees_with_what_then_happens(start: Start) -> None:
    network = start(CaseTruth(events=(CUT,)), scale=3.0)
    view = TruthView(network)
    at_s = network.now_s() + 225
    told = view.evaluate_steady(network.running_configuration(), at_s, [CUT.fault])
    network.advance(at_s)
    actual = network.physical.flowing.offered.sum(axis=0) / network.physical.egresses.capacity_bps
    assert np.allclose(told.offered_utilisation, actual, atol=0.01)
    assert told.breached


def test_steady_evaluation_of_a_rate_limit_spares_the_other_class(
    start: Start, designed: Inventory
) -> None:
    network = start(scale=4.5, mismatch=0)
    view, running = TruthView(network), network.running_configuration()
    limit = RateLimit(node="F", link="E-F", traffic_class=TrafficClass.BEST_EFFORT, rate_bps=1e9)
    limited = limit.configured(running, designed.intended, designed.topology)
    before = view.evaluate_steady(running, network.now_s())
    after = view.evaluate_steady(limited, network.now_s())
    arc = 2 * designed.topology.link_index["E-F"] + 1
    assert after.utilisation[arc] < before.utilisation[arc]
    assert after.lost_bps[1] <= before.lost_bps[1]
    assert after.lost_bps[2] > before.lost_bps[2]


def test_case_that_names_what_does_not_exist_is_refused(start: Start) -> None:
    event = TimedEvent(at_s=1, until_s=2, fault=LinkDown(link="X-Y"))
    with pytest.raises(BadCase, match='"X-Y"'):
        start(CaseTruth(events=(event,)))


def test_network_of_one_pair_without_demand_still_runs(start: Start, designed: Inventory) -> None:
    topology = Topology(
        name="two",
        sites=designed.topology.sites,
        nodes=designed.topology.nodes[:2],
        links=designed.topology.links[:1],
    )
    lonely = replace(
        designed,
        topology=topology,
        intended=type(designed.intended)(
            devices=tuple(
                d.model_copy(update={"interfaces": d.interfaces[:1]})
                for d in designed.intended.devices[:2]
            )
        ),
        services=(),
        peak_traffic=type(designed.peak_traffic)(("A", "B"), np.zeros((3, 2, 2))),
        probes=(),
    )
    network = start(inventory=lonely)
    network.advance(network.now_s() + 600)
    assert network.physical.flowing.offered.sum() == 0


def test_bundle_that_lost_a_member_carries_half_both_ways_until_it_is_repaired(
    start: Start,
) -> None:
    fault = LinkCapacityBottleneck(link="B-C", members=1)
    event = TimedEvent(at_s=100, fault=fault, repair=Repair(travel_s=60, repair_s=240))
    network = start(CaseTruth(events=(event,)), mismatch=0)
    arc = 2 * network.inventory().topology.link_index["B-C"]
    network.advance(network.now_s() + 200)
    physical = network.physical
    assert physical.egresses.capacity_bps[arc : arc + 2].tolist() == [5e9, 5e9]
    assert (np.delete(physical.egresses.capacity_bps, [arc, arc + 1]) == 10e9).all()
    assert _down(network) == set()
    network.dispatch(_order(network, "B-C"))
    network.advance(network.now_s() + 301)
    assert network.repair_report("d1").state == "repaired"
    assert (physical.egresses.capacity_bps == 10e9).all()


def test_bundle_that_lacked_a_member_on_no_record_keeps_what_is_left(start: Start) -> None:
    faults = [LinkCapacityBottleneck(link=link, members=1) for link in ("B-C", "C-D")]
    physical = start(mismatch=1).physical
    was = physical.hidden.capacity_bps
    assert (was == 5e9).any(), "one bundle of this seed lacks a member"
    short = physical.egresses_with(faults, ()).capacity_bps
    assert (short <= was).all()
    assert short.min() == 5e9


FLAP = TimedEvent(
    at_s=100,
    fault=LinkFlap(link="B-C", period_s=60),
    repair=Repair(travel_s=60, repair_s=120),
)


def _moves(network: EmulatedNetwork) -> list[tuple[float, bool]]:
    """When A end of B-C told that its adjacency moved, seconds from the start."""
    told = [e for e in network.poll() if isinstance(e, AdjacencyEvent) and e.node == "B"]
    found = {(e.time_s, e.up) for e in told if e.link == "B-C"}
    return sorted((time_s - 1_800_000_000.0, up) for time_s, up in found)


def test_link_that_flaps_is_lost_and_comes_back_every_period_until_it_is_repaired(
    start: Start,
) -> None:
    """No signal for 18 s of every 60; BFD finds that out in 0.3 to 1 s, and 3 to 8 s after it."""
    network = start(CaseTruth(events=(FLAP,)), mismatch=0)
    network.advance(network.now_s() + 400)
    moves = _moves(network)
    assert [up for _, up in moves] == [False, True] * 5
    for i, (time_s, up) in enumerate(moves):
        began_s = 100 + 60 * (i // 2) + (18 if up else 0)
        least_s, most_s = (3.0, 8.2) if up else (0.3, 1.0)
        assert least_s <= time_s - began_s <= most_s
    network.dispatch(_order(network, "B-C"))
    network.advance(network.now_s() + 300)
    assert network.repair_report("d1").state == "repaired"
    # The crew is done at 580 s, when the signal is lost for the ninth time.
    assert [up for _, up in _moves(network)] == [False, True] * 3
    network.advance(network.now_s() + 300)
    assert _moves(network) == []


def test_link_that_flaps_does_so_whoever_looks_how_often(start: Start) -> None:
    often, once = (start(CaseTruth(events=(FLAP,)), name=name) for name in ("often", "once"))
    for _ in range(70):
        often.advance(often.now_s() + 7)
    once.advance(once.now_s() + 490)
    assert _moves(often) == _moves(once)


def test_over_a_period_a_link_that_flaps_loses_what_is_sent_until_all_know(start: Start) -> None:
    physical = start(mismatch=0).physical
    silent = physical.egresses_with([FLAP.fault], ()).silent_loss
    arc = 2 * physical.topology.link_index["B-C"]
    assert silent[arc : arc + 2].tolist() == [1.5 / 60, 1.5 / 60]
    assert silent.sum() == pytest.approx(3.0 / 60)


def test_link_that_takes_longer_does_so_both_ways(start: Start) -> None:
    physical = start(mismatch=0).physical
    late_s = physical.egresses_with([HighLatency(link="B-C", added_s=0.02)], ()).late_s
    arc = 2 * physical.topology.link_index["B-C"]
    assert late_s[arc : arc + 2].tolist() == [0.02, 0.02]
    assert late_s.sum() == pytest.approx(0.04)
