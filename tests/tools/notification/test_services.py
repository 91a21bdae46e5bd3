"""PagerDuty and ServiceNow take what is sent, and what is sent again makes no second one."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tools.notification.services import (
    AUTHORIZATION,
    ROUTING_KEY,
    PagerDutyStub,
    ServiceNowStub,
    answering,
)
from tools.journal.records import Notice, NoticeEvent
from tools.notification.on_event import OnEvent
from tools.notification.pagerduty import event_of
from tools.notification.templates import template_of, worded
from tools.notification.ways import NotTaken, Way, way_of
from twin.errors import BadInput

ENVIRON = {"KEY": ROUTING_KEY, "AUTH": AUTHORIZATION}


def _notice(
    event: NoticeEvent = "opened", incident: str = "live-0001", work: str = "", **data: str | None
) -> Notice:
    told: dict[str, str | None] = {
        "network": "live",
        "incident": incident or None,
        "work": work or None,
        "severity": "major" if incident else None,
        "title": "adjacency down: A-B",
        "plan": None,
        "text": "it is so",
    }
    kind = event.replace("_", ".") if work else f"incident.{event}"
    body = {"id": f"msg_{event}", "type": kind, "timestamp": "2026-03-03T18:00:00Z"}
    return Notice(
        id=f"msg_{event}",
        incident_id=incident,
        work=work,
        event=event,
        body=json.dumps(body | {"data": told | data}),
        written_wall_s=0.0,
        attempts=0,
        due_wall_s=0.0,
        trouble="",
    )


@pytest.fixture
def pagerduty() -> Iterator[PagerDutyStub]:
    stub = PagerDutyStub()
    with answering(stub, "/v2/enqueue"):
        yield stub


@pytest.fixture
def servicenow() -> Iterator[ServiceNowStub]:
    stub = ServiceNowStub()
    with answering(stub, "/api/now/import/u_noctua"):
        yield stub


def _pager(stub: PagerDutyStub, key: str = "KEY") -> Way:
    settings = OnEvent(pagerduty=stub.address, routing_key_env=key)
    return way_of(settings, Path(), ENVIRON)


def _tickets(stub: ServiceNowStub, template: str, folder: Path = Path()) -> Way:
    settings = OnEvent(webhook=stub.address, template=template, authorization_env="AUTH")
    return way_of(settings, folder, ENVIRON)


def test_incident_is_one_alert_that_its_end_resolves(pagerduty: PagerDutyStub) -> None:
    for event in ("opened", "awaiting", "awaiting", "resolved"):
        _pager(pagerduty).send(_notice(event))
    ((key, alert),) = pagerduty.alerts.items()
    assert key == "noctua/live/live-0001"
    assert not alert["open"]
    assert len(alert["log"]) == 3


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("critical", "critical"), ("major", "error"), ("minor", "warning"), ("warning", "info")],
)
def test_severities_are_worded_as_pagerduty_has_them(ours: str, theirs: str) -> None:
    assert event_of(_notice(severity=ours))["payload"]["severity"] == theirs


def test_announced_work_is_an_alert_of_its_own(pagerduty: PagerDutyStub) -> None:
    for event in ("work_ahead", "work_begun"):
        _pager(pagerduty).send(_notice(event, incident="", work="CHG-1"))
    assert list(pagerduty.alerts) == ["noctua/live/announced/CHG-1"]


def test_event_that_is_refused_or_comes_too_often_is_not_taken(pagerduty: PagerDutyStub) -> None:
    pagerduty.busy = 1
    with pytest.raises(NotTaken, match="429"):
        _pager(pagerduty).send(_notice())
    with pytest.raises(NotTaken, match="400"):
        _pager(pagerduty, "AUTH").send(_notice())
    assert not pagerduty.alerts


_TEXTS = st.text(max_size=6000)


@pytest.mark.slow
@given(title=_TEXTS, text=_TEXTS, incident=st.text(min_size=1, max_size=300))
def test_whatever_a_network_says_is_within_the_limits(title: str, text: str, incident: str) -> None:
    """Each stub judges as its service does; nothing of it goes over a wire here."""
    pagerduty, servicenow = PagerDutyStub(), ServiceNowStub()
    for event in ("opened", "resolved"):
        notice = _notice(event, incident, title=title, text=text or "x", plan="p1")
        body = json.dumps({"routing_key": ROUTING_KEY, **event_of(notice)}).encode()
        assert pagerduty.answer("/v2/enqueue", {}, body) == 202
        for name in ("servicenow_incident", "servicenow_change"):
            row = json.dumps(worded(notice, template_of(name, Path()))).encode()
            headers = {"authorization": AUTHORIZATION}
            assert servicenow.answer("/api/now/import/u_x", headers, row) == 201


def test_incident_of_servicenow_is_one_record_that_follows_ours(servicenow: ServiceNowStub) -> None:
    way = _tickets(servicenow, "servicenow_incident")
    way.send(_notice(severity="critical"))
    (record,) = servicenow.records.values()
    assert (record["state"], record["impact"], record["urgency"]) == ("1", "1", "1")
    way.send(_notice("escalated"))
    assert record["state"] == "2"
    way.send(_notice("resolved"))
    assert (record["state"], record["close_notes"]) == ("6", "it is so")
    assert len(record["notes"]) == 3


def test_change_request_is_of_a_plan_and_nothing_else(servicenow: ServiceNowStub) -> None:
    way = _tickets(servicenow, "servicenow_change")
    way.send(_notice("opened"))
    assert servicenow.posts == 0
    way.send(_notice("awaiting", plan="live-0001-1"))
    way.send(_notice("rolled_back", plan="live-0001-1"))
    ((key, record),) = servicenow.records.items()
    assert key == "noctua/live/live-0001-1"
    assert len(record["notes"]) == 2


def test_receiver_that_does_not_know_us_has_not_taken_it(servicenow: ServiceNowStub) -> None:
    settings = OnEvent(
        webhook=servicenow.address, template="servicenow_incident", authorization_env="KEY"
    )
    with pytest.raises(NotTaken, match="401"):
        way_of(settings, Path(), ENVIRON).send(_notice())


def test_template_of_ones_own_lies_in_the_state_directory(
    tmp_path: Path, servicenow: ServiceNowStub
) -> None:
    text = '{"correlation_id": {{ id | tojson }}, "work_notes": {{ data.text | tojson }}}'
    (tmp_path / "own.j2").write_text(text, encoding="utf-8")
    _tickets(servicenow, "own.j2", tmp_path).send(_notice(text='"}, {"'))
    assert servicenow.records["msg_opened"]["work_notes"] == '"}, {"'


@pytest.mark.parametrize("text", ["{{ nothing }}", "no JSON", "{{ ''.__class__.__mro__ }}"])
def test_template_that_fails_has_told_nobody(
    tmp_path: Path, servicenow: ServiceNowStub, text: str
) -> None:
    (tmp_path / "own.j2").write_text(text, encoding="utf-8")
    with pytest.raises(NotTaken, match="the template could not be used"):
        _tickets(servicenow, "own.j2", tmp_path).send(_notice())
    assert servicenow.posts == 0


def test_template_or_secret_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="servicenow_change, servicenow_incident"):
        template_of("servicenow_problem", tmp_path)
    (tmp_path / "own.j2").write_text("{% if %}", encoding="utf-8")
    with pytest.raises(BadInput, match="no Jinja template"):
        template_of("own.j2", tmp_path)
    settings = OnEvent(pagerduty="https://p.example", routing_key_env="NOT_SET")
    with pytest.raises(BadInput, match="NOT_SET"):
        way_of(settings, tmp_path, {})
