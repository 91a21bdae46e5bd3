"""A process that dies between any two steps is followed by one that goes on where it was.

Each run dies at another call of what writes to the journal or speaks with Slack, once right before
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
from channels.slack.client import SlackService, web_client
from channels.slack.events import mentioned, pressed
from channels.slack.settings import load_slack
from evals.chat.slack_workspace import SlackWorkspace, buttons_of
from graphs.state_directory import StateDirectory
from tests.channels.conftest import INCIDENT, PLAN
from tests.channels.slack.conftest import ERIN, TEAM, set_up
from tools.journal.journal import Journal

STEPS: tuple[tuple[type, str], ...] = (
    (Journal, "begin_post"),
    (Journal, "note_post"),
    (Journal, "receive_chat_event"),
    (Journal, "begin_chat_event"),
    (Journal, "end_chat_event"),
    (Journal, "answer"),
    (Journal, "add_persons_event"),
    (SlackService, "post"),
    (SlackService, "update"),
    (SlackService, "whisper"),
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

    def __init__(self, state: Path, workspace: SlackWorkspace) -> None:
        self.state, self.workspace = state, workspace
        self.clicked = self.noted = False
        self._click: dict[str, Any] | None = None
        self._note: dict[str, Any] | None = None

    def go_on(self) -> None:
        """From wherever it stands to the end, with a new process."""
        directory = StateDirectory(self.state)
        settings = load_slack(directory.slack_file)
        service = SlackService(settings, web_client(settings, "xoxb-of-the-stub"), every_s=0.0)
        with Room(directory, service, TEAM) as room:
            room.step()
            if not self.clicked:
                # What was not acknowledged Slack sends again, or the person presses again.
                self._click = self._click or self.workspace.click(ERIN, self._card(), "approve")
                room.receive(*pressed(self._click))
                self.clicked = True
            room.step()
            if not self.noted:
                self._note = self._note or self.workspace.mention(ERIN, "note seen", self._head())
                room.receive(*mentioned(self._note))
                self.noted = True
            room.step()
            room.step()

    def _head(self) -> str:
        return str(self.workspace.marked(head_key(INCIDENT))[0]["ts"])

    def _card(self) -> str:
        return str(self.workspace.marked(card_key(INCIDENT, PLAN))[0]["ts"])

    def require_whole(self) -> None:
        """Nothing is lost, doubled, or left with buttons."""
        keys = [
            m["metadata"]["event_payload"]["key"]
            for m in self.workspace.messages
            if m.get("metadata")
        ]
        assert len(keys) == len(set(keys))
        assert {head_key(INCIDENT), card_key(INCIDENT, PLAN)} <= set(keys)
        assert not buttons_of(self.workspace.marked(card_key(INCIDENT, PLAN))[0])
        assert {whisper.user for whisper in self.workspace.whispers} == {ERIN.id}
        with Journal.open(self.state / "journal.sqlite") as journal:
            assert journal.unanswered_chat_events("slack") == ()
            [answer] = journal.approval_request(PLAN, 0.0).answers
            assert answer.by.account == "erin"
            assert len([x for x in journal.audit_lines() if x.action == "answer"]) == 1
            [note] = journal.events_of(INCIDENT, ("noted",))
            assert f"{INCIDENT}/event/{note.seq}" in keys


@pytest.mark.slow  # two deaths for each step
def test_death_at_any_step_loses_and_doubles_nothing(peopled: Path, tmp_path: Path) -> None:
    with SlackWorkspace(paced=False).serving() as workspace:
        whole = _story(peopled, tmp_path / "whole", workspace)
        with fated(fate := Fate()):
            whole.go_on()
        whole.require_whole()
        assert fate.taken > 15
        for after in (False, True):
            for at in range(fate.taken):
                story = _story(peopled, tmp_path / f"{at}-{after}", workspace)
                with fated(Fate(at, after=after)), pytest.raises(Died):
                    story.go_on()
                story.go_on()
                story.require_whole()
                shutil.rmtree(story.state)


def _story(peopled: Path, folder: Path, workspace: SlackWorkspace) -> Story:
    workspace.messages.clear()
    workspace.whispers.clear()
    state = Path(shutil.copytree(peopled, folder))
    set_up(state, workspace)
    return Story(state, workspace)
