"""Posts through the doors of a server, over a real state directory with an emulated network."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from channels import verbs
from channels.http.app import create_app
from graphs.state_directory import StateDirectory
from tests.graphs.stagehand import case, operating
from tests.tools.alerts.posts import alertmanager, firing, grafana, resolved
from tools.alerts.receiving import MOST_BYTES

TOKEN, KEY = "t" * 24, "k" * 24
SETTINGS = """
doors:
  prometheus: {reads: alertmanager, token_env: TOKEN}
  vmalert: {reads: vmalert, token_env: TOKEN}
  grafana: {reads: grafana, hmac_env: KEY}
  elsewhere: {reads: grafana, hmac_env: KEY, network: nowhere}
  secretless: {reads: grafana, hmac_env: NOT_SET}
rules:
  - {name: link-down, when: {alertname: LinkDown}, claims: adjacency_down, link: [link]}
"""
LINK = "DNVRng--SNVAng"
DOWN = {"alertname": "LinkDown", "link": LINK}


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StateDirectory:
    """The network was operated once, so that it is on record; nobody watches it now."""
    monkeypatch.setenv("TOKEN", TOKEN)
    monkeypatch.setenv("KEY", KEY)
    with operating(tmp_path, case()) as operation:
        operation.workplace.watch.step()
    directory = StateDirectory(tmp_path)
    directory.alerts_file.write_text(SETTINGS, encoding="utf-8")
    return directory


@pytest.fixture
def client(state: StateDirectory) -> Iterator[TestClient]:
    with TestClient(create_app(state), base_url="http://127.0.0.1") as made:
        yield made


def _post(client: TestClient, body: Any, path: str = "prometheus", token: str = TOKEN) -> Response:
    headers = {"Authorization": f"Bearer {token}"}
    return client.post(f"/alerts/{path}", json=body, headers=headers)


def test_post_is_taken_in_mapped_and_durable(client: TestClient, state: StateDirectory) -> None:
    answer = _post(client, alertmanager(firing(DOWN)))
    assert answer.status_code == 200
    assert answer.json() == {"begun": 1, "ended": 0, "repeats": 0, "late": 0, "unmapped": 0}
    (row,) = verbs.alerts(state).alerts
    assert (row.rule, row.resource) == ("link-down", LINK)


def test_post_that_is_sent_again_after_a_lost_answer_changes_nothing(
    client: TestClient, state: StateDirectory
) -> None:
    _post(client, alertmanager(firing(DOWN)))
    assert _post(client, alertmanager(firing(DOWN))).json()["repeats"] == 1
    assert _post(client, alertmanager(resolved(labels=DOWN))).json()["ended"] == 1
    counts = verbs.alerts(state).counts
    assert (counts.begun, counts.firing) == (1, 0)


def test_prometheus_and_vmalert_take_a_door_for_an_alertmanager(client: TestClient) -> None:
    answer = _post(client, [{"labels": DOWN}], "vmalert/api/v2/alerts")
    assert answer.json()["begun"] == 1


def test_signed_post_of_grafana_is_taken_in(client: TestClient) -> None:
    body = json.dumps(grafana(firing(DOWN))).encode()
    signature = hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Grafana-Alerting-Signature": signature}
    assert client.post("/alerts/grafana", content=body, headers=headers).status_code == 200
    assert client.post("/alerts/grafana", content=body + b" ", headers=headers).status_code == 401


def test_who_has_not_the_secret_is_told_nothing_and_nothing_is_kept(
    client: TestClient, state: StateDirectory
) -> None:
    wrong = _post(client, alertmanager(firing(DOWN)), token="x" * 24)
    unknown = _post(client, alertmanager(firing(DOWN)), "not-a-door")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert verbs.alerts(state).counts.begun == 0


@pytest.mark.parametrize(
    ("body", "told"),
    [(b"{", "not JSON"), (b'{"version": "3", "alerts": []}', "version 4"), (b"[]", '"alerts"')],
)
def test_what_cannot_be_read_is_refused_and_not_kept(
    client: TestClient, body: bytes, told: str
) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = client.post("/alerts/prometheus", content=body, headers=headers)
    assert answer.status_code == 400
    assert told in answer.json()["detail"]


def test_setting_that_is_wrong_is_named(client: TestClient, state: StateDirectory) -> None:
    signed = hmac.new(KEY.encode(), b"{}", hashlib.sha256).hexdigest()
    headers = {"X-Grafana-Alerting-Signature": signed}
    elsewhere = client.post("/alerts/elsewhere", content=b"{}", headers=headers)
    assert "nowhere" in elsewhere.json()["detail"]
    assert elsewhere.status_code == 503
    secretless = client.post("/alerts/secretless", content=b"{}")
    # A sender drops what 400 refuses, and sends again what 503 does.
    assert (secretless.status_code, "NOT_SET" in secretless.json()["detail"]) == (503, True)
    state.alerts_file.write_text("doors: []", encoding="utf-8")
    assert _post(client, alertmanager()).status_code == 503


def test_rule_that_is_written_meanwhile_maps_what_comes_again(
    client: TestClient, state: StateDirectory
) -> None:
    strange = firing({"alertname": "Port", "where": LINK})
    assert _post(client, alertmanager(strange)).json()["unmapped"] == 1
    rule = "  - {name: port, when: {alertname: Port}, link: [where]}\n"
    state.alerts_file.write_text(SETTINGS + rule, encoding="utf-8")
    assert _post(client, alertmanager(strange)).json()["unmapped"] == 0
    assert verbs.alerts(state).counts.unmapped == 0


@pytest.mark.slow
def test_body_beyond_the_limit_is_not_read(client: TestClient) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = client.post("/alerts/prometheus", content=b" " * (MOST_BYTES + 1), headers=headers)
    assert answer.status_code == 413
