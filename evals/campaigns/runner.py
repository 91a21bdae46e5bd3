"""Plays a campaign in a few processes: every play is recorded once, whatever dies meanwhile."""

import os
import resource
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
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
    play: Callable[[P], R], plays: Sequence[P], processes: int
) -> Iterator[tuple[P, _Ended[R]]]:
    """Each play with how it ended, as they end."""
    waiting = iter(plays)
    running: dict[Future[_Ended[R]], tuple[P, ProcessPoolExecutor]] = {}

    def start(pool: ProcessPoolExecutor) -> None:
        following = next(waiting, None)
        if following is None:
            pool.shutdown(wait=False)
        else:
            running[pool.submit(_measured, play, following)] = following, pool

    try:
        for _ in range(processes):
            start(_new_pool())
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                one, pool = running.pop(future)
                ended = _ended(future)
                died = isinstance(future.exception(), BrokenProcessPool)
                start(_new_pool() if died else pool)
                yield one, ended
    finally:
        for _, pool in running.values():
            pool.shutdown(wait=False, cancel_futures=True)


def _new_pool() -> ProcessPoolExecutor:
    """Of one process, so that a death tells which play it was.

    A fresh interpreter: what is forked holds locks of threads that are not there.
    """
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


def _ended(future: Future[_Ended[R]]) -> _Ended[R]:
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, KeyboardInterrupt):
        raise error
    if isinstance(error, BrokenProcessPool):
        return _Ended(None, error="the worker process died")
    return _Ended(None, error=_named(error), trace="".join(traceback.format_exception(error)))


def _measured(play: Callable[[P], R], one: P) -> _Ended[R]:
    """In the worker: play it, and count what it takes."""
    before_s = _cpu_s()
    outcome, error, trace = None, "", ""
    try:
        outcome = play(one)
    except Exception as exc:
        error, trace = _named(exc), traceback.format_exc()
    parent = parent_process()
    if parent is not None and not parent.is_alive():
        # Nobody is left to record it, and a worker would wait for its next play for ever.
        os._exit(1)
    return _Ended(round(_cpu_s() - before_s, 3), outcome, error, trace)


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _cpu_s() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in used)
