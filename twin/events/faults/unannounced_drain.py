"""Somebody has drained a link, and nobody knows of it."""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.events.actions.drain_link import DrainLink
from twin.events.faults.link_edit import LinkEditFault
from twin.nouns.topology import Interface

if TYPE_CHECKING:
    from twin.nouns.state import NetworkState


class UnannouncedDrain(LinkEditFault):
    """`nodes` advertise the last-resort weight on `link`: traffic takes every other way first."""

    kind: Literal["unannounced_drain"] = "unannounced_drain"

    forms: ClassVar[tuple[str, ...]] = (*DrainLink.forms, "drain (link) LINK at NODE")
    field = "drained"
    words = "drained"

    def arcs(self, state: "NetworkState") -> Mapping[int, int | None]:
        """See StateEvent."""
        if not state.is_usable(self.link):
            return {}
        running = self.after(state).running
        return {
            state.topology.arc_of(Interface(node=node, link=self.link)): running.device(node)
            .interface(self.link)
            .advertised_weight
            for node in self.nodes
        }

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"drain {self.link}{self._at}"

    @classmethod
    def conceivable(cls, state: "NetworkState") -> Iterable[Self]:
        """See FaultKind."""
        yield from (cls(link=link.id, nodes=(link.a, link.b)) for link in state.topology.links)

    def log_prior(self) -> float:
        """See FaultKind."""
        return math.log(0.05)
