"""`incidents`, `networks` and `show`: what there is, and all that is known of one incident."""

from collections.abc import Mapping, Sequence

import typer
from pydantic import JsonValue
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from channels import verbs
from channels.asking import asking_line, people, signed_by, unattested
from channels.cli.output import AsJson, Column, directory_of, fitted, new_console, print_json
from channels.cli.timeline import event_line
from channels.impact import dependents_lines, found_text, hit_text, minutes_text
from channels.next_failures import next_lines
from channels.report.minds import spent_text
from channels.report.timing import fold_symptoms
from channels.report.wording import percent, plain, printable, quoted, rate, utc
from channels.views import IncidentDetails, IncidentView, NetworkView
from tools.journal.records import ApprovalRequest, Charges, RefreshRecord
from twin.events.action import in_words
from twin.nouns.counted import counted
from twin.nouns.diagnosis import Diagnosis, LogFinding, disagreement_text
from twin.nouns.forecast import Forecast
from twin.nouns.incident import Phase
from twin.nouns.left_out import left_out_text
from twin.nouns.plan import Approval, BlastRadius, Plan

_PHASE_COLOURS = {"resolved": "green", "escalated": "red", "awaiting_approval": "bold yellow"}


def incidents(context: typer.Context, as_json: AsJson = False) -> None:
    """List the incidents, oldest first."""
    found = verbs.incidents(directory_of(context))
    if as_json:
        print_json([incident_row(view) for view in found])
    elif found:
        print_incidents(new_console(), found)
    else:
        typer.echo("There has been no incident.")


def networks(context: typer.Context, as_json: AsJson = False) -> None:
    """List the networks: what time it is there, who watches, what is open."""
    found = verbs.networks(directory_of(context))
    if as_json:
        print_json([view.model_dump(mode="json") for view in found])
    elif found:
        print_networks(new_console(), found)
    else:
        typer.echo("No network is known here.")


def show(context: typer.Context, incident: str, as_json: AsJson = False) -> None:
    """Show an incident: facts, timeline, plans with diffs and forecasts, waiting approvals.

    Or a refresh of a risk register: what minds said in it, and what it changed.
    """
    refresh = verbs.refresh(directory_of(context), incident)
    if refresh is not None:
        _show_refresh(refresh, as_json)
        return
    details = verbs.incident(directory_of(context), incident)
    if as_json:
        print_json(incident_document(details))
    else:
        print_incident(new_console(), details)


def _show_refresh(record: RefreshRecord, as_json: bool) -> None:
    # Whoever shows an incident does without what imagines.
    from channels.cli.refresh_lines import refresh_lines

    if as_json:
        print_json(record.model_dump(mode="json"))
        return
    for line in refresh_lines(record):
        typer.echo(line)


def incident_row(incident: IncidentView) -> dict[str, JsonValue]:
    """One line of `incidents`, as data."""
    return {
        "id": incident.id,
        "network": incident.network,
        "phase": incident.phase.value,
        "severity": incident.severity.value,
        "title": incident.title,
        "opened_s": incident.opened_s,
        "opened_utc": utc(incident.opened_s),
        "ended_s": incident.ended_s,
        "with_people": incident.with_people,
        "taken_by": incident.standing.taken_by,
        "minutes_lost": incident.impact.total_minutes if incident.impact else None,
        "minutes_as_of_s": incident.impact.as_of_s if incident.impact else None,
        "waiting_for": incident.waiting_for,
    }


def print_incidents(console: Console, incidents: Sequence[IncidentView]) -> None:
    """`incidents` for a person."""
    console.print(
        fitted(
            console,
            (
                Column("id", [Text(plain(i.id)) for i in incidents], whole=True),
                Column("phase", [_phase_text(i.phase) for i in incidents]),
                Column("severity", [Text(i.severity.value) for i in incidents], goes=3),
                Column("title", [Text(plain(i.title)) for i in incidents], goes=2),
                Column(
                    "opened (UTC)",
                    [Text(utc(i.opened_s)[:16]) for i in incidents],
                    whole=True,
                    goes=1,
                ),
                Column("waiting for", [Text(plain(i.waiting_for)) for i in incidents]),
            ),
        )
    )


def _phase_text(phase: Phase) -> Text:
    return Text(phase.value.replace("_", " "), style=_PHASE_COLOURS.get(phase.value, ""))


