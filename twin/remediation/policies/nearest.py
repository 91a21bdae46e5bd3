"""All that is allowed, what is done nearest to the trouble first."""

import networkx as nx
import numpy as np

from twin.physics.compiled import NO_ARC, IntArray
from twin.remediation.choices import WAIT, place
from twin.remediation.situation import Situation

TROUBLES = 5
"""Egresses, the most overloaded of the hours ahead, from which hops are counted."""


def nearest(situation: Situation) -> IntArray:
    """See Order. By hops from either end of the most overloaded egresses to the node whose egress
    is changed; where nothing is overloaded ahead, from the ends of what is down.
    """
    return by_arc(situation, hops_from_trouble(situation))


def by_arc(situation: Situation, rank: IntArray) -> IntArray:
    """All that is allowed but to wait, by the `rank` of its arc, (n_arcs,), the lowest first."""
    allowed = situation.allowed[situation.allowed != WAIT]
    arcs = np.array([place(number)[0] for number in allowed.tolist()], dtype=np.int64)
    return np.asarray(allowed[np.lexsort((allowed, rank[arcs]))])


def hops_from_trouble(situation: Situation) -> IntArray:
    """Hops to the tail of each arc, (n_arcs,); 0 where there is no trouble."""
    compiled = situation.twin.compiled
    usable = situation.search.nothing.weights != NO_ARC
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(range(compiled.n_nodes))
    ends = np.stack([compiled.tail, compiled.head], axis=1)
    graph.add_edges_from(ends[usable].tolist())
    over = situation.overload_ahead_bps
    worst = np.argsort(-over, kind="stable")[:TROUBLES]
    worst = worst[over[worst] > 0.0] if (over > 0.0).any() else np.flatnonzero(~usable)
    near = set(ends[worst].ravel().tolist())
    if not near:
        return np.zeros(compiled.n_arcs, dtype=np.int64)
    hops = nx.multi_source_dijkstra_path_length(graph, near, weight=None)
    far = compiled.n_nodes
    return np.array([hops.get(node, far) for node in compiled.tail.tolist()], dtype=np.int64)
