"""Waits for the repair."""

import numpy as np

from twin.remediation.policy import Proposals
from twin.remediation.situation import Situation


class Nothing:
    """Proposes nothing."""

    def propose(self, situation: Situation) -> Proposals:
        """See Policy."""
        return Proposals(np.zeros(0, dtype=np.int64))
