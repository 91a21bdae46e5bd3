"""Who is hit or at risk by an incident, kept as it stands: by diagnosis, by what probes see, and by
what the knowledge graph says at that moment.
"""

from graphs.desk import Desk
from tools.graph_store.protocol import GraphUnavailable
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.incident import Incident
from twin.nouns.service_impact import SERVICE_IMPACT, ServiceImpact
from twin.tracking.services import ServiceWatch


def note_service_impact(desk: Desk, incident: Incident) -> None:
    """Keep who is hit or at risk, where that is something else than was known.

    What was known stays where nobody has the graph.
    """
    situation = desk.situation
    diagnosis = desk.journal.artefact(incident.id, "diagnosis", Diagnosis)
    breached = _breached(situation.tracker.services, incident.onset_s)
    if diagnosis is None and not breached:
        return
    try:
        known = situation.dependencies()
    except GraphUnavailable:
        return
    suspects = known.suspects(diagnosis, situation.inventory.topology) if diagnosis else ()
    if not (suspects or breached):
        return
    found = known.service_impact(suspects, breached, incident.onset_s, desk.clock.now_s())
    before = desk.journal.artefact(incident.id, SERVICE_IMPACT, ServiceImpact)
    if not found.same_as(before):
        desk.journal.put_artefact(incident.id, SERVICE_IMPACT, found)


def _breached(services: ServiceWatch, from_s: float) -> dict[str, float]:
    """The services in breach now, each with when that began, at `from_s` at the earliest."""
    since: dict[str, float] = {}
    for span in reversed(services.spans):
        if span.time_s < from_s:
            break
        for name in span.services & services.in_breach_now:
            since[name] = max(span.from_s, from_s)
    return {name: since[name] for name in sorted(since)}
