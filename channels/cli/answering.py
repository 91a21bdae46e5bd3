"""`approve`, `reject` and `acknowledge`: people's answers to plans."""

from typing import Annotated

import typer

from channels import verbs
from channels.asking import command_line, how_to_answer, people, what_holds
from channels.cli.output import AsJson, By, Reason, directory_of, print_json
from channels.cli.principal import answerer, principal
from channels.report.wording import quoted

LOST_EXIT = 1
"""Somebody else answered first, or somebody else has to."""

Subject = Annotated[str, typer.Argument(metavar="PLAN|INCIDENT")]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--override",
        metavar="ENTRY",
        help="An entry of the calendar that stands against the change, like freeze:year-end; "
        "once for each.",
    ),
]
InPlace = Annotated[
    str,
    typer.Option(
        "--on-behalf-of", metavar="ACCOUNT", help="Who has delegated it to whoever answers."
    ),
]


def approve(
    context: typer.Context,
    subject: Subject,
    by: By = "",
    reason: Reason = "",
    override: Overrides = None,
    on_behalf_of: InPlace = "",
    as_json: AsJson = False,
) -> None:
    """Approve a plan, or the plan that an incident waits for; some need two different people."""
    who = answerer(context, by, on_behalf_of)
    _tell(verbs.approve(directory_of(context), subject, who, reason, override or ()), as_json)


def reject(
    context: typer.Context,
    subject: Subject,
    by: By = "",
    reason: Reason = "",
    instead: Annotated[
        str,
        typer.Option(
            "--instead", metavar="REMEDY", help="The simulated remedy to plan in its place."
        ),
    ] = "",
    on_behalf_of: InPlace = "",
    as_json: AsJson = False,
) -> None:
    """Reject a plan, or the plan that an incident waits for. One rejection decides."""
    who = answerer(context, by, on_behalf_of)
    _tell(verbs.reject(directory_of(context), subject, who, reason, instead=instead), as_json)


def acknowledge(
    context: typer.Context, subject: Subject, by: By = "", as_json: AsJson = False
) -> None:
    """Say that you have seen what a plan asks; nobody else is called, and nothing is answered."""
    who = principal(context, by, "approve")
    request = verbs.acknowledge(directory_of(context), subject, who)
    if as_json:
        print_json(request.model_dump(mode="json"))
    else:
        typer.echo(f"{request.plan_id}: seen by {quoted(who.name)}; {how_to_answer(request)}")


def _tell(answered: verbs.Answered, as_json: bool) -> None:
    answer = answered.answer
    if as_json:
        print_json(answer.model_dump(mode="json"))
    elif answer.won:
        typer.echo(_accepted(answered))
    else:
        typer.echo(f"noctua: {what_holds(answered.answer, answered.request)}", err=True)
    if not answer.won:
        raise typer.Exit(LOST_EXIT)


def _accepted(answered: verbs.Answered) -> str:
    answer, request = answered.answer, answered.request
    said = (
        f"{request.plan_id}: {answer.standing.decision} by {quoted(answer.standing.by.name)} stands"
    )
    if answer.still_needed:
        return (
            f"{said}; {people(answer.still_needed)} must approve as well, somebody else each time: "
            f"{command_line(request)}{'' if answer.standing.by.account else ' --by NAME'}"
        )
    if answered.watched:
        return f"{said}; the watch of its network goes on with it"
    return f"{said}; go on with noctua resume {request.incident_id}"
