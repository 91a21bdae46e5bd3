"""`audit`: the chain is recomputed, compared with what was written elsewhere, and exported."""

import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from pydantic import JsonValue

from channels.cli.output import AsJson, directory_of, print_json
from channels.cli.state import StateDirectory
from channels.report.wording import plain, utc
from tools.journal.anchors import AnchorLines, read_anchors, violation
from tools.journal.audit import GENESIS
from tools.journal.audit_export import Export, export_lines, verify_export
from tools.journal.records import Anchor
from twin.errors import BadInput

BROKEN_EXIT = 1
"""The chain is broken, or is not the one that was written down elsewhere."""

audit = typer.Typer(
    help="The audit log: a chain of hashes, which is recomputed or exported.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.add_typer(audit, name="audit")


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
    """Recompute the chain, and look up what was written down elsewhere; exit 1 if it is broken."""
    sought = _hash(head) if head is not None else None
    lines = read_anchors(against) if against is not None else AnchorLines((), ())
    seeking = {anchor.head for anchor in lines.anchors} | ({sought} if sought else set())
    found = (
        _check_file(export_file, seeking)
        if export_file is not None
        else _check_journal(directory_of(context), seeking)
    )
    comparison = _compare(found, lines.anchors, is_file=export_file is not None)
    at = _place(found, sought) if sought else None
    broken = found.check.report.first_broken is not None
    sound = not broken and not comparison.violated and (sought is None or at is not None)
    if as_json:
        print_json(_document(found, comparison, lines, sound) | {"head_at": at})
    else:
        for line in _said(found, comparison, lines, against, sought, at):
            typer.echo(plain(line))
    if not sound:
        raise typer.Exit(BROKEN_EXIT)


@audit.command()
def export(
    context: typer.Context,
    out: Annotated[
        Path | None, typer.Option("--out", help="A file.", show_default="standard output")
    ] = None,
    since: Annotated[int, typer.Option("--since", min=1, help="The first line, by number.")] = 1,
    export_format: Annotated[Format, typer.Option("--format")] = Format.JSONL,
    as_json: AsJson = False,
) -> None:
    """Write every line, and a last one with the head; the file verifies without the journal."""
    if as_json and out is None:
        raise BadInput("--json tells where a file was written; name one with --out")
    with directory_of(context).read_only_journal() as journal:
        head = journal.audit_head()
        if since > 1 and head is not None and since > head.length:
            raise BadInput(f"the chain has {head.length} lines; there is no line {since}")
        lines = export_lines(journal.audit_rows(since), export_format.value)
        if out is None:
            for line in lines:
                typer.echo(line, nl=False)
            return
        # A disk that is full half-way must not cost the export that was there before.
        draft = out.with_name(f"{out.name}.part")
        try:
            with draft.open("w", encoding="utf-8", newline="") as file:
                file.writelines(lines)
            draft.replace(out)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise BadInput(f"{out}: cannot be written ({error.strerror})") from error
    if as_json:
        print_json({"path": str(out), "format": export_format.value, "first": since})
    else:
        typer.echo(str(out))


class _Comparison(NamedTuple):
    """`uncovered`: anchors of which an exported file holds neither the line nor the one before."""

    violated: tuple[tuple[Anchor, str], ...]
    held: int
    uncovered: int


def _check_journal(directory: StateDirectory, seeking: set[str]) -> Export:
    with directory.read_only_journal() as journal:
        return Export(1, GENESIS, journal.check_audit(seeking))


def _check_file(file: Path, seeking: set[str]) -> Export:
    try:
        with file.open(encoding="utf-8", errors="surrogateescape", newline="") as lines:
            return verify_export(lines, seeking)
    except OSError as error:
        raise BadInput(f"{file}: cannot be read ({error.strerror})") from error


def _compare(found: Export, anchors: Sequence[Anchor], *, is_file: bool) -> _Comparison:
    report = found.check.report
    last = found.first + report.length - 1
    places = dict(found.check.places) | {found.previous: found.first - 1}
    whole = report.model_copy(update={"length": last})
    covered = [a for a in anchors if not is_file or found.first - 1 <= a.length <= last]
    violated = [(a, why) for a in covered if (why := violation(a, whole, places))]
    held = len(covered) - len(violated)
    return _Comparison(tuple(violated), held, len(anchors) - len(covered))


def _place(found: Export, sought: str) -> int | None:
    if sought == found.previous:
        return found.first - 1
    return found.check.places.get(sought)


def _hash(text: str) -> str:
    given = text.strip().lower()
    if not re.fullmatch("[0-9a-f]{64}", given):
        raise BadInput(
            f'"{text}" is not a head; it has 64 hexadecimal digits, as a report names it'
        )
    return given


def _document(
    found: Export, comparison: _Comparison, lines: AnchorLines, sound: bool
) -> dict[str, JsonValue]:
    return {
        **found.check.report.model_dump(mode="json"),
        "first": found.first,
        "sound": sound,
        "anchors": {
            "held": comparison.held,
            "uncovered": comparison.uncovered,
            "unreadable_lines": list(lines.unreadable),
            "violated": [
                {**anchor.model_dump(mode="json"), "why": why}
                for anchor, why in comparison.violated
            ],
        },
    }


def _said(
    found: Export,
    comparison: _Comparison,
    lines: AnchorLines,
    against: Path | None,
    sought: str | None,
    at: int | None,
) -> list[str]:
    report = found.check.report
    last = found.first + report.length - 1
    part = f" from line {found.first} on, which follows {found.previous}" if found.first > 1 else ""
    said = []
    if report.first_broken is None:
        said.append(f"the chain holds: {report.length} lines{part}, every hash recomputed")
    else:
        said.append(
            f"the chain is broken at line {report.first_broken} of {report.length}{part}: "
            f"{report.why}"
        )
    said.append(f"head {report.head}")
    if against is not None:
        said += _said_of_anchors(comparison, lines, against)
    if sought is not None:
        said.append(
            f"the head {sought} stands at line {at}; {last - at} lines follow it"
            if at is not None
            else f"the head {sought} stands nowhere: this is not the chain that it was taken from, "
            "or its end was cut off"
        )
    return said


def _said_of_anchors(comparison: _Comparison, lines: AnchorLines, file: Path) -> list[str]:
    said = [f"{file}: {comparison.held} of {len(lines.anchors)} anchors stand in the chain"]
    if comparison.uncovered:
        said.append(f"{comparison.uncovered} anchors are of lines that the exported file lacks")
    if lines.unreadable:
        numbers = ", ".join(map(str, lines.unreadable[:10]))
        said.append(f"lines that are no anchors, and were passed over: {numbers}")
    return said + [
        f"anchored at {utc(anchor.time_s)} UTC, length {anchor.length}, head {anchor.head}: {why}"
        for anchor, why in comparison.violated
    ]
