"""Another IGP weight on one egress."""

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field

from twin.errors import BadInput
from twin.events.actions.edits import WeightEdit, edited
from twin.events.kinds import PhrasedKind, Tried
from twin.events.names import find_link_and_end, find_node
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.topology import Interface, Topology

if TYPE_CHECKING:
    from twin.events.action import Action

MAX_SET_WEIGHT = 65_534
"""The highest weight that an interface may be set to; above it stands drained (RFC 6987)."""

AVOIDED = 60_000
"""A weight that keeps traffic off an egress which loses it, as long as there is another way."""


class SetIgpWeight(WeightEdit):
    """Set the IGP weight of the egress of `node` on `link`."""

    kind: Literal["set_igp_weight"] = "set_igp_weight"
    node: str
    link: str
    weight: int = Field(ge=1, le=MAX_SET_WEIGHT)

    forms: ClassVar[tuple[str, ...]] = (
        "weight LINK (to) NUMBER",
        "weight LINK from NODE (to) NUMBER",
        "weight LINK (to) NUMBER both ways",
        "(link) LINK weight (to) NUMBER",
        "(link) LINK weight (to) NUMBER both ways",
        "weight NUMBER on LINK",
        "weight NUMBER on LINK both ways",
        "(link) LINK gets weight (to) NUMBER",
    )

    def describe(self) -> str:
        """See EventKind."""
        return f"set the IGP weight of {self.node} on {self.link} to {self.weight}"

    def short(self) -> str:
        """See ActionKind."""
        return f"{self.node} on {self.link}: weight {self.weight}"

    def egresses(self, topology: Topology) -> tuple[Interface, ...]:
        """See WeightEdit."""
        topology.link(self.link).other_end(self.node)
        return (Interface(node=self.node, link=self.link),)

    def configured(
        self, running: NetworkConfiguration, intended: NetworkConfiguration, topology: Topology
    ) -> NetworkConfiguration:
        """See ActionKind."""
        return edited(running, self.node, self.link, igp_weight=self.weight)

    def inverse(self, running: NetworkConfiguration, topology: Topology) -> "tuple[Action, ...]":
        """See ActionKind."""
        from twin.events.actions.restore_device import RestoreDevice  # the union is built of both

        before = running.device(self.node).interface(self.link).igp_weight
        # A wide metric, beyond what this action may set.
        if before > MAX_SET_WEIGHT:
            return (RestoreDevice(configuration=running.device(self.node)),)
        return () if before == self.weight else (self.model_copy(update={"weight": before}),)

    def unsaid(self, what_if: Collection[PhrasedKind]) -> str:
        """See PhrasedKind."""
        ends = [x for x in what_if if isinstance(x, SetIgpWeight) and x.link == self.link]
        if len(ends) > 1:
            return ""
        return (
            f"only traffic from {self.node} over {self.link} is weighed anew; "
            f'"weight {self.link} {self.weight} both ways" sets both ends'
        )

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind. One number is of the end that the link names first."""
        weight = read_weight(said["NUMBER"])
        link, first = find_link_and_end(topology, said["LINK"])
        if "both ways" in said:
            ends: tuple[str, ...] = (link.a, link.b)
        elif "NODE" in said:
            node = find_node(topology, said["NODE"]).id
            link.other_end(node)
            ends = (node,)
        elif first is not None:
            ends = (first,)
        else:
            raise BadInput(
                f'the name of link "{link.id}" does not say in which direction; write '
                f'"weight {link.id} from {link.a} {weight}", "from {link.b}", or '
                f'"{weight} both ways"'
            )
        return tuple(cls(node=end, link=link.id, weight=weight) for end in ends)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"weight {self.link} from {self.node} {self.weight}"

    def subject(self) -> tuple[str, ...]:
        """See PhrasedKind."""
        return ("weight", self.node, self.link)

    def tried(self, topology: Topology) -> Tried:
        """See ActionKind."""
        arc = topology.arc_of(Interface(node=self.node, link=self.link))
        return Tried(arc, "weight", self.weight)


def read_weight(text: str) -> int:
    """The weight that `text` is. Raises BadInput: none that an interface may be set to."""
    # Python refuses to convert thousands of digits, so they are counted first.
    if not re.fullmatch(r"0*[1-9][0-9]{0,4}", text) or int(text.lstrip("0")) > MAX_SET_WEIGHT:
        raise BadInput(
            f'the weight is "{text}", expected an integer in 1..{MAX_SET_WEIGHT}; '
            'a link that is to carry nothing is drained, as in "drain A-B"'
        )
    return int(text.lstrip("0"))
