"""Traffic is led off a link that stays up."""

from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.events.actions.edits import WeightEdit, ends_of, set_drained
from twin.events.names import find_link
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.topology import Interface, Topology

if TYPE_CHECKING:
    from twin.events.action import Action


class DrainLink(WeightEdit):
    """Advertise the maximum weight on both ends of `link`, so that traffic leaves it."""

    kind: Literal["drain_link"] = "drain_link"
    link: str

    form: ClassVar[tuple[str, str]] = ("drain", "")

    def describe(self) -> str:
        """See EventKind."""
        return f"drain {self.link}"

    def short(self) -> str:
        """See ActionKind."""
        return self.describe()

    def egresses(self, topology: Topology) -> tuple[Interface, ...]:
        """See WeightEdit."""
        return ends_of(topology, self.link)

    def configured(
        self, running: NetworkConfiguration, intended: NetworkConfiguration, topology: Topology
    ) -> NetworkConfiguration:
        """See ActionKind."""
        return set_drained(running, topology, self.link, drained=True)

    def inverse(self, running: NetworkConfiguration, topology: Topology) -> "tuple[Action, ...]":
        """See ActionKind."""
        from twin.events.actions.undrain_link import UndrainLink  # it is the inverse of this one

        drained = running.device(topology.link(self.link).a).interface(self.link).drained
        return () if drained else (UndrainLink(link=self.link),)

    @classmethod
    def read(cls, named: str, phrase: str, topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind."""
        return (cls(link=find_link(topology, named).id),)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return self.describe()

    def subject(self) -> tuple[str, ...]:
        """See PhrasedKind."""
        return ("drained", self.link)
