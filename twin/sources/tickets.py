"""Trouble tickets and work notices in a file.

    id,time,text                     CSV with a header; other columns are left alone
    TT-1,2026-03-03 19:00,"Essen-Dortmund and Essen-Köln lost at the river bridge"

    {"id": "TT-1", "time": "2026-03-03T19:00Z", "text": "..."}

one JSON object a line, or a list of them. Times are ISO 8601 (UTC where no offset is given), or
Unix seconds. What the text says is data, whatever it says.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from twin.errors import BadInput
from twin.nouns.ticket import Ticket
from twin.nouns.untrusted import UntrustedText
from twin.sources.formats.edge_list import separator_of
from twin.sources.formats.json_text import json_value

MOST_TICKETS = 20_000
LONGEST_TEXT = 100_000
"""Characters of one text; more is no ticket."""

_COLUMNS = ("id", "time", "text")

_Row = tuple[str, Mapping[str, Any]]
"""Where it stands, for errors, and its fields."""


class _Written(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str = Field(min_length=1, max_length=64, coerce_numbers_to_str=True)
    time: datetime
    text: str = Field(max_length=LONGEST_TEXT)


def read_tickets(text: str, name: str) -> tuple[Ticket, ...]:
    """The tickets in `text`, in order of time. `name`: of the source.

    Raises:
        BadInput: a column or field is missing or no such thing, an id stands there twice, or there
            are more than MOST_TICKETS. The text names the source and the line.
    """
    rows = _json_rows(text, name) if text.lstrip()[:1] in ("{", "[") else _csv_rows(text, name)
    found: dict[str, Ticket] = {}
    for where, row in rows:
        ticket = _ticket(where, row)
        if ticket.id in found:
            raise BadInput(f'{where}: ticket "{ticket.id}" stands there twice')
        if len(found) == MOST_TICKETS:
            raise BadInput(
                f"{name}: it has more than {MOST_TICKETS:,} tickets; give those that matter"
            )
        found[ticket.id] = ticket
    return tuple(sorted(found.values(), key=lambda ticket: (ticket.time_s, ticket.id)))


def _ticket(where: str, row: Mapping[str, Any]) -> Ticket:
    try:
        written = _Written.model_validate(row)
    except ValidationError as exc:
        wrong = exc.errors()[0]
        raise BadInput(
            f"{where}: {'.'.join(map(str, wrong['loc']))}: {wrong['msg']}; a ticket has an id, a "
            "time such as 2026-03-03 19:00, and a text"
        ) from None
    if not written.id.isprintable():
        raise BadInput(f"{where}: the id has characters that cannot be printed")
    at = written.time if written.time.tzinfo else written.time.replace(tzinfo=UTC)
    return Ticket(written.id, at.timestamp(), UntrustedText(written.text))


def _csv_rows(text: str, name: str) -> Iterator[_Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator_of(text))
    try:
        titles = [title.strip().casefold() for title in next(reader, [])]
        missing = [column for column in _COLUMNS if column not in titles]
        if missing:
            wanted = ",".join(_COLUMNS)
            raise BadInput(f"{name}: the header has no {missing[0]}; expected {wanted}")
        for row in reader:
            where = f"{name}, line {reader.line_num}"
            if not any(map(str.strip, row)):
                continue
            if len(row) != len(titles):
                raise BadInput(f"{where}: {len(row)} fields, and {len(titles)} in the header")
            yield where, dict(zip(titles, row, strict=True))
    except csv.Error as exc:
        raise BadInput(f"{name}, line {reader.line_num}: not CSV ({exc})") from exc


def _json_rows(text: str, name: str) -> Iterable[_Row]:
    if text.lstrip().startswith("["):
        document = json_value(text, name)
        rows = document if isinstance(document, list) else []
        return (
            (f"{name}, entry {i}", _object(row, f"{name}, entry {i}"))
            for i, row in enumerate(rows, 1)
        )
    lines = ((i, line) for i, line in enumerate(text.split("\n"), 1) if line.strip())
    return (
        (f"{name}, line {i}", _object(_decoded(line, f"{name}, line {i}"), f"{name}, line {i}"))
        for i, line in lines
    )


def _decoded(line: str, where: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise BadInput(f"{where}: not JSON ({exc})") from exc


def _object(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadInput(f"{where}: expected an object with {', '.join(_COLUMNS)}")
    return value
