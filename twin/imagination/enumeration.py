"""Every failure, every two at once, and every two while something is in planned work: exactly.

Elements fail independently of each other; what they share is an element of its own. So the share of
all hours in which a set is down is known, and what it costs then the engine finds, at a few levels
of demand. A set costs what none of its parts costs by itself: what a device costs is counted once,
and not with everything that may be down beside it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from twin.events.what_if import WhatIf
from twin.imagination.elements import Element
from twin.imagination.regimes import Regime
from twin.nouns.rates import HOURS_A_YEAR
from twin.nouns.state import NetworkState
from twin.physics.twin import Twin
from twin.whatif.engine import WhatIfEngine

MOST_SETS = 40_000
"""Sets that are looked at unless told otherwise: some milliseconds each at 50 nodes."""

MINUTES_A_YEAR = 60.0 * HOURS_A_YEAR

_AT_ONCE = 256

_MARGIN = 1.15
"""So many times the highest demand: loads are forecast no better than that (assumed)."""

Members = tuple[int, ...]
"""Positions among the elements."""


@dataclass(frozen=True, slots=True, eq=False)
class Costed:
    """Elements that are down together, whatever else is.

    `share`: of all hours, those in which all have failed. `share_in_work`: those in which one is in
    planned work and the others have failed. `hit`: bool (regimes, services), in breach then, and
    not without any of it. `beyond`: of these, those that no part of the set hits by itself.
    `slo_minutes`: of them, expected a year; of which `in_work`.
    """

    members: Members
    share: float
    share_in_work: float
    hit: NDArray[np.bool_]
    beyond: NDArray[np.bool_]
    slo_minutes: float
    in_work: float


@dataclass(frozen=True, slots=True, eq=False)
class Enumerated:
    """What was looked at, what costs most first. `left_slo_minutes`: of all other sets together, at
    most.
    """

    elements: tuple[Element, ...]
    regimes: tuple[Regime, ...]
    sets: tuple[Costed, ...]
    left_slo_minutes: float


def enumerated(
    twin: Twin,
    state: NetworkState,
    elements: Sequence[Element],
    regimes: Sequence[Regime],
    *,
    lines: int,
    most: int = MOST_SETS,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Enumerated:
    """Look at what may fail in `state`, whose demand is that of the peak.

    All single elements, the likeliest pairs up to `most` sets, and three elements of which one is
    in work where they may cost as much as the last of `lines`. `progress` is told how many sets are
    looked at of how many.
    """
    judge, chances = _Judge(twin, state, elements, regimes), _Chances(elements)
    first = chances.in_order(most)
    found = dict[Members, Costed]()

    def look(sets: Sequence[Members], total: int) -> None:
        for i in range(0, len(sets), _AT_ONCE):
            part = sets[i : i + _AT_ONCE]
            found.update(_costed(judge, chances, part, found))
            progress(len(found), total)

    look(first, len(first))
    worth = sorted((one.slo_minutes for one in found.values()), reverse=True)
    least = worth[lines - 1] if len(worth) >= lines else 0.0
    if least > 0.0:
        threes = chances.threes(least / judge.most_a_year)[:most]
        look(threes, len(first) + len(threes))
    return Enumerated(
        tuple(elements),
        tuple(regimes),
        tuple(sorted(found.values(), key=lambda one: (-one.slo_minutes, one.members))),
        judge.most_a_year * chances.left(found.values()),
    )


def one_set(
    twin: Twin,
    state: NetworkState,
    elements: Sequence[Element],
    regimes: Sequence[Regime],
    members: Members,
) -> Enumerated:
    """That set alone, as among all others."""
    parts = [p for size in range(1, len(members) + 1) for p in combinations(members, size)]
    found = reckoned(twin, state, elements, regimes, parts)
    return Enumerated(tuple(elements), tuple(regimes), (found[members],), 0.0)


def reckoned(
    twin: Twin,
    state: NetworkState,
    elements: Sequence[Element],
    regimes: Sequence[Regime],
    sets: Sequence[Members],
) -> dict[Members, Costed]:
    """Those `sets`, as among all others; they hold all parts of each of them."""
    return Reckoner(twin, state, elements, regimes).costs(sets)


class Reckoner:
    """Reckons sets of `elements` again and again, each time with something else changed before."""

    def __init__(
        self,
        twin: Twin,
        state: NetworkState,
        elements: Sequence[Element],
        regimes: Sequence[Regime],
    ) -> None:
        self._judge, self._chances = _Judge(twin, state, elements, regimes), _Chances(elements)
        peak = max(regime.level for regime in regimes)
        more = Regime("more than ever", _MARGIN * peak, 0.0)
        self._with_margin = _Judge(twin, state, elements, (more,))

    def costs(self, sets: Sequence[Members], changed: WhatIf = ()) -> dict[Members, Costed]:
        """Those `sets`, as among all others, once `changed`; they hold all parts of each."""
        return _all_costed(self._judge.after(changed), self._chances, sets)

    def minutes(self, sets: Sequence[Members]) -> list[float]:
        """(S,) service-minutes in breach a year of all that each set hits, whatever its parts hit
        by themselves.
        """
        hits = self._judge.hit(sets)
        return [
            self._judge.slo_minutes(hit, *self._chances.shares(members))[0]
            for members, hit in zip(sets, hits, strict=True)
        ]

    def in_breach(self, sets: Sequence[Members]) -> NDArray[np.float64]:
        """(S,) services in breach while all of a set is down, and not otherwise, over all hours."""
        return np.array([self._judge.mean(hit) for hit in self._judge.hit(sets)])

    def shares(self, sets: Sequence[Members]) -> NDArray[np.float64]:
        """(S, services) of all hours, those in which each would be in breach were all of a set down
        all the time, and not otherwise.
        """
        return np.stack([self._judge.by_service(hit) for hit in self._judge.hit(sets)])

    def usual(self) -> NDArray[np.float64]:
        """(services,) of all hours, those in which each is in breach though nothing has failed."""
        return self._judge.by_service(np.stack(self._judge.usual))

    def hits(self, members: Members) -> NDArray[np.bool_]:
        """(regimes, services): in breach while all of it is down, and not otherwise."""
        return next(self._judge.hit([members]))

    def breaks(self, changed: Sequence[WhatIf]) -> list[bool]:
        """Whether each, where nothing fails, breaks an objective that is kept without it, with
        somewhat more demand than ever.
        """
        return [bool(hit.any()) for hit in self._with_margin.hit_by(changed)]


def _all_costed(
    judge: "_Judge", chances: "_Chances", sets: Sequence[Members]
) -> dict[Members, Costed]:
    found = dict[Members, Costed]()
    for size in sorted({len(members) for members in sets}):
        of_size = [members for members in sets if len(members) == size]
        for i in range(0, len(of_size), _AT_ONCE):
            found.update(_costed(judge, chances, of_size[i : i + _AT_ONCE], found))
    return found


def _costed(
    judge: "_Judge",
    chances: "_Chances",
    sets: Sequence[Members],
    known: Mapping[Members, Costed],
) -> Iterator[tuple[Members, Costed]]:
    """`known`: all smaller sets that were looked at."""
    for members, hit in zip(sets, judge.hit(sets), strict=True):
        beyond = hit.copy()
        for size in range(1, len(members)):
            for part in combinations(members, size):
                if part in known:
                    beyond &= ~known[part].hit
        share, in_work = chances.shares(members)
        a_year, beside_work = judge.slo_minutes(beyond, share, in_work)
        yield members, Costed(members, share, in_work, hit, beyond, a_year, beside_work)


class _Judge:
    """What a set costs while it is down."""

    def __init__(
        self,
        twin: Twin,
        state: NetworkState,
        elements: Sequence[Element],
        regimes: Sequence[Regime],
    ) -> None:
        self._elements = elements
        self._shares = np.array([regime.share for regime in regimes])
        self._engines = [
            WhatIfEngine(
                replace(state, traffic=state.traffic.scaled(regime.level)),
                twin.services,
                twin.parameters,
                twin.compiled,
                twin.route(state),
            )
            for regime in regimes
        ]
        self._changed: WhatIf = ()
        self._usual = self._breached(())
        self.most_a_year = MINUTES_A_YEAR * len(twin.services.services)

    def after(self, changed: WhatIf) -> "_Judge":
        """The same once `changed`."""
        other = copy(self)
        other._changed, other._usual = changed, self._breached(changed)
        return other

    def _breached(self, what_if: WhatIf) -> list[NDArray[np.bool_]]:
        return [engine.verdicts([what_if]).levels.in_breach[0] for engine in self._engines]

    def hit(self, sets: Sequence[Members]) -> Iterator[NDArray[np.bool_]]:
        """Of each of `sets`: bool (regimes, services)."""
        yield from self.hit_by(
            [sum((self._elements[i].event for i in members), self._changed) for members in sets]
        )

    def hit_by(self, what_ifs: Sequence[WhatIf]) -> Iterator[NDArray[np.bool_]]:
        """Of each of `what_ifs`, which begin with what is changed: bool (regimes, services)."""
        by_regime = [
            engine.verdicts(what_ifs).levels.in_breach & ~usual
            for engine, usual in zip(self._engines, self._usual, strict=True)
        ]
        yield from np.stack(by_regime, axis=1)

    @property
    def usual(self) -> list[NDArray[np.bool_]]:
        """Of each regime: (services,) in breach though nothing has failed."""
        return self._usual

    def by_service(self, hit: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(services,) over all hours, of (regimes, services)."""
        return np.asarray(self._shares @ hit)

    def mean(self, hit: NDArray[np.bool_]) -> float:
        """Of how many services are hit, (regimes, services), over all hours."""
        return float(self._shares @ hit.sum(axis=1))

    def slo_minutes(
        self, hit: NDArray[np.bool_], share: float, in_work: float
    ) -> tuple[float, float]:
        """A year, of what is down for `share` of all hours at any time of day, and besides for
        `in_work` at the hours of least demand; and of that alone.
        """
        count = hit.sum(axis=1)
        beside_work = MINUTES_A_YEAR * in_work * float(count[0])
        return MINUTES_A_YEAR * share * float(self._shares @ count) + beside_work, beside_work


