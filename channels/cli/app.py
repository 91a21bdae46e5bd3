"""The command `noctua`: incidents, show, approve, reject, resume, report; others register theirs.

Exit codes: 0 done; 1 somebody else's answer holds; 2 the request is wrong or was refused.
"""

import getpass
import json
import sys
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer
from pydantic import JsonValue
from rich.console import Console

from channels.cli.durations import parse_duration_s
from channels.cli.group import NoctuaGroup, add_foreign_commands
from channels.cli.show import incident_document, incident_row, incidents_table, print_incident
from channels.cli.state import StateDirectory, find_request
from channels.report.wording import quoted, utc
from twin.errors import BadInput
from twin.nouns.incident import TERMINAL_PHASES
from twin.nouns.plan import Approval

LOST_EXIT = 1
"""Somebody else answered first."""

app = typer.Typer(
    name="noctua",
    cls=NoctuaGroup,
    help="Operates a communication network with agents, and changes it only through a gate.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
By = Annotated[str, typer.Option("--by", help="Who answers.", show_default="the user's name")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it stands in the report.")]
Subject = Annotated[str, typer.Argument(metavar="PLAN|INCIDENT")]


@app.callback()
def common(
    context: typer.Context,
    state: Annotated[
        Path,
        typer.Option(
            "--state", envvar="NOCTUA_STATE", help="Where everything is kept.", file_okay=False
        ),
    ] = Path(".noctua"),
) -> None:
    """Options of all commands."""
    context.obj = StateDirectory(state)


@app.command()
def incidents(context: typer.Context, as_json: AsJson = False) -> None:
    """List the incidents, oldest first."""
    directory = _directory(context)
    with directory.journal() as journal:
        rows = [
            incident_row(journal, record, directory.now_s(journal, record.incident.network))
            for record in journal.incidents()
        ]
    if as_json:
        _print_json([*rows])
    elif rows:
        _console().print(incidents_table(rows))
    else:
        typer.echo("There has been no incident.")


@app.command()
def show(context: typer.Context, incident: str, as_json: AsJson = False) -> None:
    """Show an incident: facts, timeline, plans with diffs and forecasts, waiting approvals."""
    directory = _directory(context)
    with directory.journal() as journal:
        now_s = directory.now_s(journal, journal.incident(incident).incident.network)
        if as_json:
            _print_json(incident_document(journal, incident, now_s))
        else:
            print_incident(_console(), journal, incident, now_s)


@app.command()
def approve(
    context: typer.Context,
    subject: Subject,
    by: By = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Approve a plan, or the plan that an incident waits for. The first answer holds."""
    _answer(context, "approve", subject, by, reason, as_json)


@app.command()
def reject(
    context: typer.Context,
    subject: Subject,
    by: By = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Reject a plan, or the plan that an incident waits for. The first answer holds."""
    _answer(context, "reject", subject, by, reason, as_json)


@app.command()
def resume(
    context: typer.Context,
    incident: Annotated[str | None, typer.Argument()] = None,
    duration: Annotated[
        str | None, typer.Option("--for", help="Of network time, like 90s, 15m or 2h30m.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Watch on until nothing is open any more, or until a person has to answer."""
    # Opening the workplace imports the twin and LangGraph, which the other commands do without.
    from channels.cli.watching import network_to_watch, watch_on

    directory = _directory(context)
    for_s = parse_duration_s(duration) if duration is not None else None
    with directory.journal() as journal:
        name = network_to_watch(directory.path, journal, incident)
    console = Console(stderr=True, quiet=True) if as_json else _console()
    watched = watch_on(directory.path, name, incident_id=incident, for_s=for_s, console=console)
    if as_json:
        _print_json(watched.model_dump(mode="json"))
        return
    typer.echo(f"network time {utc(watched.now_s)} UTC")
    for plan in watched.waiting:
        typer.echo(f"waiting for approval: noctua approve {plan}, or noctua reject {plan}")
    if watched.waiting:
        typer.echo(f"then: noctua resume {watched.open_incidents[0]}")
    elif not watched.open_incidents:
        typer.echo("no incident is open")


@app.command()
def watch(
    context: typer.Context,
    networks: Annotated[list[str] | None, typer.Argument(metavar="[NETWORK]...")] = None,
    duration: Annotated[
        str | None, typer.Option("--for", help="Of network time, like 90s, 15m or 2h30m.")
    ] = None,
    speed: Annotated[
        float, typer.Option("--speed", min=0.1, help="Emulated seconds to one of the wall clock.")
    ] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Watch networks and operate their incidents until stopped (Ctrl-C or SIGTERM)."""
    from channels.cli.standing_watch import health_line, watch_networks

    for_s = parse_duration_s(duration) if duration is not None else None
    console = Console(stderr=True, quiet=True) if as_json else _console()
    ended = watch_networks(
        _directory(context).path, networks or (), for_s=for_s, speed=speed, console=console
    )
    if as_json:
        _print_json(ended.model_dump(mode="json"))
        return
    for record in ended.watches:
        typer.echo(health_line(record))
    typer.echo(f"still open: {', '.join(ended.open_incidents) or 'nothing'}")


class Format(StrEnum):
    """How a report is written."""

    HTML = "html"
    MARKDOWN = "md"
    JSON = "json"


@app.command()
def report(
    context: typer.Context,
    incident: str,
    report_format: Annotated[Format, typer.Option("--format")] = Format.HTML,
    out: Annotated[Path | None, typer.Option("--out", help="A file; - is the terminal.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the report of an incident, by default to reports/ of the state directory."""
    # Matplotlib and the network are needed by no other command.
    from channels.networks import open_network
    from channels.report.facts import gather
    from channels.report.writing import report_file, report_text, write_report

    directory = _directory(context)
    with directory.journal() as journal:
        network, _ = open_network(directory.path, journal.incident(incident).incident.network)
        with closing(network):
            facts = gather(journal, incident, network.inventory())
    if out == Path("-"):
        typer.echo(report_text(facts, report_format.value), nl=False)
        return
    path = out or report_file(directory.path, incident, report_format.value)
    write_report(path, report_text(facts, report_format.value))
    if as_json:
        _print_json(
            {"incident": incident, "path": str(path), "audit_head": facts.audit.report.head}
        )
    else:
        typer.echo(str(path))


def main() -> None:
    """Entry point of the command `noctua`."""
    add_foreign_commands(app)
    app()


def _answer(
    context: typer.Context,
    decision: Literal["approve", "reject"],
    subject: str,
    by: str,
    reason: str,
    as_json: bool,
) -> None:
    directory = _directory(context)
    with directory.journal() as journal:
        plan_id = find_request(journal, subject, 0.0).plan_id
        plan = journal.plan(plan_id)
        record = journal.incident(plan.incident_id)
        if record.phase in TERMINAL_PHASES:
            raise BadInput(
                f"incident {plan.incident_id} is closed ({record.phase}); nothing waits there"
            )
        network = record.incident.network
        approval = Approval(
            plan_id=plan.id,
            plan_hash=plan.hash,
            decision=decision,
            by=by or getpass.getuser(),
            reason=reason,
            decided_s=directory.now_s(journal, network),
        )
        answer = journal.answer(approval)
    standing = answer.standing
    if as_json:
        _print_json({"won": answer.won, "standing": standing.model_dump(mode="json")})
    elif answer.won:
        typer.echo(
            f"{plan.id}: {decision} by {quoted(standing.by)} stands; go on with "
            f"noctua resume {plan.incident_id}"
        )
    else:
        typer.echo(
            f"noctua: {plan.id} was answered before: {standing.decision} by {quoted(standing.by)} "
            f"at {utc(standing.decided_s)} UTC holds",
            err=True,
        )
    if not answer.won:
        raise typer.Exit(LOST_EXIT)


def _directory(context: typer.Context) -> StateDirectory:
    directory = context.obj
    assert isinstance(directory, StateDirectory)
    return directory


def _console() -> Console:
    # A pipe has no width, and rich would cut tables at 80 columns.
    return Console() if sys.stdout.isatty() else Console(width=_PIPE_WIDTH)


_PIPE_WIDTH = 200


def _print_json(document: JsonValue) -> None:
    typer.echo(json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False))
