"""A storm of alerts about one trouble, through a real server: none is lost, and one incident.

    python -m tests.benchmarks.alert_storm [--alerts 100000] [--senders 4]

Alerts come as Alertmanager groups them, a hundred to a post, from several senders at once, while a
link of an emulated network is down. Printed are what was kept, how fast, how long a post takes, and
how much memory the server and the step of the watch that reads it all take.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graphs.state_directory import StateDirectory
from tests.channels.http.prometheus import EXAMPLES, free_port
from tests.graphs.stagehand import EVENING_S, case, operating
from twin.events.faults.link_down import LinkDown
from twin.nouns.topology import Topology

LINK = "ATLAng--HSTNng"
BEGINS_S = 300.0
PER_POST = 100
TOKEN_ENV, TOKEN = "NOCTUA_ALERTMANAGER_TOKEN", "a token of loopback alone"

_QUIET_S = 2400.0
"""Seconds of the network for which is looked whether another incident is opened."""


@dataclass(frozen=True)
class Storm:
    """What came of it. Times are seconds; `step_s`: of the watch that reads all of it."""

    alerts: int
    kept: int
    firing: int
    unmapped: int
    repeats: int
    incidents: int
    took_s: float
    posts_s: tuple[float, ...]
    server_bytes: int
    journal_bytes: int
    step_s: float

    def lines(self) -> Iterator[str]:
        """For people."""
        middle, late = np.percentile(self.posts_s, [50, 99]) * 1000
        yield f"{self.alerts:,} alerts in {len(self.posts_s):,} posts"
        yield f"lost: {self.alerts - self.kept:,}; repeats: {self.repeats:,}"
        yield f"firing: {self.firing:,}; mapped by no rule: {self.unmapped:,}"
        yield f"incidents: {self.incidents}"
        yield f"sustained: {self.alerts / self.took_s:,.0f} alerts/s ({self.took_s:.1f} s)"
        yield f"a post: {middle:.0f} ms in the middle, {late:.0f} ms at the 99th percentile"
        yield f"server: {self.server_bytes / 2**20:.0f} MiB at the peak"
        yield f"journal: {self.journal_bytes / 2**20:.0f} MiB"
        yield f"a step of the watch with all of it firing: {self.step_s:.2f} s"


def posts(topology: Topology, alerts: int) -> Iterator[bytes]:
    """So many different alerts about every link and device, of Alertmanager's webhook."""
    parts = [{"link": link.id, "device": link.a} for link in topology.links]
    parts += [{"device": node.id} for node in topology.nodes]
    group = list[dict[str, object]]()
    for number in range(alerts):
        labels = {"alertname": "CustomerPortDown", "port": f"ge-0/0/{number}"}
        group.append(
            {
                "status": "firing",
                "labels": labels | parts[number % len(parts)],
                "annotations": {"summary": f"customer port {number} has no signal"},
                "startsAt": "2026-03-03T18:05:00Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "http://prometheus.example:9090/graph",
                "fingerprint": f"{number:016x}",
            }
        )
        if len(group) == PER_POST or number == alerts - 1:
            yield json.dumps({"version": "4", "alerts": group, "truncatedAlerts": 0}).encode()
            group = []


def storm(state: Path, alerts: int, senders: int) -> Storm:
    """Play it in the folder `state`."""
    directory = StateDirectory(state)
    rules = (EXAMPLES / "alerts.yaml").read_text("utf-8")
    directory.alerts_file.write_text(rules, encoding="utf-8")
    with operating(state, case((BEGINS_S, LinkDown(link=LINK)))) as operation:
        operation.run(operation.has_begun, most_s=BEGINS_S + 600.0)
        bodies = list(posts(operation.network.inventory().topology, alerts))
        with serving(state, free_port()) as (address, process):
            began_s = time.perf_counter()
            with ThreadPoolExecutor(senders) as pool:
                took = tuple(pool.map(lambda body: post(address, body), bodies))
            took_s = time.perf_counter() - began_s
            server_bytes = _peak_bytes(process.pid)
        step_s = time.perf_counter()
        operation.workplace.watch.step()
        step_s = time.perf_counter() - step_s
        operation.run(lambda: operation.clock.now_s() >= EVENING_S + BEGINS_S + _QUIET_S)
        counts = operation.journal.alert_counts("live")
        (door,) = operation.journal.alert_doors("live")
        return Storm(
            alerts=alerts,
            kept=counts.begun,
            firing=counts.firing,
            unmapped=counts.unmapped,
            repeats=door.repeats,
            incidents=len(operation.journal.incidents()),
            took_s=took_s,
            posts_s=took,
            server_bytes=server_bytes,
            journal_bytes=directory.journal_file.stat().st_size,
            step_s=step_s,
        )


def _peak_bytes(pid: int) -> int:
    """The most that was resident of a process (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


def post(address: str, body: bytes) -> float:
    """Send one post until it is taken, as Alertmanager does; how long that took."""
    began_s = time.perf_counter()
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    while True:
        request = urllib.request.Request(address, body, headers, method="POST")
        with suppress(OSError), urllib.request.urlopen(request, timeout=60.0):
            return time.perf_counter() - began_s
        time.sleep(0.1)


@contextmanager
def serving(state: Path, port: int) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A server in a process of its own, and where the door of the example is."""
    command = [sys.executable, "-m", "tests.benchmarks.alert_storm", "--serve", str(state)]
    environ = os.environ | {TOKEN_ENV: TOKEN}
    process = subprocess.Popen([*command, "--port", str(port)], env=environ)
    try:
        _until_ready(f"http://127.0.0.1:{port}/health", process)
        yield f"http://127.0.0.1:{port}/alerts/prometheus", process
    finally:
        process.terminate()
        process.wait()


def _until_ready(address: str, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(address, timeout=5.0):
            return
        time.sleep(0.1)


def _serve(state: Path, port: int) -> None:
    import uvicorn

    from channels.http.app import create_app

    uvicorn.run(create_app(StateDirectory(state)), port=port, log_level="warning")


def main(arguments: Sequence[str] | None = None) -> int:
    """Play and print it; 1 where an alert was lost, or there is another number of incidents."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=100_000)
    parser.add_argument("--senders", type=int, default=4)
    parser.add_argument("--serve", type=Path)
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args(arguments)
    if given.serve is not None:
        _serve(given.serve, given.port)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        found = storm(Path(folder), given.alerts, given.senders)
    print("\n".join(found.lines()))
    return int(found.kept != given.alerts or found.incidents != 1)


if __name__ == "__main__":
    sys.exit(main())
