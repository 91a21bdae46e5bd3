"""Draws what follows from a scenario, and what its day costs then."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from twin.course import Course, change_times_s
from twin.imagination.chains.mechanism import At, Mechanism, Moment
from twin.imagination.chains.shipped import shipped
from twin.imagination.day import Days, beyond, quiet_minutes
from twin.imagination.reaction import in_time
from twin.nouns.base import content_hash
from twin.nouns.chain import Chain, ChainRates, Chains, Happening
from twin.nouns.risk_scenario import DAY_S, RiskScenario
from twin.nouns.scenario import Scenario, TimedFault
from twin.nouns.state import NetworkState
from twin.physics.twin import Twin
from twin.rollout import SEEDS

MOST_HAPPENINGS = 60
"""On one day; whatever would follow from more is left out."""


@dataclass(frozen=True, slots=True)
class ChainTask:
    """Draws of one scenario, `first_seed` and those after it. `base`: as the first event finds the
    network, faults and works left out.
    """

    scenario: RiskScenario
    base: NetworkState
    rates: ChainRates = field(default_factory=ChainRates)
    draws: int = 32
    first_seed: int = 0

    @property
    def name(self) -> str:
        """See Task."""
        return self.scenario.id

    def content(self) -> dict[str, Any]:
        """See Task."""
        return {
            "scenario": self.scenario.model_dump(mode="json"),
            "rates": self.rates.model_dump(mode="json"),
            "draws": self.draws,
            "first_seed": self.first_seed,
        }

    def play(self, twin: Twin, before_step: Callable[[], None]) -> Chains:
        """See Task. Raises UnknownNode, UnknownLink."""
        player = ChainPlayer(twin, self.scenario, self.base, self.rates, shipped(), before_step)
        seeds = range(self.first_seed, self.first_seed + self.draws)
        return Chains(scenario=self.scenario.id, draws=tuple(player.drawn(seed) for seed in seeds))


class ChainPlayer:
    """Draws chains of one scenario; what they have in common is worked out once."""

    def __init__(
        self,
        twin: Twin,
        scenario: RiskScenario,
        start: NetworkState,
        rates: ChainRates,
        mechanisms: Sequence[Mechanism],
        before_step: Callable[[], None] = lambda: None,
    ) -> None:
        """`start`: as the first event finds the network, faults and works left out."""
        self._twin, self._scenario, self._start = twin, scenario, start
        self._rates, self._mechanisms, self._before_step = rates, mechanisms, before_step
        self._days = Days(twin, start)
        self._minutes = dict[tuple[Happening, ...], float]()
        expected = replace(start, traffic=start.traffic.scaled(1.0 / scenario.conditions.demand))
        self._usual_min = quiet_minutes(twin, expected, 60.0 * scenario.conditions.minute)

    def drawn(self, seed: int) -> Chain:
        """What follows with that seed."""
        content = {"scenario": self._scenario.model_dump(mode="json"), "seed": seed}
        numbers = np.random.default_rng(int(content_hash(content), 16) % SEEDS)
        happenings = self._happenings(bool(numbers.random() >= self._rates.unprotected), numbers)
        if happenings not in self._minutes:
            day = self._days.of(timeline(self._scenario, happenings, self._twin, self._start))
            more = beyond(day.in_breach_min, self._usual_min)
            self._minutes[happenings] = float(more.sum())
        return Chain(seed=seed, happenings=happenings, slo_minutes=self._minutes[happenings])

    def _happenings(
        self, is_protected: bool, numbers: np.random.Generator
    ) -> tuple[Happening, ...]:
        """The initial ones, and all that follows, along the day."""
        known = tuple(
            Happening(at_s=event.after_s, until_s=event.until_s, fault=event.fault)
            for event in self._scenario.events
        )
        line = _Line(self._scenario, known, self._twin, self._start)
        now_s, before, decided = 0.0, line.at(0.0), frozenset[_Edge]()
        while now_s < DAY_S:
            self._before_step()
            edges = line.edges(now_s) - decided
            decided |= edges
            moment = Moment(
                begin_s=now_s,
                end_s=line.next_s(now_s),
                happenings=known,
                in_force=[i for i, one in enumerate(known) if one.is_in_force(now_s)],
                began=sorted(i for i, ends in edges if not ends),
                ended=sorted(i for i, ends in edges if ends),
                at=line.at(now_s),
                at_before=before,
                at_without=partial(line.at_without, now_s),
                level=line.level,
                is_protected=is_protected,
                rates=self._rates,
            )
            before = moment.at
            follow = self._following(moment, numbers)[: MOST_HAPPENINGS - len(known)]
            now_s = min([moment.end_s, *(one.at_s for one in follow)])
            if follow:
                known += follow
                line = _Line(self._scenario, known, self._twin, self._start)
        return known

    def _following(self, moment: Moment, numbers: np.random.Generator) -> tuple[Happening, ...]:
        """All that is decided now, and of what may strike at any time the first, if nothing that is
        decided comes before it.
        """
        decided, first = list[Happening](), list[Happening]()
        for mechanism in self._mechanisms:
            found = mechanism.follows(moment, numbers)
            within = (one for one in found if one.at_s < DAY_S)
            (first if mechanism.memoryless else decided).extend(within)
        until_s = min((one.at_s for one in decided), default=moment.end_s)
        first.sort(key=lambda one: one.at_s)
        return (*decided, *(one for one in first[:1] if one.at_s < until_s))


_Edge = tuple[int, bool]
"""The place of what begins, or ends if so."""


class _Line:
    """The day with all happenings that are known."""

    def __init__(
        self,
        scenario: RiskScenario,
        known: tuple[Happening, ...],
        twin: Twin,
        start: NetworkState,
    ) -> None:
        self._parts = (scenario, known, twin, start)
        self._known = known
        self._played = timeline(scenario, known, twin, start)
        self._course = Course(self._played, twin, start)
        self._times = (*change_times_s(self._played), float(DAY_S))

    def edges(self, now_s: float) -> frozenset[_Edge]:
        """What begins or ends now."""
        begin = {(i, False) for i, one in enumerate(self._known) if one.at_s == now_s}
        end = {(i, True) for i, one in enumerate(self._known) if one.until_s == now_s}
        return frozenset(begin | end)

    def next_s(self, now_s: float) -> float:
        """When something begins or ends after that."""
        return next(t for t in self._times if t > now_s)

    def level(self, time_s: float) -> float:
        """Of demand, relative to the start."""
        return self._course.level(time_s)

    def at(self, now_s: float) -> At:
        """The network with what is in force then, which is no earlier than was asked before."""
        self._course.advance(now_s)
        running, lasting = self._course.running, self._course.lasting(now_s)
        return lambda level: self._course.state_with(running, lasting, level)

    def at_without(self, now_s: float, place: int) -> At:
        """The same, had one of the happenings not come."""
        scenario, known, twin, start = self._parts
        never = known[place].model_copy(update={"at_s": math.inf})
        return _Line(scenario, (*known[:place], never, *known[place + 1 :]), twin, start).at(now_s)


def timeline(
    scenario: RiskScenario, happenings: Sequence[Happening], twin: Twin, start: NetworkState
) -> Scenario:
    """What a rollout plays of them, under the conditions of `scenario`."""
    given = scenario.played_with()
    conditions = given.faults[: len(given.faults) - len(scenario.events)]
    faults = tuple(
        TimedFault(at_s=one.at_s, until_s=one.until_s, fault=one.fault)
        for one in happenings
        if one.fault is not None and math.isfinite(one.at_s)
    )
    actions = tuple(
        timed
        for one in happenings
        if one.actions and math.isfinite(one.at_s)
        for timed in in_time(one.actions, one.at_s, one.until_s, twin, start.running)
    )
    return given.model_copy(update={"faults": (*conditions, *faults), "actions": actions})
