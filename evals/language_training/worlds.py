"""Networks to learn on, their days and who judges them: what a day costs with nothing done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from twin.imagination.day_judge import DayJudge, Judging
from twin.imagination.elements import elements_of
from twin.imagination.generators.generator import Point, explored
from twin.imagination.generators.search import Search
from twin.imagination.language.composing import Speaker
from twin.imagination.language.dependency import Dependencies, Says
from twin.imagination.language.lexicon import Lexicon
from twin.imagination.language.llama import Llama
from twin.imagination.language.sentences import WORST
from twin.imagination.likelihood import Likelihood
from twin.imagination.scenario_space import ScenarioSpace
from twin.imagination.strikes import strikes_of
from twin.nouns.rates import Rates
from twin.physics.twin import Twin
from twin.sources.world import WorldSpec, build_inventory

JUDGE = "service-minutes of the day with nothing done; no remedy is sought, and no chain is drawn"

_AT_ONCE = 40

_PARENTS = 20

Judged = Mapping[Point, float]


@dataclass(frozen=True, eq=False)
class World:
    """One network."""

    name: str
    twin: Twin
    space: ScenarioSpace
    lexicon: Lexicon

    @classmethod
    def of(cls, name: str) -> "World":
        """The network that topohub calls `name`, with what is invented for it."""
        twin = Twin(build_inventory(WorldSpec(topology=name)))
        state = twin.state()
        elements = elements_of(state.topology, Rates())
        space = ScenarioSpace(strikes_of(state, elements), twin.inventory.profile)
        return cls(name, twin, space, Lexicon.of(space.strikes, state))

    def told(self, says: Says = "told") -> Dependencies:
        """What the twin says of it."""
        return Dependencies(self.twin, self.twin.state(), self.lexicon, says)

    def costs(self, points: Sequence[Point]) -> list[float]:
        """Of each day."""
        return [self._judge.judge(self.space.scenario(point)).slo_minutes for point in points]

    def searched(self, days: int, seed: int) -> dict[Point, float]:
        """So many days that evolution looks at, which begins with draws by load."""
        return explored(Search(days), self.space, self.costs, days, seed)

    def imagined(
        self, model: Llama, known: Judged, days: int, numbers: np.random.Generator
    ) -> dict[Point, float]:
        """So many more: half that the model says, half bred from the worst that are known then."""
        speaker = Speaker.of(model, self.twin, self.twin.state(), self.space.strikes)
        fresh = dict[Point, float]()
        while len(fresh) < days // 2:
            said = speaker.compose(self.space, WORST, _AT_ONCE, numbers)
            new = [p for p in dict.fromkeys(said) if p not in known and p not in fresh]
            if not new:
                break
            new = new[: days // 2 - len(fresh)]
            fresh |= zip(new, self.costs(new), strict=True)
        both = {**known, **fresh}
        parents = sorted(both, key=lambda p: (-both[p], p))[:_PARENTS]
        bred = dict.fromkeys(self.space.bred(parents, numbers) for _ in range(2 * days))
        new = [point for point in bred if point not in both][: days - len(fresh)]
        return fresh | dict(zip(new, self.costs(new), strict=True))

    @cached_property
    def _judge(self) -> DayJudge:
        return DayJudge(self.twin, self.twin.state(), Likelihood(()), Judging(draws=0, remedies=0))
