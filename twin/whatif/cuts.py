"""Sets of events that part a network in two: candidates for the worst that can happen together."""

from collections.abc import Iterable, Sequence

import networkx as nx
import numpy as np

from twin.nouns.state import NetworkState
from twin.physics.compiled import NO_ARC, arc_weights

PAIRS = 30
"""Pairs with most traffic that are parted by a minimum cut."""

MOST_NODES = 2000
"""Beyond, no cut along the spectrum is looked for: its effort grows with the third power."""


def small_cuts(
    state: NetworkState, links_of: Sequence[frozenset[str]]
) -> dict[int, list[tuple[int, ...]]]:
    """Sets of events after which there are two parts, by how many events they are.

    `links_of`: the links that each event takes. The parts are: a node or two neighbours and the
    rest; the two sides of a minimum cut between pairs with much traffic; and the two sides of a cut
    along the second eigenvector of the Laplacian (M. Fiedler, Czechoslovak Mathematical Journal 23,
    1973), wherever it is cut. To take the links between them the events are chosen greedily.
    """
    graph = _graph(state)
    covering: dict[str, list[int]] = {}
    for event, links in enumerate(links_of):
        for link in sorted(links):
            covering.setdefault(link, []).append(event)
    found: dict[int, dict[tuple[int, ...], None]] = {}
    for part in _parts(state, graph):
        cut: set[str] = set()
        for a, b, edge in graph.edges(data=True):
            if (a in part) != (b in part):
                cut |= set(edge["links"])
        members = _cover(cut, covering, links_of)
        if members:
            found.setdefault(len(members), {})[members] = None
    return {size: list(sets) for size, sets in found.items()}


def _graph(state: NetworkState) -> "nx.Graph[str]":
    """Nodes, and edges with the `links` between them that can be used, `capacity` their number."""
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(node.id for node in state.topology.nodes)
    weights = arc_weights(state.topology, state.running, state.down_links)
    for i, link in enumerate(state.topology.links):
        if weights[2 * i] == NO_ARC:
            continue
        if not graph.has_edge(link.a, link.b):
            graph.add_edge(link.a, link.b, capacity=0, links=[])
        graph[link.a][link.b]["capacity"] += 1
        graph[link.a][link.b]["links"].append(link.id)
    return graph


def _parts(state: NetworkState, graph: "nx.Graph[str]") -> Iterable[frozenset[str]]:
    for node in graph:
        yield frozenset({node})
    for a, b in graph.edges:
        yield frozenset({a, b})
    nodes = state.traffic.nodes
    rates = state.traffic.rates_bps.sum(axis=0)
    both = np.triu(rates + rates.T, 1)
    for pair in np.argsort(-both, axis=None, kind="stable")[:PAIRS].tolist():
        i, j = divmod(pair, len(nodes))
        if both[i, j] > 0:
            _, (part, _) = nx.minimum_cut(graph, nodes[i], nodes[j])
            yield frozenset(part)
    if len(graph) <= MOST_NODES:
        yield from _along_the_spectrum(graph)


def _along_the_spectrum(graph: "nx.Graph[str]") -> Iterable[frozenset[str]]:
    nodes = list(graph)
    index = {node: i for i, node in enumerate(nodes)}
    laplacian = np.zeros((len(nodes), len(nodes)))
    for a, b, edge in graph.edges(data=True):
        i, j, count = index[a], index[b], edge["capacity"]
        laplacian[i, j] = laplacian[j, i] = -count
        laplacian[i, i] += count
        laplacian[j, j] += count
    _, vectors = np.linalg.eigh(laplacian)
    # The next two show other ways to part the network, and each is cut at every place.
    for vector in vectors.T[1:4]:
        order = np.argsort(vector.round(9), kind="stable").tolist()
        for count in range(1, len(nodes)):
            yield frozenset(nodes[i] for i in order[:count])


def _cover(
    cut: set[str], covering: dict[str, list[int]], links_of: Sequence[frozenset[str]]
) -> tuple[int, ...]:
    """Events that together take every link of `cut`; none where they cannot, or nothing is cut."""
    left, chosen = set(cut), []
    while left:
        able = {event for link in left for event in covering.get(link, ())}
        if not able:
            return ()
        best = min(able, key=lambda event: (-len(links_of[event] & left), event))
        chosen.append(best)
        left -= links_of[best]
    return tuple(sorted(chosen))
