"""From a cut on the emulated network to Noctua's journal, by a real Prometheus and Alertmanager."""

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import uvicorn

from channels import verbs
from channels.http.app import create_app
from evals.stage import stage
from graphs.state_directory import StateDirectory
from graphs.workplace import Workplace
from tests.channels.http.prometheus import EXAMPLES, free_port, monitoring, require_programs
from tests.graphs.stagehand import case
from tools.network.emulated import PacedClock
from tools.network.emulated.exporter import ExportedNetwork
from twin.events.faults.link_down import LinkDown

LINK = "DNVRng--KSCYng"
TOKEN = "a token of the tests, of loopback"
SPEED = 10.0
"""Seconds of the network to one of the wall's: detection by dead timers takes four instead of 40.
"""

_PATIENCE_S = 120.0


@pytest.fixture(autouse=True)
def _programs() -> None:
    require_programs()


@contextmanager
def _serving(state: StateDirectory) -> Iterator[str]:
    port = free_port()
    settings = uvicorn.Config(create_app(state), "127.0.0.1", port, log_level="warning")
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.mark.slow
def test_cut_link_becomes_a_mapped_alert_that_joins_the_incident(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOCTUA_ALERTMANAGER_TOKEN", TOKEN)
    state = StateDirectory(tmp_path)
    file = state.network_file("live")
    stage(case((60.0, LinkDown(link=LINK))), 1, file).close()
    rules = (EXAMPLES / "alerts.yaml").read_text("utf-8")
    state.alerts_file.write_text(rules, encoding="utf-8")
    other = tmp_path / "monitoring"
    other.mkdir()
    with closing(ExportedNetwork.open(file)) as network:
        metrics = network.export("127.0.0.1:0").removeprefix("http://").removesuffix("/metrics")
        clock = PacedClock(network, SPEED)
        with (
            Workplace(tmp_path, network, clock) as workplace,
            _serving(state) as address,
            monitoring(other, metrics, f"{address}/alerts/prometheus", TOKEN),
        ):
            deadline_s = time.monotonic() + _PATIENCE_S
            told = f"alert:{LINK}"
            while not any(
                told in {s.id for s in record.incident.symptoms}
                for record in workplace.journal.incidents()
            ):
                assert time.monotonic() < deadline_s, verbs.alerts(state)
                workplace.watch.run(clock.now_s() + 10.0)
            assert len(workplace.journal.incidents()) == 1
    view = verbs.alerts(state)
    assert {(a.rule, a.claims, a.resource) for a in view.alerts} >= {
        ("interface-down", "adjacency_down", LINK)
    }
    names = {a.labels["alertname"] for a in view.alerts if a.resource == LINK}
    assert names == {"InterfaceDown", "AdjacencyDown"}
    assert view.counts.unmapped == sum(a.labels["alertname"] == "ProbeLoss" for a in view.alerts)


@pytest.mark.slow
def test_shipped_rules_are_ones_that_prometheus_takes() -> None:
    rules = str(EXAMPLES / "prometheus_rules.yaml")
    found = subprocess.run(["promtool", "check", "rules", rules], capture_output=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
