"""What happened, what was decided, and why not otherwise: from the journal alone."""

import math
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue, TypeAdapter, ValidationError

from agents.conversation.lookups import Lookups
from agents.conversation.queries.history import (
    LIST_INCIDENTS,
    SHOW_INCIDENT,
    SHOW_REMEDIES,
    WHY_NOT_DRAINED,
    AnswerShown,
    ChangeShown,
    CommitRow,
    DiagnosisShown,
    DrainShown,
    Expected,
    FieldOrder,
    FoundShown,
    IncidentResult,
    IncidentRow,
    IncidentsResult,
    OneIncident,
    OtherCause,
    PlanShown,
    Recorded,
    Remedies,
    RemediesResult,
    ScreenedAction,
    StepShown,
    SymptomName,
    TimelineLine,
    TrialShown,
    Untaken,
    WhyNotDrainedResult,
)
from agents.conversation.record import NetworkRecord, utc
from agents.loop.transcript import Entry, Turn
from agents.roles.remediator import SEARCH_REMEDIES, ScreenedRow, SearchResult
from tools.journal.records import ApprovalRequest, Change, TimelineEvent
from tools.journal.standing import FOUND, Standing, impact_of, standing
from tools.registry import Tool
from twin.errors import BadInput
from twin.events.action import Action, in_words
from twin.events.actions.drain_link import DrainLink
from twin.events.fault import Fault
from twin.events.names import find_link, find_node
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.finding import Finding
from twin.nouns.forecast import Forecast
from twin.nouns.incident import TERMINAL_PHASES
from twin.nouns.plan import Plan
from twin.nouns.topology import Interface, Topology
from twin.nouns.untrusted import UntrustedText
from twin.remedies.trials import Trial

_MOST_CAUSES = 3
_MOST_COMMITS = 40
_MOST_EVENTS = 40
_MOST_REMEDIES = 20


def history_tools(record: NetworkRecord, lookups: Lookups) -> tuple[Tool[Any], ...]:
    """The tools, bound to one network."""
    view = _Past(record)
    return (
        lookups.tool(
            LIST_INCIDENTS,
            "Every incident of this network, oldest first, what each waits for, and the commits "
            "on devices; of a span of time, or of a node or link, where that is given.",
            view.incidents,
        ),
        lookups.tool(
            SHOW_INCIDENT,
            "One incident: when, symptoms, cause, plans with what they changed, who answered and "
            "why, field orders, time that services were in breach (s), who has it, timeline.",
            view.incident,
        ),
        lookups.tool(
            SHOW_REMEDIES,
            "The remedies that were simulated for an incident, with their forecast and cost (the "
            "lowest is best), and which was planned and why.",
            view.remedies,
        ),
        lookups.tool(
            WHY_NOT_DRAINED,
            "What the incident's records say about draining a link: whether it was simulated, how "
            "it compared with what was chosen, or what spoke against it.",
            view.why_not_drained,
        ),
    )


