"""Which few changes of what is built take most of the risk away, one after the other."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

import numpy as np

from twin.imagination.elements import Element, elements_of
from twin.imagination.enumeration import Enumerated, Members, reckoned
from twin.imagination.regimes import Regime
from twin.nouns.common_cause import CommonCause
from twin.nouns.rates import History, Rates
from twin.nouns.risk import Hardening, HardeningCosts
from twin.nouns.state import NetworkState
from twin.nouns.topology import SharedRiskGroup, Topology
from twin.physics.twin import Twin
from twin.whatif.engine import WhatIfEngine

_HELD, _MOST_SETS = 0.99, 500
"""The sets that hold so much of the risk are looked at, and no more than that many."""

_FULL = 0.85
"""One more member helps only a link that is so full while something is down."""


Reckon = Callable[[Topology], tuple[Element, ...]]
"""What may fail of a topology, and how often."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """`fed_twice`: the elements that have a second feed then."""

    what: str
    cost: float
    topology: Topology
    fed_twice: frozenset[str] = frozenset()


def hardened(
    twin: Twin,
    state: NetworkState,
    found: Enumerated,
    rates: Rates,
    picks: int,
    costs: HardeningCosts,
    history: History | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    causes: Sequence[CommonCause] = (),
) -> tuple[Hardening, ...]:
    """Up to `picks` changes, each the one that takes away most minutes a year for its cost once
    those before it are made: one more member of a link, a way of its own for a link that shares a
    group, or a second feed. `state`: whose demand is that of the peak. None where nothing takes
    anything away.
    """
    known = partial(elements_of, rates=rates, history=history, causes=causes)
    reckon: Reckon = known
    names = _worst(found)
    picked, spent, fed_twice = list[Hardening](), 0.0, frozenset[str]()
    before = _minutes(twin, state, reckon, found.regimes, names)
    first, total = before, sum(one.slo_minutes for one in found.sets)
    for number in range(picks):
        candidates = list(_candidates(twin, state, reckon, found.regimes, names, costs, fed_twice))
        best: tuple[float, float, _Candidate] | None = None
        for i, candidate in enumerate(candidates):
            after = replace(state, topology=candidate.topology)
            fed = _fed(known, candidate.fed_twice)
            left = _minutes(twin.of(after), after, fed, found.regimes, names)
            worth = (before - left) / candidate.cost
            if before - left > 1e-9 and (best is None or worth > best[0]):
                best = (worth, left, candidate)
            progress(number * len(candidates) + i + 1, picks * len(candidates))
        if best is None:
            break
        _, before, candidate = best
        state = replace(state, topology=candidate.topology)
        twin, spent = twin.of(state), spent + candidate.cost
        fed_twice = candidate.fed_twice
        reckon = _fed(known, fed_twice)
        picked.append(
            Hardening(
                what=candidate.what,
                cost=candidate.cost,
                spent=spent,
                slo_minutes_left=total - (first - before),
                share_left=1.0 - (first - before) / total,
            )
        )
    return tuple(picked)


def _fed(reckon: Reckon, twice: frozenset[str]) -> Reckon:
    def fed(topology: Topology) -> tuple[Element, ...]:
        return tuple(
            element.fed_twice() if element.name in twice else element
            for element in reckon(topology)
        )

    return fed


def _worst(found: Enumerated) -> tuple[tuple[str, ...], ...]:
    """The elements of the sets that hold nearly all, by name, with those of all their parts."""
    costs = np.cumsum([one.slo_minutes for one in found.sets])
    if not len(costs) or not costs[-1] > 0.0:
        return ()
    count = min(int(np.searchsorted(costs, _HELD * costs[-1])) + 1, _MOST_SETS)
    chosen = dict.fromkeys(
        part
        for one in found.sets[:count]
        for size in range(1, len(one.members) + 1)
        for part in combinations(one.members, size)
    )
    ordered = sorted(chosen, key=lambda members: (len(members), members))
    return tuple(tuple(found.elements[i].name for i in members) for members in ordered)


def _minutes(
    twin: Twin,
    state: NetworkState,
    reckon: Reckon,
    regimes: Sequence[Regime],
    names: Sequence[tuple[str, ...]],
) -> float:
    elements = reckon(state.topology)
    sets = list(_members(elements, names))
    return sum(one.slo_minutes for one in reckoned(twin, state, elements, regimes, sets).values())


def _members(elements: Sequence[Element], names: Sequence[tuple[str, ...]]) -> Iterator[Members]:
    """Of the sets that are still there: a group of which one link is left is none."""
    place = {element.name: i for i, element in enumerate(elements)}
    for of_set in names:
        if all(name in place for name in of_set):
            yield tuple(sorted(place[name] for name in of_set))


def _candidates(
    twin: Twin,
    state: NetworkState,
    reckon: Reckon,
    regimes: Sequence[Regime],
    names: Sequence[tuple[str, ...]],
    costs: HardeningCosts,
    fed_twice: frozenset[str],
) -> Iterator[_Candidate]:
    topology = state.topology
    elements = reckon(topology)
    sets = list(_members(elements, names))
    peak = max(regimes, key=lambda regime: regime.level).level
    engine = WhatIfEngine(
        replace(state, traffic=state.traffic.scaled(peak)), compiled=twin.compiled
    )
    what_ifs = [sum((elements[i].event for i in members), ()) for members in sets]
    fullest = (engine.loads(what_ifs) / twin.compiled.capacity_bps).max(axis=0, initial=0.0)
    for i, link in enumerate(topology.links):
        if fullest[2 * i : 2 * i + 2].max() > _FULL:
            more = topology.with_members(link.id, link.members + 1)
            yield _Candidate(f"one more member of {link.id}", costs.member, more, fed_twice)
    failing = {name for of_set in names for name in of_set}
    for group in topology.shared_risk_groups:
        if f"group {group.id}" in failing:
            for name in group.links:
                apart = _without(topology, group, name)
                what = f"{name} takes another way than {group.id}"
                yield _Candidate(what, costs.way, apart, fed_twice)
    for element in elements:
        if element.is_fed and element.name in failing - fed_twice:
            fed = fed_twice | {element.name}
            yield _Candidate(f"a second feed for {element.name}", costs.feed, topology, fed)


def _without(topology: Topology, group: SharedRiskGroup, link: str) -> Topology:
    left = group.model_copy(update={"links": tuple(x for x in group.links if x != link)})
    groups = tuple(left if g.id == group.id else g for g in topology.shared_risk_groups)
    return topology.rebuilt(shared_risk_groups=groups)
