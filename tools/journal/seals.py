"""Seals: every row of the journal is signed with a key that is not in the journal's file.

Triggers that live in the connection alone seal what is written through it. Whoever writes past them
(with another program, or into the bytes) leaves rows whose seals do not fit:

- a row that was altered or put in: its own seal does not fit;
- a row that was taken out, or put back to what it once was, with its seal: the total of its table
  does not fit, and the totals are signed together;
- a row that was altered, and then written again by us: it loses its seal, and does not get it back.

What no seal can show is a whole file that was put back to what it was earlier; see `mark`.
"""

import secrets
import sqlite3
from collections.abc import Iterator
from typing import Any, NamedTuple

from tools.journal.records import AlteredRows, SealReport
from tools.journal.signing_key import SigningKey

_OURS = ("seals", "seal_totals", "seal_state")
"""Tables that hold the seals; they are guarded by the signature over the totals."""

_BYTES = 32
_MODULUS: int = 2 ** (8 * _BYTES)

_TRIGGER = "CREATE TEMP TRIGGER IF NOT EXISTS"

_MOST_NAMED = 20
"""Altered rows of one table that are named one by one."""


class SealState(NamedTuple):
    """Which journal this is, with which key it is sealed, and whether a mark of it was written."""

    journal_id: str
    key_id: str
    marked: bool
    signature: str


class Sealer:
    """Seals what is written through `connection`, with `key`."""

    def __init__(self, connection: sqlite3.Connection, key: SigningKey) -> None:
        self._connection = connection
        self._key = key
        self._changes = 0
        self._sound = False

    def install(self) -> None:
        """Seal from now on what this connection writes, in the transaction in which it does.

        Its pragma `recursive_triggers` has to be on: REPLACE says nothing to triggers otherwise.
        """
        make = self._connection.create_function
        make("journal_seal", -1, lambda *row: self._key.digest("row", row))
        make("journal_sum", 3, _summed)
        for statement in _triggers(self._connection):
            self._connection.execute(statement)

    def seal_all(self, *, marked: bool) -> None:
        """Seal every row as it is found, in the caller's transaction.

        What stands there is taken as it is: whoever calls this vouches for it. It stays the journal
        that it is where this key has sealed it before, and is a new one otherwise. `marked`: see
        SealState.
        """
        known = state_of(self._connection)
        run = self._connection.execute
        for table in ("seal_totals", "seals", "seal_state"):
            run(f"DELETE FROM {table}")
        for table, columns in _tables(self._connection).items():
            run("INSERT INTO seal_totals VALUES (?, 0, zeroblob(?))", (table, _BYTES))
            run(f"INSERT INTO seals {_sealed_rows(table, columns)}")
        same = known is not None and known.key_id == self._key.id
        journal_id = known.journal_id if known and same else secrets.token_hex(8)
        run("INSERT INTO seal_state VALUES (?, ?, ?, '')", (journal_id, self._key.id, marked))
        self._sound = True

    def begin(self, *, sign: bool) -> None:
        """A transaction has begun: see whether the totals are those that we signed.

        `sign`: whether what it makes of them may be signed.
        """
        self._changes = self._connection.total_changes
        self._sound = sign and totals_hold(self._connection, self._key)

    def end(self) -> None:
        """The transaction is about to be committed: sign the totals.

        Totals that were not ours before it are not signed: nobody's alterations become ours.
        """
        if self._sound and self._connection.total_changes != self._changes:
            self._sign()

    def _sign(self) -> None:
        state = state_of(self._connection)
        if state is not None:
            signature = self._key.sign("totals", *_signed(self._connection, state))
            self._connection.execute("UPDATE seal_state SET signature = ?", (signature,))


def state_of(connection: sqlite3.Connection) -> SealState | None:
    """Which journal it is; None for one that was never sealed, or whose row was taken out."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'seal_state'").fetchone():
        return None
    rows = connection.execute("SELECT * FROM seal_state").fetchall()
    if len(rows) != 1:
        return None
    journal_id, key_id, marked, signature = rows[0]
    return SealState(str(journal_id), str(key_id), marked == 1, str(signature))


def totals_hold(connection: sqlite3.Connection, key: SigningKey) -> bool:
    """Whether the totals are those that were signed last."""
    state = state_of(connection)
    return state is not None and key.holds(state.signature, "totals", *_signed(connection, state))


def _signed(connection: sqlite3.Connection, state: SealState) -> tuple[object, ...]:
    totals = connection.execute(
        "SELECT tbl, row_count, hex(total) FROM seal_totals ORDER BY tbl"
    ).fetchall()
    return state.journal_id, state.key_id, state.marked, totals


def check(connection: sqlite3.Connection, key: SigningKey) -> SealReport:
    """Compare every row with its seal, and the totals with their signature."""
    altered: list[AlteredRows] = []
    state = state_of(connection)
    count = 0
    if state is not None and state.key_id != key.id:
        why = f"it was sealed with the key {state.key_id}, and the key here is {key.id}"
        return SealReport(altered=(AlteredRows(table="", why=why),), sealed=0)
    if state is None:
        altered.append(AlteredRows(table="", why="the row that says which journal it is has gone"))
    elif not totals_hold(connection, key):
        altered.append(AlteredRows(table="", why="the totals of the seals are not those signed"))
    for table, columns in _tables(connection).items():
        found = _checked(connection, key, table, columns)
        count += found.rows
        altered += found.altered
    return SealReport(altered=tuple(altered), sealed=count)


def row_holds(connection: sqlite3.Connection, key: SigningKey, table: str, row_id: int) -> bool:
    """Whether one row has the seal that it needs."""
    columns = _tables(connection)[table]
    query = f"{_rows_with_seals(table, columns)} WHERE {table}.rowid = ?"
    return all(
        bytes(seal or b"") == key.digest("row", row)
        for seal, row in _split(connection.execute(query, (row_id,)), table)
    )


class _CheckedTable(NamedTuple):
    rows: int
    altered: list[AlteredRows]


def _checked(
    connection: sqlite3.Connection, key: SigningKey, table: str, columns: list[str]
) -> _CheckedTable:
    count = total = 0
    wrong: list[str] = []
    for seal, row in _split(connection.execute(_rows_with_seals(table, columns)), table):
        count += 1
        if not isinstance(seal, bytes) or seal != key.digest("row", row):
            wrong.append(_named(row))
        elif seal:
            total = (total + int.from_bytes(seal)) % _MODULUS
    altered = []
    if wrong:
        named = ", ".join(wrong[:_MOST_NAMED])
        more = len(wrong) - _MOST_NAMED
        and_more = f" and {more} more" if more > 0 else ""
        why = f"altered or put in: {named}{and_more}"
        altered.append(AlteredRows(table=table, why=why))
    kept = connection.execute(
        "SELECT row_count, total FROM seal_totals WHERE tbl = ?", (table,)
    ).fetchone()
    if not wrong and (kept is None or (kept[0], kept[1]) != (count, total.to_bytes(_BYTES))):
        had = kept[0] if kept else "no"
        why = f"it has {count} rows and had {had}: a row was taken out, or put back to what it was"
        if kept and kept[0] == count:
            why = "a row was put back to what it was earlier"
        altered.append(AlteredRows(table=table, why=why))
    return _CheckedTable(count, altered)


def _named(row: tuple[Any, ...]) -> str:
    """A row by its rowid and first column, which is most tables' key."""
    _, row_id, *values = row
    return f"row {row_id} ({str(values[0])[:60]!r})"


