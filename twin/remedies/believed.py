"""The network as it is with a diagnosed cause in force: what remedies are tried on."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from twin.events.fault import Fault
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.state import NetworkState, failed_links
from twin.nouns.traffic import TrafficMatrix
from twin.physics.questions import offered_totals
from twin.physics.twin import profile_at
from twin.remedies.objective import Outlook
from twin.tracking.belief import Belief
from twin.tracking.calibration import calibrated
from twin.tracking.demand import busiest_ahead

REPAIR_HORIZON_S = 4 * 3600.0
"""Remedies have to hold for as long as a field repair is expected to take: four hours (assumed)."""


def links_of(faults: Sequence[Fault]) -> frozenset[str]:
    """Links that are down because of `faults`, unless somebody has switched them off."""
    return frozenset(link for f in faults if f.only_links_down for link in f.resources)


def circuits_of(faults: Sequence[Fault]) -> tuple[str, ...]:
    """Links on which the field has something to repair, sorted."""
    return tuple(sorted({link for f in faults for link in f.circuits()}))


def believed_state(
    belief: Belief, running: NetworkConfiguration, faults: Sequence[Fault]
) -> NetworkState:
    """What runs and what is up now, with `faults`, and the demand that agrees with the counters.

    Weights are not changed for a misconfigured one: `running` has it already.
    """
    tracker, twin = belief.tracker, belief.twin
    state = NetworkState(
        topology=tracker.topology,
        running=running,
        traffic=_healthy_demand(belief),
        down_links=failed_links(running, tracker.down_links),
    )
    for fault in faults:
        if not fault.in_configuration:
            state = fault.as_measured(tracker.demand.latest_ratio).after(state)
    measured, congested = tracker.measured_offered(), tracker.congested()
    return replace(state, traffic=calibrated(twin, state, measured, congested))


def _healthy_demand(belief: Belief) -> TrafficMatrix:
    """Demand at this time of day, corrected by what the healthy loads have taught."""
    tracker, twin = belief.tracker, belief.twin
    healthy = NetworkState(
        tracker.topology, tracker.healthy_running, tracker.demand.matrix_at(tracker.now_s)
    )
    return calibrated(twin, healthy, offered_totals(twin, healthy) * np.exp(tracker.load_bias))


def state_ahead(
    belief: Belief, running: NetworkConfiguration, faults: Sequence[Fault]
) -> NetworkState:
    """The same at the busiest demand expected before the repair."""
    state = believed_state(belief, running, faults)
    profile, now_s = belief.inventory.profile, belief.tracker.now_s
    growth = busiest_ahead(profile, now_s, REPAIR_HORIZON_S) / profile_at(profile, now_s)
    return replace(state, traffic=state.traffic.scaled(max(1.0, growth)))


def outlook(belief: Belief, onset_s: float) -> Outlook:
    """The demand and how long it lasts until the repair, of an outage that began at `onset_s`."""
    now_s = belief.tracker.now_s
    return Outlook.ahead(belief.inventory.profile, now_s, lasted_s=max(0.0, now_s - onset_s))


def healed(state: NetworkState, faults: Sequence[Fault]) -> NetworkState:
    """`state` once the field has repaired `faults`."""
    for fault in faults:
        state = fault.repaired(state)
    return state
