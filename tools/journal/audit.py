"""The audit chain: every line carries the hash of the line before it."""

import hashlib
import json
import sqlite3

from pydantic import JsonValue

from tools.journal.records import AuditLine, AuditReport

GENESIS = "0" * 64
"""What the first line names as the line before it."""

_COLUMNS = "seq, time_s, actor, action, subject, data, previous, hash"


def append(
    connection: sqlite3.Connection,
    time_s: float,
    actor: str,
    action: str,
    subject: str,
    data: dict[str, JsonValue],
) -> AuditLine:
    """Add a line within the transaction that is open on `connection`."""
    last = connection.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    seq, previous = (last[0] + 1, last[1]) if last else (1, GENESIS)
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
    digest = _hash(seq, float(time_s), actor, action, subject, text, previous)
    row = (seq, float(time_s), actor, action, subject, text, previous, digest)
    connection.execute(f"INSERT INTO audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    return _line(row)


def lines(connection: sqlite3.Connection, subject: str | None = None) -> tuple[AuditLine, ...]:
    """All lines, oldest first; those about one subject, where that is given."""
    about = "" if subject is None else "WHERE subject = ?"
    given = () if subject is None else (subject,)
    rows = connection.execute(f"SELECT {_COLUMNS} FROM audit {about} ORDER BY seq", given)
    return tuple(_line(tuple(row)) for row in rows)


def verify(connection: sqlite3.Connection) -> AuditReport:
    """Recompute every hash, from the stored text as it stands."""
    previous, length, first_broken, expected = GENESIS, 0, None, 1
    for row in connection.execute(f"SELECT {_COLUMNS} FROM audit ORDER BY seq"):
        seq, time_s, actor, action, subject, data, named, digest = row
        recomputed = _hash(seq, time_s, actor, action, subject, data, named)
        sound = seq == expected and named == previous and digest == recomputed
        if not sound and first_broken is None:
            first_broken = expected
        previous, length, expected = str(digest), length + 1, seq + 1
    return AuditReport(head=previous, length=length, first_broken=first_broken)


def _hash(
    seq: int, time_s: float, actor: str, action: str, subject: str, data: str, previous: str
) -> str:
    # A forger may leave a type that JSON lacks; it must break the chain and not the verification.
    text = json.dumps([seq, time_s, actor, action, subject, data, previous], default=repr)
    return hashlib.sha256(text.encode()).hexdigest()


def _line(row: tuple[int, float, str, str, str, str, str, str]) -> AuditLine:
    seq, time_s, actor, action, subject, data, previous, digest = row
    return AuditLine(
        seq=seq,
        time_s=time_s,
        actor=actor,
        action=action,
        subject=subject,
        data=json.loads(data),
        previous=previous,
        hash=digest,
    )
