"""A deadline on the wall's clock for a call that cannot be trusted to end."""

import contextvars
import queue
import threading
from collections.abc import Callable


class DeadlineMissed(Exception):
    """The call did not end in time."""


class CallRaised(Exception):
    """The call raised `error`."""

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


def within(seconds: float, call: Callable[[], object]) -> object:
    """The result of `call`, which runs in a thread with the caller's context variables.

    The thread is a daemon and is left behind when it is late: a server that drips bytes can hold a
    socket for ever, and must hold neither the run nor the end of the process.

    Raises:
        DeadlineMissed: after `seconds` of wall time.
        CallRaised: with whatever `call` raised.
    """
    outcome: queue.SimpleQueue[tuple[object, Exception | None]] = queue.SimpleQueue()
    context = contextvars.copy_context()

    def work() -> None:
        try:
            outcome.put((context.run(call), None))
        except Exception as exc:
            outcome.put((None, exc))

    threading.Thread(target=work, name="mind", daemon=True).start()
    try:
        result, error = outcome.get(timeout=max(0.0, seconds))
    except queue.Empty:
        raise DeadlineMissed from None
    if error is not None:
        raise CallRaised(error) from error
    return result
