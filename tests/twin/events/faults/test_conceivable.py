"""What a planner would think of: faults that can be, at every place, each once."""

from collections import Counter

import pytest

from twin.events.fault import FAULT_KINDS, AnyFault
from twin.events.faults.policer_misconfig import PolicerMisconfig
from twin.events.faults.power_feed_loss import PowerFeedLoss
from twin.events.faults.web_dos_attack import WebDosAttack
from twin.nouns.state import NetworkState
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory


@pytest.fixture(scope="module")
def germany50() -> NetworkState:
    return Twin(build_inventory(WorldSpec(topology="sndlib/germany50"))).state()


@pytest.mark.parametrize("kind", FAULT_KINDS)
def test_conceivable_fault_can_be_and_changes_the_network(
    kind: type[AnyFault], germany50: NetworkState
) -> None:
    found = list(kind.conceivable(germany50))
    assert len(set(found)) == len(found)
    # No site of this network has several devices.
    assert bool(found) == (kind is not PowerFeedLoss)
    for fault in found:
        fault.check(germany50.topology, germany50.running)
    assert all(fault.after(germany50) != germany50 for fault in found[:20])


def test_most_kinds_are_conceivable_at_every_place(germany50: NetworkState) -> None:
    topology = germany50.topology
    places = Counter(
        resource
        for kind in FAULT_KINDS
        for resource in {r for fault in kind.conceivable(germany50) for r in fault.resources}
    )
    assert min(places[node.id] for node in topology.nodes) >= 7
    assert min(places[link.id] for link in topology.links) >= 5


def test_conceivable_flood_doubles_what_a_node_draws(germany50: NetworkState) -> None:
    drawn_bps = germany50.traffic.rates_bps.sum(axis=(0, 1))
    for fault in WebDosAttack.conceivable(germany50):
        place = germany50.topology.node_index[fault.target]
        after_bps = fault.after(germany50).traffic.rates_bps.sum(axis=(0, 1))
        assert after_bps[place] == pytest.approx(2.0 * drawn_bps[place], rel=0.05)


def test_conceivable_policer_lets_a_hundredth_of_the_link_through(germany50: NetworkState) -> None:
    fault = next(iter(PolicerMisconfig.conceivable(germany50)))
    assert fault.rate_bps == germany50.topology.link(fault.link).capacity_bps / 100.0
