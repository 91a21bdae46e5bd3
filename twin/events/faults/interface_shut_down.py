"""Somebody has shut a link down in the configuration."""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.events.faults.link_edit import LinkEditFault
from twin.nouns.topology import Topology

if TYPE_CHECKING:
    from twin.nouns.observation import Observation
    from twin.nouns.state import NetworkState


class InterfaceShutDown(LinkEditFault):
    """`nodes` have shut their interfaces on `link` down, so that both ends lose the adjacency."""

    kind: Literal["interface_shut_down"] = "interface_shut_down"

    forms: ClassVar[tuple[str, ...]] = ("interface LINK shut", "interface LINK at NODE shut")
    field = "shut_down"
    words = "shut down"

    def links_down(self, topology: Topology) -> frozenset[str]:
        """See StateEvent."""
        return frozenset({topology.link(self.link).id})

    def arcs(self, state: "NetworkState") -> Mapping[int, int | None]:
        """See StateEvent."""
        first = 2 * state.topology.link_index[self.link]
        return {first: None, first + 1: None}

    @classmethod
    def conceivable(cls, state: "NetworkState") -> Iterable[Self]:
        """See FaultKind."""
        yield from (cls(link=link.id, nodes=(link.a,)) for link in state.topology.links)

    def log_prior(self) -> float:
        """See FaultKind."""
        return math.log(0.05)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"interface {self.link}{self._at} shut"

    def onsets(self, observation: "Observation") -> tuple[float, ...]:
        """See FaultKind."""
        since = observation.down_since.get(self.link)
        return () if since is None else (since,)
