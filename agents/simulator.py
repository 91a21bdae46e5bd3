"""Every remedy in every imagined scenario, against doing nothing, with the same seeds. No mind."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from agents.believed import REPAIR_HORIZON_S
from agents.costs import DEVICE_WEIGHT, expected_cost
from agents.situation import Situation
from twin.forecasting import forecast
from twin.nouns.action import apply_action, devices_of
from twin.nouns.base import Noun
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.fault import Fault
from twin.nouns.forecast import Forecast
from twin.nouns.plan import Remedy
from twin.nouns.scenario import Scenario, TimedAction
from twin.nouns.state import NetworkState, with_fault
from twin.rollout import Rollout, RolloutFailure, RolloutTask

ROLLOUTS = 64
SCENARIO_ROLLOUTS = 50
_INTERVAL_S = 900.0
"""A quarter of an hour: the demand follows a profile of hours."""


class Trial(Noun):
    """One remedy, simulated.

    `ahead`: forecast at the busiest demand expected before the repair. `in_scenario`: expected cost
    by imagined fault. `cost`: what remedies are compared by, see `agents.costs`.
    `slo_minutes_ahead`: service minutes lost until the repair if demand goes as expected, from one
    rollout over time; None where it could not be computed.
    """

    remedy: Remedy
    ahead: Forecast
    in_scenario: dict[str, float]
    cost: float
    slo_minutes_ahead: float | None


def simulate(
    situation: Situation,
    now: NetworkState,
    ahead: NetworkState,
    remedies: Sequence[Remedy],
    scenarios: Mapping[str, tuple[Fault, float]],
) -> tuple[Trial, ...]:
    """Simulate `remedies` from `now` on, and on `ahead`: the same at the demand to prepare for.

    `scenarios`: imagined fault and its probability before the repair, by id. The seed is the same
    for every remedy, so that their differences are not noise.
    """
    tasks = [_task(situation, now, remedy) for remedy in remedies]
    rollouts = situation.runner.run(tasks)
    return tuple(
        _try(situation, ahead, remedy, scenarios, rollout)
        for remedy, rollout in zip(remedies, rollouts, strict=True)
    )


def _task(situation: Situation, now: NetworkState, remedy: Remedy) -> RolloutTask:
    scenario = Scenario(
        name=remedy.id,
        starts_s=situation.tracker.now_s,
        duration_s=REPAIR_HORIZON_S,
        actions=tuple(TimedAction(at_s=0.0, action=action) for action in remedy.actions),
    )
    return RolloutTask(scenario, now, interval_s=_INTERVAL_S)


def after_remedy(
    state: NetworkState, remedy: Remedy, intended: NetworkConfiguration
) -> NetworkState:
    """`state` with the remedy's actions in force."""
    running = state.running
    for action in remedy.actions:
        running = apply_action(action, running, intended, state.topology)
    return replace(state, running=running)


def _try(
    situation: Situation,
    state: NetworkState,
    remedy: Remedy,
    scenarios: Mapping[str, tuple[Fault, float]],
    rollout: Rollout | RolloutFailure,
) -> Trial:
    after = after_remedy(state, remedy, situation.inventory.intended)
    offered = float(state.traffic.rates_bps.sum())
    ahead = _forecast(situation, after, ROLLOUTS)
    in_scenario = {
        name: expected_cost(
            _forecast(situation, with_fault(after, fault), SCENARIO_ROLLOUTS), offered
        )
        for name, (fault, _) in scenarios.items()
    }
    touched = {d for action in remedy.actions for d in devices_of(action, state.topology)}
    worst = sum(scenarios[name][1] * cost for name, cost in in_scenario.items())
    cost = expected_cost(ahead, offered) + worst + DEVICE_WEIGHT * len(touched)
    return Trial(
        remedy=remedy,
        ahead=ahead,
        in_scenario=in_scenario,
        cost=cost,
        slo_minutes_ahead=(
            round(rollout.total_slo_minutes_lost, 1) if isinstance(rollout, Rollout) else None
        ),
    )


def _forecast(situation: Situation, state: NetworkState, rollouts: int) -> Forecast:
    return forecast(
        situation.twin,
        state,
        uncertainty=situation.uncertainty,
        rollouts=rollouts,
        seed=situation.seed,
    )
