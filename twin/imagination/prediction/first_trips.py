"""The reference question: which link is fullest beyond its capacity, where links trip there.

Links of IP networks do not trip. The question is kept since its answer is exact.
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from twin.imagination.prediction.predictor import LINK, NONE, NOTHING, BoolArray, Struck
from twin.nouns.state import NetworkState
from twin.physics.compiled import FloatArray
from twin.physics.questions import offered_totals
from twin.physics.twin import Twin


class FirstTrips:
    """Answers are links, at the highest level of demand; nothing is drawn, demand is as expected.

    Where several links trip in one round, the fullest counts as the first.
    """

    name: ClassVar[str] = "trips"
    exclusive: ClassVar[bool] = True

    def answers(self, twin: Twin) -> Sequence[str]:
        """See Question."""
        return (*(link.id for link in twin.inventory.topology.links), NOTHING)

    def open(self, struck: Struck) -> BoolArray:
        """See Question: links that are up."""
        state = struck.state
        return np.array([*(state.is_usable(link.id) for link in state.topology.links), True])

    def relies_on(self, struck: Struck, ways: Sequence[NetworkState]) -> BoolArray:
        """See Question: a link on both of its egresses, NOTHING on all."""
        links = len(struck.state.topology.links)
        own = np.repeat(np.eye(links, dtype=np.bool_), 2, axis=1)
        return np.vstack([own, np.ones((1, 2 * links), dtype=np.bool_)])

    def traits(self, struck: Struck) -> FloatArray:
        """See Question: the kind alone."""
        return np.array([[LINK]] * len(struck.state.topology.links) + [[NONE]], dtype=np.float64)

    def drawn(self, struck: Struck, count: int, seed: int) -> BoolArray:
        """See Question."""
        found = np.zeros((count, len(struck.state.topology.links) + 1), dtype=np.bool_)
        full = (struck.highest * offered_totals(struck.twin, struck.state)) / (
            struck.twin.compiled.capacity_bps
        )
        by_link = full.reshape(-1, 2).max(axis=1)
        first = int(by_link.argmax())
        found[:, first if by_link[first] > 1.0 else -1] = True
        return found
