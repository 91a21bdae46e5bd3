"""Rate limits of best effort, so that the other classes have room."""

import numpy as np

from twin.events.actions.rate_limit import RateLimit
from twin.nouns.state import NetworkState
from twin.nouns.traffic import TRAFFIC_CLASSES, TrafficClass
from twin.physics.compiled import FloatArray, IntArray
from twin.physics.loads import arriving_loads
from twin.physics.twin import Twin

LIMITED_UTILISATION = 0.8
"""A limited egress is given more air: once it stops dropping, senders of the other classes that had
held back come back, and nobody knows by how much."""


def best_effort_limits(
    twin: Twin, state: NetworkState, level: float, least_share: float = 0.0
) -> list[RateLimit]:
    """On each egress that is overloaded at `level` times the demand of `state`, the worst first:
    best effort may use what the other classes leave of its share, and `least_share` of its capacity
    at least.
    """
    topology, capacity = state.topology, twin.compiled.capacity_bps
    traffic = state.traffic.rates_bps[None] * level
    loads: FloatArray = arriving_loads(twin.compiled, twin.route(state), traffic)[:, 0]
    over = loads.sum(axis=1) - capacity
    best_effort = TRAFFIC_CLASSES.index(TrafficClass.BEST_EFFORT)
    room = np.maximum(
        LIMITED_UTILISATION * capacity - np.delete(loads, best_effort, axis=1).sum(axis=1),
        least_share * capacity,
    ).round(-6)
    worst: IntArray = np.argsort(-over, kind="stable")
    chosen = worst[(over[worst] > 0.0) & (room[worst] > 0.0)]
    return [
        RateLimit(
            node=egress.node,
            link=egress.link,
            traffic_class=TrafficClass.BEST_EFFORT,
            rate_bps=float(room[arc]),
        )
        for arc in chosen.tolist()
        for egress in (topology.egress_of(arc),)
    ]
