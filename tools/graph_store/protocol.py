"""What every store of the knowledge graph offers: a few verbs, typed answers.

Things and how they are related:

    device  -located_at->    site          interface -terminates-> link
    device  -has_interface-> interface     link      -in_duct->    duct
    device  -originates->    prefix        link      -carries->    service   (by intended routing)
    device  -serves->        service       service   -bought_by->  customer
    incident                               (remembered; no inventory replaces it)

The graph covers dependency. What feeds back in time (overload moves traffic, traffic overloads)
lives in the twin. One graph is of one network.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Literal, Protocol

from pydantic import JsonValue

from twin.errors import BadInput, NoctuaError
from twin.nouns.base import Noun

ThingKind = Literal[
    "site", "device", "interface", "link", "duct", "prefix", "service", "customer", "incident"
]
RelationKind = Literal[
    "located_at",
    "has_interface",
    "terminates",
    "carries",
    "in_duct",
    "serves",
    "bought_by",
    "originates",
]

ThingKey = tuple[ThingKind, str]
"""Kind and id."""


class Thing(Noun):
    """A node of the graph; `id` is unique within its kind. An interface's id is "node|link"."""

    kind: ThingKind
    id: str
    properties: dict[str, JsonValue]


class Relation(Noun):
    """An edge of the graph, between two things that are in it."""

    kind: RelationKind
    source: ThingKey
    target: ThingKey


class CommonCause(Noun):
    """One thing that could take `explains` down; `members` is how many links hang on it in all."""

    kind: Literal["duct", "node"]
    id: str
    explains: tuple[str, ...]
    members: int


class AffectedService(Noun):
    """A service, who buys it, and which of the links in question carry it by intended routing."""

    id: str
    customer: str
    links: tuple[str, ...]


class PastIncident(Noun):
    """What is worth remembering of an incident once it is over.

    `symptoms`: symptom ids (kind:resource). `cause`: kinds and resources of the faults, in words.
    `remedy`: what was done, in words. `worked`: whether it was kept and the symptoms went away.
    `found_by`: the person whose finding the cause is, "" where it is as diagnosed.
    """

    id: str
    title: str
    opened_s: float
    symptoms: tuple[str, ...]
    cause: str
    remedy: str
    worked: bool
    found_by: str = ""


class SimilarIncident(Noun):
    """`similarity`: shared symptoms over all symptoms of both (Jaccard), 0..1."""

    incident: PastIncident
    similarity: float


class UnknownThing(BadInput):
    """A thing is named that the graph does not have."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        near = get_close_matches(name, list(known), n=1)
        hint = f' (did you mean "{near[0]}"?)' if near else ""
        super().__init__(f'{kind} "{name}" is not in the knowledge graph{hint}')


class CorruptGraph(BadInput):
    """The stored graph cannot be read."""


class GraphNotSaved(NoctuaError):
    """The graph could not be stored; what was stored before stands."""


class KnowledgeGraph(Protocol):
    """One network's things and relations. A method that writes has stored it when it returns.

    Names that the graph does not have raise UnknownThing, with a near match. Answers are in a fixed
    order: the same graph gives the same answer.
    """

    def put_inventory(self, things: Iterable[Thing], relations: Iterable[Relation]) -> None:
        """Replace everything but the remembered incidents, all or nothing.

        Raises:
            UnknownThing: a relation has an end that is not among `things`.
        """
        ...

    def count(self, kind: ThingKind) -> int:
        """How many things of that kind there are."""
        ...

    def links_of(self, node: str) -> tuple[str, ...]:
        """Links that end at a device, sorted."""
        ...

    def neighbours(self, node: str) -> tuple[str, ...]:
        """Devices one link away, sorted."""
        ...

    def ducts_of(self, link: str) -> tuple[str, ...]:
        """Ducts that a link runs through, as far as is recorded; sorted."""
        ...

    def links_in(self, duct: str) -> tuple[str, ...]:
        """Links that run through a duct, as far as is recorded; sorted."""
        ...

    def services_between(self, source: str, target: str) -> tuple[str, ...]:
        """Services that promise something from `source` to `target`, sorted."""
        ...

    def services_affected(self, links: Sequence[str]) -> tuple[AffectedService, ...]:
        """Services that the links carry by intended routing, those on most of them first."""
        ...

    def common_causes(self, resources: Sequence[str]) -> tuple[CommonCause, ...]:
        """Ducts and nodes that could take the resources down, best explanation first.

        `resources`: link ids, device ids, or "node|link" for an egress. Ranked by how many of them
        a cause explains, then by how few other links hang on it.
        """
        ...

    def remember_incident(self, incident: PastIncident) -> None:
        """Keep a past incident; the same id again replaces it."""
        ...

    def past_incident(self, incident_id: str) -> PastIncident | None:
        """What is remembered under that id, None for nothing."""
        ...

    def incidents_like(self, symptoms: Sequence[str], most: int = 5) -> tuple[SimilarIncident, ...]:
        """Past incidents that share a symptom with `symptoms` (ids), the most similar first."""
        ...
