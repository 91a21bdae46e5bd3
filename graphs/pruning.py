"""What ended is kept by a rule, and what the rule lets go of can be dropped at any time.

- The journal and its audit log are kept for ever, and so are inventories, knowledge graphs and what
  was written for people.
- Checkpoints are kept for incidents in work, and for a refresh of the risk register until it has
  ended: of each its last step. They are dropped when it ends.
- What was learned of a network (its tracker) is kept while the network can be watched, and was
  within KEPT_DAYS; and as long as an incident of it is open.
- A trace is kept for KEPT_DAYS after its last span. A watch drops older ones.
- An alert of another system is kept for KEPT_DAYS after it was sent last, and as long as an
  incident is open that it may have joined. A watch that begins drops older ones.

Nothing of it has to be done by hand; `prune` does it for what was left behind: by earlier versions,
by processes that died, and by networks that nobody watches any more.
"""

import sqlite3
from collections.abc import Iterator, Set
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from graphs.checkpoints import FencedSaver
from graphs.heard_alerts import OldAlerts
from graphs.state_directory import StateDirectory
from tools.journal.database import BUSY_TIMEOUT_S
from tools.journal.errors import JournalFailed, LeaseHeld
from tools.journal.holder import Holder, has_died
from tools.journal.journal import Journal
from tools.journal.lease_rows import network_subject
from tools.journal.standing import open_incidents
from tools.network.driver import network_names
from tools.read_only import connect_read_only
from tools.trace import KEPT_S, old_traces
from twin.errors import BadInput
from twin.nouns.base import Noun
from twin.nouns.incident import TERMINAL_PHASES, Phase

_DAY_S = 86_400.0

KEPT_DAYS = round(KEPT_S / _DAY_S)


class Stores(Noun):
    """How large everything in a state directory is, in bytes, and of how many things it is.

    `threads`: incidents and refreshes with checkpoints; `free`: of the checkpoints, what holds
    nothing.
    """

    journal: int
    incidents: int
    in_work: int
    checkpoints: int
    threads: int
    free: int
    trackers: int
    tracked: int
    traces: int
    traced: int
    inventories: int
    inventoried: int


class Droppable(Noun):
    """What is kept no longer. `ended`: incidents whose checkpoints are; `steps`: how many steps of
    incidents in work that are not their last; `checkpoints`: bytes of both, and of what holds
    nothing. `unwatched`: networks whose trackers are, `learned` bytes of them. `traces`: files.
    `alerts`: how many; what they took in the journal is used again.
    """

    ended: tuple[str, ...]
    steps: int
    checkpoints: int
    unwatched: tuple[str, ...]
    learned: int
    traces: tuple[str, ...]
    traced: int
    alerts: int = 0

    @property
    def total(self) -> int:
        """In bytes."""
        return self.checkpoints + self.learned + self.traced


def stores(state: StateDirectory, journal: Journal) -> Stores:
    """How large everything in `state` is.

    Raises:
        JournalFailed: the checkpoints cannot be read.
    """
    incidents = journal.incidents()
    trackers, traces = list(state.trackers.glob("*.json")), list(state.traces.glob("*.jsonl"))
    inventories = list(state.inventories.glob("*.json"))
    threads, free = _threads_and_free(state.checkpoints_file)
    return Stores(
        journal=_sqlite_size(state.journal_file),
        incidents=len(incidents),
        in_work=sum(r.phase not in TERMINAL_PHASES for r in incidents),
        checkpoints=_sqlite_size(state.checkpoints_file),
        threads=threads,
        free=free,
        trackers=_size(trackers),
        tracked=len(trackers),
        traces=_size(traces),
        traced=len(traces),
        inventories=_size(inventories),
        inventoried=len(inventories),
    )


def droppable(
    state: StateDirectory, journal: Journal, now_s: float, days: float = KEPT_DAYS
) -> Droppable:
    """What the rule lets go of. `now_s`: the machine's clock; `days`: in place of KEPT_DAYS.

    Raises:
        JournalFailed: the checkpoints cannot be read.
    """
    working = {r.incident.id for r in journal.incidents(phases=set(Phase) - TERMINAL_PHASES)}
    working |= {r.id for r in journal.refreshes_in_work()}
    ended, steps, size = _beyond(state.checkpoints_file, working)
    unwatched = tuple(_unwatched(state, journal, now_s - days * _DAY_S))
    traces = old_traces(state.traces, days * _DAY_S)
    return Droppable(
        ended=ended,
        steps=steps,
        checkpoints=size,
        unwatched=unwatched,
        learned=_size([state.tracker_file(name) for name in unwatched]),
        traces=tuple(file.name for file in traces),
        traced=_size(traces),
        alerts=sum(old.count() for old in _old_alerts(journal, now_s, days)),
    )


