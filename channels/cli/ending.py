"""Being told to end: Ctrl-C, SIGTERM, and SIGHUP, which is what a terminal sends that is closed."""

import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

TOLD_BY = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@contextmanager
def stopping(
    stop: threading.Event, told_by: Sequence[signal.Signals] = TOLD_BY
) -> Iterator[threading.Event]:
    """Each of these signals sets `stop`, once; the same signal again ends at once.

    A hangup that is ignored, as under nohup, stays ignored. After one, what would be written to the
    closed terminal is dropped, so that the end is as clean as any.
    """
    terminals = [stream.fileno() for stream in (sys.stdout, sys.stderr) if stream.isatty()]

    def handle(number: int, _: FrameType | None) -> None:
        stop.set()
        signal.signal(number, before[number])
        if number == signal.SIGHUP:
            _drop(terminals)

    before = {
        int(number): signal.signal(number, handle)
        for number in told_by
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _drop(descriptors: Sequence[int]) -> None:
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for descriptor in descriptors:
            os.dup2(nowhere, descriptor)
        os.close(nowhere)
