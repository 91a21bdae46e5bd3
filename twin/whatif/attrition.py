"""What is still served as more and more fails, worst first and at random."""

from dataclasses import dataclass, replace

import numpy as np

from twin.errors import BadInput
from twin.nouns.state import NetworkState
from twin.physics.compiled import NO_ARC, CompiledTopology, FloatArray, IntArray
from twin.whatif.engine import WhatIfEngine
from twin.whatif.events import WhatIf, arcs_changed
from twin.whatif.survey import served_share

ORDERS = 50
"""Random orders in which things fail."""


@dataclass(frozen=True, slots=True, eq=False)
class Attrition:
    """Shares of all traffic served at least after 0, 1, ... failures that nobody repairs.

    `worst_first`: (steps + 1,), each failure the one that costs most of those left; `order` (steps)
    are their events. `at_random`: (ORDERS, steps + 1).
    """

    events: int
    order: IntArray
    worst_first: FloatArray
    at_random: FloatArray
    seed: int


def attrition(
    state: NetworkState,
    compiled: CompiledTopology,
    events: tuple[WhatIf, ...],
    steps: int,
    seed: int,
) -> Attrition:
    """Let up to `steps` of `events` happen one after another.

    Each worst one is chosen with what has failed before in force: by the traffic at risk, then by
    the highest utilisation, then by the order of the events. This need not find the worst set of
    that size. The same seed gives the same random orders.

    Raises:
        BadInput: an event is no failure.
    """
    steps = min(steps, len(events))
    order, worst = _worst_first(state, compiled, events, steps)
    engine = WhatIfEngine(state, compiled=compiled)
    offered = _offered_bps(state)
    rng = np.random.default_rng(seed)
    at_random = np.empty((ORDERS, steps + 1))
    for i in range(ORDERS):
        drawn = rng.permutation(len(events))[:steps].tolist()
        failing = [sum((events[j] for j in drawn[:k]), ()) for k in range(steps + 1)]
        at_random[i] = served_share(engine.sweep(failing), offered)
    return Attrition(len(events), order, worst, at_random, seed)


def _worst_first(
    state: NetworkState, compiled: CompiledTopology, events: tuple[WhatIf, ...], steps: int
) -> tuple[IntArray, FloatArray]:
    links = [_links_failed(event, state) for event in events]
    offered = _offered_bps(state)
    left = list(range(len(events)))
    order: list[int] = []
    served = [float(served_share(WhatIfEngine(state, compiled=compiled).sweep([()]), offered)[0])]
    for _ in range(steps):
        # What has failed is the new base: each step costs one sweep of single failures.
        swept = WhatIfEngine(state, compiled=compiled).sweep(events[i] for i in left)
        lost = ((swept.unserved_bps + swept.excess_bps) / max(offered, 1.0)).round(10)
        worst = int(np.lexsort([-swept.max_utilisation.round(10), -lost])[0])
        served.append(float(served_share(swept, offered)[worst]))
        event = left.pop(worst)
        order.append(event)
        state = replace(state, down_links=state.down_links | links[event])
    return np.array(order, dtype=np.int64), np.array(served)


def _links_failed(event: WhatIf, state: NetworkState) -> frozenset[str]:
    changed = arcs_changed(event, state)
    if any(weight != NO_ARC for weight in changed.values()):
        raise BadInput("only failures add up; a weight or a repair is among them")
    return frozenset(state.topology.links[arc // 2].id for arc in changed)


def _offered_bps(state: NetworkState) -> float:
    return float(state.traffic.rates_bps.sum())
