"""What happened, what was decided, and why not otherwise: from the journal alone.

What people and minds wrote stands inside «».
"""

from typing import Literal

from pydantic import Field

from agents.conversation.lookups import Query, Result
from tools.journal.records import ChangeState, RequestState
from twin.nouns.base import Noun
from twin.nouns.incident import Phase, Severity, SymptomKind


class Recorded(Noun):
    """What is wanted of the records. `touching`: a node or a link that it concerns, "" for all.

    `since`, `until`: "YYYY-MM-DD HH:MM" (UTC), "" for the beginning and for now.
    """

    touching: str = Field(default="", max_length=200)
    since: str = Field(default="", max_length=16)
    until: str = Field(default="", max_length=16)


class OneIncident(Noun):
    """`incident`: its id."""

    incident: str


class Untaken(Noun):
    """`incident`: its id. `drained`: the link whose drain is asked about; "" for the link that the
    diagnosis blames."""

    incident: str = Field(max_length=200)
    drained: str = Field(max_length=200)


class IncidentRow(Noun):
    """`closed`: the machine has ended with it. `waiting_for_approval`: ids of plans.

    `with_people`: handed over, not known to be over; `taken_by`: who says to have it, None for
    nobody. `over_unattended`: handed over, seen no more, and nobody has looked.
    """

    incident: str
    title: str
    severity: Severity
    phase: Phase
    closed: bool
    with_people: bool
    taken_by: str | None
    over_unattended: bool
    onset_utc: str
    opened_utc: str
    waiting_for_approval: tuple[str, ...]


class CommitRow(Noun):
    """One commit on one device that a plan made; `at_utc`: of its last step."""

    device: str
    plan: str
    state: ChangeState
    at_utc: str
    diff: str


class IncidentsResult(Result):
    """Oldest first, those that were under way in the time that is asked about. `commits`: on
    devices, in that time. `journal_utc`: the newest time that the journal knows, None if none.
    """

    incidents: tuple[IncidentRow, ...]
    commits: tuple[CommitRow, ...]
    commit_count: int
    count: int
    open_count: int
    waiting_count: int
    journal_utc: str | None


class SymptomName(Noun):
    """As `Symptom`. `state`: what was known of it last."""

    kind: SymptomKind
    resource: str
    state: str


class OtherCause(Noun):
    """Another hypothesis that was tested, with its share of the probability."""

    cause: tuple[str, ...]
    probability: float


class DiagnosisShown(Noun):
    """`cause`, `links`, `probability`: of the likeliest hypothesis, if one convinces. `others`: the
    next likely ones of all that were `tested`."""

    verdict: Literal["found", "ambiguous", "unknown", "healthy"]
    cause: tuple[str, ...]
    links: tuple[str, ...]
    probability: float | None
    indistinguishable: tuple[str, ...]
    would_separate: str
    statement: str
    others: tuple[OtherCause, ...]
    tested: int


class AnswerShown(Noun):
    """Somebody's answer to a plan; `automatic`: no person looked."""

    by: str
    decision: Literal["approve", "reject"]
    automatic: bool
    reason: str
    at_utc: str


class ChangeShown(Noun):
    """One commit on one device."""

    device: str
    state: ChangeState


class StepShown(Noun):
    """What the plan makes of one device's configuration."""

    device: str
    diff: str


class Expected(Noun):
    """A forecast of the twin: medians, with the 5 % and 95 % quantiles of the utilisation.

    `breach_probability`: by service, the most probable ones.
    """

    max_utilisation: float
    max_utilisation_p05: float
    max_utilisation_p95: float
    services_in_breach: float
    lost_bps: int
    breach_probability: dict[str, float]


