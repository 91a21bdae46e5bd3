"""What every policy has to hold to, ours and those that are brought."""

from collections.abc import Iterable

import numpy as np

from twin.errors import BadInput
from twin.remediation.choices import WAIT
from twin.remediation.disposal import dispose
from twin.remediation.policy import Policy
from twin.remediation.situation import Situation


def check_policy(policy: Policy, situations: Iterable[Situation]) -> None:
    """Ask `policy` in each of `situations`, and in each once more when all have been.

    Raises:
        BadInput: a proposal is no choice that is allowed, or stands twice, or is to wait; or the
            same situation gives other proposals later; says which.
    """
    asked = [(situation, _proposed(policy, situation)) for situation in situations]
    for situation, before in reversed(asked):
        if _proposed(policy, situation) != before:
            raise BadInput(f"{policy!r} proposes something else when it is asked again")
        # Whatever it proposes, what is done is no worse than to wait, as far as anyone can tell.
        decision = dispose(situation, policy.propose(situation))
        assert decision.tried[decision.number] <= decision.tried[WAIT]


def _proposed(policy: Policy, situation: Situation) -> list[int]:
    numbers = policy.propose(situation).numbers
    if numbers.ndim != 1 or not np.issubdtype(numbers.dtype, np.integer):
        raise BadInput(f"{policy!r} proposes an array {numbers.dtype} of shape {numbers.shape}")
    found: list[int] = numbers.tolist()
    if len(set(found)) < len(found):
        raise BadInput(f"{policy!r} proposes a choice twice")
    wrong = [n for n in found if n == WAIT or not 0 <= n < len(situation.mask)]
    wrong += [n for n in found if n not in wrong and not situation.mask[n]]
    if wrong:
        raise BadInput(f"{policy!r} proposes choice {wrong[0]}, which is not allowed there")
    return found
