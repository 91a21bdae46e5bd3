"""What every role may look at: read-only views of one network and of what was worked out so far."""

from dataclasses import dataclass

from tools.graph_store.protocol import KnowledgeGraph
from tools.network.protocol import Network
from twin.nouns.configuration import NetworkConfiguration
from twin.tracking.belief import Belief


@dataclass(slots=True, kw_only=True)
class Situation(Belief):
    """One network as its operators know it, with what can be asked of it and of its records."""

    network: Network
    graph: KnowledgeGraph

    def read_running(self) -> NetworkConfiguration:
        """Every device's configuration, read now."""
        nodes = self.inventory.topology.nodes
        return NetworkConfiguration(devices=tuple(self.network.running(n.id) for n in nodes))