class _Chances:
    """How much of all hours a set is down."""

    def __init__(self, elements: Sequence[Element]) -> None:
        self._links = [element.links for element in elements]
        self._down = np.array([element.share_down for element in elements])
        self._work = np.array([element.share_in_work for element in elements])

    def shares(self, members: Members) -> tuple[float, float]:
        """All have failed; one of several is in work, and the others have failed."""
        down, work = self._down[list(members)], self._work[list(members)]
        if len(members) == 1:
            return float(down[0]), 0.0
        others = np.array([np.prod(np.delete(down, i)) for i in range(len(members))])
        return float(np.prod(down)), float(work @ others)

    def in_order(self, most: int) -> list[Members]:
        """All single elements, and pairs, none within the other, the likeliest first."""
        count = len(self._down)
        first, second = np.nonzero(np.triu(self._apart, 1))
        likeliest = np.argsort(-self._pair_shares()[first, second], kind="stable")
        chosen = likeliest[: max(0, most - count)]
        pairs = zip(first[chosen].tolist(), second[chosen].tolist(), strict=True)
        return [*((i,) for i in range(count)), *pairs]

    def threes(self, least: float) -> list[Members]:
        """Three elements that are down, one in work or none, for `least` of all hours or more; the
        likeliest first.
        """
        down, work, found = self._down, self._work, list[tuple[float, Members]]()
        pairs, both = self._pair_shares(), np.outer(down, down)
        for i in range(len(down) - 2):
            share = down[i] * pairs[i + 1 :, i + 1 :] + work[i] * both[i + 1 :, i + 1 :]
            own = self._apart[i, i + 1 :]
            apart = self._apart[i + 1 :, i + 1 :] & own & own[:, None]
            for j, k in np.argwhere(np.triu(apart & (share >= least), 1)).tolist():
                found.append((-float(share[j, k]), (i, i + 1 + j, i + 1 + k)))
        return [members for _, members in sorted(found)]

    def left(self, looked_at: Iterable[Costed]) -> float:
        """Of all hours, those in which sets are down that are not `looked_at`, at most.

        Every hour is counted for each set that is down in it, of two elements and of three or more.
        """
        down, work = self._down, self._work
        pairs = float(self._pair_shares()[np.triu(self._apart, 1)].sum())
        # Elementary symmetric sums: all sets of so many elements.
        one, square, cube = (float((down**power).sum()) for power in (1, 2, 3))
        two = (one**2 - square) / 2
        three = (one**3 - 3 * one * square + 2 * cube) / 6
        total = one + pairs + three + two * float(work.sum())
        return max(0.0, total - sum(x.share + x.share_in_work for x in looked_at))

    def _pair_shares(self) -> NDArray[np.float64]:
        """(n, n): both have failed, or one is in work and the other has."""
        beside = np.outer(self._work, self._down)
        return np.asarray(np.outer(self._down, self._down) + beside + beside.T)

    @cached_property
    def _apart(self) -> NDArray[np.bool_]:
        """(n, n): neither takes down nothing but what the other takes down anyway."""
        within = np.array([[a <= b for b in self._links] for a in self._links])
        return np.asarray(~within & ~within.T)
