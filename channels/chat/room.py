"""A room: one chat service at a state directory, kept up to date, and what people do in it.

What people do is put on record before the service is told that it has arrived, and done afterwards
by one thread, so that a slow or busy service never holds an acknowledgement up.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Self

from pydantic import TypeAdapter

from channels.chat.acts import AnyAct
from channels.chat.doing import Doing
from channels.chat.posting import Posting
from channels.chat.service import ChatService, ChatUnavailable, MessageRefused
from channels.chat.thread import said
from graphs.state_directory import StateDirectory
from tools.journal.errors import JournalFailed
from tools.journal.holder import Holder
from tools.journal.records import ChatEvent
from tools.said_once import SaidOnce

LOOK_S = 1.0
"""Wall seconds between two looks at the journal; what somebody does in the chat is seen at once."""

_ACT: TypeAdapter[AnyAct] = TypeAdapter(AnyAct)

_log = logging.getLogger(__name__)


class Room:
    """One chat at one state directory. Several processes may have it open; one of them works.

    `tenant`: whose people are heard.
    """

    def __init__(self, state: StateDirectory, service: ChatService, tenant: str) -> None:
        self._service = service
        self._said = SaidOnce(_log)
        self._wake = threading.Event()
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
        self._wake.set()
        return is_new

    def run(self, stop: threading.Event) -> None:
        """Do what people ask for, and keep the chat up to date, until `stop` is set."""
        while not stop.is_set():
            self._wake.wait(LOOK_S)
            self._wake.clear()
            try:
                self.step()
            except (ChatUnavailable, JournalFailed) as error:
                self._said.warning(f"{self._service.name}: {error}")
            except Exception:
                # A bug in one look must not end those that come after it.
                _log.exception("%s", self._service.name)

    @contextmanager
    def working(self) -> Iterator[None]:
        """`run` in a thread of its own, until the end."""
        stop = threading.Event()
        thread = threading.Thread(target=self.run, args=(stop,), name=self._service.name)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            self._wake.set()
            thread.join()

    def step(self) -> None:
        """Do all that was asked for, and bring the chat up to date, if nobody else does.

        Raises:
            ChatUnavailable, JournalFailed: what is left is done by the next step.
        """
        subject = f"chat:{self._service.name}"
        if not self._holder.holds(subject):
            return
        with self._journal.holding(self._holder.take(subject)):
            events = self._journal.unanswered_chat_events(self._service.name)
            if events and self._journal.has_begun_posts(self._service.name):
                # A card that was posted right before a death may be what was clicked.
                self._posting.catch_up()
            for event in events:
                self._answer(event)
            self._posting.catch_up()

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
