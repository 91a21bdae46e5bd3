"""The repair order: where, which circuits, and what the field has to know. No mind."""

from twin.nouns.diagnosis import Diagnosis
from twin.nouns.incident import Incident
from twin.nouns.plan import Dispatch
from twin.nouns.topology import Topology
from twin.remedies.believed import circuits_of


def repair_order(
    incident: Incident, diagnosis: Diagnosis, topology: Topology, attempt: int, now_s: float
) -> Dispatch | None:
    """The order for the likeliest cause, None where the field has nothing to repair."""
    faults = [f for f in diagnosis.cause if f.circuits()]
    if not faults:
        return None
    links = circuits_of(faults)
    places = [f.place() for f in faults if f.place()]
    place = places[0] if places else _common_node(topology, links)
    return Dispatch(
        id=f"{incident.id}.dispatch{attempt}",
        incident_id=incident.id,
        place=place,
        links=links,
        text=f"{incident.title}. {diagnosis.statement}. Circuits: {', '.join(links)}. "
        f"Start at {place}; measure towards the far end.",
        requested_s=now_s,
    )


def _common_node(topology: Topology, links: tuple[str, ...]) -> str:
    ends = [{topology.link(link).a, topology.link(link).b} for link in links]
    shared = set.intersection(*ends)
    return sorted(shared or ends[0])[0]
