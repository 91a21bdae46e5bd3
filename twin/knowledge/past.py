"""Incidents that are over: what is worth remembering of them, and which are like this one."""

from collections.abc import Iterable, Sequence

from twin.knowledge.facts import Properties, Provenance, Thing
from twin.nouns.base import Noun

REMEMBERED = "incidents"
"""The source of these facts, which no inventory replaces."""


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

    def as_thing(self) -> Thing:
        """The thing of the graph that it is remembered as."""
        properties: Properties = self.model_dump(exclude={"id"})
        return Thing("incident", self.id, properties, Provenance(REMEMBERED, self.opened_s))

    @classmethod
    def of(cls, thing: Thing) -> "PastIncident":
        """What a thing of kind "incident" remembers."""
        return cls.model_validate({"id": thing.id, **thing.properties})


class SimilarIncident(Noun):
    """`similarity`: shared symptoms over all symptoms of both (Jaccard), 0..1."""

    incident: PastIncident
    similarity: float


def most_similar(
    past: Iterable[PastIncident], symptoms: Sequence[str], most: int = 5
) -> tuple[SimilarIncident, ...]:
    """Past incidents that share a symptom with `symptoms` (ids), the most similar first."""
    wanted = frozenset(symptoms)
    found = []
    for incident in past:
        shared = wanted & set(incident.symptoms)
        if shared:
            similarity = len(shared) / len(wanted | set(incident.symptoms))
            found.append(SimilarIncident(incident=incident, similarity=similarity))
    found.sort(key=lambda s: (-s.similarity, -s.incident.opened_s, s.incident.id))
    return tuple(found[:most])
