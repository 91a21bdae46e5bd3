"""`noctua serve` as a process: who could sign in, where it is bound, and what it commits."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from channels.access import accounts
from graphs.state_directory import StateDirectory
from tests.channels.conftest import INCIDENT, PLAN, noctua
from twin.nouns.principal import OS_USER, Principal

ROOT = Path(__file__).resolve().parents[3]


def test_nothing_is_served_while_nobody_could_sign_in(state: Path) -> None:
    code, _, error = noctua(state, "serve", "--port", "0")
    assert (code, "noctua accounts add NAME --role admin" in error) == (2, True)


def _ann(state: Path) -> str:
    """Ada and ann have accounts; a token of ann's."""
    directory = StateDirectory(state)
    me = Principal(name="root", provider=OS_USER)
    accounts.add_account(directory, me, "ada", "admin")
    ada = Principal(name="ada", provider=OS_USER, account="ada", role="admin")
    accounts.add_account(directory, ada, "ann", "approver")
    return accounts.make_token(directory, ada, "ann", "a test", (), 3600.0).secret


@contextmanager
def _serving(state: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process, and the address that it says."""
    start = [sys.executable, "-c", "from channels.cli.start import main; main()"]
    command = [*start, "--state", str(state), "serve", "--port", "0", *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().split()[2].rstrip(";")
        finally:
            process.kill()


def test_port_that_is_taken_is_refused_by_name(state: Path) -> None:
    _ann(state)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, _, error = noctua(state, "serve", "--port", port)
    assert (code, f"port {port}" in error) == (2, True)


@pytest.mark.slow
def test_more_than_this_machine_is_bound_only_when_told_and_said_so(state: Path) -> None:
    _ann(state)
    for options, beyond in (((), False), (("--host", "0.0.0.0"), True)):
        with _serving(state, *options) as (process, address):
            assert address.startswith(f"http://{'0.0.0.0' if beyond else '127.0.0.1'}:")
            process.send_signal(signal.SIGTERM)
            said = process.communicate()[0]
        assert ("0.0.0.0 is more than this machine" in said) == beyond


def test_it_serves_until_it_is_told_to_end(state: Path) -> None:
    secret = _ann(state)
    with (
        _serving(state) as (process, address),
        httpx2.Client(base_url=address, timeout=60) as client,
    ):
        assert client.get("/health").json() == {"status": "ok", "journal": True, "chats": {}}
        assert client.get("/incidents").status_code == 401
        headers = {"Authorization": f"Bearer {secret}"}
        [incident] = client.get("/incidents", headers=headers).json()
        assert incident["id"] == INCIDENT
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


@pytest.mark.slow
def test_approval_over_http_reaches_the_device_and_the_report_names_who(state: Path) -> None:
    secret = _ann(state)
    headers = {"Authorization": f"Bearer {secret}"}
    with (
        _serving(state, "--watch", "--speed", "200") as (process, address),
        httpx2.Client(base_url=address, headers=headers, timeout=60) as client,
    ):
        asked = client.get(f"/plans/{INCIDENT}").json()["request"]
        body = {"reason": "looks right", "plan_hash": asked["plan_hash"]}
        assert client.post(f"/plans/{PLAN}/approve", json=body).status_code == 200
        with client.stream("GET", f"/incidents/{INCIDENT}/events") as got:
            for line in got.iter_lines():
                if line.startswith("data: ") and json.loads(line[6:])["kind"] == "committed":
                    break
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
    report = noctua(state, "report", INCIDENT, "--format", "md", "--out", "-")[1]
    assert "ann" in report
    assert "approve" in report
