"""Traffic may come back to a drained link."""

from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.events.actions.drain_link import DrainLink
from twin.events.actions.edits import WeightEdit, ends_of, set_drained
from twin.events.names import find_link
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.topology import Interface, Topology

if TYPE_CHECKING:
    from twin.events.action import Action


class UndrainLink(WeightEdit):
    """Take `DrainLink` back on both ends of `link`."""

    kind: Literal["undrain_link"] = "undrain_link"
    link: str

    form: ClassVar[tuple[str, str]] = ("undrain", "")

    def describe(self) -> str:
        """See EventKind."""
        return f"undrain {self.link}"

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
        return set_drained(running, topology, self.link, drained=False)

    def inverse(self, running: NetworkConfiguration, topology: Topology) -> "tuple[Action, ...]":
        """See ActionKind."""
        drained = running.device(topology.link(self.link).a).interface(self.link).drained
        return (DrainLink(link=self.link),) if drained else ()

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
