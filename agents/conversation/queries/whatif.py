"""What would become of the network if ...: asked of the twin, with the demand of any hour."""

from pydantic import Field

from agents.conversation.lookups import Query, Result
from agents.conversation.queries.topology import ServiceName
from twin.nouns.base import IfGiven, Noun
from twin.nouns.traffic import TrafficClass
from twin.whatif.growth import LinkGrowth
from twin.whatif.window import WindowAnswer

MOST_HOURS = 48
MOST_DEMAND = 10.0
MOST_PER_YEAR = 100.0


class ExtraDemand(Noun):
    """`rate_bps` more of business traffic each way between two nodes."""

    source: str
    target: str
    rate_bps: float = Field(gt=0.0, le=1e15)


class Supposed(Noun):
    """`events`: like "link A-B down; node C down; weight C-D 20 both ways; drain E-F; link G-H add
    100G".

    `at`: "HH:MM" (UTC) or "peak" for the demand of that hour, "" for that of now. `watch_links`:
    whose load is wanted as well. `hours`: for how long from then on; every full hour is tried and
    the worst is given. `demand_factor`: all demand times that. No events: how it will be anyway.
    `forecast`: whether the forecast for all of the time is wanted too. `growth_per_year`: of all
    demand, 0.3 is 30 % more each year, for when links are at `limit` (utilisation); 0: not asked.
    A `limit` below 1: which egresses are above it is wanted too.
    `extra`: demand on top.
    """

    events: str = Field(max_length=1000)
    at: str = Field(max_length=8)
    watch_links: tuple[str, ...] = Field(max_length=8)
    hours: int = Field(default=0, ge=0, le=MOST_HOURS)
    demand_factor: float = Field(default=1.0, gt=0.0, le=MOST_DEMAND)
    forecast: bool = False
    growth_per_year: float = Field(default=0.0, ge=0.0, le=MOST_PER_YEAR)
    limit: float = Field(default=1.0, gt=0.0, le=100.0)
    extra: tuple[ExtraDemand, ...] = Field(default=(), max_length=4)


class Sweep(Noun):
    """`of`: link, node or duct. `at`, `demand_factor`, `extra` and `events` as in what_if: what is
    so already when something fails. `most`: how many of the worst are wanted. `among`: names of
    those to try, none is all. `by_class`: voice, business or best_effort where the worst is to be
    told by services of that class; "": by all.
    """

    of: str = Field(pattern="^(link|node|duct)$")
    at: str = Field(max_length=8)
    most: int = Field(ge=1, le=20)
    demand_factor: float = Field(default=1.0, gt=0.0, le=MOST_DEMAND)
    events: str = Field(default="", max_length=1000)
    extra: tuple[ExtraDemand, ...] = Field(default=(), max_length=4)
    among: tuple[str, ...] = Field(default=(), max_length=40)
    by_class: str = Field(default="", pattern="^(voice|business|best_effort|)$")


class EgressLoad(Noun):
    """The egress from `node` over `link`; `utilisation`: offered / capacity, may exceed 1.

    `free_bps`: capacity less what is offered, below zero where it is overloaded.
    """

    node: str
    link: str
    utilisation: float
    offered_bps: int
    free_bps: int


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


class InBreach(ServiceName):
    """`reasons`: each broken promise in words, as it is afterwards."""

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


class EgressChange(Noun):
    """The egress from `node` over `link`, offered load / capacity before and after."""

    node: str
    link: str
    utilisation_before: float
    utilisation_after: float


class FullWhen(Noun):
    """When links are at `limit` if all demand grows by `per_year`; the first ones of `count`, those
    that were asked for before the others, then by when they are, after the worst failure of another
    link too. Utilisation: of today's peak."""

    per_year: float
    limit: float
    links: tuple[LinkGrowth, ...]
    count: int


class WhatIfResult(Result):
    """`events`: as they were read, "; " between them; `already_so`: those that change nothing.

    `described`: each event in words. `most_changed`: egresses whose load changes most.

    `known_from_telemetry`: whether the network was watched; otherwise it is as on record. Lists of
    services hold the first ones of their counts. Of a span of hours `hours_tried` were tried, from
    `from_utc` to `until_utc`, and `demand_of_utc` is the worst: by services newly in breach, then
    by egresses more overloaded, then by the highest utilisation. `above_limit`: egresses above the
    limit that was asked for, afterwards, the fullest of `above_limit_count`.
    """

    events: str
    described: tuple[str, ...]
    demand_of_utc: str
    demand_share_of_peak: float
    demand_factor: float
    from_utc: str
    until_utc: str
    hours_tried: int
    known_from_telemetry: bool
    in_breach_now_by_probes: tuple[str, ...]
    links_down: tuple[str, ...]
    already_so: tuple[str, ...]
    before: Side
    after: Side
    most_changed: tuple[EgressChange, ...]
    more_overloaded_count: int
    newly_in_breach: tuple[InBreach, ...]
    newly_in_breach_count: int
    still_in_breach: tuple[InBreach, ...]
    still_in_breach_count: int
    no_longer_in_breach: tuple[str, ...]
    classes: dict[TrafficClass, ClassEffect]
    forecast: IfGiven[WindowAnswer] = None
    growth: IfGiven[FullWhen] = None
    above_limit: IfGiven[tuple[EgressLoad, ...]] = None
    above_limit_count: IfGiven[int] = None


class WorstFailure(Noun):
    """What the failure of `link`, `node` or `duct` would do; the others are left out.

    `fullest`: the egress that is then fullest. `unavailable`: services in breach that are cut off.
    `classes`: services in breach by class. `customers`: whose services these are.
    """

    link: IfGiven[str] = None
    node: IfGiven[str] = None
    duct: IfGiven[str] = None
    services_in_breach: int
    unavailable: int
    classes: dict[TrafficClass, int]
    max_utilisation: float
    beyond_capacity_bps: int
    fullest: EgressLoad
    customers: tuple[str, ...]


class OverloadedAfter(EgressLoad):
    """An egress, as full as the failure of `by` leaves it: of all single failures the worst."""

    by: str


class WorstFailuresResult(Result):
    """`worst`: by services in breach (of one class where that was asked), then by the highest
    utilisation, of all that were `tried`.

    `overloaded`: egresses that some failure overloads, the fullest first, of `overloaded_count`.
    `fullest`: the egress that is fullest after the failure that fills it most.
    """

    of: str
    events: str
    tried: int
    demand_of_utc: str
    demand_factor: float
    worst: tuple[WorstFailure, ...]
    overloaded: tuple[OverloadedAfter, ...]
    overloaded_count: int
    fullest: tuple[OverloadedAfter, ...]


WHAT_IF = Query("what_if", Supposed, WhatIfResult)
WORST_FAILURES = Query("worst_failures", Sweep, WorstFailuresResult)
