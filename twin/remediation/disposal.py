"""The twin tries what a policy proposes, and takes the cheapest: nothing untried is ever done."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from twin.errors import Refused
from twin.remediation.choices import WAIT
from twin.remediation.policy import Proposals
from twin.remediation.situation import Situation
from twin.remedies.screening import KEPT
from twin.remedies.search import BETTER


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done in a situation. `tried`: the expected cost of each choice that the twin has
    tried to the end, by number, to wait among them.

    Raises:
        Refused: the choice was not tried, or to wait is cheaper.
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
    numbers = np.concatenate([[WAIT], numbers])
    forecasts = situation.forecasts(numbers, proposals.over)
    # Rounded, so that of choices that are equal but for rounding the one with more room is first.
    order = numbers[np.lexsort((numbers, forecasts.highest, forecasts.cost.round(9)))].tolist()
    if situation.priced == "loads":
        tried = dict(zip(numbers.tolist(), forecasts.cost.tolist(), strict=True))
    else:
        # As in screening: offered loads say what is worth judging with queues and services.
        limits = [number for number in order if number in situation.limits]
        order = list(dict.fromkeys([*order[:KEPT], *limits]))
        tried = {n: situation.judged(n, proposals.over) for n in (WAIT, *order)}
    best = min(order, key=lambda number: round(tried[number], 9))
    return Decision(best if tried[best] < tried[WAIT] - BETTER else WAIT, tried)
