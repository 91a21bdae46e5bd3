"""One direction of a link corrupts packets, and the sender counts them as dropped."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.errors import Ungrounded
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.set_igp_weight import AVOIDED, SetIgpWeight
from twin.events.amounts import read_share, share_text
from twin.events.faults.dropping import DroppingFault
from twin.events.faults.silent_egress_packet_loss import LOST, lossy_by_probes
from twin.events.kinds import Clues, LiveNetwork
from twin.events.names import find_egresses
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.evidence import AGREE_NATS, Evidence, log_normal
from twin.nouns.topology import Interface, Topology

if TYPE_CHECKING:
    from twin.events.action import Action
    from twin.nouns.observation import Observation
    from twin.nouns.state import NetworkState

_NOT_FULL = 0.8
"""Of its capacity: an egress that is offered less does not drop because it is full."""

_SUSPECT = 0.005
"""Where the sender counts less, and no probe feels it, nothing is suspected."""

_NOT_SEEN = math.log(0.01)
_ESTIMATE_ERROR = 0.2
"""Relative error of the estimate of the fraction (assumed)."""


class PacketLoss(DroppingFault):
    """The direction that leaves `node` over `link` loses `fraction` (0..1) of every class, whatever
    its load, and counts it as dropped.
    """

    kind: Literal["packet_loss"] = "packet_loss"
    node: str
    link: str
    fraction: float

    forms: ClassVar[tuple[str, ...]] = (
        "(link) LINK loses SHARE from NODE",
        "(link) LINK loses SHARE both ways",
        "(link) LINK loses SHARE",
    )

    spares_voice: ClassVar[bool] = False
    shows_under_load: ClassVar[bool] = True

    @property
    def resources(self) -> tuple[str, ...]:
        """node|link."""
        return (str(self._egress),)

    def describe(self) -> str:
        """See EventKind."""
        lost = f"{100 * self.fraction:.1f} %"
        return f"{self.node} loses {lost} of what it sends over {self.link}, though it is not full"

    def check(self, topology: Topology, running: NetworkConfiguration) -> None:
        """See FaultKind."""
        topology.arc_of(self._egress)
        if not 0.0 < self.fraction <= 1.0:
            raise Ungrounded("what an egress loses is a fraction above 0, to 1")

    def after(self, state: "NetworkState") -> "NetworkState":
        """See StateEvent."""
        state.topology.arc_of(self._egress)
        return replace(state, egress_loss={**state.egress_loss, self._egress: self.fraction})

    def arcs(self, state: "NetworkState") -> Mapping[int, int | None]:
        """See StateEvent: routing does not see it."""
        return {}

    @classmethod
    def propose(cls, clues: Clues) -> Iterable[tuple[Self, str]]:
        """See FaultKind: egresses that drop below capacity, or voice too, and not by a policer."""
        seen, drops = clues.observation, clues.observation.drops
        for egress, fraction in lossy_by_probes(clues):
            # What a sender counts is known of one that is read.
            if seen.is_silent(egress.node):
                fault = cls(node=egress.node, link=egress.link, fraction=fraction)
                yield fault, f"probes over {egress} lose {fraction:.1%}, and its sender is silent"
        if drops is None:
            return
        for arc in filter(drops.is_seen, range(clues.topology.n_arcs)):
            egress, share = clues.topology.egress_of(arc), drops.share(arc)
            full_bps = _NOT_FULL * clues.topology.link(egress.link).capacity_bps
            policed = seen.running.device(egress.node).interface(egress.link).policers
            # A full queue spares voice: where that is hit as well, the line loses too.
            full = drops.offered_bps(arc) >= full_bps
            if policed or (full and not drops.hits_voice(arc)):
                continue
            felt = seen.probes.support(arc, drops.by_class(arc)) if seen.probes else None
            if share > _SUSPECT or (felt is not None and felt >= AGREE_NATS):
                fault = cls(node=egress.node, link=egress.link, fraction=round(share, 4))
                why = "voice as well" if full else "and is not full"
                yield fault, f"{egress} drops {share:.1%} {why}"

    @classmethod
    def conceivable(cls, state: "NetworkState") -> Iterable[Self]:
        """See FaultKind."""
        for egress in map(state.topology.egress_of, range(state.topology.n_arcs)):
            yield cls(node=egress.node, link=egress.link, fraction=LOST)

    def log_prior(self) -> float:
        """See FaultKind."""
        return math.log(0.05)

    def evidence(self, observation: "Observation", normal: "NetworkState") -> list[Evidence]:
        """See FaultKind."""
        topology, drops = normal.topology, observation.drops
        arc = topology.arc_of(self._egress)
        if drops is None or not math.isfinite(drops.share(arc)):
            return []
        link = topology.link(self.link)
        ratio = _NOT_SEEN
        if drops.is_seen(arc):
            error = _ESTIMATE_ERROR * self.fraction
            misfit = log_normal(drops.share(arc), self.fraction, error)
            misfit -= log_normal(self.fraction, self.fraction, error)
            ratio = drops.unlikely(arc, link.capacity_bps, link.member_bps) + misfit
        return list(self._weigh(observation, topology, drops, arc, ratio))

    @property
    def drops_at(self) -> tuple[Interface, ...]:
        """See FaultKind."""
        return (self._egress,)

    def is_over(self, live: LiveNetwork) -> bool:
        """See FaultKind."""
        return not live.is_active(f"queue_drops:{self._egress}")

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
        ends = find_egresses(topology, said)
        return tuple(cls(node=x.node, link=x.link, fraction=fraction) for x in ends)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"link {self.link} loses {share_text(self.fraction)} from {self.node}"

    @property
    def _egress(self) -> Interface:
        return Interface(node=self.node, link=self.link)
