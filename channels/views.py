"""What people are told of networks and incidents: the same values in every channel."""

from collections.abc import Sequence

from channels.asking import waiting_for
from channels.impact import seen_lines
from channels.next_failures import feared
from channels.report.wording import quoted
from tools.change.swaps import minds_lost
from tools.journal.health import health
from tools.journal.holder import LOCKS, has_died
from tools.journal.journal import Journal
from tools.journal.lease_rows import incident_subject, network_subject
from tools.journal.records import (
    ApprovalRequest,
    Blocked,
    Charges,
    DispatchRecord,
    IncidentRecord,
    TimelineEvent,
    WatchRecord,
)
from tools.journal.standing import (
    FOUND,
    Standing,
    impact_of,
    standing,
)
from twin.nouns.base import Noun
from twin.nouns.diagnosis import LOG_RECORD, Diagnosis, LogFinding, LogRecord
from twin.nouns.finding import Finding
from twin.nouns.health import Health
from twin.nouns.impact import Impact
from twin.nouns.incident import TERMINAL_PHASES, Incident, Phase, Severity
from twin.nouns.left_out import LeftOut
from twin.nouns.next_failures import NextFailures
from twin.nouns.plan import Plan
from twin.nouns.service_impact import SERVICE_IMPACT, ServiceImpact


class IncidentView(Noun):
    """Where an incident stands.

    `ended_s`: None while it goes on. `waiting_for`: in words, "" once it has ended. `cause`: as
    diagnosed, "" before that; `places`: where to look. `blocked`: why it cannot go on, if so.
    `held_by`: the process that works on it, "" for none. `standing`: between the machine and
    people; `with_people` as there. `still_seen`: what of it goes on or cannot be measured any more,
    in words. `impact`: who is hit and what was lost, as the watch last saw it until it ended.
    `finding`: what people found to be the cause.
    """

    id: str
    network: str
    title: str
    severity: Severity
    phase: Phase
    opened_s: float
    ended_s: float | None
    waiting_for: str
    cause: str
    places: tuple[str, ...]
    blocked: Blocked | None
    held_by: str
    trace_id: str
    standing: Standing
    with_people: bool
    still_seen: tuple[str, ...]
    impact: Impact | None
    finding: Finding | None


class Spent(Noun):
    """What foreign minds used up for an incident, in all and by role."""

    all: Charges
    roles: dict[str, Charges]


class IncidentDetails(IncidentView):
    """All that is on record of an incident, as of `now_s` by its network's clock.

    `health`: of its network. `minds_lost`: which, in words, "" if none was. `device_diffs`: by
    action id, what a device said of its change, where that is something else than the plan's diff.
    `left_out`: what was told since the incident began and not believed. `service_impact`: who is
    hit or at risk by diagnosis, probes and knowledge graph. `next_failures`: what may be next, None
    where nothing is to be feared.
    """

    now_s: float
    health: Health
    incident: Incident
    diagnosis: Diagnosis | None
    service_impact: ServiceImpact | None
    next_failures: NextFailures | None
    log_findings: tuple[LogFinding, ...]
    timeline: tuple[TimelineEvent, ...]
    plans: tuple[Plan, ...]
    approval_requests: tuple[ApprovalRequest, ...]
    charges: Spent
    minds_lost: str
    dispatches: tuple[DispatchRecord, ...]
    device_diffs: dict[str, str]
    left_out: tuple[LeftOut, ...]

    @property
    def waiting(self) -> tuple[ApprovalRequest, ...]:
        """The requests that people have yet to answer; none once the incident has ended."""
        if self.phase in TERMINAL_PHASES:
            return ()
        return tuple(r for r in self.approval_requests if r.state == "waiting")


class NetworkView(Noun):
    """One network as of `now_s`, by its own clock, its open incidents, and those with people.

    `unattended`: those that were handed to people and are over, and nobody has looked at them.
    `health`: how it is, as far as it was read. `watch`: what its watch last wrote down of itself;
    `held_by`: the process that holds the network and lives, "".
    """

    network: str
    now_s: float
    health: Health
    watch: WatchRecord | None
    held_by: str
    blocked: Blocked | None
    incidents: tuple[IncidentView, ...]
    with_people: tuple[IncidentView, ...]
    unattended: tuple[IncidentView, ...]


