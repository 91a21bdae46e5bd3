"""Why nothing can be written somewhere, in words for whoever has to make room."""

import errno
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

LEAST_FREE_BYTES = 64 * 1024
"""With less than this SQLite cannot make its log and the index of it."""

REMEDY = "make room there, or keep the state in a writable place (NOCTUA_STATE)"


def unwritable(path: Path, error: OSError | sqlite3.Error) -> str:
    """What keeps `path` from being written, and what to do; "" where `error` is of something else.

    `path` is a file that is there or is to be made.
    """
    folder = next((place for place in path.parents if place.is_dir()), path.parent)
    if isinstance(error, sqlite3.OperationalError | OSError) and _is_full(folder):
        return f"the disk of {folder} is full; {REMEDY}"
    if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF not in (
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
    ):
        return ""
    if not os.access(folder, os.W_OK | os.X_OK) or (path.exists() and not os.access(path, os.W_OK)):
        return f"nothing can be written in {folder}; {REMEDY}"
    return f"{error.strerror}; {REMEDY}" if isinstance(error, OSError) else ""


def full_disk(folder: Path) -> str:
    """That nothing more has room in `folder`, "" if something has, or if it cannot be said."""
    return f"the disk of {folder} is full" if _is_full(folder) else ""


def _is_full(folder: Path) -> bool:
    try:
        found = os.statvfs(folder)
    except OSError:
        return False
    if found.f_files and not found.f_favail:  # some file systems make inodes as they go
        return True
    return found.f_bavail * found.f_frsize < LEAST_FREE_BYTES


class Placed:
    """A file that is open: whether what lies at its path is still that file.

    An open file goes on taking what is written to it after somebody has removed or replaced it;
    nobody else ever reads that.
    """

    def __init__(self, path: Path) -> None:
        """`path`: of a file that is there now; what is not there is never looked at."""
        self._path = path
        self._is = _identity(path)

    @property
    def is_replaced(self) -> bool:
        """Whether another file lies there."""
        return self._is is not None and _identity(self._path) not in (None, self._is)

    def trouble(self) -> str:
        """What has become of it, "" if it is there and can be written."""
        if self._is is None:
            return ""
        if (found := _identity(self._path)) is None:
            return f"{self._path} is gone"
        if found != self._is:
            return (
                f"{self._path} was replaced by another file (end the watch, put the last good copy "
                "there, and start it again)"
            )
        if not (os.access(self._path, os.W_OK) and os.access(self._path.parent, os.W_OK | os.X_OK)):
            return f"nothing can be written to {self._path}"
        return ""


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


Refusal = Literal["", "full", "lost"]

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_LOST = frozenset({errno.EROFS, errno.EIO, errno.ENOENT, errno.EACCES, errno.ENODEV})
_SQLITE_LOST = frozenset(
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_READONLY,
    }
)


def refusal(error: BaseException) -> Refusal:
    """What `error`, or what brought it about, says of a disk: that it is full, that what is kept
    there is lost, or nothing.
    """
    for one in _chain(error):
        code = getattr(one, "sqlite_errorcode", 0) & 0xFF
        number = one.errno if isinstance(one, OSError) else None
        # SQLite's own words are kept where an error was made again from another one's text.
        if code == sqlite3.SQLITE_FULL or number in _FULL or "disk is full" in str(one):
            return "full"
        if code in _SQLITE_LOST or number in _LOST:
            return "lost"
    return ""


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
