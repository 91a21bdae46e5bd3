"""The journal's file: one SQLite database, opened, brought up to date, and changed in transactions.

It is written with `synchronous=FULL`, so that what a method has returned from survives a power cut.
"""

import json
import logging
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from tools.journal import audit, mark, seals
from tools.journal.errors import JournalFailed, LeaseLost, NotAJournal, NotOurJournal
from tools.journal.records import AlteredRows, Lease, SealReport, Signature
from tools.journal.seals import Sealer, state_of
from tools.journal.signing_key import KEY_FILE, SigningKey, load_key, make_key
from tools.writable import Placed, unwritable
from twin.errors import NoctuaError
from twin.nouns.principal import Principal

SCHEMA_VERSION = 17
"""How many files of `migrations/` there are; each brings a journal from one version to the next."""

APPLICATION_ID = 0x4E4F4354
"""`NOCT`, in SQLite's header: tells a journal from any other SQLite file."""

WAL_PAGES = 128
"""Half a megabyte; SQLite's own bound, four, would be most of what a state directory takes."""

BUSY_TIMEOUT_S = 10.0
"""How long a transaction waits for another process's; ours are milliseconds long."""

_HELD: ContextVar[tuple[Path, Lease] | None] = ContextVar("held lease", default=None)
"""Of a journal's file. A context variable, since LangGraph writes checkpoints from other threads,
to which it hands its context."""

_NO_CHECKPOINT_ON_CLOSE = 1006
"""SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE."""

N = TypeVar("N", bound=BaseModel)

_log = logging.getLogger(__name__)


