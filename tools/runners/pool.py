"""Worker processes on this machine."""

import pickle
import queue
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from tools.runners.worker import play

_STOP_S = 5.0
"""A killed process is waited for that long, so that none stays as a zombie."""


@dataclass(slots=True, eq=False)
class _Member:
    process: BaseProcess
    pipe: Connection
    ticket: int | None = None

    def stop(self) -> None:
        self.process.kill()
        # The pipe closes with its last user: a thread may still be reading from it.
        self.process.join(_STOP_S)


class PoolCrew:
    """`workers` processes, started when there is work for them and kept until `close`."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        # A fresh interpreter per process: what is forked holds locks of threads that are not there.
        self._context = get_context("spawn")
        self._members: list[_Member] = []
        self._tickets = count(1)
        self._outcomes: queue.SimpleQueue[tuple[_Member, int, bytes | None]] = queue.SimpleQueue()

    @property
    def process_ids(self) -> tuple[int, ...]:
        """Of the workers that run now."""
        return tuple(m.process.pid for m in self._members if m.process.pid is not None)

    def has_room(self) -> bool:
        """See Crew."""
        return sum(member.ticket is not None for member in self._members) < self.workers

    def give(self, record: bytes, chunk: bytes) -> int:
        """See Crew."""
        free = [member for member in self._members if member.ticket is None]
        member = free[0] if free else self._start()
        ticket = member.ticket = next(self._tickets)
        # A thread talks to the worker, for a worker that was stopped in the middle of a message
        # would hold up whoever reads it.
        talk = threading.Thread(target=self._talk, args=(member, ticket, record, chunk))
        talk.daemon = True
        talk.start()
        return ticket

    def finished(self, timeout_s: float) -> Sequence[tuple[int, bytes | None]]:
        """See Crew."""
        try:
            member, ticket, outcome = self._outcomes.get(timeout=timeout_s)
        except queue.Empty:
            return ()
        if member in self._members:
            member.ticket = None
            if outcome is None:
                self._remove(member)
        return ((ticket, outcome),)

    def drop(self, ticket: int) -> None:
        """See Crew."""
        for member in [m for m in self._members if m.ticket == ticket]:
            self._remove(member)

    def close(self) -> None:
        """See Crew."""
        for member in list(self._members):
            self._remove(member)

    def _start(self) -> _Member:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs,), daemon=True)
        process.start()
        # Without a copy of the worker's end here, its death reads as the end of the pipe.
        theirs.close()
        member = _Member(process, ours)
        self._members.append(member)
        return member

    def _remove(self, member: _Member) -> None:
        self._members.remove(member)
        member.stop()

    def _talk(self, member: _Member, ticket: int, record: bytes, chunk: bytes) -> None:
        try:
            member.pipe.send_bytes(pickle.dumps((record, chunk), protocol=5))
            outcome = member.pipe.recv_bytes()
        except (EOFError, OSError):
            outcome = None
        self._outcomes.put((member, ticket, outcome))


def _serve(pipe: Connection) -> None:
    """Play what comes until whoever sends it is gone."""
    # A person's Ctrl-C reaches every process of the terminal; the parent ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            record, chunk = pickle.loads(pipe.recv_bytes())
            pipe.send_bytes(play(record, chunk))
        except (EOFError, OSError):
            return
