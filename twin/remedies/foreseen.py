"""Lines of the risk register of which all but one thing are down, and what would complete them."""

from twin.events.fault import Fault
from twin.events.faults.device_down import DeviceDown
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.link_down import LinkDown
from twin.events.faults.power_feed_loss import PowerFeedLoss
from twin.knowledge.facts import ThingKey
from twin.knowledge.snapshot import Snapshot
from twin.nouns.state import NetworkState
from twin.nouns.topology import Topology


def foreseen_next(snapshot: Snapshot, state: NetworkState) -> list[tuple[Fault, str]]:
    """The failure that would complete each line of the register, and what the line says; the lines
    in the order of their ids.

    A line is written about the things that fail in it (`documented_by`). What is not built is not
    down, and completes nothing.
    """
    found = []
    for risk in snapshot.ids("risk"):
        line: ThingKey = ("risk", risk)
        failing = snapshot.sources(line, "documented_by")
        left = [one for one in failing if not _is_down(one, state)]
        fault = _failure(left[0], state.topology) if len(left) == 1 < len(failing) else None
        if fault is not None:
            text = snapshot.thing(snapshot.index[line]).properties.get("text", "")
            found.append((fault, f"{risk}: {text}"))
    return found


def _is_down(thing: ThingKey, state: NetworkState) -> bool:
    links = _links(thing, state.topology)
    return bool(links) and state.down_links >= links


def _links(thing: ThingKey, topology: Topology) -> frozenset[str]:
    fault = _failure(thing, topology)
    return frozenset() if fault is None else fault.links_down(topology)


def _failure(thing: ThingKey, topology: Topology) -> Fault | None:
    kind, name = thing
    if kind == "link" and name in topology.link_index:
        return LinkDown(link=name)
    if kind == "device" and name in topology.node_index:
        links = tuple(sorted(link.id for link in topology.links_at(name)))
        return DeviceDown(node=name, links=links)
    if kind == "site" and topology.nodes_at(name):
        return PowerFeedLoss.at(topology, name)
    groups = (g for g in topology.shared_risk_groups if kind == "duct" and g.id == name)
    return next((FiberCut(duct=g.id, links=g.links) for g in groups), None)
