"""One link loses both directions."""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.events.faults.dark_links import DarkLinksFault
from twin.events.kinds import Clues
from twin.events.names import find_link
from twin.nouns.topology import Topology

if TYPE_CHECKING:
    from twin.nouns.observation import Observation
    from twin.nouns.state import NetworkState
    from twin.nouns.telemetry import FloatArray


class LinkDown(DarkLinksFault):
    """One link loses both directions."""

    kind: Literal["link_down"] = "link_down"
    link: str

    forms: ClassVar[tuple[str, ...]] = (
        "(link) LINK down",
        "lose (link) LINK",
        "take (link) LINK down",
    )
    chance_before_repair = 0.01

    @property
    def resources(self) -> tuple[str, ...]:
        """The link id."""
        return (self.link,)

    def describe(self) -> str:
        """See EventKind."""
        return f"{self.link} is down"

    def links_down(self, topology: Topology) -> frozenset[str]:
        """See StateEvent."""
        return frozenset({topology.link(self.link).id})

    @classmethod
    def propose(cls, clues: Clues) -> Iterable[tuple[Self, str]]:
        """See FaultKind."""
        for link in sorted(clues.observation.down_since):
            yield cls(link=link), f"the adjacency over {link} is down"

    @classmethod
    def conceivable(cls, state: "NetworkState") -> Iterable[Self]:
        """See FaultKind."""
        yield from (cls(link=link.id) for link in state.topology.links)

    def log_prior(self) -> float:
        """See FaultKind."""
        return math.log(0.30)

    def onsets(self, observation: "Observation") -> tuple[float, ...]:
        """See FaultKind."""
        since = observation.down_since.get(self.link)
        return () if since is None else (since,)

    @classmethod
    def imagined(cls, state: "NetworkState", drawn_bps: "FloatArray") -> Iterable[tuple[Self, str]]:
        """See FaultKind."""
        for link in state.topology.links:
            if link.id not in state.down_links:
                yield cls(link=link.id), "any single link may fail"

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind."""
        return (cls(link=find_link(topology, said["LINK"]).id),)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"link {self.link} down"

    def subject(self) -> tuple[str, ...]:
        """See PhrasedKind."""
        return ("up or down", self.link)
