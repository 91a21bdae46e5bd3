"""How good an order is: what the best of its first so many saves, of what can be saved."""

import numpy as np

from evals.policy_training.states import Labelled
from twin.physics.compiled import FloatArray, IntArray

FIRST = (1, 8, 16, 32, 64, 128, 256)


def share_held(ordered: IntArray, state: Labelled) -> FloatArray:
    """Of what the best choice of `state` saves, the share that the best of the first 1, 8, ... of
    `ordered` does, (len(FIRST),). What costs more than to wait saves nothing.

    `ordered`: all that is allowed but to wait, in that order.
    """
    best_so_far = np.maximum.accumulate(np.maximum(state.saved[ordered].astype(np.float64), 0.0))
    last = np.minimum(np.array(FIRST), len(ordered)) - 1
    return np.asarray(best_so_far[last] / best_so_far[-1])
