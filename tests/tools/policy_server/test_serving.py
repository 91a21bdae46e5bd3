"""`noctua policy serve` on real Ray Serve with the weights that ship (`make test-serve`): its
replica is killed while clients ask, and each of them still decides.
"""

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.tools.policy_server.answering import figures, situation
from tools.policies import served
from tools.policy_server.client import NotServed, ServedScorer
from tools.policy_server.head import own_head
from tools.policy_server.rates import processes_below
from tools.policy_server.settings import Place
from tools.ranker.card import read_card
from tools.ranker.opening import open_ranker
from twin.remediation.disposal import dispose
from twin.remediation.policies.ranked import Ranked

if importlib.util.find_spec("ray") is None:
    # `make test-serve` says so, and there a server that is not tried is no success.
    if os.environ.get("NOCTUA_TEST_SERVE"):
        pytest.fail("Ray is not installed, and the policy server was to be tried", pytrace=False)
    pytest.skip("Ray is an extra and not installed here", allow_module_level=True)

STARTS_S, PATIENT_S = 300.0, 60.0

CLIENTS = 4


@dataclass(slots=True)
class Server:
    """A process that runs the command."""

    process: subprocess.Popen[str]
    url: str
    token: str

    def scorer(self, deadline_s: float = PATIENT_S) -> ServedScorer:
        """Asks it for so long."""
        return ServedScorer(Place(self.url, self.token), read_card().sha256, deadline_s)

    def settings(self) -> dict[str, str]:
        """Of the environment of a client."""
        return {"NOCTUA_POLICY_URL": self.url, "NOCTUA_POLICY_TOKEN": self.token}

    def get(self, path: str) -> str:
        """What it answers there."""
        request = urllib.request.Request(
            self.url + path, headers={"Authorization": f"Bearer {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=PATIENT_S) as response:
            said: str = response.read().decode()
        return said

    def replicas(self) -> set[int]:
        """The processes of this server that hold the model."""
        return {pid for pid, title in processes_below(self.process.pid) if "ServeReplica" in title}

    def processes(self) -> set[int]:
        """All that it has started."""
        return {pid for pid, _ in processes_below(self.process.pid)}


def _until(happened: Callable[[], object], what: str) -> None:
    give_up_s = time.monotonic() + STARTS_S
    while not happened():
        assert time.monotonic() < give_up_s, what
        time.sleep(0.2)


def _answers(scorer: ServedScorer) -> bool:
    with suppress(NotServed):
        scorer(figures())
        return True
    return False


@contextmanager
def serving(folder: Path, *flags: str) -> Iterator[Server]:
    """`noctua policy serve` on a free port, once it says that it serves."""
    token = secrets.token_hex(32)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = "from channels.cli.start import main; main()"
    with (folder / "trouble").open("wb") as trouble:
        process = subprocess.Popen(
            [sys.executable, "-c", command, "policy", "serve", "--port", str(port), *flags],
            env={**os.environ, "NOCTUA_POLICY_TOKEN": token},
            stdout=subprocess.PIPE,
            stderr=trouble,
            text=True,
            start_new_session=True,
        )
    try:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{port}"
        told = process.stdout.readline()
        assert f"NOCTUA_POLICY_URL={url}" in told, (folder / "trouble").read_text()
        yield Server(process, url, token)
    finally:
        process.terminate()
        process.communicate(timeout=STARTS_S)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("served")) as started:
        yield started


def test_server_gives_the_scores_of_the_ranker_in_process(server: Server) -> None:
    assert np.array_equal(server.scorer()(figures()), open_ranker()(figures()))


def test_many_requests_at_once_are_answered_like_one(server: Server) -> None:
    scorer, alone = server.scorer(), open_ranker()(figures())
    with ThreadPoolExecutor(16) as clients:
        answers = list(clients.map(lambda _: scorer(figures()), range(64)))
    assert all(np.array_equal(answer, alone) for answer in answers)


def test_health_and_metrics_are_those_of_the_replica(server: Server) -> None:
    assert server.get("/health").strip() == read_card().sha256
    assert 'noctua_policy_requests_total{replica="' in server.get("/metrics")


def test_without_the_token_nothing_is_answered(server: Server) -> None:
    stranger = ServedScorer(Place(server.url, "x" * 32), read_card().sha256, PATIENT_S)
    with pytest.raises(NotServed, match="status 401"):
        stranger(figures())


def test_http_is_on_loopback_alone(server: Server) -> None:
    port = int(server.url.rpartition(":")[2])
    listening = [
        line.split()[1].split(":")[0]
        for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
        if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
    ]
    assert listening == ["0100007F"]
    ipv6 = Path("/proc/net/tcp6")
    assert not ipv6.exists() or f":{port:04X} 00000000000000" not in ipv6.read_text("ascii")


def test_killed_replica_costs_time_and_not_a_decision(server: Server) -> None:
    expected = Ranked(open_ranker(), 32).propose(situation()).numbers
    policy = served(32, server.settings())
    (before,) = server.replicas()
    said: list[str] = []
    over = threading.Event()

    def decide(_: int) -> None:
        while not over.is_set():
            proposals = policy.propose(situation())
            assert np.array_equal(proposals.numbers, expected)
            said.append(proposals.said)

    with ThreadPoolExecutor(CLIENTS) as clients:
        try:
            asked = [clients.submit(decide, client) for client in range(CLIENTS)]
            _until(lambda: len(said) >= CLIENTS, "no client decides")
            os.kill(before, signal.SIGKILL)
            _until(lambda: server.replicas() - {before}, "no replica follows")
            _until(lambda: _answers(server.scorer()), "the new replica does not answer")
        finally:
            over.set()
        for each in asked:
            each.result()
    assert before not in server.replicas()
    # While there was none, the same model in process has answered, and said why.
    assert [words for words in said if words.startswith("the ranker in process answered")]
    decision = dispose(situation(), policy.propose(situation()))
    assert decision.number in expected


def test_server_that_is_told_to_end_ends_and_leaves_no_process(server: Server) -> None:
    started = server.processes()
    assert started
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(STARTS_S) == 0
    _until(lambda: not [pid for pid in started if Path(f"/proc/{pid}").exists()], "some are left")
    with pytest.raises(NotServed):
        server.scorer()(figures())


def test_server_on_a_cluster_leaves_it_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    with own_head() as address:
        with serving(tmp_path, "--ray", address) as server:
            assert np.array_equal(server.scorer()(figures()), open_ranker()(figures()))
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(STARTS_S) == 0
        titles = [title for _, title in processes_below(os.getpid())]
        assert [title for title in titles if "raylet" in title]
        assert not [title for title in titles if "ServeReplica" in title]


def test_server_that_is_killed_takes_its_ray_along(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        started = server.processes()
        assert server.replicas()
        (folder,) = {
            word.removeprefix("--temp-dir=")
            for _, title in processes_below(server.process.pid)
            for word in title.split("\0")
            if word.startswith("--temp-dir=")
        }
        server.process.kill()
        _until(lambda: not [x for x in started if Path(f"/proc/{x}").exists()], "some are left")
    shutil.rmtree(folder)
