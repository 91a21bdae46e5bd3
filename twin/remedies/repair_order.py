"""The repair order: where, which circuits, and what the field has to know. No mind."""

from collections.abc import Collection

from twin.events.kinds import ALONG_THE_FIBRE
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.incident import Incident
from twin.nouns.plan import Dispatch
from twin.nouns.topology import Topology
from twin.remedies.believed import circuits_of


def repair_order(
    incident: Incident,
    diagnosis: Diagnosis,
    topology: Topology,
    number: int,
    now_s: float,
    *,
    also_down: Collection[str] = (),
    on_order: Collection[str] = (),
) -> Dispatch | None:
    """The order for the likeliest cause and all that is `also_down`, without what is `on_order`.

    None where the field has nothing to repair.
    """
    faults = [f for f in diagnosis.cause if f.circuits()]
    named = set(circuits_of(faults))
    links = tuple(sorted((named | set(also_down)) - set(on_order)))
    if not links:
        return None
    places = [(f.place(), f.work()) for f in faults if f.place()]
    place, work = places[0] if places else (_common_node(topology, links), ALONG_THE_FIBRE)
    beside = sorted(set(links) - named)
    more = f" Down besides: {', '.join(beside)}." if beside else ""
    return Dispatch(
        id=f"{incident.id}.dispatch{number}",
        incident_id=incident.id,
        place=place,
        links=links,
        text=f"{incident.title}. {diagnosis.statement}. Circuits: {', '.join(links)}.{more} "
        f"Start at {place}; {work}.",
        requested_s=now_s,
    )


def _common_node(topology: Topology, links: tuple[str, ...]) -> str:
    ends = [{topology.link(link).a, topology.link(link).b} for link in links]
    shared = set.intersection(*ends)
    return sorted(shared or ends[0])[0]
