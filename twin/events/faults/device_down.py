"""Every link at a node goes down."""

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from twin.events.faults.dark_links import DarkLinks
from twin.events.kinds import PhrasedKind
from twin.events.names import find_node
from twin.nouns.topology import Topology


class DeviceDown(DarkLinks, PhrasedKind):
    """Every link at `node` goes down; what it sends and gets has no way.

    It is asked about in what-ifs. As a cause it is the cut of all its links, until telemetry can
    tell the two apart.
    """

    kind: Literal["device_down"] = "device_down"
    node: str

    forms: ClassVar[tuple[str, ...]] = (
        "(node) NODE down",
        "lose (node) NODE",
        "take (node) NODE down",
    )

    def describe(self) -> str:
        """See EventKind."""
        return f"{self.node} is down"

    def links_down(self, topology: Topology) -> frozenset[str]:
        """See StateEvent."""
        return frozenset(link.id for link in topology.links_at(self.node))

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind."""
        return (cls(node=find_node(topology, said["NODE"]).id),)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"node {self.node} down"

    def subject(self) -> tuple[str, ...]:
        """See PhrasedKind."""
        return ("node", self.node)
