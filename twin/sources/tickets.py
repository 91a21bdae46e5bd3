"""Trouble tickets and work notices in a file.

    id,time,text                     CSV with a header; other columns are left alone
    TT-1,2026-03-03 19:00,"Essen-Dortmund and Essen-Köln lost at the river bridge"

    {"id": "TT-1", "time": "2026-03-03T19:00Z", "text": "..."}

one JSON object a line, or a list of them. Times are ISO 8601 (UTC where no offset is given), or
Unix seconds. What the text says is data, whatever it says. A row that is no ticket is left out, and
told: what the others hint at is proposed to people, and true without it.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from twin.errors import BadInput
from twin.nouns.objection import objection
from twin.nouns.ticket import Ticket
from twin.nouns.untrusted import UntrustedText
from twin.sources.formats.edge_list import separator_of
from twin.sources.formats.json_text import json_value

MOST_TICKETS = 20_000
LONGEST_TEXT = 100_000
"""Characters of one text; more is no ticket."""

_COLUMNS = ("id", "time", "text")

_NAMED = 3
"""Of rows that are none, where a file has no others."""

_FORM = "a ticket has an id, a time such as 2026-03-03 19:00, and a text"

_Row = tuple[str, Mapping[str, Any] | str]
"""Where it stands, and its fields, or why it has none."""


@dataclass(frozen=True, slots=True)
class TicketFile:
    """`tickets`: in order of time. `left_out`: rows that are none, each with its place and why."""

    tickets: tuple[Ticket, ...]
    left_out: tuple[str, ...] = ()


class _Written(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str = Field(min_length=1, max_length=64, coerce_numbers_to_str=True)
    time: datetime
    text: str = Field(max_length=LONGEST_TEXT)


def read_tickets(text: str, name: str) -> TicketFile:
    """What is in `text`. `name`: of the source. Of rows with the same id the first is a ticket.

    Raises:
        BadInput: a column is missing, what follows a line cannot be told apart, none of its rows is
            a ticket, or there are more than MOST_TICKETS. The text names the source and the line.
    """
    rows = _json_rows(text, name) if text.lstrip()[:1] in ("{", "[") else _csv_rows(text, name)
    found, left_out = dict[str, Ticket](), list[str]()
    for number, (where, row) in enumerate(rows):
        if number == MOST_TICKETS:
            raise BadInput(
                f"{name}: it has more than {MOST_TICKETS:,} tickets; give those that matter"
            )
        ticket = row if isinstance(row, str) else _ticket(row)
        if isinstance(ticket, Ticket) and ticket.id in found:
            ticket = f'ticket "{ticket.id}" stands there twice'
        if isinstance(ticket, str):
            left_out.append(f"{where}: {ticket}")
        else:
            found[ticket.id] = ticket
    if left_out and not found:
        more = len(left_out) - _NAMED
        told = "; ".join(left_out[:_NAMED]) + (f"; and {more:,} more" if more > 0 else "")
        raise BadInput(f"{name}: none of its rows is a ticket ({told}); {_FORM}")
    in_order = sorted(found.values(), key=lambda ticket: (ticket.time_s, ticket.id))
    return TicketFile(tuple(in_order), tuple(left_out))


def _ticket(row: Mapping[str, Any]) -> Ticket | str:
    """The ticket, or why it is none."""
    try:
        written = _Written.model_validate(row)
    except ValidationError as exc:
        return "; ".join(map(objection, exc.errors()))
    if not written.id.isprintable():
        return "the id has characters that cannot be printed"
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
                yield where, f"{len(row)} fields, and {len(titles)} in the header"
            else:
                yield where, dict(zip(titles, row, strict=True))
    except csv.Error as exc:
        raise BadInput(f"{name}, line {reader.line_num}: not CSV ({exc})") from exc


def _json_rows(text: str, name: str) -> Iterable[_Row]:
    if text.lstrip().startswith("["):
        document = json_value(text, name)
        rows = document if isinstance(document, list) else []
        return ((f"{name}, entry {i}", _object(row)) for i, row in enumerate(rows, 1))
    lines = ((i, line) for i, line in enumerate(text.split("\n"), 1) if line.strip())
    return ((f"{name}, line {i}", _decoded(line)) for i, line in lines)


def _decoded(line: str) -> Mapping[str, Any] | str:
    try:
        return _object(json.loads(line))
    except (ValueError, RecursionError) as exc:
        return f"not JSON ({exc})"


def _object(value: object) -> Mapping[str, Any] | str:
    return value if isinstance(value, dict) else f"no object with {', '.join(_COLUMNS)}"
