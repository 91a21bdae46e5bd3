"""Sites, nodes, links, interfaces and shared-risk groups.

A link joins two nodes and has one interface at each end. An *arc* is one direction of a link, and
is named by its egress interface. Arc order is fixed everywhere: link i has arc 2i (from `a` to `b`)
and arc 2i+1 (from `b` to `a`).
"""

import math
from collections.abc import Iterable
from functools import cached_property
from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from twin.errors import BadInput, BadTopology, UnknownLink, UnknownNode, UnknownSharedRiskGroup
from twin.nouns.base import Noun


class Site(Noun):
    """A place. Longitude and latitude in degrees (WGS 84)."""

    id: str
    longitude: float
    latitude: float

    def km_to(self, other: "Site") -> float:
        """Great-circle distance in kilometres."""
        ends = ((self.longitude, self.latitude), (other.longitude, other.latitude))
        return great_circle_km(*ends)


EARTH_RADIUS_KM = 6371.0


def great_circle_km(start: tuple[float, float], end: tuple[float, float]) -> float:
    """Distance between two places, longitude and latitude in degrees; the haversine formula."""
    lon_a, lat_a, lon_b, lat_b = (math.radians(x) for x in (*start, *end))
    half = (
        math.sin((lat_b - lat_a) / 2) ** 2
        + math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(half)))


