"""`work`: announce work on links and nodes, and see what it will do."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console, RenderableType
from rich.text import Text

from channels import verbs
from channels.announced_work import Listed
from channels.cli.moments import parse_moment_s
from channels.cli.output import AsJson, By, Column, directory_of, fitted, new_console, print_json
from channels.cli.principal import principal
from channels.impact import dependents_lines
from channels.report.wording import percent, plain, quoted, utc
from twin.nouns.foretold import Foretold, breach_text

work = typer.Typer(
    help="Announced work: what it may do is expected, and what it will do to services is said.",
    no_args_is_help=True,
    add_completion=False,
)

OnNetwork = Annotated[
    str | None, typer.Option("--network", help="Where there are several networks.")
]


@work.command("add")
def add(
    context: typer.Context,
    resources: Annotated[
        list[str],
        typer.Argument(metavar="LINK|NODE...", help="What is worked on; of a node, all links."),
    ],
    starts: Annotated[
        str, typer.Option("--from", help='"2026-03-03 19:00" (UTC), ISO 8601, "now" or "+2h".')
    ],
    ends: Annotated[str, typer.Option("--to", help='The same; "+2h" counts from the beginning.')],
    work_id: Annotated[
        str, typer.Option("--id", help="The change id that the crew commits under.")
    ] = "",
    contractor: Annotated[
        str,
        typer.Option("--contractor", help="Whose crew: what it does in a day may fail together."),
    ] = "",
    network: OnNetwork = None,
    accept_breach: Annotated[
        bool, typer.Option("--accept-breach", help="Even where services come into breach.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why that is accepted.")] = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Announce work, once it is known what it does to services at the busiest hour of its time."""
    state = directory_of(context)
    name, now_s = verbs.network_clock(state, network)
    starts_s = parse_moment_s(starts, now_s)
    announced = verbs.announce_work(
        state,
        name,
        resources,
        starts_s,
        parse_moment_s(ends, starts_s),
        principal(context, by),
        work_id=work_id,
        contractor=contractor,
        accept_breach=accept_breach,
        reason=reason,
    )
    if as_json:
        print_json(announced.model_dump(mode="json"))
        return
    told = announced.foretold.work
    typer.echo(
        f"{told.id} is announced on {announced.network}: {', '.join(told.links)}, "
        f"{utc(told.starts_s)} to {utc(told.ends_s)} UTC"
    )
    typer.echo(effect_text(announced.foretold))
    for line in dependents_lines(announced.service_impact):
        typer.echo(line)


@work.command("list")
def list_work(context: typer.Context, network: OnNetwork = None, as_json: AsJson = False) -> None:
    """List announced work, with what it will do."""
    entries = verbs.announced_work(directory_of(context), network)
    if as_json:
        print_json([entry.model_dump(mode="json") for entry in entries])
    elif entries:
        console = new_console()
        console.print(_table(console, entries))
    else:
        typer.echo("No work is announced.")


@work.command("cancel")
def cancel(
    context: typer.Context,
    work_id: Annotated[str, typer.Argument(metavar="ID")],
    network: OnNetwork = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is audited.")] = "",
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Cancel announced work: from now on it explains nothing."""
    state = directory_of(context)
    name, _ = verbs.network_clock(state, network)
    who = principal(context, by)
    record = verbs.cancel_work(state, name, work_id, who, reason)
    if as_json:
        print_json(record.model_dump(mode="json"))
    else:
        typer.echo(f"{plain(work_id)} on {name} is cancelled, by {quoted(who.name)}")


def effect_text(foretold: Foretold) -> str:
    """What work does, in one sentence."""
    beside = f" (with {', '.join(foretold.beside)})" if foretold.beside else ""
    return (
        f"At its busiest hour, {utc(foretold.busiest_s)} UTC{beside}: "
        f"{breach_text(foretold.in_breach)}; "
        f"{plain(foretold.egress)} is the fullest at {percent(foretold.max_utilisation)}"
    )


def _table(console: Console, entries: Sequence[Listed]) -> RenderableType:
    contractors = [Text(plain(e.work.contractor)) for e in entries]
    return fitted(
        console,
        (
            Column("network", [Text(plain(e.network)) for e in entries], goes=2),
            Column("id", [Text(plain(e.work.id)) for e in entries], whole=True),
            Column("from (UTC)", [Text(utc(e.work.starts_s)) for e in entries], whole=True),
            Column("to (UTC)", [Text(utc(e.work.ends_s)) for e in entries], whole=True),
            Column("links", [Text(", ".join(map(plain, e.work.links))) for e in entries]),
            *([Column("contractor", contractors, goes=3)] if any(contractors) else []),
            Column("what it does", [Text(_effect(e)) for e in entries], goes=1),
        ),
    )


def _effect(entry: Listed) -> str:
    if entry.record is not None and entry.record.cancelled_s is not None:
        return "cancelled"
    return breach_text(entry.foretold.in_breach) if entry.foretold else ""
