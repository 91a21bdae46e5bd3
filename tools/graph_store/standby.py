"""What is kept here of a graph on a server: its last snapshot, and what waits to be written there.

One SQLite file, which survives the death of the process (`synchronous=FULL`). Several processes may
have it open.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple, Self
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError

from tools.graph_store.packed import packed, unpacked
from tools.graph_store.protocol import CorruptGraph, GraphNotSaved
from tools.graph_store.transaction import transaction
from tools.read_only import connect_read_only
from twin.knowledge.facts import Difference
from twin.knowledge.snapshot import Snapshot

APPLICATION_ID = 0x4E4F434F
"""`NOCO`, in SQLite's header."""

VERSION = 2
"""Version 1 knew neither what had arrived nor when anything was written."""

BUSY_TIMEOUT_S = 10.0

_TABLES = """
CREATE TABLE outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT, changes TEXT NOT NULL, refused TEXT NOT NULL,
    arrived INTEGER NOT NULL DEFAULT 0, written_s REAL NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE last (arrays BLOB NOT NULL) STRICT;
CREATE TABLE identity (id TEXT NOT NULL) STRICT;
"""

_CHANGES = TypeAdapter(Difference)


class Waiting(NamedTuple):
    """A write that waits; they are numbered in order, and no number is used twice."""

    number: int
    changes: Difference


class Outbox(NamedTuple):
    """How many writes wait, since when (Unix seconds of the host), and why some were refused."""

    waiting: int
    since_s: float
    refused: tuple[str, ...]


