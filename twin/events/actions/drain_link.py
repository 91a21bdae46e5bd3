"""Traffic is led off a link that stays up."""

from typing import TYPE_CHECKING, ClassVar, Literal

from twin.events.actions.edits import DrainEdit
from twin.events.kinds import Tried
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.topology import Topology

if TYPE_CHECKING:
    from twin.events.action import Action


class DrainLink(DrainEdit):
    """Advertise the maximum weight on both ends of `link`, so that traffic leaves it."""

    move_sigma: ClassVar[float] = 0.05

    kind: Literal["drain_link"] = "drain_link"

    forms: ClassVar[tuple[str, ...]] = ("drain (link) LINK", "(link) LINK drained")
    drained = True

    def inverse(self, running: NetworkConfiguration, topology: Topology) -> "tuple[Action, ...]":
        """See ActionKind."""
        from twin.events.actions.undrain_link import UndrainLink  # it is the inverse of this one

        undrain = UndrainLink(link=self.link)
        return () if self.changes_nothing(running, topology) else (undrain,)

    def tried(self, topology: Topology) -> Tried:
        """See ActionKind."""
        return Tried(2 * topology.link_index[self.link], "drain")
