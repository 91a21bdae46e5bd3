"""A Ray node of the server's own, started so that a busy machine does not end it.

The raylet gives up when an agent of it takes 15 s to say on which ports it listens, which on a busy
machine Python's imports alone can take (github.com/ray-project/ray/issues/65983); and `ray start`,
when the raylet takes 30 s. So the ports are given, and Ray and each of its agents get a session of
their own, to each of which Linux gives a share of the processors (sched_autogroup).
"""

import ctypes
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from twin.errors import BadInput

_PORTS = (
    "--port",
    "--metrics-export-port",
    "--dashboard-agent-listen-port",
    "--dashboard-agent-grpc-port",
    "--runtime-env-agent-port",
    "--ray-client-server-port",
)

_SETTINGS = {
    # A proxy that is slow to begin is no proxy that is broken.
    "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",
    "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S": "60",
    "RAY_raylet_start_wait_time_s": "120",
    # Its own deprecations are Ray's.
    "PYTHONWARNINGS": "ignore",
}

_START = """
import sys
import ray.scripts.scripts
# Ray runs with it whatever of it is written in Python, and has no setting for it.
sys.executable = sys.argv.pop(1)
ray.scripts.scripts.main()
"""

_STORE_BYTES = 80 * 2**20
"""Shared memory; what is asked and answered is small and goes past it."""

_STARTS_S, _ENDS_S, _LOOK_S = 180.0, 20.0, 0.2

_SET_PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of Linux."""


@contextmanager
def own_head() -> Iterator[str]:
    """A head node while inside; its address. Raises BadInput: it does not come up."""
    # Unix sockets lie below it, whose paths may have 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="noctua-ray-", dir="/tmp"))
    ports = _free_ports(len(_PORTS))
    command = [
        sys.executable, "-c", _START, str(_python(folder)), "start", "--head", "--block",
        "--include-dashboard=false", "--include-log-monitor=false", "--no-monitor",
        "--disable-usage-stats", f"--temp-dir={folder}",
        f"--object-store-memory={_STORE_BYTES}", "--node-ip-address=127.0.0.1",
        *(f"{name}={port}" for name, port in zip(_PORTS, ports, strict=True)),
    ]  # fmt: skip
    log = folder / "start.log"
    with ExitStack() as ending:
        ending.callback(shutil.rmtree, folder, ignore_errors=True)
        with log.open("wb") as told:
            head = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=told,
                env={**os.environ, **_SETTINGS},
                start_new_session=True,
                preexec_fn=_die_with_us,
            )
        ending.callback(_end, head)
        _wait(head, log)
        yield f"127.0.0.1:{ports[0]}"


def _die_with_us() -> None:
    # Whoever kills the server outright does not want to search for what it has started.
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)


def _python(folder: Path) -> Path:
    """What runs Python, as the same process, in a session of its own.

    Workers lead a group of processes already, by which Ray ends them; they stay where they are.
    """
    interpreter, path = shlex.quote(sys.executable), folder / "python"
    path.write_text(
        "#!/bin/sh\n"
        "read -r _ _ _ _ group _ < /proc/$$/stat\n"
        f'[ "$group" = $$ ] && exec {interpreter} "$@"\n'
        f'exec setsid {interpreter} "$@"\n',
        encoding="utf-8",
    )
    path.chmod(0o700)
    return path


def _free_ports(number: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("", 0))) for _ in range(number)]
        return [bound.getsockname()[1] for bound in sockets]


def _wait(head: subprocess.Popen[bytes], log: Path) -> None:
    """Until the node is whole, which `ray start` says after all else."""
    give_up_s = time.monotonic() + _STARTS_S
    while "Ray runtime started" not in (words := log.read_text(errors="replace")):
        if head.poll() is not None or time.monotonic() > give_up_s:
            last = words.strip().splitlines()[-1:] or ["it said nothing"]
            raise BadInput(f"Ray cannot be started ({last[0]}); see docs/policies.md, Server")
        time.sleep(_LOOK_S)


def _end(head: subprocess.Popen[bytes]) -> None:
    """Ray ends what it has started when it is told to end; whatever is left is killed."""
    head.terminate()
    with suppress(subprocess.TimeoutExpired):
        head.wait(_ENDS_S)
    with suppress(ProcessLookupError):
        os.killpg(head.pid, signal.SIGKILL)
    head.wait()
