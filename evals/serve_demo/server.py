"""`noctua serve --watch` as a process of its own, until the end."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from twin.errors import BadInput

SPEED = 1000.0
"""Emulated seconds to one of ours; while people are asked, one to one."""

_LOOK_S = 0.05

_SERVING = re.compile(r"^serving at (\S+);", re.MULTILINE)


class Server:
    """Serves the state directory `folder` at `port` (0: any). `secrets`: added to the environment.

    `address`: where it is served; `exit_code`: with which it has ended.
    """

    def __init__(self, folder: Path, port: int, secrets: Mapping[str, str]) -> None:
        self._log = folder / "serve.log"
        start = "from channels.cli.start import main; main()"
        options = ("--watch", "--port", str(port), "--speed", str(SPEED))
        self._command = [sys.executable, "-c", start, "--state", str(folder), "serve", *options]
        self._environ = {**os.environ, **secrets, "PYTHONUNBUFFERED": "1"}
        self.address, self.exit_code = "", -1

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Run it while inside; it is told to end as a service manager does.

        Raises:
            BadInput: it has ended before it served.
        """
        with self._log.open("w", encoding="utf-8") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=subprocess.STDOUT, env=self._environ
            )
        # Whoever ends the demonstration ends its server, too.
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            while not (found := _SERVING.search(self._said())):
                self.require_alive()
                time.sleep(_LOOK_S)
            self.address = found[1]
            yield self
        finally:
            signal.signal(signal.SIGTERM, before)
            self._process.terminate()
            self.exit_code = self._process.wait()

    def require_alive(self) -> None:
        """Raises BadInput: it has ended, with what it said last."""
        if self._process.poll() is not None:
            told = "; ".join(self._said().splitlines()[-3:])
            raise BadInput(f"the server has ended: {told or 'it said nothing'}")

    def _said(self) -> str:
        return self._log.read_text(encoding="utf-8")
