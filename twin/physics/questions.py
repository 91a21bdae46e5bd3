"""Short questions about a state that need routing but no queues."""

import numpy as np

from twin.nouns.state import NetworkState
from twin.nouns.telemetry import FloatArray
from twin.physics.compiled import entering_bps
from twin.physics.loads import arriving_loads
from twin.physics.twin import Twin


def offered_totals(twin: Twin, state: NetworkState) -> FloatArray:
    """Offered load of all classes per arc, bit/s (n_arcs,), if nothing were dropped on the way."""
    everything = entering_bps(state).sum(axis=0)[None, None]
    return np.asarray(arriving_loads(twin.compiled, twin.route(state), everything)[:, 0, 0])


def links_used(twin: Twin, state: NetworkState, source: str, target: str) -> frozenset[str]:
    """Links on any equal-cost path from `source` to `target`. Raises UnknownNode."""
    topology = state.topology
    topology.node(source)
    topology.node(target)
    routing = twin.route(state)
    row = topology.node_index[target]
    used: set[str] = set()
    seen, ahead = {source}, [source]
    while ahead:
        for arc in routing.next_hop_arcs(row, topology.node_index[ahead.pop()]):
            link = topology.links[arc // 2]
            used.add(link.id)
            head = link.b if arc % 2 == 0 else link.a
            if head not in seen:
                seen.add(head)
                ahead.append(head)
    return frozenset(used)
