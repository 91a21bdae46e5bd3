"""What the knowledge graph of a network remembers of incidents that are over."""

from channels.networks import inventory_of, network_time_s
from channels.on_record import graph_on_record
from graphs.state_directory import StateDirectory
from tools.graph_store.protocol import GraphUnavailable
from twin.knowledge.past import PastIncident


def incidents_of(state: StateDirectory, network: str) -> tuple[PastIncident, ...]:
    """All of them; none where the graph cannot be read."""
    inventory = inventory_of(state, network)
    with state.read_only_journal() as journal:
        now_s = network_time_s(state, journal, network)
    try:
        with graph_on_record(state, network, inventory, now_s) as graph:
            known = graph.snapshot()
    except GraphUnavailable:
        return ()
    places = (known.index["incident", name] for name in known.ids("incident"))
    return tuple(PastIncident.of(known.thing(place)) for place in places)
