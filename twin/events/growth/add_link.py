"""A link is built between two nodes."""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field

from twin.errors import BadInput
from twin.events.actions.set_igp_weight import MAX_SET_WEIGHT, read_weight
from twin.events.amounts import rate_text, read_rate
from twin.events.kinds import BuildKind
from twin.events.names import find_ends
from twin.nouns.configuration import (
    DEFAULT_IGP_WEIGHT,
    InterfaceConfiguration,
    NetworkConfiguration,
)
from twin.nouns.topology import Link, Topology

if TYPE_CHECKING:
    from twin.nouns.state import NetworkState

KM_PER_S = 200_000.0
"""Light in glass, which is what a new link is assumed to be made of."""


class AddLink(BuildKind):
    """A new link between `a` and `b`; `weight` at both ends, None: as most interfaces have."""

    kind: Literal["add_link"] = "add_link"
    a: str
    b: str
    capacity_bps: float = Field(gt=0)
    weight: int | None = Field(default=None, ge=1, le=MAX_SET_WEIGHT)

    forms: ClassVar[tuple[str, ...]] = (
        "add link ENDS (with) RATE",
        "add link ENDS (with) RATE weight NUMBER",
        "add RATE link ENDS",
        "add RATE link ENDS weight NUMBER",
        "add link between ENDS (with) RATE",
        "add RATE link between ENDS",
        "add RATE link between ENDS weight NUMBER",
    )

    def describe(self) -> str:
        """See EventKind."""
        return f"a link of {rate_text(self.capacity_bps)} is built between {self.a} and {self.b}"

    def built(self, topology: Topology) -> Topology:
        """See BuildKind."""
        return with_link(topology, self.a, self.b, self.capacity_bps)

    def configured(self, running: NetworkConfiguration, built: Topology) -> NetworkConfiguration:
        """See BuildKind."""
        weight = usual_weight(running) if self.weight is None else self.weight
        return with_interfaces(running, built.links[-1], weight)

    def assumed(self, state: "NetworkState") -> tuple[str, ...]:
        """See BuildKind."""
        link = self.built(state.topology).links[-1]
        return (*_assumed_weight(link, self.weight, state), assumed_way(link))

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind."""
        a, b = find_ends(topology, said["ENDS"])
        rate_bps = read_rate(said["RATE"], topology)
        weight = read_weight(said["NUMBER"]) if "NUMBER" in said else None
        return (cls(a=a, b=b, capacity_bps=rate_bps, weight=weight),)

    def phrase(self) -> str:
        """See PhrasedKind."""
        weight = "" if self.weight is None else f" weight {self.weight}"
        return f"add link {self.a} to {self.b} {rate_text(self.capacity_bps)}{weight}"

    def subject(self) -> tuple[str, ...]:
        """See PhrasedKind."""
        return ("new link", self.a, self.b)


def with_link(topology: Topology, a: str, b: str, capacity_bps: float) -> Topology:
    """`topology` with one more link behind the others, in one member, in no shared-risk group.

    Raises:
        UnknownNode: `a` or `b` is not there.
        BadInput: they are one node.
    """
    sites = {site.id: site for site in topology.sites}
    ends = [sites[topology.node(end).site] for end in (a, b)]
    if a == b:
        raise BadInput(f'a link joins two nodes, not "{a}" to itself')
    length_km = ends[0].km_to(ends[1])
    plain = f"{b}--{a}" if f"{b}--{a}" in topology.link_index else f"{a}--{b}"
    name, number = plain, 1
    while name in topology.link_index:
        number += 1
        name = f"{plain}#{number}"
    link = Link(
        id=name,
        a=a,
        b=b,
        capacity_bps=capacity_bps,
        members=1,
        length_km=length_km,
        propagation_s=length_km / KM_PER_S,
    )
    return topology.rebuilt(links=(*topology.links, link))


def with_interfaces(running: NetworkConfiguration, link: Link, weight: int) -> NetworkConfiguration:
    """`running` with an interface of `weight` at both ends of `link`. Raises UnknownNode."""
    interface = InterfaceConfiguration(link=link.id, igp_weight=weight)
    for end in (link.a, link.b):
        device = running.device(end)
        more = device.model_copy(update={"interfaces": (*device.interfaces, interface)})
        running = running.with_device(more)
    return running


def usual_weight(running: NetworkConfiguration) -> int:
    """The IGP weight of most interfaces; of several such, the lowest."""
    counts = Counter(i.igp_weight for device in running.devices for i in device.interfaces)
    return min(counts, key=lambda weight: (-counts[weight], weight), default=DEFAULT_IGP_WEIGHT)


def assumed_way(link: Link) -> str:
    """Where a new link is taken to run."""
    if not link.length_km:
        return f"{link.id} has no length, as no distance is known, and is in no shared-risk group"
    return f"{link.id} runs straight, {link.length_km:.0f} km, in no shared-risk group"


def _assumed_weight(link: Link, weight: int | None, state: "NetworkState") -> tuple[str, ...]:
    if weight is not None:
        return ()
    return (f"{link.id} has weight {usual_weight(state.running)}, as most interfaces",)
