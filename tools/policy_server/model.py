"""The weights as a server runs them: several requests a call, one graph after another."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tools.policy_server.wire import pack_scores, unpack
from tools.ranker.card import SHIPPED, read_card
from tools.ranker.opening import open_ranker
from twin.errors import NoctuaError, Refused
from twin.physics.compiled import FloatArray
from twin.remediation.choices import SLOTS, count
from twin.remediation.ranking.seen import Figures, Seen
from twin.remediation.ranking.table import ARCS, MOVES, NETWORK, NODES


class ServedModel:
    """The ranker of `card`, whose weights have the digest that it says.

    Raises:
        BadInput: see `open_ranker`.
    """

    def __init__(self, card: Path = SHIPPED) -> None:
        self.digest = read_card(card).sha256
        self._scorer = open_ranker(card)
        self._expected = self._scorer(two_nodes())

    def scores(self, bodies: Sequence[bytes]) -> list[bytes | NoctuaError]:
        """The packed scores of each of `bodies`, or why there are none.

        The model has no batch dimension: graphs are scored one by one. What a call for several
        saves is the way from the event loop to the thread that computes, and back.
        """
        return [self._scored(body) for body in bodies]

    def check(self) -> None:
        """Score a small network. Raises Refused: it is not what it was when the model was read."""
        if not np.array_equal(self._scorer(two_nodes()), self._expected):
            raise Refused("the model does not score as it did when it was read")

    def _scored(self, body: bytes) -> bytes | NoctuaError:
        try:
            seen = unpack(body)
            return pack_scores(_finite(self._scorer(seen), len(seen.arcs)))
        except NoctuaError as error:
            return error


def _finite(scores: FloatArray, n_arcs: int) -> FloatArray:
    if scores.shape != (count(n_arcs),) or not np.isfinite(scores).all():
        raise Refused("the model gave scores that are not finite, or too few")
    return scores


def two_nodes() -> Seen:
    """The figures of two nodes and a link, of which all is usual and nothing known."""

    def zeros(*shape: int) -> Figures:
        return np.zeros(shape, dtype=np.float32)

    there, back = np.array([0, 1]), np.array([1, 0])
    return Seen(
        zeros(2, len(ARCS)), zeros(2, SLOTS, len(MOVES)), zeros(2, len(NODES)),
        zeros(len(NETWORK)), there, back, there[:, None], back[:, None],
    )  # fmt: skip
