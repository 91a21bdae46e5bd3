"""What the twin says of a network between the words of a sentence: who carries what, and whose
failure moves how much onto whom, by which mechanism, with how many services in breach.

Each edge of the causal dependency graph is a failure in the twin (N-1) of the network as it is at
that moment, with all in force that has struck.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import networkx as nx
import numpy as np

from twin.events.fault import AnyFault
from twin.events.faults.device_down import DeviceDown
from twin.events.faults.link_down import LinkDown
from twin.imagination.language.lexicon import Lexicon
from twin.imagination.language.vocabulary import (
    NETWORK,
    NONE,
    NOW,
    WITHHELD,
    ids,
    ranked,
)
from twin.nouns.state import NetworkState
from twin.physics.compiled import FloatArray
from twin.physics.twin import Twin
from twin.whatif.engine import WhatIfEngine

LINKS, NODES = 12, 6
"""Of the network as planned, so many of the highest rank are told of."""

LINKS_NOW = 4
"""And once something has struck, those through which most passes then."""

Says = Literal["told", "shuffled", "withheld"]
"""`shuffled`: what is said of each is said of another. `withheld`: nothing is said."""

BOUNDS = {
    "share": (0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32),
    "utilisation": (0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 1.0),
    "betweenness": (0.01, 0.03, 0.06, 0.1, 0.15, 0.25, 0.4),
    "stress": (1e-9, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5),
    "moved": (0.01, 0.05, 0.1, 0.2, 0.35, 0.5, 0.8),
    "nodes": (10, 15, 20, 26, 33, 41, 60),
}  # fmt: skip
"""Of each feature, what its buckets from the second on begin with."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What comes of the failure of an element. `stress`: of all services, those in breach.
    `victim`: the link whose utilisation rises most, by `moved`; None where none does.
    """

    utilisation: float
    stress: float
    mechanism: str
    victim: str | None
    moved: float


class Dependencies:
    """Of one network, in the words of `lexicon`. `state`: whose demand is that of the peak."""

    def __init__(
        self, twin: Twin, state: NetworkState, lexicon: Lexicon, says: Says = "told"
    ) -> None:
        self._twin, self._state, self._lexicon, self._says = twin, state, lexicon, says
        self._rank = {name: ranked("link", i) for i, name in enumerate(lexicon.links)}
        self._known: dict[tuple[float, tuple[AnyFault, ...]], list[int]] = {}

    def of_network(self) -> list[int]:
        """The words before a sentence."""
        if self._says == "withheld":
            return ids([NETWORK, WITHHELD])
        topology = self._state.topology
        links, nodes = self._lexicon.links[:LINKS], self._lexicon.nodes[:NODES]
        failures: list[LinkDown | DeviceDown] = [LinkDown(link=x) for x in links]
        failures += [DeviceDown(node=x) for x in nodes]
        found = effects(self._twin, self._state, failures)
        between = _betweenness(self._state)
        carried = self._loads(self._state).reshape(-1, 2).sum(axis=1)
        passing = [float(carried[topology.link_index[x]]) for x in links]
        passing += [
            sum(float(carried[topology.link_index[y.id]]) for y in topology.links_at(x)) / 2.0
            for x in nodes
        ]
        names = [self._rank[x] for x in links]
        names += [ranked("node", rank) for rank in range(len(nodes))]
        about = [
            [
                _bucket("share", load / max(float(carried.sum()), 1.0)),
                _bucket("utilisation", effect.utilisation),
                _bucket("betweenness", between.get(name, 0.0)),
                *self._effect(effect),
            ]
            for load, effect, name in zip(passing, found, (*links, *nodes), strict=True)
        ]
        said = [NETWORK, _bucket("nodes", len(topology.nodes))]
        for name, words in zip(names, self._order(about), strict=True):
            said += [*name, *words]
        return ids(said)

    def after(self, demand: float, faults: Sequence[AnyFault]) -> list[int]:
        """The words once `faults` are in force, at `demand` times the peak; as many whatever they
        are.
        """
        key = demand, tuple(faults)
        if key not in self._known:
            self._known[key] = self._after(*key)
        return self._known[key]

    def _after(self, demand: float, faults: tuple[AnyFault, ...]) -> list[int]:
        if self._says == "withheld":
            return ids([NOW, WITHHELD])
        state = replace(self._state, traffic=self._state.traffic.scaled(demand))
        for fault in faults:
            state = fault.after(state)
        topology, rank = state.topology, self._lexicon.links
        loads = self._loads(state).reshape(-1, 2).max(axis=1)
        up = [x for x in rank if state.is_usable(x)]
        loaded = sorted(up, key=lambda x: -float(loads[topology.link_index[x]]))[:LINKS_NOW]
        found = effects(self._twin, state, [LinkDown(link=x) for x in loaded])
        breach = self._twin.levels(state, state.traffic.rates_bps[None]).in_breach
        stress = float(breach.mean()) if breach.size else 0.0
        about = [[_bucket("utilisation", x.utilisation), *self._effect(x)] for x in found]
        said = [NOW, _bucket("stress", stress)]
        for name, words in zip(loaded, self._order(about), strict=True):
            # A name that needs several words is told by its last one, so that all are as long.
            said += [self._rank[name][-1], *words]
        return ids(said + [NONE] * (2 + 6 * LINKS_NOW - len(said)))

    def _effect(self, effect: Effect) -> list[str]:
        victim = NONE if effect.victim is None else self._rank[effect.victim][-1]
        return [
            _bucket("stress", effect.stress),
            f"mechanism {effect.mechanism}",
            victim,
            _bucket("moved", effect.moved),
        ]

    def _order(self, about: list[list[str]]) -> list[list[str]]:
        if self._says != "shuffled":
            return about
        order = np.random.default_rng(len(about)).permutation(len(about))
        return [about[i] for i in order.tolist()]

    def _loads(self, state: NetworkState) -> FloatArray:
        return np.asarray(engine_of(self._twin, state).loads([()])[0])


def effects(
    twin: Twin, state: NetworkState, failures: Sequence[LinkDown | DeviceDown]
) -> list[Effect]:
    """What comes of each in `state`, beyond what is so there."""
    if not failures:
        return []
    engine = engine_of(twin, state)
    loads = engine.loads([(), *((failure,) for failure in failures)])
    levels = engine.verdicts([(), *((failure,) for failure in failures)]).levels
    used = loads / twin.compiled.capacity_bps
    found = []
    for place, failure in enumerate(failures, start=1):
        own = _arcs(state, failure)
        more = used[place] - used[0]
        more[own] = -np.inf
        victim = int(more.argmax())
        moved = max(0.0, float(more[victim]))
        cut = bool((levels.unavailable[place] & ~levels.unavailable[0]).any())
        overloaded = float(used[place][victim]) > 1.0
        hit = levels.in_breach[place] & ~levels.in_breach[0]
        mechanism = "cut off" if cut else "overload" if overloaded else "queue"
        found.append(
            Effect(
                utilisation=float(used[0][own].max()) if own else 0.0,
                stress=float(hit.mean()) if hit.size else 0.0,
                mechanism=mechanism if cut or moved > 0.0 else "nothing",
                victim=state.topology.links[victim // 2].id if moved > 0.0 else None,
                moved=moved,
            )
        )
    return found


def engine_of(twin: Twin, state: NetworkState) -> WhatIfEngine:
    """What-ifs about `state`, with the services of `twin`."""
    return WhatIfEngine(state, twin.services, twin.parameters, twin.compiled, twin.route(state))


def _arcs(state: NetworkState, failure: LinkDown | DeviceDown) -> list[int]:
    topology = state.topology
    links = (
        [failure.link]
        if isinstance(failure, LinkDown)
        else [link.id for link in topology.links_at(failure.node)]
    )
    return [2 * topology.link_index[link] + way for link in links for way in (0, 1)]


def _betweenness(state: NetworkState) -> dict[str, float]:
    """Of links and nodes, by hops."""
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(node.id for node in state.topology.nodes)
    found: dict[str, float] = {}
    for link in state.topology.links:
        graph.add_edge(link.a, link.b)
    at_edge = nx.edge_betweenness_centrality(graph)
    for link in state.topology.links:
        found[link.id] = at_edge.get((link.a, link.b), at_edge.get((link.b, link.a), 0.0))
    return found | dict(nx.betweenness_centrality(graph))


def _bucket(feature: str, value: float) -> str:
    bounds = BOUNDS[feature]
    return f"{feature} {int(np.searchsorted(bounds, value, side='right'))}"
