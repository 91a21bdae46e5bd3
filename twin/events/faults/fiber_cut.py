"""Every link of a duct goes down at once."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.errors import Ungrounded
from twin.events.faults.dark_links import DarkLinksFault
from twin.events.kinds import Clues
from twin.events.names import find_all, find_group, find_group_of_link, find_link
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.topology import Topology

if TYPE_CHECKING:
    from twin.nouns.state import NetworkState
    from twin.nouns.telemetry import FloatArray

_UNRECORDED = math.log(0.1)
"""One duct in ten is missing from the records (assumed)."""

_AT_ONCE_S = 60.0
"""Links of one duct are reported down within a minute."""


class FiberCut(DarkLinksFault):
    """A duct is cut: all of `links` go down at once. `duct` is its id, "" if it is unknown."""

    kind: Literal["fiber_cut"] = "fiber_cut"
    duct: str
    links: tuple[str, ...]

    forms: ClassVar[tuple[str, ...]] = (
        "(group) GROUP down",
        "lose (group) GROUP",
        "group LINK down",
        "lose group LINK",
        "take (group) GROUP down",
        "(link) LINKS down together",
    )
    chance_before_repair = 0.005
    usual_hours = 12.0

    @property
    def resources(self) -> tuple[str, ...]:
        """Link ids, sorted."""
        return tuple(sorted(self.links))

    def describe(self) -> str:
        """See EventKind."""
        name = self.duct.removeprefix("duct:")
        where = f"duct {name}" if self.duct else "a duct that is not on record"
        return f"fibre cut in {where}, taking {', '.join(self.links)}"

    def check(self, topology: Topology, running: NetworkConfiguration) -> None:
        """See FaultKind."""
        self.links_down(topology)
        if not self.links or len(set(self.links)) < len(self.links):
            raise Ungrounded("a fiber_cut names the links that it takes down, each once")
        if self.duct and not set(self.links) <= set(topology.shared_risk_group(self.duct).links):
            raise Ungrounded(f'not all of these links run through "{self.duct}"')

    def links_down(self, topology: Topology) -> frozenset[str]:
        """See StateEvent."""
        return frozenset(topology.link(link).id for link in self.links)

    @classmethod
    def propose(cls, clues: Clues) -> Iterable[tuple[Self, str]]:
        """See FaultKind: ducts on record, and links that went down together and meet at a node."""
        topology, since = clues.topology, clues.observation.down_since
        for duct, members in clues.shared_ducts:
            explained = len(since.keys() & members)
            reason = f"{explained} of the {len(members)} links in {duct} are down"
            yield cls(duct=duct, links=members), reason
        for node in topology.nodes:
            here = sorted(x.id for x in topology.links_at(node.id) if x.id in since)
            times = [since[link] for link in here]
            if len(here) >= 2 and max(times) - min(times) <= _AT_ONCE_S:
                reason = f"{len(here)} links at {node.id} went down within a minute"
                yield cls(duct="", links=tuple(here)), reason

    @classmethod
    def conceivable(cls, state: "NetworkState") -> Iterable[Self]:
        """See FaultKind."""
        for group in state.topology.shared_risk_groups:
            if len(group.links) > 1:
                yield cls(duct=group.id, links=group.links)

    def log_prior(self) -> float:
        """See FaultKind."""
        return math.log(0.15) + (0.0 if self.duct else _UNRECORDED)

    def place(self) -> str:
        """See FaultKind."""
        return self.duct

    @classmethod
    def imagined(cls, state: "NetworkState", drawn_bps: "FloatArray") -> Iterable[tuple[Self, str]]:
        """See FaultKind."""
        groups = state.topology.shared_risk_groups
        yield from cls.of_ducts(state, {group.id: group.links for group in groups})

    @classmethod
    def of_ducts(
        cls, state: "NetworkState", ducts: Mapping[str, tuple[str, ...]]
    ) -> Iterable[tuple[Self, str]]:
        """Cuts of `ducts` (id: links), of the links that are there and up, and the grounds."""
        built = state.topology.link_index.keys() - state.down_links
        for duct, held in ducts.items():
            left = tuple(link for link in held if link in built)
            if len(left) >= 2:
                yield cls(duct=duct, links=left), f"these links share {duct}"

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind. A group is named by its id, or by a link that is in no other one; what
        goes down together may share what is on no record.
        """
        if "LINKS" in said:
            plain = re.sub(r"^(?:both|all|links?) ", "", said["LINKS"], flags=re.IGNORECASE)
            links = find_all(plain, lambda name: find_link(topology, name).id)
            return (cls(duct="", links=tuple(dict.fromkeys(links))),)
        if "LINK" in said:
            group = find_group_of_link(topology, said["LINK"])
        else:
            group = find_group(topology, said["GROUP"])
        return (cls(duct=group.id, links=group.links),)

    def phrase(self) -> str:
        """See PhrasedKind."""
        if self.duct:
            return f"group {self.duct} down"
        return f"links {', '.join(self.links)} down together"

    def complete(self, topology: Topology) -> Self:
        """See FaultKind: a duct on record is cut whole."""
        links = topology.shared_risk_group(self.duct).links if self.duct else self.links
        return self.model_copy(update={"links": links})

    def bare(self) -> Self:
        """See PhrasedKind."""
        return self.model_copy(update={"links": self.resources})

    def subject(self) -> tuple[str, ...]:
        """See PhrasedKind."""
        return ("cut", self.duct, *self.resources)
