"""What all faults have in common that do nothing but take links down."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from twin.events.kinds import FaultKind, LiveNetwork, StateEvent
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.evidence import Evidence
from twin.nouns.topology import Topology

if TYPE_CHECKING:
    from twin.nouns.observation import Observation
    from twin.nouns.state import NetworkState


class DarkLinks(StateEvent):
    """An event that takes links down, in both directions."""

    @abstractmethod
    def links_down(self, topology: Topology) -> frozenset[str]:
        """See StateEvent. Raises UnknownNode, UnknownLink."""

    def after(self, state: "NetworkState") -> "NetworkState":
        """See StateEvent."""
        return replace(state, down_links=state.down_links | self.links_down(state.topology))

    def arcs(self, state: "NetworkState") -> Mapping[int, int | None]:
        """See StateEvent."""
        index = state.topology.link_index
        first = [2 * index[link] for link in self.links_down(state.topology)]
        return dict.fromkeys(sorted([*first, *(arc + 1 for arc in first)]))


class DarkLinksFault(DarkLinks, FaultKind):
    """Such a fault: adjacencies and loads tell of it, and the field repairs every link."""

    only_links_down = True
    means = "elements"

    def check(self, topology: Topology, running: NetworkConfiguration) -> None:
        """See FaultKind."""
        self.links_down(topology)

    def concerned_links(self) -> tuple[str, ...]:
        """See FaultKind: all that are down, which are its resources where no device is."""
        return self.resources

    def evidence(self, observation: "Observation", normal: "NetworkState") -> list[Evidence]:
        """See FaultKind: adjacencies are weighed for all faults together."""
        return []

    def is_over(self, live: LiveNetwork) -> bool:
        """See FaultKind."""
        return not set(self.concerned_links()) & live.down_links

    def circuits(self) -> frozenset[str]:
        """See FaultKind."""
        return frozenset(self.concerned_links())

    def repaired(self, state: "NetworkState") -> "NetworkState":
        """See FaultKind."""
        return replace(state, down_links=state.down_links - self.circuits())
