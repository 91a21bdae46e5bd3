"""What one application is made of: its state directory, its settings, and what it keeps in mind."""

from threading import BoundedSemaphore, Event
from typing import Annotated

from fastapi import Depends, Request
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from channels.chat.connection import ChatConnection
from channels.http.controls import EVERY_CONTROL, HttpControls
from channels.http.counts import Counts
from channels.http.settings import ServeSettings
from graphs.state_directory import StateDirectory


class Served:
    """One application's own.

    `controls`: what stands between a request and an answer, all of it unless one is tried.
    `streams`, `computing`: how many more may be open, and be computed, at once. `ending`: set once
    the server is to end, which streams would keep from it. `chats`: what is spoken with beside it.
    """

    def __init__(
        self,
        directory: StateDirectory,
        settings: ServeSettings,
        controls: HttpControls = EVERY_CONTROL,
        chats: tuple[ChatConnection, ...] = (),
    ) -> None:
        self.directory = directory
        self.settings = settings
        self.controls = controls
        self.chats = chats
        self.counts = Counts()
        self.limiter = MovingWindowRateLimiter(MemoryStorage())
        self.streams = BoundedSemaphore(settings.limits.streams)
        self.ending = Event()
        self.computing = BoundedSemaphore(settings.limits.planning_at_once)


def served_by(request: Request) -> Served:
    """What the application of a request is made of."""
    served = request.app.state.served
    assert isinstance(served, Served)
    return served


def _directory(request: Request) -> StateDirectory:
    return served_by(request).directory


Directory = Annotated[StateDirectory, Depends(_directory)]
"""The type of a parameter that is the state directory."""

Serving = Annotated[Served, Depends(served_by)]
"""The type of a parameter that is what the application is made of."""
