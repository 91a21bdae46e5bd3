"""What `incidents` and `show` print."""

from pydantic import JsonValue
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from agents.roles.reader import LOG_RECORD, LogRecord
from channels.asking import command_line, people, still_wanted
from channels.cli.timeline import event_line
from channels.report.minds import spent_text
from channels.report.timing import fold_symptoms
from channels.report.wording import percent, plain, quoted, rate, utc
from tools.change.swaps import minds_lost
from tools.journal.journal import Journal
from tools.journal.records import ApprovalRequest, IncidentRecord
from twin.nouns.diagnosis import Diagnosis, LogFinding, disagreement_text
from twin.nouns.forecast import Forecast
from twin.nouns.incident import TERMINAL_PHASES
from twin.nouns.plan import Approval, Plan

_PHASE_COLOURS = {"resolved": "green", "escalated": "red", "awaiting_approval": "bold yellow"}


def waiting_for(record: IncidentRecord, requests: tuple[ApprovalRequest, ...]) -> str:
    """What the incident waits for, "" if for nothing."""
    if record.phase in TERMINAL_PHASES:
        return ""
    waiting = [r for r in requests if r.state == "waiting"]
    if waiting:
        return f"approval of {', '.join(_asked_of(r) for r in waiting)}"
    return {"awaiting_repair": "the repair", "soaking": "the soak to end"}.get(
        record.phase.value, "its next step"
    )


def _asked_of(request: ApprovalRequest) -> str:
    wanted = still_wanted(request)
    return f"{request.plan_id} by {wanted}" if wanted else request.plan_id


def incident_row(journal: Journal, record: IncidentRecord, now_s: float) -> dict[str, JsonValue]:
    """One line of `incidents`, as data."""
    requests = journal.approval_requests(now_s, incident_id=record.incident.id)
    return {
        "id": record.incident.id,
        "network": record.incident.network,
        "phase": record.phase.value,
        "severity": record.incident.severity.value,
        "title": record.incident.title,
        "opened_s": record.opened_s,
        "opened_utc": utc(record.opened_s),
        "waiting_for": waiting_for(record, requests),
    }


def incidents_table(rows: list[dict[str, JsonValue]]) -> Table:
    """`incidents` for a person."""
    table = Table("id", "phase", "severity", "title", "opened (UTC)", "waiting for", box=None)
    for row in rows:
        phase = str(row["phase"])
        table.add_row(
            Text(plain(str(row["id"]))),
            Text(phase.replace("_", " "), style=_PHASE_COLOURS.get(phase, "")),
            Text(str(row["severity"])),
            Text(plain(str(row["title"]))),
            Text(str(row["opened_utc"])),
            Text(str(row["waiting_for"])),
        )
    return table


def incident_document(journal: Journal, incident_id: str, now_s: float) -> dict[str, JsonValue]:
    """`show` as data: the row, the diagnosis, the timeline, the plans and the requests."""
    record = journal.incident(incident_id)
    requests = journal.approval_requests(now_s, incident_id=incident_id)
    diagnosis = journal.artefact(incident_id, "diagnosis", Diagnosis)
    return {
        **incident_row(journal, record, now_s),
        "now_s": now_s,
        "incident": record.incident.model_dump(mode="json"),
        "diagnosis": diagnosis.model_dump(mode="json") if diagnosis else None,
        "log_findings": [f.model_dump(mode="json") for f in _findings(journal, incident_id)],
        "timeline": [e.model_dump(mode="json") for e in journal.timeline(incident_id)],
        "plans": [
            {**plan.model_dump(mode="json"), "hash": plan.hash}
            for plan in journal.plans(incident_id)
        ],
        "approval_requests": [r.model_dump(mode="json") for r in requests],
        "charges": {
            "all": journal.charged(incident_id).model_dump(mode="json"),
            "roles": {
                role: charges.model_dump(mode="json")
                for role, charges in journal.charged_roles(incident_id).items()
            },
        },
        "minds_lost": minds_lost(journal, incident_id),
        "dispatches": [d.model_dump(mode="json") for d in journal.dispatches(incident_id)],
    }


def print_incident(console: Console, journal: Journal, incident_id: str, now_s: float) -> None:
    """`show` for a person."""
    record = journal.incident(incident_id)
    requests = journal.approval_requests(now_s, incident_id=incident_id)
    console.print(_facts(journal, record, requests))
    for event in fold_symptoms(journal.timeline(incident_id)):
        console.print(event_line(event), soft_wrap=True)
    for plan in journal.plans(incident_id):
        request = next((r for r in requests if r.plan_id == plan.id), None)
        console.print(_plan_panel(plan, request))
    for request in requests:
        if request.state == "waiting" and record.phase not in TERMINAL_PHASES:
            console.print(
                f"waiting for approval until {utc(request.expires_s)} UTC: "
                f"{command_line(request)}, or noctua reject {request.plan_id}",
                style="bold yellow",
                markup=False,
                soft_wrap=True,
            )


