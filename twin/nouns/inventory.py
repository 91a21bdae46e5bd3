"""What the systems of record say about a network. They may be wrong; the network is right."""

from dataclasses import dataclass

from twin.nouns.base import Noun
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.origins import ON_RECORD, Origins
from twin.nouns.service import Service
from twin.nouns.topology import Topology
from twin.nouns.traffic import DailyProfile, TrafficClass, TrafficMatrix


class ProbePath(Noun):
    """An active measurement from `source` to `target` in one class."""

    source: str
    target: str
    traffic_class: TrafficClass


class PlannedWork(Noun):
    """Announced work: `links` may go down, be drained or be reconfigured between the two times.

    Times are Unix seconds, UTC.
    """

    id: str
    links: tuple[str, ...]
    starts_s: float
    ends_s: float

    def covers_time(self, at_s: float) -> bool:
        """Whether the work is announced for that time."""
        return self.starts_s <= at_s <= self.ends_s

    def covers(self, link: str, at_s: float, early_s: float = 0.0, late_s: float = 0.0) -> bool:
        """Whether `link` is announced at that time, or so much before or after."""
        return link in self.links and self.starts_s - early_s <= at_s <= self.ends_s + late_s


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything that is on record.

    `peak_traffic`: yesterday's matrix, scaled to the hour where `profile` is 1; the demand at time
    t is expected to be `peak_traffic` times the profile at t. `origins`: which of it is assumed.
    """

    topology: Topology
    intended: NetworkConfiguration
    services: tuple[Service, ...]
    peak_traffic: TrafficMatrix
    profile: DailyProfile
    probes: tuple[ProbePath, ...]
    planned_work: tuple[PlannedWork, ...] = ()
    origins: Origins = ON_RECORD
