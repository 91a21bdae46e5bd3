"""The network as it is with a diagnosed cause in force: what remedies are tried on."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from twin.events.fault import Fault
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.guidance import UNGUIDED, Guidance
from twin.nouns.state import NetworkState, failed_links
from twin.nouns.traffic import TrafficMatrix
from twin.physics.compiled import egress_loss_of
from twin.physics.loads import deliveries
from twin.physics.questions import offered_totals
from twin.physics.twin import profile_at
from twin.remedies.guided import growth, said_repair, service_weights
from twin.remedies.objective import OutageTime, Outlook
from twin.tracking.belief import Belief
from twin.tracking.calibration import calibrated
from twin.tracking.demand import busiest_ahead

REPAIR_HORIZON_S = 4 * 3600.0
"""Remedies have to hold for as long as a field repair is expected to take: four hours (assumed)."""


IN_FORCE_AFTER_S = 600.0
"""Until a remedy that is looked for now is in force and verified: five minutes for an approval
(assumed), and five of watching."""

_NOTED = 0.01
"""Senders that want to send less than this share more hold nothing back."""

_NEARLY_ALL = 0.95
"""A pair that loses more than this share of its traffic gets nothing through."""

LIKELY = 0.5
"""Hours that the outage probably does not reach are no reason to change anything now: if it does
reach them, there is time to do it then."""


def links_of(faults: Sequence[Fault]) -> frozenset[str]:
    """Links that are down because of `faults`, unless somebody has switched them off."""
    return frozenset(link for f in faults if f.only_links_down for link in f.resources)


def circuits_of(faults: Sequence[Fault]) -> tuple[str, ...]:
    """Links on which the field has something to repair, sorted."""
    return tuple(sorted({link for f in faults for link in f.circuits()}))


def believed_state(
    belief: Belief, running: NetworkConfiguration, faults: Sequence[Fault]
) -> NetworkState:
    """What runs and what is up now, with `faults` and with what is known to be wrong besides, and
    the demand that agrees with the counters.

    Weights are not changed for a misconfigured one: `running` has it already. Of what other
    incidents have found, which links are down now is known better; what they lose goes on to be
    lost, so that whoever holds back for it goes on to.
    """
    tracker, twin = belief.tracker, belief.twin
    state = NetworkState(
        topology=tracker.topology,
        running=running,
        traffic=_healthy_demand(belief),
        down_links=failed_links(running, tracker.down_links),
    )
    own = {fault.id for fault in faults}
    known = (
        f for f in tracker.known_faults() if not f.links_down(state.topology) and f.id not in own
    )
    besides = _in_force(belief, state, known)
    state = _in_force(belief, besides, faults)
    measured, congested = tracker.measured_offered(), tracker.congested()
    lasting = besides.egress_loss
    return replace(state, traffic=calibrated(twin, state, measured, congested, lasting))


def _in_force(belief: Belief, state: NetworkState, faults: Iterable[Fault]) -> NetworkState:
    """`state` with `faults` as telemetry shows them now; what devices run is there already."""
    for fault in faults:
        if not fault.in_configuration:
            state = fault.as_measured(belief.tracker.demand.latest_ratio).after(state)
    return state


def _healthy_demand(belief: Belief) -> TrafficMatrix:
    """Demand at this time of day, corrected by what the healthy loads have taught."""
    tracker, twin = belief.tracker, belief.twin
    healthy = NetworkState(
        tracker.topology, tracker.healthy_running, tracker.demand.matrix_at(tracker.now_s)
    )
    return calibrated(
        twin, healthy, offered_totals(twin, healthy) * np.exp(tracker.usual_loads.bias)
    )


def loss_in_words(belief: Belief, state: NetworkState) -> str:
    """What a forecast takes for granted about what `state` loses silently, "" for nothing."""
    twin = belief.twin
    silent = egress_loss_of(state.topology, state.egress_loss)
    if not silent.any():
        return ""
    wanted, sent = offered_totals(twin, state), belief.tracker.measured_offered()
    more_bps = float(np.nansum(np.maximum(wanted - sent, 0.0)[silent > 0.0]))
    passing, no_delay = (1.0 - silent)[:, None, None].copy(), np.zeros((len(silent), 1, 1))
    delivered, _ = deliveries(twin.compiled, twin.route(state), passing, no_delay)
    rates_bps = state.traffic.rates_bps.sum(axis=0)
    nowhere_bps = float(rates_bps[delivered[0, 0] < 1.0 - _NEARLY_ALL].sum())
    held_back = more_bps > _NOTED * float(wanted[silent > 0.0].sum())
    parts = [
        f"senders that meet loss are expected to come back, with {more_bps / 1e9:.3g} Gbit/s more "
        "than they send now"
        if held_back
        else "",
        f"{nowhere_bps / 1e9:.3g} Gbit/s arrive nowhere today" if nowhere_bps > 0.0 else "",
    ]
    return "; ".join(part for part in parts if part)


def state_ahead(
    belief: Belief, running: NetworkConfiguration, faults: Sequence[Fault]
) -> NetworkState:
    """The same at the busiest demand expected before the repair."""
    state = believed_state(belief, running, faults)
    profile, now_s = belief.inventory.profile, belief.tracker.now_s
    growth = busiest_ahead(profile, now_s, REPAIR_HORIZON_S) / profile_at(profile, now_s)
    return replace(state, traffic=state.traffic.scaled(max(1.0, growth)))


def outlook(
    belief: Belief,
    onset_s: float,
    repair: OutageTime | None = None,
    guidance: Guidance = UNGUIDED,
) -> Outlook:
    """The demand and how long it lasts, of an outage that began at `onset_s`: from when a remedy
    can be in force, for as long as the outage probably goes on. `repair`: what is known of that;
    what `guidance` says goes before it.
    """
    now_s = belief.tracker.now_s
    lasted_s, more = max(0.0, now_s - onset_s), growth(guidance, now_s)
    return Outlook.ahead(
        belief.inventory.profile,
        now_s,
        said_repair(guidance, now_s, lasted_s) or repair,
        lasted_s=lasted_s,
        from_s=IN_FORCE_AFTER_S,
        least_chance=LIKELY,
        growth=more.after if more else None,
    ).weighing(service_weights(guidance, belief.twin))


def healed(state: NetworkState, faults: Sequence[Fault]) -> NetworkState:
    """`state` once the field has repaired `faults`."""
    for fault in faults:
        state = fault.repaired(state)
    return state
