"""What was posted in a chat, and what people did there, each once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.journal.chat_rows import KEPT_S
from tools.journal.journal import Journal
from tools.journal.records import ChatPost

POST = ChatPost(
    service="slack", key="live-0001", incident_id="live-0001", place="C0NOC", begun_wall_s=1.0
)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.open(tmp_path / "journal.sqlite") as opened:
        yield opened


def test_message_that_is_not_known_to_have_arrived_is_found_by_its_key_alone(
    journal: Journal,
) -> None:
    journal.begin_post(POST)
    assert journal.has_begun_posts("slack")
    assert journal.chat_post("slack", "live-0001") == POST
    assert journal.chat_post_at("slack", "C0NOC", "") is None
    journal.note_post("slack", "live-0001", "17.01", "a hash")
    found = journal.chat_post_at("slack", "C0NOC", "17.01")
    assert found == POST.model_copy(update={"message_id": "17.01", "shown": "a hash"})
    assert not journal.has_begun_posts("slack")
    assert journal.told_in_chat("slack") == ("live-0001",)


def test_message_of_one_service_or_channel_is_none_of_another(journal: Journal) -> None:
    journal.begin_post(POST)
    journal.note_post("slack", "live-0001", "17.01", "a hash")
    assert journal.chat_post_at("slack", "C0LAB", "17.01") is None
    assert journal.chat_post_at("teams", "C0NOC", "17.01") is None
    assert journal.chat_posts("teams", "live-0001") == {}


def test_event_is_received_once_and_waits_until_it_is_answered(journal: Journal) -> None:
    assert [journal.receive_chat_event("slack", "Ev1", "{}", 10.0) for _ in range(2)] == [
        True,
        False,
    ]
    assert journal.receive_chat_event("teams", "Ev1", "{}", 10.0)
    [event] = journal.unanswered_chat_events("slack")
    journal.begin_chat_event(event, 7)
    journal.begin_chat_event(event, 9)
    assert [e.begun_seq for e in journal.unanswered_chat_events("slack")] == [7]
    journal.end_chat_event("slack", "Ev1")
    assert journal.unanswered_chat_events("slack") == ()
    assert not journal.receive_chat_event("slack", "Ev1", "{}", 20.0)


def test_answered_event_is_forgotten_after_a_week_and_an_open_one_never(journal: Journal) -> None:
    for name in ("Ev1", "Ev2"):
        journal.receive_chat_event("slack", name, "{}", 10.0)
    journal.end_chat_event("slack", "Ev1")
    journal.receive_chat_event("slack", "Ev3", "{}", 11.0 + KEPT_S)
    assert journal.receive_chat_event("slack", "Ev1", "{}", 11.0 + KEPT_S)
    assert not journal.receive_chat_event("slack", "Ev2", "{}", 11.0 + KEPT_S)