class _Past:
    def __init__(self, record: NetworkRecord) -> None:
        self._record = record
        self._journal = record.journal

    def incidents(self, asked: Recorded) -> IncidentsResult:
        since_s, until_s = _time(asked.since, -math.inf), _time(asked.until, math.inf)
        near = _near(self._record.topology, asked.touching) if asked.touching else None
        found = tuple(
            self._row(i)
            for i in self._record.incident_ids()
            if self._journal.incident(i).incident.onset_s <= until_s
            and (self._standing(i).ended_s or math.inf) >= since_s
            and (near is None or near & self._concerned(i))
        )
        commits = [
            c
            for c in self._journal.changes()
            if c.network == self._record.network
            and since_s <= c.updated_s <= until_s
            and (near is None or near & _changed(c))
        ]
        return IncidentsResult(
            commits=tuple(
                CommitRow(
                    device=c.node,
                    plan=c.plan_id,
                    state=c.state,
                    at_utc=utc(c.updated_s),
                    diff=c.diff,
                )
                for c in commits[-_MOST_COMMITS:]
            ),
            commit_count=len(commits),
            incidents=found,
            count=len(found),
            open_count=sum(1 for row in found if not row.closed),
            waiting_count=sum(len(row.waiting_for_approval) for row in found),
            journal_utc=utc(self._record.now_s) if self._record.now_s else None,
        )

    def _standing(self, incident_id: str) -> Standing:
        return standing(self._journal, self._journal.incident(incident_id))

    def _concerned(self, incident_id: str) -> set[str]:
        """Nodes and links that the incident shows, blames or changed."""
        incident = self._journal.incident(incident_id).incident
        shown = {part for s in incident.symptoms for part in Interface.parts(s.resource)}
        blamed = {x for f in self._cause(incident_id) for x in f.concerned_links()}
        changed = [_changed(c) for c in self._journal.changes(incident_id=incident_id)]
        return shown.union(blamed, *changed)

    def _row(self, incident_id: str) -> IncidentRow:
        record = self._journal.incident(incident_id)
        waiting = tuple(r.plan_id for r in self._requests(incident_id) if r.state == "waiting")
        closed = record.phase in TERMINAL_PHASES
        now = standing(self._journal, record)
        return IncidentRow(
            incident=incident_id,
            title=_quoted(record.incident.title),
            severity=record.incident.severity,
            phase=record.phase,
            closed=closed,
            with_people=now.with_people,
            taken_by=_quoted(now.taken_by) if now.taken_by else None,
            over_unattended=now.unattended,
            onset_utc=utc(record.incident.onset_s),
            opened_utc=utc(record.opened_s),
            waiting_for_approval=() if closed else waiting,
        )

    def incident(self, asked: OneIncident) -> IncidentResult:
        record = self._journal.incident(asked.incident)
        events = self._journal.timeline(asked.incident)
        now, impact = standing(self._journal, record), impact_of(self._journal, record)
        lost, ended_s = None if impact is None else impact.minutes_lost, now.ended_s
        return IncidentResult(
            **dict(self._row(asked.incident)),
            ended_utc=None if ended_s is None else utc(ended_s),
            lasted_s=None if ended_s is None else round(ended_s - record.incident.onset_s),
            symptoms=tuple(
                SymptomName(kind=s.kind, resource=s.resource, state=s.state)
                for s in record.incident.symptoms
            ),
            symptom_count=len(record.incident.symptoms),
            diagnosis=self._diagnosis(asked.incident),
            plans=tuple(self._plan(p) for p in self._journal.plans(asked.incident)),
            field_orders=tuple(
                FieldOrder(
                    order=d.dispatch.id,
                    place=d.dispatch.place,
                    links=d.dispatch.links,
                    state=d.state,
                    requested_utc=utc(d.dispatch.requested_s),
                )
                for d in self._journal.dispatches(asked.incident)
            ),
            service_time_lost_s=lost if lost is None else _seconds(lost),
            service_time_lost_total_s=None if lost is None else round(60 * sum(lost.values())),
            services_hit=None if lost is None else len(lost),
            counted_until_utc=None if impact is None else utc(impact.as_of_s),
            hit_now=tuple(hit.service for hit in impact.hit_now) if impact and not ended_s else (),
            last_note=_quoted(now.note) if now.note else None,
            found=self._found(asked.incident),
            timeline=tuple(_line(e) for e in _telling(events)[-_MOST_EVENTS:]),
        )

    def _found(self, incident_id: str) -> FoundShown | None:
        found = self._journal.artefact(incident_id, FOUND, Finding)
        if found is None:
            return None
        return FoundShown(
            cause=_quoted(found.said),
            by=_quoted(found.by.name),
            at_utc=utc(found.found_s),
            diagnosed=found.diagnosed,
            diagnosis_agrees=found.agrees,
        )

    def _diagnosis(self, incident_id: str) -> DiagnosisShown | None:
        found = self._journal.artefact(incident_id, "diagnosis", Diagnosis)
        if found is None:
            return None
        cause = found.cause
        return DiagnosisShown(
            verdict=found.verdict,
            cause=tuple(f.describe() for f in cause),
            links=tuple(sorted(x for f in cause for x in f.concerned_links())),
            probability=round(found.hypotheses[0].probability, 4) if cause else None,
            indistinguishable=found.indistinguishable,
            would_separate=found.would_separate,
            statement=_quoted(found.statement),
            others=tuple(
                OtherCause(
                    cause=tuple(f.describe() for f in h.faults) or ("nothing is wrong",),
                    probability=round(h.probability, 4),
                )
                for h in found.hypotheses[1 if cause else 0 :][:_MOST_CAUSES]
            ),
            tested=len(found.hypotheses),
        )

    def _plan(self, plan: Plan) -> PlanShown:
        request = next((r for r in self._requests(plan.incident_id) if r.plan_id == plan.id), None)
        changes = [c for c in self._journal.changes() if c.plan_id == plan.id]
        return PlanShown(
            plan=plan.id,
            purpose=plan.purpose,
            actions=in_words(plan.actions),
            reason=_quoted(plan.reason),
            made_by=plan.finished_by,
            created_utc=utc(plan.created_s),
            state="not asked for" if request is None else request.state,
            approvers_needed=None if request is None else request.approvers_needed,
            still_needed=None if request is None else request.still_needed,
            expires_utc=None if request is None else utc(request.expires_s),
            answers=tuple(
                AnswerShown(
                    by=_quoted(a.by.name),
                    decision=a.decision,
                    automatic=a.automatic,
                    reason=_quoted(a.reason),
                    at_utc=utc(a.decided_s),
                )
                for a in (() if request is None else request.answers)
            ),
            changed=tuple(ChangeShown(device=c.node, state=c.state) for c in changes),
            steps=tuple(StepShown(device=s.node, diff=s.diff) for s in plan.steps),
            way_back=in_words(plan.way_back),
            temporary=plan.temporary,
            expected=_expected(plan.forecast),
            if_nothing_is_done=_expected(plan.do_nothing),
        )

    def _requests(self, incident_id: str) -> tuple[ApprovalRequest, ...]:
        return self._journal.attested_requests(self._record.now_s, incident_id=incident_id)

    def remedies(self, asked: OneIncident) -> RemediesResult:
        return RemediesResult(
            **dict(self._remedies(asked.incident)),
            refused_by_gate=tuple(
                _quoted(e.text)
                for e in self._journal.timeline(asked.incident)
                if e.kind == "refused"
            ),
        )

    def _remedies(self, incident_id: str) -> Remedies:
        plans = [p for p in self._journal.plans(incident_id) if p.purpose == "mitigate"]
        trials = sorted(self._trials(incident_id), key=lambda t: (t.cost, t.remedy.id))
        planned = plans[-1].actions if plans else None
        return Remedies(
            incident=incident_id,
            simulated=tuple(_trial(t, planned) for t in trials[:_MOST_REMEDIES]),
            simulated_count=len(trials),
            planned=None if planned is None else in_words(planned),
            plan=plans[-1].id if plans else None,
            planned_because=_quoted(plans[-1].reason) if plans else None,
        )

    def _trials(self, incident_id: str) -> list[Trial]:
        return self._journal.artefact(incident_id, "trials", list[Trial]) or []

    def why_not_drained(self, asked: Untaken) -> WhyNotDrainedResult:
        diagnosis = self._diagnosis(asked.incident)
        if asked.drained:
            links: tuple[str, ...] = (find_link(self._record.topology, asked.drained).id,)
        else:
            links = () if diagnosis is None else diagnosis.links
        return WhyNotDrainedResult(
            **dict(self._remedies(asked.incident)),
            drains=tuple(self._drain(asked.incident, link) for link in links),
            cause=() if diagnosis is None else diagnosis.cause,
        )

    def _drain(self, incident_id: str, link: str) -> DrainShown:
        drain = DrainLink(link=link)
        trials = [t for t in self._trials(incident_id) if drain in t.remedy.actions]
        plans = [p for p in self._journal.plans(incident_id) if drain in p.actions]
        changed = {c.plan_id for c in self._journal.changes() if c.state.value == "confirmed"}
        alone = [t for t in trials if t.remedy.actions == (drain,)]
        screened = () if trials else self._screened(incident_id, drain)
        topology = self._record.topology
        down = {x for f in self._cause(incident_id) for x in f.links_down(topology)}
        return DrainShown(
            link=link,
            was_down=link in down,
            planned_in=tuple(p.id for p in plans),
            carried_out=any(p.id in changed for p in plans),
            simulated=bool(trials),
            trials=tuple(_trial(t, None) for t in (alone or trials)),
            screened=screened,
        )

    def _cause(self, incident_id: str) -> tuple[Fault, ...]:
        found = self._journal.artefact(incident_id, "diagnosis", Diagnosis)
        return found.cause if found else ()

    def _screened(self, incident_id: str, action: Action) -> tuple[ScreenedAction, ...]:
        """What the remediator was told last of `action` when it looked for remedies, if it was."""
        found = [
            row
            for run in self._journal.role_runs(incident_id)
            for row in _screening_rows(run.data.get("transcript"))
            if row.actions == (action,)
        ]
        return tuple(
            ScreenedAction(
                says=action.describe(),
                cost=row.cost,
                max_utilisation=row.max_utilisation,
            )
            for row in found[-1:]
        )


