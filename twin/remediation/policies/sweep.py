"""Every change that is allowed, compared over hours that depend on who looks ahead how far."""

from collections.abc import Callable
from dataclasses import dataclass

from twin.remediation.choices import WAIT
from twin.remediation.policy import Proposals
from twin.remediation.situation import Situation
from twin.remedies.objective import Outlook


@dataclass(frozen=True, slots=True)
class Sweep:
    """Proposes all there is. `over`: the hours that count for it, of those ahead."""

    over: Callable[[Outlook], Outlook | None]

    def propose(self, situation: Situation) -> Proposals:
        """See Policy."""
        allowed = situation.allowed
        return Proposals(allowed[allowed != WAIT], self.over(situation.outlook))


def until_repair(_: Outlook) -> None:
    """All hours, each by the chance that the outage lasts so long."""
    return


def at_peak(ahead: Outlook) -> Outlook:
    """As if the highest demand ahead lasted all the hours until the repair."""
    return Outlook.at(float(ahead.levels.max()), float(ahead.hours.sum()))


def as_now(ahead: Outlook) -> Outlook:
    """As if the demand stayed as it is."""
    return Outlook.at(1.0, float(ahead.hours.sum()))
