"""A room: one chat service at a state directory, kept up to date, and what people do in it.

What people do is put on record before the service is told that it has arrived, and done afterwards
by other threads, so that a slow or busy service never holds an acknowledgement up.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Literal, Self

from pydantic import TypeAdapter

from channels.chat.acts import AnyAct, Said
from channels.chat.commands import is_question
from channels.chat.doing import Doing
from channels.chat.posting import Posting
from channels.chat.service import ChatService, ChatUnavailable, MessageRefused
from channels.chat.thread import said
from graphs.state_directory import StateDirectory
from tools.journal.errors import JournalFailed, LeaseHeld, LeaseLost
from tools.journal.holder import Holder
from tools.journal.records import ChatEvent
from tools.said_once import SaidOnce

LOOK_S = 1.0
"""Wall seconds between two looks at the journal; what somebody does in the chat is seen at once."""

RoomState = Literal["working", "standing_by", "unavailable"]
"""We work in it, another process does, or the last look at it failed."""

_ACT: TypeAdapter[AnyAct] = TypeAdapter(AnyAct)

_log = logging.getLogger(__name__)


class Room:
    """One chat at one state directory. Several processes may have it open; one of them works.

    `tenant`: whose people are heard.
    """

    def __init__(self, state: StateDirectory, service: ChatService, tenant: str) -> None:
        self._service = service
        self._said = SaidOnce(_log)
        self._wake, self._wake_for_questions = threading.Event(), threading.Event()
        self._works, self._failing = True, set[threading.Event]()
        with ExitStack() as opened:
            self._journal = opened.enter_context(state.journal())
            self._holder = opened.enter_context(Holder(self._journal, state.locks))
            self._posting = Posting(state, self._journal, service)
            self._doing = Doing(state, self._journal, service.name, tenant)
            self._opened = opened.pop_all()

    def receive(self, event_id: str, act: AnyAct) -> bool:
        """Put what somebody did on record, to be done soon. False: it has come before.

        Raises:
            JournalFailed: it is not on record; the service has to send it again.
        """
        is_new = self._journal.receive_chat_event(
            self._service.name, event_id, _ACT.dump_json(act).decode(), time.time()
        )
        self._wake_all()
        return is_new

    @property
    def state(self) -> RoomState:
        """How it stands, as of the last look."""
        if not self._works:
            return "standing_by"
        return "unavailable" if self._failing else "working"

    @contextmanager
    def working(self) -> Iterator[None]:
        """Work in threads of its own, until the end: questions, over which a model may take long,
        hold up nothing else.
        """
        stop = threading.Event()
        threads = [
            threading.Thread(target=self._run, args=(stop, wake, step), name=self._service.name)
            for wake, step in (
                (self._wake, lambda: self._step(self._acts)),
                (self._wake_for_questions, lambda: self._step(self._questions)),
            )
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            self._wake_all()
            for thread in threads:
                thread.join()

    def step(self) -> None:
        """Do all that was asked for, and bring the chat up to date, if nobody else does.

        Raises:
            ChatUnavailable, JournalFailed: what is left is done by the next step.
        """
        self._step(self._questions)
        self._step(self._acts)

    def _run(self, stop: threading.Event, wake: threading.Event, step: Callable[[], None]) -> None:
        while not stop.is_set():
            wake.wait(LOOK_S)
            wake.clear()
            try:
                step()
            except (ChatUnavailable, JournalFailed, LeaseHeld, LeaseLost) as error:
                self._failing.add(wake)
                self._said.warning(f"{self._service.name}: {error}")
            except Exception:
                # A bug in one look must not end those that come after it.
                self._failing.add(wake)
                _log.exception("%s", self._service.name)
            else:
                self._failing.discard(wake)

    def _wake_all(self) -> None:
        self._wake.set()
        self._wake_for_questions.set()

    def _step(self, work: Callable[[], None]) -> None:
        subject = f"chat:{self._service.name}"
        self._works = self._holder.holds(subject)
        if self._works:
            with self._journal.holding(self._holder.take(subject)):
                work()

    def _acts(self) -> None:
        """Do what people ask for, and bring the chat up to date."""
        events = [event for event, act in self._unanswered() if not _is_question(act)]
        if events and self._journal.has_begun_posts(self._service.name):
            # A card that was posted right before a death may be what was clicked.
            self._posting.catch_up()
        self._answer_all(events)
        self._posting.catch_up()

    def _questions(self) -> None:
        self._answer_all([event for event, act in self._unanswered() if _is_question(act)])

    def _unanswered(self) -> list[tuple[ChatEvent, AnyAct]]:
        events = self._journal.unanswered_chat_events(self._service.name)
        return [(event, _ACT.validate_json(event.body)) for event in events]

    def _answer_all(self, events: Sequence[ChatEvent]) -> None:
        """Do all of it, also where somebody cannot be told what came of it yet."""
        untold: ChatUnavailable | None = None
        for event in events:
            try:
                self._answer(event)
            except ChatUnavailable as error:
                untold = error
        if untold is not None:
            raise untold

    def _answer(self, event: ChatEvent) -> None:
        act, service, journal = _ACT.validate_json(event.body), self._service, self._journal
        key = f"answer/{event.id}"
        if (post := journal.chat_post(service.name, key)) and post.message_id:
            journal.end_chat_event(service.name, event.id)
            return
        if post and (found := service.find(act.place, act.thread, key, post.begun_wall_s)):
            journal.note_post(service.name, key, found, "")
            journal.end_chat_event(service.name, event.id)
            return
        if event.begun_seq is None:
            journal.begin_chat_event(event, journal.last_event_seq())
        # As it was received: that it was begun with before tells of a run that was cut off.
        done = self._doing.do(act, event)
        try:
            if done.to_all:
                self._posting.post(act.place, act.thread, said(key, done.text), "")
            else:
                service.whisper(act.place, act.thread, act.who.subject, done.text)
        except MessageRefused as error:
            self._said.warning(f"{key} was not told: {error}")
        journal.end_chat_event(service.name, event.id)

    def close(self) -> None:
        """Let others work in the room, and close the journal."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _is_question(act: AnyAct) -> bool:
    return isinstance(act, Said) and is_question(act.words)
