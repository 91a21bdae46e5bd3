"""A site without power: every device at it is dark, and a crew that goes there mends them all."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tools.network.emulated import EmulatedNetwork
from tools.network.emulated.case_truth import CaseTruth, Repair, TimedEvent
from tools.network.emulated.truth_view import TruthView
from twin.errors import BadCase
from twin.events.faults.power_feed_loss import PowerFeedLoss
from twin.nouns.inventory import Inventory
from twin.nouns.plan import Dispatch
from twin.nouns.telemetry import AdjacencyEvent, InterfaceCounters

Start = Callable[..., EmulatedNetwork]

AT_SITE = ("A-B-1", "A-B-2", "E-F", "F-A")
DARK = PowerFeedLoss(site="A", nodes=("A", "F"), links=AT_SITE)


@pytest.fixture
def shared(designed: Inventory) -> Inventory:
    """A and F stand at one site."""
    nodes = tuple(
        node.model_copy(update={"site": "A"}) if node.id == "F" else node
        for node in designed.topology.nodes
    )
    sites = tuple(site for site in designed.topology.sites if site.id != "F")
    return replace(designed, topology=designed.topology.rebuilt(nodes=nodes, sites=sites))


def _truth(fault: PowerFeedLoss = DARK) -> CaseTruth:
    repair = Repair(travel_s=300, repair_s=600)
    return CaseTruth(events=(TimedEvent(at_s=610, fault=fault, repair=repair),), travel_s=900)


def test_all_devices_of_the_site_are_silent_and_only_others_report(
    start: Start, shared: Inventory
) -> None:
    network = start(_truth(), inventory=shared)
    began_s = network.now_s() + 610
    network.advance(began_s + 800)
    told = network.poll()
    lost = {(e.node, e.link) for e in told if isinstance(e, AdjacencyEvent) and not e.up}
    assert lost == {("B", "A-B-1"), ("B", "A-B-2"), ("E", "E-F")}
    counters = [r for r in told if isinstance(r, InterfaceCounters) and r.time_s > began_s + 60]
    assert all(np.isnan(r.sent_bytes).all() == (r.node in "AF") for r in counters)
    assert set(TruthView(network).samples[-1].links_down) == set(AT_SITE)


@pytest.mark.parametrize(("place", "finds"), [("A", "repaired"), ("F", "repaired"), ("B", "")])
def test_crew_at_any_device_of_the_site_brings_all_of_them_back(
    start: Start, shared: Inventory, place: str, finds: str
) -> None:
    network = start(_truth(), inventory=shared)
    network.advance(network.now_s() + 700)
    order = Dispatch(
        id="d1", incident_id="i1", place=place, links=(), text="", requested_s=network.now_s()
    )
    network.dispatch(order)
    network.advance(network.now_s() + 960)
    told = network.poll()
    assert network.repair_report("d1").state == (finds or "nothing_found")
    back = {e.node for e in told if isinstance(e, AdjacencyEvent) and e.up}
    assert back == ({"A", "B", "E", "F"} if finds else set())


@pytest.mark.parametrize(
    "fault",
    [
        DARK.model_copy(update={"nodes": ("A",)}),
        DARK.model_copy(update={"links": AT_SITE[:3]}),
        DARK.model_copy(update={"site": "B"}),
    ],
    ids=["a node is missing", "a link is missing", "another site"],
)
def test_case_in_which_not_all_of_a_site_is_dark_is_refused(
    start: Start, shared: Inventory, fault: PowerFeedLoss
) -> None:
    with pytest.raises(BadCase, match=f"has all nodes of {fault.site}"):
        start(_truth(fault), inventory=shared)