def _facts(
    journal: Journal, record: IncidentRecord, requests: tuple[ApprovalRequest, ...]
) -> Table:
    incident = record.incident
    diagnosis = journal.artefact(incident.id, "diagnosis", Diagnosis)
    raw = sum(s.alarms for s in incident.symptoms)
    rows = [
        ("incident", f"{incident.id} on {incident.network}"),
        ("title", plain(incident.title)),
        ("severity", incident.severity.value),
        ("phase", record.phase.value.replace("_", " ")),
        ("first sign", f"{utc(incident.onset_s)} UTC"),
        ("opened", f"{utc(record.opened_s)} UTC"),
        ("symptoms", f"{raw} alarms folded into {len(incident.symptoms)}"),
        ("diagnosis", plain(diagnosis.statement) if diagnosis else "none yet"),
        *_disputed(diagnosis),
        *_logged(journal, incident.id),
        ("waiting for", waiting_for(record, requests) or "nothing"),
        *_minds_rows(journal, incident.id),
        ("trace", record.trace_id),
    ]
    table = Table(show_header=False, box=None)
    for name, value in rows:
        table.add_row(Text(name, style="bright_black"), Text(value))
    return table


def _disputed(diagnosis: Diagnosis | None) -> list[tuple[str, str]]:
    if diagnosis is None or diagnosis.disagreement is None:
        return []
    return [("disagreement", plain(disagreement_text(diagnosis.disagreement)))]


def _logged(journal: Journal, incident_id: str) -> list[tuple[str, str]]:
    """What a reader made of log lines, one row each."""
    return [
        ("logged", f"{f.node}: {f.kind.replace('_', ' ')} {plain(f.quote)} ({f.confidence})")
        for f in _findings(journal, incident_id)
    ]


def _findings(journal: Journal, incident_id: str) -> tuple[LogFinding, ...]:
    return (journal.artefact(incident_id, LOG_RECORD, LogRecord) or LogRecord()).findings


def _minds_rows(journal: Journal, incident_id: str) -> list[tuple[str, str]]:
    """What foreign minds used and which were lost; nothing where only our own were asked."""
    charges, lost = journal.charged(incident_id), minds_lost(journal, incident_id)
    rows = [("minds", spent_text(charges))] if charges.calls else []
    return [*rows, ("minds lost", plain(lost))] if lost else rows


def _plan_panel(plan: Plan, request: ApprovalRequest | None) -> Panel:
    lines = [
        f"purpose   {plan.purpose}{', temporary' if plan.temporary else ''}",
        *(f"action    {action.describe()}" for action in plan.actions),
        *([] if plan.actions else ["action    none: wait for the repair"]),
        *(f"way back  {action.describe()}" for action in plan.way_back),
        f"reason    {quoted(plan.reason)} ({plain(plan.finished_by)})",
        f"forecast  {_forecast_text(plan.forecast)}",
        f"nothing   {_forecast_text(plan.do_nothing)}",
        f"blast     {len(plan.blast_radius.devices)} devices, "
        f"{len(plan.blast_radius.services)} services, {rate(plan.blast_radius.moved_bps)}",
        f"hash      {plan.hash}",
        *_person_lines(plan, request),
        f"approval  {_approval_text(request)}",
    ]
    parts: list[RenderableType] = [Text("\n".join(lines))]
    parts += [
        Syntax(step.diff.rstrip("\n"), "diff", theme="ansi_dark", background_color="default")
        for step in plan.steps
    ]
    return Panel(Group(*parts), title=Text(plan.id), title_align="left")


def _person_lines(plan: Plan, request: ApprovalRequest | None) -> list[str]:
    why = plan.needs_person or (request.needs_person if request else "")
    return [f"person    only a person may approve it: {plain(why)}"] if why else []


def _forecast_text(forecast: Forecast) -> str:
    services, load = forecast.breached_services, forecast.max_utilisation
    return (
        f"services in breach {services.median:.0f} ({services.p05:.0f}-{services.p95:.0f}), "
        f"highest load {percent(load.median)} ({percent(load.p05)}-{percent(load.p95)}), "
        f"{forecast.rollouts} rollouts, seed {forecast.seed}"
    )


def _approval_text(request: ApprovalRequest | None) -> str:
    if request is None:
        return "not asked for"
    parts: list[str] = [request.state]
    if request.approval is None:
        parts.append(f"expires {utc(request.expires_s)} UTC")
        if request.still_needed and request.approvers_needed > 1:
            parts.append(f"{people(request.still_needed)} must approve")
    if request.overrides_needed:
        parts.append(f"to be overridden by name: {', '.join(map(plain, request.overrides_needed))}")
    return "; ".join([*parts, *(_answer_text(answer) for answer in request.answers)])


def _answer_text(answer: Approval) -> str:
    because = f": {quoted(answer.reason)}" if answer.reason else ""
    by = " automatically" if answer.automatic else ""
    named = f" overriding {', '.join(map(plain, answer.overrides))}" if answer.overrides else ""
    return f"{answer.decision} by {quoted(answer.by)}{by}{named}{because}"
