"""A short list of a learned order; how long it is depends on the size of the network."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from twin.errors import Refused
from twin.physics.compiled import FloatArray, IntArray
from twin.remediation.choices import WAIT, count
from twin.remediation.policies.shortlist import first_of
from twin.remediation.policy import Proposals
from twin.remediation.ranking.seen import Seen, seen
from twin.remediation.situation import Situation

FIRST, FIRST_OF_LARGE = 32, 64
"""How many the twin tries."""

LARGE = 100
"""Nodes above which it tries more."""


Scorer = Callable[[Seen], FloatArray]
"""What has been learned: a score of each number, (count(n_arcs),), the higher the better."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Proposes the first `most` of `scorer`'s order (default: FIRST or FIRST_OF_LARGE), and what
    stands on every short list.
    """

    scorer: Scorer
    most: int | None = None

    def propose(self, situation: Situation) -> Proposals:
        """See Policy. Raises Refused: a score is no number, or there are too few or too many."""
        most = self.most
        if most is None:
            large = situation.twin.compiled.n_nodes > LARGE
            most = FIRST_OF_LARGE if large else FIRST
        return Proposals(first_of(self.order(situation), most, situation))

    def order(self, situation: Situation) -> IntArray:
        """All that is allowed but to wait, the most promising first. Raises Refused."""
        scores = self.scorer(seen(situation))
        numbers = count(situation.twin.compiled.n_arcs)
        if scores.shape != (numbers,) or not np.isfinite(scores).all():
            raise Refused(
                f"the ranker gave {scores.size} scores for {numbers} choices, "
                f"{int((~np.isfinite(scores)).sum())} of them not finite; its order is not used"
            )
        allowed = situation.allowed[situation.allowed != WAIT]
        return np.asarray(allowed[np.argsort(-scores[allowed], kind="stable")])
