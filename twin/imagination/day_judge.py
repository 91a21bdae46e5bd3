"""Judges scenarios by their day: what they cost, and what the best remedy leaves of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from twin.events.action import Action
from twin.events.fault import AnyFault
from twin.imagination.day import Day, Days, Part
from twin.imagination.likelihood import PLAUSIBLE_PER_YEAR, Likelihood
from twin.nouns.risk_scenario import DAY_S, RiskScenario
from twin.nouns.risk_verdict import RiskVerdict
from twin.nouns.scenario import Scenario, TimedAction
from twin.nouns.state import NetworkState
from twin.physics.compiled import FloatArray
from twin.physics.twin import Twin, profile_at
from twin.remedies.objective import Outlook
from twin.remedies.screening import Screening

MOST_REMEDIES = 4
"""Remedies of up to four changes whose day is judged."""

REACTION_S = 900.0
"""From what a remedy is against to its being in force: found, approved and made (assumed)."""


@dataclass(frozen=True, slots=True, eq=False)
class _Tried:
    """`in_breach_min`: (services,) beyond a day on which nothing happens."""

    actions: tuple[Action, ...]
    timed: tuple[TimedAction, ...]
    in_breach_min: FloatArray

    @property
    def total(self) -> float:
        return float(self.in_breach_min.sum())


class DayJudge:
    """Of one network. `state`: with the demand of its peak. What a day costs is told beyond what
    one does on which demand is as expected and nothing happens.
    """

    def __init__(
        self,
        twin: Twin,
        state: NetworkState,
        likelihood: Likelihood,
        *,
        plausible_per_year: float = PLAUSIBLE_PER_YEAR,
        remedies: int = MOST_REMEDIES,
        reaction_s: float = REACTION_S,
        seed: int = 1,
    ) -> None:
        self._twin, self._state, self._likelihood = twin, state, likelihood
        self._plausible_per_year = plausible_per_year
        self._remedies, self._reaction_s, self._seed = remedies, reaction_s, seed
        quiet = Scenario(name="nothing", starts_s=0.0, duration_s=DAY_S)
        at_midnight = replace(state, traffic=state.traffic.scaled(self._level(0.0)))
        self.usual_min: FloatArray = Days(twin, at_midnight).of(quiet).in_breach_min

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

    def judge(self, scenario: RiskScenario) -> RiskVerdict:
        """The verdict on `scenario`. Raises UnknownNode, UnknownLink."""
        days = Days(self._twin, self.start(scenario))
        day = days.of(scenario.played_with())
        nothing = _Tried((), (), self._beyond(day))
        tried = [nothing]
        if nothing.total > 0.0:
            for actions, timed in self._sought(scenario, day):
                after = days.of(scenario.played_with(timed))
                tried.append(_Tried(actions, timed, self._beyond(after)))
        best = min(tried, key=lambda one: (one.total, len(one.actions)))
        per_year = self._likelihood.per_year(scenario)
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
            per_year=per_year,
            is_plausible=None if per_year is None else per_year >= self._plausible_per_year,
        )

    def _beyond(self, day: Day) -> FloatArray:
        # A minute is told by the minute of the day it begins in: less is rounding.
        more = day.in_breach_min - self.usual_min
        return np.asarray(np.where(more > 1.0, more, 0.0))

    def _level(self, time_s: float) -> float:
        return profile_at(self._twin.inventory.profile, time_s)

    def _sought(
        self, scenario: RiskScenario, day: Day
    ) -> list[tuple[tuple[Action, ...], tuple[TimedAction, ...]]]:
        """Remedies for the part of the day that costs most, as they would be in force then."""
        worst = max(day.parts, key=lambda part: float(part.in_breach_min.sum()))
        act_s = float(worst.times_s[0]) + self._reaction_s
        if act_s >= worst.until_s:
            return []
        best = self._screening(scenario, worst).best()
        return [
            (one.actions, self._timed(one.actions, act_s, worst.until_s))
            for one in best[: self._remedies]
        ]

    def _timed(
        self, actions: Sequence[Action], act_s: float, until_s: float
    ) -> tuple[TimedAction, ...]:
        """All at once, and taken back once what they are against is over, if that is that day.

        What is lasting stays, and so does what the network ran before it was struck.
        """
        timed = [TimedAction(at_s=act_s, action=action) for action in actions]
        running, topology = self._state.running, self._state.topology
        back: list[Action] = []
        for action in actions:
            if not action.lasting:
                back = [*action.inverse(running, topology), *back]
                running = action.configured(running, self._twin.inventory.intended, topology)
        if until_s < DAY_S:
            timed += [TimedAction(at_s=until_s, action=action) for action in back]
        return tuple(timed)

    def _screening(self, scenario: RiskScenario, part: Part) -> Screening:
        faults = _in_force(scenario, float(part.times_s[0]))
        highest = float(part.levels.max())
        return Screening(
            part.twin,
            part.state,
            Outlook.of(part.levels / highest, part.minutes / 60.0),
            extra=tuple(dict.fromkeys(action for f in faults for action in f.remedies())),
            limited_at=tuple(dict.fromkeys(node for f in faults for node in f.limited_at)),
            seed=self._seed,
            margin=1.0,
        )


def _in_force(scenario: RiskScenario, now_s: float) -> list[AnyFault]:
    """What has struck by then and is not over, surges included."""
    surge = scenario.conditions.surge
    struck = [e for e in scenario.events if e.after_s <= now_s < (e.until_s or DAY_S)]
    return [*([surge] if surge else []), *(event.fault for event in struck)]
