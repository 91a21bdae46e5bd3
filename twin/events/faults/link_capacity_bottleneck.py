"""A bundle loses members."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.errors import BadInput, Ungrounded
from twin.events.faults.dropping import DroppingFault
from twin.events.kinds import Clues, LiveNetwork
from twin.events.names import find_link
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.evidence import Evidence
from twin.nouns.topology import Topology

if TYPE_CHECKING:
    from twin.nouns.observation import Observation
    from twin.nouns.state import NetworkState


class LinkCapacityBottleneck(DroppingFault):
    """Of the bundle `link` only `members` are left, in both directions; the adjacency stays up."""

    kind: Literal["link_capacity_bottleneck"] = "link_capacity_bottleneck"
    link: str
    members: int

    forms: ClassVar[tuple[str, ...]] = (
        "(link) LINK to NUMBER members",
        "(link) LINK loses NUMBER members",
    )

    spares_voice: ClassVar[bool] = True

    @property
    def resources(self) -> tuple[str, ...]:
        """The link id."""
        return (self.link,)

    def concerned_links(self) -> tuple[str, ...]:
        """See FaultKind."""
        return (self.link,)

    def describe(self) -> str:
        """See EventKind."""
        left = "1 member" if self.members == 1 else f"{self.members} members"
        return f"the bundle {self.link} has only {left} left"

    def check(self, topology: Topology, running: NetworkConfiguration) -> None:
        """See FaultKind."""
        built = topology.link(self.link).members
        if not 1 <= self.members < built:
            raise Ungrounded(
                f"{self.link} has {built} members; of a bundle that lost some, 1 to {built - 1} "
                f"are left, not {self.members}"
            )

    def after(self, state: "NetworkState") -> "NetworkState":
        """See StateEvent."""
        if state.topology.link(self.link).members <= self.members:
            return state
        return replace(state, topology=state.topology.with_members(self.link, self.members))

    def arcs(self, state: "NetworkState") -> Mapping[int, int | None]:
        """See StateEvent: routing does not see it."""
        return {}

    @classmethod
    def propose(cls, clues: Clues) -> Iterable[tuple[Self, str]]:
        """See FaultKind: bundles that were found to be short since the incident began."""
        drops = clues.observation.drops
        for link, members in sorted(drops.short.items()) if drops else ():
            built = clues.topology.link(link).members
            if members < built and link not in clues.observation.down_since:
                reason = f"an end of {link} is full with {members} of {built} members"
                yield cls(link=link, members=members), reason

    @classmethod
    def conceivable(cls, state: "NetworkState") -> Iterable[Self]:
        """See FaultKind."""
        for link in state.topology.links:
            if link.members > 1:
                yield cls(link=link.id, members=link.members // 2)

    def log_prior(self) -> float:
        """See FaultKind."""
        return math.log(0.05)

    def evidence(self, observation: "Observation", normal: "NetworkState") -> list[Evidence]:
        """See FaultKind: each direction drops where it is full of what is left, and spares voice
        as a full queue does.
        """
        topology, drops = normal.topology, observation.drops
        if drops is None:
            return []
        link, first = topology.link(self.link), 2 * topology.link_index[self.link]
        found = list[Evidence]()
        for arc in (first, first + 1):
            left_bps = self.members * link.member_bps
            ratio = drops.full_of(arc, left_bps, link.capacity_bps, link.member_bps)
            if ratio is not None:
                found += self._weigh(observation, topology, drops, arc, ratio)
        return found

    def is_over(self, live: LiveNetwork) -> bool:
        """See FaultKind."""
        return not live.is_short(self.link)

    def circuits(self) -> frozenset[str]:
        """See FaultKind."""
        return frozenset({self.link})

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind."""
        link = find_link(topology, said["LINK"])
        number = int(said["NUMBER"]) if re.fullmatch(r"\d{1,4}", said["NUMBER"]) else 0
        left = link.members - number if "loses" in said else number
        if not 1 <= left < link.members:
            raise BadInput(
                f'"{said["NUMBER"]}": {link.id} has {link.members} members; of a bundle that lost '
                f"some, 1 to {link.members - 1} are left"
            )
        return (cls(link=link.id, members=left),)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"link {self.link} down to {self.members} members"
