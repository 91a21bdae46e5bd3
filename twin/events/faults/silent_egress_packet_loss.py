"""One direction of a link drops packets that nobody counts."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.errors import Ungrounded
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.set_igp_weight import AVOIDED, SetIgpWeight
from twin.events.amounts import read_share, share_text
from twin.events.kinds import Clues, FaultKind, LiveNetwork
from twin.events.names import find_egresses
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.evidence import AGREE_NATS, Evidence, log_normal, weighed
from twin.nouns.topology import Interface, Topology

if TYPE_CHECKING:
    from twin.events.action import Action
    from twin.nouns.observation import Observation
    from twin.nouns.state import NetworkState

LOST = 0.05
"""The share that a planner would think of (assumed)."""

_LEAST_SIGMA = 1e-4
_ESTIMATE_ERROR = 0.1
"""Relative error of the estimate of the fraction, at least (assumed)."""


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


class SilentEgressPacketLoss(FaultKind):
    """The direction that leaves `node` over `link` drops `fraction` (0..1) uncounted."""

    kind: Literal["silent_egress_packet_loss"] = "silent_egress_packet_loss"
    node: str
    link: str
    fraction: float

    forms: ClassVar[tuple[str, ...]] = (
        "(link) LINK silently loses SHARE from NODE",
        "(link) LINK silently loses SHARE both ways",
        "(link) LINK silently loses SHARE",
    )

    shows_under_load: ClassVar[bool] = True

    @property
    def resources(self) -> tuple[str, ...]:
        """node|link."""
        return (str(Interface(node=self.node, link=self.link)),)

    def describe(self) -> str:
        """See EventKind."""
        lost = f"{100 * self.fraction:.1f} %"
        return f"{self.node} silently loses {lost} of what it sends over {self.link}"

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
    def propose(cls, clues: Clues) -> Iterable[tuple[Self, str]]:
        """See FaultKind."""
        seen = clues.observation
        for egress, fraction in lossy_by_probes(clues):
            fault = cls(node=egress.node, link=egress.link, fraction=fraction)
            yield fault, f"probes over {egress} lose {fraction:.1%}, and no end of it is read"
        for arc in (seen.loss > seen.suspect_loss).nonzero()[0]:
            egress = clues.topology.egress_of(int(arc))
            if egress.link not in seen.down_since:
                fraction = round(float(seen.loss[arc]), 4)
                fault = cls(node=egress.node, link=egress.link, fraction=fraction)
                yield fault, f"{fraction:.1%} of what {egress} sends does not arrive"

    @classmethod
    def conceivable(cls, state: "NetworkState") -> Iterable[Self]:
        """See FaultKind."""
        for egress in map(state.topology.egress_of, range(state.topology.n_arcs)):
            yield cls(node=egress.node, link=egress.link, fraction=LOST)

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

    def circuits(self) -> frozenset[str]:
        """See FaultKind."""
        return frozenset({self.link})

    def repaired(self, state: "NetworkState") -> "NetworkState":
        """See FaultKind."""
        left = {
            egress: lost for egress, lost in state.egress_loss.items() if egress.link != self.link
        }
        return replace(state, egress_loss=left)

    def remedies(self) -> "tuple[Action, ...]":
        """See FaultKind."""
        return (
            DrainLink(link=self.link),
            SetIgpWeight(node=self.node, link=self.link, weight=AVOIDED),
        )

    @property
    def egress(self) -> Interface:
        """The direction that drops."""
        return Interface(node=self.node, link=self.link)

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind."""
        fraction = read_share(said["SHARE"])
        ends = find_egresses(topology, said)
        return tuple(cls(node=x.node, link=x.link, fraction=fraction) for x in ends)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"link {self.link} silently loses {share_text(self.fraction)} from {self.node}"
