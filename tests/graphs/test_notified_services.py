"""Services are told of each event once, whenever the process that tells them dies."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from evals.stage import stage
from graphs.notifier import MOST_CALLS
from graphs.workplace import Workplace
from tests.graphs.stagehand import STUB, case
from tests.tools.notification.services import (
    AUTHORIZATION,
    ROUTING_KEY,
    PagerDutyStub,
    ServiceNowStub,
    answering,
)
from tools.network.emulated import SimulatedClock

_PATIENCE_S = 300.0


def _calling_process(state: Path, place: str) -> int:
    command = [sys.executable, "-m", "tests.graphs.calling", str(state), "on_event.yaml", place]
    environ = os.environ | {"KEY": ROUTING_KEY, "AUTH": AUTHORIZATION}
    return subprocess.run(command, check=False, timeout=_PATIENCE_S, env=environ).returncode


def _write(state: Path, settings: object) -> None:
    (state / "on_event.yaml").write_text(json.dumps(settings), encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(("place", "posts"), [("before", 1), ("after", 2)])
def test_death_around_the_call_makes_one_alert_of_pagerduty(
    tmp_path: Path, place: str, posts: int
) -> None:
    stub = PagerDutyStub()
    with answering(stub, "/v2/enqueue"):
        _write(tmp_path, {"pagerduty": stub.address, "routing_key_env": "KEY"})
        assert _calling_process(tmp_path, place) == -signal.SIGKILL
        assert _calling_process(tmp_path, "nowhere") == 0
    assert len(stub.events) == posts
    assert [alert["open"] for alert in stub.alerts.values()] == [True]


@pytest.mark.slow
@pytest.mark.parametrize(("place", "posts"), [("before", 1), ("after", 2)])
def test_death_around_the_call_makes_one_record_of_servicenow(
    tmp_path: Path, place: str, posts: int
) -> None:
    stub = ServiceNowStub()
    with answering(stub, "/api/now/import/u_noctua_incident"):
        told = {"template": "servicenow_incident", "authorization_env": "AUTH"}
        _write(tmp_path, {"webhook": stub.address, **told})
        assert _calling_process(tmp_path, place) == -signal.SIGKILL
        assert _calling_process(tmp_path, "nowhere") == 0
    assert (stub.posts, len(stub.records)) == (posts, 1)


@pytest.mark.slow
def test_every_way_is_told_of_every_event_of_its_own_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An incident from a real watch, with a pager and tickets; the pager is busy at first."""
    monkeypatch.setenv("KEY", ROUTING_KEY)
    monkeypatch.setenv("AUTH", AUTHORIZATION)
    pager, tickets = PagerDutyStub(busy=1), ServiceNowStub()
    with answering(pager, "/v2/enqueue"), answering(tickets, "/api/now/import/u_noctua"):
        tell = {"template": "servicenow_incident", "authorization_env": "AUTH"}
        ways = {
            "pager": {"pagerduty": pager.address, "routing_key_env": "KEY", "events": ["opened"]},
            "tickets": {"webhook": tickets.address, **tell},
        }
        _write(tmp_path, {"ways": ways})
        network = stage(case((60.0, STUB)), 1, tmp_path / "networks" / "live.sqlite")
        clock = SimulatedClock(network)
        with Workplace(tmp_path, network, clock) as workplace:
            workplace.watch.run(clock.now_s() + 600.0)
            told = {
                (row["way"], row["event"])
                for row in workplace.journal._rows("SELECT way, event FROM outbox")
            }
        network.close()
    assert ("pager", "opened") in told
    assert {way for way, event in told if event != "opened"} == {"tickets"}
    assert len(tickets.records) == 1
    assert tickets.posts == sum(way == "tickets" for way, _ in told) <= MOST_CALLS
    assert pager.busy == 0
