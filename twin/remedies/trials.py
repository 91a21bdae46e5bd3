"""Every remedy in every imagined scenario, against doing nothing, with the same seeds. No mind."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from twin.events.fault import Fault
from twin.forecasting import forecast
from twin.nouns.base import Noun
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.forecast import Forecast
from twin.nouns.plan import Remedy
from twin.nouns.scenario import Scenario, TimedAction
from twin.nouns.state import NetworkState
from twin.remedies.believed import REPAIR_HORIZON_S
from twin.remedies.costs import DEVICE_WEIGHT, expected_cost
from twin.rollout import Rollout, RolloutTask
from twin.runner import TaskFailure
from twin.tracking.belief import Belief

ROLLOUTS = 64
SCENARIO_ROLLOUTS = 50
_INTERVAL_S = 900.0
"""A quarter of an hour: the demand follows a profile of hours."""


class Trial(Noun):
    """One remedy, simulated.

    `ahead`: forecast at the busiest demand expected before the repair. `in_scenario`: expected cost
    by imagined fault. `cost`: what remedies are compared by, see `twin.remedies.costs`.
    `slo_minutes_ahead`: service minutes lost until the repair if demand goes as expected, from one
    rollout over time; None where it could not be computed.
    """

    remedy: Remedy
    ahead: Forecast
    in_scenario: dict[str, float]
    cost: float
    slo_minutes_ahead: float | None


def simulate(
    belief: Belief,
    now: NetworkState,
    ahead: NetworkState,
    remedies: Sequence[Remedy],
    scenarios: Mapping[str, tuple[Fault, float]],
) -> tuple[Trial, ...]:
    """Simulate `remedies` from `now` on, and on `ahead`: the same at the demand to prepare for.

    `scenarios`: imagined fault and its probability before the repair, by id. The seed is the same
    for every remedy, so that their differences are not noise.
    """
    tasks = [_task(belief, now, remedy) for remedy in remedies]
    rollouts = belief.runner.run(tasks)
    return tuple(
        _try(belief, ahead, remedy, scenarios, rollout)
        for remedy, rollout in zip(remedies, rollouts, strict=True)
    )


def _task(belief: Belief, now: NetworkState, remedy: Remedy) -> RolloutTask:
    scenario = Scenario(
        name=remedy.id,
        starts_s=belief.tracker.now_s,
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
        running = action.configured(running, intended, state.topology)
    return replace(state, running=running)


def _try(
    belief: Belief,
    state: NetworkState,
    remedy: Remedy,
    scenarios: Mapping[str, tuple[Fault, float]],
    rollout: Rollout | TaskFailure,
) -> Trial:
    after = after_remedy(state, remedy, belief.inventory.intended)
    offered = float(state.traffic.rates_bps.sum())
    ahead = _forecast(belief, after, ROLLOUTS)
    in_scenario = {
        name: expected_cost(_forecast(belief, fault.after(after), SCENARIO_ROLLOUTS), offered)
        for name, (fault, _) in scenarios.items()
    }
    touched = {d for action in remedy.actions for d in action.devices(state.topology)}
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


def _forecast(belief: Belief, state: NetworkState, rollouts: int) -> Forecast:
    return forecast(
        belief.twin,
        state,
        uncertainty=belief.uncertainty,
        rollouts=rollouts,
        seed=belief.seed,
    )
