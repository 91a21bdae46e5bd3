"""The network and the two databases of a workplace, at whose every call a process can be struck."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)

from evals.survival.kill_points import OUTSIDE, Passage
from graphs.checkpoints import FencedSaver
from graphs.incident import POLLS
from graphs.workplace import Stores
from tools.journal.errors import JournalFailed
from tools.journal.journal import Journal
from tools.journal.lease_rows import Since
from tools.network.protocol import CommitRecord, Network, RepairReport
from twin.errors import NetworkError
from twin.nouns.configuration import DeviceConfiguration
from twin.nouns.inventory import Inventory, ProbePath
from twin.nouns.plan import Dispatch
from twin.nouns.telemetry import ProbeRound, Telemetry

_BRANCH = "branch:to:"
"""LangGraph's channels by which a node says where to go."""

_WRITES = re.compile(
    r"\s*(?:INSERT(?:\s+OR\s+\w+)?\s+INTO|UPDATE|DELETE\s+FROM)\s+(\w+)", re.IGNORECASE
)


class StruckNetwork:
    """A network whose every call is a place. What is only on record here never fails."""

    def __init__(self, network: Network, passage: Passage) -> None:
        self._network = network
        self._passage = passage

    @property
    def name(self) -> str:
        """As of the network inside."""
        return self._network.name

    def inventory(self) -> Inventory:
        """As of the network inside."""
        return self._network.inventory()

    def now_s(self) -> float:
        """As of the network inside."""
        return self._network.now_s()

    def poll(self, after_s: float | None = None) -> Sequence[Telemetry]:
        """As the network inside. Raises NetworkError where it is struck, as all below do."""
        self._passage.node = OUTSIDE
        with self._call("poll"):
            return self._network.poll(after_s)

    def running(self, node: str) -> DeviceConfiguration:
        """As the network inside."""
        with self._call(f"running {node}"):
            return self._network.running(node)

    def probe(self, paths: Sequence[ProbePath]) -> ProbeRound:
        """As the network inside."""
        with self._call("probe"):
            return self._network.probe(paths)

    def stage(self, change_id: str, candidate: DeviceConfiguration) -> str:
        """As the network inside."""
        with self._call(f"stage {candidate.node}"):
            return self._network.stage(change_id, candidate)

    def diff(self, node: str, change_id: str) -> str:
        """As the network inside."""
        with self._call(f"diff {node}"):
            return self._network.diff(node, change_id)

    def commit(self, node: str, change_id: str, return_after_s: float) -> CommitRecord:
        """As the network inside."""
        with self._call(f"commit {node}"):
            return self._network.commit(node, change_id, return_after_s)

    def confirm(self, node: str, change_id: str) -> CommitRecord:
        """As the network inside."""
        with self._call(f"confirm {node}"):
            return self._network.confirm(node, change_id)

    def roll_back(self, node: str, change_id: str) -> CommitRecord:
        """As the network inside."""
        with self._call(f"roll_back {node}"):
            return self._network.roll_back(node, change_id)

    def commit_log(self, node: str) -> Sequence[CommitRecord]:
        """As the network inside."""
        with self._call(f"commit_log {node}"):
            return self._network.commit_log(node)

    def dispatch(self, order: Dispatch) -> None:
        """As the network inside."""
        with self._call("dispatch"):
            self._network.dispatch(order)

    def repair_report(self, dispatch_id: str) -> RepairReport:
        """As the network inside."""
        with self._call("repair_report"):
            return self._network.repair_report(dispatch_id)

    @contextmanager
    def _call(self, what: str) -> Iterator[None]:
        with self._passage.around(what, NetworkError):
            yield


class StruckJournal(Journal):
    """A journal of which every commit is a place, named by the tables that were written."""

    passage: Passage

    def watch_over(self, passage: Passage) -> None:
        """From now on its commits are places of `passage`."""
        self.passage = passage
        self._written: list[str] = []
        self._connection.set_trace_callback(self._note)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """As ever; before and after the outermost commit it can be struck."""
        with self._lock:
            if self._connection.in_transaction:
                with super().transaction():
                    yield
                return
            self._written = []
            with super().transaction():
                yield
                what = f"journal {'+'.join(self._written)}".rstrip()
                self.passage.before(what)
            self.passage.after(what, JournalFailed)

    def renew_leases(self, holder: str, now: Since) -> None:
        """As ever, unseen."""
        with self._lock, self.passage.silent():
            super().renew_leases(holder, now)

    def _note(self, statement: str) -> None:
        found = _WRITES.match(statement)
        if found and found[1] not in self._written:
            self._written.append(found[1])


class StruckSaver(FencedSaver):
    """Checkpoints of which every write is a place; it also knows which graph node runs."""

    passage: Passage

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """As ever; what is read is about to go on."""
        found = super().get_tuple(config)
        if found is not None:
            self.passage.node = _looks_or_runs(found.checkpoint)
        return found

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """As ever. Raises JournalFailed where it is struck."""
        here, node = self.passage.node, _next_node(checkpoint)
        with self.passage.around(f"checkpoint to {node}", JournalFailed, here):
            done = super().put(config, checkpoint, metadata, new_versions)
        self.passage.node = node
        return done

    def put_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """As ever. Raises JournalFailed where it is struck."""
        node = task_path.rpartition(", ")[2]
        with self.passage.around(f"writes of {node or 'resume'}", JournalFailed, node):
            super().put_writes(config, writes, task_id, task_path)


def struck_stores(passage: Passage) -> Stores:
    """Both databases, with their places in `passage`."""

    def journal(path: Path, key_file: Path) -> Journal:
        opened = StruckJournal.open(path, key_file)
        opened.watch_over(passage)
        return opened

    def checkpoints(path: Path, journal: Journal) -> FencedSaver:
        opened = StruckSaver.open(path, journal)
        opened.passage = passage
        return opened

    return Stores(journal=journal, checkpoints=checkpoints)


def _looks_or_runs(checkpoint: Checkpoint) -> str:
    """Of a thread that waits, the node that looks beside the graph whether it goes on."""
    node, then = _next_node(checkpoint), checkpoint["channel_values"].get("wait_then")
    return str(then) if node == "wait" and then in POLLS else node


def _next_node(checkpoint: Checkpoint) -> str:
    channels = checkpoint["channel_values"]
    found = [name.removeprefix(_BRANCH) for name in channels if name.startswith(_BRANCH)]
    if found:
        return "+".join(found)
    return "start" if "__start__" in channels else "end"
