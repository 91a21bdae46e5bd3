"""What would become of the network if ...: asked of the twin, with the demand of any hour."""

from pydantic import Field

from agents.conversation.lookups import Query, Result
from agents.conversation.queries.topology import ServiceName
from twin.nouns.base import IfGiven, Noun
from twin.nouns.traffic import TrafficClass


class Supposed(Noun):
    """`events`: like "link A-B down; node C down; weight C-D 20 both ways; drain E-F".

    `at`: "HH:MM" (UTC) or "peak" for the demand of that hour, "" for that of now. `watch_links`:
    whose load is wanted as well.
    """

    events: str = Field(max_length=1000)
    at: str = Field(max_length=8)
    watch_links: tuple[str, ...] = Field(max_length=8)


class Sweep(Noun):
    """`of`: link or node. `at` as in what_if. `most`: how many of the worst are wanted."""

    of: str = Field(pattern="^(link|node)$")
    at: str = Field(max_length=8)
    most: int = Field(ge=1, le=20)


class EgressLoad(Noun):
    """The egress from `node` over `link`; `utilisation`: offered / capacity, may exceed 1."""

    node: str
    link: str
    utilisation: float


class Side(Noun):
    """The network before or after. `overloaded`: the first ones of `overloaded_count`, the fullest
    first. `watched`: both egresses of every link that was asked for."""

    busiest: EgressLoad
    overloaded: tuple[EgressLoad, ...]
    overloaded_count: int
    lost_bps: int
    without_a_way_bps: int
    services_in_breach_count: int
    watched: tuple[EgressLoad, ...]


class NewlyInBreach(ServiceName):
    """`reasons`: each broken promise in words."""

    unavailable: bool
    reasons: tuple[str, ...]


class ClassEffect(Noun):
    """How one traffic class fares. None where nothing arrives."""

    services: int
    newly_in_breach: int
    in_breach_after: int
    worst_loss_after: float | None
    worst_delay_s_after: float | None
    lost_bps_before: int
    lost_bps_after: int


class WhatIfResult(Result):
    """`events`: as they were read, "; " between them; `already_so`: those that change nothing.

    `known_from_telemetry`: whether the network was watched; otherwise it is as on record. Lists of
    services hold the first ones of their counts.
    """

    events: str
    demand_of_utc: str
    demand_share_of_peak: float
    known_from_telemetry: bool
    in_breach_now_by_probes: tuple[str, ...]
    links_down: tuple[str, ...]
    already_so: tuple[str, ...]
    before: Side
    after: Side
    more_overloaded_count: int
    newly_in_breach: tuple[NewlyInBreach, ...]
    newly_in_breach_count: int
    still_in_breach: tuple[ServiceName, ...]
    still_in_breach_count: int
    no_longer_in_breach: tuple[str, ...]
    classes: dict[TrafficClass, ClassEffect]


class WorstFailure(Noun):
    """What the failure of `link` or of `node` would do; the other one is left out."""

    link: IfGiven[str] = None
    node: IfGiven[str] = None
    services_in_breach: int
    max_utilisation: float
    beyond_capacity_bps: int


class WorstFailuresResult(Result):
    """`worst`: by services in breach, then by the highest utilisation, of all that were `tried`."""

    of: str
    tried: int
    demand_of_utc: str
    worst: tuple[WorstFailure, ...]


WHAT_IF = Query("what_if", Supposed, WhatIfResult)
WORST_FAILURES = Query("worst_failures", Sweep, WorstFailuresResult)
