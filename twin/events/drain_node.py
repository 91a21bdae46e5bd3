"""Traffic is led around a node that stays up."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.events.actions.drain_link import DrainLink
from twin.events.kinds import PhrasedKind
from twin.events.names import find_node
from twin.nouns.topology import Topology

if TYPE_CHECKING:
    from twin.nouns.state import NetworkState


class DrainNode(PhrasedKind):
    """Both ends of every link at `node` advertise the highest weight.

    What `node` sends and gets itself still uses its links, and so does what has no other way.
    """

    kind: Literal["drain_node"] = "drain_node"
    node: str

    forms: ClassVar[tuple[str, ...]] = ("drain node NODE", "drain NODE", "(node) NODE drained")
    changes_configuration = True

    def describe(self) -> str:
        """See EventKind."""
        return f"drain all links at {self.node}"

    def after(self, state: "NetworkState") -> "NetworkState":
        """See StateEvent."""
        for drain in self._drains(state.topology):
            state = drain.after(state)
        return state

    def arcs(self, state: "NetworkState") -> Mapping[int, int | None]:
        """See StateEvent."""
        changed: dict[int, int | None] = {}
        for drain in self._drains(state.topology):
            changed |= drain.arcs(state)
        return changed

    def _drains(self, topology: Topology) -> tuple[DrainLink, ...]:
        return tuple(DrainLink(link=link.id) for link in topology.links_at(self.node))

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind."""
        return (cls(node=find_node(topology, said["NODE"]).id),)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"drain node {self.node}"

    def subject(self) -> tuple[str, ...]:
        """See PhrasedKind."""
        return ("drained node", self.node)
