"""What may be done in one quarter of an hour, as one number.

0 is to wait. Every arc has SLOTS further numbers, one after the other in the order of the
topology: a weight of its egress at each of WEIGHT_LEVELS, and one for each of what comes after
them in `Slot`. What is done to a link, both ends, has its number at the link's first arc.
"""

from enum import IntEnum

import numpy as np

from twin.events.action import Action
from twin.nouns.topology import Topology
from twin.physics.compiled import IntArray
from twin.remedies.moves import WEIGHT_LEVELS, Moves, level_weights

WAIT = 0

NONE = -1
"""No number."""


class Slot(IntEnum):
    """What is done at an arc besides setting a weight, whose slot is its level.

    `REVERT`: the egress runs again what is intended. `LIMIT`: best effort is limited there to what
    the other classes leave of its share.
    """

    DRAIN = len(WEIGHT_LEVELS)
    UNDRAIN = DRAIN + 1
    REVERT = DRAIN + 2
    LIMIT = DRAIN + 3


SLOTS = Slot.LIMIT + 1


def choice(arc: int, slot: int) -> int:
    """The number of what `slot` does at `arc`."""
    return 1 + SLOTS * arc + slot


def place(number: int) -> tuple[int, int]:
    """Arc and slot of a number other than WAIT."""
    return divmod(number - 1, SLOTS)


def count(n_arcs: int) -> int:
    """How many numbers there are."""
    return 1 + SLOTS * n_arcs


def numbers_of(moves: Moves, weights: IntArray, topology: Topology) -> IntArray:
    """The number of each of `moves` from where `weights` are advertised, (M,); NONE of a weight at
    no level, which keeps traffic off an egress that loses it.
    """
    if not len(moves):
        return np.zeros(0, dtype=np.int64)
    arcs = moves.changes.arcs[moves.changes.first[:-1]]
    same = moves.changes.weights[moves.changes.first[:-1], None] == level_weights(weights)
    # Of levels that come to the same weight the lowest stands for all.
    slots = np.where(moves.drains >= 0, int(Slot.DRAIN), same.argmax(axis=1))
    numbers = 1 + SLOTS * arcs + slots
    numbers[(moves.drains < 0) & ~same.any(axis=1)] = NONE
    for i in range(moves.first_other, len(moves)):
        number = number_of(moves.action(i), weights, topology)
        assert number is not None  # of undrains and reverts each has one
        numbers[i] = number
    return np.asarray(numbers)


def number_of(action: Action, weights: IntArray, topology: Topology) -> int | None:
    """The number of `action` where `weights` are advertised; None if it has none, such as a weight
    at no level.
    """
    tried = action.tried(topology)
    if tried is None:
        return None
    if tried.what != "weight":
        return choice(tried.arc, Slot[tried.what.upper()])
    at = np.flatnonzero(level_weights(weights) == tried.weight)
    return choice(tried.arc, int(at[0])) if at.size else None
