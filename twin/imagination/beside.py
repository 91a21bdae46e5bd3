"""What is searched beside the register: whole days, which nobody can enumerate. One has a rate only
where each of its parts has.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil
from typing import Any

import numpy as np

from twin.errors import BadInput
from twin.imagination.archive import Cell, cell_of, regions_of
from twin.imagination.day_judge import DayJudge, Judging
from twin.imagination.days import Template
from twin.imagination.elements import Element
from twin.imagination.generators.generator import Point, explored
from twin.imagination.generators.shipped import CAUSAL_LM, GENERATORS, Grounds
from twin.imagination.language.composing import Speaker
from twin.imagination.language.llama import Llama
from twin.imagination.likelihood import Likelihood
from twin.imagination.scenario_space import ScenarioSpace
from twin.imagination.scenario_text import read_conditions, scenario_text
from twin.imagination.strikes import strikes_of
from twin.knowledge.past import PastIncident
from twin.nouns.base import Noun
from twin.nouns.risk import Searched
from twin.nouns.risk_scenario import RiskScenario
from twin.nouns.risk_verdict import RiskVerdict
from twin.nouns.state import NetworkState
from twin.nouns.topology import Topology
from twin.physics.twin import Twin

PROPOSED, REPLAYED = "llm", "replay"
"""The generators that look at what somebody proposes, and at what has happened."""

_PORTION, _MOST_PORTIONS = 40, 100
"""Days that are judged before what came of them is kept: two batches of a generator, and more where
there are many.
"""

TOLD = 5
"""Of all that is found, the worst that are told, one of each sort."""


class Proposal(Noun):
    """Days that somebody would look at. `condition`: as scenarios have it before ": ", "" for any.
    `kinds`: of their events, in any order; any if none.
    """

    condition: str = ""
    kinds: tuple[str, ...] = ()


class SearchPart(Noun):
    """`generator` looks at so many days (`simulations`)."""

    generator: str
    simulations: int

    @property
    def portion(self) -> int:
        """So many are judged before what came of them is kept."""
        return max(_PORTION, ceil(self.simulations / _MOST_PORTIONS))


class Find(Noun):
    """A day that `generator` looked at, and what it costs with the best remedy, service-minutes."""

    generator: str
    point: Point
    cost: float


@dataclass(frozen=True, slots=True)
class DayTask:
    """What comes of `scenario`, for a runner to find; see DayJudge. How often it comes is left to
    whoever knows rates.
    """

    base: NetworkState
    scenario: RiskScenario
    seed: int = 1

    @property
    def name(self) -> str:
        """See Task."""
        return self.scenario.id

    def content(self) -> dict[str, Any]:
        """See Task."""
        return {"scenario": self.scenario.model_dump(mode="json"), "seed": self.seed}

    def play(self, twin: Twin, before_step: Callable[[], None]) -> RiskVerdict:
        """See Task."""
        before_step()
        how = Judging(draws=0, seed=self.seed)
        return DayJudge(twin, self.base, Likelihood(()), how).judge(self.scenario)


Play = Callable[[Sequence[DayTask]], Iterable[RiskVerdict]]
"""Has days played, in their order."""


def split(shares: Mapping[str, float], simulations: int) -> tuple[SearchPart, ...]:
    """All `simulations` by `shares`, in whole numbers: the largest remainders get what is left."""
    total = sum(shares.values())
    exact = simulations * np.array(list(shares.values()), np.float64) / (total or 1.0)
    counts = np.floor(exact).astype(int)
    left = simulations - int(counts.sum()) if total else 0
    counts[np.argsort(counts - exact, kind="stable")[:left]] += 1
    parts = zip(shares, counts.tolist(), strict=True)
    return tuple(SearchPart(generator=name, simulations=n) for name, n in parts if n)


def template_of(proposal: Proposal, topology: Topology) -> Template:
    """What is said of the days of `proposal`.

    Raises:
        BadInput: its condition cannot be read, names what is not there, says whose the day is, or
            has several things in work.
    """
    said = read_conditions(proposal.condition, topology) if proposal.condition else {}
    if "adversary" in said:
        raise BadInput(f'"{proposal.condition}" says whose it is, which is no condition')
    works, surge = said.get("in_work", ()), said.get("surge")
    if any(one.lasts_s for one in (*works, *([surge] if surge else []))):
        raise BadInput(
            f'"{proposal.condition}" says for how long; leave that out: half of the usual time is '
            "taken"
        )
    if len(works) > 1:
        raise BadInput(f'"{proposal.condition}" has several things in work; propose one at a time')
    return Template(
        kinds=proposal.kinds,
        hour=said["minute"] // 60 if "minute" in said else None,
        demand=said.get("demand"),
        surge=surge.fault if surge else None,
        in_work=works[0].fault if works else None,
    )


@dataclass(frozen=True)
class Beside:
    """Searches days of `state`, whose demand is that of the peak. `past`: incidents that may be
    replayed. `language_model`: opens it; None where there is none.
    """

    twin: Twin
    state: NetworkState
    elements: Sequence[Element]
    seed: int
    past: Sequence[PastIncident] = field(default=())
    language_model: Callable[[], Llama] | None = None

    @cached_property
    def space(self) -> ScenarioSpace:
        """All days."""
        return ScenarioSpace(strikes_of(self.state, self.elements), self.twin.inventory.profile)

    @cached_property
    def speaker(self) -> Speaker | None:
        """The language model, told of this network."""
        if self.language_model is None:
            return None
        return Speaker.of(self.language_model(), self.twin, self.state, self.space.strikes)

    @cached_property
    def replayed(self) -> tuple[Point, ...]:
        """Of the past, what may strike again."""
        return self.space.past(self.past)

    def part(self, proposal: Proposal) -> ScenarioSpace:
        """The days of `proposal`. Raises BadInput: it cannot be read, or there are none."""
        return self.space.within(template_of(proposal, self.state.topology))

    def looked_at(
        self,
        part: SearchPart,
        proposals: Sequence[Proposal],
        known: Mapping[Point, float],
        play: Play,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> dict[Point, float]:
        """What `part` has looked at, with a portion more than is `known`: that is taken as it is,
        since a generator says the same again.
        """

        def costs(points: Sequence[Point]) -> Iterator[float]:
            fresh = [point for point in points if point not in known]
            verdicts = play([self.task(point) for point in fresh])
            judged = dict(zip(fresh, verdicts, strict=True))
            for point in points:
                yield known[point] if point in known else judged[point].slo_minutes_left

        grounds = Grounds(
            budget=part.simulations,
            past=self.replayed,
            proposed=tuple(self.part(proposal) for proposal in proposals),
            speaker=self.speaker if part.generator == CAUSAL_LM else None,
        )
        upto = min(len(known) + part.portion, part.simulations)
        generator = GENERATORS[part.generator](grounds)
        return explored(generator, self.space, costs, upto, self.seed, progress=progress)

    def task(self, point: Point) -> DayTask:
        """What judges a day."""
        return DayTask(self.state, self.space.scenario(point), self.seed)

    def worst(self, finds: Sequence[Find]) -> tuple[Find, ...]:
        """The worst of those that cost anything, one of each sort (see Archive)."""
        regions, kept = regions_of(self.state.topology), dict[Cell, Find]()
        for find in sorted(finds, key=lambda find: -find.cost):
            if find.cost > 0.0:
                kept.setdefault(cell_of(self.space.events(find.point), 1, regions), find)
        return tuple(kept.values())[:TOLD]

    def told(self, rank: int, find: Find, verdict: RiskVerdict) -> Searched:
        """`find` as people are told it."""
        scenario = self.space.scenario(find.point)
        return Searched(
            rank=rank,
            scenario=scenario_text(scenario),
            generator=find.generator,
            slo_minutes=verdict.slo_minutes,
            slo_minutes_left=verdict.slo_minutes_left,
            actions=verdict.actions,
            hit=tuple(sorted(verdict.by_service)),
            per_year=Likelihood(self.elements).per_year(scenario),
        )
