"""What faults have in common by which one direction of a link loses packets, whatever its load."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Self

from twin.errors import Ungrounded
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.set_igp_weight import AVOIDED, SetIgpWeight
from twin.events.amounts import read_share
from twin.events.kinds import Clues, FaultKind
from twin.events.names import find_egresses
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.evidence import AGREE_NATS
from twin.nouns.topology import Interface, Topology

if TYPE_CHECKING:
    from twin.events.action import Action
    from twin.nouns.state import NetworkState

LOST = 0.05
"""The share that a planner would think of (assumed)."""


class LossyEgress(FaultKind):
    """The direction that leaves `node` over `link` loses `fraction` (0..1)."""

    node: str
    link: str
    fraction: float

    shows_under_load: ClassVar[bool] = True

    @classmethod
    def at(cls, egress: Interface, fraction: float) -> Self:
        """That direction loses so much."""
        return cls.model_validate(egress.model_dump() | {"fraction": fraction})

    @property
    def egress(self) -> Interface:
        """The direction that loses."""
        return Interface(node=self.node, link=self.link)

    @property
    def resources(self) -> tuple[str, ...]:
        """node|link."""
        return (str(self.egress),)

    def check(self, topology: Topology, running: NetworkConfiguration) -> None:
        """See FaultKind."""
        topology.arc_of(self.egress)
        if not 0.0 < self.fraction <= 1.0:
            raise Ungrounded("what an egress loses is a fraction above 0, to 1")

    def after(self, state: "NetworkState") -> "NetworkState":
        """See StateEvent."""
        state.topology.arc_of(self.egress)
        return replace(state, egress_loss={**state.egress_loss, self.egress: self.fraction})

    def arcs(self, state: "NetworkState") -> Mapping[int, int | None]:
        """See StateEvent: routing does not see it."""
        return {}

    @classmethod
    def conceivable(cls, state: "NetworkState") -> Iterable[Self]:
        """See FaultKind."""
        for egress in map(state.topology.egress_of, range(state.topology.n_arcs)):
            yield cls.at(egress, LOST)

    def circuits(self) -> frozenset[str]:
        """See FaultKind."""
        return frozenset({self.link})

    def repaired(self, state: "NetworkState") -> "NetworkState":
        """See FaultKind."""
        kept = {e: lost for e, lost in state.egress_loss.items() if e.link != self.link}
        return replace(state, egress_loss=kept)

    def remedies(self) -> "tuple[Action, ...]":
        """See FaultKind."""
        return (
            DrainLink(link=self.link),
            SetIgpWeight(node=self.node, link=self.link, weight=AVOIDED),
        )

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind."""
        fraction = read_share(said["SHARE"])
        return tuple(cls.at(egress, fraction) for egress in find_egresses(topology, said))


def lossy_by_probes(clues: Clues) -> Iterator[tuple[Interface, float]]:
    """Egresses of whose loss counters do not tell, as an end is silent, and probes do; with the
    share that they lose.
    """
    seen, topology = clues.observation, clues.topology
    if seen.probes is None:
        return
    for arc in filter(lambda i: math.isnan(seen.loss[i]), range(topology.n_arcs)):
        egress = topology.egress_of(arc)
        far_end = topology.link(egress.link).other_end(egress.node)
        is_up = egress.link not in seen.down_since
        if is_up and (seen.is_silent(egress.node) or seen.is_silent(far_end)):
            fraction, nats = seen.probes.likeliest([arc])
            if nats >= AGREE_NATS:
                yield egress, round(fraction, 4)
