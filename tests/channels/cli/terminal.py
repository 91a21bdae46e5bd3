"""A command on a terminal of 80 columns, and a person in front of it."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from types import TracebackType
from typing import Self

COLUMNS = 80

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\r")

_PATIENCE_S = 900.0
"""Only what hangs takes so long: a loaded machine may take a hundred times what an idle one does.
"""

# The terminal is made the process's own, so that Ctrl-C typed there is a signal to it.
_IN_FRONT = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "

NOCTUA = "from channels.cli.start import main; main()"


class Terminal:
    """Runs `script` with `arguments`. `first_s`: wall seconds until its first output."""

    def __init__(self, *arguments: str, script: str = NOCTUA) -> None:
        self._screen, keyboard = pty.openpty()
        fcntl.ioctl(keyboard, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
        environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")}
        self._started_s = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _IN_FRONT + script, *arguments],
            stdin=keyboard,
            stdout=keyboard,
            stderr=keyboard,
            start_new_session=True,
            env={**environment, "TERM": "xterm-256color"},
        )
        os.close(keyboard)
        self._raw = b""
        self.first_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._screen)

    @property
    def text(self) -> str:
        """What was printed so far, without colours and movements of the cursor."""
        return _CONTROL.sub("", self._raw.decode("utf-8", "replace"))

    def until(self, awaited: str) -> str:
        """Everything up to where `awaited` is printed."""
        deadline_s = time.monotonic() + _PATIENCE_S
        while awaited not in self.text:
            assert self._read(deadline_s), f"{awaited!r} did not come:\n{self.text}"
        return self.text

    def type(self, keys: str) -> None:
        """Type it."""
        os.write(self._screen, keys.encode())

    def ended(self) -> tuple[int, str]:
        """The exit code and everything that was printed."""
        deadline_s = time.monotonic() + _PATIENCE_S
        while self._read(deadline_s):
            pass
        return self._process.wait(_PATIENCE_S), self.text

    def _read(self, deadline_s: float) -> bool:
        """Take more in; False at the end."""
        ready, _, _ = select.select([self._screen], [], [], max(0.0, deadline_s - time.monotonic()))
        assert ready, f"nothing more came:\n{self.text}"
        try:
            more = os.read(self._screen, 65_536)
        except OSError:  # as Linux tells that nobody has the other end open any more
            return False
        if more and not self._raw:
            self.first_s = time.monotonic() - self._started_s
        self._raw += more
        return bool(more)
