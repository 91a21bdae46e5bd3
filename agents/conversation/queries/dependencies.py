"""What the knowledge graph says of one thing, and of whom an incident hits."""

from pydantic import Field

from agents.conversation.lookups import Query, Result
from agents.conversation.queries.topology import NoArguments
from twin.nouns.base import Noun


class OneThing(Noun):
    """`thing`: the id of anything on record, of whatever kind, or its kind and its id."""

    thing: str = Field(max_length=1100)


class Dependents(Noun):
    """Things of one kind; `names`: the first of `count`."""

    kind: str
    count: int
    names: tuple[str, ...]


class SharedFate(Noun):
    """`cause` alone would take down the thing that is asked for, and of its kind `others`."""

    cause: str
    others: tuple[str, ...]
    count: int


class DependenciesResult(Result):
    """`thing`: "kind id". `owners`: teams that answer for it; `contractor`: who repairs it, "".

    `needs`: what takes it down, a line each. `cut_off`: what goes down with it alone, or, of
    announced work, with all that it `touches`; `at_risk`: what is then left without alternative.
    `touched_by`: announced work. `recorded_utc`: when the graph was read.
    """

    thing: str
    owners: tuple[str, ...]
    contractor: str
    needs: tuple[str, ...]
    cut_off: tuple[Dependents, ...]
    at_risk: tuple[Dependents, ...]
    shared_fate: tuple[SharedFate, ...]
    touches: tuple[str, ...]
    touched_by: tuple[str, ...]
    recorded_utc: str


class IncidentImpact(Noun):
    """Whom `incident` hits and whom it puts `at_risk`, a line each, worked out `as_of_utc`."""

    incident: str
    as_of_utc: str
    hit: tuple[str, ...]
    at_risk: tuple[str, ...]


class ServiceImpactResult(Result):
    """Of the incidents that are open or with people, where that was worked out."""

    incidents: tuple[IncidentImpact, ...]


class IncidentNext(Noun):
    """What may be next in `incident` if nothing is done, as the twin's draws had it `as_of_utc`: a
    line each, with how reliable such figures are; none where nothing is to be feared.
    """

    incident: str
    as_of_utc: str
    next: tuple[str, ...]


class NextFailuresResult(Result):
    """Of the incidents that are open or with people, where that was worked out."""

    incidents: tuple[IncidentNext, ...]


SHOW_DEPENDENCIES = Query("show_dependencies", OneThing, DependenciesResult)
SHOW_NEXT_FAILURES = Query("show_next_failures", NoArguments, NextFailuresResult)
SHOW_SERVICE_IMPACT = Query("show_service_impact", NoArguments, ServiceImpactResult)
