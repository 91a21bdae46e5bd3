"""Remedies by local search: one change is taken back at random, and good ones are made."""

from collections.abc import Callable, Sequence

import numpy as np

from twin.events.action import Action
from twin.remedies.search import MOST_CHANGES, Position, RemedySearch

_OF_BEST = 3
"""The next change is one of so many of the best."""

_ASTRAY = 1.2
"""Beyond so many times the cost of the best that was found, the search goes back to it."""


def local_search(
    search: RemedySearch,
    start: Sequence[Action],
    rng: np.random.Generator,
    goes_on: Callable[[], bool],
) -> Position:
    """The best that is found from `start`; whether it `goes_on` is asked before each step."""
    position = best = search.after(start)
    while goes_on():
        actions = list(position.actions)
        if actions:
            del actions[int(rng.integers(len(actions)))]
        position = search.after(actions)
        while len(position.actions) < MOST_CHANGES:
            expansion = search.expand(position)
            moves = expansion.best(_OF_BEST, position.cost)
            if not moves:
                break
            position = search.child(position, expansion, moves[int(rng.integers(len(moves)))])
        if position.cost < best.cost:
            best = position
        elif position.cost > _ASTRAY * best.cost:
            position = best
    return best
