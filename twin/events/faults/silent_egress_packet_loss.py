"""One direction of a link drops packets that nobody counts."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.events.amounts import share_text
from twin.events.faults.lossy_egress import LossyEgress, lossy_by_probes
from twin.events.kinds import Clues, LiveNetwork
from twin.nouns.evidence import AGREE_NATS, Evidence, log_normal, weighed

if TYPE_CHECKING:
    from twin.nouns.observation import Observation
    from twin.nouns.state import NetworkState

_LEAST_SIGMA = 1e-4
_ESTIMATE_ERROR = 0.1
"""Relative error of the estimate of the fraction, at least (assumed)."""


class SilentEgressPacketLoss(LossyEgress):
    """The direction that leaves `node` over `link` drops `fraction` (0..1) uncounted."""

    kind: Literal["silent_egress_packet_loss"] = "silent_egress_packet_loss"

    forms: ClassVar[tuple[str, ...]] = (
        "(link) LINK silently loses SHARE from NODE",
        "(link) LINK silently loses SHARE both ways",
        "(link) LINK silently loses SHARE",
    )

    def describe(self) -> str:
        """See EventKind."""
        lost = f"{100 * self.fraction:.1f} %"
        return f"{self.node} silently loses {lost} of what it sends over {self.link}"

    @classmethod
    def propose(cls, clues: Clues) -> Iterable[tuple[Self, str]]:
        """See FaultKind."""
        seen = clues.observation
        for egress, fraction in lossy_by_probes(clues):
            fault = cls.at(egress, fraction)
            yield fault, f"probes over {egress} lose {fraction:.1%}, and no end of it is read"
        for arc in (seen.loss > seen.suspect_loss).nonzero()[0]:
            egress = clues.topology.egress_of(int(arc))
            if egress.link not in seen.down_since:
                fraction = round(float(seen.loss[arc]), 4)
                fault = cls.at(egress, fraction)
                yield fault, f"{fraction:.1%} of what {egress} sends does not arrive"

    def log_prior(self) -> float:
        """See FaultKind."""
        return math.log(0.10)

    def evidence(self, observation: "Observation", normal: "NetworkState") -> list[Evidence]:
        """See FaultKind."""
        arc = normal.topology.arc_of(self.egress)
        seen, sigma = observation.loss[arc], max(observation.loss_sigma[arc], _LEAST_SIGMA)
        if not math.isfinite(seen):
            return []
        probes = observation.probes
        borne_out = None if probes is None else probes.support(arc, self.fraction)
        wide = math.hypot(sigma, _ESTIMATE_ERROR * self.fraction)
        ratio = log_normal(seen, self.fraction, wide) - log_normal(seen, 0.0, sigma)
        text = f"{seen:.1%} of what {self.egress} sends does not arrive"
        if borne_out is not None and borne_out >= AGREE_NATS:
            return [weighed(text, ratio), weighed("probes that cross it lose too", borne_out)]
        claim = weighed(text, ratio)
        if ratio > 0:
            by = observation.claimant(self.egress, normal.topology)
            claim = weighed(f"{text}, claimed by {by} alone", ratio, by)
        if borne_out is None:
            return [claim]
        says = "do not lose" if borne_out < 0 else "leave it open"
        return [claim, weighed(f"probes that cross it {says}", borne_out)]

    def is_over(self, live: LiveNetwork) -> bool:
        """See FaultKind: whether the loss itself is seen, its symptom says."""
        return self.link not in live.down_links

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"link {self.link} silently loses {share_text(self.fraction)} from {self.node}"
