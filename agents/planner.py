"""Turns the chosen remedy into one plan: commits in order, each with its forecast, and the way back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from agents.situation import Situation
from tools.change.blast import blast_radius
from tools.change.steps import plan_steps, planned_step
from twin.forecasting import forecast
from twin.nouns.action import Action, RevertToIntended, SetIgpWeight, inverse
from twin.nouns.fault import Fault, IgpWeightMisconfig
from twin.nouns.forecast import Forecast, Interval
from twin.nouns.plan import Plan, Remedy
from twin.nouns.state import NetworkState, state_hash
from twin.nouns.telemetry import FloatArray
from twin.nouns.topology import Interface
from twin.physics.questions import offered_totals

ROLLOUTS = 100
_WATCHED = 6


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What a plan is made of. `state`: the network now, cause included; `known_down`: links known to be
    down, which with the running configuration is the state that the plan is made for."""

    incident_id: str
    attempt: int
    purpose: str
    cause: tuple[Fault, ...]
    remedy: Remedy
    reason: str
    finished_by: str
    state: NetworkState
    known_down: frozenset[str]


def make_plan(situation: Situation, request: PlanRequest, now_s: float) -> Plan:
    """The plan, with the forecast of the state after every commit.

    Raises:
        UnknownNode, UnknownLink: an action names what does not exist.
    """
    state, actions = request.state, request.remedy.actions
    topology, intended = state.topology, situation.inventory.intended
    steps = plan_steps(actions, state.running, intended, topology)
    final = replace(state, running=steps[-1].after) if steps else state
    watch = _watched(situation, state, final)
    errors = ModelErrors(situation, state)
    plan_id = f"{request.incident_id}.{request.purpose}{request.attempt}"
    forecasts = [
        predict(situation, replace(state, running=step.after), watch, errors) for step in steps
    ]
    return Plan(
        id=plan_id,
        incident_id=request.incident_id,
        attempt=request.attempt,
        purpose="return" if request.purpose == "return" else "mitigate",
        cause=request.cause,
        actions=actions,
        steps=tuple(
            planned_step(plan_id, i, step, expected)
            for i, (step, expected) in enumerate(zip(steps, forecasts, strict=True))
        ),
        way_back=way_back(situation, state, request),
        temporary=request.purpose == "mitigate"
        and not all(_is_lasting(a, request.cause) for a in actions),
        forecast=forecasts[-1] if forecasts else predict(situation, state, watch, errors),
        do_nothing=predict(situation, state, watch, errors),
        blast_radius=blast_radius(
            situation.inventory, state.running, final.running, request.known_down
        ),
        state_hash=state_hash(state.running, request.known_down),
        created_s=now_s,
        reason=request.reason,
        finished_by=request.finished_by,
    )


def _is_lasting(action: Action, cause: Sequence[Fault]) -> bool:
    """Whether `action` puts the cause itself right, so that nobody must ever take it back."""
    if isinstance(action, RevertToIntended):
        return True
    return isinstance(action, SetIgpWeight) and any(
        isinstance(f, IgpWeightMisconfig) and (f.node, f.link) == (action.node, action.link)
        for f in cause
    )


def way_back(
    situation: Situation, state: NetworkState, request: PlanRequest
) -> tuple[Action, ...]:
    """The inverses of what is temporary, last action first."""
    from_here, undo = state.running, list[Action]()
    for action in request.remedy.actions:
        if not _is_lasting(action, request.cause):
            undo = [*inverse(action, from_here, state.topology), *undo]
        steps = plan_steps((action,), from_here, situation.inventory.intended, state.topology)
        from_here = steps[-1].after if steps else from_here
    return tuple(undo)


class ModelErrors:
    """How far the twin is off on each egress, from two states in which it can be seen.

    One is now: measured utilisation against the twin's, cause included. The other is the healthy
    network: the bias that the tracker has learned. A state to forecast is corrected by the error of
    whichever of the two loads the egress more alike, in proportion to the load that they share: what
    is moved onto an egress brings no known error along.
    """

    def __init__(self, situation: Situation, now: NetworkState) -> None:
        tracker, twin = situation.tracker, situation.twin
        self._capacity = np.repeat([x.capacity_bps for x in now.topology.links], 2)
        self._twin = twin
        normal = replace(tracker.normal_state(), traffic=now.traffic, down_links=frozenset())
        seen = np.nan_to_num(tracker.utilisation(), nan=-1.0)
        self._now = offered_totals(twin, now) / self._capacity
        self._normal = offered_totals(twin, normal) / self._capacity
        measured = np.where(seen >= 0, seen - np.minimum(self._now, 1.0), 0.0)
        # A full egress tells nothing of what it was offered.
        self._error_now = np.where(seen < 0.97, measured, 0.0)
        self._error_normal = (np.exp(tracker.load_bias) - 1) * self._normal

    def of(self, state: NetworkState) -> FloatArray:
        """(n_arcs,) to add to the twin's utilisation in `state`."""
        then = offered_totals(self._twin, state) / self._capacity
        like_now = np.abs(then - self._now) <= np.abs(then - self._normal)
        reference = np.where(like_now, self._now, self._normal)
        error = np.where(like_now, self._error_now, self._error_normal)
        with np.errstate(divide="ignore", invalid="ignore"):
            shared = np.where(reference > 0, np.minimum(1.0, then / reference), 0.0)
        return np.asarray(shared * error)


def predict(
    situation: Situation, state: NetworkState, watch: Sequence[Interface], errors: ModelErrors
) -> Forecast:
    """The forecast of `state` at its own demand, the known errors of the twin taken out."""
    raw = forecast(
        situation.twin,
        state,
        uncertainty=situation.uncertainty,
        rollouts=ROLLOUTS,
        seed=situation.seed,
        watch=watch,
    )
    shift = errors.of(state)
    corrected = {
        f"{egress.node}|{egress.link}": _shifted(
            raw.utilisation[f"{egress.node}|{egress.link}"],
            float(shift[state.topology.arc_of(egress)]),
        )
        for egress in watch
    }
    return raw.model_copy(update={"utilisation": corrected})


def _shifted(interval: Interval, by: float) -> Interval:
    moved = (min(1.0, max(0.0, q + by)) for q in (interval.p05, interval.median, interval.p95))
    low, middle, high = moved
    return Interval(p05=low, median=middle, p95=high)


def _watched(situation: Situation, before: NetworkState, after: NetworkState) -> list[Interface]:
    """Egresses whose load changes most, relative to their capacity; then the busiest."""
    capacity = np.repeat([x.capacity_bps for x in before.topology.links], 2)
    then = offered_totals(situation.twin, after) / capacity
    change = np.abs(then - offered_totals(situation.twin, before) / capacity)
    up = [x.id not in before.down_links for x in before.topology.links]
    score = np.where(np.repeat(up, 2), change + 0.01 * then, -1.0)
    return [before.topology.egress_of(int(a)) for a in np.argsort(-score)[:_WATCHED]]