def incident_view(journal: Journal, record: IncidentRecord, now_s: float) -> IncidentView:
    """Where the incident of `record` stands at `now_s`."""
    incident, subject = record.incident, incident_subject(record.incident.id)
    requests = journal.attested_requests(now_s, incident_id=incident.id)
    diagnosis = journal.artefact(incident.id, "diagnosis", Diagnosis)
    now = standing(journal, record)
    return IncidentView(
        id=incident.id,
        network=incident.network,
        title=incident.title,
        severity=incident.severity,
        phase=record.phase,
        opened_s=record.opened_s,
        ended_s=now.ended_s,
        waiting_for=waiting_for(record.phase, requests) or _awaited_of_people(now),
        cause=diagnosis.statement if diagnosis else "",
        places=diagnosis.suspected_location if diagnosis else (),
        blocked=_blocked(journal, subject),
        held_by=_holder(journal, subject),
        trace_id=record.trace_id,
        standing=now,
        with_people=now.with_people,
        still_seen=_still_seen(record, now),
        impact=impact_of(journal, record),
        finding=journal.artefact(incident.id, FOUND, Finding),
    )


def incident_details(
    journal: Journal, incident_id: str, now_s: float, left_out: Sequence[LeftOut] = ()
) -> IncidentDetails:
    """All that is on record of an incident; `left_out`: of its network. Raises UnknownIncident."""
    record = journal.incident(incident_id)
    logged = journal.artefact(incident_id, LOG_RECORD, LogRecord)
    return IncidentDetails(
        **dict(incident_view(journal, record, now_s)),
        now_s=now_s,
        health=health(journal, record.incident.network, now_s),
        incident=record.incident,
        diagnosis=journal.artefact(incident_id, "diagnosis", Diagnosis),
        service_impact=journal.artefact(incident_id, SERVICE_IMPACT, ServiceImpact),
        next_failures=feared(journal, incident_id),
        log_findings=logged.findings if logged else (),
        timeline=journal.timeline(incident_id),
        plans=journal.plans(incident_id),
        approval_requests=journal.attested_requests(now_s, incident_id=incident_id),
        charges=Spent(
            all=journal.charged(incident_id), roles=dict(journal.charged_roles(incident_id))
        ),
        minds_lost=minds_lost(journal, incident_id),
        dispatches=journal.dispatches(incident_id),
        device_diffs={
            c.action_id: c.differing_device_diff
            for c in journal.changes(incident_id=incident_id)
            if c.differing_device_diff
        },
        left_out=tuple(one for one in left_out if one.last_s >= record.incident.onset_s),
    )


def network_view(journal: Journal, name: str, now_s: float) -> NetworkView:
    """How the network `name` is at `now_s`."""
    subject = network_subject(name)
    still_open = journal.incidents(network=name, phases=set(Phase) - TERMINAL_PHASES)
    escalated = journal.incidents(network=name, phases={Phase.ESCALATED})
    handed = [
        incident_view(journal, record, now_s)
        for record in escalated
        if standing(journal, record).ended_s is None
    ]
    return NetworkView(
        network=name,
        now_s=now_s,
        health=health(journal, name, now_s),
        watch=next((w for w in journal.watches() if w.network == name), None),
        held_by=_holder(journal, subject),
        blocked=_blocked(journal, subject),
        incidents=tuple(incident_view(journal, record, now_s) for record in still_open),
        with_people=tuple(view for view in handed if view.with_people),
        unattended=tuple(view for view in handed if view.standing.unattended),
    )


def _awaited_of_people(now: Standing) -> str:
    """What an incident with people waits for, "" for any other."""
    if now.unattended:
        return "people: it is over, and nobody has looked at it"
    if not now.with_people:
        return ""
    has = f"{quoted(now.taken_by)} has it" if now.taken_by else "nobody has taken it"
    return f"people: it was handed over, and {has}"


def _still_seen(record: IncidentRecord, now: Standing) -> tuple[str, ...]:
    if now.over_s is not None or record.phase is Phase.RESOLVED:
        return ()
    return tuple(seen_lines(record.incident.symptoms))


def _blocked(journal: Journal, subject: str) -> Blocked | None:
    return next((entry for entry in journal.blocked() if entry.subject == subject), None)


def _holder(journal: Journal, subject: str) -> str:
    """The process that holds `subject` and lives, "" if there is none."""
    lease = journal.lease(subject)
    if lease is None or not lease.holder or has_died(journal.path.parent / LOCKS, lease.holder):
        return ""
    return lease.holder
