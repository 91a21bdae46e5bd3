"""Kill -9 of the process that speaks with a chat, and of the watch, while a plan is answered there.

A story is one incident: its card is posted, a person approves it by a click, the watch goes on with
it, and the thread tells of it. Processes are killed at calls of the chat (before it has done it,
and after it has and before it has answered) and at moments drawn at random. At the end nothing may
be lost, doubled, or left with buttons.
"""

import multiprocessing
import random
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from channels.chat.thread import TOLD, card_key, head_key
from evals.chat.chats import CHATS
from evals.chat.scene import stage_waiting
from evals.chat.stub import ChatName, ChatStub
from graphs.state_directory import StateDirectory
from twin.errors import DeadlineExceeded
from twin.nouns.base import Noun

KILLS_IN_A_STORY = 10

LONGEST_S = 600.0
"""A story that takes longer has come to nothing."""

_MOST_CALLS = 4
_LONGEST_LIFE_S = 0.6
"""A process that is to be killed lives for so many calls, or for so long."""

_LONGEST_WATCH_S = 3.0


class Story(Noun):
    """One incident. `wrong`: what was lost, doubled or left, "" for nothing."""

    number: int
    kills: int
    wrong: tuple[str, ...]


class KillsReport(Noun):
    """All stories."""

    stories: tuple[Story, ...]

    @property
    def kills(self) -> int:
        """How many processes were killed."""
        return sum(story.kills for story in self.stories)

    @property
    def lines(self) -> list[str]:
        """What came of it, for people."""
        wrong = [f"story {s.number}: {text}" for s in self.stories for text in s.wrong]
        bound = f" (at 95 %: fewer than {3 / self.kills:.2%} of kills)" if not wrong else ""
        return [
            f"{self.kills} kills in {len(self.stories)} stories: {len(wrong)} wrong{bound}",
            *wrong,
        ]


def play_kills(chat: ChatName, kills: int, seed: int, tell: Callable[[str], None]) -> KillsReport:
    """Play stories in a chat until so many processes were killed."""
    stories: list[Story] = []
    with TemporaryDirectory() as folder:
        staged = Path(folder) / "staged"
        tell("playing the incident up to its question")
        plan = stage_waiting(staged, seed, CHATS[chat].stub(), {"erin": "approver"})
        while sum(story.kills for story in stories) < kills:
            number = len(stories) + 1
            copied = Path(shutil.copytree(staged, Path(folder) / str(number)))
            with CHATS[chat].stub(paced=False).serving() as stub:
                stub.set_up(copied)
                playing = _Playing(copied, plan, stub, random.Random(f"{seed}/{number}"))
                stories.append(playing.story(number))
            shutil.rmtree(copied)
            tell(f"story {number}: {stories[-1].kills} kills, {len(stories[-1].wrong)} wrong")
    return KillsReport(stories=tuple(stories))


