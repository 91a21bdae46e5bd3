"""`prune`: what is kept no longer is dropped, and the disk has its room back."""

import time
from typing import Annotated

import typer

from channels import verbs
from channels.cli.output import AsJson, directory_of, print_json
from channels.report.wording import plain
from graphs.pruning import KEPT_DAYS, Droppable
from twin.nouns.counted import counted

_NAMED = 5


def prune(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be dropped, and drop nothing.")
    ] = False,
    days: Annotated[
        float,
        typer.Option(
            "--days",
            min=1.0,
            help="How long traces and alerts are kept, and what was learned of a network that "
            "nobody watches.",
        ),
    ] = KEPT_DAYS,
    as_json: AsJson = False,
) -> None:
    """Drop checkpoints of what has ended, and what was learned of networks that nobody watches.

    The journal and its audit log are kept for ever. It may run beside a watch.
    """
    found = verbs.prune(directory_of(context), time.time(), days, dry_run=dry_run)
    if as_json:
        document = {"dry_run": dry_run, "total": found.total, **found.model_dump(mode="json")}
        print_json(document)
        return
    for line in _lines(found):
        typer.echo(plain(line))
    would = "would be free again, about" if dry_run else "is free again"
    if found.total:
        typer.echo(f"{megabytes(found.total)} {would}")
    elif not found.alerts:
        typer.echo("nothing is to be dropped")


def megabytes(size: int) -> str:
    """`size`, in bytes, for people."""
    return f"{size / 1e6:.1f} MB"


def _lines(found: Droppable) -> list[str]:
    lines = []
    if found.checkpoints:
        ended = counted(len(found.ended), "incident that has ended", "incidents that have ended")
        of = [f"{ended}{_named(found.ended)}"]
        if found.steps:
            of.append(f"{counted(found.steps, 'earlier step')} of incidents in work")
        lines.append(f"checkpoints  {megabytes(found.checkpoints):>10}  {'; '.join(of)}")
    if found.unwatched:
        of_networks = f"networks that nobody watches{_named(found.unwatched)}"
        lines.append(f"trackers     {megabytes(found.learned):>10}  {of_networks}")
    if found.traces:
        lines.append(
            f"traces       {megabytes(found.traced):>10}  {counted(len(found.traces), 'old one')}"
        )
    if found.alerts:
        what = f"{counted(found.alerts, 'old one')}; the journal uses their room again"
        lines.append(f"alerts       {'':>10}  {what}")
    return lines


def _named(names: tuple[str, ...]) -> str:
    if not names:
        return ""
    more = ", ..." if len(names) > _NAMED else ""
    return f" ({', '.join(names[:_NAMED])}{more})"
