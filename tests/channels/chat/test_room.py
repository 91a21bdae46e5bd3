"""The room between a state directory and a chat: restarts, several processes, a busy chat."""

import threading
import time
from typing import Any

import pytest

from channels.chat.service import ChatUnavailable
from channels.chat.thread import card_key
from evals.chat import slack_limits, teams_limits
from evals.chat.chats import CHATS
from evals.chat.stub import ChatStub
from graphs.state_directory import StateDirectory
from tests.channels.chat.conftest import Desk
from tests.channels.cli.desk_of_paper import OPENED_S
from tests.channels.conftest import INCIDENT, PLAN
from twin.nouns.incident import Phase

CARD = card_key(INCIDENT, PLAN)

Unposted = tuple[StateDirectory, ChatStub]


@pytest.mark.parametrize("is_received", [False, True], ids=["before", "after"])
def test_restart_between_card_and_click_or_after_it_loses_nothing(
    desk: Desk, is_received: bool
) -> None:
    click = desk.click("erin")
    if is_received:
        assert desk.chat.deliver(click) == 200
    desk.world.room.close()
    opened = CHATS[desk.chat.name].step(StateDirectory(desk.state), desk.chat)
    with opened as (room, desk.chat.endpoint):
        if not is_received:
            assert desk.chat.deliver(click) == 200
        room.step()
    assert "stands: approve" in desk.chat.whispers[-1].text
    assert len(desk.audit("answer")) == desk.chat.marks().count(INCIDENT) == 1
    assert not desk.chat.has_buttons(CARD)


@pytest.mark.parametrize("key", [INCIDENT, CARD])
def test_message_that_a_death_left_unrecorded_is_found_and_not_posted_again(
    desk: Desk, key: str
) -> None:
    click = desk.click("erin")
    with desk.journal() as journal:
        journal.note_post(desk.chat.name, key, "", "")
    assert "stands: approve" in desk.told(click)
    assert desk.chat.marks().count(key) == 1
    assert not desk.chat.has_buttons(CARD)


def test_of_two_processes_one_works(desk: Desk) -> None:
    second = CHATS[desk.chat.name].step(StateDirectory(desk.state), desk.chat)
    with second as (room, desk.chat.endpoint):
        desk.step()
        assert desk.chat.deliver(desk.click("erin")) == 200
        room.step()
        assert desk.chat.whispers == []
        desk.step()
        assert len(desk.chat.whispers) == 1


def test_chat_that_is_busy_for_long_loses_nothing(
    unposted: Unposted, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, chat = unposted
    with CHATS[chat.name].step(state, chat) as (room, _):
        monkeypatch.setattr(time, "sleep", lambda _: None)
        chat.busy_for = 10
        for _ in range(2):  # Each look asks four times, and gives way to the next.
            with pytest.raises(ChatUnavailable, match=r"ratelimited|429"):
                room.step()
        room.step()
    assert chat.marks().count(INCIDENT) == 1
    assert chat.has_buttons(CARD)


def test_message_that_the_chat_never_takes_keeps_no_other_back(
    unposted: Unposted, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_slack(text: str, *rest: Any) -> tuple[str, list[str]]:
        taken = slack_limits.refusal(text, *rest)
        return ("invalid_blocks", []) if "diagnosed" in text else taken

    def in_teams(activity: dict[str, Any]) -> tuple[int, str]:
        taken = teams_limits.refusal(activity)
        return (400, "BadArgument") if "diagnosed" in str(activity) else taken

    monkeypatch.setattr("evals.chat.slack_workspace.refusal", in_slack)
    monkeypatch.setattr("evals.chat.teams_tenant.refusal", in_teams)
    state, chat = unposted
    with CHATS[chat.name].step(state, chat) as (room, _):
        room.step()
        room.step()
    assert chat.has_buttons(CARD)
    assert len(chat.refusals) == 1


def test_incident_that_ended_before_the_chat_was_there_is_not_told(unposted: Unposted) -> None:
    state, chat = unposted
    with state.journal() as journal:
        journal.set_phase(INCIDENT, Phase.RESOLVED)
        journal.add_event(INCIDENT, OPENED_S, "resolved", "supervisor", "it is over")
    with CHATS[chat.name].step(state, chat) as (room, _):
        room.step()
    assert chat.messages == []


def test_question_that_takes_long_holds_no_answer_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()

    def think(*_: object) -> None:
        assert answered.wait(30.0)

    monkeypatch.setattr("channels.verbs.converse", think)
    assert desk.chat.deliver(desk.world.say("is it healthy?", "erin")) == 200
    with desk.world.room.working():
        assert desk.chat.deliver(desk.click("erin")) == 200
        until_s = time.monotonic() + 30.0
        while desk.chat.has_buttons(CARD):
            assert time.monotonic() < until_s
            time.sleep(0.05)
        answered.set()