_ENTRIES: TypeAdapter[tuple[Entry, ...]] = TypeAdapter(tuple[Entry, ...])


def _screening_rows(transcript: JsonValue) -> Iterator[ScreenedRow]:
    """What the screening tool returned in a role run; nothing where an earlier version wrote it."""
    with suppress(ValidationError):
        for entry in _ENTRIES.validate_python(transcript or ()):
            for call in entry.calls if isinstance(entry, Turn) else ():
                if call.name == SEARCH_REMEDIES and call.error is None:
                    yield from SearchResult.model_validate(call.result).remedies


def _trial(trial: Trial, planned: tuple[Action, ...] | None) -> TrialShown:
    return TrialShown(
        remedy=trial.remedy.id,
        actions=in_words(trial.remedy.actions) or ("do nothing",),
        cost=round(trial.cost, 3),
        max_utilisation=round(trial.ahead.max_utilisation.median, 3),
        services_in_breach=trial.ahead.breached_services.median,
        lost_bps=round(trial.ahead.lost_bps.median),
        planned=planned is not None and trial.remedy.actions == planned,
    )


def _expected(forecast: Forecast) -> Expected:
    risks = sorted(forecast.service_breach_probability.items(), key=lambda kv: (-kv[1], kv[0]))
    return Expected(
        max_utilisation=round(forecast.max_utilisation.median, 4),
        max_utilisation_p05=round(forecast.max_utilisation.p05, 4),
        max_utilisation_p95=round(forecast.max_utilisation.p95, 4),
        services_in_breach=forecast.breached_services.median,
        lost_bps=round(forecast.lost_bps.median),
        breach_probability=dict(risks[:_MOST_REMEDIES]),
    )


