"""Where nodes are drawn whose places nobody knows."""

from collections import deque
from collections.abc import Mapping, Sequence

import networkx as nx
import numpy as np

from twin.physics.compiled import FloatArray
from twin.sources.geometry import Place
from twin.sources.parsed import ParsedLink, ParsedNode

HALF_WIDTH_DEG = 10.0
"""A drawing lies within ten degrees of 0° north 0° east, where a degree is as long both ways."""

MOST_BY_FORCES = 300
"""Larger networks are drawn from distances to a few nodes: forces would take minutes."""

PIVOTS = 50

BESIDE_DEG = 0.3
"""How far a node without a place is drawn from the middle of its neighbours."""


def drawn_places(nodes: Sequence[ParsedNode], links: Sequence[ParsedLink]) -> dict[str, Place]:
    """A place of each node, in degrees; the same network gives the same drawing.

    Where some nodes have places, the others are drawn near the middle of their neighbours.
    """
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(node.id for node in nodes)
    graph.add_edges_from((link.a, link.b) for link in links)
    known = {node.id: node.position for node in nodes if node.position is not None}
    if known:
        return _beside(graph, known)
    spread = _by_forces(graph) if len(graph) <= MOST_BY_FORCES else _by_distances(graph)
    spread = spread - spread.mean(axis=0)
    scaled = spread * (HALF_WIDTH_DEG / max(float(np.abs(spread).max()), 1e-9))
    return {
        node: (round(float(x), 3), round(float(y), 3))
        for node, (x, y) in zip(graph, scaled, strict=True)
    }


def _beside(graph: "nx.Graph[str]", known: Mapping[str, Place]) -> dict[str, Place]:
    places = dict(known)
    waiting = deque(node for node in graph if node not in places)
    while waiting:
        node = waiting.popleft()
        near = [places[other] for other in graph[node] if other in places]
        if not near:
            # The network is connected, so a neighbour has a place before the queue is through.
            waiting.append(node)
            continue
        middle = np.mean(near, axis=0)
        # A golden angle apart, so that several at one neighbour do not cover each other.
        angle = 2.399963 * len(places)
        off = BESIDE_DEG * np.array([np.cos(angle), np.sin(angle)])
        longitude, latitude = (round(float(x), 3) for x in middle + off)
        places[node] = (longitude, max(-90.0, min(90.0, latitude)))
    return {node: places[node] for node in graph}


def _by_forces(graph: "nx.Graph[str]") -> FloatArray:
    layout = nx.spring_layout(graph, seed=1, iterations=100)
    return np.array([layout[node] for node in graph])


def _by_distances(graph: "nx.Graph[str]") -> FloatArray:
    """Pivot MDS: principal components of the hop distances to PIVOTS nodes spread far apart.

    Source: Brandes and Pich, Graph Drawing 2006.
    """
    nodes = list(graph)
    nearest = np.full(len(nodes), np.inf)
    columns = []
    pivot = 0
    for _ in range(min(PIVOTS, len(nodes))):
        hops = nx.single_source_shortest_path_length(graph, nodes[pivot])
        column = np.array([float(hops[node]) for node in nodes])
        columns.append(column)
        nearest = np.minimum(nearest, column)
        pivot = int(nearest.argmax())
    squared = np.array(columns).T ** 2
    centred = squared - squared.mean(axis=0) - squared.mean(axis=1, keepdims=True) + squared.mean()
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    spread = centred @ axes[:2].T
    # Nodes that look alike from every pivot would cover each other.
    angle = 2.399963 * np.arange(len(nodes))
    apart = 0.01 * np.abs(spread).max() * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.asarray(spread + apart)
