"""What a policy would do in an incident: each choice that the twin has tried and found cheaper."""

from dataclasses import dataclass

from twin.events.action import Action
from twin.remediation.choices import WAIT
from twin.remediation.disposal import dispose
from twin.remediation.policy import Policy
from twin.remediation.situation import Situation

MOST = 6
"""Choices of a policy that go on to be judged beside everybody else's."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What would be done, each alone, the cheapest first. `said`: see Proposals."""

    actions: tuple[tuple[Action, ...], ...] = ()
    said: str = ""


def advice(policy: Policy, situation: Situation) -> Advice:
    """Up to MOST of what `policy` proposes; what does not beat waiting is none.

    Raises:
        Refused: the policy proposes what may not be done.
    """
    proposals = policy.propose(situation)
    tried = dispose(situation, proposals).tried
    better = [number for number in tried if number != WAIT and tried[number] < tried[WAIT]]
    ranked = sorted(better, key=lambda number: (round(tried[number], 9), number))
    return Advice(tuple(situation.action(number) for number in ranked[:MOST]), proposals.said)
