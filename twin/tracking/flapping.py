"""What a link that flaps moves, and what it leaves alone.

Each time it goes down or comes back, the rates of some egresses are of two routings, and some
probes take another way. Those of all others are of one routing all the time, and go on telling.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from twin.nouns.inventory import ProbePath
from twin.nouns.state import NetworkState
from twin.nouns.telemetry import FloatArray
from twin.physics.compiled import arc_weights, compile_topology
from twin.physics.routing import route
from twin.tracking.masking import BoolArray
from twin.tracking.path_shares import probe_shares

_MOVED = 0.005
"""Of the capacity of an egress: what moves less is no more than noise of its load."""

_PART = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """`egresses`: (n_arcs,) whose load, and `probes`: (n_probes,) whose way, is another while links
    that flap are down.
    """

    egresses: BoolArray
    probes: BoolArray


def moved_by(
    links: Collection[str],
    state: NetworkState,
    probes: Sequence[ProbePath],
    load_model: Callable[[NetworkState], FloatArray],
) -> Moved:
    """What `links` move in `state`, each by itself. `load_model`: what egresses are offered."""
    topology = state.topology
    moved = Moved(np.zeros(topology.n_arcs, np.bool_), np.zeros(len(probes), np.bool_))
    if not links:
        return moved
    up = replace(state, down_links=state.down_links - set(links))
    capacity = np.repeat([link.capacity_bps for link in topology.links], 2)
    loads, shares = load_model(up), _ways(up, probes)
    for link in sorted(links):
        down = replace(up, down_links=up.down_links | {link})
        moved.egresses[:] |= np.abs(load_model(down) - loads) > _MOVED * capacity
        moved.probes[:] |= (np.abs(_ways(down, probes) - shares) > _PART).any(axis=1)
    return moved


def _ways(state: NetworkState, probes: Sequence[ProbePath]) -> FloatArray:
    compiled = compile_topology(state.topology)
    weights = arc_weights(state.topology, state.running, state.down_links)
    return probe_shares(compiled, route(compiled, weights), probes)
