"""What people are told of networks and incidents: the same values in every channel."""

from collections.abc import Sequence

from channels.asking import waiting_for
from channels.report.timing import milestones
from tools.change.swaps import minds_lost
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
from tools.journal.standing import IMPACT, is_with_people, with_people
from twin.nouns.base import Noun
from twin.nouns.diagnosis import LOG_RECORD, Diagnosis, LogFinding, LogRecord
from twin.nouns.impact import Impact
from twin.nouns.incident import TERMINAL_PHASES, Incident, Phase, Severity
from twin.nouns.left_out import LeftOut
from twin.nouns.plan import Plan


class IncidentView(Noun):
    """Where an incident stands.

    `ended_s`: None while it goes on. `waiting_for`: in words, "" once it has ended. `cause`: as
    diagnosed, "" before that; `places`: where to look. `blocked`: why it cannot go on, if so.
    `held_by`: the process that works on it, "" for none. `with_people`: it was handed to people,
    and is not known to be over. `impact`: who is hit, as the watch last saw it while it was open.
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
    with_people: bool
    impact: Impact | None


class Spent(Noun):
    """What foreign minds used up for an incident, in all and by role."""

    all: Charges
    roles: dict[str, Charges]


class IncidentDetails(IncidentView):
    """All that is on record of an incident, as of `now_s` by its network's clock.

    `minds_lost`: which, in words, "" if none was. `device_diffs`: by action id, what a device said
    of its change, where that is something else than the plan's diff. `left_out`: what was told
    since the incident began and not believed.
    """

    now_s: float
    incident: Incident
    diagnosis: Diagnosis | None
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

    `watch`: what its watch last said of itself; `held_by`: the process that holds the network, "".
    """

    network: str
    now_s: float
    watch: WatchRecord | None
    held_by: str
    blocked: Blocked | None
    incidents: tuple[IncidentView, ...]
    with_people: tuple[IncidentView, ...]


def incident_view(journal: Journal, record: IncidentRecord, now_s: float) -> IncidentView:
    """Where the incident of `record` stands at `now_s`."""
    incident, subject = record.incident, incident_subject(record.incident.id)
    requests = journal.attested_requests(now_s, incident_id=incident.id)
    diagnosis = journal.artefact(incident.id, "diagnosis", Diagnosis)
    return IncidentView(
        id=incident.id,
        network=incident.network,
        title=incident.title,
        severity=incident.severity,
        phase=record.phase,
        opened_s=record.opened_s,
        ended_s=_ended_s(journal, record),
        waiting_for=waiting_for(record.phase, requests),
        cause=diagnosis.statement if diagnosis else "",
        places=diagnosis.suspected_location if diagnosis else (),
        blocked=_blocked(journal, subject),
        held_by=_holder(journal, subject),
        trace_id=record.trace_id,
        with_people=is_with_people(journal, record),
        impact=_impact(journal, record),
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
        incident=record.incident,
        diagnosis=journal.artefact(incident_id, "diagnosis", Diagnosis),
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
    return NetworkView(
        network=name,
        now_s=now_s,
        watch=next((w for w in journal.watches() if w.network == name), None),
        held_by=_holder(journal, subject),
        blocked=_blocked(journal, subject),
        incidents=tuple(incident_view(journal, record, now_s) for record in still_open),
        with_people=tuple(incident_view(journal, r, now_s) for r in with_people(journal, name)),
    )


def _ended_s(journal: Journal, record: IncidentRecord) -> float | None:
    if record.phase not in TERMINAL_PHASES:
        return None
    timeline = journal.timeline(record.incident.id)
    closed_s = milestones(record, timeline).closed_s
    if closed_s is not None:
        return closed_s
    # A process that died right after the phase was set has not told of it yet.
    return timeline[-1].time_s if timeline else record.opened_s


def _impact(journal: Journal, record: IncidentRecord) -> Impact | None:
    """None once it has ended: what was lost in all is in its report."""
    if record.phase in TERMINAL_PHASES:
        return None
    return journal.artefact(record.incident.id, IMPACT, Impact)


def _blocked(journal: Journal, subject: str) -> Blocked | None:
    return next((entry for entry in journal.blocked() if entry.subject == subject), None)


def _holder(journal: Journal, subject: str) -> str:
    lease = journal.lease(subject)
    return lease.holder if lease else ""
