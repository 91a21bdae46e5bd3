"""Whether a foreign mind is worth asking: one that has just been down or late is left alone."""

import threading
import time

_LONGEST_S = 900.0
"""However often it has failed, it is tried again after a quarter of an hour."""


class Health:
    """What this process has seen of one mind. Threads of several networks may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._rests_until_s = 0.0
        self._why = ""

    def refusal(self) -> str | None:
        """Why the mind is not asked now, None if it may be."""
        with self._lock:
            left_s = self._rests_until_s - time.monotonic()
            if left_s <= 0:
                return None
            return f"not asked for another {left_s:.0f} s, since it was {self._why}"

    def note_failure(self, why: str, rest_s: float) -> None:
        """It was down or late; it rests for `rest_s` wall seconds, twice as long each time anew."""
        with self._lock:
            rest_s = min(rest_s * 2.0**self._failures, max(rest_s, _LONGEST_S))
            self._failures = min(self._failures + 1, 16)
            self._rests_until_s = time.monotonic() + rest_s
            self._why = why

    def note_reply(self) -> None:
        """It said something, so that it is there."""
        with self._lock:
            self._failures = 0
            self._rests_until_s = 0.0