class Standby:
    """The file. `id`: of this outbox, among all that write to the server."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection
        self._lock = threading.RLock()
        self.id = ""

    @classmethod
    def open(cls, path: Path) -> Self:
        """The file at `path`; an empty one is made where there is none.

        Raises:
            CorruptGraph: the file is something else, damaged, or of another version.
            GraphNotSaved: it cannot be made.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise GraphNotSaved(f"{path}: cannot be made ({error})") from error
        standby = cls(path, connection)
        try:
            with standby._mapped():
                standby._prepare()
        except BaseException:
            connection.close()
            raise
        return standby

    def _prepare(self) -> None:
        run = self._connection.execute
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        with transaction(self._connection):
            application = run("PRAGMA application_id").fetchone()[0]
            version = run("PRAGMA user_version").fetchone()[0]
            if not run("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
                for statement in _TABLES.split(";"):
                    run(statement)
                run("INSERT INTO identity VALUES (?)", (uuid4().hex,))
                run(f"PRAGMA application_id = {APPLICATION_ID}")
                run(f"PRAGMA user_version = {VERSION}")
            elif (application, version) == (APPLICATION_ID, 1):
                for column in ("arrived INTEGER", "written_s REAL"):
                    run(f"ALTER TABLE outbox ADD COLUMN {column} NOT NULL DEFAULT 0")
                run(f"PRAGMA user_version = {VERSION}")
            elif (application, version) != (APPLICATION_ID, VERSION):
                raise CorruptGraph(
                    f"{self._path}: is not what this version keeps of a graph on a server; "
                    "move it away, or open it with the one that wrote it"
                )
        self.id = run("SELECT id FROM identity").fetchone()[0]

    def append(self, changes: Difference) -> int:
        """Have `changes` wait; their number. Raises GraphNotSaved."""
        with self._mapped():
            row = (_CHANGES.dump_json(changes).decode(), time.time())
            done = self._connection.execute("INSERT INTO outbox VALUES (NULL, ?, '', 0, ?)", row)
            return int(done.lastrowid or 0)

    def waiting(self) -> tuple[Waiting, ...]:
        """What waits, in order. Raises CorruptGraph."""
        return self._of("refused = '' AND NOT arrived")

    def since(self) -> tuple[Waiting, ...]:
        """What the last snapshot may be without, and what waits. Raises CorruptGraph."""
        return self._of("refused = ''")

    def numbers(self) -> tuple[int, ...]:
        """The numbers of what waits, in order."""
        return self._numbers("refused = '' AND NOT arrived")

    def arrived(self) -> tuple[int, ...]:
        """The numbers of what has arrived, and which the last snapshot may be without."""
        return self._numbers("arrived")

    def _numbers(self, which: str) -> tuple[int, ...]:
        with self._mapped():
            rows = self._connection.execute(
                f"SELECT number FROM outbox WHERE {which} ORDER BY number"
            )
            return tuple(number for (number,) in rows.fetchall())

    def _of(self, which: str) -> tuple[Waiting, ...]:
        with self._mapped():
            rows = self._connection.execute(
                f"SELECT number, changes FROM outbox WHERE {which} ORDER BY number"
            ).fetchall()
            return tuple(Waiting(n, _CHANGES.validate_json(text)) for n, text in rows)

    def refused(self) -> dict[int, str]:
        """Why the server has not taken what it refused, by number."""
        with self._mapped():
            rows = self._connection.execute(
                "SELECT number, refused FROM outbox WHERE refused <> '' ORDER BY number"
            )
            return dict(rows.fetchall())

    def refuse(self, number: int, why: str) -> None:
        """It waits no more, and is kept with the reason."""
        with self._mapped():
            self._connection.execute(
                "UPDATE outbox SET refused = ? WHERE number = ?", (why, number)
            )

    def arrive(self, number: int) -> None:
        """It waits no more, and what it has changed is known here until a snapshot has it."""
        with self._mapped():
            self._connection.execute("UPDATE outbox SET arrived = 1 WHERE number = ?", (number,))

    def drop(self, number: int) -> None:
        """Whoever wrote it knows that it was refused."""
        with self._mapped():
            self._connection.execute("DELETE FROM outbox WHERE number = ?", (number,))

    def keep(self, snapshot: Snapshot, arrived: Sequence[int]) -> None:
        """Keep this one as the last; it has what had `arrived` before it was taken."""
        with self._mapped(), transaction(self._connection):
            self._connection.execute("DELETE FROM last")
            self._connection.execute("INSERT INTO last VALUES (?)", (packed(snapshot),))
            self._connection.executemany(
                "DELETE FROM outbox WHERE number = ?", [(number,) for number in arrived]
            )

    def last(self) -> Snapshot | None:
        """The last snapshot, None where there was none."""
        with self._mapped():
            row = self._connection.execute("SELECT arrays FROM last").fetchone()
            return unpacked(row[0]) if row else None

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.OperationalError as error:
                raise GraphNotSaved(f"{self._path}: could not be written ({error})") from error
            except (sqlite3.DatabaseError, ValidationError) as error:
                raise _corrupt(self._path, error) from error


def outbox_of(path: Path) -> Outbox | None:
    """What waits in the file at `path`, which is only read; None for one of an earlier version.

    Raises:
        CorruptGraph: it is something else, or damaged.
    """
    try:
        with closing(connect_read_only(path, busy_timeout_s=BUSY_TIMEOUT_S)) as connection:
            read = connection.execute
            application = read("PRAGMA application_id").fetchone()[0]
            version = read("PRAGMA user_version").fetchone()[0]
            found = [str(row[0]) for row in read("PRAGMA quick_check(3)")]
            if found != ["ok"] or application != APPLICATION_ID:
                raise sqlite3.DatabaseError("; ".join(found))
            if version < VERSION:
                return None
            waiting, since_s = read(
                "SELECT count(*), coalesce(min(written_s), 0.0) FROM outbox "
                "WHERE refused = '' AND NOT arrived"
            ).fetchone()
            refused = read("SELECT refused FROM outbox WHERE refused <> '' ORDER BY number")
            return Outbox(waiting, since_s, tuple(why for (why,) in refused.fetchall()))
    except sqlite3.Error as error:
        raise _corrupt(path, error) from error


def _corrupt(path: Path, error: Exception) -> CorruptGraph:
    return CorruptGraph(
        f"{path}: cannot be read ({type(error).__name__}: {error}); move it away, and what waits "
        "in it to be written to the server is lost"
    )
