"""Warnings of what fails again and again: each is news once in a while, not at every step."""

import logging
import time
from collections import OrderedDict

EVERY_S = 600.0
"""The same text is logged again after so long, if it is still so."""

_MOST = 64


class SaidOnce:
    """Logs warnings to `log`, and leaves out what it has said lately."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._said_s: OrderedDict[str, float] = OrderedDict()

    def warning(self, text: str) -> None:
        """`text`, unless it was said lately."""
        now_s = time.monotonic()
        if now_s - self._said_s.get(text, -EVERY_S) < EVERY_S:
            self._log.debug("%s", text)
            return
        self._said_s[text] = now_s
        self._said_s.move_to_end(text)
        if len(self._said_s) > _MOST:
            self._said_s.popitem(last=False)
        self._log.warning("%s", text)
