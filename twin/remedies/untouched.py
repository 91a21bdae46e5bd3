"""Nodes and links that are not to be configured: what would, and which moves are left."""

from collections.abc import Collection

import numpy as np

from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.topology import Topology
from twin.remedies.moves import Moves


def touched(
    topology: Topology,
    before: NetworkConfiguration,
    after: NetworkConfiguration,
    untouched: Collection[str],
) -> str:
    """The first of `untouched` that `after` configures otherwise than `before`, "" for none.

    Of a link, that is an interface at either end; of a node, anything.
    """
    for element in sorted(untouched):
        if element in topology.node_index:
            if before.device(element) != after.device(element):
                return element
        else:
            link = topology.link(element)
            was, runs = (
                [c.device(node).interface(element) for node in (link.a, link.b)]
                for c in (before, after)
            )
            if was != runs:
                return element
    return ""


def leaving_alone(
    moves: Moves,
    untouched: Collection[str],
    running: NetworkConfiguration,
    intended: NetworkConfiguration,
    topology: Topology,
) -> Moves:
    """The `moves` from `running` that configure none of `untouched`."""
    if not untouched or not len(moves):
        return moves
    links = np.array([link.id in untouched for link in topology.links])
    nodes = np.array([node.id in untouched for node in topology.nodes])
    first = moves.changes.first[:-1]
    barred = np.logical_or.reduceat(links[moves.changes.arcs // 2], first)
    barred |= nodes[moves.nodes].any(axis=1)
    for i in range(moves.first_other, len(moves)):
        # A device may be put back as a whole: its weights do not tell all that changes.
        after = moves.action(i).configured(running, intended, topology)
        barred[i] = bool(touched(topology, running, after, untouched))
    return moves.chosen(np.flatnonzero(~barred))