class PlanShown(Noun):
    """`state`: of its approval; `approvers_needed`, `still_needed`: how many people have to
    approve, and how many of them still; None if nobody was asked, as `expires_utc`. `way_back`:
    what takes it back; `temporary`: whether that is done by itself once the cause is repaired."""

    plan: str
    purpose: Literal["mitigate", "return"]
    actions: tuple[str, ...]
    reason: str
    made_by: str
    created_utc: str
    state: RequestState | Literal["not asked for"]
    approvers_needed: int | None
    still_needed: int | None
    expires_utc: str | None
    answers: tuple[AnswerShown, ...]
    changed: tuple[ChangeShown, ...]
    steps: tuple[StepShown, ...]
    way_back: tuple[str, ...]
    temporary: bool
    expected: Expected
    if_nothing_is_done: Expected


class FieldOrder(Noun):
    """`state`: "requested", or what the field last reported."""

    order: str
    place: str
    links: tuple[str, ...]
    state: str
    requested_utc: str


class TimelineLine(Noun):
    """One line of the incident's timeline."""

    at_utc: str
    kind: str
    actor: str
    text: str


class FoundShown(Noun):
    """What people found to be the cause, beside what was diagnosed. `diagnosis_agrees`: None where
    the two cannot be compared."""

    cause: str
    by: str
    at_utc: str
    diagnosed: tuple[str, ...]
    diagnosis_agrees: bool | None


class IncidentResult(IncidentRow, Result):
    """`ended_utc`, `lasted_s`: None until it has ended. `service_time_lost_s` (by service),
    `service_time_lost_total_s`, `services_hit`: until `counted_until_utc`, None where nobody has
    counted yet. `hit_now`: services in breach then. `timeline`: the latest lines."""

    ended_utc: str | None
    lasted_s: int | None
    symptoms: tuple[SymptomName, ...]
    symptom_count: int
    diagnosis: DiagnosisShown | None
    plans: tuple[PlanShown, ...]
    field_orders: tuple[FieldOrder, ...]
    service_time_lost_s: dict[str, int] | None
    service_time_lost_total_s: int | None
    services_hit: int | None
    counted_until_utc: str | None
    hit_now: tuple[str, ...]
    last_note: str | None
    found: FoundShown | None
    timeline: tuple[TimelineLine, ...]


class TrialShown(Noun):
    """A remedy with its forecast (medians); `planned`: whether it became the last plan."""

    remedy: str
    actions: tuple[str, ...]
    cost: float
    max_utilisation: float
    services_in_breach: float
    lost_bps: int
    planned: bool


class Remedies(Noun):
    """`simulated`: the cheapest of `simulated_count`. `planned`: the actions of the last plan that
    was meant to help, None (as `plan` and `planned_because`) if there is none."""

    incident: str
    simulated: tuple[TrialShown, ...]
    simulated_count: int
    planned: tuple[str, ...] | None
    plan: str | None
    planned_because: str | None


class RemediesResult(Remedies, Result):
    """`refused_by_gate`: why, for each plan that was."""

    refused_by_gate: tuple[str, ...]


class ScreenedAction(Noun):
    """What the remediator was told of an action. `cost`: service-hours until the repair."""

    says: str
    cost: float
    max_utilisation: float


class DrainShown(Noun):
    """What the records say of one drain. `trials`: alone where it was tried alone. `screened`: as
    it was screened last, if it was not simulated."""

    link: str
    was_down: bool
    planned_in: tuple[str, ...]
    carried_out: bool
    simulated: bool
    trials: tuple[TrialShown, ...]
    screened: tuple[ScreenedAction, ...]


class WhyNotDrainedResult(Remedies, Result):
    """`drains`: of every link that is asked about. `cause`: of the incident, in words."""

    drains: tuple[DrainShown, ...]
    cause: tuple[str, ...]


LIST_INCIDENTS = Query("list_incidents", Recorded, IncidentsResult)
SHOW_INCIDENT = Query("show_incident", OneIncident, IncidentResult)
SHOW_REMEDIES = Query("show_remedies", OneIncident, RemediesResult)
WHY_NOT_DRAINED = Query("why_not_drained", Untaken, WhyNotDrainedResult)
