"""A link comes back."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.events.actions.edits import ends_of
from twin.events.kinds import PhrasedKind
from twin.events.names import find_group, find_link, find_node
from twin.nouns.topology import Topology

if TYPE_CHECKING:
    from twin.nouns.state import NetworkState


class LinkRepair(PhrasedKind):
    """A link that was down comes back with the weights that are configured."""

    kind: Literal["link_repair"] = "link_repair"
    link: str

    forms: ClassVar[tuple[str, ...]] = (
        "(link) LINK up",
        "(node) NODE up",
        "(group) GROUP up",
        "restore (link) LINK",
        "take (link) LINK up",
    )

    def describe(self) -> str:
        """See EventKind."""
        return f"{self.link} comes back"

    def after(self, state: "NetworkState") -> "NetworkState":
        """See StateEvent."""
        return replace(state, down_links=state.down_links - {state.topology.link(self.link).id})

    def arcs(self, state: "NetworkState") -> Mapping[int, int | None]:
        """See StateEvent."""
        ends = ends_of(state.topology, self.link)
        if not self.after(state).is_usable(self.link):
            return {}
        return {
            state.topology.arc_of(end): state.running.device(end.node)
            .interface(self.link)
            .advertised_weight
            for end in ends
        }

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind. Of a node or a group, each link comes back."""
        if "NODE" in said:
            node = find_node(topology, said["NODE"]).id
            return tuple(cls(link=link.id) for link in topology.links_at(node))
        if "GROUP" in said:
            return tuple(cls(link=link) for link in find_group(topology, said["GROUP"]).links)
        return (cls(link=find_link(topology, said["LINK"]).id),)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"link {self.link} up"

    def subject(self) -> tuple[str, ...]:
        """See PhrasedKind."""
        return ("up or down", self.link)
