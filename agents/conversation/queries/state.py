"""What is the matter now, by the newest telemetry; every result says how old that is."""

from typing import Literal

from pydantic import Field

from agents.conversation.lookups import Query, Result
from agents.conversation.queries.topology import NoArguments, ServiceName
from twin.nouns.base import IfGiven, Noun
from twin.nouns.incident import Phase, SymptomKind

MOST_EGRESSES = 20

AHEAD_S = 86_400.0
"""Announced work that begins later is not told of."""


class Utilisation(Noun):
    """`links`: of which; none asks for the `most` busiest egresses of the network. `least`: for the
    emptiest instead. `around`: a node of which all traffic in and out is wanted too, "": of none.
    """

    links: tuple[str, ...]
    most: int = Field(ge=1, le=MOST_EGRESSES)
    least: bool = False
    around: str = Field(default="", max_length=200)


class AgedResult(Result):
    """`data_utc`: when the newest telemetry was received, `data_age_s` how long ago; None if there
    is none. `unread`: in words what of the network is not read, since when; "" if all is. `blind`:
    nothing is. `put_right`: what is wrong with telemetry that is read all the same.
    """

    data_utc: str | None
    data_age_s: float | None
    unread: str
    blind: bool
    put_right: tuple[str, ...]


class SymptomRow(Noun):
    """As `Symptom`, since when it is there. `state`: "active", or "cannot be measured" where
    nothing is sent any more that would show it."""

    kind: SymptomKind
    resource: str
    magnitude: float
    since_utc: str
    state: str


class OpenIncident(Noun):
    """An incident that is not closed."""

    incident: str
    phase: Phase
    title: str


class WorkRow(Noun):
    """Announced work that is `under_way`, or begins within a day. `in_breach`: services that it is
    known to put in breach.
    """

    work: str
    links: tuple[str, ...]
    from_utc: str
    until_utc: str
    under_way: bool
    in_breach: int


class HealthResult(AgedResult):
    """`services_probed`: whether a probe has reported, without which nothing is known of services.

    `verdict`: "well" where nothing is down, active, in breach, open or with people and all was read
    lately; `claim`: the same as a sentence. `with_people`: incidents that were handed to people,
    and are not known to be over. `unattended`: those that are over, and at which nobody has looked.
    `announced_work`: left out where there is none.
    """

    verdict: Literal["well", "not well", "unknown"]
    claim: str
    links_down: tuple[str, ...]
    links_down_count: int
    links_drained: tuple[str, ...]
    symptoms: tuple[SymptomRow, ...]
    symptom_count: int
    services_in_breach: tuple[ServiceName, ...]
    in_breach_count: int
    services_probed: bool
    open_incidents: tuple[OpenIncident, ...]
    open_count: int
    with_people: tuple[OpenIncident, ...]
    unattended: tuple[OpenIncident, ...]
    announced_work: IfGiven[tuple[WorkRow, ...]] = None


class EgressReading(Noun):
    """The egress from `node` over `link` `to` the other end; None where it was not read yet.

    `utilisation`: sent / capacity; `free_bps`: capacity less what is sent.
    """

    node: str
    link: str
    to: str
    utilisation: float | None
    sent_bps: float | None
    free_bps: float | None
    capacity_bps: float
    read_utc: str | None


class NodeTraffic(Noun):
    """What all links of `node` together bring in and take out, as they were read last.

    `unread`: egresses among them that were not read yet, and are not in the sums.
    """

    node: str
    in_bps: float
    out_bps: float
    unread: int


class UtilisationResult(AgedResult):
    """`unread_egresses`: how many of the network were not read yet. `around`: of the node that was
    asked for."""

    egresses: tuple[EgressReading, ...]
    unread_egresses: int
    around: IfGiven[NodeTraffic] = None


SHOW_HEALTH = Query("show_health", NoArguments, HealthResult)
SHOW_UTILISATION = Query("show_utilisation", Utilisation, UtilisationResult)
