"""A device goes back to a configuration that was recorded."""

from typing import Literal, Self

from twin.errors import BadInput
from twin.events.kinds import ActionKind
from twin.nouns.configuration import DeviceConfiguration, NetworkConfiguration
from twin.nouns.topology import Topology


class RestoreDevice(ActionKind):
    """Replace the running configuration of a device by a recorded one: the way back of a revert."""

    kind: Literal["restore_device"] = "restore_device"
    configuration: DeviceConfiguration

    def describe(self) -> str:
        """See EventKind."""
        return f"restore the recorded configuration of {self.configuration.node}"

    def short(self) -> str:
        """See ActionKind."""
        return f"restore {self.configuration.node}"

    def devices(self, topology: Topology) -> tuple[str, ...]:
        """See ActionKind."""
        return (self.configuration.node,)

    def check(self, topology: Topology) -> None:
        """See ActionKind."""
        node = self.configuration.node
        found = [interface.link for interface in self.configuration.interfaces]
        if found != [link.id for link in topology.links_at(node)]:
            raise BadInput(f'the recorded configuration of "{node}" has interfaces {found}')

    def configured(
        self, running: NetworkConfiguration, intended: NetworkConfiguration, topology: Topology
    ) -> NetworkConfiguration:
        """See ActionKind."""
        return running.with_device(self.configuration)

    def inverse(self, running: NetworkConfiguration, topology: Topology) -> tuple[Self, ...]:
        """See ActionKind."""
        before = running.device(self.configuration.node)
        return (self.model_copy(update={"configuration": before}),)
