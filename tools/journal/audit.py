"""The audit chain: every line carries the hash of the line before it."""

import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from pydantic import JsonValue

from tools.journal.errors import JournalFailed
from tools.journal.records import AuditCheck, AuditHead, AuditLine, AuditReport

GENESIS = "0" * 64
"""What the first line names as the line before it."""

COLUMNS = ("seq", "time_s", "actor", "action", "subject", "data", "previous", "hash")

_COLUMNS = ", ".join(COLUMNS)

_BATCH = 1000
"""Rows that are read at once, so that nobody who reads slowly keeps the database's log growing."""

_SMALLEST = -(2**63)


class Row(NamedTuple):
    """A line as it is stored; whoever altered it may have left values of any type.

    `data`: the canonical JSON text that the hash is over.
    """

    seq: Any
    time_s: Any
    actor: Any
    action: Any
    subject: Any
    data: Any
    previous: Any
    hash: Any


def append(
    connection: sqlite3.Connection,
    time_s: float,
    actor: str,
    action: str,
    subject: str,
    data: dict[str, JsonValue],
) -> AuditLine:
    """Add a line within the transaction that is open on `connection`."""
    last = head(connection)
    seq, text = last.length + 1, canonical(data)
    # SQLite stores no negative zero, over which the hash would be another one.
    row = Row(seq, float(time_s) + 0.0, actor, action, subject, text, last.head, "")
    row = row._replace(hash=_hash(row))
    connection.execute(f"INSERT INTO audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    return _line(row)


def head(connection: sqlite3.Connection) -> AuditHead:
    """Where the chain ends, as its last line says."""
    last = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    return AuditHead(length=last[0], head=last[1]) if last else AuditHead(length=0, head=GENESIS)


def lines(connection: sqlite3.Connection, subject: str | None = None) -> tuple[AuditLine, ...]:
    """All lines, oldest first; those about one subject, where that is given."""
    about = "" if subject is None else "WHERE subject = ?"
    given = () if subject is None else (subject,)
    found = connection.execute(f"SELECT {_COLUMNS} FROM audit {about} ORDER BY seq", given)
    return tuple(_line(Row(*row)) for row in found)


def batch(connection: sqlite3.Connection, after_seq: int | None) -> list[Row]:
    """Some lines as they are stored, from the first after `after_seq` on; none where it ends."""
    query = f"SELECT {_COLUMNS} FROM audit WHERE seq > ? ORDER BY seq LIMIT {_BATCH}"
    # Whoever altered the chain may have given a line any number.
    after = _SMALLEST if after_seq is None else after_seq
    return [Row(*row) for row in connection.execute(query, (after,))]


def verify(
    found: Iterable[Row], seeking: Collection[str] = (), *, first: int = 1, previous: str = GENESIS
) -> AuditCheck:
    """Recompute every hash, from the text as it stands, and say where the hashes sought stand.

    `first`, `previous`: the number of the first line, and the hash that it has to name.
    """
    length, first_broken, why, expected = 0, None, "", first
    places: dict[str, int] = {}
    for row in found:
        wrong = _wrong(row, expected, previous)
        if wrong and first_broken is None:
            first_broken, why = expected, wrong
        if row.hash in seeking:
            places[row.hash] = row.seq
        previous, length, expected = str(row.hash), length + 1, row.seq + 1
    report = AuditReport(head=previous, length=length, first_broken=first_broken, why=why)
    return AuditCheck(report=report, places=places)


def canonical(data: dict[str, JsonValue]) -> str:
    """The text of `data` that the hash is over."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _wrong(row: Row, expected: int, previous: str) -> str:
    if row.seq != expected:
        return f"it is missing; line {row.seq} stands in its place"
    if row.hash != _hash(row):
        return "its hash is not that of its content, so one of the two was altered"
    if row.previous != previous:
        return "it does not follow the line before it, so one of the two was replaced"
    return ""


def _hash(row: Row) -> str:
    # A forger may leave a type that JSON lacks; it must break the chain and not the verification.
    text = json.dumps(row[:-1], default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


def _line(row: Row) -> AuditLine:
    try:
        return AuditLine(**{**row._asdict(), "data": json.loads(row.data)})
    except (TypeError, ValueError) as error:
        raise JournalFailed(
            f"line {row.seq} of the audit log is damaged or was altered; see `noctua audit verify`"
        ) from error
