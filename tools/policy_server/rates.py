"""How fast the policy server is: `python -m tools.policy_server.rates`.

The figures of one evening after a failure, asked again and again: by one client over HTTP, by one
through Ray's handle, and by 16 over HTTP at once; then the replica is killed. Everything runs on
this machine, clients and Ray together.
"""

import os
import secrets
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np

from tools.policy_server.client import DEADLINE_S, NotServed, ServedScorer
from tools.policy_server.settings import Place
from tools.policy_server.wire import pack
from tools.ranker.card import read_card
from tools.ranker.opening import open_ranker
from twin.remediation.playing import evening_of, twin_of
from twin.remediation.ranking.seen import Seen, seen

TOPOLOGY = "sndlib/germany50"
ASKED, WARM, CLIENTS, AT_ONCE_S = 500, 50, 16, 20.0
PATIENT_S = 30.0


def main() -> None:
    """Print the figures."""
    from tools.policy_server.serving import served

    twin, token = twin_of(TOPOLOGY), secrets.token_hex(32)
    figures = seen(evening_of(twin, 1).situation(0, twin.inventory.intended))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    body = pack(figures)
    print(f"{TOPOLOGY}: {len(body)} bytes there, {4 * (1 + 11 * len(figures.arcs))} back")
    began_s = time.perf_counter()
    with served(port, token) as (url, handle):
        print(f"start: {time.perf_counter() - began_s:.1f} s")
        scorer = ServedScorer(Place(url, token), read_card().sha256, PATIENT_S)
        here = open_ranker()
        _tell("in process", lambda: here(figures))
        _tell("through the handle", lambda: handle.scores.remote(body).result())
        _tell("over HTTP", lambda: scorer(figures))
        _tell_at_once(scorer, figures)
        _tell_memory()
        _tell_recovery(Place(url, token), figures)


def _tell(name: str, ask: Callable[[], object]) -> None:
    for _ in range(WARM):
        ask()
    took_ms = np.array([_timed(ask) for _ in range(ASKED)]) * 1e3
    p50, p99 = np.percentile(took_ms, (50, 99))
    print(f"{name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms, {ASKED} requests")


def _timed(ask: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    ask()
    return time.perf_counter() - began_s


def _tell_at_once(scorer: ServedScorer, figures: Seen) -> None:
    ends_s = time.perf_counter() + AT_ONCE_S

    def client(_: int) -> tuple[list[float], int]:
        took, refused = [], 0
        while time.perf_counter() < ends_s:
            try:
                took.append(_timed(lambda: scorer(figures)))
            except NotServed:
                refused += 1
        return took, refused

    with ThreadPoolExecutor(CLIENTS) as clients:
        found = list(clients.map(client, range(CLIENTS)))
    took_ms = np.concatenate([took for took, _ in found]) * 1e3
    p50, p99 = np.percentile(took_ms, (50, 99))
    late = float((took_ms > DEADLINE_S * 1e3).mean())
    print(
        f"{CLIENTS} clients over HTTP: {len(took_ms) / AT_ONCE_S:.0f} requests/s, "
        f"p50 {p50:.0f} ms, p99 {p99:.0f} ms, {late:.1%} later than the deadline, "
        f"{sum(refused for _, refused in found)} not served"
    )


def _tell_memory() -> None:
    """Resident memory, in which what processes share counts for each."""
    mib = {pid: _resident_mib(pid) for pid, _ in processes_below(os.getpid())}
    replica = sum(
        mib[pid] for pid, title in processes_below(os.getpid()) if "ServeReplica" in title
    )
    print(f"memory: replica {replica:.0f} MiB, Ray and Serve with it {sum(mib.values()):.0f} MiB")


def _tell_recovery(place: Place, figures: Seen) -> None:
    """Until the first answer within the deadline after the replica's process is killed."""
    scorer = ServedScorer(place, read_card().sha256)
    (replica,) = [pid for pid, title in processes_below(os.getpid()) if "ServeReplica" in title]
    os.kill(replica, signal.SIGKILL)
    began_s, failed = time.perf_counter(), 0
    while Path(f"/proc/{replica}").exists():
        time.sleep(0.001)
    while True:
        with suppress(NotServed):
            scorer(figures)
            break
        failed += 1
    print(
        f"recovery: {time.perf_counter() - began_s:.1f} s after kill -9 of the replica, in which "
        f"{failed} requests of one client fell back"
    )


def _resident_mib(pid: int) -> float:
    with suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
        return float(status.partition("VmRSS:")[2].split()[0]) / 1024
    return 0.0


def processes_below(root: int) -> Iterator[tuple[int, str]]:
    """Process id and title of each process below `root`."""
    for child in _children(root):
        with suppress(OSError):
            yield child, Path(f"/proc/{child}/cmdline").read_text(encoding="utf-8")
        yield from processes_below(child)


def _children(root: int) -> list[int]:
    found = []
    for thread in Path(f"/proc/{root}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(pid) for pid in thread.read_text(encoding="ascii").split()]
    return found


if __name__ == "__main__":
    main()
