"""What people are told of is written with the event, once, and kept until somebody has taken it."""

import contextlib
import json
from pathlib import Path

import pytest

from tests.tools.journal.conftest import OPENED_S, incident
from tests.tools.journal.test_migrations import _version_2
from tools.journal.journal import Journal
from tools.journal.reading import open_read_only
from tools.notification.on_event import EVERY_EVENT

INCIDENT = incident().id


@pytest.fixture
def calling(journal: Journal) -> Journal:
    journal.notifies_of = {"": EVERY_EVENT}
    return journal


def _tell(journal: Journal, kind: str, **data: str) -> None:
    journal.add_event(INCIDENT, OPENED_S + 60.0, kind, "supervisor", "it is so", dict(data))


def test_nothing_is_written_where_nobody_is_called(journal: Journal) -> None:
    _tell(journal, "escalated")
    assert not journal.calls_for("escalated")
    assert journal.unsent_notices("germany50") == ()


def test_notice_stands_or_falls_with_its_event(calling: Journal) -> None:
    with contextlib.suppress(ZeroDivisionError), calling.transaction():
        _tell(calling, "escalated")
        raise ZeroDivisionError
    assert calling.unsent_notices("germany50") == ()
    _tell(calling, "escalated")
    assert [n.event for n in calling.unsent_notices("germany50")] == ["escalated"]
    assert calling.unsent_notices("another") == ()


def test_undelivered_notices_are_found_without_reading_the_delivered(calling: Journal) -> None:
    asked: list[str] = []
    calling._connection.set_trace_callback(asked.append)
    calling.unsent_notices("germany50")
    calling._connection.set_trace_callback(None)
    (plan,) = calling._rows(f"EXPLAIN QUERY PLAN {asked[-1]}")
    assert "SEARCH outbox USING INDEX outbox_undelivered (network=? AND ended=?)" in plan["detail"]


def test_event_that_is_told_twice_is_one_notice(calling: Journal) -> None:
    for plan in ("one", "one", "two"):
        _tell(calling, "rolled_back", plan=plan)
    for change in ("a", "b"):
        _tell(calling, "page", change=change, node="Ulm")
    for _ in range(2):
        _tell(calling, "resolved")
        _tell(calling, "simulated")
    told = [n.event for n in calling.unsent_notices("germany50")]
    assert told == ["rolled_back", "rolled_back", "paged", "paged", "resolved"]


def test_body_says_what_happened_and_has_the_id_of_its_notice(calling: Journal) -> None:
    _tell(calling, "asked", plan="mitigate1")
    (notice,) = calling.unsent_notices("germany50")
    assert json.loads(notice.body) == {
        "id": notice.id,
        "type": "incident.awaiting",
        "timestamp": "1970-01-12T13:47:40Z",
        "data": {
            "network": "germany50",
            "incident": INCIDENT,
            "work": None,
            "severity": "critical",
            "title": "duct cut at Mannheim",
            "plan": "mitigate1",
            "text": "it is so",
        },
    }


def test_announced_work_is_told_of_once_for_each_event_and_survives_the_process(
    calling: Journal,
) -> None:
    for _ in range(2):
        for event in ("work_ahead", "work_begun"):
            text = "CHG-1 will hurt"
            calling.put_work_notice("germany50", "CHG-1", event, text, OPENED_S, 5.0)
    _tell(calling, "escalated")
    with Journal.open(calling.path) as again:
        again.notifies_of = {"": EVERY_EVENT}
        again.put_work_notice("germany50", "CHG-1", "work_begun", "once more", OPENED_S, 6.0)
        ahead, begun, other = again.unsent_notices("germany50")
    assert [n.event for n in (ahead, begun, other)] == ["work_ahead", "work_begun", "escalated"]
    assert (begun.work, begun.incident_id, begun.subject) == ("CHG-1", "", "CHG-1")
    assert (other.work, other.subject) == ("", INCIDENT)
    told = json.loads(begun.body)
    assert told["type"] == "work.begun"
    assert told["data"]["work"] == told["data"]["title"] == "CHG-1"
    assert told["data"]["incident"] is None
    assert calling.unsent_notices("another") == ()


def test_work_is_told_of_to_nobody_where_that_event_is_not_wanted(journal: Journal) -> None:
    journal.notifies_of = {"": frozenset({"opened", "work_begun"})}
    journal.put_work_notice("germany50", "CHG-1", "work_ahead", "it will hurt", OPENED_S, 5.0)
    assert journal.unsent_notices("germany50") == ()


def test_notice_is_kept_until_it_is_taken_or_given_up(calling: Journal) -> None:
    _tell(calling, "escalated")
    _tell(calling, "resolved")
    first, second = calling.unsent_notices("germany50")
    assert calling.begin_sending(first.id, 500.0)
    calling.note_unsent(first.id, "no modem")
    again = calling.unsent_notices("germany50")[0]
    assert (again.id, again.body) == (first.id, first.body)
    assert (again.attempts, again.due_wall_s, again.trouble) == (1, 500.0, "no modem")
    calling.note_sent(first.id)
    calling.give_up(second.id, "no modem")
    assert calling.unsent_notices("germany50") == ()
    assert [n.id for n in calling.lost_notices("germany50")] == [second.id]
    assert not calling.begin_sending(first.id, 900.0)


def test_journal_without_an_outbox_is_read_as_one_with_nothing_in_it(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    _version_2(path).close()
    with open_read_only(path) as old:
        assert old.unsent_notices("germany50") == ()
    with Journal.open(path) as brought_up:
        brought_up.notifies_of = {"": EVERY_EVENT}
        brought_up.open_incident(incident(), OPENED_S, "a" * 32)
        _tell(brought_up, "escalated")
        assert len(brought_up.unsent_notices("germany50")) == 1
