"""The first so many of an order of all that is allowed."""

from collections.abc import Callable
from dataclasses import dataclass

from twin.physics.compiled import IntArray
from twin.remediation.choices import WAIT
from twin.remediation.policy import Proposals
from twin.remediation.situation import Situation

Order = Callable[[Situation], IntArray]
"""All that is allowed, by number, the most promising first."""


@dataclass(frozen=True, slots=True)
class Shortlist:
    """Proposes the first `most` of `order`."""

    order: Order
    most: int

    def propose(self, situation: Situation) -> Proposals:
        """See Policy."""
        ordered = self.order(situation)
        return Proposals(ordered[ordered != WAIT][: self.most])
