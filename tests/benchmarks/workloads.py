"""What is timed: each function is one row of the table, on whatever network it is given.

Every link has weight 10, so that there are many equal-cost paths. Every node sends to every other.
Each row first holds what it times against something that works it out in another way.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path

import numpy as np

from tests.benchmarks.measure import Run, least_seconds, share_outside_python
from tests.benchmarks.peers import (
    NetGraphByDestinationPeer,
    NetGraphPeer,
    NetworkXPeer,
    Peer,
    SciPyPeer,
    SortedSciPyPeer,
)
from tests.twin.physics.networks import published_topology
from twin.nouns.service import Service
from twin.physics.changes import Changes
from twin.physics.compiled import (
    NO_ARC,
    CompiledTopology,
    FloatArray,
    IntArray,
    arc_weights,
    compile_topology,
)
from twin.physics.incremental import Cascades, Incremental
from twin.physics.loads import arriving_loads, deliveries
from twin.physics.routing import destinations_using, route
from twin.physics.twin import Twin
from twin.sources.services import invented_services
from twin.sources.world import WorldSpec, build_inventory
from twin.whatif.arcs import single_links
from twin.whatif.engine import WhatIfEngine, all_pairs

AGREE = 1e-9
"""Relative difference up to which two computations of a load agree."""

CHECKED = 12
"""Failures for which every peer has to agree."""

TRIP_AT = 1.2
SERVICES = 1_000

GROWTH_SAMPLE = 128
"""Links of each network whose failure is played to see how cost grows."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: what was run on what, seconds per scenario of each party, and what came of it.

    `notes`: further figures by name.
    """

    what: str
    network: str
    nodes: int
    links: int
    scenarios: int
    seconds: dict[str, float]
    notes: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A topohub graph with a weight of 10 per arc and random demand between all pairs (n, n)."""

    name: str
    compiled: CompiledTopology
    weights: IntArray
    demand: FloatArray

    @property
    def n_links(self) -> int:
        """Number of links."""
        return self.compiled.n_arcs // 2

    def incremental(self) -> Incremental:
        """The base, worked out anew."""
        return Incremental(self.compiled, self.weights, self.demand[None])


@cache
def network(name: str) -> Network:
    """The network that topohub calls `name`."""
    compiled = compile_topology(published_topology(name))
    n = compiled.n_nodes
    demand = np.random.default_rng(n).uniform(0.1, 10.0, (n, n)) * ~np.eye(n, dtype=bool)
    return Network(name, compiled, np.full(compiled.n_arcs, 10, dtype=np.int64), demand)


def assert_agree(found: FloatArray, wanted: FloatArray) -> None:
    """All loads are the same to AGREE, of themselves or of the largest of them."""
    np.testing.assert_allclose(found, wanted, rtol=AGREE, atol=AGREE * float(wanted.max()))


def single_failures(name: str, budget_s: float, sample: int) -> Row:
    """N-1, all links; the peers are held to CHECKED of them and timed on `sample`, evenly spaced.

    Ours includes the base; so that it is not all the base, every link is played. A peer plays few,
    because on a busy machine a long run has a smaller chance of being left in peace.
    """
    net = network(name)
    changes = Changes.each_link(net.n_links)
    base = net.incremental()
    found = base.loads_after(changes)
    chosen = _evenly(net.n_links, sample)
    parties: dict[str, Peer] = {
        "NetworkX": NetworkXPeer(net.compiled, net.weights, net.demand),
        "SciPy": SciPyPeer(net.compiled, net.weights, net.demand),
        "SciPy, sorted": SortedSciPyPeer(net.compiled, net.weights, net.demand),
        "netgraph-core": NetGraphPeer(net.compiled, net.weights, net.demand),
        "netgraph-core, by destination": NetGraphByDestinationPeer(
            net.compiled, net.weights, net.demand
        ),
    }
    for party in parties.values():
        for link in _evenly(net.n_links, CHECKED):
            assert_agree(found[link], party([link]))

    runs = {key: partial(_play, party, chosen) for key, party in parties.items()}
    best = least_seconds(
        {
            "ours": lambda: net.incremental().loads_after(changes),
            "ours, base known": lambda: base.loads_after(changes),
            **runs,
        },
        budget_s,
    )
    per = {key: net.n_links if key.startswith("ours") else len(chosen) for key in best}
    outside = {
        f"{key}, share outside its own Python": share_outside_python(run, best[key])
        for key, run in runs.items()
    }
    seconds = {key: best[key] / per[key] for key in best}
    return _row("N-1 link loads", net, net.n_links, seconds, outside)


