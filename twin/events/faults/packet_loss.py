"""One direction of a link corrupts packets, and the sender counts them as dropped."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.events.amounts import share_text
from twin.events.faults.dropping import DroppingFault
from twin.events.faults.lossy_egress import LossyEgress, lossy_by_probes
from twin.events.kinds import Clues, LiveNetwork
from twin.nouns.evidence import AGREE_NATS, Evidence, log_normal
from twin.nouns.topology import Interface

if TYPE_CHECKING:
    from twin.nouns.observation import Observation
    from twin.nouns.state import NetworkState

_NOT_FULL = 0.8
"""Of its capacity: an egress that is offered less does not drop because it is full."""

_SUSPECT = 0.005
"""Where the sender counts less, and no probe feels it, nothing is suspected."""

_NOT_SEEN = math.log(0.01)
_ESTIMATE_ERROR = 0.2
"""Relative error of the estimate of the fraction (assumed)."""


class PacketLoss(LossyEgress, DroppingFault):
    """The direction that leaves `node` over `link` loses `fraction` (0..1) of every class, whatever
    its load, and counts it as dropped.
    """

    kind: Literal["packet_loss"] = "packet_loss"

    forms: ClassVar[tuple[str, ...]] = (
        "(link) LINK loses SHARE from NODE",
        "(link) LINK loses SHARE both ways",
        "(link) LINK loses SHARE",
    )

    spares_voice: ClassVar[bool] = False

    def describe(self) -> str:
        """See EventKind."""
        lost = f"{100 * self.fraction:.1f} %"
        return f"{self.node} loses {lost} of what it sends over {self.link}, though it is not full"

    @classmethod
    def propose(cls, clues: Clues) -> Iterable[tuple[Self, str]]:
        """See FaultKind: egresses that drop below capacity, or voice too, and not by a policer."""
        seen, drops = clues.observation, clues.observation.drops
        for egress, fraction in lossy_by_probes(clues):
            # What a sender counts is known of one that is read.
            if seen.is_silent(egress.node):
                fault = cls.at(egress, fraction)
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
                fault = cls.at(egress, round(share, 4))
                why = "voice as well" if full else "and is not full"
                yield fault, f"{egress} drops {share:.1%} {why}"

    def log_prior(self) -> float:
        """See FaultKind."""
        return math.log(0.05)

    def evidence(self, observation: "Observation", normal: "NetworkState") -> list[Evidence]:
        """See FaultKind."""
        topology, drops = normal.topology, observation.drops
        arc = topology.arc_of(self.egress)
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
        return (self.egress,)

    def is_over(self, live: LiveNetwork) -> bool:
        """See FaultKind."""
        return not live.is_active(f"queue_drops:{self.egress}")

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"link {self.link} loses {share_text(self.fraction)} from {self.node}"
