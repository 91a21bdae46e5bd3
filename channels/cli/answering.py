"""`approve` and `reject`: people's answers to plans."""

from typing import Annotated, Literal

import typer

from channels.asking import command_line, people
from channels.cli.output import AsJson, By, Reason, directory_of, print_json, who
from channels.cli.state import find_request
from channels.report.wording import quoted, utc
from tools.journal.records import Answer, ApprovalRequest
from twin.errors import BadInput
from twin.nouns.incident import TERMINAL_PHASES
from twin.nouns.plan import Approval

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


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command()(approve)
    app.command()(reject)


def approve(
    context: typer.Context,
    subject: Subject,
    by: By = "",
    reason: Reason = "",
    override: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Approve a plan, or the plan that an incident waits for; some need two different people."""
    _answer(context, "approve", subject, by, reason, tuple(override or ()), as_json)


def reject(
    context: typer.Context,
    subject: Subject,
    by: By = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Reject a plan, or the plan that an incident waits for. One rejection decides."""
    _answer(context, "reject", subject, by, reason, (), as_json)


def _answer(
    context: typer.Context,
    decision: Literal["approve", "reject"],
    subject: str,
    by: str,
    reason: str,
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    if overrides and not reason.strip():
        raise BadInput(f"say with --reason why {', '.join(overrides)} is overridden")
    directory = directory_of(context)
    with directory.journal() as journal:
        plan_id = find_request(journal, subject, 0.0).plan_id
        plan = journal.plan(plan_id)
        record = journal.incident(plan.incident_id)
        if record.phase in TERMINAL_PHASES:
            raise BadInput(
                f"incident {plan.incident_id} is closed ({record.phase}); nothing waits there"
            )
        approval = Approval(
            plan_id=plan.id,
            plan_hash=plan.hash,
            decision=decision,
            by=who(by),
            reason=reason,
            decided_s=directory.now_s(journal, record.incident.network),
            overrides=overrides,
        )
        answer = journal.answer(approval)
        request = journal.approval_request(plan_id, approval.decided_s)
        watched = directory.is_watched(journal, record.incident.network)
    if as_json:
        print_json(
            {
                "won": answer.won,
                "standing": answer.standing.model_dump(mode="json"),
                "still_needed": answer.still_needed,
            }
        )
    elif answer.won:
        typer.echo(_accepted(answer, request, watched=watched))
    else:
        typer.echo(f"noctua: {_lost(answer, request)}", err=True)
    if not answer.won:
        raise typer.Exit(LOST_EXIT)


def _accepted(answer: Answer, request: ApprovalRequest, *, watched: bool) -> str:
    said = f"{request.plan_id}: {answer.standing.decision} by {quoted(answer.standing.by)} stands"
    if answer.still_needed:
        return (
            f"{said}; {people(answer.still_needed)} must approve as well, somebody else each time: "
            f"{command_line(request)} --by NAME"
        )
    if watched:
        return f"{said}; the watch of its network goes on with it"
    return f"{said}; go on with noctua resume {request.incident_id}"


def _lost(answer: Answer, request: ApprovalRequest) -> str:
    standing = answer.standing
    if answer.still_needed:
        return (
            f"{request.plan_id}: {standing.decision} by {quoted(standing.by)} stands since "
            f"{utc(standing.decided_s)} UTC and counts once; {people(answer.still_needed)} must "
            "approve as well, who has to be somebody else"
        )
    return (
        f"{request.plan_id} was answered before: {standing.decision} by {quoted(standing.by)} "
        f"at {utc(standing.decided_s)} UTC holds"
    )
