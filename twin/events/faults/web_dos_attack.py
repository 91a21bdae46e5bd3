"""Somebody asks a web service for more than it can answer."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.errors import Ungrounded
from twin.events.amounts import bytes_text, count_text, read_bytes, read_count
from twin.events.faults.flood import Flood, as_large_as_drawn, flooded, flows_per_s
from twin.events.kinds import Clues
from twin.events.names import find_node
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.topology import Topology

if TYPE_CHECKING:
    from twin.nouns.state import NetworkState

LEAST_BYTES, MOST_BYTES = 500.0, 20_000.0
"""A request with the packets that open and close its connection, and one that sends a form."""

_USUAL_BYTES = 2_000.0

_ADDRESSES = 0.05, 0.6
"""An address asks about twenty times in a round of flow records, or twice or half as often:
its connections are whole ones, so that it is not forged (assumed)."""


class WebDosAttack(Flood):
    """The flows are requests of `flow_bytes` each, on whole connections."""

    kind: Literal["web_dos_attack"] = "web_dos_attack"
    flow_bytes: float

    forms: ClassVar[tuple[str, ...]] = ("web flood on NODE of COUNT with BYTES each",)

    @property
    def bits_per_flow(self) -> float:
        """See Flood."""
        return 8.0 * self.flow_bytes

    @property
    def sources_per_flow(self) -> tuple[float, float]:
        """See Flood."""
        return _ADDRESSES

    def describe(self) -> str:
        """See EventKind."""
        return (
            f"{self.target} is flooded with {self.flows_per_s:.3g} requests a second, "
            f"{self.rate_bps / 1e9:.3g} Gbit/s"
        )

    def check(self, topology: Topology, running: NetworkConfiguration) -> None:
        """See FaultKind."""
        super().check(topology, running)
        if not LEAST_BYTES <= self.flow_bytes <= MOST_BYTES:
            raise Ungrounded(f"a request has {LEAST_BYTES:.0f} to {MOST_BYTES:.0f} bytes")

    @classmethod
    def conceivable(cls, state: "NetworkState") -> Iterable[Self]:
        """See FaultKind."""
        for node, rate_bps in as_large_as_drawn(state):
            flows = flows_per_s(rate_bps, 8.0 * _USUAL_BYTES)
            yield cls(target=node, flows_per_s=flows, flow_bytes=_USUAL_BYTES)

    @classmethod
    def propose(cls, clues: Clues) -> Iterable[tuple[Self, str]]:
        """See FaultKind."""
        for node, more_per_s, bits, reason in flooded(clues):
            flow_bytes = float(round(min(max(bits / 8.0, LEAST_BYTES), MOST_BYTES)))
            yield cls(target=node, flows_per_s=more_per_s, flow_bytes=flow_bytes), reason

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind."""
        target = find_node(topology, said["NODE"]).id
        flow_bytes = read_bytes(said["BYTES"])
        return (cls(target=target, flows_per_s=read_count(said["COUNT"]), flow_bytes=flow_bytes),)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return (
            f"web flood on {self.target} of {count_text(self.flows_per_s)} "
            f"with {bytes_text(self.flow_bytes)} each"
        )