def _near(topology: Topology, name: str) -> set[str]:
    """A node and its links; a link without its ends."""
    try:
        node = find_node(topology, name).id
    except BadInput:
        return {find_link(topology, name).id}
    return {node, *(x.id for x in topology.links_at(node))}


def _changed(change: Change) -> set[str]:
    """The device, and the links whose interfaces the change makes different."""
    pairs = zip(change.before.interfaces, change.candidate.interfaces, strict=True)
    return {change.node, *(now.link for was, now in pairs if was != now)}


def _time(written: str, default: float) -> float:
    if not written:
        return default
    try:
        return datetime.strptime(written, "%Y-%m-%d %H:%M").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise BadInput(f'"{written}" is no time; write "YYYY-MM-DD HH:MM" (UTC), or ""') from None


_TOLD_ELSEWHERE = frozenset({"symptom", "routed"})


def _telling(events: tuple[TimelineEvent, ...]) -> list[TimelineEvent]:
    return [e for e in events if e.kind not in _TOLD_ELSEWHERE]


def _line(event: TimelineEvent) -> TimelineLine:
    return TimelineLine(
        at_utc=utc(event.time_s),
        kind=event.kind,
        actor=_quoted(event.actor),
        text=_quoted(event.text),
    )


def _quoted(text: str) -> str:
    """What a person or a mind wrote, as data."""
    return UntrustedText(text).quoted(300)


def _seconds(minutes_lost: dict[str, float]) -> dict[str, int]:
    return {name: round(60 * minutes) for name, minutes in sorted(minutes_lost.items())}
