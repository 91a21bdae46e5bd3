"""What the remediator does by rule, one change at a time."""

from twin.remediation.policy import Proposals
from twin.remediation.situation import Situation
from twin.remedies.believed import IN_FORCE_AFTER_S, LIKELY
from twin.remedies.screening import Screening
from twin.remedies.trials import TIE


class Rule:
    """Screens remedies over the hours that the outage probably goes on, with queues and services,
    and proposes the changes of the one that its rule prefers: of what costs as much as the best but
    for a tie, that of the fewest. Nothing is among them.
    """

    def propose(self, situation: Situation) -> Proposals:
        """See Policy."""
        probable = situation.ahead(from_s=IN_FORCE_AFTER_S, least_chance=LIKELY)
        screening = Screening(
            situation.twin,
            situation.state,
            probable,
            extra=situation.reverts,
            untouched=situation.untouched,
        )
        found = [screening.nothing, *screening.best()]
        least = min(screened.cost.total for screened in found)
        tied = [s for s in found if s.cost.total <= least + TIE]
        chosen = min(tied, key=lambda s: (len(s.actions), s.cost.total))
        return Proposals(situation.allowed_of(chosen.actions), probable)
