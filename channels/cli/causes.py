"""`risks causes`: what tickets say that several things share, and what people say of it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console, RenderableType
from rich.text import Text

from channels import verbs
from channels.cli.output import (
    AsJson,
    By,
    Reason,
    directory_of,
    figures,
    fitted,
    print_json,
    words,
)
from channels.cli.principal import principal
from channels.report.wording import plain, quoted, significant
from twin.nouns.counted import counted

if TYPE_CHECKING:
    from channels.planning.proposing import ProposedLine
    from graphs.ticket_reading import TicketsRead
    from twin.nouns.common_cause import CauseRecord, CauseState, CommonCause

causes = typer.Typer(
    help="Common causes that tickets hint at: proposed until a person accepts or rejects them.",
    no_args_is_help=True,
    add_completion=False,
)

_SHOWN_HINTS = 3
_SHOWN_CAUSES = 20
_SHOWN_SUSPICIOUS = 5
_SHOWN_LEFT_OUT = 5

OnNetwork = Annotated[
    str | None, typer.Option("--network", help="Where there are several networks.")
]
CauseId = Annotated[str, typer.Argument(metavar="ID", help="As `risks causes list` has it.")]


@causes.command("list")
def list_causes(context: typer.Context, network: OnNetwork = None, as_json: AsJson = False) -> None:
    """List what was proposed; `noctua imagine NETWORK --tickets FILE` proposes more."""
    from channels import causes as known

    name, _ = verbs.network_clock(directory_of(context), network)
    records = known.listed(directory_of(context), name)
    if as_json:
        print_json([record.model_dump(mode="json") for record in records])
    elif not records:
        typer.echo(f"No cause was proposed for {plain(name)}.")
    for record in () if as_json else records:
        for line in cause_lines(record):
            typer.echo(line)


@causes.command("accept")
def accept(
    context: typer.Context,
    cause: CauseId,
    network: OnNetwork = None,
    reason: Reason = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Say that a cause is one: it counts from the next refresh of the register on."""
    _decide(context, cause, network, "accepted", by, reason, as_json)


@causes.command("reject")
def reject(
    context: typer.Context,
    cause: CauseId,
    network: OnNetwork = None,
    reason: Reason = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Say that a cause is none: it counts no more, whatever else hints at it."""
    _decide(context, cause, network, "rejected", by, reason, as_json)


def _decide(
    context: typer.Context,
    cause: str,
    network: str | None,
    decision: "CauseState",
    by: str,
    reason: str,
    as_json: bool,
) -> None:
    from channels import causes as known

    state = directory_of(context)
    name, _ = verbs.network_clock(state, network)
    record = known.decide(state, name, cause, decision, principal(context, by), reason)
    if as_json:
        print_json(record.model_dump(mode="json"))
        return
    for line in cause_lines(record):
        typer.echo(line)


def cause_lines(record: "CauseRecord") -> Iterator[str]:
    """A proposed cause, in sentences."""
    by = f" by {quoted(record.decided_by.name)}" if record.decided_by else ""
    why = f": {plain(record.reason)}" if record.reason else ""
    yield f"{record.id} {record.state}{by}{why}"
    called = f" {quoted(record.cause.called)}" if record.cause.called else ""
    yield f"  {record.cause.kind}{called} of {plain(members_text(record.cause))}"
    yield f"  read by {plain(record.read_by)}"
    for line in hint_lines(record.cause):
        yield f"  {line}"


def members_text(cause: "CommonCause") -> str:
    """What fails by it."""
    return ", ".join((*cause.nodes, *cause.links))


def hint_lines(cause: "CommonCause") -> Iterator[str]:
    """What it rests on, the first few."""
    for hint in cause.hints[:_SHOWN_HINTS]:
        yield f"proposed from {plain(hint.ticket)}: {plain(hint.quote)}"
    if len(cause.hints) > _SHOWN_HINTS:
        yield f"and {len(cause.hints) - _SHOWN_HINTS} more"


def print_proposed(
    console: Console,
    lines: "Sequence[ProposedLine]",
    read: "TicketsRead | None",
    left_out: Sequence[str] = (),
) -> None:
    """What tickets hint at, apart from the register, in which none of it is counted. `left_out`:
    rows of their file that are none, and why.
    """
    for told in left_out_lines(left_out):
        console.print(Text(told), soft_wrap=True)
    if read is not None:
        console.print(Text(_read_text(read)), soft_wrap=True)
        for hint in read.suspicious[:_SHOWN_SUSPICIOUS]:
            told = f"{plain(hint.ticket)} wants to be obeyed, and nobody did: {plain(hint.quote)}"
            console.print(Text(told), soft_wrap=True)
        _more(console, len(read.suspicious) - _SHOWN_SUSPICIOUS)
    if lines:
        console.print(_table(console, lines[:_SHOWN_CAUSES]))
        for line in lines[:_SHOWN_CAUSES]:
            for told in hint_lines(line.cause):
                console.print(Text(f"{line.id} {told}"), soft_wrap=True)
        _more(console, len(lines) - _SHOWN_CAUSES)


def to_decide_text(network: str, directory: str, *, is_known: bool, is_kept: bool) -> str:
    """How people decide about what was proposed for `network`, and where it has to be kept for
    that; `directory`: of `--state`.
    """
    if is_kept:
        return "`noctua risks causes accept ID --reason WHY` counts one, `reject` drops it"
    if is_known:
        return (
            "what is proposed now is not kept; without --no-keep, --traffic and --rates it is, and "
            "`noctua risks causes accept ID --reason WHY` counts one"
        )
    return (
        f"not kept: what is proposed is kept, to be accepted or rejected, for a network of --state "
        f"alone, and {plain(network)} is none of {plain(directory)}; `noctua stage FILE` puts one "
        "there"
    )


def left_out_lines(rows: Sequence[str]) -> Iterator[str]:
    """The first of them, and how many more there are."""
    yield from (f"no ticket, and left out: {plain(row)}" for row in rows[:_SHOWN_LEFT_OUT])
    if len(rows) > _SHOWN_LEFT_OUT:
        yield f"and {len(rows) - _SHOWN_LEFT_OUT:,} more (--json has them)"


def _more(console: Console, count: int) -> None:
    if count > 0:
        console.print(Text(f"and {count:,} more (--json has them)"))


def _read_text(read: "TicketsRead") -> str:
    found, known = len(read.proposed), len(read.on_record)
    return (
        f"{counted(read.tickets, 'ticket')}, {read.read:,} of which name a link or a device, read "
        f"by {plain(', '.join(read.read_by)) or 'nobody'}: {counted(found, 'cause')} on no record"
        + (f", and {known:,} that a group, a site or a version says already" if known else "")
    )


def _table(console: Console, lines: "Sequence[ProposedLine]") -> RenderableType:
    columns = [
        words("proposed", (line.id for line in lines)),
        words("by", (line.cause.kind for line in lines)),
        words("called", (plain(line.cause.called) for line in lines)),
        words("what would fail", (plain(members_text(line.cause)) for line in lines)),
        figures("minutes a year, if true", (significant(x.if_true.slo_minutes) for x in lines)),
        figures("hit", ("/".join(str(len(r.hit)) for r in x.if_true.regimes) for x in lines)),
    ]
    return fitted(console, columns, "proposed, and not counted until a person accepts it")
