"""`audit`: the chain is recomputed, compared with what was written elsewhere, and exported."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from channels import verbs
from channels.audit import AuditVerdict, CheckedAnchors
from channels.cli.output import AsJson, By, directory_of, print_json
from channels.cli.principal import typed
from channels.report.wording import plain, quoted, utc
from channels.sealed import sealed_text
from channels.whole_file import whole_file
from twin.errors import BadInput
from twin.nouns.counted import counted

BROKEN_EXIT = 1
"""The chain is broken, or is not the one that was written down elsewhere."""

audit = typer.Typer(
    help="The audit log: a chain of hashes, which is recomputed or exported.",
    no_args_is_help=True,
    add_completion=False,
)


class Format(StrEnum):
    """How an exported chain is written."""

    JSONL = "jsonl"
    CSV = "csv"


@audit.command()
def verify(
    context: typer.Context,
    against: Annotated[
        Path | None, typer.Option("--against", help="A file of anchors; see audit.anchor_file.")
    ] = None,
    head: Annotated[
        str | None, typer.Option("--head", help="A head that a report or an export names.")
    ] = None,
    export_file: Annotated[
        Path | None, typer.Option("--export", help="An exported file instead of the journal.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare all of the journal with what was written; exit 1 if anything is something else.

    The chain is recomputed, every row is compared with its seal, and what was written down
    elsewhere (the mark beside the key, anchors) is looked up.
    """
    verdict = verbs.verify_audit(directory_of(context), against, head, export_file)
    if as_json:
        print_json(verdict.model_dump(mode="json"))
    else:
        for line in _said(verdict, head):
            typer.echo(plain(line))
    if not verdict.sound:
        raise typer.Exit(BROKEN_EXIT)


@audit.command()
def vouch(
    context: typer.Context,
    reason: Annotated[
        str,
        typer.Option("--reason", help="What was looked at, and why it is right; it is audited."),
    ],
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Vouch for the journal as it stands: a copy was put back, or the key was changed or lost."""
    who = typed(by)
    verbs.vouch(directory_of(context), who, reason)
    if as_json:
        print_json({"by": who.model_dump(mode="json"), "reason": reason})
    else:
        typer.echo(f"the journal is sealed as it stands, by {quoted(who.name)}")


@audit.command()
def export(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option("--out", help="A file, or -.", show_default="standard output")
    ] = None,
    since: Annotated[int, typer.Option("--since", min=1, help="The first line, by number.")] = 1,
    export_format: Annotated[Format, typer.Option("--format")] = Format.JSONL,
    as_json: AsJson = False,
) -> None:
    """Write every line, and a last one with the head; the file verifies without the journal."""
    if out == Path("-"):
        out = None
    if as_json and out is None:
        raise BadInput("--json tells where a file was written; name one with --out")
    lines = verbs.export_audit(directory_of(context), since, export_format.value)
    if out is None:
        for line in lines:
            typer.echo(line, nl=False)
        return
    # A disk that is full half-way must not cost the export that was there before.
    with whole_file(out) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        file.writelines(lines)
    if as_json:
        print_json({"path": str(out), "format": export_format.value, "first": since})
    else:
        typer.echo(str(out))


def _said(verdict: AuditVerdict, head: str | None) -> Iterator[str]:
    part = ""
    if verdict.first > 1:
        part = f" from line {verdict.first} on, which follows {verdict.previous}"
    if verdict.first_broken is None:
        yield f"the chain holds: {counted(verdict.length, 'line')}{part}, every hash recomputed"
    else:
        yield (
            f"the chain is broken at line {verdict.first_broken} of {verdict.length}{part}: "
            f"{verdict.why}"
        )
    yield f"head {verdict.head}"
    if verdict.seals is not None:
        yield sealed_text(verdict.seals)
    if verdict.mark:
        yield f"the journal is not the one that was marked: {verdict.mark}"
    if verdict.damage:
        yield f"the file is damaged: {verdict.damage}"
    if verdict.anchors.file:
        yield from _said_of_anchors(verdict.anchors)
    if head is not None and verdict.head_at is not None:
        following = verdict.last - verdict.head_at
        yield (
            f"the head {head} stands at line {verdict.head_at}; "
            f"{counted(following, 'line follows', 'lines follow')} it"
        )
    elif head is not None:
        yield (
            f"the head {head} stands nowhere: this is not the chain that it was taken from, or its "
            "end was cut off"
        )


def _said_of_anchors(anchors: CheckedAnchors) -> Iterator[str]:
    count = anchors.held + len(anchors.violated) + anchors.uncovered
    yield (
        f"{anchors.file}: {anchors.held} of "
        f"{counted(count, 'anchor stands', 'anchors stand')} in the chain"
    )
    if anchors.uncovered:
        yield (
            f"{counted(anchors.uncovered, 'anchor is', 'anchors are')} of lines that the "
            "exported file lacks"
        )
    if anchors.unreadable_lines:
        numbers = ", ".join(map(str, anchors.unreadable_lines[:10]))
        yield f"lines that are no anchors, and were passed over: {numbers}"
    for anchor in anchors.violated:
        yield (
            f"anchored at {utc(anchor.time_s)} UTC, length {anchor.length}, head {anchor.head}: "
            f"{anchor.why}"
        )
