"""What can happen in a what-if, and the arcs that it changes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.state import NetworkState
from twin.nouns.topology import Interface, Topology
from twin.physics.compiled import NO_ARC


@dataclass(frozen=True, slots=True)
class LinkFailure:
    """`link` goes down in both directions."""

    link: str


@dataclass(frozen=True, slots=True)
class NodeFailure:
    """Every link at `node` goes down; what it sends and gets has no way."""

    node: str


@dataclass(frozen=True, slots=True)
class GroupFailure:
    """Every link of the shared-risk group goes down."""

    group: str


@dataclass(frozen=True, slots=True)
class WeightChange:
    """`node` is configured with `weight` (at least 1) for `link`.

    Nothing comes of it while the link is unusable, nor while the interface is drained.
    """

    node: str
    link: str
    weight: int


@dataclass(frozen=True, slots=True)
class LinkRepair:
    """A link that was down comes back with the weights that are configured."""

    link: str


Event = LinkFailure | NodeFailure | GroupFailure | WeightChange | LinkRepair
"""A closed union."""

WhatIf = tuple[Event, ...]
"""Events at one instant. Where two of them touch an arc, failure wins, then what stands last."""


def arcs_changed(what_if: Iterable[Event], state: NetworkState) -> dict[int, int]:
    """New weight of each arc that `what_if` changes in `state`; NO_ARC where it fails.

    Raises:
        UnknownLink, UnknownNode, UnknownSharedRiskGroup: an event names what is not there.
    """
    changed: dict[int, int] = {}
    failed: set[int] = set()
    # Weights and repairs hold together, in whatever order they are named.
    weights = {(e.node, e.link): e.weight for e in what_if if isinstance(e, WeightChange)}
    repaired = {e.link for e in what_if if isinstance(e, LinkRepair)}
    for event in what_if:
        match event:
            case WeightChange(node=node, link=link):
                if link not in state.down_links or link in repaired:
                    changed |= _advertised((node,), link, weights, state)
            case LinkRepair(link=link):
                ends = state.topology.link(link)
                changed |= _advertised((ends.a, ends.b), link, weights, state)
            case LinkFailure(link=link):
                failed |= _both_ways(state.topology, (link,))
            case NodeFailure(node=node):
                links = (link.id for link in state.topology.links_at(node))
                failed |= _both_ways(state.topology, links)
            case GroupFailure(group=group):
                members = state.topology.shared_risk_group(group).links
                failed |= _both_ways(state.topology, members)
    return changed | dict.fromkeys(sorted(failed), NO_ARC)


def single_links(topology: Topology) -> tuple[WhatIf, ...]:
    """Each link alone, in the order of the topology: N-1."""
    return tuple((LinkFailure(link.id),) for link in topology.links)


def single_nodes(topology: Topology) -> tuple[WhatIf, ...]:
    """Each node alone, in the order of the topology."""
    return tuple((NodeFailure(node.id),) for node in topology.nodes)


def single_groups(topology: Topology) -> tuple[WhatIf, ...]:
    """Each shared-risk group alone, in the order of the topology."""
    return tuple((GroupFailure(group.id),) for group in topology.shared_risk_groups)


def _both_ways(topology: Topology, links: Iterable[str]) -> set[int]:
    arcs: set[int] = set()
    for link in links:
        topology.link(link)
        first = 2 * topology.link_index[link]
        arcs |= {first, first + 1}
    return arcs


def _advertised(
    nodes: Iterable[str], link: str, weights: Mapping[tuple[str, str], int], state: NetworkState
) -> dict[int, int]:
    """Weights of the arcs from `nodes` over `link`, those in `weights` in place of what runs."""
    found: dict[int, int] = {}
    for node in nodes:
        arc = state.topology.arc_of(Interface(node=node, link=link))
        interface = state.running.device(node).interface(link)
        weight = weights.get((node, link), interface.igp_weight)
        found[arc] = interface.model_copy(update={"igp_weight": weight}).advertised_weight
    return {} if _shut_down(link, state.running, state.topology) else found


def _shut_down(link_id: str, running: NetworkConfiguration, topology: Topology) -> bool:
    link = topology.link(link_id)
    return any(running.device(end).interface(link_id).shut_down for end in (link.a, link.b))
