"""Days beyond what is enumerated: a generator proposes them, and each is judged once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import inf

from twin.imagination.archive import Cell, cell_of, regions_of
from twin.imagination.generators.generator import Generator, Point, explored
from twin.imagination.scenario_space import ScenarioSpace
from twin.nouns.risk_scenario import RiskScenario
from twin.nouns.risk_verdict import RiskVerdict
from twin.nouns.topology import Topology


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A day that was looked at. `depth`: of the chain that it begins. `cell`: what sort it is."""

    point: Point
    scenario: RiskScenario
    verdict: RiskVerdict
    depth: int
    cell: Cell


Judge = Callable[[RiskScenario], tuple[RiskVerdict, int]]
"""The verdict on a scenario, and the depth of what follows from it."""


class Beyond:
    """Looks at days of `space`."""

    def __init__(self, space: ScenarioSpace, topology: Topology, judge: Judge) -> None:
        self._space, self._judge = space, judge
        self.regions = regions_of(topology)

    def looked_at(
        self,
        generator: Generator,
        budget: int,
        seed: int = 1,
        *,
        feedback: bool = True,
        plausible_only: bool = False,
        cpu_s: float = inf,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> tuple[Judged, ...]:
        """The days that `generator` proposes, in the order in which they were judged.

        It is told what each costs with the best remedy: what is harmless, or covered by a remedy,
        is worth nothing to it, and so is what is not plausible, if `plausible_only`. See `explored`
        for the rest.
        """
        found: list[Judged] = []

        def costs(points: Sequence[Point]) -> Iterator[float]:
            for point in points:
                one = self._look(point)
                found.append(one)
                worthless = plausible_only and not one.verdict.is_plausible
                yield 0.0 if worthless else one.verdict.slo_minutes_left

        explored(
            generator, self._space, costs, budget, seed,
            feedback=feedback, cpu_s=cpu_s, progress=progress,
        )  # fmt: skip
        return tuple(found)

    def _look(self, point: Point) -> Judged:
        scenario = self._space.scenario(point)
        verdict, depth = self._judge(scenario)
        cell = cell_of(self._space.events(point), depth, self.regions)
        return Judged(point, scenario, verdict, depth, cell)