def print_networks(console: Console, networks: Sequence[NetworkView]) -> None:
    """`networks` for a person."""
    console.print(
        fitted(
            console,
            (
                Column("network", [Text(plain(n.network)) for n in networks], whole=True),
                Column("time (UTC)", [Text(utc(n.now_s)) for n in networks], whole=True),
                Column(
                    "watched by", [Text(plain(n.held_by) or "nobody") for n in networks], goes=1
                ),
                Column(
                    "open incidents",
                    [
                        Text(", ".join(plain(incident.id) for incident in n.incidents) or "none")
                        for n in networks
                    ],
                ),
                Column(
                    "blocked",
                    [Text(plain(_blocked(n))) for n in networks],
                ),
            ),
        )
    )


def _blocked(network: NetworkView) -> str:
    """Why nothing is changed there, "" if it may be."""
    reasons = [str(condition.kind) for condition in network.health.conditions]
    if network.blocked:
        reasons.append(network.blocked.reason)
    return "; ".join(reasons)


def incident_document(incident: IncidentDetails) -> dict[str, JsonValue]:
    """`show` as data; the plans with their hashes, to which approvals are bound."""
    return {
        **incident.model_dump(mode="json"),
        "opened_utc": utc(incident.opened_s),
        "plans": [{**p.model_dump(mode="json"), "hash": p.hash} for p in incident.plans],
    }


def print_incident(console: Console, incident: IncidentDetails) -> None:
    """`show` for a person."""
    console.print(_facts(incident))
    for event in fold_symptoms(incident.timeline):
        console.print(event_line(event), soft_wrap=True)
    for plan in incident.plans:
        request = next((r for r in incident.approval_requests if r.plan_id == plan.id), None)
        console.print(_plan_panel(plan, request, incident.device_diffs))
    for request in incident.waiting:
        console.print(
            asking_line(request),
            style="bold yellow",
            markup=False,
            soft_wrap=True,
        )


def _facts(view: IncidentDetails) -> Table:
    incident = view.incident
    raw = sum(s.alarms for s in incident.symptoms)
    rows = [
        ("incident", f"{view.id} on {view.network}"),
        ("title", plain(view.title)),
        ("severity", view.severity.value),
        ("phase", view.phase.value.replace("_", " ")),
        ("first sign", f"{utc(incident.onset_s)} UTC"),
        ("opened", f"{utc(view.opened_s)} UTC"),
        ("symptoms", f"{counted(raw, 'alarm')} folded into {len(incident.symptoms)}"),
        ("diagnosis", plain(view.cause) if view.diagnosis else "none yet"),
        *_disputed(view.diagnosis),
        *_logged(view.log_findings),
        ("network now", plain(view.health.sentence)),
        ("", plain(view.health.coverage_line)),
        *([("not believed", plain(left_out_text(view.left_out)))] if view.left_out else []),
        *_counted(view),
        *_depending(view),
        *_next(view),
        *_of_people(view),
        ("waiting for", view.waiting_for or "nothing"),
        *_minds_rows(view.charges.all, view.minds_lost),
        ("trace", view.trace_id),
    ]
    table = Table(show_header=False, box=None)
    for name, value in rows:
        table.add_row(Text(name, style="bright_black"), Text(value, overflow="fold"))
    return table


def _counted(view: IncidentView) -> list[tuple[str, str]]:
    if view.ended_s is not None:
        return [("lost", minutes_text(view.impact))]
    still = "; ".join(view.still_seen) or "nothing of it"
    return [("still seen", plain(still)), ("hit now", hit_text(view.impact))]


def _depending(view: IncidentDetails) -> list[tuple[str, str]]:
    """Who is hit or at risk by the knowledge graph, a row each."""
    lines = dependents_lines(view.service_impact)
    return [("" if i else "depending on it", line) for i, line in enumerate(lines)]


def _next(view: IncidentDetails) -> list[tuple[str, str]]:
    """What may be next if nothing is done, a row each."""
    return [("" if i else "next", line) for i, line in enumerate(next_lines(view.next_failures))]


