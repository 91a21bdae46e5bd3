"""The network as it is with a diagnosed cause in force: what remedies are tried on."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from agents.situation import Situation
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.fault import Fault, FiberCut, LinkDown, SilentEgressPacketLoss, TrafficSpike
from twin.nouns.state import NetworkState, with_fault
from twin.nouns.traffic import TrafficMatrix
from twin.physics.questions import offered_totals
from twin.physics.twin import profile_at
from twin.tracking.calibration import calibrated
from twin.tracking.demand import busiest_ahead
from twin.tracking.tracker import Tracker

REPAIR_HORIZON_S = 4 * 3600.0
"""Remedies have to hold for as long as a field repair is expected to take: four hours (assumed)."""


def links_of(faults: Sequence[Fault]) -> frozenset[str]:
    """Links that are down because of `faults`."""
    found: set[str] = set()
    for fault in faults:
        if isinstance(fault, FiberCut):
            found.update(fault.links)
        elif isinstance(fault, LinkDown):
            found.add(fault.link)
    return frozenset(found)


def circuits_of(faults: Sequence[Fault]) -> tuple[str, ...]:
    """Links on which the field has something to repair."""
    silent = {f.link for f in faults if isinstance(f, SilentEgressPacketLoss)}
    return tuple(sorted(links_of(faults) | silent))


def believed_state(
    situation: Situation, running: NetworkConfiguration, faults: Sequence[Fault]
) -> NetworkState:
    """What runs and what is up now, with `faults`, and the demand that agrees with the counters.

    Weights are not changed for a misconfigured one: `running` has it already.
    """
    tracker, twin = situation.tracker, situation.twin
    state = NetworkState(
        topology=tracker.topology,
        running=running,
        traffic=_healthy_demand(situation),
        down_links=tracker.down_links | links_of(faults),
    )
    for fault in faults:
        if isinstance(fault, TrafficSpike):
            state = with_fault(state, _as_it_is_now(tracker, fault))
        if isinstance(fault, SilentEgressPacketLoss):
            state = with_fault(state, fault)
    measured, congested = tracker.measured_offered(), tracker.congested()
    return replace(state, traffic=calibrated(twin, state, measured, congested))


def _healthy_demand(situation: Situation) -> TrafficMatrix:
    """Demand at this time of day, corrected by what the healthy loads have taught."""
    tracker, twin = situation.tracker, situation.twin
    healthy = NetworkState(
        tracker.topology, tracker.healthy_running, tracker.demand.matrix_at(tracker.now_s)
    )
    return calibrated(twin, healthy, offered_totals(twin, healthy) * np.exp(tracker.load_bias))


def _as_it_is_now(tracker: Tracker, spike: TrafficSpike) -> TrafficSpike:
    """The surge as of the latest flow record: it may have grown since the diagnosis."""
    if tracker.demand.latest is None:
        return spike
    ratios = tracker.demand.inbound_ratio(tracker.demand.latest)
    ratio = float(ratios[tracker.demand.nodes.index(spike.target)])
    return spike.model_copy(update={"factor": ratio}) if ratio > 1 else spike


def state_ahead(
    situation: Situation, running: NetworkConfiguration, faults: Sequence[Fault]
) -> NetworkState:
    """The same at the busiest demand expected before the repair."""
    state = believed_state(situation, running, faults)
    profile, now_s = situation.inventory.profile, situation.tracker.now_s
    growth = busiest_ahead(profile, now_s, REPAIR_HORIZON_S) / profile_at(profile, now_s)
    return replace(state, traffic=state.traffic.scaled(max(1.0, growth)))


def healed(state: NetworkState, faults: Sequence[Fault]) -> NetworkState:
    """`state` once the field has repaired `faults`."""
    losses = {
        egress: fraction
        for egress, fraction in state.egress_loss.items()
        if egress.link not in circuits_of(faults)
    }
    down = state.down_links - links_of(faults)
    return replace(state, down_links=down, egress_loss=losses)
