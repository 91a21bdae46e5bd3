"""Of all changes those that pay at the demand of now: what can wait may not be needed at all."""

import math

from twin.remediation.choices import WAIT
from twin.remediation.policy import Proposals
from twin.remediation.situation import Situation
from twin.remedies.objective import STEP_S, Outlook
from twin.remedies.search import BETTER

_MOST_QUARTERS = 1e6
"""Where the repair is all but sure not to come within this one."""


class Due:
    """Proposes what saves more in this quarter than to wait for the next one saves: the devices,
    if the repair comes before. The twin compares over all hours until the repair.
    """

    def propose(self, situation: Situation) -> Proposals:
        """See Policy."""
        repaired = 1.0 - situation.outage.survival(STEP_S, situation.lasted_s)
        # What a quarter saves, times this, is more than the devices.
        quarters = min(1.0 / repaired if repaired > 0.0 else math.inf, _MOST_QUARTERS)
        over = Outlook.at(1.0, quarters * STEP_S / 3600.0)
        allowed = situation.allowed
        costs = situation.costs(allowed, over)
        return Proposals(allowed[(costs < costs[0] - BETTER) & (allowed != WAIT)])
