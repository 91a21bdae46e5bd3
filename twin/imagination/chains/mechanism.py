"""A mechanism says what follows from what is so; which of it comes true is drawn."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np

from twin.nouns.chain import ChainRates, Happening
from twin.nouns.state import NetworkState
from twin.physics.assessment import Assessment
from twin.physics.twin import Twin


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The network at one instant, and the twin that knows what is built there."""

    twin: Twin
    state: NetworkState
    assessment: Assessment

    @classmethod
    def of(cls, twin: Twin, state: NetworkState) -> "Seen":
        """`state`, assessed."""
        return cls(twin, state, twin.assess(state))


At = Callable[[float], tuple[Twin, NetworkState]]
"""The network with what is in force at one instant, at any level of demand."""


@dataclass(frozen=True, eq=False)
class Moment:
    """A while in which nothing begins or ends, from `begin_s` to `end_s`.

    `happenings`: all so far, by whose places `in_force` tells what holds, and `began` and `ended`
    what did so at `begin_s`. `at`: with what is in force; `at_before`: with what was just before;
    `at_without`: had one of them not happened. `level`: of demand at a time of the day, relative to
    its start. `is_protected`: whether control traffic has a queue of its own.
    """

    begin_s: float
    end_s: float
    happenings: Sequence[Happening]
    in_force: Sequence[int]
    began: Sequence[int]
    ended: Sequence[int]
    at: At
    at_before: At
    at_without: Callable[[int], At]
    level: Callable[[float], float]
    is_protected: bool
    rates: ChainRates

    @cached_property
    def now(self) -> Seen:
        """The network as the moment begins."""
        return Seen.of(*self.at(self.level(self.begin_s)))

    @cached_property
    def before(self) -> Seen:
        """The network just before."""
        return Seen.of(*self.at_before(self.level(self.begin_s)))

    def follow(self, cause: int | None, happening: Happening) -> Happening:
        """`happening` as an effect of what has the place `cause`, of the conditions if None."""
        depth = 1 if cause is None else self.happenings[cause].depth + 1
        return happening.model_copy(update={"cause": cause, "depth": depth})


class Mechanism(Protocol):
    """One way in which things follow from each other.

    `memoryless`: it may strike at any time, so that it is drawn anew where something else comes
    first; others are decided once, when something begins or ends.
    """

    name: ClassVar[str]
    memoryless: ClassVar[bool]

    def follows(self, moment: Moment, numbers: np.random.Generator) -> Iterable[Happening]:
        """What follows, each with its cause: within the moment where it is memoryless, at any time
        from its begin on where it is not.
        """
        ...
