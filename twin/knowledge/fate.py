"""What could take several resources down together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from twin.knowledge.causal import CausalGraph
from twin.knowledge.facts import ThingKey, UnknownThing
from twin.knowledge.snapshot import Snapshot
from twin.nouns.base import Noun


class CommonCause(Noun):
    """One thing that could take `explains` down; `members` is how many links hang on it in all."""

    kind: Literal["duct", "node"]
    id: str
    explains: tuple[str, ...]
    members: int


def common_causes(snapshot: Snapshot, resources: Sequence[str]) -> tuple[CommonCause, ...]:
    """Ducts and nodes that could take the resources down, best explanation first.

    `resources`: link ids, device ids, or "node|link" for an egress. Ranked by how many of them a
    cause explains, then by how few other links hang on it.

    Raises:
        UnknownThing: a resource is none of these.
    """
    explained: dict[ThingKey, list[str]] = {}
    for resource in dict.fromkeys(resources):
        for cause in _causes_of(snapshot, resource):
            explained.setdefault(cause, []).append(resource)
    found = [_common_cause(snapshot, cause, what) for cause, what in explained.items()]
    return tuple(sorted(found, key=lambda c: (-len(c.explains), c.members, c.kind, c.id)))


def shared_ducts(
    snapshot: Snapshot, links: Sequence[str]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Ducts on record that hold at least two of `links`, each with all links that run through it.

    A link that the graph does not have shares nothing.
    """
    found = common_causes(snapshot, [link for link in links if ("link", link) in snapshot])
    ducts = [c.id for c in found if c.kind == "duct" and len(c.explains) > 1]
    return tuple((duct, _links_through(snapshot, ("duct", duct))) for duct in ducts)


def recorded_ducts(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    """Every duct on record with the links that run through it."""
    return {duct: _links_through(snapshot, ("duct", duct)) for duct in snapshot.ids("duct")}


def share_a_fate(snapshot: Snapshot, one: str, other: str) -> bool:
    """Whether a duct or a node could take both links down, as far as the graph has them."""
    known = [link for link in (one, other) if ("link", link) in snapshot]
    return any(len(cause.explains) == 2 for cause in common_causes(snapshot, known))


@dataclass(frozen=True, slots=True)
class SharedFate:
    """That `cause` alone takes a thing down, and `others` of its kind with it."""

    cause: ThingKey
    others: tuple[str, ...]


MOST_CAUSES = 200
"""So many things that one stands on are tried, the nearest first."""


def shared_fates(causal: CausalGraph, thing: ThingKey) -> tuple[SharedFate, ...]:
    """Single failures that take `thing` down and others of its kind; those that take fewest first.

    Raises:
        UnknownThing: it is not in the graph.
    """
    below = [thing]
    for one in below:
        if len(below) > MOST_CAUSES:
            break
        members = {causal.keys[m] for group in causal.groups_of(one) for m in group.members}
        ends = causal.wiring.ends.get(causal.index[one], ())
        members |= {causal.keys[end] for end in ends}
        below += sorted(members.difference(below))
    found = []
    for cause in below[1:]:
        of_kind = causal.impact([cause]).of(thing[0])
        others = tuple(name for name in of_kind if name != thing[1])
        if others and thing[1] in of_kind:
            found.append(SharedFate(cause, others))
    return tuple(sorted(found, key=lambda one: (len(one.others), one.cause)))


def _links_through(snapshot: Snapshot, duct: ThingKey) -> tuple[str, ...]:
    ends = snapshot.sources(duct, "in_duct")
    links = {key for key in ends if key[0] == "link"}
    for cable in ends:
        links.update(snapshot.sources(cable, "in_cable"))
    return tuple(sorted(name for _, name in links))


def _causes_of(snapshot: Snapshot, resource: str) -> list[ThingKey]:
    if ("device", resource) in snapshot:
        return [("device", resource)]
    link: ThingKey = ("link", resource)
    if ("interface", resource) in snapshot:
        link = snapshot.targets(("interface", resource), "terminates")[0]
    if link not in snapshot:
        known = (*snapshot.ids("link"), *snapshot.ids("device"))
        raise UnknownThing("resource", resource, known)
    ports = snapshot.sources(link, "terminates")
    ends = [end for port in ports for end in snapshot.sources(port, "has_interface")]
    cables = snapshot.targets(link, "in_cable")
    ducts = [duct for one in (link, *cables) for duct in snapshot.targets(one, "in_duct")]
    return [*dict.fromkeys(ducts), *ends]


def _common_cause(snapshot: Snapshot, cause: ThingKey, explains: Sequence[str]) -> CommonCause:
    if cause[0] == "duct":
        members = len(_links_through(snapshot, cause))
    else:
        members = len(snapshot.targets(cause, "has_interface"))
    kind: Literal["duct", "node"] = "duct" if cause[0] == "duct" else "node"
    return CommonCause(kind=kind, id=cause[1], explains=tuple(explains), members=members)
