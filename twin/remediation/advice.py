"""What a policy would do in an incident: each choice that the twin has tried and found cheaper."""

from twin.events.action import Action
from twin.remediation.choices import WAIT
from twin.remediation.disposal import dispose
from twin.remediation.policy import Policy
from twin.remediation.situation import Situation

MOST = 6
"""Choices of a policy that go on to be judged beside everybody else's."""


def advice(policy: Policy, situation: Situation) -> list[tuple[Action, ...]]:
    """Up to MOST of what `policy` proposes, the cheapest first; what does not beat waiting is none.

    Raises:
        Refused: the policy proposes what may not be done.
    """
    tried = dispose(situation, policy.propose(situation)).tried
    better = [number for number in tried if number != WAIT and tried[number] < tried[WAIT]]
    ranked = sorted(better, key=lambda number: (round(tried[number], 9), number))
    return [situation.action(number) for number in ranked[:MOST]]
