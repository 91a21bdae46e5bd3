"""What devices are configured to do: intended and running are two values of the same type."""

from collections.abc import Mapping
from difflib import unified_diff
from functools import cached_property
from typing import Annotated

from pydantic import Field

from twin.errors import UnknownLink, UnknownNode
from twin.nouns.base import Noun
from twin.nouns.topology import Topology
from twin.nouns.traffic_class import TrafficClass

DEFAULT_IGP_WEIGHT = 10
"""IS-IS default metric (ISO/IEC 10589)."""

MAX_IGP_WEIGHT = 65_535
"""OSPF LSInfinity for a link is 65535 (RFC 2328, RFC 6987): still usable, as a last resort only."""

MAX_WIDE_METRIC = 2**24 - 1
"""The largest wide metric of IS-IS (RFC 5305)."""


LAST_RESORT_WEIGHTS = (MAX_IGP_WEIGHT, MAX_WIDE_METRIC)
"""What a drained interface advertises, by the kind of metric that its network uses."""


class Policer(Noun):
    """Drops what `traffic_class` sends beyond `rate_bps` on an egress."""

    traffic_class: TrafficClass
    rate_bps: float


class InterfaceConfiguration(Noun):
    """One interface.

    `drained` advertises MAX_IGP_WEIGHT in place of `igp_weight` (RFC 6987), or MAX_WIDE_METRIC with
    `wide_metrics`, which is left out of JSON where metrics are narrow.
    """

    link: str
    igp_weight: int
    drained: bool = False
    shut_down: bool = False
    policers: tuple[Policer, ...] = ()
    wide_metrics: Annotated[bool, Field(exclude_if=lambda wide: not wide)] = False

    @property
    def advertised_weight(self) -> int:
        """The weight that the IGP floods for this interface."""
        if not self.drained:
            return self.igp_weight
        return MAX_WIDE_METRIC if self.wide_metrics else MAX_IGP_WEIGHT


class DiscardRoute(Noun):
    """A static route that drops, uncounted, what goes to the prefixes of the node `target`."""

    target: str


class EntryLimit(Noun):
    """Every other router polices what `traffic_class` sends to the prefixes of the device that says
    so to `rate_bps`, where it enters the network (BGP FlowSpec, RFC 8955).
    """

    traffic_class: TrafficClass
    rate_bps: float


class DeviceConfiguration(Noun):
    """All interfaces of one node, in topology order.

    `discards`: static routes to nowhere, which win over what the IGP has learned. `entry_limits`:
    what it asks other routers to police, at most one for each class. Both are left out of JSON
    where there are none.
    """

    node: str
    interfaces: tuple[InterfaceConfiguration, ...]
    discards: Annotated[tuple[DiscardRoute, ...], Field(exclude_if=lambda routes: not routes)] = ()
    entry_limits: Annotated[
        tuple[EntryLimit, ...], Field(exclude_if=lambda limits: not limits)
    ] = ()

    def interface(self, link: str) -> InterfaceConfiguration:
        """The interface on `link`. Raises UnknownLink."""
        for interface in self.interfaces:
            if interface.link == link:
                return interface
        raise UnknownLink(
            link, [i.link for i in self.interfaces], f'the interfaces of "{self.node}"'
        )

    def with_interface(self, changed: InterfaceConfiguration) -> "DeviceConfiguration":
        """A copy in which the interface on `changed.link` is `changed`."""
        self.interface(changed.link)
        interfaces = tuple(changed if i.link == changed.link else i for i in self.interfaces)
        return self.model_copy(update={"interfaces": interfaces})

    def with_discards(self, discards: tuple[DiscardRoute, ...]) -> "DeviceConfiguration":
        """A copy with these static routes to nowhere."""
        return self.model_copy(update={"discards": discards})

    def with_entry_limits(self, limits: tuple[EntryLimit, ...]) -> "DeviceConfiguration":
        """A copy that asks other routers for these."""
        return self.model_copy(update={"entry_limits": limits})

    def text(self) -> str:
        """The configuration as lines that a person can read and a diff can compare."""
        lines = [f"device {self.node}"]
        for interface in self.interfaces:
            lines.append(f"interface {interface.link}")
            lines.append(f"  igp weight {interface.igp_weight}")
            if interface.wide_metrics:
                lines.append("  igp metric wide")
            if interface.drained:
                lines.append("  igp max-metric")
            if interface.shut_down:
                lines.append("  shutdown")
            lines.extend(
                f"  police {p.traffic_class} {p.rate_bps:.0f} bit/s" for p in interface.policers
            )
        lines.extend(f"ip route {route.target} discard" for route in self.discards)
        lines.extend(
            f"flowspec police {x.traffic_class} to self {x.rate_bps:.0f} bit/s at entry"
            for x in self.entry_limits
        )
        return "\n".join(lines) + "\n"


def configuration_diff(before: DeviceConfiguration, after: DeviceConfiguration) -> str:
    """Unified diff of the two texts, empty when they say the same; three lines of context."""
    return "".join(
        unified_diff(
            before.text().splitlines(keepends=True),
            after.text().splitlines(keepends=True),
            f"{before.node} running",
            f"{after.node} candidate",
        )
    )


class NetworkConfiguration(Noun):
    """The configuration of every device, in the order of `Topology.nodes`."""

    devices: tuple[DeviceConfiguration, ...]

    @cached_property
    def _by_node(self) -> Mapping[str, DeviceConfiguration]:
        return {device.node: device for device in self.devices}

    @cached_property
    def last_resort_weight(self) -> int:
        """What a drained interface of this network advertises."""
        wide = any(i.wide_metrics for device in self.devices for i in device.interfaces)
        return MAX_WIDE_METRIC if wide else MAX_IGP_WEIGHT

    def device(self, node: str) -> DeviceConfiguration:
        """The configuration of `node`. Raises UnknownNode."""
        try:
            return self._by_node[node]
        except KeyError:
            raise UnknownNode(node, self._by_node, "the configuration") from None

    def with_device(self, changed: DeviceConfiguration) -> "NetworkConfiguration":
        """A copy in which the device `changed.node` is `changed`."""
        self.device(changed.node)
        return NetworkConfiguration(
            devices=tuple(changed if d.node == changed.node else d for d in self.devices)
        )

    def with_interface(self, node: str, changed: InterfaceConfiguration) -> "NetworkConfiguration":
        """A copy in which one interface of `node` is `changed`."""
        return self.with_device(self.device(node).with_interface(changed))


def default_configuration(
    topology: Topology, weights: Mapping[str, int] | None = None
) -> NetworkConfiguration:
    """Every interface up; weight `weights[link]`, or DEFAULT_IGP_WEIGHT where none is given."""
    given = weights or {}
    return NetworkConfiguration(
        devices=tuple(
            DeviceConfiguration(
                node=node.id,
                interfaces=tuple(
                    InterfaceConfiguration(
                        link=link.id, igp_weight=given.get(link.id, DEFAULT_IGP_WEIGHT)
                    )
                    for link in topology.links_at(node.id)
                ),
            )
            for node in topology.nodes
        )
    )
