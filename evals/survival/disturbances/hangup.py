"""The terminal of the watch is closed: it ends, and somebody starts it again."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evals.survival.disturbances.disturbance import Place


class Hangup:
    """A real SIGHUP to this process."""

    name = "hangup"
    condition = None

    @contextmanager
    def room(self, folder: Path) -> Iterator[Path]:
        """Any folder; whoever runs this under nohup ignores hangups, which are what is tried."""
        before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
        try:
            yield folder
        finally:
            signal.signal(signal.SIGHUP, before)

    def begin(self, place: Place) -> None:
        """Send it."""
        os.kill(os.getpid(), signal.SIGHUP)

    def end(self, place: Place) -> None:
        """There is nothing left of it."""
