"""What can be built, or configured for good, so that failures cost less: one change each."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twin.events.actions.set_igp_weight import MAX_SET_WEIGHT, SetIgpWeight
from twin.imagination.elements import Element
from twin.imagination.enumeration import Members, Reckoner
from twin.imagination.regimes import Regime
from twin.nouns.risk import HardeningCosts
from twin.nouns.state import NetworkState
from twin.nouns.topology import SharedRiskGroup, Topology
from twin.physics.twin import Twin
from twin.whatif.engine import WhatIfEngine

_FULL = 0.85
"""One more member helps only a link that is so full while something is down."""

_TIMES = (2, 4)
"""A weight is tried at so many times what it is."""

Reckon = Callable[[Topology], tuple[Element, ...]]
"""What may fail of a topology, and how often."""


@dataclass(frozen=True, slots=True)
class Option:
    """`state`: with it. `fed_twice`: the elements that have a second feed then. `weight`: where it
    is one.
    """

    what: str
    cost: float
    state: NetworkState
    fed_twice: frozenset[str]
    weight: SetIgpWeight | None = None

    @classmethod
    def nothing(cls, state: NetworkState) -> "Option":
        """What is built now."""
        return cls("", 0.0, state, frozenset())

    def elements(self, reckon: Reckon) -> tuple[Element, ...]:
        """What may fail with it."""
        return tuple(
            element.fed_twice() if element.name in self.fed_twice else element
            for element in reckon(self.state.topology)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Sought:
    """Where changes are sought: links that are `full`, (egresses,), and elements of which one is
    among `failing`.
    """

    full: NDArray[np.bool_]
    failing: frozenset[str]

    @classmethod
    def anywhere(cls, state: NetworkState, elements: Sequence[Element]) -> "Sought":
        """At every link and every element."""
        every = np.ones(2 * len(state.topology.links), np.bool_)
        return cls(every, frozenset(element.name for element in elements))

    @classmethod
    def by(
        cls,
        twin: Twin,
        now: Option,
        reckon: Reckon,
        regimes: Sequence[Regime],
        names: Sequence[tuple[str, ...]],
    ) -> "Sought":
        """Where the sets of these `names` fail, or fill a link."""
        elements = now.elements(reckon)
        full = _full(twin, now.state, elements, regimes, list(members_of(elements, names)))
        return cls(full, frozenset(name for of_set in names for name in of_set))


def built(now: Option, reckon: Reckon, costs: HardeningCosts, sought: Sought) -> Iterator[Option]:
    """`now` with one more member of a link, a way of its own for a link that shares a group, or a
    second feed.
    """
    state, topology = now.state, now.state.topology

    def other(what: str, cost: float, topology: Topology) -> Option:
        return Option(what, cost, replace(state, topology=topology), now.fed_twice)

    for i, link in enumerate(topology.links):
        if sought.full[2 * i : 2 * i + 2].any():
            more = topology.with_members(link.id, link.members + 1)
            yield other(f"one more member of {link.id}", costs.member, more)
    for group in topology.shared_risk_groups:
        if f"group {group.id}" in sought.failing:
            for name in group.links:
                apart = _without(topology, group, name)
                yield other(f"{name} takes another way than {group.id}", costs.way, apart)
    for element in now.elements(reckon):
        if element.is_fed and element.name in sought.failing - now.fed_twice:
            fed = now.fed_twice | {element.name}
            yield Option(f"a second feed for {element.name}", costs.feed, state, fed)


def weighted(
    now: Option, cost: float, sought: Sought, refused: Collection[SetIgpWeight] = ()
) -> Iterator[Option]:
    """`now` with a higher weight at one end of a link, none of those that are `refused`."""
    state = now.state
    for i, link in enumerate(state.topology.links):
        if link.id not in state.down_links and sought.full[2 * i : 2 * i + 2].any():
            for node in (link.a, link.b):
                weight = state.running.device(node).interface(link.id).igp_weight
                for times in _TIMES:
                    one = SetIgpWeight(node=node, link=link.id, weight=times * weight)
                    if one.weight <= MAX_SET_WEIGHT and one not in refused:
                        after = one.after(state)
                        yield Option(one.describe(), cost, after, now.fed_twice, one)


def harmless(
    twin: Twin, now: Option, reckon: Reckon, options: Sequence[Option]
) -> Iterator[Option]:
    """Of weights, those that put no service in breach while nothing fails."""
    busiest = Regime("the busiest hour", 1.0, 0.0)
    reckoner = Reckoner(twin, now.state, now.elements(reckon), (busiest,))
    broken = reckoner.breaks([(one.weight,) if one.weight else () for one in options])
    yield from (one for one, breaks in zip(options, broken, strict=True) if not breaks)


def members_of(elements: Sequence[Element], names: Sequence[tuple[str, ...]]) -> Iterator[Members]:
    """Of the sets that are still there: a group of which one link is left is none."""
    place = {element.name: i for i, element in enumerate(elements)}
    for of_set in names:
        if all(name in place for name in of_set):
            yield tuple(sorted(place[name] for name in of_set))


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


def _without(topology: Topology, group: SharedRiskGroup, link: str) -> Topology:
    left = group.model_copy(update={"links": tuple(x for x in group.links if x != link)})
    groups = tuple(left if g.id == group.id else g for g in topology.shared_risk_groups)
    return topology.rebuilt(shared_risk_groups=groups)
