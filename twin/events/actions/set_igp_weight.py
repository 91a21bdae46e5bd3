"""Another IGP weight on one egress."""

import re
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field

from twin.errors import BadInput
from twin.events.actions.edits import WeightEdit, edited
from twin.events.names import find_link_and_end, find_node
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.topology import Interface, Topology

if TYPE_CHECKING:
    from twin.events.action import Action

MAX_SET_WEIGHT = 65_534
"""The highest weight that an interface may be set to; above it stands drained (RFC 6987)."""

_WEIGHT = re.compile(
    r"(?P<link>.+?)(?: from (?P<node>.+?))?(?: to| =)? (?P<number>\S+?)(?P<both> both ways)?",
    re.IGNORECASE,
)


class SetIgpWeight(WeightEdit):
    """Set the IGP weight of the egress of `node` on `link`."""

    kind: Literal["set_igp_weight"] = "set_igp_weight"
    node: str
    link: str
    weight: int = Field(ge=1, le=MAX_SET_WEIGHT)

    form: ClassVar[tuple[str, str]] = ("weight", "")

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

    @classmethod
    def read(cls, named: str, phrase: str, topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind: "weight LINK N", "... from NODE N", "... N both ways"."""
        parts = _WEIGHT.fullmatch(named)
        if parts is None:
            raise BadInput(
                f'"{phrase}": expected a link and then its weight, as in "weight A-B 20"'
            )
        weight = _weight(phrase, parts["number"])
        link, first = find_link_and_end(topology, parts["link"])
        if parts["both"]:
            ends: tuple[str, ...] = (link.a, link.b)
        elif parts["node"] is not None:
            node = find_node(topology, parts["node"]).id
            link.other_end(node)
            ends = (node,)
        elif first is not None:
            ends = (first,)
        else:
            raise BadInput(
                f'"{phrase}": the name of link "{link.id}" does not say in which direction; write '
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


def _weight(phrase: str, text: str) -> int:
    # Python refuses to convert thousands of digits, so they are counted first.
    if not re.fullmatch(r"0*[1-9][0-9]{0,4}", text) or int(text.lstrip("0")) > MAX_SET_WEIGHT:
        raise BadInput(
            f'"{phrase}": the weight is "{text}", expected an integer in 1..{MAX_SET_WEIGHT}; '
            'a link that is to carry nothing is drained, as in "drain A-B"'
        )
    return int(text.lstrip("0"))
