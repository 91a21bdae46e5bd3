"""Past incidents in any store, which keeps each as a thing of kind "incident"."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from twin.knowledge.facts import Relation, Thing
from twin.knowledge.past import PastIncident, SimilarIncident, most_similar


class PastIncidents(Protocol):
    """What a store can do once it keeps things."""

    def put(self, things: Iterable[Thing], relations: Iterable[Relation] = ()) -> None:
        """See `KnowledgeGraph.put`."""
        ...

    def thing(self, kind: str, id: str) -> Thing | None:
        """See `KnowledgeGraph.thing`."""
        ...

    def things(self, kind: str) -> tuple[Thing, ...]:
        """See `KnowledgeGraph.things`."""
        ...

    def remember_incident(self, incident: PastIncident) -> None:
        """Keep a past incident; the same id again replaces it."""
        self.put([incident.as_thing()])

    def past_incident(self, incident_id: str) -> PastIncident | None:
        """What is remembered under that id, None for nothing."""
        found = self.thing("incident", incident_id)
        return None if found is None else PastIncident.of(found)

    def incidents_like(self, symptoms: Sequence[str], most: int = 5) -> tuple[SimilarIncident, ...]:
        """Past incidents that share a symptom with `symptoms` (ids), the most similar first."""
        past = (PastIncident.of(thing) for thing in self.things("incident"))
        return most_similar(past, symptoms, most)
