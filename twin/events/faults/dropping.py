"""What faults have in common by which an egress drops without being full, and counts it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from twin.events.kinds import FaultKind
from twin.nouns.evidence import AGREE_NATS, Evidence, weighed
from twin.nouns.topology import Topology

if TYPE_CHECKING:
    from twin.nouns.drops import Drops
    from twin.nouns.observation import Observation

_WRONG_CLASSES = 20.0
"""What it weighs (nats) that drops hit the classes otherwise than the fault does (assumed)."""


class DroppingFault(FaultKind):
    """`spares_voice`: it fills a queue, which serves voice first; else all classes lose alike."""

    spares_voice: ClassVar[bool]

    def _weigh(
        self, observation: "Observation", topology: Topology, drops: "Drops", arc: int, ratio: float
    ) -> Iterator[Evidence]:
        """What is seen of `arc`, where its counters alone speak for the fault by `ratio` nats.

        What one device counts is its claim, until probes that cross the egress lose as well.
        """
        egress = topology.egress_of(arc)
        load = drops.offered_bps(arc) / topology.link(egress.link).capacity_bps
        text = f"{egress} is offered {load:.0%} of its capacity and drops {drops.share(arc):.1%}"
        probes = observation.probes
        borne_out = None if probes is None else probes.support(arc, drops.by_class(arc))
        if ratio <= 0 or (borne_out is not None and borne_out >= AGREE_NATS):
            yield weighed(text, ratio)
        else:
            yield weighed(f"{text}, claimed by {egress.node} alone", ratio, egress.node)
        # That it drops says nothing of why: probes that lose bear out what is counted, no more.
        if borne_out is not None and borne_out < 0 < ratio:
            says = "do not lose" if borne_out < -AGREE_NATS else "leave it open"
            yield weighed(f"probes that cross {egress} {says}", borne_out)
        hits_voice = drops.hits_voice(arc)
        if hits_voice is not None and hits_voice == self.spares_voice:
            hits = "hits" if hits_voice else "spares"
            yield weighed(f"what {egress} drops {hits} voice", -_WRONG_CLASSES)
