"""What the systems of record say about a network. They may be wrong; the network is right."""

from dataclasses import dataclass

from twin.nouns.base import Noun
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.origins import ON_RECORD, Origins
from twin.nouns.planned_work import PlannedWork
from twin.nouns.service import Service
from twin.nouns.topology import Topology
from twin.nouns.traffic import DailyProfile, TrafficClass, TrafficMatrix


class ProbePath(Noun):
    """An active measurement from `source` to `target` in one class."""

    source: str
    target: str
    traffic_class: TrafficClass


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
