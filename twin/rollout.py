"""Scenarios played on the twin: many at once, each reproducible from what it says.

A rollout is a chain of steady states: at every change (fault, action, repair) and every interval
the twin assesses what routing has settled in. Convergence itself and queues that grow over minutes
are not played, and an overloaded link stays up.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from twin.course import Course, step_times_s
from twin.forecasting import Uncertainty, demand_factors
from twin.nouns.base import Noun, content_hash
from twin.nouns.scenario import Scenario
from twin.nouns.state import NetworkState
from twin.nouns.traffic import TrafficMatrix
from twin.physics.assessment import Assessment
from twin.physics.twin import Twin

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

    Demand follows the daily profile from the scenario's start; see Course for what holds when.

    Raises:
        UnknownNode, UnknownLink: a fault or an action names what does not exist.
    """
    drawn = scenario_seed(scenario, seed)
    start = twin.state(traffic=twin.traffic_at(scenario.starts_s)) if base is None else base
    if uncertainty is not None:
        start = replace(start, traffic=_drawn(start.traffic, uncertainty, drawn))
    course = Course(scenario, twin, start)
    times = step_times_s(scenario, interval_s)
    steps = []
    minutes: dict[str, float] = {}
    lost_bits = 0.0
    for now, until in pairwise(times):
        before_step()
        course.advance(now)
        known, state = course.state(now)
        step = _step(now, until - now, known.assess(state))
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
