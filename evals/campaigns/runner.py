"""Plays a campaign in a few processes: every play is recorded once, whatever dies meanwhile."""

import resource
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Generic

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from channels.provenance import code_version
from evals.campaigns.campaign import WHOLE, Campaign, S, Slice
from evals.campaigns.records import P, R, RecordFile

PROCESSES = 2

_SPEED_OVER_S = 24 * 3600.0
"""Plays take minutes, so that rich's default of 30 s would show no time left."""


@dataclass(frozen=True, slots=True)
class _Ended(Generic[R]):
    """How a play ended. See Record."""

    cpu_s: float | None
    outcome: R | None = None
    error: str = ""
    trace: str = ""


def run_campaign(
    campaign: Campaign[S, P, R],
    spec: S,
    path: Path,
    part: Slice = WHOLE,
    processes: int = PROCESSES,
) -> None:
    """Play what of `part` is not recorded in the file `path` yet, and record it there.

    A play that raises, or whose process dies, is recorded with its error, and the others go on.

    Raises:
        BadInput: another process plays into this file, or it has other records.
    """
    # Read before the first play: the checkout may move on while it goes on.
    commit = code_version()
    with RecordFile(campaign.name, campaign.record, path) as file, _progress() as progress:
        task = progress.add_task(campaign.name, total=None)
        while True:
            listed = dict.fromkeys([*campaign.plays(spec), *campaign.later(spec, file.known)])
            plays = part.part(campaign, list(listed))
            left = [play for play in plays if play not in file.known]
            progress.update(task, total=len(plays), completed=len(plays) - len(left))
            if not left:
                return
            for play, ended in _played(campaign.play, left, processes):
                file.append(
                    campaign.record(
                        campaign=campaign.name,
                        play=play,
                        commit=commit,
                        cpu_s=ended.cpu_s,
                        outcome=ended.outcome,
                        error=ended.error,
                        trace=ended.trace,
                    )
                )
                progress.advance(task)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        speed_estimate_period=_SPEED_OVER_S,
    )


def _played(
    play: Callable[[P], R], plays: Iterable[P], processes: int
) -> Iterator[tuple[P, _Ended[R]]]:
    """Each play with how it ended, as they end."""
    waiting = iter(plays)
    running: dict[Connection, tuple[P, _Worker[P, R]]] = {}

    def give(worker: _Worker[P, R] | None) -> None:
        """The next play, to `worker` or to a new one; a worker for which there is none ends."""
        for one in islice(waiting, 1):
            worker = worker or _Worker(play)
            worker.begin(one)
            running[worker.pipe] = one, worker
            return
        if worker is not None:
            worker.close()

    try:
        for _ in range(processes):
            give(None)
        while running:
            for pipe in wait([*running]):
                assert isinstance(pipe, Connection)
                one, worker = running.pop(pipe)
                ended = worker.ended()
                give(worker if ended is not None else None)
                yield one, ended or _Ended(None, error="the worker process died")
    finally:
        for _, worker in running.values():
            worker.kill()


class _Worker(Generic[P, R]):
    """A process that plays one play after the other, so that a death tells which play it was.

    It ends with the pipe, and so with this process, however that ends: the workers of a process
    pool would wait for their next play for ever.
    """

    def __init__(self, play: Callable[[P], R]) -> None:
        # A fresh interpreter: what is forked holds locks of threads that are not there.
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, play))
        self._process.start()
        # Without a copy of the worker's end here, its death reads as the end of the pipe.
        theirs.close()

    def begin(self, one: P) -> None:
        """Let it play; a worker that is dead tells so by the end of its pipe."""
        with suppress(OSError):
            self.pipe.send(one)

    def ended(self) -> _Ended[R] | None:
        """How the play ended, waited for; None if the process died."""
        try:
            ended: _Ended[R] = self.pipe.recv()
        except (EOFError, OSError):
            self.kill()
            return None
        return ended

    def close(self) -> None:
        """Let it end."""
        self.pipe.close()
        self._process.join()

    def kill(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self.close()


def _serve(pipe: Connection, play: Callable[[P], R]) -> None:
    """In the worker: play what comes, until nobody is left to give or to record anything."""
    with suppress(EOFError, OSError, KeyboardInterrupt):
        while True:
            pipe.send(_measured(play, pipe.recv()))


def _measured(play: Callable[[P], R], one: P) -> _Ended[R]:
    before_s = _cpu_s()
    outcome, error, trace = None, "", ""
    try:
        outcome = play(one)
    except Exception as exc:
        error, trace = _named(exc), traceback.format_exc()
    return _Ended(round(_cpu_s() - before_s, 3), outcome, error, trace)


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _cpu_s() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)
