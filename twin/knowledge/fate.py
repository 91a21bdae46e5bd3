"""What could take several resources down together."""

from collections.abc import Sequence
from typing import Literal

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
    return [*snapshot.targets(link, "in_duct"), *ends]


def _common_cause(snapshot: Snapshot, cause: ThingKey, explains: Sequence[str]) -> CommonCause:
    if cause[0] == "duct":
        members = len(snapshot.sources(cause, "in_duct"))
    else:
        members = len(snapshot.targets(cause, "has_interface"))
    kind: Literal["duct", "node"] = "duct" if cause[0] == "duct" else "node"
    return CommonCause(kind=kind, id=cause[1], explains=tuple(explains), members=members)