class _Playing:
    """One story while it is played."""

    def __init__(self, folder: Path, plan: str, chat: ChatStub, draw: random.Random) -> None:
        self._folder, self._plan, self._chat, self._draw = folder, plan, chat, draw
        self._incident = plan.rpartition(".")[0]
        self._card, self._erin = card_key(self._incident, plan), chat.person("erin")
        self._kills = 0
        self._pressed = self._resumed = False
        self._begun_s = time.monotonic()

    def story(self, number: int) -> Story:
        while self._kills < KILLS_IN_A_STORY:
            self._live(dying=True)
            if self._is_answered() and not self._resumed:
                self._resume(dying=True)
                self._resume(dying=False)
                self._resumed = True
        self._live(dying=False)
        if not self._resumed:
            self._resume(dying=False)
            self._live(dying=False)
        return Story(number=number, kills=self._kills, wrong=tuple(self._wrong()))

    def _live(self, *, dying: bool) -> None:
        """One life of the process that speaks with the chat."""
        said, heard = _FORKED.Pipe(duplex=False)
        speaking = (self._folder, self._chat.name, self._chat.environ, heard)
        process = _FORKED.Process(target=_speak, args=speaking)
        process.start()
        heard.close()
        doomed = _Doomed(process, self._draw, self._chat) if dying else None
        try:
            with suppress(EOFError):  # It died before it could listen.
                self._chat.endpoint = said.recv()
                while process.is_alive() and not (doomed is None and self._is_over()):
                    self._press()
                    self._require_time()
                    time.sleep(0.01)
        finally:
            if doomed:
                doomed.join()
                self._kills += 1
            process.kill()
            process.join()

    def _press(self) -> None:
        """Erin approves, as soon as there is a card; again where nothing has told her that it
        arrived.
        """
        if self._pressed or self._card not in self._chat.marks():
            return
        if not self._chat.has_buttons(self._card):
            self._pressed = True  # It arrived before the death, and was done after it.
            return
        click = self._chat.press(self._erin, self._card, "approve")
        with suppress(OSError):
            self._pressed = self._chat.deliver(click) == 200

    def _resume(self, *, dying: bool) -> None:
        """The watch goes on with the incident, from its beginning or from where it died."""
        process = _FORKED.Process(target=_watch_on, args=(self._folder,))
        process.start()
        process.join(self._draw.uniform(0.0, _LONGEST_WATCH_S) if dying else LONGEST_S)
        if process.is_alive():
            process.kill()
            process.join()
            self._kills += 1

    def _is_answered(self) -> bool:
        with StateDirectory(self._folder).read_only_journal() as journal:
            return journal.approval_request(self._plan, 0.0).approval is not None

    def _is_over(self) -> bool:
        """Whether the chat tells all there is to tell."""
        with StateDirectory(self._folder).read_only_journal() as journal:
            events = [e for e in journal.timeline(self._incident) if e.kind in TOLD]
            idle = not journal.unanswered_chat_events(self._chat.name)
        keys = {f"{self._incident}/event/{event.seq}" for event in events}
        return idle and self._pressed and self._is_answered() and keys <= {*self._chat.marks()}

    def _require_time(self) -> None:
        if time.monotonic() - self._begun_s > LONGEST_S:
            raise DeadlineExceeded(f"a story was not over after {LONGEST_S:.0f} s")

    def _wrong(self) -> list[str]:
        keys = self._chat.marks()
        wrong = [f"{key} was posted twice" for key in {*keys} if keys.count(key) > 1]
        wrong += [f"{error} was refused" for error in self._chat.refusals]
        if self._card not in keys or self._chat.has_buttons(self._card):
            wrong.append("the card of what was answered has buttons, or is not there")
        if head_key(self._incident) not in keys:
            wrong.append("the thread has no first message")
        if not self._chat.whispers:
            wrong.append("whoever clicked was told nothing")
        with StateDirectory(self._folder).read_only_journal() as journal:
            answers = journal.approval_request(self._plan, 0.0).answers
            lines = [x for x in journal.audit_lines(self._plan) if x.action == "answer"]
            committed = journal.events_of(self._incident, ("committed",))
            changes = journal.changes(plan_id=self._plan)
        if [a.by.account for a in answers] != ["erin"] or len(lines) != 1:
            told = "; ".join(whisper.text for whisper in self._chat.whispers)
            wrong.append(f"{len(answers)} answers, {len(lines)} lines of audit; told: {told}")
        if len(committed) != 1 or not changes:
            wrong.append(f"{len(committed)} commits of {len(changes)} changes")
        return wrong


class _Doomed:
    """Kills a process at a call of the chat, before or after it is done, or at some moment."""

    def __init__(self, process: BaseProcess, draw: random.Random, chat: ChatStub) -> None:
        self._process, self._chat = process, chat
        self._left = draw.randrange(_MOST_CALLS)
        kind = draw.choice(("before", "after", "moment"))
        if kind == "before":
            chat.before_call.append(self._called)
        elif kind == "after":
            chat.before_answer.append(self._called)
        # A process that makes no call any more is killed all the same.
        life_s = draw.uniform(0.0, _LONGEST_LIFE_S) if kind == "moment" else 3 * _LONGEST_LIFE_S
        self._timer = threading.Timer(life_s, process.kill)
        self._timer.start()

    def _called(self, method: str) -> None:
        if method == self._chat.first_call:
            return
        self._left -= 1
        if self._left < 0:
            self._process.kill()
            self._process.join()

    def join(self) -> None:
        """Until the process is dead."""
        self._process.join()
        self._timer.cancel()
        self._chat.before_call.clear()
        self._chat.before_answer.clear()


_FORKED: Any = multiprocessing.get_context("forkserver")
"""Processes that have imported everything before they begin."""

_FORKED.set_forkserver_preload(["graphs.workplace", "evals.chat.kills"])


def _speak(folder: Path, chat: ChatName, secrets: Mapping[str, str], heard: Connection) -> None:
    """The process that speaks with the chat, as its command is."""
    with CHATS[chat].speak(StateDirectory(folder), secrets) as address:
        heard.send(address)
        threading.Event().wait()


def _watch_on(folder: Path) -> None:
    """The process that watches, as `noctua resume` is."""
    from rich.console import Console

    from channels.cli.watching import watch_on

    watch_on(
        StateDirectory(folder),
        incident_id=None,
        for_s=900.0,
        console=Console(quiet=True),
        stop=lambda: False,
    )
