"""A link gets another capacity."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field

from twin.errors import BadInput
from twin.events.amounts import rate_text, read_rate, read_share
from twin.events.kinds import BuildKind
from twin.events.names import find_link
from twin.nouns.topology import Link, Topology

if TYPE_CHECKING:
    from twin.nouns.state import NetworkState

MOST_MEMBERS = 1024
"""Of a bundle; what devices bundle stops well below."""

USUAL_MEMBERS = 16
"""Of a bundle, at most, where the number is not said."""


class ResizeLink(BuildKind):
    """`link` carries `capacity_bps` each way, in `members` equal circuits."""

    kind: Literal["resize_link"] = "resize_link"
    link: str
    capacity_bps: float = Field(gt=0)
    members: int = Field(ge=1, le=MOST_MEMBERS)

    forms: ClassVar[tuple[str, ...]] = (
        "(link) LINK add RATE",
        "(link) LINK (to) RATE",
        "(link) LINK to RATE in NUMBER members",
        "upgrade (link) LINK to RATE",
        "add RATE to (link) LINK",
        "RATE more on LINK",
        "add RATE on (link) LINK",
        "(link) LINK members NUMBER",
        "(link) LINK NUMBER members",
        "(link) LINK at SHARE",
        "capacity LINK (to) RATE",
        "capacity LINK at SHARE",
    )

    def describe(self) -> str:
        """See EventKind."""
        return f"{self.link} carries {rate_text(self.capacity_bps)} in {self.members} members"

    def built(self, topology: Topology) -> Topology:
        """See BuildKind."""
        resized = topology.link(self.link).model_copy(
            update={"capacity_bps": self.capacity_bps, "members": self.members}
        )
        links = tuple(resized if link.id == self.link else link for link in topology.links)
        return topology.rebuilt(links=links)

    def assumed(self, state: "NetworkState") -> tuple[str, ...]:
        """See BuildKind."""
        return ()

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind. Members stay as large as they are, where that gives the capacity."""
        link = find_link(topology, said["LINK"])
        if "RATE" in said and "NUMBER" in said:
            rate, members = read_rate(said["RATE"], topology), _members(said["NUMBER"])
            return (cls(link=link.id, capacity_bps=rate, members=members),)
        if "NUMBER" in said:
            members = _members(said["NUMBER"])
            capacity_bps = members * link.capacity_bps / link.members
            return (cls(link=link.id, capacity_bps=capacity_bps, members=members),)
        if "SHARE" in said:
            return (cls._of(link, link.capacity_bps * read_share(said["SHARE"])),)
        rate_bps = read_rate(said["RATE"], topology)
        more = "add" in said or "more" in said
        return (cls._of(link, rate_bps + (link.capacity_bps if more else 0.0)),)

    @classmethod
    def _of(cls, link: Link, capacity_bps: float) -> Self:
        count = capacity_bps * link.members / link.capacity_bps
        whole = round(count)
        fits = 1 <= whole <= max(USUAL_MEMBERS, link.members) and abs(count - whole) < 1e-9 * whole
        members = whole if fits else link.members
        return cls(link=link.id, capacity_bps=capacity_bps, members=members)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"link {self.link} to {rate_text(self.capacity_bps)} in {self.members} members"

    def subject(self) -> tuple[str, ...]:
        """See PhrasedKind."""
        return ("capacity", self.link)


def _members(text: str) -> int:
    if not re.fullmatch(r"0*[1-9]\d{0,3}", text) or int(text) > MOST_MEMBERS:
        raise BadInput(f'"{text}" members: expected an integer in 1..{MOST_MEMBERS}')
    return int(text)
