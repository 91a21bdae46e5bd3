"""One interface of a device goes back to what it is meant to run."""

from typing import TYPE_CHECKING, Literal

from twin.events.actions.restore_device import RestoreDevice
from twin.events.kinds import ActionKind, Tried
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.topology import Interface, Topology

if TYPE_CHECKING:
    from twin.events.action import Action


class RevertInterface(ActionKind):
    """Replace what `node` runs on `link` by what is intended there, and nothing else of the device:
    others may be at work on it.
    """

    kind: Literal["revert_interface"] = "revert_interface"
    node: str
    link: str

    lasting = True

    def describe(self) -> str:
        """See EventKind."""
        return f"revert {self.node} on {self.link} to its intended configuration"

    def short(self) -> str:
        """See ActionKind."""
        return f"revert {self.node} on {self.link}"

    def devices(self, topology: Topology) -> tuple[str, ...]:
        """See ActionKind."""
        return (self.node,)

    def check(self, topology: Topology) -> None:
        """See ActionKind."""
        topology.arc_of(Interface(node=self.node, link=self.link))

    def configured(
        self, running: NetworkConfiguration, intended: NetworkConfiguration, topology: Topology
    ) -> NetworkConfiguration:
        """See ActionKind."""
        meant = intended.device(self.node).interface(self.link)
        return running.with_interface(self.node, meant)

    def inverse(self, running: NetworkConfiguration, topology: Topology) -> "tuple[Action, ...]":
        """See ActionKind."""
        return (RestoreDevice(configuration=running.device(self.node)),)

    def tried(self, topology: Topology) -> Tried:
        """See ActionKind."""
        return Tried(topology.arc_of(Interface(node=self.node, link=self.link)), "revert")
