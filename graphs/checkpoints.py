"""Where LangGraph keeps its threads: only the holder of an incident's lease writes there."""

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

from tools.journal.database import BUSY_TIMEOUT_S
from tools.journal.errors import JournalFailed
from tools.journal.journal import Journal
from tools.writable import Placed


class FencedSaver(SqliteSaver):
    """Checkpoints in a file of their own, written inside a transaction of the journal.

    That transaction checks the lease and keeps others from taking it over, so that a process that
    slept through its lease cannot lay its old thread over the new holder's.
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
                saver = cls(connection, path, journal)
                saver.setup()
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


@contextmanager
def _mapped(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise JournalFailed(
            f"{path}: {error}; the incident stays at its last step "
            "(check free space, permissions and other processes)"
        ) from error
