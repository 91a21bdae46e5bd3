"""The first step of the best remedy of a few changes that a local search finds."""

from dataclasses import dataclass
from itertools import count

import numpy as np

from twin.remediation.policy import Proposals
from twin.remediation.situation import Situation
from twin.remedies.local_search import local_search


@dataclass(frozen=True, slots=True)
class Local:
    """Proposes the changes of the best remedy that is found in `steps`, from nothing; which of them
    comes first, the twin says.
    """

    steps: int

    def propose(self, situation: Situation) -> Proposals:
        """See Policy."""
        turn = count()
        found = local_search(
            situation.search, (), np.random.default_rng(0), lambda: next(turn) < self.steps
        )
        return Proposals(situation.allowed_of(found.actions))