class Node(Noun):
    """A router at a site; `prefixes` (CIDR) originate here.

    `platform`: make, model and system as the source words them; `hardware`, `software`: make and
    model, and system with its version, where it tells them apart. `role`: in the design ("core",
    "edge", ...), likewise. `management_address`: where its configuration is reached, host or
    address. Each is "" where no source says it.
    """

    id: str
    site: str
    prefixes: tuple[str, ...] = ()
    platform: str = ""
    role: str = ""
    management_address: str = ""
    hardware: str = ""
    software: str = ""

    @model_serializer(mode="wrap")
    def _as_it_was(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # Topologies that were stored before the fields existed keep their hash.
        content: dict[str, Any] = dump(self)
        for name in ("platform", "role", "management_address", "hardware", "software"):
            if not getattr(self, name):
                content.pop(name, None)
        return content


_BAR = "|"
"""Between the node and the link of an interface, as it is written; no node has it in its name."""


class Interface(Noun):
    """The end of `link` at `node`; as an egress it names the arc that leaves `node` over `link`.

    It is written "node|link" wherever it is text: in symptoms, plans, forecasts, and to minds.
    """

    node: str
    link: str

    def __str__(self) -> str:
        return f"{self.node}{_BAR}{self.link}"

    @classmethod
    def parts(cls, text: str) -> tuple[str, ...]:
        """Node and link where `text` names an interface, else `text` alone."""
        found = cls.named_by(text)
        return (text,) if found is None else (found.node, found.link)

    @classmethod
    def named_by(cls, text: str) -> "Interface | None":
        """The interface that is written so, None where `text` is the name of something else."""
        node, bar, link = text.partition(_BAR)
        return cls(node=node, link=link) if node and bar and link else None

    @classmethod
    def parse(cls, text: str) -> "Interface":
        """The interface that is written so. Raises BadInput if none is."""
        found = cls.named_by(text)
        if found is None:
            raise BadInput(f'"{text}" is no interface; it is written node{_BAR}link')
        return found


class Link(Noun):
    """A bundle of `members` equal circuits between `a` and `b`, the same capacity each way.

    `late_s`: what either direction takes beyond `propagation_s`, where it is known to.
    """

    id: str
    a: str
    b: str
    capacity_bps: float
    members: int
    length_km: float
    propagation_s: float
    late_s: float = Field(default=0.0, exclude_if=lambda added_s: not added_s)

    @property
    def member_bps(self) -> float:
        """What one member of the bundle carries, bit/s."""
        return self.capacity_bps / self.members

    def other_end(self, node: str) -> str:
        """The node across from `node`. Raises UnknownNode if `node` is at neither end."""
        if node not in (self.a, self.b):
            raise UnknownNode(node, (self.a, self.b), f'link "{self.id}"')
        return self.b if node == self.a else self.a


class SharedRiskGroup(Noun):
    """Links that fail together.

    A "duct" is shared for `shared_km` kilometres from `place`. Of a "given" group the source says
    no more than its links: `shared_km` is 0, and `place` is where most of them meet.
    """

    id: str
    kind: Literal["duct", "given"]
    place: str
    links: tuple[str, ...]
    shared_km: float


class Topology(Noun):
    """What is built. Frozen; validated on construction.

    Raises:
        BadTopology: empty, a duplicate id, an unknown end, a capacity that is not positive.
    """

    name: str
    sites: tuple[Site, ...]
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    shared_risk_groups: tuple[SharedRiskGroup, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> "Topology":
        if not self.nodes:
            raise BadTopology(f"{self.name}: it has no nodes")
        for node in self.nodes:
            if _BAR in node.id:
                raise BadTopology(
                    f'{self.name}: node "{node.id}" has "{_BAR}" in its name, which stands between '
                    "the node and the link of an interface"
                )
        _refuse_duplicates(self.name, "site", (s.id for s in self.sites))
        _refuse_duplicates(self.name, "node", (n.id for n in self.nodes))
        _refuse_duplicates(self.name, "link", (x.id for x in self.links))
        _refuse_duplicates(self.name, "shared-risk group", (g.id for g in self.shared_risk_groups))
        sites = {s.id for s in self.sites}
        for node in self.nodes:
            if node.site not in sites:
                raise BadTopology(f'{self.name}: node "{node.id}" is at unknown site "{node.site}"')
        nodes = {n.id for n in self.nodes}
        for link in self.links:
            for end in (link.a, link.b):
                if end not in nodes:
                    raise BadTopology(
                        f'{self.name}: link "{link.id}" joins "{end}", which is not a node'
                    )
            if link.a == link.b:
                raise BadTopology(f'{self.name}: link "{link.id}" joins "{link.a}" to itself')
            if link.capacity_bps <= 0 or link.members < 1:
                raise BadTopology(
                    f'{self.name}: link "{link.id}" has capacity {link.capacity_bps:g} bit/s in '
                    f"{link.members} members; both must be positive"
                )
        links = {x.id for x in self.links}
        for group in self.shared_risk_groups:
            for member in group.links:
                if member not in links:
                    raise BadTopology(
                        f'{self.name}: shared-risk group "{group.id}" names unknown link "{member}"'
                    )
        return self

    def rebuilt(self, **parts: Any) -> "Topology":
        """A copy with other `parts`, validated. Raises BadTopology."""
        # What is cached of this one must not come along, as it would with model_copy.
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return Topology.model_validate(fields | parts)

    def with_members(self, link_id: str, members: int) -> "Topology":
        """The same with so many of the members of `link_id`. Raises UnknownLink, BadTopology."""
        link = self.link(link_id)
        resized = {"members": members, "capacity_bps": members * link.member_bps}
        links = (x.model_copy(update=resized) if x is link else x for x in self.links)
        return self.rebuilt(links=tuple(links))

    def with_late(self, link_id: str, late_s: float) -> "Topology":
        """The same where `link_id` takes so much longer. Raises UnknownLink."""
        link = self.link(link_id)
        links = (x.model_copy(update={"late_s": late_s}) if x is link else x for x in self.links)
        return self.rebuilt(links=tuple(links))

    @cached_property
    def node_index(self) -> dict[str, int]:
        """Position of each node id in `nodes`."""
        return {node.id: i for i, node in enumerate(self.nodes)}

    @cached_property
    def link_index(self) -> dict[str, int]:
        """Position of each link id in `links`."""
        return {link.id: i for i, link in enumerate(self.links)}

    @property
    def n_arcs(self) -> int:
        """Two per link."""
        return 2 * len(self.links)

    def node(self, node_id: str) -> Node:
        """The node of that id. Raises UnknownNode."""
        try:
            return self.nodes[self.node_index[node_id]]
        except KeyError:
            raise UnknownNode(node_id, self.node_index, self.name) from None

    def link(self, link_id: str) -> Link:
        """The link of that id. Raises UnknownLink."""
        try:
            return self.links[self.link_index[link_id]]
        except KeyError:
            raise UnknownLink(link_id, self.link_index, self.name) from None

    def shared_risk_group(self, group_id: str) -> SharedRiskGroup:
        """The group of that id. Raises UnknownSharedRiskGroup."""
        for group in self.shared_risk_groups:
            if group.id == group_id:
                return group
        known = [g.id for g in self.shared_risk_groups]
        raise UnknownSharedRiskGroup(group_id, known, self.name)

    @cached_property
    def arcs_by_end(self) -> dict[tuple[str, str], int]:
        """Index of the arc that leaves a node over a link, by both ids."""
        ends = ((link.id, end) for link in self.links for end in (link.a, link.b))
        return {(end, link): arc for arc, (link, end) in enumerate(ends)}

    def arc_of(self, egress: Interface) -> int:
        """Index of the arc that leaves `egress.node` over `egress.link`."""
        link = self.link(egress.link)
        link.other_end(egress.node)
        return 2 * self.link_index[link.id] + (0 if egress.node == link.a else 1)

    def egress_of(self, arc: int) -> Interface:
        """The egress interface that names arc `arc`."""
        link = self.links[arc // 2]
        return Interface(node=link.a if arc % 2 == 0 else link.b, link=link.id)

    def links_at(self, node_id: str) -> tuple[Link, ...]:
        """The links with an end at `node_id`, in topology order."""
        self.node(node_id)
        return self._links_at[node_id]

    def nodes_at(self, site: str) -> tuple[str, ...]:
        """What stands at `site`, in topology order."""
        return tuple(node.id for node in self.nodes if node.site == site)

    @cached_property
    def _links_at(self) -> dict[str, tuple[Link, ...]]:
        found: dict[str, list[Link]] = {node.id: [] for node in self.nodes}
        for link in self.links:
            found[link.a].append(link)
            found[link.b].append(link)
        return {node: tuple(links) for node, links in found.items()}


def _refuse_duplicates(name: str, noun: str, ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for item in ids:
        if item in seen:
            raise BadTopology(f'{name}: {noun} id "{item}" is used twice')
        seen.add(item)
