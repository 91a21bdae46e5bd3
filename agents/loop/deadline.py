"""A deadline on the wall's clock for a call that cannot be trusted to end."""

import contextvars
import queue
import threading
from collections.abc import Callable

MOST_LEFT_BEHIND = 16
"""Threads that may be left behind at a time; beyond that no further call is begun."""

_left_behind: list[threading.Thread] = []
_counting = threading.Lock()


class DeadlineMissed(Exception):
    """The call did not end in time."""


class TooManyLeftBehind(Exception):
    """So many calls have not ended yet that none is added to them."""


class CallRaised(Exception):
    """The call raised `error`."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(str(error))
        self.error = error


def within(seconds: float, call: Callable[[], object]) -> object:
    """The result of `call`, which runs in a thread with the caller's context variables.

    The thread is a daemon and is left behind when it is late: a server that drips bytes can hold a
    socket for ever, and must hold neither the run nor the end of the process.

    Raises:
        DeadlineMissed: after `seconds` of wall time.
        CallRaised: with whatever `call` raised, or with TooManyLeftBehind.
    """
    _refuse_pile()
    outcome: queue.SimpleQueue[tuple[object, BaseException | None]] = queue.SimpleQueue()
    context = contextvars.copy_context()

    def work() -> None:
        try:
            outcome.put((context.run(call), None))
        except BaseException as exc:  # A native library's panic is no Exception.
            outcome.put((None, exc))

    thread = threading.Thread(target=work, name="mind", daemon=True)
    thread.start()
    try:
        result, error = outcome.get(timeout=max(0.0, seconds))
    except queue.Empty:
        with _counting:
            _left_behind.append(thread)
        raise DeadlineMissed from None
    if error is not None:
        raise CallRaised(error) from error
    return result


def _refuse_pile() -> None:
    with _counting:
        _left_behind[:] = [thread for thread in _left_behind if thread.is_alive()]
        if len(_left_behind) >= MOST_LEFT_BEHIND:
            error = TooManyLeftBehind(f"{len(_left_behind)} earlier calls have not ended yet")
            raise CallRaised(error)
