"""Which few changes of what is built take most of the risk away, one after the other."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from twin.events.actions.set_igp_weight import MAX_SET_WEIGHT, SetIgpWeight
from twin.imagination.elements import Element, elements_of
from twin.imagination.enumeration import Enumerated, Members, Reckoner, reckoned
from twin.imagination.prevention import everything
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


_TIMES = (2, 4)
"""A weight is tried at so many times what it is."""

_CHECKED, _LINES = 3, 100
"""Weights that are refused for what they cost elsewhere before none is sought any more, and lines
of the register that this is looked for in: each is enumerated anew."""

_LEAST = 1e-9
"""Minutes a year: what takes less away takes nothing away."""


Reckon = Callable[[Topology], tuple[Element, ...]]
"""What may fail of a topology, and how often."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """`fed_twice`: the elements that have a second feed then. `weight`: where it is one."""

    what: str
    cost: float
    state: NetworkState
    fed_twice: frozenset[str]
    weight: SetIgpWeight | None = None


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
    group, a second feed, or a weight. `state`: whose demand is that of the peak. None where nothing
    takes anything away.

    A weight breaks nothing while nothing fails, and counts for what everything, enumerated anew,
    costs less with it, where that is less.
    """
    known = partial(elements_of, rates=rates, history=history, causes=causes)
    names, regimes = _worst(found), found.regimes
    picked, refused = list[Hardening](), set[SetIgpWeight]()
    now = _Candidate("", 0.0, state, frozenset())
    total = left = sum(one.slo_minutes for one in found.sets)
    for number in range(picks):
        reckon = _fed(known, now.fed_twice)
        candidates = list(_candidates(twin, now, reckon, regimes, names, costs, refused))
        before = _minutes(twin, now.state, reckon, regimes, names)
        tried = list[tuple[float, _Candidate]]()
        for i, candidate in enumerate(candidates):
            fed = _fed(known, candidate.fed_twice)
            after = _minutes(twin.of(candidate.state), candidate.state, fed, regimes, names)
            tried.append((before - after, candidate))
            progress(number * len(candidates) + i + 1, picks * len(candidates))
        minutes_of_all = partial(_everything, twin, reckon, regimes)
        best = _best(tried, now.state, minutes_of_all, refused)
        if best is None:
            break
        gain, now = best
        twin, left = twin.of(now.state), left - gain
        picked.append(
            Hardening(
                what=now.what,
                cost=now.cost,
                spent=sum(one.cost for one in picked) + now.cost,
                slo_minutes_left=left,
                share_left=left / total,
            )
        )
    return tuple(picked)


def _best(
    tried: Sequence[tuple[float, _Candidate]],
    state: NetworkState,
    minutes_of_all: Callable[[NetworkState], float],
    refused: set[SetIgpWeight],
) -> tuple[float, _Candidate] | None:
    """What takes most away for its cost, with what it takes away; weights that turn out to pay for
    it elsewhere become `refused`.
    """
    best, most, before = None, 0.0, None
    for gain, candidate in sorted(tried, key=lambda one: -one[0] / one[1].cost):
        if gain <= _LEAST or gain / candidate.cost <= most:
            break
        if candidate.weight is not None:
            if len(refused) >= _CHECKED:
                continue
            before = minutes_of_all(state) if before is None else before
            gain = min(gain, before - minutes_of_all(candidate.state))
            if gain <= _LEAST:
                refused.add(candidate.weight)
                continue
        if gain / candidate.cost > most:
            best, most = (gain, candidate), gain / candidate.cost
    return best


def _everything(
    twin: Twin, reckon: Reckon, regimes: Sequence[Regime], state: NetworkState
) -> float:
    return everything(twin, state, reckon(state.topology), regimes, _LINES)


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
    now: _Candidate,
    reckon: Reckon,
    regimes: Sequence[Regime],
    names: Sequence[tuple[str, ...]],
    costs: HardeningCosts,
    refused: Collection[SetIgpWeight],
) -> Iterator[_Candidate]:
    state, topology = now.state, now.state.topology
    elements = reckon(topology)
    full = _full(twin, state, elements, regimes, list(_members(elements, names)))

    def built(what: str, cost: float, other: Topology) -> _Candidate:
        return _Candidate(what, cost, replace(state, topology=other), now.fed_twice)

    for i, link in enumerate(topology.links):
        if full[2 * i : 2 * i + 2].any():
            more = topology.with_members(link.id, link.members + 1)
            yield built(f"one more member of {link.id}", costs.member, more)
    failing = {name for of_set in names for name in of_set}
    for group in topology.shared_risk_groups:
        if f"group {group.id}" in failing:
            for name in group.links:
                apart = _without(topology, group, name)
                yield built(f"{name} takes another way than {group.id}", costs.way, apart)
    for element in elements:
        if element.is_fed and element.name in failing - now.fed_twice:
            fed = now.fed_twice | {element.name}
            yield _Candidate(f"a second feed for {element.name}", costs.feed, state, fed)
    if costs.weight is None or len(refused) >= _CHECKED:
        return
    weights = [one for one in _weights(state, full) if one not in refused]
    busiest = Regime("the busiest hour", 1.0, 0.0)
    broken = Reckoner(twin, state, elements, (busiest,)).breaks([(one,) for one in weights])
    for weight, breaks in zip(weights, broken, strict=True):
        if not breaks:
            after = weight.after(state)
            yield _Candidate(weight.describe(), costs.weight, after, now.fed_twice, weight)


def _full(
    twin: Twin,
    state: NetworkState,
    elements: Sequence[Element],
    regimes: Sequence[Regime],
    sets: Sequence[Members],
) -> NDArray[np.bool_]:
    """(egresses,) whether each is so full while something is down that a change may help."""
    peak = max(regimes, key=lambda regime: regime.level).level
    engine = WhatIfEngine(
        replace(state, traffic=state.traffic.scaled(peak)), compiled=twin.compiled
    )
    what_ifs = [sum((elements[i].event for i in members), ()) for members in sets]
    fullest = (engine.loads(what_ifs) / twin.compiled.capacity_bps).max(axis=0, initial=0.0)
    return np.asarray(fullest > _FULL)


def _weights(state: NetworkState, full: NDArray[np.bool_]) -> Iterator[SetIgpWeight]:
    """Higher ones at both ends of links that are `full` in one direction at least."""
    for i, link in enumerate(state.topology.links):
        if link.id not in state.down_links and full[2 * i : 2 * i + 2].any():
            for node in (link.a, link.b):
                weight = state.running.device(node).interface(link.id).igp_weight
                for times in _TIMES:
                    if times * weight <= MAX_SET_WEIGHT:
                        yield SetIgpWeight(node=node, link=link.id, weight=times * weight)


def _without(topology: Topology, group: SharedRiskGroup, link: str) -> Topology:
    left = group.model_copy(update={"links": tuple(x for x in group.links if x != link)})
    groups = tuple(left if g.id == group.id else g for g in topology.shared_risk_groups)
    return topology.rebuilt(shared_risk_groups=groups)
