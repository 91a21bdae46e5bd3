"""A site loses its power, and every device at it goes down at once."""

import math
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.errors import Ungrounded
from twin.events.faults.dark_links import DarkLinksFault
from twin.events.faults.device_down import FEWEST_MISSED, DeviceDown
from twin.events.kinds import Clues, PhrasedKind
from twin.events.names import find_node
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.evidence import Evidence
from twin.nouns.topology import Topology

if TYPE_CHECKING:
    from twin.nouns.observation import Observation
    from twin.nouns.state import NetworkState


class PowerFeedLoss(DarkLinksFault):
    """`site` is without power: all its `nodes` are down, and with them all of their `links`.

    It is told from as many dead devices by that it is one cause, and they stand at one site.
    """

    kind: Literal["power_feed_loss"] = "power_feed_loss"
    site: str
    nodes: tuple[str, ...]
    links: tuple[str, ...]

    forms: ClassVar[tuple[str, ...]] = (
        "power at NODE down",
        "lose power at NODE",
        "(node) NODE loses power",
    )

    chance_before_repair = 1e-5
    # Its devices are silent as well, and what is repaired is no fibre.
    only_links_down = False

    @classmethod
    def at(cls, topology: Topology, site: str) -> Self:
        """At `site`, with all that stands there."""
        nodes = topology.nodes_at(site)
        links = {link.id for node in nodes for link in topology.links_at(node)}
        return cls(site=site, nodes=nodes, links=tuple(sorted(links)))

    @property
    def resources(self) -> tuple[str, ...]:
        """The nodes."""
        return tuple(sorted(self.nodes))

    @property
    def dark_nodes(self) -> tuple[str, ...]:
        """See FaultKind."""
        return self.resources

    def concerned_links(self) -> tuple[str, ...]:
        """See FaultKind."""
        return tuple(sorted(self.links))

    def describe(self) -> str:
        """See EventKind."""
        return f"the site {self.site} is without power: {', '.join(self.resources)} are down"

    def check(self, topology: Topology, running: NetworkConfiguration) -> None:
        """See FaultKind."""
        nodes = topology.nodes_at(self.site)
        if set(self.nodes) != set(nodes):
            raise Ungrounded(
                f"power fails for all that is at {self.site}, and nothing else: name "
                f"{', '.join(nodes) or 'a site of the network'}"
            )
        if set(self.links) != self.links_down(topology):
            raise Ungrounded(
                f"the devices at {self.site} go down with all of their links: name "
                f"{', '.join(sorted(self.links_down(topology)))}"
            )

    def links_down(self, topology: Topology) -> frozenset[str]:
        """See StateEvent."""
        return frozenset().union(*(one.links_down(topology) for one in self._devices(topology)))

    @classmethod
    def propose(cls, clues: Clues) -> Iterable[tuple[Self, str]]:
        """See FaultKind: a site of several devices, one of which seems to be down, and no other
        answers: of links between two of them nobody is left to tell.
        """
        topology, missed = clues.topology, clues.observation.missed
        down = {device.node for device, _ in DeviceDown.propose(clues)}
        for site in dict.fromkeys(node.site for node in topology.nodes if node.id in down):
            nodes = topology.nodes_at(site)
            if len(nodes) > 1 and min(missed.get(n, 0.0) for n in nodes) >= FEWEST_MISSED:
                yield cls.at(topology, site), f"no device at {site} answers"

    @classmethod
    def conceivable(cls, state: "NetworkState") -> Iterable[Self]:
        """See FaultKind."""
        for site in state.topology.sites:
            if len(state.topology.nodes_at(site.id)) > 1:
                yield cls.at(state.topology, site.id)

    def log_prior(self) -> float:
        """See FaultKind."""
        return math.log(0.02)

    def evidence(self, observation: "Observation", normal: "NetworkState") -> list[Evidence]:
        """See FaultKind: whether each of its devices answers."""
        devices = self._devices(normal.topology)
        return [e for one in devices for e in one.evidence(observation, normal)]

    def place(self) -> str:
        """See FaultKind."""
        return self.resources[0]

    def work(self) -> str:
        """See FaultKind."""
        return f"the site {self.site} is without power: its supply, and no fibre or device"

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind. A site is named by any device at it."""
        return (cls.at(topology, find_node(topology, said["NODE"]).site),)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"power at {self.resources[0]} down"

    def unsaid(self, what_if: Collection[PhrasedKind]) -> str:
        """See PhrasedKind: who else stands there."""
        if len(self.nodes) < 2:
            return ""
        return (
            f"{' and '.join(self.resources)} stand at the site {self.site}, and lose power together"
        )

    def complete(self, topology: Topology) -> Self:
        """See FaultKind."""
        return self.at(topology, self.site)

    def bare(self) -> Self:
        """See PhrasedKind."""
        in_order = {"nodes": self.resources, "links": tuple(sorted(self.links))}
        return self.model_copy(update=in_order)

    def subject(self) -> tuple[str, ...]:
        """See PhrasedKind."""
        return ("power", self.site)

    def _devices(self, topology: Topology) -> tuple[DeviceDown, ...]:
        return tuple(
            DeviceDown(node=node, links=tuple(sorted(x.id for x in topology.links_at(node))))
            for node in self.resources
        )
