"""Incidents that are over: what is worth remembering of them, and which are like this one."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from twin.knowledge.facts import Properties, Provenance, Thing
from twin.nouns.base import Noun

REMEMBERED = "incidents"
"""The source of these facts, which no inventory replaces."""


class PastIncident(Noun):
    """What is worth remembering of an incident once it is over.

    `symptoms`: symptom ids (kind:resource). `cause`: kinds and resources of the faults, in words.
    `remedy`: what was done, in words. `worked`: whether it was kept and the symptoms went away.
    `found_by`: the person whose finding the cause is, "" where it is as diagnosed. `decided`:
    measurements told the cause from every other that was tested, or a person found it.
    """

    id: str
    title: str
    opened_s: float
    symptoms: tuple[str, ...]
    cause: str
    remedy: str
    worked: bool
    found_by: str = ""
    decided: bool = False

    def as_thing(self) -> Thing:
        """The thing of the graph that it is remembered as."""
        properties: Properties = self.model_dump(exclude={"id"})
        return Thing("incident", self.id, properties, Provenance(REMEMBERED, self.opened_s))

    @classmethod
    def of(cls, thing: Thing) -> "PastIncident":
        """What a thing of kind "incident" remembers."""
        return cls.model_validate({"id": thing.id, **thing.properties})


MOST_RECALLED_NATS = 2.0
"""So much past incidents add at most to the log prior odds of a set of causes (assumed): less than
what tells two causes apart, whatever the history."""

AND = " & "
"""Between the ids of faults in a cause."""


@dataclass(frozen=True, slots=True)
class PastCauses:
    """How often each fault (kind@resources) was the cause of an earlier incident.

    Only causes count that measurements or a person have decided: a guess among what cannot be told
    apart would otherwise make itself likelier every time.
    """

    counts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, incidents: Iterable[PastIncident], besides: str = "") -> "PastCauses":
        """Of `incidents`, but for the one with the id `besides`."""
        known = (i for i in incidents if (i.decided or i.found_by) and i.id != besides)
        return cls(Counter(fault for i in known for fault in i.cause.split(AND)))

    def nats(self, faults: Iterable[str]) -> float:
        """What they add to the log prior odds of `faults` together.

        log(1 + n) for a fault that was seen n times: the odds in which it is seen next, from a
        prior that counts as one sighting (Laplace). At most MOST_RECALLED_NATS.
        """
        seen = (self.counts.get(fault, 0) for fault in faults)
        return min(MOST_RECALLED_NATS, sum(math.log1p(n) for n in seen))


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
