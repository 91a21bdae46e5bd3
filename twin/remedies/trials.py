"""Every remedy in every imagined scenario, against doing nothing, with the same seeds. No mind."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from twin.errors import TrialFailed
from twin.events.fault import Fault
from twin.forecasting import Uncertainty, draw_samples, forecast
from twin.nouns.base import Noun, content_hash
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.forecast import Forecast
from twin.nouns.plan import Remedy
from twin.nouns.state import NetworkState
from twin.physics.twin import Twin
from twin.remedies.objective import DEVICE_WEIGHT, Outlook, devices_touched, expected_cost
from twin.remedies.screening import MARGIN
from twin.runner import TaskFailure
from twin.tracking.belief import Belief

ROLLOUTS = 64
"""Draws of the forecast at the busiest demand ahead."""

DRAWS = 8
"""Draws of demand, splits and members that a cost is the mean of, at every level of demand."""

SCENARIO_DRAWS = 2
"""The same under an imagined fault, which counts by a probability of a few percent."""

TIE = 0.5
"""Costs closer than half a service-hour are a tie: forecasts cannot tell them apart (assumed)."""


class Trial(Noun):
    """One remedy, simulated. Costs are in service-hours until the repair, see `objective`.

    `ahead`: forecast at the busiest demand expected before the repair. `in_scenario`: cost by
    imagined fault, in force until the repair. `cost`: what remedies are compared by: with nothing
    else failing, the scenarios by their probability, and the devices touched. `slo_minutes_ahead`:
    service minutes that are expected to be lost until the repair. Both are at MARGIN times the
    demand.
    """

    remedy: Remedy
    ahead: Forecast
    in_scenario: dict[str, float]
    cost: float
    slo_minutes_ahead: float | None


class Played(Noun):
    """What a TrialTask comes to. `cost`, `breach_hours`: service-hours, devices left out."""

    cost: float
    breach_hours: float
    ahead: Forecast | None


@dataclass(frozen=True, slots=True)
class TrialTask:
    """One remedy in one scenario: what it costs until the repair, and what it looks like ahead.

    `base`: the network now. `running`: with the remedy. `fault`: what fails besides, None for
    nothing. `draws`: of the cost. `rollouts`: draws of the forecast, 0 for none.
    """

    name: str
    base: NetworkState
    running: NetworkConfiguration
    fault: Fault | None
    outlook: Outlook
    uncertainty: Uncertainty
    seed: int
    draws: int
    rollouts: int = 0

    def content(self) -> dict[str, Any]:
        """See Task."""
        weights = self.outlook.service_weights
        return {
            "name": self.name,
            **({} if weights is None else {"service_weights": weights.tolist()}),
            "running": content_hash(self.running),
            "fault": None if self.fault is None else self.fault.model_dump(mode="json"),
            "levels": self.outlook.levels.tolist(),
            "hours": self.outlook.hours.tolist(),
            "uncertainty": self.uncertainty.model_dump(mode="json"),
            "seed": self.seed,
            "draws": self.draws,
            "rollouts": self.rollouts,
        }

    def play(self, twin: Twin, before_step: Callable[[], None]) -> Played:
        """See Task. Raises UnknownNode, UnknownLink."""
        state = self.base.configured(self.running)
        if self.fault is not None:
            state = self.fault.after(state)
        samples = draw_samples(twin, self.uncertainty, self.draws, self.seed)
        # Bursts drop before an egress is full, so costs are reckoned as screening does.
        cost = expected_cost(twin, state, self.outlook.scaled(MARGIN), samples=samples)
        before_step()
        ahead = None
        if self.rollouts:
            busiest = float(self.outlook.levels.max())
            ahead = forecast(
                twin,
                replace(state, traffic=state.traffic.scaled(max(1.0, busiest))),
                uncertainty=self.uncertainty,
                rollouts=self.rollouts,
                seed=self.seed,
            )
        return Played(cost=cost.total, breach_hours=cost.breach_hours, ahead=ahead)


def simulate(
    belief: Belief,
    now: NetworkState,
    outlook: Outlook,
    remedies: Sequence[Remedy],
    scenarios: Mapping[str, tuple[Fault, float]],
) -> tuple[Trial, ...]:
    """Simulate `remedies` from `now` on, on the runner of `belief`.

    `scenarios`: imagined fault and its probability before the repair, by id. The seed is the same
    for every remedy, so that their differences are not noise.

    Raises:
        NoctuaError: a task could not be computed; its record says why.
    """
    faults: list[tuple[str, Fault | None]] = [("", None)]
    faults += [(name, fault) for name, (fault, _) in scenarios.items()]
    intended = belief.inventory.intended
    after = {r.id: after_remedy(now, r, intended).running for r in remedies}
    tasks = [
        TrialTask(
            name=f"{remedy.id} {name}".strip(),
            base=now,
            running=after[remedy.id],
            fault=fault,
            outlook=outlook,
            uncertainty=belief.uncertainty,
            seed=belief.seed,
            draws=SCENARIO_DRAWS if fault else DRAWS,
            rollouts=0 if fault else ROLLOUTS,
        )
        for remedy in remedies
        for name, fault in faults
    ]
    played = [_answered(answer) for answer in belief.runner.run(tasks)]
    return tuple(
        _trial(now, remedy, played[i * len(faults) : (i + 1) * len(faults)], scenarios)
        for i, remedy in enumerate(remedies)
    )


def breaking(trials: Sequence[Trial], services: Collection[str]) -> list[str]:
    """The remedies of `trials` that are forecast to put one of `services` in breach which would not
    be with nothing done.
    """
    idle = (t.ahead.in_breach for t in trials if not t.remedy.actions)
    spared = set(services) - next(idle, set())
    return [t.remedy.id for t in trials if t.ahead.in_breach & spared]


def after_remedy(
    state: NetworkState, remedy: Remedy, intended: NetworkConfiguration
) -> NetworkState:
    """`state` with the remedy's actions in force."""
    running = state.running
    for action in remedy.actions:
        running = action.configured(running, intended, state.topology)
    return state.configured(running)


def _answered(answer: Played | TaskFailure) -> Played:
    if isinstance(answer, TaskFailure):
        raise TrialFailed(f"trial {answer.task} could not be computed: {answer.reason}")
    return answer


def _trial(
    now: NetworkState,
    remedy: Remedy,
    played: Sequence[Played],
    scenarios: Mapping[str, tuple[Fault, float]],
) -> Trial:
    alone, *others = played
    assert alone.ahead is not None  # it was asked for
    in_scenario = {name: p.cost for name, p in zip(scenarios, others, strict=True)}
    worst = sum(scenarios[name][1] * cost for name, cost in in_scenario.items())
    touched = devices_touched(remedy.actions, now.topology)
    return Trial(
        remedy=remedy,
        ahead=alone.ahead,
        in_scenario=in_scenario,
        cost=alone.cost + worst + DEVICE_WEIGHT * len(touched),
        slo_minutes_ahead=round(60.0 * alone.breach_hours, 1),
    )
