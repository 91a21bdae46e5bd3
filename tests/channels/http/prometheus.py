"""A real Prometheus and a real Alertmanager on loopback, as Debian's packages bring them."""

import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

PROGRAMS = ("prometheus", "prometheus-alertmanager", "promtool")

EXAMPLES = Path(__file__).parents[3] / "tools" / "alerts" / "examples"

_PATIENCE_S = 120.0
"""Only what hangs takes so long."""


def require_programs() -> None:
    """Fail where continuous integration lacks them, and skip elsewhere."""
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        told = f"{', '.join(missing)} not here; apt-get install prometheus prometheus-alertmanager"
        # Continuous integration installs them, and without them would check nothing here.
        pytest.fail(told) if os.environ.get("CI") else pytest.skip(told)


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Monitoring:
    """Where both of them listen."""

    prometheus: str
    alertmanager: str


@contextmanager
def monitoring(folder: Path, metrics: str, webhook: str, token: str) -> Iterator[Monitoring]:
    """Both of them with the shipped rules and the shipped route, at a faster pace.

    `metrics`: "host:port" to scrape; `webhook`: where alerts go, with `token`.
    """
    at = {name: f"127.0.0.1:{free_port()}" for name in ("prometheus", "alertmanager")}
    routed = yaml.safe_load((EXAMPLES / "alertmanager.yaml").read_text("utf-8"))
    routed["route"] |= {"group_wait": "200ms", "group_interval": "1s"}
    (hook,) = routed["receivers"][0]["webhook_configs"]
    hook |= {"url": webhook, "http_config": {"authorization": {"credentials": token}}}
    scraped = {
        "global": {"scrape_interval": "500ms", "evaluation_interval": "500ms"},
        "rule_files": [str(EXAMPLES / "prometheus_rules.yaml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [at["alertmanager"]]}]}]},
        "scrape_configs": [{"job_name": "network", "static_configs": [{"targets": [metrics]}]}],
    }
    for name, settings in (("alertmanager", routed), ("prometheus", scraped)):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    commands = (
        ["prometheus-alertmanager", f"--config.file={folder}/alertmanager.yaml",
         f"--storage.path={folder}/alertmanager", "--cluster.listen-address=",
         f"--web.listen-address={at['alertmanager']}"],
        ["prometheus", f"--config.file={folder}/prometheus.yaml",
         f"--storage.tsdb.path={folder}/prometheus", f"--web.listen-address={at['prometheus']}"],
    )  # fmt: skip
    with (folder / "log").open("wb") as log:
        running = [subprocess.Popen(c, stdout=log, stderr=subprocess.STDOUT) for c in commands]
        try:
            for address, process in zip(reversed(at.values()), running, strict=True):
                _until_ready(f"http://{address}/-/ready", process, folder / "log")
            yield Monitoring(**at)
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait(_PATIENCE_S)


def _until_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline_s = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline_s and process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(address, timeout=5.0):
            return
        time.sleep(0.1)
    pytest.fail(f"{address} is not ready: {log.read_text('utf-8', errors='replace')[-2000:]}")
