"""The twin tries what a policy proposes, and takes the cheapest: nothing untried is ever done."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from twin.errors import Refused
from twin.physics.compiled import IntArray
from twin.remediation.choices import WAIT
from twin.remediation.policy import Proposals
from twin.remediation.situation import Situation
from twin.remedies.objective import Outlook
from twin.remedies.screening import KEPT
from twin.remedies.search import BETTER


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done in a situation. `tried`: the expected cost of each choice that the twin has
    tried to the end, by number, to wait among them.

    Raises:
        Refused: the choice was not tried, or something that was is cheaper.
    """

    number: int
    tried: Mapping[int, float]

    def __post_init__(self) -> None:
        if self.number not in self.tried or WAIT not in self.tried:
            raise Refused(
                f"choice {self.number} was not tried on the twin; nothing untried is done"
            )
        if self.tried[self.number] > self.tried[WAIT]:
            raise Refused(f"choice {self.number} is forecast to cost more than to wait")


def dispose(situation: Situation, proposals: Proposals) -> Decision:
    """The cheapest of the proposals and of waiting, which wins unless something is better.

    Raises:
        Refused: a proposal may not be chosen here.
    """
    numbers = proposals.numbers[proposals.numbers != WAIT]
    outside = [
        n for n in numbers.tolist() if not (0 <= n < len(situation.mask)) or not situation.mask[n]
    ]
    if outside:
        raise Refused(f"choice {outside[0]} may not be taken here; the mask says which may")
    tried = _tried(situation, np.concatenate([[WAIT], numbers]), proposals.over)
    best = min(tried, key=lambda number: (round(tried[number], 9), number))
    return Decision(best if tried[best] < tried[WAIT] - BETTER else WAIT, tried)


def _tried(situation: Situation, numbers: IntArray, over: Outlook | None) -> dict[int, float]:
    costs = situation.costs(numbers, over)
    if situation.priced == "loads":
        return dict(zip(numbers.tolist(), costs.tolist(), strict=True))
    # As in screening: offered loads say what is worth judging with queues and services.
    kept = numbers[np.argsort(costs, kind="stable")[:KEPT]].tolist()
    limits = [n for n in numbers.tolist() if n in situation.limits]
    return {n: situation.judged(n, over) for n in dict.fromkeys([WAIT, *kept, *limits])}
