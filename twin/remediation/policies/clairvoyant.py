"""What could be reached if repair and demand were known. It can only be played, not asked."""

from dataclasses import dataclass

import numpy as np

from twin.remediation.evening import QUARTERS, Evening
from twin.remediation.policies.beam import first_steps
from twin.remediation.policy import Proposals
from twin.remediation.situation import Situation
from twin.remedies.objective import STEP_S, Outlook

_CHANGES, _WIDTH = 2, 8


@dataclass(frozen=True, slots=True)
class Clairvoyant:
    """Proposes the changes of the best remedy of two that a beam finds over the quarters of
    `evening` as they will be, or all where services count; of a second failure it does not know.
    """

    evening: Evening

    def propose(self, situation: Situation) -> Proposals:
        """See Policy."""
        ahead = self._ahead(QUARTERS - situation.quarters_left)
        if situation.priced == "services":
            # A search knows overload alone.
            return Proposals(situation.allowed[1:], ahead)
        found = situation.searched(ahead).search(_CHANGES, _WIDTH)
        return Proposals(first_steps(situation, found, ahead), ahead)

    def _ahead(self, quarter: int) -> Outlook:
        levels = np.array([self.evening.level(q) for q in range(quarter, self.evening.quarters)])
        return Outlook.of(levels / levels[0], np.full(len(levels), STEP_S / 3600.0))
