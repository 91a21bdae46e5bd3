"""The state of a network at one moment, as somebody believes it to be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from twin.nouns.base import content_hash
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.fault import (
    Fault,
    FiberCut,
    IgpWeightMisconfig,
    LinkDown,
    SilentEgressPacketLoss,
    TrafficSpike,
)
from twin.nouns.topology import Interface, Topology
from twin.nouns.traffic import TrafficMatrix


@dataclass(frozen=True, slots=True)
class NetworkState:
    """Topology, running configuration, offered traffic, and what is up.

    `egress_loss`: fraction 0..1 that an egress drops for no reason that it counts.
    """

    topology: Topology
    running: NetworkConfiguration
    traffic: TrafficMatrix
    down_links: frozenset[str] = frozenset()
    egress_loss: Mapping[Interface, float] = field(default_factory=dict)


def with_fault(state: NetworkState, fault: Fault) -> NetworkState:
    """The state after `fault` and after routing has converged.

    Raises:
        UnknownNode, UnknownLink: the fault names what does not exist.
    """
    match fault:
        case FiberCut(links=links):
            for link in links:
                state.topology.link(link)
            return replace(state, down_links=state.down_links | set(links))
        case LinkDown(link=link):
            state.topology.link(link)
            return replace(state, down_links=state.down_links | {link})
        case IgpWeightMisconfig(node=node, link=link, weight=weight):
            interface = state.running.device(node).interface(link)
            changed = interface.model_copy(update={"igp_weight": weight})
            return replace(state, running=state.running.with_interface(node, changed))
        case TrafficSpike(target=target, factor=factor):
            state.topology.node(target)
            rates = state.traffic.rates_bps.copy()
            rates[:, :, state.topology.node_index[target]] *= factor
            return replace(state, traffic=TrafficMatrix(state.traffic.nodes, rates))
        case SilentEgressPacketLoss(node=node, link=link, fraction=fraction):
            egress = Interface(node=node, link=link)
            state.topology.arc_of(egress)
            return replace(state, egress_loss={**state.egress_loss, egress: fraction})


def state_hash(running: NetworkConfiguration, down_links: Iterable[str]) -> str:
    """SHA-256 (hex) of what a plan is made for: all configurations, and the links down."""
    return content_hash(
        {"running": running.model_dump(mode="json"), "down": sorted(set(down_links))}
    )
