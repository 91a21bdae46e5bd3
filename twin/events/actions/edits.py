"""Edits of a running configuration, and the arcs whose weight they change."""

from abc import abstractmethod
from collections.abc import Mapping

from twin.events.kinds import ActionKind, PhrasedKind
from twin.nouns.configuration import InterfaceConfiguration, NetworkConfiguration
from twin.nouns.state import NetworkState
from twin.nouns.topology import Interface, Topology


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

    def after(self, state: NetworkState) -> NetworkState:
        """See StateEvent."""
        # What is intended matters to no such edit.
        return state.configured(self.configured(state.running, state.running, state.topology))

    def arcs(self, state: NetworkState) -> Mapping[int, int | None]:
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


def edited(
    running: NetworkConfiguration, node: str, link: str, **fields: object
) -> NetworkConfiguration:
    """`running` with fields of one interface changed. Raises UnknownNode, UnknownLink."""
    interface = running.device(node).interface(link)
    changed = InterfaceConfiguration.model_validate(interface.model_dump() | fields)
    return running.with_interface(node, changed)


def set_drained(
    running: NetworkConfiguration, topology: Topology, link: str, *, drained: bool
) -> NetworkConfiguration:
    """`running` with both ends of `link` drained, or not. Raises UnknownLink."""
    ends = topology.link(link)
    one = edited(running, ends.a, link, drained=drained)
    return edited(one, ends.b, link, drained=drained)


def ends_of(topology: Topology, link: str) -> tuple[Interface, ...]:
    """The egresses of both ends of `link`. Raises UnknownLink."""
    ends = topology.link(link)
    return Interface(node=ends.a, link=link), Interface(node=ends.b, link=link)
