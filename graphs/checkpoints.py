"""Where LangGraph keeps its threads: only who holds the lease of what is in work writes there."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)
from langgraph.checkpoint.sqlite import SqliteSaver

from tools.journal.database import BUSY_TIMEOUT_S, WAL_PAGES
from tools.journal.errors import JournalFailed, UnknownIncident
from tools.journal.journal import Journal
from tools.writable import Placed
from twin.nouns.incident import TERMINAL_PHASES

_ONLY_THE_LAST = """
CREATE TEMP TRIGGER only_the_last AFTER INSERT ON main.checkpoints BEGIN
    DELETE FROM checkpoints WHERE thread_id = NEW.thread_id
        AND checkpoint_ns = NEW.checkpoint_ns AND checkpoint_id <> NEW.checkpoint_id;
    DELETE FROM writes WHERE thread_id = NEW.thread_id
        AND checkpoint_ns = NEW.checkpoint_ns AND checkpoint_id <> NEW.checkpoint_id;
END
"""
"""LangGraph goes on from the checkpoint with the highest id, and ids follow the clock: where only
the newest is kept, a clock that was set back brings no older step up again.
"""


class FencedSaver(SqliteSaver):
    """Checkpoints in a file of their own, written inside a transaction of the journal.

    That transaction checks the lease and keeps others from taking it over, so that a process that
    slept through its lease cannot lay its old thread over the new holder's.

    Of each thread only the last step is kept. What is dropped makes the file smaller at once, but
    for a file that an earlier version made (`noctua prune`).
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, journal: Journal) -> None:
        super().__init__(connection)
        self._path = path
        self._journal = journal
        self.placed = Placed(path)

    @classmethod
    def open(cls, path: Path, journal: Journal) -> Self:
        """The checkpoints at `path`, which are made if there are none.

        Raises:
            JournalFailed: the file cannot be opened, or is damaged.
        """
        with _mapped(path):
            connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
            try:
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
                connection.execute("PRAGMA temp_store = MEMORY")
                connection.execute("PRAGMA auto_vacuum = FULL")
                saver = cls(connection, path, journal)
                saver.setup()
                connection.execute(_ONLY_THE_LAST)
            except BaseException:
                connection.close()
                raise
        return saver

    def close(self) -> None:
        """Close the file."""
        self.conn.close()

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """As LangGraph asks for it. Raises JournalFailed."""
        with _mapped(self._path):
            return super().get_tuple(config)

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """As LangGraph asks for it. Raises JournalFailed, and LeaseLost."""
        with self._journal.transaction(), _mapped(self._path):
            return super().put(config, checkpoint, metadata, new_versions)

    def put_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """As LangGraph asks for it. Raises JournalFailed, and LeaseLost."""
        with self._journal.transaction(), _mapped(self._path):
            super().put_writes(config, writes, task_id, task_path)

    def delete_thread(self, thread_id: str) -> None:
        """As LangGraph asks for it. Raises JournalFailed, and LeaseLost."""
        with self._journal.transaction(), _mapped(self._path):
            super().delete_thread(thread_id)

    def vacuum(self) -> None:
        """Give back to the disk what has been dropped, also of a file of an earlier version.

        Raises:
            JournalFailed: there is no room for it, or somebody else holds the file for too long.
        """
        with self._journal.transaction(), _mapped(self._path):
            self.conn.execute("VACUUM")
            self.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def drop_ended(self) -> None:
        """Drop the threads of incidents and refreshes that are not in work, or not in the journal.

        Raises:
            JournalFailed, LeaseLost: as `put`.
        """
        with _mapped(self._path), self.cursor(transaction=False) as cursor:
            threads = [
                row[0] for row in cursor.execute("SELECT DISTINCT thread_id FROM checkpoints")
            ]
        for thread in threads:
            # Whoever takes the incident up again does so before, or finds no thread.
            with self._journal.transaction():
                if not self._is_in_work(thread):
                    self.delete_thread(thread)

    def drop_earlier_steps(self) -> None:
        """Drop all but the last step of each thread: what earlier versions left.

        Raises:
            JournalFailed: as `put`.
        """
        last = "SELECT thread_id, checkpoint_ns, max(checkpoint_id) FROM checkpoints GROUP BY 1, 2"
        with (
            self._journal.transaction(),
            _mapped(self._path),
            self.cursor() as cursor,
        ):
            for table in ("writes", "checkpoints"):
                where = f"(thread_id, checkpoint_ns, checkpoint_id) NOT IN ({last})"
                cursor.execute(f"DELETE FROM {table} WHERE {where}")

    def _is_in_work(self, thread: str) -> bool:
        if thread in {refresh.id for refresh in self._journal.refreshes_in_work()}:
            return True
        try:
            return self._journal.incident(thread).phase not in TERMINAL_PHASES
        except UnknownIncident:
            return False


@contextmanager
def _mapped(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise JournalFailed(
            f"{path}: {error}; what is in work stays at its last step "
            "(check free space, permissions and other processes)"
        ) from error
