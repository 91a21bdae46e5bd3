"""The worst that so many things can do that fail at once: an adversary, and no rate of failure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from math import comb

import numpy as np

from twin.events.phrases import what_if_text
from twin.imagination.counterfactuals import mitigation_of
from twin.imagination.elements import Element
from twin.imagination.enumeration import Members, Reckoner, one_set
from twin.imagination.generators.generator import explored
from twin.imagination.generators.sets import SetSpace
from twin.imagination.generators.shipped import GENERATORS, Grounds
from twin.imagination.regimes import Regime
from twin.nouns.risk import InRegime, Stress
from twin.nouns.state import NetworkState
from twin.physics.twin import Twin
from twin.whatif.engine import WhatIfEngine

NEARLY_ALL = 0.95
"""Of the harm that a set does: what can be left out of it without losing more is not needed."""


@dataclass(frozen=True, slots=True)
class Sought:
    """`count`: things that fail at once. `budget`: sets that are judged. `top`: of the worst, those
    that are told, each with the best remedy.
    """

    count: int
    budget: int
    generator: str = "search"
    top: int = 20
    seed: int = 1


def worst_of(
    twin: Twin,
    state: NetworkState,
    elements: Sequence[Element],
    regimes: Sequence[Regime],
    sought: Sought,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> tuple[Stress, ...]:
    """The worst first, by services in breach while all is down, over all hours; of what hits as
    many, what was found first. All are judged where the budget allows it. `state`: whose demand is
    that of the peak.

    What a set does not need is left out of it, one thing after the other, that which it needs least
    first, as long as the rest does NEARLY_ALL of its harm. What is left is listed once.
    """
    reckoner = Reckoner(twin, state, elements, regimes)
    harm = _Harm(reckoner)
    if comb(len(elements), sought.count) <= sought.budget:
        found = list(combinations(range(len(elements)), sought.count))
        harm.judged(found)
    else:
        generator = GENERATORS[sought.generator](Grounds(sought.budget))
        space = space_of(state, elements, sought.count)
        found = [
            *explored(generator, space, harm.told, sought.budget, sought.seed, progress=progress)
        ]
    worst = (m for m in sorted(found, key=lambda m: -harm.of(m)) if harm.of(m) > 0.0)
    needed = islice(dict.fromkeys(map(harm.needed, worst)), sought.top)
    services = twin.services.services
    told = []
    for rank, members in enumerate(sorted(needed, key=lambda m: -harm.of(m)), start=1):
        alone = one_set(twin, state, elements, regimes, members)
        told.append(
            Stress(
                rank=rank,
                what_if=what_if_text(sum((elements[i].event for i in members), ())),
                elements=tuple(elements[i].name for i in members),
                in_breach=harm.of(members),
                regimes=tuple(
                    InRegime(
                        regime=regime.name,
                        hit=tuple(sorted(services[i].id for i in np.flatnonzero(hit).tolist())),
                    )
                    for regime, hit in zip(regimes, reckoner.hits(members), strict=True)
                ),
                remedy=mitigation_of(twin, state, alone, alone.sets[0], sought.seed),
            )
        )
    return tuple(told)


class _Harm:
    """Services in breach while a set is down, each set judged once."""

    def __init__(self, reckoner: Reckoner) -> None:
        self._reckoner, self._known = reckoner, dict[Members, float]()

    def of(self, members: Members) -> float:
        return self.judged([members])[0]

    def told(self, sets: Sequence[Members]) -> list[float]:
        """For a generator: as much less as a set has things that it does not need, so that others
        are looked for, and not all that the same harm can be done with.
        """
        harm = self.judged(sets)
        return [
            h * len(self.needed(m)) / len(m) if h else h for m, h in zip(sets, harm, strict=True)
        ]

    def needed(self, members: Members) -> Members:
        """`members` without what they do nearly as much harm without."""
        least = NEARLY_ALL * self.of(members)
        while len(members) > 1:
            rests = [tuple(m for m in members if m != left_out) for left_out in members]
            most, rest = max(zip(self.judged(rests), rests, strict=True), key=lambda x: x[0])
            if most < least:
                break
            members = rest
        return members

    def judged(self, sets: Sequence[Members]) -> list[float]:
        new = [members for members in sets if members not in self._known]
        if new:
            in_breach = map(float, self._reckoner.in_breach(new))
            self._known.update(zip(new, in_breach, strict=True))
        return [self._known[members] for members in sets]


def space_of(state: NetworkState, elements: Sequence[Element], count: int) -> SetSpace:
    """All sets of `count` of `elements`: what passes one is the load of its links at the peak, and
    what touches it has a link, or a node of a link, in common.
    """
    topology = state.topology
    carried = WhatIfEngine(state).loads([()])[0].reshape(-1, 2).max(axis=1)
    passing = [sum(carried[topology.link_index[x]] for x in one.links) for one in elements]
    nodes = [{n for x in one.links for n in (topology.link(x).a, topology.link(x).b)}
             for one in elements]  # fmt: skip
    near = [list[int]() for _ in elements]
    for i, j in combinations(range(len(elements)), 2):
        if nodes[i] & nodes[j]:
            near[i].append(j)
            near[j].append(i)
    return SetSpace(count, np.array(passing, np.float64), near)
