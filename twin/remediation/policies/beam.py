"""The first step of the best remedy of a few changes that a beam finds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin.physics.compiled import IntArray
from twin.remediation.choices import WAIT
from twin.remediation.policy import Proposals
from twin.remediation.situation import Situation
from twin.remedies.objective import Outlook
from twin.remedies.search import BETTER, Position


@dataclass(frozen=True, slots=True)
class Beam:
    """Proposes the changes of the best remedy of up to `changes`; which of them comes first, the
    twin says. `width`: positions of each depth that are gone on from.
    """

    changes: int
    width: int

    def propose(self, situation: Situation) -> Proposals:
        """See Policy."""
        found = situation.search.search(self.changes, self.width)
        return Proposals(first_steps(situation, found))


def first_steps(
    situation: Situation, found: Sequence[Position], over: Outlook | None = None
) -> IntArray:
    """The changes of the first remedy of `found` with which one can begin: one of them alone is
    better than to wait. Empty where there is none.
    """
    for position in found:
        numbers = situation.allowed_of(position.actions)
        costs = situation.costs(np.append(numbers, WAIT), over)
        if costs.min() < costs[-1] - BETTER:
            return numbers
    return np.zeros(0, dtype=np.int64)
