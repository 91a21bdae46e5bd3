"""What every role may look at: read-only views of one network and of what was worked out so far."""

from dataclasses import dataclass, field

from tools.graph_store.protocol import KnowledgeGraph
from tools.network.protocol import Network
from twin.knowledge.service_impact import Dependencies
from twin.nouns.configuration import NetworkConfiguration
from twin.tracking.belief import Belief


@dataclass(slots=True, kw_only=True)
class Situation(Belief):
    """One network as its operators know it, with what can be asked of it and of its records."""

    network: Network
    graph: KnowledgeGraph
    _known: tuple[float, Dependencies] | None = field(default=None, init=False)

    def dependencies(self) -> Dependencies:
        """What the knowledge graph says now of what depends on what.

        It is worked out anew when the graph has changed, and every hour, since facts run out.

        Raises:
            GraphUnavailable: nobody has the graph.
        """
        snapshot, hour = self.graph.snapshot(), self.tracker.now_s // 3600.0
        if self._known is None or self._known[0] != hour or self._known[1].snapshot is not snapshot:
            known = Dependencies(snapshot, self.graph.schema, self.tracker.now_s or None)
            self._known = (hour, known)
        return self._known[1]

    def read_running(self) -> NetworkConfiguration:
        """Every device's configuration, read now."""
        nodes = self.inventory.topology.nodes
        return NetworkConfiguration(devices=tuple(self.network.running(n.id) for n in nodes))
