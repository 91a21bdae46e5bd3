"""Days that a small language model says, which was trained on the worst days of other networks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from twin.imagination.generators.generator import BATCH, Judged, Point, Space
from twin.imagination.language.composing import Speaker
from twin.imagination.language.sentences import WORST
from twin.imagination.language.tuning import tuned_head
from twin.imagination.scenario_space import ScenarioSpace

_AT_ONCE = 3 * BATCH // 2
"""More than are judged: some are known already."""

_LEAST_JUDGED = 2 * BATCH
"""Days from which on the model learns from what came of them."""


@dataclass(frozen=True, slots=True)
class CausalLm:
    """`speaker`: of the network whose days are sought; without one, and of all else than days, it
    has nothing to say. `asked`: for what.
    """

    speaker: Speaker | None
    asked: Sequence[int] = WORST

    def propose(
        self, space: Space, judged: Judged, numbers: np.random.Generator
    ) -> Iterator[Point]:
        """See Generator: what the model says is drawn, and in no order."""
        speaker = self.speaker
        if speaker is None or not isinstance(space, ScenarioSpace):
            return
        head = None
        if len(judged) >= _LEAST_JUDGED:
            head = tuned_head(speaker, judged, self.asked)
        yield from speaker.compose(space, self.asked, _AT_ONCE, numbers, head)