def prune(
    state: StateDirectory, journal: Journal, now_s: float, days: float = KEPT_DAYS
) -> Droppable:
    """Drop it, beside whatever watches here; what was dropped, in bytes that the disk has back.

    Raises:
        BadInput: a file cannot be removed.
        JournalFailed: the checkpoints cannot be read or written.
    """
    found = droppable(state, journal, now_s, days)
    size = _sqlite_size(state.checkpoints_file)
    if found.checkpoints:
        with closing(FencedSaver.open(state.checkpoints_file, journal)) as checkpoints:
            checkpoints.drop_ended()
            checkpoints.drop_earlier_steps()
            checkpoints.vacuum()
    try:
        dropped = dict(_drop_trackers(state, journal, found.unwatched))
        for name in found.traces:
            (state.traces / name).unlink(missing_ok=True)
    except OSError as error:
        raise BadInput(
            f"{error.filename}: cannot be removed ({error.strerror}); make it writable, and prune "
            "again"
        ) from error
    freed = max(0, size - _sqlite_size(state.checkpoints_file))
    unwatched, learned = tuple(dropped), sum(dropped.values())
    alerts = sum(old.drop() for old in _old_alerts(journal, now_s, days))
    done = {"checkpoints": freed, "unwatched": unwatched, "learned": learned, "alerts": alerts}
    return found.model_copy(update=done)


def _old_alerts(journal: Journal, now_s: float, days: float) -> Iterator[OldAlerts]:
    for network in journal.alerted_networks():
        yield OldAlerts(journal, network, now_s, days * _DAY_S)


def _unwatched(state: StateDirectory, journal: Journal, since_s: float) -> Iterator[str]:
    """The networks of which what was learned is kept no longer."""
    watched_s = {watch.network: watch.stepped_wall_s for watch in journal.watches()}
    there = set(network_names(state.networks))
    for file in sorted(state.trackers.glob("*.json")):
        name = file.stem
        last_s = watched_s.get(name, file.stat().st_mtime)
        lease = journal.lease(network_subject(name))
        is_watched = lease and lease.holder and not has_died(state.locks, lease.holder)
        if (name not in there or last_s < since_s) and not (
            is_watched or open_incidents(journal, name)
        ):
            yield name


def _drop_trackers(
    state: StateDirectory, journal: Journal, networks: tuple[str, ...]
) -> Iterator[tuple[str, int]]:
    """Remove them, and say how large they were; what somebody has begun to watch is left."""
    if not networks:
        return
    with Holder(journal, state.locks) as holder:
        for name in networks:
            with suppress(LeaseHeld):
                holder.take(network_subject(name))
                size = _size([state.tracker_file(name)])
                state.tracker_file(name).unlink(missing_ok=True)
                yield name, size


def _threads_and_free(file: Path) -> tuple[int, int]:
    """How many threads the checkpoints in `file` are of, and how many bytes hold nothing."""
    threads = _rows(file, "SELECT count(DISTINCT thread_id) FROM checkpoints")
    free = _rows(
        file, "SELECT freelist_count * page_size FROM pragma_freelist_count, pragma_page_size"
    )
    return (threads[0][0], free[0][0]) if threads else (0, 0)


def _beyond(file: Path, working: Set[str]) -> tuple[tuple[str, ...], int, int]:
    """The threads that are not in `working`, steps of others before their last, and bytes."""
    rows = _rows(
        file,
        "SELECT thread_id, length(checkpoint) + length(metadata) + ("
        "SELECT coalesce(sum(length(value)), 0) FROM writes w WHERE w.thread_id = c.thread_id "
        "AND w.checkpoint_ns = c.checkpoint_ns AND w.checkpoint_id = c.checkpoint_id) "
        "FROM checkpoints c ORDER BY thread_id, checkpoint_id",
    )
    last = {thread: size for thread, size in rows if thread in working}
    ended = tuple(dict.fromkeys(thread for thread, _ in rows if thread not in working))
    steps = sum(thread in working for thread, _ in rows) - len(last)
    _, free = _threads_and_free(file)
    return ended, steps, sum(size for _, size in rows) - sum(last.values()) + free


def _rows(file: Path, query: str) -> list[tuple[Any, ...]]:
    """What a database says that is read only; nothing where there is none."""
    if not file.is_file():
        return []
    try:
        with closing(connect_read_only(file, busy_timeout_s=BUSY_TIMEOUT_S)) as connection:
            return connection.execute(query).fetchall()
    except sqlite3.Error as error:
        raise JournalFailed(f"{file}: {error} (`noctua doctor` says more)") from error


def _sqlite_size(file: Path) -> int:
    """Of a database with its log."""
    return _size([file, file.with_name(f"{file.name}-wal")])


def _size(files: list[Path]) -> int:
    found = 0
    for file in files:
        with suppress(FileNotFoundError):
            found += file.stat().st_size
    return found
