"""All that is allowed, in an order that means nothing."""

import zlib

import numpy as np

from twin.physics.compiled import IntArray
from twin.remediation.situation import Situation


def at_random(situation: Situation) -> IntArray:
    """See Order. Drawn from the situation itself, so that the same one gives the same order."""
    weights = zlib.crc32(situation.search.nothing.weights.tobytes())
    rng = np.random.default_rng((int(situation.now_s), weights))
    return rng.permutation(situation.allowed)
