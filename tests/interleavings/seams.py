"""The real journal and the network in memory, with a point wherever two processes can meet.

A transaction is one step: SQLite lets nobody else write meanwhile, and until its end nobody sees
anything of it.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.interleavings.programs import point
from tests.tools.change.in_memory import InMemoryNetwork
from tools.journal.journal import Journal
from tools.journal.mark import mark_file
from tools.journal.records import AuditLine, Lease
from tools.journal.signing_key import KEY_FILE, SigningKey, make_key
from tools.network.protocol import CommitRecord
from twin.nouns.configuration import DeviceConfiguration


class HeldJournal(Journal):
    """The journal of one process. `strays`: leases under which something was written too late."""

    strays: list[Lease]

    def __init__(self, connection: sqlite3.Connection, path: Path, key: SigningKey) -> None:
        # The file is put back again and again, so that no mark is kept of it.
        super().__init__(connection, path, key)
        self.strays = []

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """As ever, held before and after it."""
        if self._connection.in_transaction:
            yield
            return
        point("transaction")
        with super().transaction():
            yield
        self._note_stray()
        point("written")

    def _rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        if not self._connection.in_transaction:
            point(f"read {sql.partition('FROM ')[2].partition(' ')[0]}")
        return super()._rows(sql, *values)

    def audit_lines(self, subject: str | None = None) -> tuple[AuditLine, ...]:
        """As ever, held before it."""
        if not self._connection.in_transaction:
            point("read audit")
        return super().audit_lines(subject)

    def is_current(self, lease: Lease) -> bool:
        """Whether the row of the lease says the same, asked without a point."""
        rows = super()._rows("SELECT holder, epoch FROM leases WHERE subject = ?", lease.subject)
        return [(row["holder"], row["epoch"]) for row in rows] == [(lease.holder, lease.epoch)]

    def _note_stray(self) -> None:
        lease = self.held()
        if lease is not None and not self.is_current(lease):
            self.strays.append(lease)


class JournalFile:
    """One journal file for all interleavings, put back for each, with its connections.

    Opening files would take most of the time. The disk is not waited for either: what dies here is
    a program, and the machine stays up.
    """

    def __init__(self, path: Path, begin: Callable[[Journal], None]) -> None:
        self._path = path
        template = path.with_suffix(".template")
        with Journal.open(template) as journal:
            begin(journal)
        self._template = sqlite3.connect(template)
        self._key = make_key(path.with_name(KEY_FILE))
        mark_file(path.with_name(KEY_FILE)).unlink()
        self._free = list[sqlite3.Connection]()

    def open(self, kind: type[HeldJournal]) -> HeldJournal:
        """What a new process has: a connection that nobody else uses."""
        connection = self._free.pop() if self._free else self._connect()
        return kind(connection, self._path, self._key)

    def give_back(self, journal: HeldJournal) -> None:
        """Its process has ended or died; what was not committed is gone."""
        journal._connection.rollback()
        self._free.append(journal._connection)

    def put_back(self) -> None:
        """Begin anew; nobody has the file open."""
        connection = self._free.pop() if self._free else self._connect()
        self._template.backup(connection)
        self._free.append(connection)

    def close(self) -> None:
        """Close what was given back."""
        for connection in (*self._free, self._template):
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = Journal.open(self._path)._connection
        connection.execute("PRAGMA synchronous = OFF")
        return connection


class HeldNetwork(InMemoryNetwork):
    """Devices whose callers are held before and after each call.

    `late`: calls that a process made after it had lost its lease: which, about which change, who.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self.late: list[tuple[str, str, str]] = []
        self.journals: list[HeldJournal] = []

    def running(self, node: str) -> DeviceConfiguration:
        point(f"ask {node} running")
        return super().running(node)

    def commit_log(self, node: str) -> Sequence[CommitRecord]:
        point(f"ask {node} log")
        return super().commit_log(node)

    def diff(self, node: str, change_id: str) -> str:
        point(f"ask {node} diff")
        return super().diff(node, change_id)

    def stage(self, change_id: str, candidate: DeviceConfiguration) -> str:
        self._arrive("stage", change_id)
        said = super().stage(change_id, candidate)
        point("done stage")
        return said

    def commit(self, node: str, change_id: str, return_after_s: float) -> CommitRecord:
        self._arrive("commit", change_id)
        record = super().commit(node, change_id, return_after_s)
        point("done commit")
        return record

    def confirm(self, node: str, change_id: str) -> CommitRecord:
        self._arrive("confirm", change_id)
        record = super().confirm(node, change_id)
        point("done confirm")
        return record

    def roll_back(self, node: str, change_id: str) -> CommitRecord:
        self._arrive("roll_back", change_id)
        record = super().roll_back(node, change_id)
        point("done roll_back")
        return record

    def _arrive(self, call: str, change_id: str) -> None:
        point(f"call {call} {change_id}")
        for journal in self.journals:
            lease = journal.held()
            if lease is not None and not journal.is_current(lease):
                self.late.append((call, change_id, lease.holder))
                return
