"""Many plays in a few processes, with progress."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

PROCESSES = 2

J = TypeVar("J")
R = TypeVar("R")


def played(
    play: Callable[[J], R], jobs: Sequence[J], what: str, processes: int = PROCESSES
) -> Iterator[tuple[J, R]]:
    """Each job with its result, as they finish. A job that raises ends the run with its error."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    # A fresh interpreter per process: what is forked holds locks of threads that are not there.
    context = get_context("spawn")
    with (
        Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress,
        ProcessPoolExecutor(processes, mp_context=context) as pool,
    ):
        task = progress.add_task(what, total=len(jobs))
        waiting = {pool.submit(play, job): job for job in jobs}
        for future in as_completed(waiting):
            progress.advance(task)
            yield waiting[future], future.result()
