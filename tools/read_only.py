"""Reading SQLite databases without write access: not to the file, nor to its folder, nor to a disk.

A database in WAL mode that a process works on has its newest content in a log beside it, and
whoever reads it shares an index of the log with that process, which is a file as well
(https://sqlite.org/wal.html, "Read-Only Databases").
"""

import shutil
import sqlite3
import tempfile
from pathlib import Path
from urllib.parse import quote

_NOT_WRITABLE = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
}
"""What SQLite says where it cannot make the index of a log."""

_IN_MEMORY = Path("/dev/shm")
"""Room for a copy where no disk has any."""


def connect_read_only(path: Path, *, busy_timeout_s: float) -> sqlite3.Connection:
    """A connection to any SQLite database that cannot change it.

    Where nothing can be written beside a database whose writer has died or is elsewhere, it reads a
    copy of the moment.

    Raises:
        sqlite3.Error: it is not there, is none, or is locked.
    """
    # SQLite makes files beside one that it reads while nobody writes, unless told that nobody will.
    idle = not _log_of(path).exists()
    uri = f"file:{quote(str(path))}?mode=ro{'&immutable=1' if idle else ''}"
    try:
        return _connected(uri, busy_timeout_s)
    except sqlite3.OperationalError as error:
        if idle or not path.is_file() or error.sqlite_errorcode & 0xFF not in _NOT_WRITABLE:
            raise
        copy = _copied(path)
        if copy is None:
            raise
        return copy


def in_memory(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A copy of what `connection` reads, which may be changed; `connection` is closed."""
    copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    try:
        connection.backup(copy)
    except sqlite3.Error:
        copy.close()
        raise
    finally:
        connection.close()
    return copy


def _connected(uri: str, busy_timeout_s: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        uri, uri=True, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False
    )
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _copied(path: Path) -> sqlite3.Connection | None:
    """The database with what is in its log, None where there is no room for it."""
    for place in (None, _IN_MEMORY):
        try:
            with tempfile.TemporaryDirectory(dir=place) as folder:
                copy = Path(folder) / path.name
                shutil.copyfile(path, copy)
                shutil.copyfile(_log_of(path), _log_of(copy))
                return in_memory(_connected(f"file:{quote(str(copy))}", 0.0))
        except OSError:
            continue
    return None


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")
