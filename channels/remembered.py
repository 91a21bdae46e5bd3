"""What the knowledge graph of a network remembers of incidents that are over."""

from channels.networks import inventory_of
from channels.on_record import graph_on_record
from graphs.state_directory import StateDirectory
from tools.graph_store.protocol import GraphUnavailable
from twin.knowledge.past import PastIncident


def incidents_of(state: StateDirectory, network: str, now_s: float) -> list[PastIncident]:
    """Those that the graph of `network` remembers, the oldest first; none where it cannot be
    read.
    """
    try:
        with graph_on_record(state, network, inventory_of(state, network), now_s) as graph:
            known = graph.snapshot()
    except GraphUnavailable:
        return []
    places = (known.index["incident", name] for name in known.ids("incident"))
    past = [PastIncident.of(known.thing(place)) for place in places]
    return sorted(past, key=lambda incident: (incident.opened_s, incident.id))
