"""One trouble is one incident: what turns out to have the cause of another goes on as that one."""

from langgraph.graph import END
from langgraph.types import Command

from graphs.desk import Desk
from graphs.returning import in_force
from graphs.state import IncidentState
from tools.journal.standing import open_incidents
from twin.diagnosis.explaining import InForce
from twin.nouns.incident import Incident, Phase


def same_trouble(desk: Desk, incident: Incident) -> str:
    """The other open incident whose cause brings about all that is seen of this one, else "".

    None while this one has a change in force that has to be taken out: nobody else would.
    """
    if in_force(desk, incident.id):
        return ""
    attributed = desk.situation.tracker.attributed
    for record in open_incidents(desk.journal, incident.network):
        other = record.incident.id
        cause = attributed.get(other, ())
        if other != incident.id and cause and _explains(desk, other, incident):
            return other
    return ""


def merge(desk: Desk, state: IncidentState) -> Command[str]:
    """End the incident: all of it is the other's from now on."""
    _merge(desk, state["incident_id"], state["merges_into"])
    return Command(goto=END, update={"phase": Phase.RESOLVED.value})


def merge_unnamed(desk: Desk, incident: Incident) -> None:
    """Merge what people have without a cause into `incident`, whose cause is found, if it explains
    that.
    """
    attributed = desk.situation.tracker.attributed
    for record in open_incidents(desk.journal, incident.network):
        other = record.incident
        unnamed = record.phase is Phase.ESCALATED and other.id not in attributed
        unnamed = unnamed and not in_force(desk, other.id)
        if other.id != incident.id and unnamed and _explains(desk, incident.id, other):
            _merge(desk, other.id, incident.id)


def _explains(desk: Desk, by: str, incident: Incident) -> bool:
    """Whether the cause of the incident `by` explains all that is seen of `incident` now."""
    situation = desk.situation
    force = InForce(situation, by, situation.tracker.attributed[by])
    seen = [s for s in incident.symptoms if situation.tracker.book.is_active(s.id)]
    return bool(seen) and all(force.explains(symptom) for symptom in seen)


def _merge(desk: Desk, incident_id: str, into: str) -> None:
    merged, other = desk.incident(incident_id), desk.incident(into)
    known = {s.id for s in other.symptoms}
    more = tuple(s for s in merged.symptoms if s.id not in known)
    onset_s = min(other.onset_s, merged.onset_s)
    both = other.model_copy(update={"symptoms": (*other.symptoms, *more), "onset_s": onset_s})
    with desk.journal.transaction():
        desk.journal.update_incident(both)
        text = f"one trouble: {merged.title} has the same cause, and goes on as {into}"
        desk.tell(incident_id, "merged", "supervisor", text, {"into": into})
        told = f"{incident_id} ({merged.title}) has the same cause, and is part of this"
        desk.tell(into, "took_in", "supervisor", told, {"from": incident_id})
        desk.note(incident_id, "supervisor", "merge", into=into)
        desk.journal.set_phase(incident_id, Phase.RESOLVED)
