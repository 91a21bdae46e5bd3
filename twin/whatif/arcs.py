"""The arcs that what-ifs change, and the what-ifs that are tried one after another."""

from collections.abc import Iterable

from twin.events.faults.device_down import DeviceDown
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.link_down import LinkDown
from twin.events.kinds import StateEvent
from twin.events.what_if import WhatIf
from twin.nouns.state import NetworkState
from twin.nouns.topology import Topology
from twin.physics.compiled import NO_ARC


def arcs_changed(what_if: Iterable[StateEvent], state: NetworkState) -> dict[int, int]:
    """New weight of each arc that `what_if` changes in `state`; NO_ARC where it fails.

    Raises:
        UnknownLink, UnknownNode: an event names what is not there.
    """
    events = tuple(what_if)
    settled = _settled(events, state)
    changed: dict[int, int] = {}
    failed: set[int] = set()
    for event in events:
        for arc, weight in event.arcs(settled).items():
            if weight is None:
                failed.add(arc)
            else:
                changed[arc] = weight
    return changed | dict.fromkeys(sorted(failed), NO_ARC)


def _settled(events: tuple[StateEvent, ...], state: NetworkState) -> NetworkState:
    """`state` as every event finds it: weights and repairs hold together, in whatever order."""
    if len(events) < 2:
        return state
    settled = state
    for event in events:
        if not event.links_down(state.topology):
            settled = event.after(settled)
    return settled


def single_links(topology: Topology) -> tuple[WhatIf, ...]:
    """Each link alone, in the order of the topology: N-1."""
    return tuple((LinkDown(link=link.id),) for link in topology.links)


def single_nodes(topology: Topology) -> tuple[WhatIf, ...]:
    """Each node alone, in the order of the topology."""
    return tuple((DeviceDown(node=node.id),) for node in topology.nodes)


def single_groups(topology: Topology) -> tuple[WhatIf, ...]:
    """Each shared-risk group alone, in the order of the topology."""
    return tuple(
        (FiberCut(duct=group.id, links=group.links),) for group in topology.shared_risk_groups
    )
