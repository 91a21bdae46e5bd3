"""A router is overloaded: it loses at all of its egresses, is late, and drops its neighbours."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.errors import Ungrounded
from twin.events.actions.drain_link import DrainLink
from twin.events.amounts import read_share, share_text
from twin.events.faults.high_latency import HighLatency
from twin.events.faults.lossy_egress import LOST
from twin.events.faults.silent_egress_packet_loss import SilentEgressPacketLoss
from twin.events.kinds import Clues, FaultKind, LiveNetwork
from twin.events.names import find_node
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.evidence import AGREE_NATS, Evidence
from twin.nouns.incident import Symptom
from twin.nouns.topology import Interface, Topology

if TYPE_CHECKING:
    from twin.events.action import Action
    from twin.nouns.observation import Observation
    from twin.nouns.state import NetworkState

_FEWEST = 2
"""Egresses of one router that have to lose before the router is suspected."""


class RouterOverload(FaultKind):
    """`node` loses `fraction` (0..1) of what it sends over any of its `links`, uncounted.

    Its control plane is late as well: adjacencies at it are lost for a moment and come back.
    """

    kind: Literal["router_overload"] = "router_overload"
    node: str
    links: tuple[str, ...]
    fraction: float

    forms: ClassVar[tuple[str, ...]] = ("(node) NODE overloaded with SHARE loss",)

    @property
    def resources(self) -> tuple[str, ...]:
        """The node."""
        return (self.node,)

    def concerned_links(self) -> tuple[str, ...]:
        """See FaultKind."""
        return tuple(sorted(self.links))

    @property
    def unsteady_links(self) -> frozenset[str]:
        """See FaultKind."""
        return frozenset(self.links)

    def excludes(self, other: FaultKind) -> bool:
        """See FaultKind: what one of its egresses loses, or is late, is counted here already."""
        at_it = isinstance(other, SilentEgressPacketLoss) and other.node == self.node
        late = isinstance(other, HighLatency) and other.link in self.links
        return at_it or late or super().excludes(other)

    def describe(self) -> str:
        """See EventKind."""
        lost = f"{100 * self.fraction:.1f} %"
        return f"{self.node} is overloaded and loses {lost} of what it sends over any of its links"

    def check(self, topology: Topology, running: NetworkConfiguration) -> None:
        """See FaultKind."""
        here = {link.id for link in topology.links_at(self.node)}
        if set(self.links) != here:
            raise Ungrounded(
                f"an overloaded router loses on all of its links: {', '.join(sorted(here))}"
            )
        if not 0.0 < self.fraction <= 1.0:
            raise Ungrounded("what a router loses is a fraction above 0, to 1")

    def after(self, state: "NetworkState") -> "NetworkState":
        """See StateEvent."""
        lost = {one.egress: self.fraction for one in self._egresses()}
        return replace(state, egress_loss={**state.egress_loss, **lost})

    def arcs(self, state: "NetworkState") -> Mapping[int, int | None]:
        """See StateEvent: adjacencies that come back at once move nothing for long."""
        return {}

    @classmethod
    def propose(cls, clues: Clues) -> Iterable[tuple[Self, str]]:
        """See FaultKind: routers of which several egresses seem to lose, or one does and of others
        it is not known, as where adjacencies were lost just now: of these probes tell.
        """
        seen = clues.observation
        suspect = seen.loss > seen.suspect_loss
        for node in clues.topology.nodes:
            links = tuple(sorted(link.id for link in clues.topology.links_at(node.id)))
            arcs = [clues.topology.arc_of(Interface(node=node.id, link=link)) for link in links]
            lost = sorted(float(seen.loss[arc]) for arc in arcs if suspect[arc])
            unknown = sum(math.isnan(seen.loss[arc]) for arc in arcs)
            if not lost and seen.is_silent(node.id) and seen.probes is not None:
                fraction, nats = seen.probes.likeliest(arcs)
                if nats >= AGREE_NATS:
                    reason = f"probes that {node.id} forwards are lost, and it is silent"
                    yield cls(node=node.id, links=links, fraction=round(fraction, 4)), reason
            if lost and len(lost) + unknown >= _FEWEST:
                fraction = round(lost[len(lost) // 2], 4)
                reason = f"{len(lost)} of the {len(links)} egresses of {node.id} lose"
                yield cls(node=node.id, links=links, fraction=fraction), reason

    @classmethod
    def conceivable(cls, state: "NetworkState") -> Iterable[Self]:
        """See FaultKind."""
        for node in state.topology.nodes:
            links = tuple(link.id for link in state.topology.links_at(node.id))
            yield cls(node=node.id, links=links, fraction=LOST)

    def log_prior(self) -> float:
        """See FaultKind."""
        return math.log(0.03)

    def evidence(self, observation: "Observation", normal: "NetworkState") -> list[Evidence]:
        """See FaultKind: what each of its egresses loses, and whether probes bear it out."""
        return [e for one in self._egresses() for e in one.evidence(observation, normal)]

    def brings_about(self, symptom: Symptom) -> bool:
        """See FaultKind."""
        if symptom.kind == "adjacency_down":
            return symptom.resource in self.links
        return symptom.resource in {str(one.egress) for one in self._egresses()}

    def is_over(self, live: LiveNetwork) -> bool:
        """See FaultKind: whether it still loses, its symptoms say."""
        return not set(self.links) & live.down_links

    def circuits(self) -> frozenset[str]:
        """See FaultKind."""
        return frozenset(self.links)

    def place(self) -> str:
        """See FaultKind."""
        return self.node

    def work(self) -> str:
        """See FaultKind."""
        return f"relieve or restart the router {self.node}; no fibre is broken"

    def repaired(self, state: "NetworkState") -> "NetworkState":
        """See FaultKind."""
        mine = {one.egress for one in self._egresses()}
        left = {egress: lost for egress, lost in state.egress_loss.items() if egress not in mine}
        return replace(state, egress_loss=left)

    def remedies(self) -> "tuple[Action, ...]":
        """See FaultKind."""
        return tuple(DrainLink(link=link) for link in self.links)

    def _egresses(self) -> tuple[SilentEgressPacketLoss, ...]:
        return tuple(
            SilentEgressPacketLoss(node=self.node, link=link, fraction=self.fraction)
            for link in self.links
        )

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind."""
        node = find_node(topology, said["NODE"]).id
        links = tuple(sorted(link.id for link in topology.links_at(node)))
        return (cls(node=node, links=links, fraction=read_share(said["SHARE"])),)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"node {self.node} overloaded with {share_text(self.fraction)} loss"

    def complete(self, topology: Topology) -> Self:
        """See FaultKind."""
        links = tuple(sorted(link.id for link in topology.links_at(self.node)))
        return self.model_copy(update={"links": links})

    def bare(self) -> Self:
        """See PhrasedKind."""
        return self.model_copy(update={"links": tuple(sorted(self.links))})
