"""The audit chain as a file: every line as it is stored, and a last one with the head.

Such a file verifies by itself, without the journal. In JSON lines, `data` is an object wherever
that says the same as the stored text. In CSV it is the stored text, and a text that a spreadsheet
would take for a formula has an apostrophe before it.
"""

import csv
import io
import json
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Literal, NamedTuple

from tools.csv_cells import guarded_cell, plain_cell
from tools.journal.audit import COLUMNS, GENESIS, Row, canonical, verify
from tools.journal.records import AuditCheck
from twin.errors import BadInput

ExportFormat = Literal["jsonl", "csv"]

END = "end"
"""The key (in CSV: the number) of the last line."""

_LONGEST_CELL = 2**31 - 1


class _NoAuditLine(Exception):
    """A line of the file holds something else."""


class Export(NamedTuple):
    """What a file holds. `first`: the number of its first line; what stands before it is not there.

    `previous`: the hash that the first line names as that of the line before.
    """

    first: int
    previous: str
    check: AuditCheck


class _End(NamedTuple):
    head: str
    length: int


def export_lines(rows: Iterable[Row], form: ExportFormat) -> Iterator[str]:
    """The lines of the file, each with its line end. `head` and `length`: of the last row."""
    if form == "csv":
        yield _csv_line(COLUMNS)
    write = _csv_row if form == "csv" else _json_row
    end = _End(GENESIS, 0)
    for row in rows:
        yield write(row)
        end = _End(row.hash, row.seq)
    if form == "csv":
        yield _csv_line((END, "", "", "", "", str(end.length), "", end.head))
    else:
        yield json.dumps({END: True, "length": end.length, "head": end.head}) + "\n"


def verify_export(lines: Iterable[str], seeking: Collection[str] = ()) -> Export:
    """Recompute the chain in an exported file; CSV is told by its first line.

    Raises:
        BadInput: it is no such file.
    """
    parts = _Parts(_read(lines))
    rows = parts.rows()
    first = next(rows, None)
    start = (first.seq, str(first.previous)) if first else (1, GENESIS)
    whole = _again(first, rows)
    check = verify(whole, frozenset(seeking), first=start[0], previous=start[1])
    report = check.report
    if start[0] == 1 and start[1] != GENESIS and report.first_broken is None:
        report = report.model_copy(
            update={"first_broken": 1, "why": "the first line of a chain follows no other"}
        )
    if wrong := parts.wrong_end(start[0] + report.length - 1, report.head):
        at = report.first_broken or start[0] + report.length
        why = report.why or wrong
        report = report.model_copy(update={"first_broken": at, "why": why})
    return Export(start[0], start[1], check.model_copy(update={"report": report}))


class _Parts:
    """Divides a file into its rows and its end, while it is read."""

    def __init__(self, items: Iterator[Row | _End]) -> None:
        self._items = items
        self._end: _End | None = None
        self._broken = ""

    def rows(self) -> Iterator[Row]:
        try:
            for item in self._items:
                if isinstance(item, _End):
                    self._end = item
                    break
                yield item
            if next(self._items, None) is not None:
                self._broken = "more lines follow the one that states the head"
        except _NoAuditLine as error:
            self._broken = f"the file holds something else there: {error}"

    def wrong_end(self, length: int, head: str) -> str:
        if self._broken:
            return self._broken
        if self._end is None:
            return "the file ends before the line that states the head: it was cut off"
        if self._end != (head, length):
            return (
                f"the file says that the chain ends with line {self._end.length}, {self._end.head}"
            )
        return ""


def _again(first: Row | None, rest: Iterator[Row]) -> Iterator[Row]:
    if first is not None:
        yield first
        yield from rest


def _read(lines: Iterable[str]) -> Iterator[Row | _End]:
    source = iter(lines)
    head = next(source, None)
    if head is None:
        raise BadInput("the file is empty, and an exported audit log has at least its last line")
    if head.strip() == ",".join(COLUMNS):
        return _read_csv(source)
    try:
        _from_json(head)
    except _NoAuditLine as error:
        raise BadInput(
            f"the file is no exported audit log ({error}); write one with `noctua audit export`"
        ) from error
    return _read_json(head, source)


def _read_json(head: str, rest: Iterator[str]) -> Iterator[Row | _End]:
    yield _from_json(head)
    yield from (_from_json(line) for line in rest if line.strip())


def _from_json(line: str) -> Row | _End:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _NoAuditLine("a line is not JSON") from error
    if not isinstance(found, dict):
        raise _NoAuditLine("a line is not an object")
    if found.get(END) is True:
        return _End(str(found.get("head")), _whole(found.get("length")))
    values = {name: found.get(name) for name in COLUMNS}
    data = values["data"]
    values["data"] = canonical(data) if isinstance(data, dict) else data
    return _row(values)


def _read_csv(lines: Iterator[str]) -> Iterator[Row | _End]:
    # The limit is of the whole process: what others read keeps theirs.
    before = csv.field_size_limit(_LONGEST_CELL)
    try:
        yield from map(_from_cells, csv.reader(lines))
    except csv.Error as error:
        raise _NoAuditLine(str(error)) from error
    finally:
        csv.field_size_limit(before)


def _from_cells(cells: list[str]) -> Row | _End:
    if len(cells) != len(COLUMNS):
        raise _NoAuditLine(f"a line has {len(cells)} cells, not {len(COLUMNS)}")
    values: dict[str, Any] = dict(zip(COLUMNS, map(_from_cell, cells), strict=True))
    if values["seq"] == END:
        return _End(values["hash"], _whole(_number(values["data"], int)))
    values["seq"] = _number(values["seq"], int)
    values["time_s"] = _number(values["time_s"], float)
    return _row(values)


def _row(values: dict[str, Any]) -> Row:
    _whole(values["seq"])
    if not isinstance(values["hash"], str):
        raise _NoAuditLine("a line has no hash")
    return Row(**values)


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _NoAuditLine("a line has no number")
    return value


def _number(text: str, kind: Callable[[str], int | float]) -> int | float | str:
    try:
        return kind(text)
    except ValueError:
        return text


def _json_row(row: Row) -> str:
    values = row._asdict()
    values["data"] = _as_object(row.data)
    return json.dumps(values, default=repr) + "\n"


def _as_object(text: Any) -> Any:
    """The object that `text` stands for, or `text` where writing that would not give it again."""
    try:
        found = json.loads(text)
        return found if isinstance(found, dict) and canonical(found) == text else text
    except (TypeError, ValueError):
        return text


def _csv_row(row: Row) -> str:
    return _csv_line(tuple(map(guarded_cell, row)))


def _csv_line(cells: Iterable[object]) -> str:
    line = io.StringIO()
    # RFC 4180; both characters are also what is quoted within a text.
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue()


def _from_cell(text: str) -> str:
    try:
        return plain_cell(text)
    except (ValueError, RecursionError) as error:
        raise _NoAuditLine("a cell is not as it was written") from error
