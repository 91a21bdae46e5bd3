"""What is still served as more and more fails, worst first and at random."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from twin.errors import BadInput
from twin.events.what_if import WhatIf
from twin.nouns.state import NetworkState
from twin.physics.compiled import NO_ARC, FloatArray
from twin.physics.twin import Twin
from twin.whatif.arcs import arcs_changed
from twin.whatif.comparison import assess_after
from twin.whatif.engine import WhatIfEngine
from twin.whatif.survey import DROPS_FROM

ORDERS = 50
"""Random orders in which things fail."""

LOOKED_AT = 10
"""Events that may be the worst by their loads and are assessed whole, at each step."""

EVERY_STEP = 10
"""Failures up to which each number of them is looked at; beyond, about every 1.4-fold."""


@dataclass(frozen=True, slots=True, eq=False)
class Attrition:
    """Shares of all traffic that arrive once `failures` (n,) have come together, unrepaired.

    `worst_first`: (n,), each failure the one that costs most of those left; `order` are the events
    in that order. `at_random`: (ORDERS, n).
    """

    events: int
    failures: tuple[int, ...]
    order: tuple[int, ...]
    worst_first: FloatArray
    at_random: FloatArray
    seed: int


def attrition(
    twin: Twin,
    state: NetworkState,
    events: tuple[WhatIf, ...],
    most: int,
    seed: int,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Attrition:
    """Let up to `most` of `events` happen one after another.

    Each worst one is chosen with what has failed before in force: the LOOKED_AT with most traffic
    without a path or beyond capacity (then the busiest) are assessed, and what costs most is taken.
    This need not find the worst set of that size. The same seed gives the same random orders.
    `progress` is told how many steps and random orders are done of how many.

    Raises:
        BadInput: an event is no failure.
    """
    failures = _counts(min(most, len(events)))
    steps = failures[-1]
    order, worst = _worst_first(
        twin, state, events, steps, lambda done: progress(done, steps + ORDERS)
    )
    rng = np.random.default_rng(seed)
    at_random = np.empty((ORDERS, len(failures)))
    for i in range(ORDERS):
        drawn = rng.permutation(len(events))[:steps].tolist()
        failing = [sum((events[j] for j in drawn[:k]), ()) for k in failures]
        at_random[i] = _served(twin, state, failing)
        progress(steps + i + 1, steps + ORDERS)
    return Attrition(len(events), failures, tuple(order), worst[list(failures)], at_random, seed)


def _counts(most: int) -> tuple[int, ...]:
    found = list(range(min(most, EVERY_STEP) + 1))
    while found[-1] < most:
        found.append(min(most, round(found[-1] * 2**0.5)))
    return tuple(found)


def _served(twin: Twin, state: NetworkState, what_ifs: list[WhatIf]) -> FloatArray:
    """The share of all traffic that arrives after each."""
    swept = WhatIfEngine(state, compiled=twin.compiled, routing=twin.route(state)).sweep(what_ifs)
    lost = swept.unserved_bps.copy()
    for s in np.flatnonzero(swept.max_utilisation >= DROPS_FROM).tolist():
        lost[s] = assess_after(state, what_ifs[s], twin).lost_bps
    return np.clip(1.0 - lost / _offered_bps(state), 0.0, 1.0)


def _worst_first(
    twin: Twin,
    state: NetworkState,
    events: tuple[WhatIf, ...],
    steps: int,
    progress: Callable[[int], None],
) -> tuple[list[int], FloatArray]:
    links = [_links_failed(event, state) for event in events]
    left = list(range(len(events)))
    order: list[int] = []
    served = [float(_served(twin, state, [()])[0])]
    for step in range(steps):
        # What has failed is the new base: each step costs one sweep of single failures.
        engine = WhatIfEngine(state, compiled=twin.compiled)
        swept = engine.sweep(events[i] for i in left)
        lost = ((swept.unserved_bps + swept.excess_bps) / _offered_bps(state)).round(10)
        worst = np.lexsort([-swept.max_utilisation.round(10), -lost])[:LOOKED_AT].tolist()
        shares = _served(twin, state, [events[left[i]] for i in worst]).round(10)
        chosen = worst[int(shares.argmin())]
        served.append(float(shares.min()))
        event = left.pop(chosen)
        order.append(event)
        state = replace(state, down_links=state.down_links | links[event])
        progress(step + 1)
    return order, np.array(served)


def _links_failed(event: WhatIf, state: NetworkState) -> frozenset[str]:
    changed = arcs_changed(event, state)
    if any(weight != NO_ARC for weight in changed.values()):
        raise BadInput("only failures add up; a weight or a repair is among them")
    return frozenset(state.topology.links[arc // 2].id for arc in changed)


def _offered_bps(state: NetworkState) -> float:
    return max(1.0, float(state.traffic.rates_bps.sum()))
