"""A chat beside something else: connected in a thread of its own, and anew until it answers."""

import logging
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from channels.chat.room import Room, RoomState
from tools.said_once import SaidOnce
from twin.errors import BadInput, NoctuaError

AGAIN_S = 10.0
"""Wall seconds after which a chat that did not answer is asked again."""

Take = Callable[[Request], Awaitable[Response]]
"""Answers a request that a chat posts to us."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Connected:
    """A room that is worked in. `take`: None where nothing is posted, since we keep a socket."""

    room: Room
    take: Take | None = None


class ChatConnection:
    """The connection to the chat `name`. `path`: where it posts to us, "" for nowhere.

    `trouble`: why it is not connected, "" while it is. `again_s`: until it is asked again.
    """

    def __init__(
        self,
        name: str,
        path: str,
        connect: Callable[[], AbstractContextManager[Connected]],
        *,
        again_s: float = AGAIN_S,
    ) -> None:
        self.name, self.path = name, path
        self.connected: Connected | None = None
        self.trouble = ""
        self._connect, self._again_s = connect, again_s
        self._stop, self._first = threading.Event(), Future[None]()
        self._said = SaidOnce(_log)

    @property
    def state(self) -> RoomState:
        """How it stands."""
        return self.connected.room.state if self.connected else "unavailable"

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep it up until the end. A chat that does not answer yet is asked again and again.

        Raises:
            BadInput: what it was set up with is missing or wrong.
        """
        thread = threading.Thread(target=self._keep, name=f"{self.name} connection")
        thread.start()
        try:
            self._first.result()
            yield
        finally:
            self._stop.set()
            thread.join()

    def _keep(self) -> None:
        while not self._stop.is_set():
            try:
                with self._connect() as self.connected:
                    self.trouble = ""
                    self._tried(None)
                    self._stop.wait()
            except BadInput as error:
                self._tried(error)
                self._failed(str(error))
            except NoctuaError as error:
                self._failed(str(error))
            except Exception as error:
                # A bug in one chat must not end what stands beside it.
                _log.exception("%s", self.name)
                self._failed(f"internal error: {error!r}")
            finally:
                self.connected = None
            self._tried(None)
            self._stop.wait(self._again_s)

    def _failed(self, why: str) -> None:
        self.trouble = why
        if not self._stop.is_set():
            self._said.warning(f"{self.name}: {why}; it is tried again")

    def _tried(self, error: BadInput | None) -> None:
        if self._first.done():
            return
        if error is None:
            self._first.set_result(None)
        else:
            self._stop.set()
            self._first.set_exception(error)
