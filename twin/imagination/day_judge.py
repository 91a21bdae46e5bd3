"""Judges scenarios by their day: what they cost, and what the best remedy leaves of it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np

from twin.events.action import Action
from twin.events.fault import AnyFault
from twin.imagination.chains.playing import ChainTask
from twin.imagination.day import Day, Days, Part, beyond, quiet_minutes
from twin.imagination.likelihood import PLAUSIBLE_PER_YEAR, Likelihood
from twin.imagination.reaction import in_time, remedies_for
from twin.nouns.chain import ChainRates, Chains
from twin.nouns.risk_scenario import DAY_S, RiskScenario
from twin.nouns.risk_verdict import RiskVerdict
from twin.nouns.scenario import TimedAction
from twin.nouns.state import NetworkState
from twin.physics.compiled import FloatArray
from twin.physics.twin import Twin, profile_at

MOST_REMEDIES = 4
"""Remedies of up to four changes whose day is judged."""

_MOST_PARTS = 2
"""Of a day, for which remedies are searched."""

DRAWS = 4
"""Of what follows; a verdict tells the deepest, and nothing of it where there are none."""


@dataclass(frozen=True, slots=True, eq=False)
class _Tried:
    """`in_breach_min`: (services,) beyond a day on which nothing happens."""

    actions: tuple[Action, ...]
    timed: tuple[TimedAction, ...]
    in_breach_min: FloatArray

    @property
    def total(self) -> float:
        return float(self.in_breach_min.sum())


@dataclass(frozen=True, slots=True)
class Judging:
    """How days are judged. `plausible_per_year`: what is rarer is not plausible. `remedies`: so
    many are played, and none are sought for 0. `draws`: of what follows, none for 0, each with the
    rates of `chains`. `seed`: of the search of remedies.
    """

    plausible_per_year: float = PLAUSIBLE_PER_YEAR
    remedies: int = MOST_REMEDIES
    draws: int = DRAWS
    chains: ChainRates = field(default_factory=ChainRates)
    seed: int = 1


class DayJudge:
    """Of one network. `state`: with the demand of its peak. What a day costs is told beyond what
    one does on which demand is as expected and nothing happens.
    """

    def __init__(
        self,
        twin: Twin,
        state: NetworkState,
        likelihood: Likelihood,
        how: Judging | None = None,
    ) -> None:
        self._twin, self._state, self._likelihood = twin, state, likelihood
        self._how = how or Judging()
        at_midnight = replace(state, traffic=state.traffic.scaled(self._level(0.0)))
        self.usual_min = quiet_minutes(twin, at_midnight, 0.0)

    def __call__(self, scenarios: Sequence[RiskScenario]) -> tuple[RiskVerdict, ...]:
        """A verdict for each.

        Raises:
            UnknownNode, UnknownLink: one of them names what does not exist.
        """
        return tuple(self.judge(scenario) for scenario in scenarios)

    def start(self, scenario: RiskScenario) -> NetworkState:
        """The network as the first event finds it, faults and works left out."""
        given = scenario.conditions
        factor = given.demand * self._level(60.0 * given.minute)
        return replace(self._state, traffic=self._state.traffic.scaled(factor))

    def judge(self, scenario: RiskScenario, least: float = 0.0) -> RiskVerdict:
        """The verdict on `scenario`. Remedies are sought where it costs more than `least`.

        Raises:
            UnknownNode, UnknownLink: it names what does not exist.
        """
        days = Days(self._twin, self.start(scenario))
        day = days.of(scenario.played_with())
        nothing = _Tried((), (), self._beyond(day))
        best = nothing
        if nothing.total > least and self._how.remedies:
            best = self._mitigated(scenario, days, day, nothing)
        per_year = self._likelihood.per_year(scenario)
        chains = self._chains(scenario) if self._how.draws else None
        services = self._twin.services.services
        return RiskVerdict(
            scenario=scenario.id,
            slo_minutes=nothing.total,
            by_service={
                services[i].id: float(nothing.in_breach_min[i])
                for i in np.flatnonzero(nothing.in_breach_min).tolist()
            },
            actions=best.actions,
            timed=best.timed,
            slo_minutes_left=best.total,
            depth=chains.deepest if chains else None,
            slo_minutes_chained=chains.slo_minutes if chains else None,
            per_year=per_year,
            is_plausible=None if per_year is None else per_year >= self._how.plausible_per_year,
        )

    def _chains(self, scenario: RiskScenario) -> Chains:
        task = ChainTask(scenario, self.start(scenario), self._how.chains, self._how.draws)
        return task.play(self._twin, lambda: None)

    def _beyond(self, day: Day) -> FloatArray:
        return beyond(day.in_breach_min, self.usual_min)

    def _level(self, time_s: float) -> float:
        return profile_at(self._twin.inventory.profile, time_s)

    def _mitigated(self, scenario: RiskScenario, days: Days, day: Day, nothing: _Tried) -> _Tried:
        """The best remedy for the part of the day that costs most, or if none helps there, for the
        next.
        """
        parts = [part for part in day.parts if part.in_breach_min.any()]
        parts.sort(key=lambda part: -float(part.in_breach_min.sum()))
        best = nothing
        helped = (part for part in parts if not _is_past_help(scenario, part))
        for part in islice(helped, _MOST_PARTS):
            for actions, timed in self._sought(scenario, part, parts):
                after = self._beyond(days.of(scenario.played_with(timed)))
                best = min(best, _Tried(actions, timed, after), key=lambda one: one.total)
            if best is not nothing:
                break
        return best

    def _sought(
        self, scenario: RiskScenario, part: Part, parts: Sequence[Part]
    ) -> Iterator[tuple[tuple[Action, ...], tuple[TimedAction, ...]]]:
        """Remedies for `part`, in force since services are in breach at first, and the best of them
        since it begins, until none is; `parts`: in which some are.
        """
        begin_s, until_s = float(part.times_s[0]), max(one.until_s for one in parts)
        faults, hours = _in_force(scenario, begin_s), part.minutes / 60.0
        best = remedies_for(part.twin, part.state, faults, part.levels, hours, self._how.seed)
        first_s = min(float(one.times_s[0]) for one in parts)
        since_s = [(one.actions, first_s) for one in best[: self._how.remedies]]
        if begin_s > first_s:
            since_s[1:] = [(one.actions, begin_s) for one in best[:1]] + since_s[1:-1]
        for actions, struck_s in since_s:
            act_s = struck_s + self._how.chains.reaction_s
            if act_s < until_s:
                over_s = until_s if until_s < DAY_S else None
                yield actions, in_time(actions, act_s, over_s, self._twin, self._state.running)


@dataclass(frozen=True, slots=True)
class JudgeTask:
    """One scenario to judge on any runner. `base`: the network with the demand of its peak."""

    scenario: RiskScenario
    base: NetworkState
    likelihood: Likelihood
    how: Judging = field(default_factory=Judging)

    @property
    def name(self) -> str:
        """See Task."""
        return self.scenario.id

    def content(self) -> dict[str, Any]:
        """See Task."""
        how = {**asdict(self.how), "chains": self.how.chains.model_dump(mode="json")}
        return {"scenario": self.scenario.model_dump(mode="json"), "how": how}

    def play(self, twin: Twin, before_step: Callable[[], None]) -> RiskVerdict:
        """See Task. Raises UnknownNode, UnknownLink."""
        before_step()
        return DayJudge(twin, self.base, self.likelihood, self.how).judge(self.scenario)


def _is_past_help(scenario: RiskScenario, part: Part) -> bool:
    """Whether every service in breach then has lost a way that no configuration gives back."""
    faults = _in_force(scenario, float(part.times_s[0]))
    if any(fault.in_configuration for fault in faults):
        return False
    services, hit = part.twin.services, part.in_breach.any(axis=0)
    reached = part.twin.route(part.state).distance[services.targets, services.sources] >= 0
    return not np.logical_and.reduceat(reached, services.first)[hit].any()


def _in_force(scenario: RiskScenario, now_s: float) -> list[AnyFault]:
    """What has struck by then and is not over, surges included."""
    surge = scenario.conditions.surge
    surges = [surge.fault] if surge and now_s < (surge.until_s or DAY_S) else []
    struck = [e for e in scenario.events if e.after_s <= now_s < (e.until_s or DAY_S)]
    return [*surges, *(event.fault for event in struck)]
