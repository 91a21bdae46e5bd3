"""The journal's file: one SQLite database, opened, brought up to date, and changed in transactions.

It is written with `synchronous=FULL`, so that what a method has returned from survives a power cut.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import resources
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from tools.journal.errors import JournalFailed, LeaseLost, NotAJournal
from tools.journal.records import Lease
from tools.writable import unwritable

SCHEMA_VERSION = 5
"""How many files of `migrations/` there are; each brings a journal from one version to the next."""

APPLICATION_ID = 0x4E4F4354
"""`NOCT`, in SQLite's header: tells a journal from any other SQLite file."""

BUSY_TIMEOUT_S = 10.0
"""How long a transaction waits for another process's; ours are milliseconds long."""

_HELD: ContextVar[tuple[Path, Lease] | None] = ContextVar("held lease", default=None)
"""Of a journal's file. A context variable, since LangGraph writes checkpoints from other threads,
to which it hands its context."""

N = TypeVar("N", bound=BaseModel)


class Database:
    """One connection per process, shared by its threads; every method is one transaction.

    Inside `with journal.transaction():` all methods join that one transaction. Every method may
    raise JournalFailed, and then nothing of its transaction stands. Inside `with
    journal.holding(lease):` every transaction may raise LeaseLost, which the
    transaction itself finds out.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._lock = threading.RLock()
        self._data_version = -1
        self.path = path

    @classmethod
    def open(cls, path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Self:
        """Open the journal at `path`; a missing file and its folder are made.

        A journal of an earlier version is brought up to date.

        Raises:
            NotAJournal: the file is something else, or a journal of a later version.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise JournalFailed(_cannot_open(path, error)) from error
        try:
            _prepare(connection, path)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            connection.close()
            raise _opening_error(path, error) from error
        except NotAJournal:
            connection.close()
            raise
        return cls(connection, path)

    def close(self) -> None:
        """Close the connection; the journal is not used afterwards."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; a transaction that is opened inside another one joins it."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._execute("BEGIN IMMEDIATE")
            try:
                self._require_lease()
                yield
                self._execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.rollback()
                raise

    @contextmanager
    def holding(self, lease: Lease) -> Iterator[None]:
        """What is written inside is written by the holder of `lease`, or not at all."""
        token = _HELD.set((self.path, lease))
        try:
            yield
        finally:
            _HELD.reset(token)

    def held(self) -> Lease | None:
        """The lease under which transactions stand here."""
        found = _HELD.get()
        return found[1] if found and found[0] == self.path else None

    def _require_lease(self) -> None:
        lease = self.held()
        if lease is None:
            return
        rows = self._rows("SELECT holder, epoch FROM leases WHERE subject = ?", lease.subject)
        if not rows or (rows[0]["holder"], rows[0]["epoch"]) != (lease.holder, lease.epoch):
            raise LeaseLost(lease.subject, rows[0]["holder"] if rows else "")

    def changed_elsewhere(self) -> bool:
        """Whether another connection has written since this was asked last; True the first time."""
        version = self._rows("PRAGMA data_version")[0]["data_version"]
        changed: bool = version != self._data_version
        self._data_version = version
        return changed

    def damage(self) -> str:
        """What SQLite finds wrong with the file, "" if nothing; reads all of it."""
        with self._lock:
            try:
                rows = self._connection.execute("PRAGMA quick_check(3)").fetchall()
            except sqlite3.Error as error:
                return str(error)
        found = [str(row[0]) for row in rows]
        return "" if found == ["ok"] else "; ".join(found)

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise self._failed(error) from error

    def _failed(self, error: sqlite3.Error | UnicodeDecodeError) -> JournalFailed:
        remedy = "check free space, permissions and other processes"
        # SQLite calls a file DatabaseError's own that it can read, but not make sense of.
        if type(error) in (sqlite3.DatabaseError, UnicodeDecodeError):
            remedy = "it is damaged: put the file aside and take the last good copy"
        return JournalFailed(f"{self.path}: {error}; nothing of this step was recorded ({remedy})")

    def _execute(self, sql: str, *values: object) -> sqlite3.Cursor:
        with self._mapped():
            return self._connection.execute(sql, values)

    def _rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        with self._lock, self._mapped():
            cursor = self._connection.execute(sql, values)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]

    def _ids(self, table: str, column: str = "id") -> list[str]:
        return [row["id"] for row in self._rows(f"SELECT {column} AS id FROM {table}")]


def json_text(data: Sequence[JsonValue] | JsonValue) -> str:
    """`data` as a JSON column holds it."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)


def read(kind: type[N], stored: str) -> N:
    """What a JSON column holds.

    Raises:
        JournalFailed: the text is damaged.
    """
    try:
        return kind.model_validate_json(stored)
    except ValidationError as error:
        raise JournalFailed(
            f"the journal holds a damaged {kind.__name__}: {error.errors()[0]['msg']}; "
            "put the file aside and take the last good copy (`noctua doctor` says more)"
        ) from error


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    used = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    version = _version(connection)
    if used and (application != APPLICATION_ID or not 1 <= version <= SCHEMA_VERSION):
        raise NotAJournal(
            f"{path}: is a database, but not a journal of version {SCHEMA_VERSION} or earlier "
            f"(found application {application:#x}, version {version}); name another state directory"
        )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    if version < SCHEMA_VERSION:
        migrate(connection)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a journal up to date, all or nothing."""
    # Another process may do the same at this moment, so the version is read under the write lock.
    connection.execute("BEGIN IMMEDIATE")
    try:
        for number in range(_version(connection) + 1, SCHEMA_VERSION + 1):
            for statement in _statements(number):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.rollback()
        raise


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _statements(number: int) -> Iterator[str]:
    """The statements of one migration; a trigger has semicolons within."""
    file = resources.files("tools.journal").joinpath(f"migrations/{number:03d}.sql")
    statement = ""
    for line in file.read_text("utf-8").splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _cannot_open(path: Path, error: OSError | sqlite3.Error) -> str:
    why = unwritable(path, error)
    return f"{path}: cannot be opened: {why}" if why else f"{path}: cannot be opened ({error})"


def _opening_error(
    path: Path, error: sqlite3.DatabaseError | UnicodeDecodeError
) -> NotAJournal | JournalFailed:
    if isinstance(error, sqlite3.OperationalError):
        return JournalFailed(_cannot_open(path, error))
    return NotAJournal(
        f"{path}: is not a journal or is damaged ({error}); put the last good copy in "
        "its place, or name another state directory"
    )
