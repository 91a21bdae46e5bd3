"""What a day costs: service-minutes in breach, assessed only where something changes.

Between two changes (events, repairs, actions) demand alone moves, along the daily profile. What a
service gets then depends on the level of demand, so that parts of the day in which the same is in
force are looked at together: at a few levels, and between two of them again where services fare
differently. Each minute is then told by the levels beside it. The minutes are those of a rollout
with steps of 60 s, which assesses each of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from twin.course import Course, change_times_s, step_times_s
from twin.events.fault import Fault
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.risk_scenario import DAY_S
from twin.nouns.scenario import Scenario
from twin.nouns.state import NetworkState
from twin.physics.compiled import FloatArray
from twin.physics.twin import Twin

STEP_S = 60.0

TOLERANCE = 0.002
"""Of all service-minutes in breach: so much may be left open which minute a breach begins in."""

_FIRST_LEVELS = 6
"""Levels that are looked at first, from the least to the highest."""

_AT_ONCE = 12
"""Levels that are worked out together: more do not fit into a cache."""

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """All of a day in which the same is in force.

    `times_s`: (steps,) when its steps begin, `minutes`: (steps,) how long they are, and `levels`:
    (steps,) the demand then, relative to that of the start. `in_breach`: (steps, services).
    `twin`, `state`: at the highest of these levels. `until_s`: when the last of it is over.
    """

    times_s: FloatArray
    minutes: FloatArray
    levels: FloatArray
    in_breach: BoolArray
    twin: Twin
    state: NetworkState
    until_s: float

    @property
    def in_breach_min(self) -> FloatArray:
        """(services,) minutes in breach."""
        return np.asarray(self.minutes @ self.in_breach)


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """`parts` in the order in which they begin."""

    parts: tuple[Part, ...]

    @property
    def in_breach_min(self) -> FloatArray:
        """(services,) minutes in breach."""
        return np.asarray(np.sum([part.in_breach_min for part in self.parts], axis=0))


class Days:
    """Days that begin alike, such as one with each of several remedies."""

    def __init__(self, twin: Twin, start: NetworkState, tolerance: float = TOLERANCE) -> None:
        """`start`: at the demand of the first moment."""
        self._twin, self._start, self._tolerance = twin, start, tolerance
        self._known: list[_InForce] = []

    @property
    def assessed(self) -> int:
        """States that were looked at."""
        return sum(one.assessed for one in self._known)

    def of(self, scenario: Scenario) -> Day:
        """The day of `scenario`.

        Raises:
            UnknownNode, UnknownLink: a fault or an action names what does not exist.
        """
        course = Course(scenario, self._twin, self._start)
        held = dict[int, list[tuple[float, float]]]()
        for begin_s, end_s in pairwise((*change_times_s(scenario), scenario.duration_s)):
            course.advance(begin_s)
            held.setdefault(self._place(course, begin_s), []).append((begin_s, end_s))
        times = np.array(step_times_s(scenario, STEP_S))
        return Day(tuple(self._part(self._known[i], course, times, held[i]) for i in held))

    def _place(self, course: Course, now_s: float) -> int:
        lasting = course.lasting(now_s)
        for i, one in enumerate(self._known):
            if one.lasting == lasting and one.running == course.running:
                return i
        self._known.append(_InForce(course, course.running, lasting))
        return len(self._known) - 1

    def _part(
        self,
        one: "_InForce",
        course: Course,
        times_s: FloatArray,
        held: Sequence[tuple[float, float]],
    ) -> Part:
        begins = times_s[:-1]
        inside = np.any([(begins >= begin) & (begins < end) for begin, end in held], axis=0)
        minutes = np.diff(times_s)[inside] / 60.0
        levels = np.array([course.level(t) for t in begins[inside].tolist()])
        in_breach = one.in_breach(levels, minutes, self._tolerance)
        twin, state = one.state(float(levels.max()))
        return Part(begins[inside], minutes, levels, in_breach, twin, state, held[-1][1])


class _InForce:
    """What runs, and which lasting faults there are; and how services fare, as far as was asked."""

    def __init__(
        self, course: Course, running: NetworkConfiguration, lasting: tuple[Fault, ...]
    ) -> None:
        self._course = course
        self.running, self.lasting = running, lasting
        self._rows: dict[float, BoolArray] = {}

    @property
    def assessed(self) -> int:
        return len(self._rows)

    def state(self, level: float) -> tuple[Twin, NetworkState]:
        return self._course.state_with(self.running, self.lasting, level)

    def in_breach(self, levels: FloatArray, minutes: FloatArray, tolerance: float) -> BoolArray:
        """(steps, services) for (steps,) `levels` that last so many `minutes`."""
        levels, place = np.unique(levels, return_inverse=True)
        held = np.bincount(place, weights=minutes).astype(np.float64)
        until = np.cumsum(held)
        first = np.searchsorted(levels, np.linspace(levels[0], levels[-1], _FIRST_LEVELS))
        looked = np.unique(first)
        while True:
            self._look(levels[looked])
            rows = np.array([self._rows[level] for level in levels[looked].tolist()])
            between = until[looked[1:] - 1] - until[looked[:-1]]
            open_min = between * (rows[1:] != rows[:-1]).sum(axis=1)
            total = float(held[looked] @ rows.sum(axis=1)) + float(
                between @ (rows[1:] & rows[:-1]).sum(axis=1)
            )
            if open_min.sum() <= tolerance * (total + open_min.sum()):
                break
            # Where it is open longest: the middle of the minutes there.
            wide = np.flatnonzero(open_min > 0.25 * open_min.max())
            middle = until[looked[wide]] + between[wide] / 2.0
            new = np.clip(np.searchsorted(until, middle), looked[wide] + 1, looked[wide + 1] - 1)
            looked = np.unique(np.concatenate([looked, new]))
        below = np.searchsorted(looked, np.arange(len(levels)), side="right") - 1
        above = np.minimum(below + 1, len(looked) - 1)
        # Between two levels that were looked at, half of the minutes are told by either.
        since, left = until - until[looked[below]], until[looked[above] - 1] - until
        return np.asarray(rows[np.where(since <= left, below, above)][place])

    def _look(self, levels: FloatArray) -> None:
        fresh = [level for level in levels.tolist() if level not in self._rows]
        for i in range(0, len(fresh), _AT_ONCE):
            part = fresh[i : i + _AT_ONCE]
            states = [self.state(level) for level in part]
            twin, state = states[0]
            traffic = np.stack([other.traffic.rates_bps for _, other in states])
            self._rows |= zip(part, twin.levels(state, traffic).in_breach, strict=True)


def quiet_minutes(twin: Twin, start: NetworkState, starts_s: float) -> FloatArray:
    """(services,) minutes in breach of a day from `starts_s` on which nothing happens. `start`: at
    the demand of its first moment.
    """
    quiet = Scenario(name="nothing", starts_s=starts_s, duration_s=DAY_S)
    return Days(twin, start).of(quiet).in_breach_min


def beyond(in_breach_min: FloatArray, usual_min: FloatArray) -> FloatArray:
    """(services,) of the minutes in breach, those beyond the usual ones."""
    more = in_breach_min - usual_min
    # A minute is told by the minute of the day it begins in: less is rounding.
    return np.asarray(np.where(more > 1.0, more, 0.0))
