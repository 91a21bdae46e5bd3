"""Somebody opens connections to a service and never completes one."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.events.amounts import count_text, read_count
from twin.events.faults.flood import Flood, as_large_as_drawn, flooded, flows_per_s
from twin.events.kinds import Clues
from twin.events.names import find_node
from twin.nouns.topology import Topology

if TYPE_CHECKING:
    from twin.nouns.state import NetworkState

SYN_BITS = 512.0
"""The least Ethernet frame: a SYN and its headers fit in it."""

_ADDRESSES = 1.0, 0.3
"""Each comes from another address, for they are forged (RFC 4987)."""


class TcpSynFloodAttack(Flood):
    """The flows are of one packet each: many of them, and few bytes."""

    kind: Literal["tcp_syn_flood_attack"] = "tcp_syn_flood_attack"

    forms: ClassVar[tuple[str, ...]] = ("syn flood on NODE of COUNT",)

    @property
    def bits_per_flow(self) -> float:
        """See Flood."""
        return SYN_BITS

    @property
    def sources_per_flow(self) -> tuple[float, float]:
        """See Flood."""
        return _ADDRESSES

    def describe(self) -> str:
        """See EventKind."""
        return f"{self.target} is flooded with {self.flows_per_s:.3g} SYN packets a second"

    @classmethod
    def conceivable(cls, state: "NetworkState") -> Iterable[Self]:
        """See FaultKind."""
        for node, rate_bps in as_large_as_drawn(state):
            yield cls(target=node, flows_per_s=flows_per_s(rate_bps, SYN_BITS))

    @classmethod
    def propose(cls, clues: Clues) -> Iterable[tuple[Self, str]]:
        """See FaultKind."""
        for node, more_per_s, _, reason in flooded(clues):
            yield cls(target=node, flows_per_s=more_per_s), reason

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind."""
        target = find_node(topology, said["NODE"]).id
        return (cls(target=target, flows_per_s=read_count(said["COUNT"])),)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"syn flood on {self.target} of {count_text(self.flows_per_s)}"
