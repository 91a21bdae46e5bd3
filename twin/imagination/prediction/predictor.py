"""A predictor says what fails next after the events so far; what failing means is a question."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from twin.events.fault import AnyFault
from twin.nouns.state import NetworkState
from twin.physics.compiled import FloatArray
from twin.physics.twin import Twin

SERVICE, LINK, NONE = 0, 1, 2
"""Kinds of answers."""

BoolArray = NDArray[np.bool_]

NOTHING = "nothing"
"""What is next where nothing is, up to the horizon; the last answer to every question."""


@dataclass(frozen=True, eq=False)
class Struck:
    """A network after the events so far. `base`: before them, at the demand of now. `levels`:
    (steps,) demand from now up to the horizon, relative to it, a quarter of an hour each. `as_is`:
    what is known of it now, where that is more than the events on top of `base`.
    """

    twin: Twin
    base: NetworkState
    events: tuple[AnyFault, ...]
    levels: FloatArray
    as_is: NetworkState | None = None

    @cached_property
    def state(self) -> NetworkState:
        """With the events in force, at the demand of now."""
        if self.as_is is not None:
            return self.as_is
        state = self.base
        for event in self.events:
            state = event.after(state)
        return state

    @property
    def highest(self) -> float:
        """The highest of the levels."""
        return float(self.levels.max())

    @cached_property
    def gone(self) -> tuple[int, ...]:
        """Places of the links that the events have taken down."""
        index = self.state.topology.link_index
        return tuple(sorted(index[x] for x in self.state.down_links - self.base.down_links))


class Question(Protocol):
    """What may be next, and when it is. Answers are names, with NOTHING behind them.

    `exclusive`: whether one answer alone comes true.
    """

    name: ClassVar[str]
    exclusive: ClassVar[bool]

    def answers(self, twin: Twin) -> Sequence[str]:
        """All that may be next, NOTHING included: (A,)."""
        ...

    def open(self, struck: Struck) -> BoolArray:
        """(A,) which of them are still possible: what has failed already is not next."""
        ...

    def relies_on(self, struck: Struck, ways: Sequence[NetworkState]) -> BoolArray:
        """(A, n_arcs) the egresses that each answer depends on in any of `ways`."""
        ...

    def traits(self, struck: Struck) -> FloatArray:
        """(A, T) what else is known of each answer; the first is its kind."""
        ...

    def drawn(self, struck: Struck, count: int, seed: int) -> BoolArray:
        """(count, A) what is first in each draw of what is not known; several where they fail at
        the same step.
        """
        ...


class Predictor(Protocol):
    """Gives each answer a probability. What is not open has none."""

    name: ClassVar[str]

    def predict(self, struck: Struck, question: Question) -> FloatArray:
        """(A,) how probable it is that each answer is the next, or among those that are; that of
        NOTHING last.
        """
        ...
