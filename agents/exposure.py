"""What would hurt most if it failed next, and what each remedy leans on."""

from collections.abc import Iterable

import numpy as np

from agents.candidates import cause_id
from twin.nouns.base import Noun
from twin.nouns.fault import Fault, FiberCut, LinkDown, TrafficSpike
from twin.nouns.state import NetworkState, with_fault
from twin.physics.questions import cut_off_bps, offered_totals
from twin.physics.twin import Twin
from twin.tracking.tracker import Tracker

SURGE_FACTOR = 1.5
"""How much more traffic a node draws in an imagined surge."""

_MOST_TARGETS = 5


class Exposure(Noun):
    """One further fault, simulated on top of the present state: what it would do.

    `partitions`: node pairs cut off from each other. `max_utilisation`: offered / capacity.
    `grounds`: why it is on the list.
    """

    id: str
    fault: Fault
    grounds: str
    max_utilisation: float
    overloaded: tuple[str, ...]
    excess_bps: float
    cut_off_bps: float


def exposures(
    state: NetworkState, twin: Twin, tracker: Tracker, most: int = 12
) -> tuple[Exposure, ...]:
    """Every single link and duct that is up, and a surge at the busiest nodes; the worst first."""
    found = [
        _expose(state, fault, grounds, twin) for fault, grounds in _next_faults(state, tracker)
    ]
    found.sort(key=lambda e: (-(e.excess_bps + e.cut_off_bps), -e.max_utilisation, e.id))
    return tuple(found[:most])


def _next_faults(state: NetworkState, tracker: Tracker) -> Iterable[tuple[Fault, str]]:
    for link in state.topology.links:
        if link.id not in state.down_links:
            yield LinkDown(link=link.id), "any single link may fail"
    for group in state.topology.shared_risk_groups:
        left = tuple(link for link in group.links if link not in state.down_links)
        if len(left) >= 2:
            yield FiberCut(duct=group.id, links=left), f"these links share {group.id}"
    drawn = tracker.demand.peak_bps.sum(axis=(0, 1))
    for i in np.argsort(-drawn)[:_MOST_TARGETS]:
        fault = TrafficSpike(target=tracker.demand.nodes[int(i)], factor=SURGE_FACTOR)
        yield fault, "it draws more traffic than most"


def _expose(state: NetworkState, fault: Fault, grounds: str, twin: Twin) -> Exposure:
    after = with_fault(state, fault)
    capacity = np.repeat([x.capacity_bps for x in state.topology.links], 2)
    loads = offered_totals(twin, after)
    excess = np.maximum(loads - capacity, 0.0)
    over = np.flatnonzero(excess > 0)
    names = [str(state.topology.egress_of(int(a))) for a in over[np.argsort(-excess[over])][:5]]
    return Exposure(
        id=cause_id(fault),
        fault=fault,
        grounds=grounds,
        max_utilisation=round(float((loads / capacity).max()), 4),
        overloaded=tuple(names),
        excess_bps=round(float(excess.sum())),
        cut_off_bps=round(float(cut_off_bps(twin, after))),
    )
