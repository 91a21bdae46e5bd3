"""What all faults have in common that switch a link off by configuration."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.errors import Ungrounded
from twin.events.actions.edits import edited
from twin.events.actions.revert_interface import RevertInterface
from twin.events.faults.misconfiguration import Misconfiguration
from twin.events.kinds import Clues
from twin.events.names import find_link, find_node
from twin.nouns.configuration import DeviceConfiguration, NetworkConfiguration
from twin.nouns.topology import Interface, Topology

if TYPE_CHECKING:
    from twin.events.action import Action
    from twin.nouns.state import NetworkState


class LinkEditFault(Misconfiguration):
    """`link` is switched off in the configuration of `nodes`, one or both of its ends.

    `change_id`: of the announced work under whose id it was committed, "" if under none.
    """

    link: str
    nodes: tuple[str, ...]
    change_id: str = ""

    field: ClassVar[Literal["shut_down", "drained"]]
    words: ClassVar[str]
    """What the link is, in words."""

    @property
    def resources(self) -> tuple[str, ...]:
        """The link id: one link is switched off once, at whichever ends."""
        return (self.link,)

    @property
    def configured_nodes(self) -> tuple[str, ...]:
        """See FaultKind."""
        return self.nodes

    def concerned_links(self) -> tuple[str, ...]:
        """See FaultKind."""
        return (self.link,)

    def describe(self) -> str:
        """See EventKind."""
        under = f" under {self.change_id}" if self.change_id else ""
        return f"{self.link} is {self.words} in the configuration of {self._ends}{under}"

    def check(self, topology: Topology, running: NetworkConfiguration) -> None:
        """See FaultKind."""
        ends = topology.link(self.link)
        if not self.nodes or not set(self.nodes) <= {ends.a, ends.b}:
            raise Ungrounded(f"{self.kind} names one or both ends of {self.link} in `nodes`")

    def after(self, state: "NetworkState") -> "NetworkState":
        """See StateEvent."""
        running = state.running
        for node in self.nodes:
            running = edited(running, node, self.link, **{self.field: True})
        return state.configured(running)

    @classmethod
    def propose(cls, clues: Clues) -> Iterable[tuple[Self, str]]:
        """See FaultKind."""
        now = clues.observation.running
        for link in clues.topology.links:
            nodes = tuple(
                node
                for node in (link.a, link.b)
                if cls._is_off(now.device(node), link.id)
                and not cls._is_off(clues.before.device(node), link.id)
            )
            if nodes:
                ids = {clues.changed_under.get(str(Interface(node=n, link=link.id))) for n in nodes}
                under = ids.pop() if len(ids) == 1 else None
                own = {"link": link.id, "nodes": nodes, "change_id": under or ""}
                fault = cls.model_validate(own)
                yield fault, fault.shown(clues.before)

    @classmethod
    def _is_off(cls, device: DeviceConfiguration, link: str) -> bool:
        off: bool = getattr(device.interface(link), cls.field)
        return off

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind: at the end at NODE, or at both."""
        link = find_link(topology, said["LINK"])
        nodes = {link.a, link.b}
        if "NODE" in said:
            nodes = {find_node(topology, said["NODE"]).id}
            link.other_end(*nodes)
        return (cls.model_validate({"link": link.id, "nodes": tuple(sorted(nodes))}),)

    def bare(self) -> Self:
        """See PhrasedKind."""
        return self.model_copy(update={"nodes": tuple(sorted(self.nodes)), "change_id": ""})

    @property
    def _at(self) -> str:
        """Where, if not at both ends, as `read` takes it."""
        return f" at {self.nodes[0]}" if len(self.nodes) == 1 else ""

    @property
    def _ends(self) -> str:
        return " and ".join(self.nodes)

    def is_run_by(self, device: DeviceConfiguration) -> bool:
        """See Misconfiguration."""
        return self._is_off(device, self.link)

    def shown(self, before: NetworkConfiguration) -> str:
        """See Misconfiguration."""
        return f"{self._ends} runs {self.link} {self.words}; it was not"

    def taken_back(
        self, running: NetworkConfiguration, before: NetworkConfiguration
    ) -> NetworkConfiguration:
        """See FaultKind."""
        for node in self.nodes:
            was = self._is_off(before.device(node), self.link)
            running = edited(running, node, self.link, **{self.field: was})
        return running

    def wrong_interfaces(self) -> tuple[Interface, ...]:
        """See FaultKind."""
        return tuple(Interface(node=node, link=self.link) for node in self.nodes)

    def is_put_right_by(self, action: "Action") -> bool:
        """See FaultKind."""
        return isinstance(action, RevertInterface) and action.link == self.link

    @abstractmethod
    def arcs(self, state: "NetworkState") -> Mapping[int, int | None]:
        """See StateEvent."""
