"""A policer on one egress."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from twin.events.actions.policers import PolicerEdit, other_policers, policed_bps
from twin.events.kinds import Limit, Tried
from twin.nouns.configuration import NetworkConfiguration, Policer
from twin.nouns.topology import Interface, Topology

if TYPE_CHECKING:
    from twin.events.action import Action


class RateLimit(PolicerEdit):
    """Police `traffic_class` to `rate_bps` on the egress of `node` over `link`."""

    move_sigma: ClassVar[float] = 0.08

    kind: Literal["rate_limit"] = "rate_limit"
    rate_bps: float = Field(gt=0)

    def does(self) -> str:
        """See PolicerEdit."""
        return f"limit {self.traffic_class}"

    def describe(self) -> str:
        """See EventKind."""
        return (
            f"{self.does()} on the egress of {self.node} over {self.link} to "
            f"{self.rate_bps / 1e9:.2f} Gbit/s"
        )

    def short(self) -> str:
        """See ActionKind."""
        name = self.traffic_class.replace("_", " ")
        return f"{self.node} on {self.link}: {name} to {self.rate_bps / 1e9:.3g} Gbit/s"

    def configured(
        self, running: NetworkConfiguration, intended: NetworkConfiguration, topology: Topology
    ) -> NetworkConfiguration:
        """See ActionKind."""
        own = Policer(traffic_class=self.traffic_class, rate_bps=self.rate_bps)
        return self.policed(running, (*other_policers(self, running), own))

    def inverse(self, running: NetworkConfiguration, topology: Topology) -> "tuple[Action, ...]":
        """See ActionKind."""
        from twin.events.actions.remove_rate_limit import RemoveRateLimit  # the inverse of this one

        before = policed_bps(self, running)
        if before is not None:
            return (self.model_copy(update={"rate_bps": before}),)
        own = {"node": self.node, "link": self.link, "traffic_class": self.traffic_class}
        return (RemoveRateLimit.model_validate(own),)

    def limit(self) -> Limit:
        """See ActionKind."""
        return Limit(link=self.link, traffic_class=self.traffic_class, rate_bps=self.rate_bps)

    def tried(self, topology: Topology) -> Tried:
        """See ActionKind."""
        return Tried(topology.arc_of(Interface(node=self.node, link=self.link)), "limit")