def _evenly(n_links: int, count: int) -> list[int]:
    chosen: list[int] = np.linspace(0, n_links - 1, min(count, n_links)).astype(int).tolist()
    return chosen


def _play(peer: Peer, links: Sequence[int]) -> None:
    for link in links:
        peer([link])


def double_failures(name: str, budget_s: float) -> Row:
    """N-2, all pairs of links, read by a sweep, against N-1 read by a sweep."""
    net = network(name)
    events = Changes.each_link(net.n_links)
    pairs = all_pairs(net.n_links)
    capacity = np.ones(net.compiled.n_arcs)
    base = net.incremental()
    _assert_pairs(net, base.sweep_pairs(events, pairs, capacity).max_utilisation, pairs)
    with every_core() as cores:
        best = least_seconds(
            {
                "N-1": lambda: net.incremental().sweep(events, capacity),
                "N-2": lambda: net.incremental().sweep_pairs(events, pairs, capacity),
                "N-2, two threads": lambda: net.incremental().sweep_pairs(
                    events, pairs, capacity, threads=2
                ),
            },
            budget_s,
        )
    per = {"N-1": net.n_links, "N-2": len(pairs), "N-2, two threads": len(pairs)}
    seconds = {key: best[key] / per[key] for key in best}
    return _row("N-2 sweep", net, len(pairs), seconds, {"cores": cores})


def _assert_pairs(net: Network, worst: FloatArray, pairs: IntArray) -> None:
    peer = SortedSciPyPeer(net.compiled, net.weights, net.demand)
    for p in np.linspace(0, len(pairs) - 1, 40).astype(int).tolist():
        np.testing.assert_allclose(worst[p], peer(pairs[p].tolist()).max(), rtol=AGREE)


@contextmanager
def every_core() -> Iterator[int]:
    """Lifts the process's bounds to cores for a while; how many there are."""
    if not hasattr(os, "sched_setaffinity"):
        yield os.cpu_count() or 1
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    try:
        yield len(os.sched_getaffinity(0))
    finally:
        os.sched_setaffinity(0, before)


def cascades(name: str, budget_s: float) -> Row:
    """Every single failure played on: what carries TRIP_AT times its load of the base trips.

    Against our own full routing, once per round.
    """
    net = network(name)
    changes = Changes.each_link(net.n_links)
    base = net.incremental()
    limit = TRIP_AT * base.loads[:, 0]
    found = base.cascades(changes, limit)
    anew = [_routed_per_round(net, link, limit) for link in range(net.n_links)]
    _assert_cascades(found, anew)

    def again() -> None:
        for link in range(net.n_links):
            _routed_per_round(net, link, limit)

    best = least_seconds(
        {"ours": lambda: net.incremental().cascades(changes, limit), "each round routed": again},
        budget_s,
    )
    rounds = float(np.mean([len(turns) for turns, _ in anew]))
    seconds = {key: value / net.n_links for key, value in best.items()}
    return _row("overload cascades", net, net.n_links, seconds, {"rounds": rounds})


