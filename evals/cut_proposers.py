"""Generators that are only compared with: parts of the shipped search, and added-up shifts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from tools.causal_lm.opening import open_causal_lm
from twin.events.faults.link_down import LinkDown
from twin.imagination.days import Template, timed
from twin.imagination.elements import elements_of
from twin.imagination.generators.at_random import AtRandom, ByLoad
from twin.imagination.generators.generator import BATCH, Generator, Judged, Point, Space
from twin.imagination.generators.search import ELITE, OFFSPRING, added
from twin.imagination.language.composing import Speaker
from twin.imagination.language.sentences import WORST
from twin.imagination.scenario_space import ScenarioSpace
from twin.imagination.strikes import strikes_of
from twin.nouns.rates import Rates
from twin.nouns.state import NetworkState
from twin.physics.compiled import FloatArray
from twin.physics.twin import Twin
from twin.whatif.engine import WhatIfEngine

_FIRST = 20
_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Evolution:
    """What `begins` draws, then offspring of the worst twenty, as they come."""

    begins: Generator

    def propose(
        self, space: Space, judged: Judged, numbers: np.random.Generator
    ) -> Iterator[Point]:
        """See Generator."""
        if len(judged) >= _FIRST:
            elite = sorted(judged, key=lambda m: (-judged[m], m))[:ELITE]
            for _ in range(OFFSPRING):
                yield space.bred(elite, numbers)
        yield from self.begins.propose(space, judged, numbers)


SEEDED, UNSEEDED = Evolution(ByLoad()), Evolution(AtRandom())


@dataclass(frozen=True, slots=True)
class ValueModel:
    """Draws by load, of which those are looked at first that are made of what cost most before."""

    def propose(
        self, space: Space, judged: Judged, numbers: np.random.Generator
    ) -> Iterator[Point]:
        """See Generator."""
        if len(judged) < _FIRST:
            yield from ByLoad().propose(space, judged, numbers)
            return
        drawn = dict.fromkeys(space.drawn(numbers, by_load=True) for _ in range(OFFSPRING))
        worth = added(space, judged)
        fresh = (m for m in drawn if m not in judged)
        yield from sorted(fresh, key=lambda m: (-float(worth[list(space.traits(m))].sum()), m))


@dataclass(frozen=True, slots=True, eq=False)
class AddedUpShifts:
    """All sets, those first whose shifts add up to most beyond capacity. One look at every link
    alone is not counted. `order`: of sets.
    """

    order: tuple[Point, ...]

    @classmethod
    def of(cls, engine: WhatIfEngine, loads: FloatArray, count: int) -> "AddedUpShifts":
        """`loads`: (1 + things, n_arcs) with nothing and with each thing down."""
        shifts, capacity = loads[1:] - loads[0], engine.compiled.capacity_bps
        sets = np.array(list(combinations(range(len(shifts)), count)))
        beyond = np.concatenate(
            [
                np.maximum(loads[0] + shifts[part].sum(axis=1) - capacity, 0.0).sum(axis=1)
                for part in np.array_split(sets, -(-len(sets) // _AT_ONCE))
            ]
        )
        return cls(tuple(tuple(sets[i].tolist()) for i in np.argsort(-beyond, kind="stable")))

    def propose(self, space: Space, judged: Judged, _: np.random.Generator) -> Iterator[Point]:
        """See Generator."""
        return (point for point in self.order if point not in judged)


@dataclass(frozen=True, slots=True, eq=False)
class SaidCuts:
    """Links that fail on the days that the language model says, asked for the worst of days with so
    many failures of links and nothing else. `links`: places of links by number of what may strike.
    """

    speaker: Speaker
    days: ScenarioSpace
    links: Mapping[int, int]

    @classmethod
    def of(cls, twin: Twin, state: NetworkState, count: int) -> "SaidCuts":
        """The shipped model, of one network."""
        strikes = strikes_of(state, elements_of(state.topology, Rates()))
        days = ScenarioSpace(strikes, twin.inventory.profile)
        index = state.topology.link_index
        return cls(
            Speaker.of(open_causal_lm(), twin, state, strikes),
            days.within(Template(kinds=("link_down",) * count)),
            {
                i: index[s.fault.link]
                for i, s in enumerate(strikes.all)
                if isinstance(s.fault, LinkDown)
            },
        )

    def propose(
        self, space: Space, judged: Judged, numbers: np.random.Generator
    ) -> Iterator[Point]:
        """See Generator: drawn, and told nothing of what came of others."""
        for day in self.speaker.compose(self.days, WORST, 2 * BATCH, numbers):
            cuts = tuple(sorted(self.links[strike] for strike, _ in timed(day)))
            if space.allows(cuts):
                yield cuts
