"""The network as it is with a diagnosed cause in force: what remedies are tried on."""

from collections.abc import Sequence
from dataclasses import replace

from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.fault import Fault, FiberCut, LinkDown, SilentEgressPacketLoss, TrafficSpike
from twin.nouns.state import NetworkState, with_fault
from twin.physics.twin import profile_at
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
    tracker: Tracker, running: NetworkConfiguration, faults: Sequence[Fault], level: float | None = None
) -> NetworkState:
    """What runs and what is up now, with `faults`; demand as expected now, or at profile `level`.

    Weights are not changed for a misconfigured one: `running` has it already.
    """
    state = NetworkState(
        topology=tracker.topology,
        running=running,
        traffic=tracker.demand.matrix_at(tracker.now_s, level),
        down_links=tracker.down_links | links_of(faults),
    )
    for fault in faults:
        if isinstance(fault, TrafficSpike):
            state = with_fault(state, _as_it_is_now(tracker, fault))
        if isinstance(fault, SilentEgressPacketLoss):
            state = with_fault(state, fault)
    return state


def _as_it_is_now(tracker: Tracker, spike: TrafficSpike) -> TrafficSpike:
    """The surge as of the latest flow record: it may have grown since the diagnosis."""
    if tracker.demand.latest is None:
        return spike
    ratios = tracker.demand.inbound_ratio(tracker.demand.latest)
    ratio = float(ratios[tracker.demand.nodes.index(spike.target)])
    return spike.model_copy(update={"factor": ratio}) if ratio > 1 else spike


def state_ahead(
    tracker: Tracker, running: NetworkConfiguration, faults: Sequence[Fault]
) -> NetworkState:
    """The same at the busiest demand expected before the repair."""
    profile = tracker.inventory.profile
    level = busiest_ahead(profile, tracker.now_s, REPAIR_HORIZON_S)
    return believed_state(tracker, running, faults, max(level, profile_at(profile, tracker.now_s)))


def healed(state: NetworkState, faults: Sequence[Fault]) -> NetworkState:
    """`state` once the field has repaired `faults`."""
    losses = {
        egress: fraction
        for egress, fraction in state.egress_loss.items()
        if egress.link not in circuits_of(faults)
    }
    down = state.down_links - links_of(faults)
    return replace(state, down_links=down, egress_loss=losses)
