"""What people found to be the cause of an incident, put where past incidents are remembered."""

from tools.graph_store.protocol import KnowledgeGraph
from tools.journal.journal import Journal
from tools.journal.standing import CLOSED, FOUND, standing
from twin.knowledge.past import PastIncident
from twin.nouns.finding import Finding
from twin.nouns.incident import Phase


def remember_finding(graph: KnowledgeGraph, journal: Journal, incident_id: str) -> None:
    """Remember what people found under the id of the incident, in place of what was diagnosed.

    Nothing is written where that is remembered already, or where nobody has found anything.
    """
    finding = journal.artefact(incident_id, FOUND, Finding)
    if finding is None:
        return
    incident = journal.incident(incident_id).incident
    known = graph.past_incident(incident_id)
    past = PastIncident(
        id=incident_id,
        title=incident.title,
        opened_s=incident.detected_s,
        symptoms=tuple(s.id for s in incident.symptoms),
        cause=finding.cause,
        remedy=known.remedy if known else "nothing",
        worked=known.worked if known else False,
        found_by=finding.by.name,
        decided=bool(finding.faults),
    )
    if past != known:
        graph.remember_incident(past)


def closed_by_people(journal: Journal, network: str) -> tuple[str, ...]:
    """Ids of the incidents of `network` that a person has closed, oldest first."""
    escalated = journal.incidents(network=network, phases={Phase.ESCALATED})
    return tuple(r.incident.id for r in escalated if standing(journal, r).ending == CLOSED)
