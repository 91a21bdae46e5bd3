"""Edits of the policer of one class on one egress."""

from abc import abstractmethod

from twin.events.actions.edits import edited
from twin.events.kinds import ActionKind
from twin.nouns.configuration import NetworkConfiguration, Policer
from twin.nouns.topology import Interface, Topology
from twin.nouns.traffic_class import TrafficClass


class PolicerEdit(ActionKind):
    """An action on the policer of `traffic_class` on the egress of `node` over `link`."""

    node: str
    link: str
    traffic_class: TrafficClass

    @abstractmethod
    def does(self) -> str:
        """What it does to the class, without where."""

    def check(self, topology: Topology) -> None:
        """See ActionKind."""
        topology.arc_of(Interface(node=self.node, link=self.link))

    def devices(self, topology: Topology) -> tuple[str, ...]:
        """See ActionKind."""
        return (self.node,)

    def policed(
        self, running: NetworkConfiguration, policers: tuple[Policer, ...]
    ) -> NetworkConfiguration:
        """`running` with `policers` on the egress."""
        return edited(running, self.node, self.link, policers=policers)


def other_policers(edit: PolicerEdit, running: NetworkConfiguration) -> tuple[Policer, ...]:
    """Those of the other classes on the egress."""
    interface = running.device(edit.node).interface(edit.link)
    return tuple(p for p in interface.policers if p.traffic_class != edit.traffic_class)


def policed_bps(edit: PolicerEdit, running: NetworkConfiguration) -> float | None:
    """To what the class is policed there, None if it is not."""
    interface = running.device(edit.node).interface(edit.link)
    rates = [p.rate_bps for p in interface.policers if p.traffic_class == edit.traffic_class]
    return rates[0] if rates else None
