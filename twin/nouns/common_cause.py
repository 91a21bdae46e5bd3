"""What makes several things fail at once, on record or proposed from what people wrote."""

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from twin.nouns.base import IfGiven, Noun, content_hash
from twin.nouns.principal import Principal
from twin.nouns.topology import Topology

CauseKind = Literal["duct", "power feed", "software", "contractor", "place"]
"""`duct`: fibres that lie together. `power feed`: one supply. `software`: one version.
`contractor`: one crew's work. `place`: a bridge, a tunnel, a building that all of it goes through.
"""


MOST_HINTS = 20
"""That one cause keeps: the first ones."""


class Hint(Noun):
    """Words of `ticket` that a cause rests on, copied from it."""

    ticket: str
    quote: str


class CommonCause(Noun):
    """`nodes` and `links` that fail together; two of them at least, each once.

    `name`: on record, "" where it has none. `called`: in the tickets that hint at it, in the words
    of the first, "" where it has no name there. `hints`: what it was proposed from, none where it
    is on record.
    """

    kind: CauseKind
    name: str = ""
    called: str = Field(default="", exclude_if=lambda words: not words)
    nodes: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    hints: tuple[Hint, ...] = ()

    @model_validator(mode="after")
    def _is_of_several(self) -> Self:
        members = (*self.nodes, *self.links)
        if len(members) < 2 or len(set(self.nodes)) + len(set(self.links)) < len(members):
            raise ValueError("a common cause has two members at least, each named once")
        return self

    @property
    def id(self) -> str:
        """The same for the same kind, name and members, whoever proposes it."""
        of = {
            "kind": self.kind,
            "name": self.name,
            "nodes": sorted(self.nodes),
            "links": sorted(self.links),
        }
        return f"C-{content_hash(of)[:8]}"

    @property
    def label(self) -> str:
        """Kind, and name or id."""
        return f"{self.kind} {self.name or self.id}"

    @property
    def is_on_record(self) -> bool:
        """Whether a source says it, and nobody guessed it from a text."""
        return not self.hints

    def hinted(self, hints: Sequence[Hint]) -> "CommonCause":
        """The same with what else hints at it."""
        every = tuple(dict.fromkeys((*self.hints, *hints)))
        return self.model_copy(update={"hints": every[:MOST_HINTS]})

    def check(self, topology: Topology) -> None:
        """Raises UnknownNode, UnknownLink: a member is not built."""
        for node in self.nodes:
            topology.node(node)
        for link in self.links:
            topology.link(link)

    def links_down(self, topology: Topology) -> frozenset[str]:
        """The links that go down with it. Raises as `check`."""
        at_nodes = (link.id for node in self.nodes for link in topology.links_at(node))
        return frozenset({*at_nodes, *(topology.link(link).id for link in self.links)})

    def built(self, topology: Topology) -> "CommonCause | None":
        """What of it `topology` still has, None where that is less than two; its `id` may be
        another.
        """
        nodes = tuple(node for node in self.nodes if node in topology.node_index)
        links = tuple(link for link in self.links if link in topology.link_index)
        if len(nodes) + len(links) < 2:
            return None
        return self.model_copy(update={"nodes": nodes, "links": links})


CauseState = Literal["proposed", "accepted", "rejected"]
"""Only what a person has accepted counts as something that may fail."""


class CauseRecord(Noun):
    """A proposed cause of `network`, and what people say of it.

    `first_s`: when it was first proposed. `decided_by`, `reason`: of `state`, once it is not
    proposed any more. `read_by`: the mind that proposed it first.
    """

    network: str
    id: str
    cause: CommonCause
    read_by: str
    first_s: float
    state: CauseState = "proposed"
    decided_by: IfGiven[Principal] = Field(default=None)
    reason: str = ""
