"""The first so many of an order of all that is allowed, and the way back."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twin.physics.compiled import IntArray
from twin.remediation.choices import SLOTS, WAIT, Slot
from twin.remediation.policy import Proposals
from twin.remediation.situation import Situation

Order = Callable[[Situation], IntArray]
"""All that is allowed, by number, the most promising first."""

BACK = (Slot.UNDRAIN, Slot.REVERT)
"""What takes back what was done before; of limits too."""


@dataclass(frozen=True, slots=True)
class Shortlist:
    """Proposes the first `most` of `order`, and what is `always_tried`."""

    order: Order
    most: int

    def propose(self, situation: Situation) -> Proposals:
        """See Policy."""
        return Proposals(first_of(self.order(situation), self.most, situation))


def first_of(ordered: IntArray, most: int, situation: Situation) -> IntArray:
    """Of `ordered` the first `most`, and besides all that is `always_tried`, in that order."""
    ordered = ordered[ordered != WAIT]
    always = np.isin(ordered, always_tried(situation))
    return np.asarray(ordered[always | (np.cumsum(~always) <= most)])


def always_tried(situation: Situation) -> IntArray:
    """What stands on every short list, ascending: whatever takes something back, since what was
    right before may be wrong now, and limits, of which loads, and so orders, say nothing.
    """
    allowed = situation.allowed[situation.allowed != WAIT]
    back = np.isin((allowed - 1) % SLOTS, BACK)
    return np.asarray(allowed[back | np.isin(allowed, [*situation.limits])])
