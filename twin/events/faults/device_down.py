"""A device goes down, and every link at it."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field

from twin.errors import BadInput, Ungrounded
from twin.events.faults.dark_links import DarkLinksFault
from twin.events.kinds import Clues
from twin.events.names import find_node
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.evidence import Evidence
from twin.nouns.topology import Topology

if TYPE_CHECKING:
    from twin.nouns.observation import Observation
    from twin.nouns.state import NetworkState

_READING_MISSED = 0.1
"""Chance that one reading of a device that is up does not reach us (assumed)."""

_UNREAD = 1e-4
"""Chance that the readings of a device that is up fail for long, or that a device that is down is
said to have answered (assumed)."""

_LAST_WORDS_S = 60.0
"""What was read as a device went down arrives by then: a collector's round, and the delay of
whoever noticed first (30 to 40 s where a dead interval decides)."""

FEWEST_MISSED = 2.0
"""Readings in a row that a device has missed before it is suspected."""


class DeviceDown(DarkLinksFault):
    """`node` is down, and with it all of its `links`; what it sends and gets has no way.

    It is told from a cut of all its links by its silence. `links` are left out in what-ifs.
    """

    kind: Literal["device_down"] = "device_down"
    node: str
    links: Annotated[tuple[str, ...], Field(exclude_if=lambda links: not links)] = ()

    forms: ClassVar[tuple[str, ...]] = (
        "(node) NODE down",
        "lose (node) NODE",
        "take (node) NODE down",
    )

    chance_before_repair = 5e-5
    # A cut of all its links takes the same links down, and is repaired elsewhere.
    only_links_down = False

    @property
    def resources(self) -> tuple[str, ...]:
        """The node."""
        return (self.node,)

    @property
    def dark_nodes(self) -> tuple[str, ...]:
        """See FaultKind."""
        return (self.node,)

    def concerned_links(self) -> tuple[str, ...]:
        """See FaultKind."""
        return tuple(sorted(self.links))

    def describe(self) -> str:
        """See EventKind."""
        return f"{self.node} is down"

    def check(self, topology: Topology, running: NetworkConfiguration) -> None:
        """See FaultKind."""
        if set(self.links) != self.links_down(topology):
            raise Ungrounded(
                f"{self.node} goes down with all of its links, and no other: name "
                f"{', '.join(sorted(self.links_down(topology)))}"
            )

    def links_down(self, topology: Topology) -> frozenset[str]:
        """See StateEvent."""
        return frozenset(link.id for link in topology.links_at(self.node))

    @classmethod
    def propose(cls, clues: Clues) -> Iterable[tuple[Self, str]]:
        """See FaultKind: a device that does not answer any more, half of whose links are down.

        One that still holds most of them is alive, and cannot be read.
        """
        seen = clues.observation
        for node in clues.topology.nodes:
            links = tuple(sorted(link.id for link in clues.topology.links_at(node.id)))
            down = [seen.down_since[link] for link in links if link in seen.down_since]
            missed = seen.missed.get(node.id, 0.0)
            if down and 2 * len(down) >= len(links) and missed >= FEWEST_MISSED:
                reason = f"{len(down)} of its {len(links)} links are down, and it does not answer"
                yield cls(node=node.id, links=links), reason

    @classmethod
    def conceivable(cls, state: "NetworkState") -> Iterable[Self]:
        """See FaultKind."""
        for node in state.topology.nodes:
            links = tuple(sorted(link.id for link in state.topology.links_at(node.id)))
            yield cls(node=node.id, links=links)

    def log_prior(self) -> float:
        """See FaultKind."""
        return math.log(0.05)

    def evidence(self, observation: "Observation", normal: "NetworkState") -> list[Evidence]:
        """See FaultKind: whether the device itself answers; adjacencies are weighed for all."""
        since = [observation.down_since[x] for x in self.links if x in observation.down_since]
        read_s = observation.read_s.get(self.node, -math.inf)
        if since and read_s > min(since) + _LAST_WORDS_S:
            text = f"{self.node} has answered since its links went down"
            return [Evidence(observation=text, log_likelihood_ratio=math.log(_UNREAD))]
        missed = observation.missed.get(self.node, 0.0)
        if missed < 1.0:
            return []
        ratio = min(-math.log(_READING_MISSED) * math.floor(missed), -math.log(_UNREAD))
        text = f"{self.node} does not answer any more"
        return [Evidence(observation=text, log_likelihood_ratio=ratio)]

    def place(self) -> str:
        """See FaultKind."""
        return self.node

    def work(self) -> str:
        """See FaultKind."""
        return f"the device {self.node} itself is down, power or hardware, and no fibre"

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind."""
        node = find_node(topology, said["NODE"])
        at = topology.nodes_at(node.site)
        if re.search("site|pop", said.get("_node", ""), re.IGNORECASE) and len(at) > 1:
            raise BadInput(
                f'{", ".join(at)} stand at that site; say "power at {node.id} down" for all of '
                f'them, or "node {node.id} down"'
            )
        return (cls(node=node.id),)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"node {self.node} down"

    def complete(self, topology: Topology) -> Self:
        """See FaultKind."""
        return self.model_copy(update={"links": tuple(sorted(self.links_down(topology)))})

    def bare(self) -> Self:
        """See PhrasedKind."""
        return self.model_copy(update={"links": ()})

    def subject(self) -> tuple[str, ...]:
        """See PhrasedKind."""
        return ("node", self.node)
