"""Programs that run one at a time, from one point to the next, as somebody else decides.

A program is a thread that holds still at every point: before and after each transaction of the
journal, before each reading of it, and before and after each call to a device. Only one thread runs
at a time, so that the same decisions give the same steps.
"""

import threading
from collections.abc import Callable
from contextvars import ContextVar


class Died(BaseException):
    """The program was killed where it stood; like a signal, no `except Exception` sees it."""


_RUNNING: ContextVar["Program | None"] = ContextVar("running program", default=None)


class Program:
    """`body`, which goes on only inside `let_run`. `steps` is told of every point it comes to."""

    def __init__(self, name: str, body: Callable[[], None], steps: list[tuple[str, str]]) -> None:
        self.name = name
        self.at = "the beginning"
        self.ended = False
        self.error: BaseException | None = None
        self._body = body
        self._steps = steps
        self._left, self._until, self._dying = 0, "", False
        self._go, self._held = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._held.acquire()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def let_run(self, points: int, until: str = "") -> None:
        """Go on for so many points, and then to the next one whose name starts with `until`.

        It stops earlier where it rests, and at its end.

        Raises:
            BaseException: what the program did not catch.
        """
        if self.ended:
            return
        self._left, self._until = points, until
        self._switch()
        if self.error is not None:
            raise self.error

    def kill(self) -> None:
        """End it where it stands; nothing that it would do next is done."""
        if not self.ended:
            self._dying = True
            self._switch()
        self._thread.join()

    def come_to(self, point: str, *, rests: bool = False) -> None:
        """Hold still here, if it is time to."""
        if self._dying:
            raise Died
        self.at = point
        self._steps.append((self.name, point))
        self._left -= 1
        if rests or (self._left <= 0 and point.startswith(self._until)):
            self._held.release()
            self._go.acquire()
            if self._dying:
                raise Died

    def _switch(self) -> None:
        self._go.release()
        self._held.acquire()

    def _run(self) -> None:
        self._go.acquire()
        _RUNNING.set(self)
        try:
            if not self._dying:
                self._body()
        except Died:
            pass
        except BaseException as error:
            self.error = error
        self.ended = True
        self._held.release()


def point(name: str) -> None:
    """A place where the program that runs may be held; nothing for whoever is no program."""
    if program := _RUNNING.get():
        program.come_to(name)


def rest(why: str) -> None:
    """Hold still until let go on: there is nothing to do until something happens."""
    program = _RUNNING.get()
    assert program is not None
    program.come_to(why, rests=True)