def _routed_per_round(
    net: Network, link: int, limit: FloatArray
) -> tuple[list[tuple[int, ...]], FloatArray]:
    """The links of each round and the loads after the last."""
    weights, traffic = net.weights.copy(), net.demand[None, None]
    rounds: list[tuple[int, ...]] = []
    down: Sequence[int] = (link,)
    while True:
        for each in down:
            weights[2 * each : 2 * each + 2] = NO_ARC
        loads = arriving_loads(net.compiled, route(net.compiled, weights), traffic)[:, 0, 0]
        down = tuple(np.unique(np.flatnonzero(loads > limit * (1.0 + AGREE)) // 2).tolist())
        if not down:
            return rounds, loads
        rounds.append(down)


def _assert_cascades(
    found: Cascades, wanted: list[tuple[list[tuple[int, ...]], FloatArray]]
) -> None:
    for s, (rounds, loads) in enumerate(wanted):
        if list(found.rounds(s)) != rounds:
            raise AssertionError(f"scenario {s} trips {found.rounds(s)}, not {rounds}")
        assert_agree(found.loads[s, :, 0], loads)


def verdicts(name: str, budget_s: float, services: int = SERVICES) -> Row:
    """Every single failure with the verdict on each service, against the loads alone.

    Links are dimensioned as in every simulated world, so that no single failure overloads one.
    """
    twin = _twin_with(name, services)
    state, what_ifs = twin.state(), single_links(twin.inventory.topology)

    def engine() -> WhatIfEngine:
        return WhatIfEngine(state, twin.services, twin.parameters, twin.compiled)

    known = engine()
    found = known.verdicts(what_ifs)
    for s in range(0, len(what_ifs), max(1, len(what_ifs) // 20)):
        down = frozenset({twin.inventory.topology.links[s].id})
        wanted = twin.assess(replace(state, down_links=down)).levels
        np.testing.assert_allclose(found.levels.delay_s[s], wanted.delay_s[0], rtol=AGREE)
        np.testing.assert_array_equal(found.levels.in_breach[s], wanted.in_breach[0])
    known.loads(what_ifs)
    best = least_seconds(
        {
            "loads": lambda: engine().loads(what_ifs),
            "loads and verdicts": lambda: engine().verdicts(what_ifs),
            "loads, base known": lambda: known.loads(what_ifs),
            "loads and verdicts, base known": lambda: known.verdicts(what_ifs),
        },
        budget_s,
    )
    seconds = {key: value / len(what_ifs) for key, value in best.items()}
    notes = {
        "services": float(services),
        "pairs of services": float(len(twin.services.sources)),
        "failures in which an egress drops": float(found.whole.sum()),
    }
    return _row("verdicts on services", network(name), len(what_ifs), seconds, notes)


def _twin_with(name: str, services: int) -> Twin:
    inventory = build_inventory(WorldSpec(topology=name))
    twin, rng = Twin(inventory), np.random.default_rng(1)
    weights = arc_weights(inventory.topology, inventory.intended)
    ones = np.ones((twin.compiled.n_arcs, 1, 1))
    propagation_s = twin.compiled.propagation_s[:, None, None]
    _, delay_s = deliveries(twin.compiled, route(twin.compiled, weights), ones, propagation_s)
    nodes = [node.id for node in inventory.topology.nodes]
    demand = inventory.peak_traffic.rates_bps.sum(axis=0)
    made: list[Service] = []
    while len(made) < services:
        made.extend(invented_services(nodes, demand, delay_s[0, 0], rng))
    named = [s.model_copy(update={"id": f"svc-{i}"}) for i, s in enumerate(made[:services])]
    return Twin(replace(inventory, services=tuple(named)))


def memory(name: str) -> Row:
    """The highest resident memory of a process that does nothing but the N-1 sweep."""
    net = network(name)
    script = Path(__file__).with_name("memory.py")
    notes = {}
    for key, arguments in (("of the sweep", [name]), ("of the imports alone", [])):
        done = subprocess.run(
            [sys.executable, str(script), *arguments], check=True, capture_output=True, text=True
        )
        notes[f"bytes at the peak, {key}"] = float(done.stdout)
    return _row("memory of an N-1 sweep", net, net.n_links, {}, notes)


def growth(name: str, budget_s: float, with_peer: bool) -> Row:
    """N-1 of a network of any size: GROWTH_SAMPLE of the links, evenly spaced, base apart."""
    net = network(name)
    sample = np.linspace(0, net.n_links - 1, min(GROWTH_SAMPLE, net.n_links)).astype(int)
    changes = Changes.failing((2 * link, 2 * link + 1) for link in sample.tolist())
    base = net.incremental()
    found = base.loads_after(changes)
    peer = SortedSciPyPeer(net.compiled, net.weights, net.demand)
    runs: dict[str, Run] = {"ours, base known": lambda: base.loads_after(changes)}
    if with_peer:
        assert_agree(found[0], peer([int(sample[0])]))
        runs["SciPy, sorted"] = partial(_play, peer, [int(sample[0])])
    best = least_seconds(runs, budget_s)
    begin = time.perf_counter()
    net.incremental()
    notes = {"seconds of the base": time.perf_counter() - begin}
    used = destinations_using(route(net.compiled, net.weights), net.compiled.n_arcs)
    touched = used[:, 0::2] | used[:, 1::2]
    notes["destinations touched by a failure"] = float(touched.sum(axis=0)[sample].mean())
    seconds = {"ours, base known": best["ours, base known"] / len(sample)}
    if with_peer:
        seconds["SciPy, sorted"] = best["SciPy, sorted"]
    return _row("growth", net, len(sample), seconds, notes)


def _row(
    what: str, net: Network, scenarios: int, seconds: dict[str, float], notes: dict[str, float]
) -> Row:
    return Row(what, net.name, net.compiled.n_nodes, net.n_links, scenarios, seconds, notes)
