"""What lines of the register would cost with each change of what is built."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any

from twin.imagination.elements import elements_of
from twin.imagination.enumeration import Reckoner
from twin.imagination.hardening_options import (
    Option,
    Reckon,
    Sought,
    built,
    harmless,
    members_of,
    weighted,
)
from twin.imagination.regimes import Regime
from twin.nouns.base import Noun
from twin.nouns.common_cause import CommonCause
from twin.nouns.rates import History, Rates
from twin.nouns.risk import Hardened, HardeningCosts
from twin.nouns.state import NetworkState
from twin.physics.twin import Twin

TOLD = 3
"""Changes that are told of a line."""

_LEAST = 0.01
"""A change that saves less of a line is not told."""

Names = tuple[str, ...]
"""The elements of a line."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a network is reckoned by."""

    rates: Rates
    history: History
    causes: tuple[CommonCause, ...]
    regimes: tuple[Regime, ...]

    @property
    def reckon(self) -> Reckon:
        """What may fail of a topology."""
        return partial(elements_of, rates=self.rates, history=self.history, causes=self.causes)


class LineMinutes(Noun):
    """Service-minutes in breach a year of each of several lines, of all that it hits."""

    minutes: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class HardeningTask:
    """What `lines` cost with `option`, for a runner to find: nothing where an element of one is no
    more.
    """

    base: NetworkState
    option: Option
    known: Known
    lines: tuple[Names, ...]

    @property
    def name(self) -> str:
        """See Task."""
        return self.option.what or "nothing is built"

    def content(self) -> dict[str, Any]:
        """See Task."""
        return {
            "what": self.option.what,
            "rates": self.known.rates.model_dump(mode="json"),
            "history": self.known.history.model_dump(mode="json"),
            "causes": [cause.model_dump(mode="json") for cause in self.known.causes],
            "regimes": [[regime.level, regime.share] for regime in self.known.regimes],
            "lines": self.lines,
        }

    def play(self, twin: Twin, before_step: Callable[[], None]) -> LineMinutes:
        """See Task."""
        before_step()
        state, elements = self.option.state, self.option.elements(self.known.reckon)
        place = {element.name for element in elements}
        there = [line for line in self.lines if place.issuperset(line)]
        reckoner = Reckoner(twin.of(state), state, elements, self.known.regimes)
        minutes = dict(zip(there, reckoner.minutes(list(members_of(elements, there))), strict=True))
        return LineMinutes(minutes=tuple(minutes.get(line, 0.0) for line in self.lines))


def options_for(
    twin: Twin, state: NetworkState, known: Known, lines: Sequence[Names]
) -> list[Option]:
    """Nothing, and every change that is tried against `lines`: where they or their parts fail or
    fill a link.
    """
    now, reckon = Option.nothing(state), known.reckon
    sets = dict.fromkeys(
        part for line in lines for n in range(1, len(line) + 1) for part in combinations(line, n)
    )
    sought = Sought.by(twin, now, reckon, known.regimes, list(sets))
    weights = harmless(twin, now, reckon, list(weighted(now, 1.0, sought)))
    return [now, *built(now, reckon, HardeningCosts(), sought), *weights]


def options_named(state: NetworkState, known: Known, names: Sequence[str]) -> list[Option]:
    """Nothing, and those of these names that can be built still."""
    now, reckon = Option.nothing(state), known.reckon
    sought = Sought.anywhere(state, now.elements(reckon))
    every = (*built(now, reckon, HardeningCosts(), sought), *weighted(now, 1.0, sought))
    return [now, *(option for option in every if option.what in names)]


def effects(options: Sequence[Option], found: Sequence[LineMinutes]) -> list[tuple[Hardened, ...]]:
    """Of each line the changes that save most, by what was `found` of each of `options`, the first
    of which is nothing.
    """
    minutes = [one.minutes for one in found]
    before = minutes[0]
    return [
        _most(
            [
                Hardened(what=option.what, effectiveness=1.0 - after[i] / before[i])
                for option, after in zip(options[1:], minutes[1:], strict=True)
            ]
            if before[i] > 0.0
            else []
        )
        for i in range(len(before))
    ]


def _most(changes: Sequence[Hardened]) -> tuple[Hardened, ...]:
    ranked = sorted(changes, key=lambda one: -one.effectiveness)
    return tuple(one for one in ranked[:TOLD] if one.effectiveness >= _LEAST)
