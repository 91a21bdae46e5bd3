"""The command `noctua`: incidents, networks, show, resume, watch, report; other files add theirs.

Exit codes: 0 done; 1 somebody else's answer holds, or what was checked is not in order; 2 the
request is wrong or was refused.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from pydantic import JsonValue
from rich.console import Console

from channels import verbs
from channels.asking import how_to_answer, still_wanted
from channels.cli import (
    answering,
    ask,
    audit,
    disjoint,
    drift,
    grow,
    handover,
    netbox,
    networks_in_files,
    quarantine,
    sweep,
    what_if,
)
from channels.cli.doctor import command as doctor
from channels.cli.durations import parse_duration_s
from channels.cli.group import NoctuaGroup, add_foreign_commands
from channels.cli.output import AsJson, directory_of, new_console, print_json
from channels.cli.show import (
    incident_document,
    incident_row,
    incidents_table,
    networks_table,
    print_incident,
)
from channels.report.wording import utc
from graphs.state_directory import StateDirectory

app = typer.Typer(
    name="noctua",
    cls=NoctuaGroup,
    help="Operates a communication network with agents, and changes it only through a gate.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
    found = verbs.incidents(directory_of(context))
    if as_json:
        print_json([incident_row(view) for view in found])
    elif found:
        new_console().print(incidents_table(found))
    else:
        typer.echo("There has been no incident.")


@app.command()
def networks(context: typer.Context, as_json: AsJson = False) -> None:
    """List the networks: what time it is there, who watches, what is open."""
    found = verbs.networks(directory_of(context))
    if as_json:
        print_json([view.model_dump(mode="json") for view in found])
    elif found:
        new_console().print(networks_table(found))
    else:
        typer.echo("No network is known here.")


@app.command()
def show(context: typer.Context, incident: str, as_json: AsJson = False) -> None:
    """Show an incident: facts, timeline, plans with diffs and forecasts, waiting approvals."""
    details = verbs.incident(directory_of(context), incident)
    if as_json:
        print_json(incident_document(details))
    else:
        print_incident(new_console(), details)


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
    from channels.cli.watching import watch_on

    for_s = parse_duration_s(duration) if duration is not None else None
    console = Console(stderr=True, quiet=True) if as_json else new_console()
    watched = watch_on(directory_of(context), incident_id=incident, for_s=for_s, console=console)
    if as_json:
        waiting: list[JsonValue] = [request.plan_id for request in watched.waiting]
        print_json({**watched.model_dump(mode="json"), "waiting": waiting})
        return
    typer.echo(f"network time {utc(watched.now_s)} UTC")
    for request in watched.waiting:
        wanted = still_wanted(request)
        by = f" by {wanted}" if wanted else ""
        typer.echo(f"waiting for approval{by}: {how_to_answer(request)}")
    if watched.waiting:
        typer.echo(f"then: noctua resume {watched.open_incidents[0]}")
    elif not watched.open_incidents:
        typer.echo("no incident is open")


@app.command()
def watch(
    context: typer.Context,
    networks: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NETWORK]...", help="Names; all of the state directory, if none."),
    ] = None,
    duration: Annotated[
        str | None, typer.Option("--for", help="Of network time, like 90s, 15m or 2h30m.")
    ] = None,
    speed: Annotated[
        float,
        typer.Option(
            "--speed", min=0.1, max=10_000, help="Emulated seconds to one of the wall clock."
        ),
    ] = 1.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, for every event as it happens.")
    ] = False,
) -> None:
    """Watch networks and operate their incidents until stopped (Ctrl-C or SIGTERM)."""
    from channels.cli.event_lines import EndLine, print_line
    from channels.cli.standing_watch import health_line, watch_networks

    for_s = parse_duration_s(duration) if duration is not None else None
    console = Console(stderr=True, quiet=True) if as_json else new_console()
    ended = watch_networks(
        directory_of(context),
        networks or (),
        for_s=for_s,
        speed=speed,
        console=console,
        as_lines=as_json,
    )
    if as_json:
        print_line(EndLine(**dict(ended)))
        return
    for record in ended.watches:
        typer.echo(health_line(record))
    typer.echo(f"still open: {', '.join(ended.open_incidents) or 'nothing'}")
    if ended.with_people:
        typer.echo(f"with people, not known to be over: {', '.join(ended.with_people)}")


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
    # Matplotlib is needed by no other command.
    from channels.report.writing import report_file, report_text, write_report

    directory = directory_of(context)
    facts = verbs.report(directory, incident)
    if out == Path("-"):
        typer.echo(report_text(facts, report_format.value), nl=False)
        return
    path = out or report_file(directory, incident, report_format.value)
    write_report(path, report_text(facts, report_format.value))
    if as_json:
        print_json(
            {
                "incident": incident,
                "path": str(path),
                "audit_head": facts.audit.report.head,
                "audit_length": facts.audit.report.length,
            }
        )
    else:
        typer.echo(str(path))


for part in (
    answering,
    ask,
    handover,
    quarantine,
    audit,
    drift,
    doctor,
    sweep,
    what_if,
    grow,
    disjoint,
    networks_in_files,
    netbox,
):
    part.register(app)


def main() -> None:
    """Entry point of the command `noctua`."""
    add_foreign_commands(app)
    app()
