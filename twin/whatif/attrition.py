"""What is still served as more and more fails: the worst sets that are found, and at random."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twin.errors import BadInput
from twin.events.what_if import WhatIf
from twin.nouns.state import NetworkState
from twin.physics.compiled import NO_ARC, FloatArray
from twin.physics.twin import Twin
from twin.whatif.arcs import arcs_changed
from twin.whatif.comparison import assess_after
from twin.whatif.cuts import small_cuts
from twin.whatif.engine import WhatIfEngine, all_pairs
from twin.whatif.survey import DROPS_FROM

ORDERS = 50
"""Random orders in which things fail."""

KEPT = 4
"""Sets of each size from which larger ones are made."""

LOOKED_AT = 10
"""Sets that may be the worst of their size by their loads and are assessed whole."""

MOST_LOOKED_AT = 60
"""The same where every set of the size is known, until the rest cannot be worse."""

MOST_PAIRS = 100_000
"""Pairs up to which all are tried."""

SAME = 1e-9
"""Shares of all traffic that differ by less are equal but for rounding."""

EVERY_STEP = 10
"""Failures up to which each number of them is looked at; beyond, about every 1.4-fold."""


@dataclass(frozen=True, slots=True, eq=False)
class Attrition:
    """Shares of all traffic that arrive, 0..1, once `failures` (n,) have come together, unrepaired.

    `worst`: (n,), the least that was found for any set of that size, and `sets` those sets, as
    positions among the events. `exact`: bool (n,), whether no other set of that size leaves less:
    all were tried; elsewhere the search is greedy. `at_random`: (ORDERS, n).
    """

    events: int
    failures: tuple[int, ...]
    worst: FloatArray
    sets: tuple[tuple[int, ...], ...]
    exact: NDArray[np.bool_]
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
    """Let up to `most` of `events` happen together.

    Of one and of two failures all are tried (of two up to MOST_PAIRS). Beyond, the KEPT worst sets
    of a size are each extended by every event, and sets that cut the network in two join where they
    are of that size; the LOOKED_AT with most traffic without a path or beyond capacity are
    assessed. This need not find the worst set. A set that chance draws and that is worse counts
    too. The same seed gives the same random orders. `progress` is told how many steps and random
    orders are done of how many.

    Raises:
        BadInput: an event is no failure.
    """
    failures = _counts(min(most, len(events)))
    steps = failures[-1]
    search = _Search(twin, state, events)
    found = [_Worst((), float(_served(twin, state, [()])[0]), exact=True)]
    for step in range(1, steps + 1):
        found.append(search.next())
        progress(step, steps + ORDERS)
    rng = np.random.default_rng(seed)
    at_random = np.empty((ORDERS, len(failures)))
    worst = [found[k] for k in failures]
    for i in range(ORDERS):
        drawn = rng.permutation(len(events))[:steps].tolist()
        failing = [sum((events[j] for j in drawn[:k]), ()) for k in failures]
        at_random[i] = _served(twin, state, failing)
        for at, k in enumerate(failures):
            served = float(at_random[i, at])
            if served < worst[at].served - SAME:
                worst[at] = _Worst(tuple(sorted(drawn[:k])), served, exact=False)
            elif served < worst[at].served:
                worst[at] = replace(worst[at], served=served)
        progress(steps + i + 1, steps + ORDERS)
    return Attrition(
        events=len(events),
        failures=failures,
        worst=np.array([one.served for one in worst]),
        sets=tuple(one.members for one in worst),
        exact=np.array([one.exact for one in worst]),
        at_random=at_random,
        seed=seed,
    )


@dataclass(frozen=True, slots=True)
class _Worst:
    """A set of events, and the share of all traffic that arrives after them."""

    members: tuple[int, ...]
    served: float
    exact: bool


@dataclass(slots=True)
class _Candidates:
    """Sets of one size, with the share of all traffic that each may lose, and its utilisation."""

    may_lose: dict[tuple[int, ...], tuple[float, float]]

    def take(self, members: Iterable[int], lost: float, busiest: float) -> None:
        self.may_lose.setdefault(tuple(sorted(members)), (lost, busiest))

    def by_loss(self) -> list[tuple[int, ...]]:
        """Those that may lose most first, then the busiest, then in the order of the events."""
        return sorted(self.may_lose, key=lambda s: (*(-x for x in self.may_lose[s]), s))


class _Search:
    """The worst sets of 1, 2, 3 ... events, one size after the other."""

    def __init__(self, twin: Twin, state: NetworkState, events: tuple[WhatIf, ...]) -> None:
        self._twin, self._state, self._events = twin, state, events
        self._links = [_links_failed(event, state) for event in events]
        self._kept: list[tuple[int, ...]] = [()]
        self._cuts: dict[int, list[tuple[int, ...]]] | None = None
        self._size = 0

    def next(self) -> _Worst:
        """The worst set that is found with one event more than before."""
        self._size += 1
        count = len(self._events)
        pairs = self._size == 2 and count * (count - 1) // 2 <= MOST_PAIRS
        candidates = self._pairs() if pairs else self._extended()
        complete = pairs or self._size == 1
        if self._size > 2 or not complete:
            self._add_cuts(candidates)
        ranked = candidates.by_loss()
        looked: list[tuple[float, tuple[int, ...]]] = []
        for begin in range(0, min(len(ranked), MOST_LOOKED_AT), LOOKED_AT):
            some = ranked[begin : begin + LOOKED_AT]
            what_ifs = [sum((self._events[i] for i in members), ()) for members in some]
            shares = _served(self._twin, self._state, what_ifs).tolist()
            looked += zip(shares, some, strict=True)
            rest = ranked[begin + LOOKED_AT :]
            settled = not rest or 1.0 - candidates.may_lose[rest[0]][0] >= min(looked)[0] - SAME
            if settled or not complete:
                break
        # Of equals the first by loads; sorting is stable.
        looked.sort(key=lambda one: round(one[0], 10))
        self._kept = [members for _, members in looked[:KEPT]]
        served, members = looked[0]
        return _Worst(members, served, exact=complete and settled)

    def _extended(self) -> _Candidates:
        """Every kept set with every event that it has not; what has failed is the new base."""
        found = _Candidates({})
        for kept in self._kept:
            down = frozenset().union(*(self._links[i] for i in kept))
            state = replace(self._state, down_links=self._state.down_links | down)
            left = [i for i in range(len(self._events)) if i not in kept]
            swept = WhatIfEngine(state, compiled=self._twin.compiled).sweep(
                self._events[i] for i in left
            )
            lost = self._lost(swept.unserved_bps + swept.excess_bps)
            for i, loss, busiest in zip(left, lost, swept.max_utilisation.round(10), strict=True):
                found.take((*kept, i), float(loss), float(busiest))
        return found

    def _pairs(self) -> _Candidates:
        engine = WhatIfEngine(
            self._state, compiled=self._twin.compiled, routing=self._twin.route(self._state)
        )
        pairs = all_pairs(len(self._events))
        swept = engine.sweep_pairs(self._events, pairs)
        lost = self._lost(swept.unserved_bps + swept.excess_bps)
        highest = swept.max_utilisation.round(10)
        # No more than these are ever looked at.
        order = np.lexsort((-highest, -lost))[: MOST_LOOKED_AT + 1]
        found = _Candidates({})
        for p in order.tolist():
            found.take(pairs[p].tolist(), float(lost[p]), float(highest[p]))
        return found

    def _add_cuts(self, candidates: _Candidates) -> None:
        if self._cuts is None:
            self._cuts = small_cuts(self._state, self._links)
        sets = self._cuts.get(self._size, [])
        if not sets:
            return
        engine = WhatIfEngine(
            self._state, compiled=self._twin.compiled, routing=self._twin.route(self._state)
        )
        swept = engine.sweep(sum((self._events[i] for i in members), ()) for members in sets)
        lost = self._lost(swept.unserved_bps + swept.excess_bps)
        for members, loss, busiest in zip(sets, lost, swept.max_utilisation, strict=True):
            candidates.take(members, float(loss), float(busiest.round(10)))

    def _lost(self, lost_bps: FloatArray) -> FloatArray:
        return np.asarray((lost_bps / _offered_bps(self._state)).round(10))


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


def _links_failed(event: WhatIf, state: NetworkState) -> frozenset[str]:
    changed = arcs_changed(event, state)
    if any(weight != NO_ARC for weight in changed.values()):
        raise BadInput("only failures add up; a weight or a repair is among them")
    return frozenset(state.topology.links[arc // 2].id for arc in changed)


def _offered_bps(state: NetworkState) -> float:
    return max(1.0, float(state.traffic.rates_bps.sum()))
