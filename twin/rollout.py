"""Scenarios played on the twin: many at once, each reproducible from what it says.

A rollout is a chain of steady states: at every change (fault, action, repair) and every interval
the twin assesses what routing has settled in. Convergence itself and queues that grow over minutes
are not played, and an overloaded link stays up; what trips under overload would become one more
event between two steps of `_Play`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from twin.events.action import Action
from twin.events.fault import Fault
from twin.events.kinds import ActionKind
from twin.forecasting import Uncertainty, demand_factors
from twin.nouns.base import Noun, content_hash
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.scenario import Scenario
from twin.nouns.state import NetworkState
from twin.nouns.traffic import TrafficMatrix
from twin.physics.assessment import Assessment
from twin.physics.twin import Twin, profile_at

DEFAULT_INTERVAL_S = 60.0
SEEDS = 2**63


class RolloutStep(Noun):
    """The network from `time_s` (seconds after the start) for `duration_s`.

    `max_utilisation`: offered load / capacity of the busiest egress, `busiest` ("node|link"), may
    exceed 1. `breached_services`: ids. `lost_bps`: traffic that does not arrive.
    """

    time_s: float
    duration_s: float
    max_utilisation: float
    busiest: str
    breached_services: tuple[str, ...]
    lost_bps: float


class Rollout(Noun):
    """What came of a scenario.

    `slo_minutes_lost`: minutes in breach per service, those above zero. `lost_bits`: over all
    steps. `seed`: of the demand draw.
    """

    scenario: str
    scenario_hash: str
    seed: int
    steps: tuple[RolloutStep, ...]
    slo_minutes_lost: dict[str, float]
    lost_bits: float

    @property
    def max_utilisation(self) -> float:
        """The highest of any step."""
        return max(step.max_utilisation for step in self.steps)

    @property
    def total_slo_minutes_lost(self) -> float:
        """Over all services."""
        return sum(self.slo_minutes_lost.values())


@dataclass(frozen=True, slots=True)
class RolloutTask:
    """One scenario to play.

    `base`: the network at the scenario's start, its traffic included (None: as intended, at the
    demand of that time). `uncertainty`: draw the demand once for the whole rollout (None: as
    expected).
    """

    scenario: Scenario
    base: NetworkState | None = None
    interval_s: float = DEFAULT_INTERVAL_S
    uncertainty: Uncertainty | None = None
    seed: int = 0

    @property
    def name(self) -> str:
        """See Task."""
        return self.scenario.name

    def content(self) -> dict[str, Any]:
        """See Task."""
        uncertainty = self.uncertainty
        return {
            "scenario": self.scenario.model_dump(mode="json"),
            "interval_s": self.interval_s,
            "uncertainty": None if uncertainty is None else uncertainty.model_dump(mode="json"),
            "seed": self.seed,
        }

    def play(self, twin: Twin, before_step: Callable[[], None]) -> Rollout:
        """See Task. Raises UnknownNode, UnknownLink."""
        return run_rollout(
            self.scenario,
            twin,
            self.base,
            interval_s=self.interval_s,
            uncertainty=self.uncertainty,
            seed=self.seed,
            before_step=before_step,
        )


def scenario_seed(scenario: Scenario, seed: int = 0) -> int:
    """A seed from what the scenario says, so that its place in a batch does not matter.

    `seed` distinguishes repetitions of one scenario.
    """
    digest = content_hash({"scenario": scenario.model_dump(mode="json"), "seed": seed})
    return int(digest, 16) % SEEDS


def _go_on() -> None:
    pass


def run_rollout(
    scenario: Scenario,
    twin: Twin,
    base: NetworkState | None = None,
    *,
    interval_s: float = DEFAULT_INTERVAL_S,
    uncertainty: Uncertainty | None = None,
    seed: int = 0,
    before_step: Callable[[], None] = _go_on,
) -> Rollout:
    """Play `scenario` from `base`; see RolloutTask. What `before_step` raises ends the play.

    Demand follows the daily profile from the scenario's start. At one instant, repairs come first,
    then faults, then actions. A wrong weight is a change of the configuration, which an action can
    undo; where it ends and none has, the weight of `base` returns.

    Raises:
        UnknownNode, UnknownLink: a fault or an action names what does not exist.
    """
    drawn = scenario_seed(scenario, seed)
    start = twin.state(traffic=twin.traffic_at(scenario.starts_s)) if base is None else base
    if uncertainty is not None:
        start = replace(start, traffic=_drawn(start.traffic, uncertainty, drawn))
    play = _Play(scenario, twin, start)
    times = _times(scenario, interval_s)
    steps = []
    minutes: dict[str, float] = {}
    lost_bits = 0.0
    for now, until in pairwise(times):
        before_step()
        play.advance(now)
        step = _step(now, until - now, play.assess(now))
        steps.append(step)
        lost_bits += step.lost_bps * step.duration_s
        for service in step.breached_services:
            minutes[service] = minutes.get(service, 0.0) + step.duration_s / 60.0
    return Rollout(
        scenario=scenario.name,
        scenario_hash=content_hash(scenario),
        seed=drawn,
        steps=tuple(steps),
        slo_minutes_lost=minutes,
        lost_bits=lost_bits,
    )


def _drawn(traffic: TrafficMatrix, uncertainty: Uncertainty, seed: int) -> TrafficMatrix:
    return traffic.scaled(demand_factors(uncertainty, len(traffic.nodes), 1, seed)[0])


def _times(scenario: Scenario, interval_s: float) -> list[float]:
    """Where steps begin, and the end: every interval and every event in between, sorted."""
    end = scenario.duration_s
    events = {fault.at_s for fault in scenario.faults}
    events |= {fault.until_s for fault in scenario.faults if fault.until_s is not None}
    events |= {action.at_s for action in scenario.actions}
    grid = {float(t) for t in np.arange(0.0, end, interval_s)}
    return [*sorted(t for t in grid | events if 0.0 <= t < end), end]


def _step(time_s: float, duration_s: float, assessment: Assessment) -> RolloutStep:
    busiest = int(assessment.utilisation.argmax())
    egress = assessment.topology.egress_of(busiest)
    services = assessment.services.services
    breached = np.flatnonzero(assessment.levels.in_breach[0])
    return RolloutStep(
        time_s=time_s,
        duration_s=duration_s,
        max_utilisation=float(assessment.utilisation[busiest]),
        busiest=str(egress),
        breached_services=tuple(services[i].id for i in breached),
        lost_bps=assessment.lost_bps,
    )


@dataclass(frozen=True, slots=True)
class _Event:
    """A change of the configuration. `order` at one instant: ends 0, faults 1, actions 2."""

    at_s: float
    order: Literal[0, 1, 2]
    change: Action | Fault


class _Play:
    """The state of one rollout: what runs, and which lasting faults are in force."""

    def __init__(self, scenario: Scenario, twin: Twin, start: NetworkState) -> None:
        self._scenario = scenario
        self._twin = twin
        self._start = start
        self._running = start.running
        self._waiting = sorted(_events(scenario), key=lambda event: (event.at_s, event.order))
        self._demand_at_start = profile_at(twin.inventory.profile, scenario.starts_s)

    def advance(self, now_s: float) -> None:
        """Carry out every change of the configuration that is due."""
        while self._waiting and self._waiting[0].at_s <= now_s:
            self._running = self._changed(self._waiting.pop(0))

    def _changed(self, event: _Event) -> NetworkConfiguration:
        change, running = event.change, self._running
        if isinstance(change, ActionKind):
            return change.configured(running, self._twin.inventory.intended, self._start.topology)
        if event.order == 1:
            return change.after(self._start.configured(running)).running
        return change.taken_back(running, self._start.running)

    def assess(self, now_s: float) -> Assessment:
        """The steady state at `now_s`."""
        profile = self._twin.inventory.profile
        factor = profile_at(profile, self._scenario.starts_s + now_s) / self._demand_at_start
        state = replace(
            self._start, running=self._running, traffic=self._start.traffic.scaled(factor)
        )
        for fault in self._lasting(now_s):
            state = fault.after(state)
        return self._twin.assess(state)

    def _lasting(self, now_s: float) -> list[Fault]:
        return [
            timed.fault
            for timed in self._scenario.faults
            if not timed.fault.in_configuration
            and timed.at_s <= now_s
            and (timed.until_s is None or now_s < timed.until_s)
        ]


def _events(scenario: Scenario) -> list[_Event]:
    events: list[_Event] = [_Event(timed.at_s, 2, timed.action) for timed in scenario.actions]
    for timed in scenario.faults:
        if timed.fault.in_configuration:
            events.append(_Event(timed.at_s, 1, timed.fault))
            if timed.until_s is not None:
                events.append(_Event(timed.until_s, 0, timed.fault))
    return events
