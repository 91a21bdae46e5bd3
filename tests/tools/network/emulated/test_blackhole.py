"""A static route to nowhere swallows what reaches its router, and nobody counts it."""

from collections.abc import Callable

import numpy as np
import pytest

from tools.network.emulated import EmulatedNetwork
from tools.network.emulated.case_truth import CaseTruth, TimedEvent
from tools.network.emulated.truth_view import TruthView
from twin.errors import BadCase
from twin.events.faults.blackhole_route import BlackholeRoute
from twin.nouns.telemetry import ConfigurationEvent, InterfaceCounters
from twin.nouns.topology import Interface

Start = Callable[..., EmulatedNetwork]

# F sends C its traffic over A or E, and B or D; what goes by B ends there.
HOLE = TimedEvent(at_s=100, fault=BlackholeRoute(node="B", targets=("C",)))


def _to_c(network: EmulatedNetwork) -> dict[str, float]:
    """What each node loses of what it sends C, business class."""
    physical, index = network.physical, network.physical.topology.node_index
    flows = physical.hidden.flows
    found = {}
    for node in "ABDEF":
        pair = (flows.source == index[node]) & (flows.target == index["C"])
        found[node] = float(physical.flowing.loss[1, pair][0])
    return found


def test_what_reaches_the_router_is_lost_and_counted_nowhere(start: Start) -> None:
    network = start(CaseTruth(events=(HOLE,)), mismatch=0)
    physical = network.physical
    arc = physical.topology.arc_of(Interface(node="B", link="B-C"))
    network.advance(network.now_s() + 60)
    before_bps = physical.flowing.offered[:, arc].sum()
    network.advance(network.now_s() + 140)
    lost = _to_c(network)
    assert (lost["A"], lost["B"]) == (1.0, 1.0)
    assert lost["D"] == 0.0
    # What A and B send C alone are two halves of a Gbit/s.
    assert physical.flowing.offered[:, arc].sum() <= before_bps - 1e9
    told = network.poll()
    dropped = [r.dropped_bytes for r in told if isinstance(r, InterfaceCounters)]
    assert np.nansum(np.concatenate(dropped)) == 0.0
    assert [e.node for e in told if isinstance(e, ConfigurationEvent)] == ["B"]


def test_it_ends_by_configuration_alone_and_survives_reopening(start: Start) -> None:
    network = start(CaseTruth(events=(HOLE,)))
    network.advance(network.now_s() + 1300)
    view = TruthView(network)
    assert view.active_faults() == (HOLE.fault,)
    running = network.running_configuration()
    assert "svc-AC" in view.evaluate_steady(running, network.now_s()).breached
    intended = network.inventory().intended
    assert "svc-AC" not in view.evaluate_steady(intended, network.now_s()).breached
    network.stage("fix", intended.device("B"))
    network.commit("B", "fix", 60)
    network.confirm("B", "fix")
    network.advance(network.now_s() + 60)
    assert view.active_faults() == ()
    assert max(_to_c(network).values()) < 0.01


def test_case_that_swallows_what_goes_to_nobody_is_refused(start: Start) -> None:
    event = TimedEvent(at_s=100, fault=BlackholeRoute(node="B", targets=("Z",)))
    with pytest.raises(BadCase, match="Z"):
        start(CaseTruth(events=(event,)))
