"""The first step of the best remedy of a few changes that a beam finds."""

from dataclasses import dataclass

from twin.remediation.policy import Proposals
from twin.remediation.situation import Situation
from twin.remedies.search import MOST_CHANGES


@dataclass(frozen=True, slots=True)
class Beam:
    """Proposes the changes of the best remedy of up to `changes`; which of them comes first, the
    twin says. `width`: positions of each depth that are gone on from.
    """

    width: int
    changes: int = MOST_CHANGES

    def propose(self, situation: Situation) -> Proposals:
        """See Policy."""
        found = situation.search.search(self.changes, self.width)
        actions = found[0].actions if found else ()
        return Proposals(situation.allowed_of(actions))
