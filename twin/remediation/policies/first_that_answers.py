"""Several policies in their order of preference: the first one that answers as it has to."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from twin.errors import NoctuaError, Refused
from twin.remediation.choices import WAIT
from twin.remediation.policy import Policy, Proposals
from twin.remediation.situation import Situation


class FirstThatAnswers:
    """Proposes what the first of `policies` proposes that neither fails nor oversteps the mask, and
    says whose it is, and why it is not of those before.

    `policies`: what each is called, and how it is made, which is when it is first asked.
    """

    def __init__(self, policies: Sequence[tuple[str, Callable[[], Policy]]]) -> None:
        self._policies = tuple(policies)
        self._made: dict[str, Policy] = {}

    def propose(self, situation: Situation) -> Proposals:
        """See Policy. Raises what the last one raises."""
        failed: list[str] = []
        for name, make in self._policies[:-1]:
            try:
                return _said(name, failed, self._asked(name, make, situation))
            except NoctuaError as error:
                failed.append(f"{name}: {error}")
        name, make = self._policies[-1]
        return _said(name, failed, self._asked(name, make, situation))

    def _asked(self, name: str, make: Callable[[], Policy], situation: Situation) -> Proposals:
        if name not in self._made:
            self._made[name] = make()
        proposals = self._made[name].propose(situation)
        for number in proposals.numbers.tolist():
            if not (WAIT < number < len(situation.mask) and situation.mask[number]):
                raise Refused(f"it proposes choice {number}, which may not be taken here")
        return proposals


def _said(name: str, failed: Sequence[str], proposals: Proposals) -> Proposals:
    why = f" ({'; '.join(failed)})" if failed else ""
    return replace(proposals, said=f"{name} answered{why}")
