"""What is hidden stays hidden, differs from the record as the level says, and does no harm."""

from collections.abc import Callable

import numpy as np
import pytest

from tools.network.emulated import EmulatedNetwork
from tools.network.emulated.truth_view import TruthView
from tools.network.protocol import Network
from twin.nouns.inventory import Inventory
from twin.nouns.state import NetworkState
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory

Start = Callable[..., EmulatedNetwork]


def test_level_0_record_is_the_design(start: Start, designed: Inventory) -> None:
    network = start(mismatch=0)
    found = network.inventory()
    assert found.topology == designed.topology
    assert (found.peak_traffic.rates_bps == designed.peak_traffic.rates_bps).all()
    assert network.running_configuration() == designed.intended
    hidden = TruthView(network).hidden
    assert not hidden.weights
    assert not hidden.short_bundles
    assert (hidden.demand_factor == 1).all()


@pytest.mark.parametrize(("mismatch", "count"), [(1, 1), (2, 2)])
def test_record_is_wrong_where_the_level_says(
    start: Start, designed: Inventory, mismatch: int, count: int
) -> None:
    network = start(mismatch=mismatch)
    found, hidden = network.inventory(), TruthView(network).hidden
    assert len(hidden.weights) == count
    for interface, weight in hidden.weights.items():
        recorded = found.intended.device(interface.node).interface(interface.link).igp_weight
        assert network.running(interface.node).interface(interface.link).igp_weight == weight
        assert recorded != weight
    assert len(hidden.short_bundles) == count
    for link in hidden.short_bundles:
        arc = 2 * designed.topology.link_index[link]
        assert hidden.capacity_bps[arc] == found.topology.link(link).capacity_bps / 2
    assert len(found.topology.shared_risk_groups) == 1
    assert (found.peak_traffic.rates_bps != designed.peak_traffic.rates_bps).any()


def test_record_does_not_hold_the_hidden_demand(start: Start, designed: Inventory) -> None:
    network = start()
    hidden = TruthView(network).hidden
    flows = hidden.flows
    record = network.inventory().peak_traffic.rates_bps[:, flows.source, flows.target]
    design = designed.peak_traffic.rates_bps[:, flows.source, flows.target]
    correlation = np.corrcoef((record / design).ravel(), hidden.demand_factor.ravel())[0, 1]
    assert abs(correlation) < 0.3


def test_protocol_shows_nothing_else(start: Start) -> None:
    offered = {name for name in vars(EmulatedNetwork) if not name.startswith("_")}
    promised = {name for name in vars(Network) if not name.startswith("_")}
    assert offered - promised == {
        "create",
        "open",
        "close",
        "advance",
        "identity",
        "running_configuration",
    }


@pytest.mark.parametrize("mismatch", [1, 2])
def test_healthy_network_breaks_no_promise_at_its_peak(start: Start, mismatch: int) -> None:
    # A few large pairs fill most of geant's links, so hidden factors show there undiluted.
    inventory = build_inventory(WorldSpec(topology="sndlib/geant"))
    for seed in range(6):
        network = start(inventory=inventory, mismatch=mismatch, seed=seed, name=f"s{seed}")
        busiest = network.now_s() + (20 * 3600 - network.now_s() % 86_400) % 86_400
        told = TruthView(network).evaluate_steady(network.running_configuration(), busiest)
        assert told.breached == ()


def _twin_error(network: EmulatedNetwork) -> float:
    """Mean relative error of the loads that the twin predicts from the record, at the peak hour."""
    record = network.inventory()
    state = NetworkState(record.topology, record.intended, record.peak_traffic)
    predicted = Twin(record).assess(state).offered_bps.sum(axis=1)
    peak = network.physical.demand.peak
    truth, _ = network.physical.steady(
        network.running_configuration(), (), peak, np.zeros_like(peak)
    )
    actual = truth.offered.sum(axis=0)
    loaded = actual > 0.01 * actual.max()
    return float(np.mean(np.abs(predicted - actual)[loaded] / actual[loaded]))


@pytest.mark.parametrize("topology", ["sndlib/germany50", "sndlib/geant"])
def test_twin_knows_a_level_0_network_and_not_a_level_1_network(
    start: Start, topology: str
) -> None:
    inventory = build_inventory(WorldSpec(topology=topology))
    assert _twin_error(start(inventory=inventory, mismatch=0, name="zero")) < 0.01
    for seed in range(3):
        network = start(inventory=inventory, mismatch=1, seed=seed, name=f"one-{seed}")
        assert _twin_error(network) > 0.02
