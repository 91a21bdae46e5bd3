"""What a search finds beside the register: the worst of several things at once, while a condition
holds that nobody has enumerated. It has no rate.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from twin.errors import Ungrounded
from twin.events.phrases import what_if_text
from twin.events.what_if import WhatIf
from twin.imagination.adversary import space_of
from twin.imagination.counterfactuals import MitigationTask
from twin.imagination.elements import Element
from twin.imagination.enumeration import Members, Reckoner
from twin.imagination.generators.generator import explored
from twin.imagination.generators.shipped import GENERATORS
from twin.imagination.regimes import Regime
from twin.imagination.scenario_text import read_conditions
from twin.nouns.base import Noun
from twin.nouns.risk import InRegime, Mitigation, Searched
from twin.nouns.state import NetworkState
from twin.nouns.topology import Topology
from twin.physics.twin import Twin, profile_at

AT_ONCE = 3
"""The fewest that are not all enumerated."""

TOLD = 5
"""Of all that is found, the worst that are told, each with the best remedy."""


class SearchPart(Noun):
    """`generator` looks at so many sets (`simulations`) while `condition` holds, "" for none."""

    condition: str
    generator: str
    simulations: int


class Find(Noun):
    """What a search found: `elements` by name, and what is `in_breach` while all of it is down."""

    condition: str
    generator: str
    elements: tuple[str, ...]
    in_breach: float


def require_condition(text: str, topology: Topology) -> None:
    """Refuse what is no condition of a scenario (`twin.imagination.scenario_text`), or whose.

    Raises:
        BadInput: it cannot be read, or names what is not there.
    """
    if "adversary" in read_conditions(text, topology):
        raise Ungrounded(f'"{text}" says whose it is, which is no condition')


def parts_of(
    shares: Mapping[str, float], conditions: Sequence[str], simulations: int
) -> tuple[SearchPart, ...]:
    """All `simulations`, in equal parts for no condition and for each of `conditions`, and each
    split by `shares`; what does not divide goes to whoever comes first.
    """
    whole = ("", *dict.fromkeys(conditions))
    parts = []
    for condition, for_it in zip(whole, _split([1.0] * len(whole), simulations), strict=True):
        for name, count in zip(shares, _split(list(shares.values()), for_it), strict=True):
            if count:
                parts.append(SearchPart(condition=condition, generator=name, simulations=count))
    return tuple(parts)


def _split(shares: Sequence[float], total: int) -> list[int]:
    """`total` in whole numbers by `shares`: the largest remainders get what is left."""
    exact = total * np.array(shares, np.float64) / (sum(shares) or 1.0)
    counts = np.floor(exact).astype(int)
    left = total - int(counts.sum()) if sum(shares) else 0
    for i in np.argsort(counts - exact, kind="stable")[:left].tolist():
        counts[i] += 1
    return [int(count) for count in counts]


@dataclass(frozen=True, slots=True)
class Beside:
    """Searches beside the register of `state`, whose demand is that of the peak."""

    twin: Twin
    state: NetworkState
    elements: Sequence[Element]
    regimes: Sequence[Regime]
    seed: int

    def found(
        self,
        part: SearchPart,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> tuple[Find, ...]:
        """The worst of what `part` looks at, the worst first; what hurts nobody is left out."""
        state, regimes = self._while(part.condition)
        reckoner = Reckoner(self.twin, state, self.elements, regimes)
        costs = explored(
            GENERATORS[part.generator](part.simulations),
            space_of(state, self.elements, AT_ONCE),
            reckoner.in_breach,
            part.simulations,
            self.seed,
            progress=progress,
        )
        worst = sorted(costs, key=lambda members: -costs[members])[:TOLD]
        return tuple(
            Find(
                condition=part.condition,
                generator=part.generator,
                elements=tuple(self.elements[i].name for i in members),
                in_breach=costs[members],
            )
            for members in worst
            if costs[members] > 0.0
        )

    def remedy_task(self, find: Find) -> MitigationTask:
        """What finds the best remedy for `find`."""
        state, regimes = self._while(find.condition)
        return MitigationTask(state, self._failing(find), tuple(regimes), self.seed)

    def told(self, rank: int, find: Find, remedy: Mitigation) -> Searched:
        """`find` as people are told it."""
        state, regimes = self._while(find.condition)
        reckoner = Reckoner(self.twin, state, self.elements, regimes)
        services = self.twin.services.services
        return Searched(
            rank=rank,
            what_if=what_if_text(self._failing(find)),
            elements=find.elements,
            in_breach=find.in_breach,
            regimes=tuple(
                InRegime(
                    regime=regime.name,
                    hit=tuple(sorted(services[i].id for i in np.flatnonzero(hit).tolist())),
                )
                for regime, hit in zip(regimes, reckoner.hits(self._members(find)), strict=True)
            ),
            remedy=remedy,
            condition=find.condition,
            generator=find.generator,
        )

    def _failing(self, find: Find) -> WhatIf:
        return sum((self.elements[i].event for i in self._members(find)), ())

    def _members(self, find: Find) -> Members:
        place = {element.name: i for i, element in enumerate(self.elements)}
        return tuple(sorted(place[name] for name in find.elements))

    def _while(self, condition: str) -> tuple[NetworkState, Sequence[Regime]]:
        """The network while `condition` holds, and the levels of demand that it leaves."""
        said = read_conditions(condition, self.state.topology) if condition else {}
        state = self.state
        if "demand" in said:
            state = replace(state, traffic=state.traffic.scaled(said["demand"]))
        for fault in (*said.get("in_work", ()), *filter(None, [said.get("surge")])):
            state = fault.complete(state.topology).after(state)
        if "minute" not in said:
            return state, self.regimes
        hour = f"{said['minute'] // 60:02d}:{said['minute'] % 60:02d}"
        level = profile_at(self.twin.inventory.profile, 60.0 * said["minute"])
        return state, (Regime(hour, level, 1.0),)


def worst_of_all(finds: Sequence[Find]) -> tuple[Find, ...]:
    """The worst of `finds`, each set of things once for a condition."""
    kept: dict[tuple[str, tuple[str, ...]], Find] = {}
    for find in sorted(finds, key=lambda find: -find.in_breach):
        kept.setdefault((find.condition, find.elements), find)
    return tuple(list(kept.values())[:TOLD])
