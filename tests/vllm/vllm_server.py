"""A real `vllm serve` on loopback, always stopped again, and a model made on the spot."""

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

MODEL = "tiny"
READY_S = 300.0
"""Seconds that a start may take; about twenty on two cores, more where kernels are compiled."""

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
}


class ServerFailed(Exception):
    """vLLM ended, or did not get ready in time; the text holds the end of its log."""


def python_of(vllm: Path) -> str:
    """The interpreter that the command `vllm` runs on, which has its libraries."""
    with vllm.open("rb") as file:
        first = file.readline().decode(errors="replace").strip()
    if not first.startswith("#!"):
        raise ServerFailed(f"{vllm} is no script, so its Python is not known; give a pip install")
    return first[2:].split()[-1]


def make_model(vllm: Path, folder: Path) -> None:
    """Have vLLM's own libraries make the model in `folder`."""
    maker = Path(__file__).with_name("tiny_model.py")
    done = subprocess.run(
        [python_of(vllm), str(maker), str(folder)],
        env=os.environ | OFFLINE,
        capture_output=True,
        text=True,
        timeout=120.0,
        check=False,
    )
    if done.returncode:
        raise ServerFailed(f"the model was not made: {done.stderr[-1500:]}")


class VllmServer:
    """`vllm serve` on the model in `model`, from entering to leaving the context.

    `flags` go to the command. Its log lies in `log`.
    """

    def __init__(self, vllm: Path, model: Path, log: Path, flags: Sequence[str]) -> None:
        self.log = log
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self._command = [
            *(str(vllm), "serve", str(model), "--served-model-name", MODEL),
            *("--host", "127.0.0.1", "--port", str(self._port)),
            *("--enforce-eager", "--seed", "1", "--max-num-seqs", "2"),
            *("--gpu-memory-utilization", "0.2"),
            # A model that has learned nothing seldom comes to an end by itself.
            *("--override-generation-config", '{"max_new_tokens": 1000}'),
            "--enable-auto-tool-choice",
            *flags,
        ]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What clients are given."""
        return f"http://127.0.0.1:{self._port}/v1"

    def __enter__(self) -> "VllmServer":
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                env=os.environ | OFFLINE,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def kill(self) -> None:
        """End the server and its workers at once, as a power cut would."""
        if self._process is None:
            return
        self._signal(signal.SIGKILL)
        self._process.wait(timeout=30.0)
        self._process = None

    def stop(self) -> None:
        """Have the server end itself, and what is left of it after a while."""
        if self._process is None:
            return
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=20.0)
        self.kill()

    def requests(self) -> int:
        """Chat completions that the server itself has counted, however they ended."""
        return sum(
            int(float(line.rsplit(" ", 1)[1]))
            for line in self._get("/metrics").splitlines()
            if line.startswith("vllm:request_success_total{")
        )

    def version(self) -> str:
        """What the server says that it is."""
        return self._get("/version")

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        # To the group, which outlives its leader where only that one died.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _wait(self) -> None:
        assert self._process is not None
        last = time.monotonic() + READY_S
        while time.monotonic() < last:
            if self._process.poll() is not None:
                raise ServerFailed(f"vllm serve ended: {self._log_end()}")
            try:
                self._get("/health")
            except (urllib.error.URLError, OSError):
                time.sleep(0.5)
            else:
                return
        raise ServerFailed(f"vllm serve was not ready after {READY_S:g} s: {self._log_end()}")

    def _get(self, path: str) -> str:
        address = f"http://127.0.0.1:{self._port}{path}"
        with urllib.request.urlopen(address, timeout=10.0) as response:
            return str(response.read().decode())

    def _log_end(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]
