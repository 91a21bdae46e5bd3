"""An overloaded router loses at every egress, is late, and drops its neighbours for a moment."""

from collections.abc import Callable

import numpy as np
import pytest

from tools.network.emulated import EmulatedNetwork
from tools.network.emulated.case_truth import CaseTruth, Repair, TimedEvent
from tools.network.emulated.overload import LATE_S, LATER_S, MISSED_EVERY_S, missed_hellos
from twin.errors import BadCase
from twin.events.faults.link_down import LinkDown
from twin.events.faults.router_overload import RouterOverload
from twin.nouns.plan import Dispatch
from twin.nouns.telemetry import AdjacencyEvent, InterfaceCounters

Start = Callable[..., EmulatedNetwork]

AT_B = ("A-B-1", "A-B-2", "B-C", "B-E")
BUSY = RouterOverload(node="B", links=AT_B, fraction=0.05)
EVENT = TimedEvent(at_s=300, fault=BUSY, repair=Repair(travel_s=60, repair_s=60))


def _pair(network: EmulatedNetwork, source: str, target: str) -> tuple[float, float]:
    """Loss and delay of what one node sends another, business class."""
    physical, index = network.physical, network.physical.topology.node_index
    flows = physical.hidden.flows
    at = (flows.source == index[source]) & (flows.target == index[target])
    return float(physical.flowing.loss[1, at][0]), float(physical.flowing.delay_s[1, at][0])


def test_every_egress_of_the_router_loses_uncounted_and_is_late(start: Start) -> None:
    network = start(CaseTruth(events=(EVENT,)), mismatch=0)
    network.advance(network.now_s() + 240)
    (_, before_s), quiet = _pair(network, "B", "C"), _pair(network, "D", "E")
    network.advance(network.now_s() + 120)
    for target in "ACE":
        assert _pair(network, "B", target)[0] == pytest.approx(0.05)
    assert _pair(network, "B", "C")[1] - before_s == pytest.approx(LATE_S + 0.05 * LATER_S)
    assert _pair(network, "D", "E") == pytest.approx(quiet)
    dropped = [r.dropped_bytes for r in network.poll() if isinstance(r, InterfaceCounters)]
    assert np.nansum(np.concatenate(dropped)) == 0.0


def test_adjacencies_are_lost_for_a_moment_and_come_back(start: Start) -> None:
    network = start(CaseTruth(events=(EVENT,)), mismatch=0)
    network.advance(network.now_s() + 300 + MISSED_EVERY_S + 60)
    told = [e for e in network.poll() if isinstance(e, AdjacencyEvent)]
    downs, ups = ({e.link for e in told if e.up is up} for up in (False, True))
    assert downs == ups == set(AT_B)
    lost_s = {e.link: e.time_s for e in told if not e.up}
    back_s = {e.link: e.time_s for e in told if e.up}
    assert all(0.0 < back_s[link] - lost_s[link] < 15.0 for link in AT_B)


def test_hellos_are_missed_once_a_turn_and_link_and_by_no_other_kind() -> None:
    missed = list(missed_hellos(3, 0, BUSY, 0.0, 3 * MISSED_EVERY_S))
    assert sorted((m.link, m.from_s // MISSED_EVERY_S) for m in missed) == [
        (link, turn) for link in AT_B for turn in range(3)
    ]
    assert missed == list(missed_hellos(3, 0, BUSY, 0.0, 3 * MISSED_EVERY_S))
    assert not list(missed_hellos(3, 0, LinkDown(link="B-C"), 0.0, 9e9))


def test_its_tables_take_longer(start: Start) -> None:
    network = start(CaseTruth(events=(EVENT,)), mismatch=0)
    network.advance(network.now_s() + 360)
    slow = network.physical._control.slow  # what it does shows in convergence alone
    assert slow.tolist() == [1.0, 10.0, 1.0, 1.0, 1.0, 1.0]


def test_crew_that_is_sent_to_the_router_ends_it(start: Start) -> None:
    network = start(CaseTruth(events=(EVENT,)), mismatch=0)
    network.advance(network.now_s() + 360)
    network.dispatch(
        Dispatch(
            id="d1", incident_id="i1", place="B", links=(), text="", requested_s=network.now_s()
        )
    )
    network.advance(network.now_s() + 150)
    assert network.repair_report("d1").state == "repaired"
    assert _pair(network, "B", "C")[0] == 0.0


def test_case_that_leaves_a_link_of_the_router_out_is_refused(start: Start) -> None:
    fault = RouterOverload(node="B", links=AT_B[:3], fraction=0.05)
    with pytest.raises(BadCase, match="B-E"):
        start(CaseTruth(events=(TimedEvent(at_s=100, fault=fault, until_s=200),)))
