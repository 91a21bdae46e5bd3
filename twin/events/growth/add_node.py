"""A node is built, with links to others."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field

from twin.errors import BadInput
from twin.events.amounts import rate_text, read_rate
from twin.events.growth.add_link import assumed_way, usual_weight, with_interfaces, with_link
from twin.events.kinds import BuildKind
from twin.events.names import find_all, find_node
from twin.nouns.configuration import DeviceConfiguration, NetworkConfiguration
from twin.nouns.topology import Node, Site, Topology

if TYPE_CHECKING:
    from twin.nouns.state import NetworkState


class AddNode(BuildKind):
    """A new node with one link of `capacity_bps` to each of the nodes `at`.

    Where `capacity_bps` is None, a link has as much as the largest one at its other end.
    """

    kind: Literal["add_node"] = "add_node"
    node: str
    at: tuple[str, ...] = Field(min_length=1)
    capacity_bps: float | None = Field(default=None, gt=0)

    forms: ClassVar[tuple[str, ...]] = (
        "node NEW at NODES",
        "node NEW at NODES with RATE",
        "node NEW at NODES RATE",
        "add node NEW at NODES",
        "add node NEW at NODES with RATE",
        "add node NEW at NODES RATE",
    )

    def describe(self) -> str:
        """See EventKind."""
        return f"{self.node} is built, with links to {', '.join(self.at)}"

    def built(self, topology: Topology) -> Topology:
        """See BuildKind."""
        if self.node in topology.node_index:
            raise BadInput(f'node "{self.node}" is in {topology.name} already')
        sites = {site.id: site for site in topology.sites}
        near = [sites[topology.node(node).site] for node in self.at]
        site = Site(
            id=_free(self.node, sites),
            longitude=sum(s.longitude for s in near) / len(near),
            latitude=sum(s.latitude for s in near) / len(near),
        )
        built = topology.rebuilt(
            sites=(*topology.sites, site),
            nodes=(*topology.nodes, Node(id=self.node, site=site.id)),
        )
        for node in self.at:
            built = with_link(built, self.node, node, self._capacity_bps(topology, node))
        return built

    def _capacity_bps(self, topology: Topology, node: str) -> float:
        if self.capacity_bps is not None:
            return self.capacity_bps
        at_node = topology.links_at(node) or topology.links
        return max((link.capacity_bps for link in at_node), default=1e9)

    def configured(self, running: NetworkConfiguration, built: Topology) -> NetworkConfiguration:
        """See BuildKind."""
        weight = usual_weight(running)
        device = DeviceConfiguration(node=self.node, interfaces=())
        running = NetworkConfiguration(devices=(*running.devices, device))
        for link in built.links_at(self.node):
            running = with_interfaces(running, link, weight)
        return running

    def assumed(self, state: "NetworkState") -> tuple[str, ...]:
        """See BuildKind."""
        built = self.built(state.topology)
        new = built.links_at(self.node)
        weight = usual_weight(state.running)
        said = [f"{self.node} stands midway between its neighbours, and sends and gets nothing"]
        if self.capacity_bps is None:
            carried = ", ".join(f"{link.id} {rate_text(link.capacity_bps)}" for link in new)
            said.append(f"capacities as the largest link at the other end: {carried}")
        said.append(f"its links have weight {weight}, as most interfaces")
        return (*said, *map(assumed_way, new))

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind."""
        at = find_all(said["NODES"], lambda text: find_node(topology, text).id)
        name = said["NEW"].strip()
        if any(name.casefold() == node.casefold() for node in topology.node_index):
            raise BadInput(f'node "{name}" is in {topology.name} already; a new one needs its name')
        if "|" in name:
            raise BadInput(f'"{name}" cannot be the name of a node: "|" stands in it')
        rate_bps = read_rate(said["RATE"], topology) if "RATE" in said else None
        return (cls(node=name, at=tuple(dict.fromkeys(at)), capacity_bps=rate_bps),)

    def phrase(self) -> str:
        """See PhrasedKind."""
        rate = "" if self.capacity_bps is None else f" with {rate_text(self.capacity_bps)}"
        return f"node {self.node} at {', '.join(self.at)}{rate}"

    def subject(self) -> tuple[str, ...]:
        """See PhrasedKind."""
        return ("new node", self.node)


def _free(name: str, taken: Mapping[str, object]) -> str:
    while name in taken:
        name += "'"
    return name