def _split(rows: sqlite3.Cursor, table: str) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    for seal, *values in rows:
        yield seal, (table, *values)


def _rows_with_seals(table: str, columns: list[str]) -> str:
    named = ", ".join(f"{table}.{column}" for column in columns)
    return (
        f"SELECT seal, {table}.rowid, {named} FROM {table} "
        f"LEFT JOIN seals ON seals.tbl = '{table}' AND seals.row_id = {table}.rowid"
    )


def _sealed_rows(table: str, columns: list[str]) -> str:
    # Read back from the table: SQLite stores some numbers otherwise than they were given.
    named = ", ".join(columns)
    return f"SELECT '{table}', rowid, journal_seal('{table}', rowid, {named}) FROM {table}"


def _triggers(connection: sqlite3.Connection) -> Iterator[str]:
    drop = "DELETE FROM seals WHERE tbl = '{0}' AND row_id = OLD.rowid;"
    for table, columns in _tables(connection).items():
        old = ", ".join(f"OLD.{column}" for column in columns)
        # A seal that is there already is of a row that somebody took out past us.
        add = (
            f"INSERT INTO seals {_sealed_rows(table, columns)} WHERE rowid = NEW.rowid "
            "ON CONFLICT DO UPDATE SET seal = x''"
        )
        kept = (
            f"(SELECT seal FROM seals WHERE tbl = '{table}' AND row_id = OLD.rowid) "
            f"IS journal_seal('{table}', OLD.rowid, {old})"
        )
        begin = f"{_TRIGGER} sealed_{table}"
        yield f"{begin}_insert AFTER INSERT ON main.{table} BEGIN {add}; END"
        yield f"{begin}_delete AFTER DELETE ON main.{table} BEGIN {drop.format(table)} END"
        # The row is read for its seal before it is written: one that was altered past us would
        # be sealed with the alteration.
        yield (
            f"{begin}_update BEFORE UPDATE ON main.{table} WHEN NOT ({kept}) BEGIN "
            f"UPDATE seals SET seal = x'' WHERE tbl = '{table}' AND row_id = OLD.rowid; END"
        )
        yield (
            f"{begin}_updated AFTER UPDATE ON main.{table} BEGIN "
            f"UPDATE seals SET row_id = NEW.rowid, seal = CASE WHEN seal = x'' THEN x'' ELSE "
            f"(SELECT journal_seal('{table}', rowid, {', '.join(columns)}) FROM {table} "
            f"WHERE rowid = NEW.rowid) END WHERE tbl = '{table}' AND row_id = OLD.rowid; END"
        )
    total = "UPDATE seal_totals SET row_count = row_count {0} 1, total = journal_sum(total, {1})"
    added = total.format("+", "NEW.seal, 1") + " WHERE tbl = NEW.tbl"
    taken = total.format("-", "OLD.seal, -1") + " WHERE tbl = OLD.tbl"
    changed = (
        "UPDATE seal_totals SET total = journal_sum(journal_sum(total, OLD.seal, -1), NEW.seal, 1)"
        " WHERE tbl = NEW.tbl"
    )
    yield f"{_TRIGGER} seal_added AFTER INSERT ON main.seals BEGIN {added}; END"
    yield f"{_TRIGGER} seal_taken AFTER DELETE ON main.seals BEGIN {taken}; END"
    yield f"{_TRIGGER} seal_changed AFTER UPDATE ON main.seals BEGIN {changed}; END"


def _tables(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """The tables that are sealed, with their columns in order."""
    names = connection.execute(
        "SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' "
        "ESCAPE '~' ORDER BY name"
    )
    return {
        name: [column[1] for column in connection.execute(f"PRAGMA main.table_info({name})")]
        for (name,) in names.fetchall()
        if name not in _OURS
    }


def _summed(total: bytes, seal: bytes, sign: int) -> bytes:
    number: int = int.from_bytes(total) + sign * int.from_bytes(seal)
    return (number % _MODULUS).to_bytes(_BYTES)
