"""A device goes back to what it is meant to run."""

from typing import TYPE_CHECKING, Literal

from twin.events.actions.restore_device import RestoreDevice
from twin.events.kinds import ActionKind
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.topology import Topology

if TYPE_CHECKING:
    from twin.events.action import Action


class RevertToIntended(ActionKind):
    """Replace the running configuration of `node` by the intended one."""

    kind: Literal["revert_to_intended"] = "revert_to_intended"
    node: str

    lasting = True

    def describe(self) -> str:
        """See EventKind."""
        return f"revert {self.node} to its intended configuration"

    def short(self) -> str:
        """See ActionKind."""
        return f"revert {self.node}"

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
        return running.with_device(intended.device(self.node))

    def inverse(self, running: NetworkConfiguration, topology: Topology) -> "tuple[Action, ...]":
        """See ActionKind."""
        return (RestoreDevice(configuration=running.device(self.node)),)
