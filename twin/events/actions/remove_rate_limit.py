"""A policer is taken off an egress."""

from typing import TYPE_CHECKING, ClassVar, Literal

from twin.events.actions.policers import PolicerEdit, other_policers, policed_bps
from twin.events.actions.rate_limit import RateLimit
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.topology import Topology

if TYPE_CHECKING:
    from twin.events.action import Action


class RemoveRateLimit(PolicerEdit):
    """Remove the policer of `traffic_class` on the egress of `node` over `link`."""

    move_sigma: ClassVar[float] = 0.08

    kind: Literal["remove_rate_limit"] = "remove_rate_limit"

    def does(self) -> str:
        """See PolicerEdit."""
        return f"remove the limit of {self.traffic_class}"

    def describe(self) -> str:
        """See EventKind."""
        return f"{self.does()} on the egress of {self.node} over {self.link}"

    def short(self) -> str:
        """See ActionKind."""
        return f"{self.node} on {self.link}: {self.traffic_class.replace('_', ' ')} unlimited"

    def configured(
        self, running: NetworkConfiguration, intended: NetworkConfiguration, topology: Topology
    ) -> NetworkConfiguration:
        """See ActionKind."""
        return self.policed(running, other_policers(self, running))

    def inverse(self, running: NetworkConfiguration, topology: Topology) -> "tuple[Action, ...]":
        """See ActionKind."""
        before = policed_bps(self, running)
        if before is None:
            return ()
        own = {"node": self.node, "link": self.link, "traffic_class": self.traffic_class}
        return (RateLimit.model_validate(own | {"rate_bps": before}),)
