"""What may come next in a sentence, so that what is complete is a day that can be."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from twin.imagination.days import BEGIN, DELAYS_S, DEMANDS, NOTHING, Timed, point_of
from twin.imagination.generators.generator import Point
from twin.imagination.language.lexicon import Ids, Lexicon
from twin.imagination.language.vocabulary import END, ID, KINDS, NONE
from twin.imagination.scenario_space import ScenarioSpace
from twin.nouns.risk_scenario import MOST_EVENTS

Mask = NDArray[np.bool_]

_HOUR, _DEMAND, _AFTER = ID["hour 0"], ID["demand 0"], ID["after 0"]
_SURGE, _WORK = 2, 3


class Composing:
    """One sentence of `space`, word by word."""

    def __init__(self, space: ScenarioSpace, lexicon: Lexicon) -> None:
        self._space, self._lexicon = space, lexicon
        self.conditions, self.events = list[int](), list[Timed]()
        self._delay: int | None = 0
        self._can = _can(space, lexicon)
        """(strikes,) that may still strike."""
        self._open: Mask | None = None
        """(strikes,) those that begin with the words since `_at`; None between two of them."""
        self._at = 0
        self.is_complete = False

    @property
    def point(self) -> Point:
        """The day, once it is complete."""
        return point_of(self.conditions, self.events)

    @property
    def is_after_event(self) -> bool:
        """Whether an event has just struck that need not be the last."""
        return self._delay is None and not self.is_complete

    def allowed(self) -> Ids:
        """The words that may come next; none where it cannot be ended."""
        given = len(self.conditions)
        if given < _SURGE:
            return self._of_figure(given)
        if given < BEGIN:
            return self._of_lasting(given)
        if self._delay is None:
            return self._of_delay()
        return self._of_strike(self._of_event() if self._open is None else self._open)

    def take(self, word: int) -> None:
        """Go on with `word`, which is allowed."""
        given = len(self.conditions)
        if given < _SURGE:
            self.conditions.append(word - (_HOUR, _DEMAND)[given])
        elif given < BEGIN and word == ID[NONE]:
            self._settle(NOTHING)
        elif word == ID[END]:
            self.is_complete = True
        elif self._delay is None:
            self._delay = word - _AFTER
        else:
            self._take_of_strike(word)

    def _take_of_strike(self, word: int) -> None:
        given = len(self.conditions)
        before = self._open
        if before is None:
            before = self._lasting(given) if given < BEGIN else self._of_event()
        self._open = before & (self._lexicon.words[:, self._at] == word)
        self._at += 1
        found = np.flatnonzero(self._open)
        if len(found) == 1 and len(self._lexicon.said(int(found[0]))) == self._at:
            self._settle(int(found[0]))

    def _settle(self, strike: int) -> None:
        """What was being said is `strike`."""
        self._open, self._at = None, 0
        if len(self.conditions) < BEGIN:
            self.conditions.append(strike)
            if strike != NOTHING:
                self._can = self._can & ~self._lexicon.same_subject(strike)
            return
        assert self._delay is not None
        self.events.append((strike, self._delay))
        self._delay = None
        self._can = self._can & ~self._lexicon.excluded(strike)
        if self._lexicon.floods[strike]:
            self._can = self._can & ~self._lexicon.floods
        self.is_complete = len(self.events) == (len(self._space.kinds) or MOST_EVENTS)

    def _of_figure(self, place: int) -> Ids:
        fixed = self._space.fixed[place]
        count, first = ((24, _HOUR), (len(DEMANDS), _DEMAND))[place]
        return first + (np.arange(count) if fixed is None else np.array([fixed]))

    def _of_lasting(self, place: int) -> Ids:
        if self._open is not None:
            return self._of_strike(self._open)
        fixed = self._space.fixed[place]
        if fixed == NOTHING:
            return np.array([ID[NONE]])
        begins = self._of_strike(self._lasting(place))
        return begins if fixed is not None else np.append(begins, ID[NONE])

    def _lasting(self, place: int) -> Mask:
        """What may be under way: not what is under way already."""
        strikes, fixed = self._space.strikes, self._space.fixed[place]
        among = strikes.surges if place == _SURGE else strikes.works
        can = np.zeros(len(strikes.all), dtype=np.bool_)
        can[list(among if fixed is None else (fixed,))] = True
        can &= self._lexicon.has_words
        for other in self.conditions[_SURGE:]:
            if other != NOTHING:
                can &= ~self._lexicon.same_subject(other)
        return can

    def _of_event(self) -> Mask:
        left = Counter(self._space.kinds)
        left.subtract(self._space.strikes.all[event].fault.kind for event, _ in self.events)
        wanted = [ID[kind] for kind, count in left.items() if count > 0]
        if not self._space.kinds:
            return self._can
        return np.asarray(self._can & np.isin(self._lexicon.kinds, wanted))

    def _of_delay(self) -> Ids:
        last = self.events[-1][1]
        more = _AFTER + np.arange(last, len(DELAYS_S))
        if not self._of_event().any():
            more = more[:0]
        # All the kinds that are wanted have to come.
        return more if self._space.kinds else np.append(more, ID[END])

    def _of_strike(self, candidates: Mask) -> Ids:
        return np.unique(self._lexicon.words[candidates, self._at])


def _can(space: ScenarioSpace, lexicon: Lexicon) -> Mask:
    if not space.kinds:
        return lexicon.has_words
    wanted = [ID[kind] for kind in space.kinds if kind in KINDS]
    return np.asarray(np.isin(lexicon.kinds, wanted) & lexicon.has_words)
