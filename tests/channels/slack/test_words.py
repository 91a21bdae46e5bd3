"""What people write in a thread: the verbs, and questions."""

import pytest

from channels.chat.commands import Command, read_command
from tests.channels.cli.desk_of_paper import OPENED_S
from tests.channels.conftest import INCIDENT, noctua
from tests.channels.slack.conftest import ABROAD, ERIN, NOBODY, OMAR, VERA, Desk
from tools.journal.standing import standing
from twin.errors import BadInput
from twin.nouns.incident import Phase


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("take", Command(verb="take")),
        ("live-0001 take", Command(verb="take", incident_id="live-0001")),
        ("note the crew is on site", Command(verb="note", text="the crew is on site")),
        (
            "close link A-B down because it was spliced",
            Command(verb="close", text="link A-B down", reason="it was spliced"),
        ),
        (
            "work A-B C from 2026-03-03 22:00 to +4h because agreed",
            Command(
                verb="work", text="A-B C", starts="2026-03-03 22:00", ends="+4h", reason="agreed"
            ),
        ),
        ("ask is it over?", Command(verb="ask", text="is it over?")),
        ("is it over?", Command(verb="ask", text="is it over?")),
        ("take me through it", Command(verb="ask", text="take me through it")),
        ("", Command(verb="help")),
    ],
)
def test_words_are_read_as_a_verb_and_otherwise_as_a_question(words: str, command: Command) -> None:
    assert read_command(words) == command


def test_work_without_its_times_says_how_it_is_written() -> None:
    with pytest.raises(BadInput, match="from TIME to TIME"):
        read_command("work Fulda-Kassel tomorrow")


def test_question_is_answered_in_the_thread_once_however_often_it_is_sent(desk: Desk) -> None:
    asked = desk.workspace.mention(VERA, f"is {INCIDENT} open?", desk.head)
    assert [desk.workspace.deliver(asked) for _ in range(3)] == [200, 200, 200]
    desk.step()
    answers = [m for m in desk.workspace.thread(desk.head) if "answered by" in m["text"]]
    assert len(answers) == 1
    assert INCIDENT in answers[0]["text"]


def test_question_outside_of_a_thread_is_answered_below_itself(desk: Desk) -> None:
    asked = desk.workspace.mention(VERA, "is the network healthy?")
    desk.workspace.deliver(asked)
    desk.step()
    assert len(desk.workspace.thread(asked["event"]["ts"])) == 1


def test_notes_stand_in_timeline_audit_log_and_thread(desk: Desk) -> None:
    assert "noted by «omar»" in desk.say(OMAR, "note the crew is on site")
    with desk.journal() as journal:
        [event] = journal.events_of(INCIDENT, ("noted",))
    assert (event.actor, event.data["note"]) == ("omar", "the crew is on site")
    assert event.data["channel"] == "slack"
    assert "the crew is on site" in desk.workspace.thread(desk.head)[-1]["text"]
    assert [line.actor for line in desk.audit("noted")] == ["omar"]


def test_incident_is_taken_closed_and_reopened_in_its_thread(desk: Desk) -> None:
    with desk.journal() as journal:
        journal.set_phase(INCIDENT, Phase.ESCALATED)
        journal.add_event(INCIDENT, OPENED_S, "escalated", "supervisor", "look at Fulda")
    assert "«omar» has it" in desk.say(OMAR, "take")
    head = desk.text_of(desk.workspace.message(desk.head) or {})
    assert "With" in head
    assert "same (because WHY)" in desk.say(OMAR, "close weight Fulda-Kassel 1")
    said = desk.say(OMAR, "close weight Fulda-Kassel 1 because the customer has confirmed it")
    assert "closed by «omar»" in said
    with desk.journal() as journal:
        assert standing(journal, journal.incident(INCIDENT)).ending == "closed"
    assert "reopened by «omar»" in desk.say(OMAR, "reopen it is back")


def test_work_is_announced_in_the_thread(desk: Desk) -> None:
    desk.say(OMAR, "work Aachen--Koeln from +2h to +1h because agreed with everybody")
    announced = noctua(desk.state, "work", "list")[1]
    assert "CHAT-" in announced
    assert "is announced on live" in desk.workspace.thread(desk.head)[-1]["text"]


@pytest.mark.parametrize("words", ["take", "note it is mine", "reopen why not"])
def test_whoever_may_only_look_does_nothing_with_an_incident(desk: Desk, words: str) -> None:
    assert "vera may not operate here: its role is viewer" in desk.say(VERA, words)
    assert "has no account here" in desk.say(NOBODY, words)
    assert "of another workspace" in desk.say(ABROAD, words)
    with desk.journal() as journal:
        assert journal.events_of(INCIDENT, ("taken", "noted", "reopened")) == ()


def test_stranger_is_told_nothing_about_the_network(desk: Desk) -> None:
    before = desk.workspace.messages[-1]
    assert "has no account here" in desk.say(NOBODY, "ask is the network healthy?")
    *_, last, own = desk.workspace.messages
    assert (last, own["user"]) == (before, NOBODY.id)


def test_what_is_no_verb_of_an_incident_names_what_is_missing(desk: Desk) -> None:
    asked = desk.workspace.mention(ERIN, "take")
    desk.workspace.deliver(asked)
    assert "name the incident, as in: live-0001 take" in desk.told(ERIN)
    assert "take – you have this incident" in desk.say(ERIN, "help")