class Database:
    """One connection per process, shared by its threads; every method is one transaction.

    Inside `with journal.transaction():` all methods join that one transaction. Every method may
    raise JournalFailed, and then nothing of its transaction stands. Inside `with
    journal.holding(lease):` every transaction may raise LeaseLost, which the
    transaction itself finds out.

    What is written is sealed with `key` (`seals`), and where the audit log then ends is marked in
    `mark_file`, beside the key. Without a key it is for reading alone, and nothing is compared with
    its seal; `no_key` says why there is none. `as_found`: what the seals said of a journal of an
    earlier version, of which this is a copy.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path,
        key: SigningKey | None = None,
        mark_file: Path | None = None,
        no_key: str = "",
        as_found: SealReport | None = None,
    ) -> None:
        self._connection = connection
        self._lock = threading.RLock()
        self._data_version = -1
        self._schema_version = -1
        self._own_schema = False
        self._key = key
        self._mark_file = mark_file
        self._no_key = no_key
        self._as_found = as_found
        self._sealer = Sealer(connection, key) if key else None
        self._audit_grew = False
        self.path = path
        self.placed = Placed(path)

    @classmethod
    def open(
        cls,
        path: Path,
        key_file: Path | None = None,
        *,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
    ) -> Self:
        """Open the journal at `path`; a missing file and its folder are made.

        A journal of an earlier version is brought up to date, and what it holds is sealed as it is
        found. `key_file`: the signing key, `signing.key` beside the journal where None; made for a
        journal that was never sealed, if it is missing.

        Raises:
            NotAJournal: the file is something else, or a journal of a later version.
            NotOurJournal: the key is not the one that it is sealed with.
            BadInput: the key cannot be read or made.
        """
        key_file = key_file or path.with_name(KEY_FILE)
        connection = _connected(path, busy_timeout_s)
        try:
            key = _prepare(connection, path, key_file)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            connection.close()
            raise _opening_error(path, error) from error
        except NoctuaError:
            connection.close()
            raise
        opened = cls(connection, path, key, mark.mark_file(key_file))
        opened._mark_once()
        return opened

    @classmethod
    def vouch(cls, path: Path, by: Principal, reason: str, key_file: Path | None = None) -> None:
        """A person vouches for the journal at `path` as it stands: every row is sealed anew.

        The audit log says who, and why. A missing key is made. Answers that this key did not sign
        are not signed by this: they have to be given again.

        Raises:
            NotAJournal: as `open`.
            JournalFailed: what was put in besides its tables has to be taken out first.
            BadInput: the key cannot be read or made.
        """
        key_file = key_file or path.with_name(KEY_FILE)
        with closing(_connected(path, BUSY_TIMEOUT_S)) as connection:
            try:
                _prepare_file(connection, path)
                key = make_key(key_file)
                with _at_once(connection):
                    _migrate(connection)
                    require_schema(connection, path)
                    told = {"reason": reason, **by.stated}
                    seal_as_found(connection, key, by.name, "vouch", told)
            except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
                raise _opening_error(path, error) from error
            cls(connection, path, key, mark.mark_file(key_file))._mark_once()

    def close(self) -> None:
        """Close the connection; the journal is not used afterwards."""
        # SQLite would remove the log of the file that lies there now, which has the name of ours.
        # Python lets it be told so from 3.12 on.
        configure = getattr(self._connection, "setconfig", None)
        if configure is not None and self.placed.is_replaced:
            configure(_NO_CHECKPOINT_ON_CLOSE, True)
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
            if lost := self.placed.trouble():
                raise JournalFailed(f"{lost}; nothing of this step was recorded")
            self._execute("BEGIN IMMEDIATE")
            try:
                self._begin_sealing()
                self._require_lease()
                yield
                self._end_sealing()
                self._execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.rollback()
                raise
            self._move_mark()

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

    # Seals, signatures, and the mark

    def check_seals(self) -> SealReport:
        """Compare every row with its seal; reads all of the journal."""
        with self._lock, self._mapped():
            if self._key is None:
                return SealReport(altered=(), sealed=0, unchecked=self._no_key)
            if self._as_found is not None:
                return self._as_found
            report = seals.check(self._connection, self._key)
            if trouble := schema_trouble(self._connection):
                altered = (AlteredRows(table="", why=trouble), *report.altered)
                report = report.model_copy(update={"altered": altered})
            return report

    def mark_trouble(self) -> str:
        """What the mark beside the signing key says against this journal, "" if nothing.

        Raises:
            JournalFailed: the mark cannot be read.
        """
        if self._key is None or self._mark_file is None:
            return ""
        try:
            found = mark.read_mark(self._mark_file)
        except OSError as error:
            raise JournalFailed(
                f"{self._mark_file}: cannot be read ({error.strerror}), so that nobody knows "
                "whether the journal was put back"
            ) from error
        with self._lock, self._mapped():
            state = state_of(self._connection)
            if state is None or (found is None and not state.marked):
                return ""
            return mark.contradiction(found, self._key, self._standing(state.journal_id))

    def sign(self, what: str, *values: object) -> str:
        """The signature of `values` as a `what` of this journal.

        Raises:
            JournalFailed: there is no key to sign with.
        """
        with self._lock, self._mapped():
            state = state_of(self._connection)
        if self._key is None or state is None:
            raise JournalFailed(f"{self.path}: nothing can be signed here ({self._no_key})")
        return f"{self._key.id}:{self._key.sign(what, state.journal_id, *values)}"

    def signature(self, signature: str, what: str, *values: object) -> Signature:
        """Who signed `values` as a `what` of this journal."""
        if not signature:
            return Signature.BEFORE
        key_id, _, made = signature.partition(":")
        if self._key is None:
            return Signature.UNCHECKED
        if key_id != self._key.id:
            return Signature.EARLIER
        with self._lock, self._mapped():
            state = state_of(self._connection)
        named = state.journal_id if state else ""
        holds = self._key.holds(made, what, named, *values)
        return Signature.SIGNED if holds else Signature.BROKEN

    def _row_holds(self, table: str, row_id: int) -> bool:
        """Whether one row is what was written; True where there is no key to tell by."""
        with self._lock, self._mapped():
            return self._key is None or seals.row_holds(self._connection, self._key, table, row_id)

    def _begin_sealing(self) -> None:
        self._audit_grew = False
        with self._mapped():
            if self._sealer:
                # A trigger that somebody has put in would write in our name: nothing is signed.
                self._sealer.begin(sign=self._has_own_schema())

    def _has_own_schema(self) -> bool:
        version = self._connection.execute("PRAGMA schema_version").fetchone()[0]
        if version != self._schema_version:
            self._own_schema = not schema_trouble(self._connection)
            self._schema_version = version
        return self._own_schema

    def _end_sealing(self) -> None:
        if self._sealer:
            with self._mapped():
                self._sealer.end()

    def _mark_once(self) -> None:
        """Make the mark of a journal that has none yet; where none can be made it goes without."""
        with self._lock, self._mapped():
            state = state_of(self._connection)
            if self._key is None or self._mark_file is None or state is None or state.marked:
                return
            standing = self._standing(state.journal_id)
        try:
            mark.replace(self._mark_file, self._key, standing)
        except OSError as error:
            _log.warning("%s cannot be written: %s", self._mark_file, error.strerror)
            return
        # Opening is no step of anybody's work: whoever watches over transactions is not told of it.
        with Database.transaction(self), self._mapped():
            self._connection.execute("UPDATE seal_state SET marked = 1")

    def _move_mark(self) -> None:
        """The audit log has grown: move the mark on. That it cannot be moved stops nobody."""
        if not self._audit_grew or self._key is None or self._mark_file is None:
            return
        try:
            with self._mapped():
                state = state_of(self._connection)
                if state is not None and state.marked:
                    standing = self._standing(state.journal_id)
                    mark.advance(self._mark_file, self._key, standing)
        except (OSError, JournalFailed) as error:
            _log.warning("%s was not moved on: %s", self._mark_file, error)

    def _standing(self, journal_id: str) -> mark.Standing:
        return mark.Standing(journal_id, audit.head(self._connection), self._hash_at)

    def _hash_at(self, length: int) -> str | None:
        row = self._connection.execute("SELECT hash FROM audit WHERE seq = ?", (length,)).fetchone()
        return str(row[0]) if row else None

    def changed_elsewhere(self) -> bool:
        """Whether another connection has written since this was asked last; True the first time."""
        version = self._rows("PRAGMA data_version")[0]["data_version"]
        changed: bool = version != self._data_version
        self._data_version = version
        return changed

    def damage(self) -> str:
        """What SQLite finds wrong with the file, "" if nothing; reads all of it, indexes too.

        Pages are read by index: one from which a row was taken hides it.
        """
        with self._lock:
            try:
                rows = self._connection.execute("PRAGMA integrity_check(3)").fetchall()
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
    """What a JSON column holds. Raises JournalFailed: the text is damaged."""
    with readable(kind.__name__):
        return kind.model_validate_json(stored)


def made(kind: type[N], row: Mapping[str, Any], **columns: str) -> N:
    """A row as a noun; `columns` names those that hold JSON, with their texts.

    Raises:
        JournalFailed: the row is damaged.
    """
    with readable(kind.__name__):
        return kind(**{**row, **{name: json.loads(text) for name, text in columns.items()}})


@contextmanager
def readable(what: str) -> Iterator[None]:
    """What is read inside was written by us, or the journal is damaged.

    Raises:
        JournalFailed: the text or the row is no `what`.
    """
    try:
        yield
    except (ValueError, TypeError, RecursionError) as error:
        wrong = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise JournalFailed(
            f"the journal holds a damaged {what}: {wrong}; put the file aside and take the last "
            "good copy (`noctua doctor` says more)"
        ) from error


def _connected(path: Path, busy_timeout_s: float) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return sqlite3.connect(
            path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False
        )
    except (OSError, sqlite3.Error) as error:
        raise JournalFailed(_cannot_open(path, error)) from error


def _prepare_file(connection: sqlite3.Connection, path: Path) -> int:
    """Set the connection up; which version the journal is, 0 for an empty file."""
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
    connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
    connection.execute("PRAGMA recursive_triggers = ON")
    # Not in a file: the disk may be full when something is rolled back.
    connection.execute("PRAGMA temp_store = MEMORY")
    return version


def _prepare(connection: sqlite3.Connection, path: Path, key_file: Path) -> SigningKey:
    """Bring the journal up to date, and seal from now on what is written to it."""
    version = _prepare_file(connection, path)
    key = load_key(key_file)
    if version < SCHEMA_VERSION and state_of(connection) is None:
        key = _migrate_and_seal(connection, path, key_file)
    state = state_of(connection)
    if key is None:
        raise NotOurJournal(
            f"{path}: its signing key {key_file} is missing; put it back from where it is kept, or "
            "vouch for the journal with `noctua audit vouch`, which makes a new one"
        )
    if state is not None and state.key_id != key.id:
        raise NotOurJournal(
            f"{path}: is sealed with the key {state.key_id}, and {key_file} is {key.id}; put the "
            "right key or the right journal in its place, or vouch with `noctua audit vouch`"
        )
    if version < SCHEMA_VERSION:
        _migrate_sealed(connection, path, key)
    Sealer(connection, key).install()
    return key


def _migrate_and_seal(connection: sqlite3.Connection, path: Path, key_file: Path) -> SigningKey:
    """Bring a journal up to date and seal it for the first time, all or nothing."""
    marked = mark.mark_file(key_file)
    if marked.exists():
        raise NotOurJournal(
            f"{path}: was never sealed, and {marked} says that the journal here was; somebody has "
            "put another one in its place. Put the last good copy there, or vouch for this one "
            "with `noctua audit vouch`"
        )
    key = make_key(key_file)
    # Another process may do the same at this moment, so the version is read under the write lock.
    with _at_once(connection):
        _migrate(connection)
        if state_of(connection) is None:
            told = {"reason": "rows of before are sealed as they were found"}
            seal_as_found(connection, key, "journal", "seal", told)
    return key


def _migrate_sealed(connection: sqlite3.Connection, path: Path, key: SigningKey) -> None:
    """Bring a journal up to date that is sealed with `key`, all or nothing.

    Its rows are sealed anew, since a seal covers every column of its table.
    """
    # Another process may have done it at this moment, so the version is read under the write lock.
    with _at_once(connection):
        version, state = _version(connection), state_of(connection)
        if version == SCHEMA_VERSION or state is None:
            return
        if altered := seals.check(connection, key).altered:
            wrong = altered[0]
            raise NotOurJournal(
                f"{path}: is of version {version}, and is not brought to version {SCHEMA_VERSION}, "
                f"since somebody has altered it ({wrong.table or 'the seals'}: {wrong.why}). Put "
                "the last good copy there, or vouch for this one with `noctua audit vouch`"
            )
        _migrate(connection)
        told = {"reason": f"brought from version {version} to version {SCHEMA_VERSION}"}
        # The mark beside the key goes on telling whether it was put back.
        seal_as_found(connection, key, "journal", "seal", told, marked=state.marked)


def seal_as_found(
    connection: sqlite3.Connection,
    key: SigningKey,
    actor: str,
    action: str,
    told: Mapping[str, JsonValue],
    *,
    marked: bool = False,
) -> None:
    """Seal what stands in a journal, and say so in its audit log where there is anything.

    It is part of the transaction that is open on `connection`. `marked`: whether a mark of the
    journal was written, which then stays what it is compared with.
    """
    sealer = Sealer(connection, key)
    sealer.install()
    last = connection.execute("SELECT time_s FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    if last is not None:
        audit.append(connection, last[0], actor, action, "journal", {**told, "key": key.id})
    sealer.seal_all(marked=marked)
    sealer.end()


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a journal up to date, all or nothing; what it holds is not sealed."""
    with _at_once(connection):
        _migrate(connection)


