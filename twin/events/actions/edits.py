"""Edits of a running configuration, and the arcs whose weight they change."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Self

from twin.events.kinds import ActionKind, PhrasedKind
from twin.events.names import find_link
from twin.nouns.configuration import InterfaceConfiguration, NetworkConfiguration
from twin.nouns.topology import Interface, Topology

if TYPE_CHECKING:
    from twin.nouns.state import NetworkState


class WeightEdit(ActionKind, PhrasedKind):
    """An action that changes what egresses advertise, and nothing else."""

    changes_configuration = True

    @abstractmethod
    def egresses(self, topology: Topology) -> tuple[Interface, ...]:
        """The egresses that it edits. Raises UnknownNode, UnknownLink."""

    def check(self, topology: Topology) -> None:
        """See ActionKind."""
        for egress in self.egresses(topology):
            topology.arc_of(egress)

    def devices(self, topology: Topology) -> tuple[str, ...]:
        """See ActionKind."""
        return tuple(egress.node for egress in self.egresses(topology))

    def after(self, state: "NetworkState") -> "NetworkState":
        """See StateEvent."""
        # What is intended matters to no such edit.
        return state.configured(self.configured(state.running, state.running, state.topology))

    def arcs(self, state: "NetworkState") -> Mapping[int, int | None]:
        """See StateEvent. An edit of an egress that cannot be used changes nothing."""
        egresses = self.egresses(state.topology)
        running = self.after(state).running
        return {
            state.topology.arc_of(egress): running.device(egress.node)
            .interface(egress.link)
            .advertised_weight
            for egress in egresses
            if state.is_usable(egress.link)
        }


class DrainEdit(WeightEdit):
    """An edit of whether both ends of `link` are drained. `drained`: after it."""

    link: str

    drained: ClassVar[bool]

    def describe(self) -> str:
        """See EventKind."""
        return f"{'drain' if self.drained else 'undrain'} {self.link}"

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
        ends = topology.link(self.link)
        one = edited(running, ends.a, self.link, drained=self.drained)
        return edited(one, ends.b, self.link, drained=self.drained)

    def changes_nothing(self, running: NetworkConfiguration, topology: Topology) -> bool:
        """Whether the link is as it would be after it. Raises UnknownLink."""
        end = topology.link(self.link).a
        return running.device(end).interface(self.link).drained == self.drained

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind."""
        return (cls.model_validate({"link": find_link(topology, said["LINK"]).id}),)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return self.describe()

    def subject(self) -> tuple[str, ...]:
        """See PhrasedKind."""
        return ("drained", self.link)


def edited(
    running: NetworkConfiguration, node: str, link: str, **fields: object
) -> NetworkConfiguration:
    """`running` with fields of one interface changed. Raises UnknownNode, UnknownLink."""
    interface = running.device(node).interface(link)
    changed = InterfaceConfiguration.model_validate(interface.model_dump() | fields)
    return running.with_interface(node, changed)


def ends_of(topology: Topology, link: str) -> tuple[Interface, ...]:
    """The egresses of both ends of `link`. Raises UnknownLink."""
    ends = topology.link(link)
    return Interface(node=ends.a, link=link), Interface(node=ends.b, link=link)
