"""Somebody has drained a link, and nobody knows of it."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from twin.events.faults.link_edit import LinkEditFault
from twin.nouns.topology import Interface

if TYPE_CHECKING:
    from twin.nouns.state import NetworkState


class UnannouncedDrain(LinkEditFault):
    """`nodes` advertise the last-resort weight on `link`: traffic takes every other way first."""

    kind: Literal["unannounced_drain"] = "unannounced_drain"

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

    def log_prior(self) -> float:
        """See FaultKind."""
        return math.log(0.05)