def _migrate(connection: sqlite3.Connection) -> None:
    for number in range(_version(connection) + 1, SCHEMA_VERSION + 1):
        for statement in _statements(number):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


@contextmanager
def _at_once(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.rollback()
        raise


def require_schema(connection: sqlite3.Connection, path: Path) -> None:
    """See that nothing was put into the journal besides its own tables, or in their place.

    Raises:
        JournalFailed: a table, a column, a view or a trigger is there that is not ours, or lacks.
    """
    if trouble := schema_trouble(connection):
        raise JournalFailed(
            f"{path}: {trouble}; nothing is written to it: put the last good copy in its place"
        )


def schema_trouble(connection: sqlite3.Connection) -> str:
    """What is there besides the journal's own tables, or lacks of them; "" if nothing."""
    wrong = sorted(_schema(connection) ^ _own_schema())
    named = ", ".join(name.partition("\n")[0] for name in wrong[:3])
    return f"somebody has altered its tables ({named})" if wrong else ""


@cache
def _own_schema() -> frozenset[str]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as empty:
        migrate(empty)
        return _schema(empty)


def _schema(connection: sqlite3.Connection) -> frozenset[str]:
    """Every table, index, view and trigger, with what it consists of."""
    found = set[str]()
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM main.sqlite_master")
    for kind, name, table, sql in rows.fetchall():
        if kind == "table":
            # Not its text, which SQLite edits in its own way when a column is added.
            columns = connection.execute(f"PRAGMA main.table_xinfo({_quoted(name)})")
            found |= {f"column {name}.{c[1]} {c[2]} {c[5:]}" for c in columns}
        found.add(f"{kind} {name} of {table}{f': {sql}' if kind in ('trigger', 'view') else ''}")
    return frozenset(found)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


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
