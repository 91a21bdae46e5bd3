"""A process that dies between any two steps is followed by one that goes on where it was.

Each run dies at another call of what writes to the journal or speaks with a chat, once right before
it and once right after it; the real thing, with kill -9, is `noctua chat-kills`.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from channels.chat.room import Room
from channels.chat.thread import card_key, head_key
from channels.slack.client import SlackService
from channels.slack.events import mentioned, pressed
from channels.teams.client import TeamsService
from channels.teams.events import act_of
from evals.chat.chats import CHATS
from evals.chat.stub import ChatName, ChatStub, Json
from graphs.state_directory import StateDirectory
from tests.channels.conftest import INCIDENT, PLAN, with_accounts
from tools.journal.journal import Journal

CALLS = ("post", "update", "whisper")

HEAD, CARD = head_key(INCIDENT), card_key(INCIDENT, PLAN)

STEPS: tuple[tuple[type, str], ...] = (
    (Journal, "begin_post"),
    (Journal, "note_post"),
    (Journal, "receive_chat_event"),
    (Journal, "begin_chat_event"),
    (Journal, "end_chat_event"),
    (Journal, "answer"),
    (Journal, "add_persons_event"),
    *((service, call) for service in (SlackService, TeamsService) for call in CALLS),
)


class Died(BaseException):
    """As far as the process is concerned, this was it."""


class Fate:
    """Counts the steps that are taken, and dies at the one `at`, right `after` it or before."""

    def __init__(self, at: int = -1, *, after: bool = False) -> None:
        self.at, self.after, self.taken = at, after, 0

    def wrapped(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def take(*args: Any, **kwargs: Any) -> Any:
            number, self.taken = self.taken, self.taken + 1
            if number == self.at and not self.after:
                raise Died
            done = step(*args, **kwargs)
            if number == self.at:
                raise Died
            return done

        return take


@contextmanager
def fated(fate: Fate) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for owner, name in STEPS:
            patch.setattr(owner, name, fate.wrapped(getattr(owner, name)))
        yield


class Story:
    """A plan is posted, approved by a click, and a note is written; whatever dies in between."""

    def __init__(self, state: Path, chat: ChatStub) -> None:
        self.state, self.chat = state, chat
        self.erin = chat.person("erin")
        self.clicked = self.noted = False
        self._click: Json | None = None
        self._note: Json | None = None

    def go_on(self) -> None:
        """From wherever it stands to the end, with a new process."""
        opened = CHATS[self.chat.name].step(StateDirectory(self.state), self.chat)
        with opened as (room, self.chat.endpoint):
            room.step()
            if not self.clicked:
                # What was not acknowledged the chat sends again, or the person presses again.
                self._click = self._click or self.chat.press(self.erin, CARD, "approve")
                _arrive(room, self._click)
                self.clicked = True
            room.step()
            if not self.noted:
                self._note = self._note or self.chat.say(self.erin, "note seen", HEAD)
                _arrive(room, self._note)
                self.noted = True
            room.step()
            room.step()

    def require_whole(self) -> None:
        """Nothing is lost, doubled, or left with buttons."""
        marks = self.chat.marks()
        assert len(marks) == len(set(marks))
        assert {HEAD, CARD} <= set(marks)
        assert not self.chat.has_buttons(CARD)
        assert {whisper.user for whisper in self.chat.whispers} == {self.erin.id}
        with Journal.open(self.state / "journal.sqlite") as journal:
            assert journal.unanswered_chat_events(self.chat.name) == ()
            [answer] = journal.approval_request(PLAN, 0.0).answers
            assert answer.by.account == "erin"
            assert len([x for x in journal.audit_lines() if x.action == "answer"]) == 1
            [note] = journal.events_of(INCIDENT, ("noted",))
            assert f"{INCIDENT}/event/{note.seq}" in marks


def _arrive(room: Room, payload: Json) -> None:
    """As at the address that is posted to, but for the thread that whoever dies here dies in."""
    if payload["type"] == "block_actions":
        room.receive(*pressed(payload))
    elif payload["type"] == "event_callback":
        room.receive(*mentioned(payload))
    elif found := act_of(payload):
        room.receive(*found)


@pytest.mark.slow  # two deaths for each step
@pytest.mark.parametrize("name", CHATS)
def test_death_at_any_step_loses_and_doubles_nothing(
    played: Path, tmp_path: Path, name: ChatName
) -> None:
    with CHATS[name].stub(paced=False).serving() as chat:
        peopled = Path(shutil.copytree(played, tmp_path / "peopled"))
        people = {"erin": ("approver", chat.person("erin").id)}
        with_accounts(peopled, f"{name}@{chat.tenant}", people)
        chat.set_up(peopled)
        whole = _story(peopled, tmp_path / "whole", chat)
        with fated(fate := Fate()):
            whole.go_on()
        whole.require_whole()
        assert fate.taken > 15
        for after in (False, True):
            for at in range(fate.taken):
                story = _story(peopled, tmp_path / f"{at}-{after}", chat)
                with fated(Fate(at, after=after)), pytest.raises(Died):
                    story.go_on()
                story.go_on()
                story.require_whole()
                shutil.rmtree(story.state)


def _story(peopled: Path, folder: Path, chat: ChatStub) -> Story:
    chat.messages.clear()
    chat.whispers.clear()
    return Story(Path(shutil.copytree(peopled, folder)), chat)
