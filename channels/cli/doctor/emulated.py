"""An emulated network's file, looked at without opening the network, which may write to it."""

import sqlite3
from pathlib import Path
from typing import NamedTuple

from tools.read_only import connect_read_only


class Emulated(NamedTuple):
    """`held`: by another process. `trouble`: what is wrong with the file, "" if nothing.

    `now_s`: the network's clock, None where it cannot be read.
    """

    held: bool
    trouble: str
    now_s: float | None


def look_at(file: Path) -> Emulated:
    """How the file of a network is."""
    try:
        connection = connect_read_only(file, busy_timeout_s=0.5)
        try:
            damage = [str(row[0]) for row in connection.execute("PRAGMA quick_check(3)")]
            clock = connection.execute("SELECT now_s FROM clock").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        held = "locked" in str(error)
        return Emulated(held, "" if held else str(error), None)
    if damage != ["ok"]:
        return Emulated(False, "; ".join(damage), None)
    return Emulated(False, "" if clock else "it has no clock", float(clock[0]) if clock else None)
