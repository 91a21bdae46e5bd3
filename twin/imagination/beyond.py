"""Days beyond what is enumerated: a generator proposes them, and each is judged once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nlargest
from math import inf

from twin.imagination.archive import Archive, cell_of, regions_of
from twin.imagination.day_judge import DayJudge, Judging
from twin.imagination.elements import Element
from twin.imagination.generators.generator import Generator, Point, explored
from twin.imagination.likelihood import PLAUSIBLE_PER_YEAR, Likelihood
from twin.imagination.scenario_space import ScenarioSpace
from twin.nouns.chain import ChainRates
from twin.nouns.risk_scenario import DAY_S, RiskScenario
from twin.nouns.risk_verdict import RiskVerdict
from twin.nouns.state import NetworkState
from twin.physics.twin import Twin

WORST = 20
"""So many are the worst, and are known with the best remedy of each."""

KEPT = 100
"""So many that cost most are kept, by their sort and with the depth of what follows."""


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """A day that was looked at. `remedied`: remedies were sought; where they were not, what is left
    in the verdict is what it costs with nothing done.
    """

    point: Point
    scenario: RiskScenario
    verdict: RiskVerdict
    remedied: bool


class Beyond:
    """Looks at days of `space`. Remedies are sought for those that may be among the worst: a day
    costs with the best remedy no more than with nothing done.
    """

    def __init__(
        self,
        space: ScenarioSpace,
        twin: Twin,
        state: NetworkState,
        elements: Sequence[Element],
        *,
        plausible_per_year: float = PLAUSIBLE_PER_YEAR,
    ) -> None:
        """`state`: whose demand is that of the peak."""
        self._space, self._topology = space, state.topology
        self._plausible_per_year = plausible_per_year
        likelihood = Likelihood(elements)

        def judge(how: Judging) -> DayJudge:
            return DayJudge(twin, state, likelihood, how)

        self._judge = judge(Judging(plausible_per_year, draws=0))
        # We do not act in it, which would take most of the time.
        never = ChainRates(reaction_s=float(DAY_S))
        self._with_chain = judge(Judging(plausible_per_year, remedies=0, draws=1, chains=never))

    def looked_at(
        self,
        generator: Generator,
        budget: int,
        seed: int = 1,
        *,
        feedback: bool = True,
        likely: bool = False,
        cpu_s: float = inf,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> tuple[Looked, ...]:
        """The days that `generator` proposes, in the order in which they were judged.

        It is told what each costs with the best remedy that is known, so that what is harmless, or
        covered by a remedy, is worth little to it; if `likely`, what is not plausible is worth the
        less the rarer it is. See `explored` for the rest.
        """
        found: list[Looked] = []

        def costs(points: Sequence[Point]) -> Iterator[float]:
            for point in points:
                left = nlargest(WORST, (one.verdict.slo_minutes_left for one in found))
                one = self._look(point, left[-1] if len(left) == WORST else 0.0)
                found.append(one)
                worth = self._plausibility(one.verdict) if likely else 1.0
                yield worth * one.verdict.slo_minutes_left

        explored(
            generator, self._space, costs, budget, seed,
            feedback=feedback, cpu_s=cpu_s, progress=progress,
        )  # fmt: skip
        return tuple(found)

    def kept(self, looked: Sequence[Looked]) -> Archive:
        """Of all sorts, the worst of the KEPT that cost most with nothing done."""
        regions = regions_of(self._topology)
        archive = Archive(len(set(regions.values())))
        for one in nlargest(KEPT, looked, key=lambda one: one.verdict.slo_minutes):
            depth = self.depth(one)
            cell = cell_of(self._space.events(one.point), depth, regions)
            archive.put(cell, one.point, one.verdict.slo_minutes)
        return archive

    def depth(self, one: Looked) -> int:
        """Of what follows from it, in one draw."""
        return self._with_chain.judge(one.scenario).depth or 1

    def _look(self, point: Point, least: float) -> Looked:
        """`least`: what costs no more is not among the worst."""
        scenario = self._space.scenario(point)
        verdict = self._judge.judge(scenario, least)
        return Looked(point, scenario, verdict, verdict.slo_minutes > least)

    def _plausibility(self, verdict: RiskVerdict) -> float:
        """1 of what is plausible, and the less the rarer (0.8 of what is a tenth as frequent, 0.5
        of a thousandth); 0 of what has no rate.
        """
        share = (verdict.per_year or 0.0) / self._plausible_per_year
        return float(min(1.0, share) ** 0.1)


def worst_of(looked: Sequence[Looked], count: int = WORST) -> list[Looked]:
    """Those that cost most with the best remedy, the worst first; WORST of them at most."""
    return nlargest(min(count, WORST), looked, key=lambda one: one.verdict.slo_minutes_left)