def _of_people(view: IncidentView) -> list[tuple[str, str]]:
    """Who has it, what was noted last, and what was found, as far as there is any of it."""
    stands, rows = view.standing, []
    if stands.taken_s is not None:
        rows.append(("taken", f"by {quoted(stands.taken_by)} at {utc(stands.taken_s)} UTC"))
    if stands.noted_s is not None:
        said = f"{quoted(stands.note)} by {quoted(stands.noted_by)} at {utc(stands.noted_s)} UTC"
        rows.append(("last note", said))
    if view.finding is not None:
        rows.append(("found", found_text(view.finding)))
    if stands.ended_s is not None and stands.ending != "resolved":
        rows.append(("ended", f"{stands.ending} at {utc(stands.ended_s)} UTC"))
    return rows


def _disputed(diagnosis: Diagnosis | None) -> list[tuple[str, str]]:
    if diagnosis is None or diagnosis.disagreement is None:
        return []
    return [("disagreement", plain(disagreement_text(diagnosis.disagreement)))]


def _logged(findings: Sequence[LogFinding]) -> list[tuple[str, str]]:
    """What a reader made of log lines, one row each."""
    return [
        ("logged", f"{f.node}: {f.kind.replace('_', ' ')} {plain(f.quote)} ({f.confidence})")
        for f in findings
    ]


def _minds_rows(charges: Charges, lost: str) -> list[tuple[str, str]]:
    """What foreign minds used and which were lost; nothing where only our own were asked."""
    rows = [("minds", spent_text(charges))] if charges.calls else []
    return [*rows, ("minds lost", plain(lost))] if lost else rows


def _plan_panel(
    plan: Plan, request: ApprovalRequest | None, device_diffs: Mapping[str, str]
) -> Panel:
    lines = [
        *plan_lines(plan),
        f"hash      {plan.hash}",
        *_person_lines(plan, request),
        f"approval  {_approval_text(request)}",
    ]
    parts: list[RenderableType] = [Text("\n".join(lines))]
    for step in plan.steps:
        parts.append(_diff(step.diff))
        if said := device_diffs.get(step.action_id, ""):
            parts.append(Text(f"{step.node} in its own words:"))
            parts.append(_diff("\n".join(map(printable, said.splitlines()))))
    return Panel(Group(*parts), title=Text(plan.id), title_align="left")


def plan_lines(plan: Plan) -> list[str]:
    """What is to be done and why, what comes of it and of doing nothing, and the way back."""
    blast, acts = plan.blast_radius, bool(plan.actions)
    return [
        f"purpose   {plan.purpose}{', temporary' if plan.temporary else ''}",
        *(f"action    {action}" for action in in_words(plan.actions)),
        *([] if plan.actions else ["action    none: wait for the repair"]),
        *(f"way back  {action}" for action in in_words(plan.way_back)),
        *([] if plan.way_back else ["way back  none: it puts back what is intended"] * acts),
        f"reason    {quoted(plan.reason)} ({plain(plan.finished_by)})",
        f"forecast  {_forecast_text(plan.forecast)}",
        f"nothing   {_forecast_text(plan.do_nothing)}",
        *(
            [f"gives up  {', '.join(sorted(plan.gives_up))}: in breach with it, and not without"]
            if plan.gives_up
            else []
        ),
        f"blast     {counted(len(blast.devices), 'device')}, "
        f"{counted(len(blast.services), 'service')}, {rate(blast.moved_bps)}{_returning(blast)}",
    ]


def _returning(blast: BlastRadius) -> str:
    if not (blast.returning_services or blast.returning_bps):
        return ""
    services = f"{counted(len(blast.returning_services), 'service')}, {rate(blast.returning_bps)}"
    return f", of which {services} go back to where the intended configuration sends them"


def _diff(text: str) -> Syntax:
    return Syntax(
        text.rstrip("\n"), "diff", theme="ansi_dark", background_color="default", word_wrap=True
    )


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
    parts += [_answer_text(a, signed_by(request, i)) for i, a in enumerate(request.answers)]
    doubt = unattested(request)
    return "; ".join([*parts, doubt] if doubt else parts)


def _answer_text(answer: Approval, signed: str) -> str:
    because = f": {quoted(answer.reason)}" if answer.reason else ""
    by = " automatically" if answer.automatic else ""
    said = f", {signed}" if signed else ""
    named = f" overriding {', '.join(map(plain, answer.overrides))}" if answer.overrides else ""
    return f"{answer.decision} by {quoted(answer.by.name)}{by}{named}{because}{said}"
