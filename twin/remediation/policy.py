"""What plans or has learned what to do in a situation: it proposes, and the twin disposes."""

from dataclasses import dataclass
from typing import Protocol

from twin.physics.compiled import IntArray
from twin.remediation.situation import Situation
from twin.remedies.objective import Outlook


@dataclass(frozen=True, slots=True, eq=False)
class Proposals:
    """Choices that are worth trying, by number (`twin.remediation.choices`), the best first.

    `over`: the hours over which the twin compares them; None: all until the repair, as expected.
    `said`: what people are to be told of them, such as who of several proposes them.
    """

    numbers: IntArray
    over: Outlook | None = None
    said: str = ""


class Policy(Protocol):
    """Whatever proposes. It sees the situation and nothing else, and the same situation gives the
    same proposals, whatever was asked before.
    """

    def propose(self, situation: Situation) -> Proposals:
        """Each at most once, all allowed by the mask; none is to wait."""
        ...
