"""Traffic is led around a node that stays up, and may come back to it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.events.actions.drain_link import DrainLink
from twin.events.actions.edits import DrainEdit
from twin.events.kinds import PhrasedKind
from twin.events.names import find_node
from twin.nouns.topology import Topology

if TYPE_CHECKING:
    from twin.nouns.state import NetworkState


class NodeDrainEdit(PhrasedKind):
    """The same edit of every link at `node`. `word`: what it is called; `on_link`: of one link."""

    node: str

    word: ClassVar[str]
    on_link: ClassVar[type[DrainEdit]]
    changes_configuration = True

    def describe(self) -> str:
        """See EventKind."""
        return f"{self.word} all links at {self.node}"

    def after(self, state: "NetworkState") -> "NetworkState":
        """See StateEvent."""
        for edit in self._edits(state.topology):
            state = edit.after(state)
        return state

    def arcs(self, state: "NetworkState") -> Mapping[int, int | None]:
        """See StateEvent."""
        changed: dict[int, int | None] = {}
        for edit in self._edits(state.topology):
            changed |= edit.arcs(state)
        return changed

    def _edits(self, topology: Topology) -> list[DrainEdit]:
        links = topology.links_at(self.node)
        return [self.on_link.model_validate({"link": link.id}) for link in links]

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind."""
        return (cls.model_validate({"node": find_node(topology, said["NODE"]).id}),)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"{self.word} node {self.node}"

    def subject(self) -> tuple[str, ...]:
        """See PhrasedKind."""
        return ("drained node", self.node)


class DrainNode(NodeDrainEdit):
    """Both ends of every link at `node` advertise the highest weight.

    What `node` sends and gets itself still uses its links, and so does what has no other way.
    """

    kind: Literal["drain_node"] = "drain_node"

    forms: ClassVar[tuple[str, ...]] = ("drain node NODE", "drain NODE", "(node) NODE drained")
    word = "drain"
    on_link = DrainLink
