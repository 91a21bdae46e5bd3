"""Routers agree in the end on shortest paths, and on the way there lose traffic."""

from collections.abc import Callable

import networkx as nx
import numpy as np
import pytest

from tools.network.emulated import EmulatedNetwork
from tools.network.emulated.case_truth import CaseTruth, Repair, TimedEvent
from tools.network.emulated.forwarding import HOP_LIMIT, trace
from tools.network.emulated.truth_view import TruthView
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.igp_weight_misconfig import IgpWeightMisconfig
from twin.events.faults.link_down import LinkDown
from twin.nouns.telemetry import AdjacencyEvent

Start = Callable[..., EmulatedNetwork]


def _tables_as_sets(network: EmulatedNetwork) -> dict[tuple[str, str], set[str]]:
    """(router, target) to the links that its table holds."""
    topology, tables = network.physical.topology, network.physical.tables
    names = [n.id for n in topology.nodes]
    return {
        (a, b): {
            topology.links[int(arc) // 2].id for arc in tables.arcs[i, j, : tables.count[i, j]]
        }
        for i, a in enumerate(names)
        for j, b in enumerate(names)
        if i != j
    }


def _expected(network: EmulatedNetwork, down: set[str]) -> dict[tuple[str, str], set[str]]:
    """The same by networkx, from the running configuration."""
    topology = network.physical.topology
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for link in topology.links:
        for tail, head in ((link.a, link.b), (link.b, link.a)):
            if link.id not in down:
                weight = network.running(tail).interface(link.id).advertised_weight
                graph.add_edge(tail, head, key=link.id, weight=weight)
    far = dict(nx.all_pairs_dijkstra_path_length(graph))
    return {
        (a, b): {
            key
            for _, head, key, data in graph.out_edges(a, keys=True, data=True)
            if data["weight"] + far[head][b] == far[a][b]
        }
        for a in far
        for b in far
        if a != b
    }


@pytest.mark.parametrize("mismatch", [0, 1, 2])
@pytest.mark.parametrize(
    ("fault", "down"),
    [
        (FiberCut(duct="duct-1", links=("A-B-1", "F-A")), {"A-B-1", "F-A"}),
        (LinkDown(link="B-E"), {"B-E"}),
        (IgpWeightMisconfig(node="B", link="B-E", weight=100), set()),
    ],
)
def test_tables_end_as_networkx_computes_them(
    start: Start, mismatch: int, fault: FiberCut | LinkDown | IgpWeightMisconfig, down: set[str]
) -> None:
    repair = None if isinstance(fault, IgpWeightMisconfig) else Repair(travel_s=60, repair_s=60)
    event = TimedEvent(at_s=100, fault=fault, repair=repair)
    network = start(CaseTruth(events=(event,)), mismatch=mismatch)
    assert _tables_as_sets(network) == _expected(network, set())
    network.advance(network.now_s() + 300)
    assert _tables_as_sets(network) == _expected(network, down)


def test_cut_loses_traffic_until_routing_has_converged_and_no_longer(start: Start) -> None:
    cut = TimedEvent(
        at_s=100,
        fault=FiberCut(duct="duct-1", links=("A-B-1", "F-A")),
        repair=Repair(travel_s=60, repair_s=60),
    )
    network = start(CaseTruth(events=(cut,)), mismatch=0)
    begin = network.now_s()
    network.advance(begin + 100.1)
    assert network.physical.flowing.loss.max() > 0.4
    network.advance(begin + 110.0)
    assert network.physical.at_rest()
    assert network.physical.flowing.loss.max() < 1e-6
    network.advance(begin + 150.0)
    breach_s = TruthView(network).breach_s()
    assert 0.3 < breach_s["svc-AB"] < 5.0


def test_routers_disagree_on_the_way(start: Start) -> None:
    event = TimedEvent(
        at_s=100, fault=LinkDown(link="B-C"), repair=Repair(travel_s=60, repair_s=60)
    )
    network = start(CaseTruth(events=(event,)), mismatch=0)
    before, after = _expected(network, set()), _expected(network, {"B-C"})
    begin, mixed = network.now_s(), 0
    for step in range(100):
        network.advance(begin + 100 + 0.05 * step)
        seen = _tables_as_sets(network)
        mixed += seen not in (before, after)
    assert mixed > 3
    assert seen == after


def test_loop_between_two_routers_ends_at_the_hop_limit(start: Start) -> None:
    """A points at B and B back at A for traffic to C: both links carry it many times over."""
    network = start(mismatch=0)
    physical = network.physical
    tables = physical.tables
    arc_ab, arc_ba = 0, 1
    tables.arcs[0, 2, 0], tables.count[0, 2] = arc_ab, 1
    tables.arcs[1, 2, 0], tables.count[1, 2] = arc_ba, 1
    paths = trace(physical.wiring, tables, physical.hidden.flows)
    flows = physical.hidden.flows
    looping = np.isin(
        paths.pair, np.flatnonzero((flows.target == 2) & np.isin(flows.source, (0, 1)))
    )
    assert not paths.arrives[looping].any()
    assert len(paths.hops) == HOP_LIMIT


def test_link_without_bfd_is_missed_only_after_the_hold_time(start: Start) -> None:
    event = TimedEvent(
        at_s=100, fault=LinkDown(link="B-C"), repair=Repair(travel_s=60, repair_s=60)
    )
    for seed in range(40):
        network = start(CaseTruth(events=(event,)), seed=seed, name=f"seed-{seed}")
        if not TruthView(network).hidden.bfd[network.physical.topology.link_index["B-C"]]:
            break
    begin = network.now_s()
    network.advance(begin + 220)
    downs = [e.time_s - begin for e in network.poll() if isinstance(e, AdjacencyEvent)]
    assert downs
    assert all(130 <= t <= 140 for t in downs)
