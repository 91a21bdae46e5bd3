"""What every role may look at: read-only views of one network and of what was worked out so far."""

from dataclasses import dataclass

from tools.graph_store.protocol import KnowledgeGraph
from tools.network.protocol import Network
from twin.forecasting import Uncertainty
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.inventory import Inventory
from twin.physics.twin import Twin
from twin.tracking.tracker import Tracker


@dataclass(frozen=True, slots=True)
class Situation:
    """One network as its operators know it. `seed` makes every forecast repeatable."""

    network: Network
    tracker: Tracker
    twin: Twin
    graph: KnowledgeGraph
    uncertainty: Uncertainty
    seed: int

    @property
    def inventory(self) -> Inventory:
        """What is on record."""
        return self.tracker.inventory

    def read_running(self) -> NetworkConfiguration:
        """Every device's configuration, read now."""
        nodes = self.inventory.topology.nodes
        return NetworkConfiguration(devices=tuple(self.network.running(n.id) for n in nodes))
