"""What is wrong with a network, found in what is taken in: one file for each kind of trouble.

A new detector is one more file here and one more line in SHIPPED.
"""

from twin.tracking.detectors.adjacency_down import AdjacencyDown
from twin.tracking.detectors.alerted import Alerted
from twin.tracking.detectors.configuration_change import ConfigurationChange
from twin.tracking.detectors.detector import DetectorClass
from twin.tracking.detectors.flow_surge import FlowSurge
from twin.tracking.detectors.late_links import LateLinks
from twin.tracking.detectors.probe_loss import ProbeLoss
from twin.tracking.detectors.queue_drops import QueueDrops
from twin.tracking.detectors.service_breach import ServiceBreach
from twin.tracking.detectors.short_bundles import ShortBundles
from twin.tracking.detectors.silent_loss import SilentLoss
from twin.tracking.detectors.traffic_surge import TrafficSurge

SHIPPED: tuple[DetectorClass, ...] = (
    QueueDrops,
    ShortBundles,
    SilentLoss,
    ProbeLoss,
    LateLinks,
    ServiceBreach,
    TrafficSurge,
    FlowSurge,
    AdjacencyDown,
    ConfigurationChange,
    Alerted,
)
"""In this order they are shown what was taken in."""
