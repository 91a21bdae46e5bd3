"""All days that may be imagined: conditions, and up to four events in order and time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np

from twin.errors import BadInput
from twin.imagination.days import BEGIN, DELAYS_S, DEMANDS, NOTHING, Template, point_of, timed
from twin.imagination.generators.generator import Point
from twin.imagination.orders import elsewhere, likeliest, most_loaded
from twin.imagination.strikes import Strike, Strikes, drawn_by
from twin.knowledge.past import AND, PastIncident
from twin.nouns.risk_scenario import (
    DAY_S,
    MOST_EVENTS,
    RiskScenario,
    SurgeUnderWay,
    WorkUnderWay,
)
from twin.nouns.traffic import DailyProfile

_CROSSED, _MOVED = 0.25, 0.35
"""Of the offspring, those of two parents, and those in which an event moves to what touches it; in
the others one thing is drawn anew, events by load."""

_MOST_TRIES = 1000


def _left(lasts_s: int) -> int:
    """Of what is under way, in the mean."""
    return min(max(1, lasts_s // 2), DAY_S)


@dataclass(frozen=True, eq=False)
class ScenarioSpace:
    """Days on which `strikes` strike, while demand follows `profile`. Of a surge or work that is
    under way when the first event strikes, half is over. Of all of them is said: the
    `kinds` of their events, any if none; and in `fixed` their conditions, as points have them, None
    for any.
    """

    strikes: Strikes
    profile: DailyProfile
    kinds: tuple[str, ...] = ()
    fixed: tuple[int | None, ...] = (None,) * BEGIN

    def within(self, template: Template) -> "ScenarioSpace":
        """The part of it of which that is said.

        Raises:
            BadInput: there is no such day.
        """
        strikes, demand = self.strikes, template.demand
        for kind in template.kinds:
            if kind not in strikes.by_load:
                known = ", ".join(strikes.by_load)
                raise BadInput(f'nothing here can strike as "{kind}"; there are {known}')
        fixed = (
            template.hour,
            None
            if demand is None
            else min(range(len(DEMANDS)), key=lambda i: abs(DEMANDS[i] - demand)),
            None if template.surge is None else strikes.like(template.surge, strikes.surges),
            None if template.in_work is None else strikes.like(template.in_work, strikes.works),
        )
        part = replace(self, kinds=template.kinds, fixed=fixed)
        part.drawn(np.random.default_rng(0))
        return part

    def scenario(self, point: Point) -> RiskScenario:
        """What `point` stands for. What only an adversary does is an adversary's."""
        hour, demand, surge, work = point[:BEGIN]
        means = {strike.fault.means for strike in self.events(point)}
        wanted = means.pop() if len(means) == 1 else None
        return RiskScenario.model_validate(
            {
                "conditions": {
                    "minute": 60 * hour,
                    "demand": DEMANDS[demand],
                    "surge": None if surge == NOTHING else self._surge(surge),
                    "in_work": () if work == NOTHING else (self._work(work),),
                },
                "events": [
                    {
                        "after_s": DELAYS_S[delay],
                        "fault": self.strikes.all[event].fault,
                        "lasts_s": self.strikes.all[event].lasts_s,
                    }
                    for event, delay in timed(point)
                ],
                "adversary": None if wanted == "elements" else wanted,
            }
        )

    def _surge(self, number: int) -> SurgeUnderWay:
        strike = self.strikes.all[number]
        return SurgeUnderWay.model_validate(
            {"fault": strike.fault, "lasts_s": _left(strike.lasts_s)}
        )

    def _work(self, number: int) -> WorkUnderWay:
        strike = self.strikes.all[number]
        return WorkUnderWay.model_validate({"fault": strike.fault, "lasts_s": _left(strike.work_s)})

    def past(self, incidents: Iterable[PastIncident]) -> tuple[Point, ...]:
        """What caused each, at the hour at which it began, the latest first; those alone of which
        measurements or a person told the cause.
        """
        at = {one.fault.id: i for i, one in reversed(list(enumerate(self.strikes.all)))}
        found = []
        for incident in sorted(incidents, key=lambda one: -one.opened_s):
            causes = incident.cause.split(AND)
            if (incident.decided or incident.found_by) and all(cause in at for cause in causes):
                hour = int(incident.opened_s // 3600) % 24
                conditions = (hour, DEMANDS.index(1.0), NOTHING, NOTHING)
                found.append(point_of(conditions, [(at[cause], 0) for cause in causes]))
        return tuple(dict.fromkeys(filter(self.allows, found)))

    def events(self, point: Point) -> tuple[Strike, ...]:
        """What strikes, in order of time."""
        return tuple(self.strikes.all[event] for event, _ in timed(point))

    def allows(self, point: Point) -> bool:
        """Whether such a day can be, and what is said of all is true of it."""
        faults = [one.fault for one in self.events(point)]
        lasting = [self.strikes.all[i].fault for i in point[2:BEGIN] if i != NOTHING]
        subjects = [fault.subject() for fault in (*faults, *lasting)]
        conditions = zip(self.fixed, point[:BEGIN], strict=True)
        return (
            0 < len(faults) <= MOST_EVENTS
            and len(set(subjects)) == len(subjects)
            and not any(a.excludes(b) or b.excludes(a) for a, b in combinations(faults, 2))
            and sum(fault.means == "flood" for fault in faults) <= 1
            and (not self.kinds or sorted(f.kind for f in faults) == sorted(self.kinds))
            and all(said in (None, condition) for said, condition in conditions)
        )

    @cached_property
    def size(self) -> int:
        """See Space."""
        return len(self._numbers)

    def traits(self, point: Point) -> Sequence[int]:
        """See Space: its conditions, and of each event its kind, its place and its delay."""
        found: set[tuple[str, object]] = {("events", len(point))}
        found |= set(zip(("hour", "demand", "surge", "work"), point[:BEGIN], strict=True))
        for event, delay in timed(point):
            strike = self.strikes.all[event]
            found |= {("kind", strike.fault.kind), ("place", strike.place), ("delay", delay)}
        return sorted(self._numbers[trait] for trait in found)

    def drawn(self, numbers: np.random.Generator, *, by_load: bool = False) -> Point:
        """See Space. Raises BadInput: the template is of no day that is found."""
        for _ in range(_MOST_TRIES):
            count = int(numbers.integers(1, MOST_EVENTS + 1))
            events = [
                (self._event(kind, numbers, by_load=by_load), self._delay(numbers))
                for kind in self.kinds or [None] * count
            ]
            point = point_of(self._conditions(numbers, by_load=by_load), events)
            if self.allows(point):
                return point
        raise BadInput(f"no day is found on which {' and '.join(self.kinds)} can strike")

    def bred(self, elite: Sequence[Point], numbers: np.random.Generator) -> Point:
        """See Space. What cannot be changes nothing."""
        parent = elite[int(numbers.integers(len(elite)))]
        chance = numbers.random()
        if chance < _CROSSED:
            point = self.crossed(parent, elite[int(numbers.integers(len(elite)))], numbers)
        elif chance < _CROSSED + _MOVED:
            point = self.moved(parent, numbers)
        else:
            point = self.changed(parent, numbers)
        return point if self.allows(point) else parent

    def crossed(self, one: Point, other: Point, numbers: np.random.Generator) -> Point:
        """Each condition of one of the two, and of their events as many as `one` has."""
        both = zip(one[:BEGIN], other[:BEGIN], strict=True)
        conditions = [pair[int(numbers.integers(2))] for pair in both]
        events = sorted({*timed(one), *timed(other)})
        chosen = numbers.permutation(len(events))[: len(timed(one))]
        return point_of(conditions, [events[i] for i in chosen])

    def moved(self, point: Point, numbers: np.random.Generator) -> Point:
        """One event is at what its place touches."""
        events = timed(point)
        place = int(numbers.integers(len(events)))
        event, delay = events[place]
        near = self.strikes.all[event].near or (event,)
        events[place] = near[int(numbers.integers(len(near)))], delay
        return point_of(point[:BEGIN], events)

    def changed(self, point: Point, numbers: np.random.Generator) -> Point:
        """One condition, event or delay is drawn anew by load, or there is one event more or
        less.
        """
        conditions, events = list(point[:BEGIN]), timed(point)
        what, place = int(numbers.integers(BEGIN + 5)), int(numbers.integers(len(events)))
        event, delay = events[place]
        kind = self.strikes.all[event].fault.kind if self.kinds else None
        if what < BEGIN:
            conditions[what] = self._conditions(numbers, by_load=True)[what]
        elif what == BEGIN:
            events[place] = event, self._delay(numbers)
        elif what == BEGIN + 1:
            events.append((self._event(None, numbers, by_load=True), self._delay(numbers)))
        elif what == BEGIN + 2:
            events.pop(place)
        else:
            events[place] = self._event(kind, numbers, by_load=True), delay
        return point_of(conditions, events) if events else point

    def by_rule(self) -> Iterator[Point]:
        """See Space."""
        return filter(self.allows, most_loaded(self.strikes, self.profile))

    def every(self) -> Iterator[Point]:
        """See Space."""
        return filter(self.allows, likeliest(self.strikes, self.profile))

    def alike(self, point: Point) -> Iterator[Point]:
        """See Space."""
        return filter(self.allows, elsewhere(self.strikes, point))

    def _conditions(self, numbers: np.random.Generator, *, by_load: bool) -> tuple[int, ...]:
        """Each as likely as another, half of them with a surge and half with work; `by_load`: the
        more demand and load the likelier, and three of four with a surge and with work.
        """
        strikes, often = self.strikes, 0.75 if by_load else 0.5
        hourly, demands, loads = np.asarray(self.profile.hourly), np.array(DEMANDS), strikes.loads
        if not by_load:
            hourly, demands, loads = (np.ones(len(x)) for x in (hourly, demands, loads))
        drawn = (
            drawn_by(hourly, range(len(hourly)), numbers),
            drawn_by(demands, range(len(DEMANDS)), numbers),
            drawn_by(loads, strikes.surges, numbers) if numbers.random() < often else NOTHING,
            drawn_by(loads, strikes.works, numbers) if numbers.random() < often else NOTHING,
        )
        both = zip(self.fixed, drawn, strict=True)
        return tuple(one if said is None else said for said, one in both)

    def _event(self, kind: str | None, numbers: np.random.Generator, *, by_load: bool) -> int:
        if kind is None:
            return self.strikes.drawn(numbers, by_load=by_load)
        return self.strikes.of_kind(kind, numbers, by_load=by_load)

    @staticmethod
    def _delay(numbers: np.random.Generator) -> int:
        return int(numbers.integers(len(DELAYS_S)))

    @cached_property
    def _numbers(self) -> Mapping[tuple[str, object], int]:
        """Of each trait."""
        strikes = self.strikes
        traits: list[tuple[str, object]] = [("hour", hour) for hour in range(24)]
        traits += [("demand", demand) for demand in range(len(DEMANDS))]
        traits += [("delay", delay) for delay in range(len(DELAYS_S))]
        traits += [("surge", surge) for surge in (NOTHING, *strikes.surges)]
        traits += [("work", work) for work in (NOTHING, *strikes.works)]
        traits += [("kind", kind) for kind in strikes.by_load]
        traits += [("place", place) for place in sorted({one.place for one in strikes.all})]
        traits += [("events", BEGIN + 2 * n) for n in range(1, MOST_EVENTS + 1)]
        return {trait: number for number, trait in enumerate(traits)}
