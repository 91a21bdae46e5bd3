"""What goes to one node is limited where it enters."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from twin.events.kinds import ActionKind
from twin.nouns.configuration import EntryLimit, NetworkConfiguration
from twin.nouns.topology import Topology
from twin.nouns.traffic_class import TrafficClass

if TYPE_CHECKING:
    from twin.events.action import Action


class LimitTarget(ActionKind):
    """`node` asks every router to police what `traffic_class` sends to its prefixes to `rate_bps`
    where it enters (BGP FlowSpec, RFC 8955); None: no more. Whoever means well loses as much.
    """

    move_sigma: ClassVar[float] = 0.08

    kind: Literal["limit_target"] = "limit_target"
    node: str
    traffic_class: TrafficClass
    rate_bps: Annotated[float, Field(gt=0)] | None

    def describe(self) -> str:
        """See EventKind."""
        what = f"{self.traffic_class} towards {self.node}"
        if self.rate_bps is None:
            return f"limit {what} no more where it enters"
        return (
            f"limit {what} to {self.rate_bps / 1e9:.2f} Gbit/s at each router where it enters, "
            "which customers' own feel as well"
        )

    def short(self) -> str:
        """See ActionKind."""
        name = self.traffic_class.replace("_", " ")
        rate = "unlimited" if self.rate_bps is None else f"to {self.rate_bps / 1e9:.3g} Gbit/s each"
        return f"towards {self.node}: {name} {rate}"

    def devices(self, topology: Topology) -> tuple[str, ...]:
        """See ActionKind."""
        return (self.node,)

    def check(self, topology: Topology) -> None:
        """See ActionKind."""
        topology.node(self.node)

    def configured(
        self, running: NetworkConfiguration, intended: NetworkConfiguration, topology: Topology
    ) -> NetworkConfiguration:
        """See ActionKind."""
        device = running.device(self.node)
        others = tuple(x for x in device.entry_limits if x.traffic_class != self.traffic_class)
        own: tuple[EntryLimit, ...] = ()
        if self.rate_bps is not None:
            own = (EntryLimit(traffic_class=self.traffic_class, rate_bps=self.rate_bps),)
        return running.with_device(device.with_entry_limits((*others, *own)))

    def inverse(self, running: NetworkConfiguration, topology: Topology) -> "tuple[Action, ...]":
        """See ActionKind."""
        limits = running.device(self.node).entry_limits
        before = [x.rate_bps for x in limits if x.traffic_class == self.traffic_class]
        rate_bps = before[0] if before else None
        if rate_bps == self.rate_bps:
            return ()
        return (self.model_copy(update={"rate_bps": rate_bps}),)
