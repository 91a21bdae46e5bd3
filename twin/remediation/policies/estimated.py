"""All that is allowed, by what a first-order estimate says that it saves; nothing is learned."""

import numpy as np

from twin.physics.compiled import IntArray
from twin.remediation.choices import WAIT
from twin.remediation.ranking.seen import seen
from twin.remediation.ranking.table import MOVES
from twin.remediation.situation import Situation

ESTIMATES = ("saves", "neighbours save", "next egress saves")
"""The figures of the ranker that are added up: what a change shifts at its node and one hop
before, priced as if it were little, and what the node's own egresses gain by it."""


def estimated(situation: Situation) -> IntArray:
    """See Order."""
    names = [figure.name for figure in MOVES]
    figures = seen(situation).moves[:, :, [names.index(name) for name in ESTIMATES]]
    scores = np.concatenate([[0.0], figures.sum(axis=2).ravel()])
    allowed = situation.allowed[situation.allowed != WAIT]
    return np.asarray(allowed[np.argsort(-scores[allowed], kind="stable")])
