"""Who plays tasks on a twin: the Protocol, its deadlines, and the runner that needs nothing.

The same task gives the same bytes from every runner, because an answer depends on the task and the
twin alone: seeds come from what a task says, a task starts with nothing but the compiled topology,
and what is kept between tasks is kept by its whole content.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

from twin.errors import DeadlineExceeded, NoctuaError
from twin.nouns.base import Noun, content_hash
from twin.nouns.state import NetworkState
from twin.physics.twin import Twin

R = TypeVar("R", bound=Noun)
R_co = TypeVar("R_co", bound=Noun, covariant=True)


class Task(Protocol[R_co]):
    """Something to play on a twin. It travels pickled, and its answer is a noun."""

    @property
    def name(self) -> str:
        """What it is called in records."""
        ...

    @property
    def base(self) -> NetworkState | None:
        """The state that it starts from; tasks from one state are played by one worker."""
        ...

    def content(self) -> dict[str, Any]:
        """All that it says besides its base, JSON-able."""
        ...

    def play(self, twin: Twin, before_step: Callable[[], None]) -> R_co:
        """The answer. `before_step` is called now and then, and what it raises ends the play."""
        ...


class TaskFailure(Noun):
    """A task that could not be computed: `error` is the kind, `reason` its text."""

    task: str
    content_hash: str
    error: str
    reason: str


Progress = Callable[[int], None]
"""Told how many tasks of the batch are answered, in the caller's thread, each time it is more."""


def unwatched(_: int) -> None:
    """Nobody looks at the progress."""


class Runner(Protocol):
    """Plays tasks; answers in their order. One failure is a record, and the others go on."""

    def run(
        self, tasks: Sequence[Task[R]], on_progress: Progress = unwatched
    ) -> tuple[R | TaskFailure, ...]:
        """One answer per task. An error that is not of the NoctuaError tree is a bug: it raises."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """Wall time in seconds for one call of `run` and for one task; None: as long as it takes.

    What is late is a TaskFailure "DeadlineExceeded". A task looks at the time between its steps.
    """

    batch_s: float | None = None
    task_s: float | None = None


UNLIMITED = Limits()


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a batch or a task has had its `limit_s` seconds, on this machine's monotonic clock."""

    what: Literal["batch", "task"]
    limit_s: float | None
    ends_s: float

    @classmethod
    def after(
        cls, what: Literal["batch", "task"], limit_s: float | None, left_s: float | None = None
    ) -> "Deadline":
        """`limit_s` from now on, or `left_s` where some of it has gone by already."""
        seconds = limit_s if left_s is None else left_s
        return cls(what, limit_s, time.monotonic() + (math.inf if seconds is None else seconds))

    @property
    def left_s(self) -> float:
        """Seconds until then, inf without a limit, below zero afterwards."""
        return self.ends_s - time.monotonic()

    def missed(self) -> DeadlineExceeded:
        """The error that says so."""
        return DeadlineExceeded(f"the {self.what} was not finished within {self.limit_s:g} s")

    def check(self) -> None:
        """Raise DeadlineExceeded once it is past."""
        if self.left_s < 0:
            raise self.missed()


class InProcessRunner:
    """Plays tasks one after another in this process."""

    def __init__(self, twin: Twin, limits: Limits = UNLIMITED) -> None:
        self._twin = twin
        self._limits = limits

    def run(
        self, tasks: Sequence[Task[R]], on_progress: Progress = unwatched
    ) -> tuple[R | TaskFailure, ...]:
        """See Runner."""
        batch = Deadline.after("batch", self._limits.batch_s)
        answers: list[R | TaskFailure] = []
        for task in tasks:
            answers.append(answer(task, self._twin, batch, self._limits.task_s))
            on_progress(len(answers))
        return tuple(answers)


def answer(task: Task[R], twin: Twin, batch: Deadline, task_s: float | None) -> R | TaskFailure:
    """What every runner gives for `task`: its answer, or the record of why there is none."""
    own = Deadline.after("task", task_s)

    def check() -> None:
        batch.check()
        own.check()

    try:
        check()
        return task.play(twin, check)
    except NoctuaError as exc:
        return failure(task, exc)


def failure(task: Task[Noun], error: NoctuaError) -> TaskFailure:
    """The record of `task` that ended with `error`."""
    return TaskFailure(
        task=task.name,
        content_hash=content_hash(task.content()),
        error=type(error).__name__,
        reason=str(error),
    )
