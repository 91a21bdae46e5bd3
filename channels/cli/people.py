"""`take`, `note`, `close` and `reopen`: what people do with an incident."""

from typing import Annotated

import typer

from channels import verbs
from channels.cli.output import AsJson, By, Reason, directory_of, print_json
from channels.cli.principal import principal

Cause = Annotated[
    str,
    typer.Option(
        "--cause",
        metavar="WHAT",
        help='What was found, like "link A-B down", "weight A-B 20", words that name a node or '
        "link, or unknown.",
        show_default=False,
    ),
]


def take(context: typer.Context, incident: str, by: By = "", as_json: AsJson = False) -> None:
    """Say that you have an incident; whoever had it before has it no more."""
    _tell(verbs.take(directory_of(context), incident, principal(context, by)), as_json)


def note(
    context: typer.Context,
    incident: str,
    text: Annotated[list[str], typer.Argument(metavar="TEXT...")],
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Write what you have seen or done into an incident's timeline."""
    _tell(
        verbs.note(directory_of(context), incident, principal(context, by), " ".join(text)), as_json
    )


def close(
    context: typer.Context,
    incident: str,
    cause: Cause,
    reason: Reason = "",
    leave_in_force: Annotated[
        bool,
        typer.Option(
            "--leave-in-force",
            help="Close it although a temporary change of it is in force, which stays so.",
        ),
    ] = False,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Close an incident that people have, with the cause that you found."""
    closed = verbs.close(
        directory_of(context),
        incident,
        principal(context, by),
        cause,
        reason,
        leave_in_force=leave_in_force,
    )
    _tell(closed, as_json)


def reopen(
    context: typer.Context,
    incident: str,
    reason: Reason = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Say that an incident that has ended is not over: people have it again, and first you."""
    _tell(verbs.reopen(directory_of(context), incident, principal(context, by), reason), as_json)


def _tell(handled: verbs.Handled, as_json: bool) -> None:
    if as_json:
        print_json(handled.model_dump(mode="json"))
    else:
        typer.echo(handled.text)
