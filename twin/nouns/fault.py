"""What can go wrong: a closed union. Names as in the fault catalogue (NIKA where it has one)."""

from typing import Annotated, Literal

from pydantic import Field

from twin.nouns.base import Noun


class FiberCut(Noun):
    """A duct is cut: all of `links` go down at once. `duct` is its id, "" if it is unknown."""

    kind: Literal["fiber_cut"] = "fiber_cut"
    duct: str
    links: tuple[str, ...]

    @property
    def resources(self) -> tuple[str, ...]:
        """Link ids, sorted."""
        return tuple(sorted(self.links))


class LinkDown(Noun):
    """One link loses both directions."""

    kind: Literal["link_down"] = "link_down"
    link: str

    @property
    def resources(self) -> tuple[str, ...]:
        """The link id."""
        return (self.link,)


class IgpWeightMisconfig(Noun):
    """`node` advertises `weight` on `link` in place of the intended one."""

    kind: Literal["igp_weight_misconfig"] = "igp_weight_misconfig"
    node: str
    link: str
    weight: int

    @property
    def resources(self) -> tuple[str, ...]:
        """node|link."""
        return (f"{self.node}|{self.link}",)


class TrafficSpike(Noun):
    """Demand from every source to `target` (a flash crowd) is multiplied by `factor`."""

    kind: Literal["traffic_spike"] = "traffic_spike"
    target: str
    factor: float

    @property
    def resources(self) -> tuple[str, ...]:
        """The node that draws the crowd."""
        return (self.target,)


class SilentEgressPacketLoss(Noun):
    """The direction that leaves `node` over `link` drops `fraction` (0..1) uncounted."""

    kind: Literal["silent_egress_packet_loss"] = "silent_egress_packet_loss"
    node: str
    link: str
    fraction: float

    @property
    def resources(self) -> tuple[str, ...]:
        """node|link."""
        return (f"{self.node}|{self.link}",)


Fault = Annotated[
    FiberCut | LinkDown | IgpWeightMisconfig | TrafficSpike | SilentEgressPacketLoss,
    Field(discriminator="kind"),
]

PHYSICAL_KINDS = frozenset({"fiber_cut", "link_down", "silent_egress_packet_loss"})
"""Kinds that somebody in the field must repair."""
