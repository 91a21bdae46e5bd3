"""Batches on workers that may die, hang or be slow: one loop for processes and for Ray."""

import pickle
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Protocol

from tools.runners.chunks import chunks
from tools.runners.fingerprint import fingerprint, require_same
from tools.runners.worker import Chunk, Played, record_of
from twin.errors import NoctuaError
from twin.physics.twin import Twin
from twin.runner import Deadline, Limits, Progress, R, Task, TaskFailure, failure, unwatched

DEFAULT_LIMITS = Limits(batch_s=600.0)
"""Never None for a batch: a worker elsewhere may be silent for ever."""

ATTEMPTS = 3
"""A chunk that is lost with its worker is played anew, task by task, and each once more."""

GRACE_S = 2.0
"""So long after the deadline, workers that have not said what they had by then are stopped."""

_LOOK_S = 0.5
"""How long the loop waits for an answer before it looks at the time again."""


class WorkerLost(NoctuaError):
    """Workers died while they played it: killed, out of memory, or gone with their machine."""


class RolloutBug(Exception):
    """A worker met an error that is not of the NoctuaError tree; the text is its traceback."""


class Crew(Protocol):
    """Workers. A ticket is one chunk that one of them has; None as its outcome: lost."""

    @property
    def workers(self) -> int:
        """How many chunks can be played at the same time."""
        ...

    def has_room(self) -> bool:
        """Whether another chunk should be given now."""
        ...

    def give(self, record: bytes, chunk: bytes) -> int:
        """Have `chunk` played on the twin of `record`; the ticket."""
        ...

    def finished(self, timeout_s: float) -> Sequence[tuple[int, bytes | None]]:
        """Tickets with their outcomes, empty if there are none after `timeout_s`."""
        ...

    def drop(self, ticket: int) -> None:
        """Stop who has it."""
        ...

    def close(self) -> None:
        """Stop all; another chunk starts them anew."""
        ...


@dataclass(slots=True)
class SharedCrew:
    """A crew that plays one batch at a time, whoever brings it. `reruns`: lost chunks so far."""

    crew: Crew
    reruns: int = 0
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        # Now and not at the first answer: an upgrade may replace the files in between.
        fingerprint()

    @contextmanager
    def turn(self, deadline: Deadline) -> Iterator[bool]:
        """Hold the crew; false if it was not free by the deadline."""
        mine = self._lock.acquire(timeout=max(0.0, deadline.left_s))
        try:
            yield mine
        finally:
            if mine:
                self._lock.release()


class CrewRunner:
    """Plays tasks of one twin on a crew; see Runner."""

    def __init__(self, shared: SharedCrew, twin: Twin, limits: Limits = DEFAULT_LIMITS) -> None:
        self._shared = shared
        self._record = record_of(twin)
        self._limits = limits
        if limits.batch_s is None:
            self._limits = Limits(DEFAULT_LIMITS.batch_s, limits.task_s)

    def run(
        self, tasks: Sequence[Task[R]], on_progress: Progress = unwatched
    ) -> tuple[R | TaskFailure, ...]:
        """See Runner.

        Raises:
            WorkersDiffer: a worker would not give the bytes that this process gives.
            RolloutBug: what a worker met is a bug.
        """
        deadline = Deadline.after("batch", self._limits.batch_s)
        batch = _Batch(self._shared, self._record, self._limits, deadline, tasks, on_progress)
        with self._shared.turn(deadline) as mine:
            if mine:
                batch.play()
        return batch.answers()


@dataclass(frozen=True, slots=True)
class _Piece:
    """Positions of tasks that go to one worker, and how often they have."""

    places: tuple[int, ...]
    attempts: int


class _Batch:
    def __init__(
        self,
        shared: SharedCrew,
        record: bytes,
        limits: Limits,
        deadline: Deadline,
        tasks: Sequence[Task[Any]],
        on_progress: Progress,
    ) -> None:
        self._shared = shared
        self._crew = shared.crew
        self._record = record
        self._limits = limits
        self._deadline = deadline
        self._tasks = tasks
        self._on_progress = on_progress
        self._answers: dict[int, Any] = {}
        self._waiting: deque[_Piece] = deque()
        self._given: dict[int, _Piece] = {}

    def play(self) -> None:
        """Until every task has its answer or the deadline is past."""
        if self._tasks:
            parts = chunks(self._tasks, self._crew.workers)
            self._waiting = deque(_Piece(places, 1) for places in parts)
        try:
            while self._given or (self._waiting and self._deadline.left_s > 0):
                self._hand_out()
                self._take_in()
                if self._deadline.left_s < -GRACE_S:
                    break
        finally:
            for ticket in self._given:
                self._crew.drop(ticket)

    def answers(self) -> tuple[Any, ...]:
        """In the order of the tasks; what has none was late."""
        late = self._deadline.missed()
        return tuple(
            self._answers.get(i) or failure(task, late) for i, task in enumerate(self._tasks)
        )

    def _hand_out(self) -> None:
        while self._waiting and self._crew.has_room() and self._deadline.left_s > 0:
            piece = self._waiting.popleft()
            tasks = tuple(self._tasks[i] for i in piece.places)
            chunk = pickle.dumps(Chunk(tasks, self._limits, self._deadline.left_s), protocol=5)
            self._given[self._crew.give(self._record, chunk)] = piece

    def _take_in(self) -> None:
        for ticket, outcome in self._crew.finished(_LOOK_S):
            piece = self._given.pop(ticket, None)
            if piece is None:
                continue  # Of a batch that has ended before.
            before = len(self._answers)
            if outcome is None:
                self._lost(piece)
            else:
                self._played(piece, pickle.loads(outcome))
            if len(self._answers) > before:
                self._on_progress(len(self._answers))

    def _played(self, piece: _Piece, played: Played) -> None:
        if played.bug is not None:
            raise RolloutBug(f"on the worker {played.worker}:\n{played.bug}")
        require_same(played.fingerprint, played.worker)
        self._answers.update(zip(piece.places, played.answers, strict=True))

    def _lost(self, piece: _Piece) -> None:
        self._shared.reruns += 1
        if piece.attempts < ATTEMPTS:
            # One by one, so that a task that kills its worker takes no other with it again.
            self._waiting.extend(_Piece((i,), piece.attempts + 1) for i in piece.places)
            return
        lost = WorkerLost(f"its worker was lost {ATTEMPTS} times while it played this")
        for i in piece.places:
            self._answers[i] = failure(self._tasks[i], lost)
