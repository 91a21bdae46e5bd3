"""Why nothing can be written somewhere, in words for whoever has to make room."""

import os
import shutil
import sqlite3
from pathlib import Path

LEAST_FREE_BYTES = 64 * 1024
"""With less than this SQLite cannot make its log and the index of it."""

REMEDY = "make room there, or name a writable place with --state"


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


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < LEAST_FREE_BYTES
    except OSError:
        return False
