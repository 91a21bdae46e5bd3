"""Nodes that find out what is wrong."""

from langgraph.types import Command

from agents.loop.role import RoleUnfinished
from agents.roles.diagnoser import Diagnoser, DiagnosisAnswer
from agents.roles.reader import Reader, line_key, lines_to_read
from graphs.desk import Desk
from graphs.live import Live
from graphs.merging import merge_unnamed, same_trouble
from graphs.pages import call_owners
from graphs.service_impact import note_service_impact
from graphs.state import IncidentState
from twin.nouns.counted import counted
from twin.nouns.diagnosis import (
    LOG_RECORD,
    Diagnosis,
    LogFinding,
    LogRecord,
    cause_text,
    disagreement_text,
)
from twin.nouns.incident import Incident, Phase


def diagnose(desk: Desk, state: IncidentState) -> Command[str]:
    """Rank root causes, unless the incident turns out to be part of another."""
    incident = desk.incident(state["incident_id"])
    desk.situation.tracker.attribute(incident.id, ())
    if other := same_trouble(desk, incident):
        return Command(goto="merge", update={"merges_into": other})
    if kept := _cannot_be_measured(desk, state):
        desk.situation.tracker.attribute(incident.id, kept.cause)
        desk.tell(incident.id, "kept", "diagnoser", f"not measurable any more: {kept.statement}")
        return Command(goto="supervisor", update={"phase": Phase.DIAGNOSING.value})
    work = Diagnoser(desk.situation, incident, read_logs(desk, incident))
    try:
        run = desk.play_on(incident.id, work.role(), work.task(), _names_cause, "it named no cause")
    except RoleUnfinished as exc:
        return Command(goto="escalate", update={"note": str(exc)})
    diagnosis = work.diagnosis(run.answer, run.finished_by)
    if desk.is_foreign("diagnoser", run.finished_by):
        # People are sent out, and woken, by this text: what was measured comes before any words.
        words = desk.words_of("diagnoser", run.finished_by, diagnosis.statement)
        told = f"{cause_text(diagnosis)}; {words}"
        diagnosis = diagnosis.model_copy(update={"statement": told})
    desk.situation.tracker.set_running(work.running)
    desk.situation.tracker.attribute(incident.id, diagnosis.cause)
    if diagnosis.cause:
        merge_unnamed(desk, incident)
    desk.enter(incident.id, Phase.DIAGNOSING)
    desk.snapshot(incident.id, "during")
    desk.journal.put_artefact(incident.id, "diagnosis", diagnosis)
    note_service_impact(desk, incident)
    desk.tell(incident.id, "diagnosed", "diagnoser", diagnosis.statement)
    call_owners(desk, incident.id, diagnosis.work or {})
    if diagnosis.disagreement is not None:
        told = disagreement_text(diagnosis.disagreement)
        desk.tell(incident.id, "disagreed", "diagnoser", told)
    return Command(
        goto="supervisor",
        update={
            "finished_by": run.finished_by,
            "phase": Phase.DIAGNOSING.value,
            "diagnosis": diagnosis.model_dump(mode="json"),
        },
    )


def _cannot_be_measured(desk: Desk, state: IncidentState) -> Diagnosis | None:
    """What was found before, where the egresses that it is about carry nothing any more: what would
    show it cannot be looked at again.
    """
    if not state.get("diagnosis"):
        return None
    known = Diagnosis.model_validate(state["diagnosis"])
    lossy = [f for f in known.cause if f.shows_under_load]
    if not lossy or len(lossy) < len(known.cause):
        return None
    live = Live(desk)
    return known if all(live.is_relieved(r) for f in lossy for r in f.resources) else None


def _names_cause(answer: DiagnosisAnswer) -> bool:
    return answer.verdict in ("found", "ambiguous")


def read_logs(desk: Desk, incident: Incident) -> tuple[LogFinding, ...]:
    """What devices logged around the incident and code does not understand, as a reader read it.

    Nobody is asked where there is no such line that was not read before. Without a reader the
    diagnosis goes on: what it rests on are measurements.
    """
    before = desk.journal.artefact(incident.id, LOG_RECORD, LogRecord) or LogRecord()
    lines = lines_to_read(desk.situation.tracker, incident, before.read)
    if not lines:
        return before.findings
    work = Reader(lines, incident.onset_s)
    try:
        run = desk.play(incident.id, work.role(), work.task())
    except RoleUnfinished as exc:
        desk.tell(incident.id, "log_unread", "reader", str(exc))
        return before.findings
    found = work.findings(run.answer, run.finished_by)
    record = LogRecord(
        findings=(*before.findings, *found),
        read=(*before.read, *(line_key(k.line) for k in lines)),
    )
    # Together: what was read is not read again, so what it said is told now or never.
    with desk.journal.transaction():
        desk.journal.put_artefact(incident.id, LOG_RECORD, record)
        text = f"{counted(len(found), 'finding')} in {counted(len(lines), 'log line')}"
        desk.tell(incident.id, "log_read", "reader", text)
        for finding in found:
            if finding.kind == "suspicious_instruction":
                text = f"{finding.node} logged words that want to be obeyed, and nobody did: "
                desk.tell(incident.id, "suspicious", "reader", text + finding.quote)
    return record.findings
