"""Turns the chosen remedy into one plan: commits in order, each with its forecast, and the way
back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from twin.events.action import Action
from twin.events.fault import Fault
from twin.forecasting import Uncertainty, forecast
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.forecast import Forecast
from twin.nouns.plan import Outcome, Plan, Remedy
from twin.nouns.state import NetworkState, failed_links, state_hash
from twin.nouns.topology import Interface
from twin.physics.compiled import arc_weights, policer_rates
from twin.physics.questions import offered_totals
from twin.remedies.blast import blast_radius
from twin.remedies.steps import plan_steps, planned_step
from twin.remedies.track_record import DRIFTED, move_sigma, with_record, with_usual_loads
from twin.tracking.belief import Belief

ROLLOUTS = 100
_WATCHED = 6


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What a plan is made of.

    `state`: the network now, cause included. `known_down`: links known to be down, which with the
    running configuration is the state that the plan is made for. `past`: earlier plans and what
    came of them, by which the intervals of loads are as wide as they have to be. `lasts`: it is to
    stay, though it has a way back.
    """

    incident_id: str
    attempt: int
    purpose: str
    cause: tuple[Fault, ...]
    remedy: Remedy
    reason: str
    finished_by: str
    state: NetworkState
    known_down: frozenset[str]
    needs_person: str = ""
    past: tuple[tuple[Plan, Outcome], ...] = ()
    lasts: bool = False


def make_plan(belief: Belief, request: PlanRequest, now_s: float) -> Plan:
    """The plan, with the forecast of the state after every commit.

    Raises:
        UnknownNode, UnknownLink: an action names what does not exist.
    """
    state, actions = request.state, request.remedy.actions
    topology, intended = state.topology, belief.inventory.intended
    steps = plan_steps(actions, state.running, intended, topology)
    final = replace(state, running=steps[-1].after) if steps else state
    watch = _watched(belief, state, final)
    plan_id = f"{request.incident_id}.{request.purpose}{request.attempt}"
    back = way_back(belief, state, request)
    nothing = predict(belief, state, watch)
    sigma = move_sigma(actions, request.past)
    drawn = [predict(belief, replace(state, running=step.after), watch) for step in steps]
    forecasts = [with_record(each, nothing, actions, sigma) for each in drawn]
    # What comes and goes by the cause is no other state of the network: plans outlive it.
    down = request.known_down.difference(*(fault.unsteady_links for fault in request.cause))
    if forecasts and (usual := _usual_loads(belief, final, request.cause)):
        drifted = predict(belief, final, watch, DRIFTED)
        forecasts[-1] = with_usual_loads(drawn[-1], drifted, usual)
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
        way_back=back,
        temporary=request.purpose == "mitigate" and bool(back) and not request.lasts,
        forecast=forecasts[-1] if forecasts else nothing,
        do_nothing=nothing,
        blast_radius=blast_radius(
            belief.inventory,
            state.running,
            final.running,
            failed_links(state.running, down),
        ),
        state_hash=state_hash(state.running, down),
        created_s=now_s,
        reason=request.reason,
        finished_by=request.finished_by,
        needs_person=request.needs_person,
    )


def way_back(belief: Belief, state: NetworkState, request: PlanRequest) -> tuple[Action, ...]:
    """The inverses of what is temporary, last action first.

    What puts things right is not temporary, whether or not its cause has a name: taken out again,
    it would bring the trouble back.
    """
    from_here, intended, undo = state.running, belief.inventory.intended, list[Action]()
    for action in request.remedy.actions:
        after = action.configured(from_here, intended, state.topology)
        named = action.lasting or any(f.is_put_right_by(action) for f in request.cause)
        if not named and not _is_as_intended(from_here, after, intended):
            undo = [*action.inverse(from_here, state.topology), *undo]
        from_here = after
    return tuple(undo)


def _is_as_intended(
    before: NetworkConfiguration, after: NetworkConfiguration, intended: NetworkConfiguration
) -> bool:
    """Whether every interface that changes runs then what is intended."""
    changed = [
        (new.node, interface)
        for old, new in zip(before.devices, after.devices, strict=True)
        if old != new
        for was, interface in zip(old.interfaces, new.interfaces, strict=True)
        if was != interface
    ]
    return bool(changed) and all(
        interface == intended.device(node).interface(interface.link) for node, interface in changed
    )


def _usual_loads(belief: Belief, state: NetworkState, cause: Sequence[Fault]) -> dict[str, float]:
    """Load / capacity of each egress as counters showed it before the trouble, at this hour, where
    `state` carries what the network did then, over the same ways; else nothing.

    `cause`: not where it is a surge. It may last, also when it is not seen any more: who meets a
    limit holds back.
    """
    tracker, topology, twin = belief.tracker, state.topology, belief.twin
    well = replace(
        state,
        running=tracker.healthy_running,
        traffic=tracker.demand.matrix_at(tracker.now_s),
        down_links=frozenset(),
        egress_loss={},
    )
    weights = [arc_weights(topology, s.running, s.down_links) for s in (state, well)]
    # Not of what was learned from: that may be of while something was limited for another surge.
    limits = [policer_rates(topology, c) for c in (state.running, belief.inventory.intended)]
    same = (weights[0] == weights[1]).all() and (limits[0] == limits[1]).all()
    as_usual = all(fault.after(well).traffic is well.traffic for fault in cause)
    if state.egress_loss or not tracker.usual_loads.rounds_learned or not (same and as_usual):
        return {}
    loads = (
        offered_totals(twin, well) * np.exp(tracker.usual_loads.bias) / twin.compiled.capacity_bps
    )
    return {str(topology.egress_of(arc)): float(load) for arc, load in enumerate(loads)}


def predict(
    belief: Belief,
    state: NetworkState,
    watch: Sequence[Interface],
    uncertainty: Uncertainty | None = None,
) -> Forecast:
    """The forecast of `state` at its own demand; `uncertainty`: in place of the belief's own."""
    return forecast(
        belief.twin,
        state,
        uncertainty=uncertainty or belief.uncertainty,
        rollouts=ROLLOUTS,
        seed=belief.seed,
        watch=watch,
    )


def _watched(belief: Belief, before: NetworkState, after: NetworkState) -> list[Interface]:
    """Egresses whose load changes most, relative to their capacity; then the busiest."""
    capacity = np.repeat([x.capacity_bps for x in before.topology.links], 2)
    then = offered_totals(belief.twin, after) / capacity
    change = np.abs(then - offered_totals(belief.twin, before) / capacity)
    up = [x.id not in before.down_links for x in before.topology.links]
    score = np.where(np.repeat(up, 2), change + 0.01 * then, -1.0)
    return [before.topology.egress_of(int(a)) for a in np.argsort(-score)[:_WATCHED]]
