"""Traffic may come back to a drained link."""

from typing import TYPE_CHECKING, ClassVar, Literal

from twin.events.actions.drain_link import DrainLink
from twin.events.actions.edits import DrainEdit
from twin.events.kinds import Tried
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.topology import Topology

if TYPE_CHECKING:
    from twin.events.action import Action


class UndrainLink(DrainEdit):
    """Take `DrainLink` back on both ends of `link`."""

    move_sigma: ClassVar[float] = 0.05

    kind: Literal["undrain_link"] = "undrain_link"

    forms: ClassVar[tuple[str, ...]] = ("undrain (link) LINK", "(link) LINK undrained")
    drained = False

    def inverse(self, running: NetworkConfiguration, topology: Topology) -> "tuple[Action, ...]":
        """See ActionKind."""
        return () if self.changes_nothing(running, topology) else (DrainLink(link=self.link),)

    def tried(self, topology: Topology) -> Tried:
        """See ActionKind."""
        return Tried(2 * topology.link_index[self.link], "undrain")
