"""The places that a process passes, by name, and what strikes it there.

A place is "<graph node>: before|after <what>", with the number of the time that it is passed:
"actuator: after commit NYCMng#1". <what> is a call to the network ("stage NYCMng", "poll"), the
commit of a journal transaction by the tables that it writes ("journal changes+audit"), or a write
of LangGraph's ("checkpoint to verifier", "writes of actuator"). Outside a graph it is "watch".
"""

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from twin.errors import NoctuaError

OUTSIDE = "watch"


class Strike(Protocol):
    """What happens to a process on its way. Places come numbered."""

    def before(self, place: str) -> None:
        """What `place` names is about to be done."""
        ...

    def after(self, place: str, error: type[NoctuaError]) -> None:
        """It is done; `error` is what its caller would see if the answer got lost."""
        ...


class Passage:
    """Counts the places that a process passes, and hands each to a strike."""

    def __init__(self, strike: Strike) -> None:
        self.node = OUTSIDE
        self._strike = strike
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._local = threading.local()

    @contextmanager
    def around(
        self, what: str, error: type[NoctuaError], node: str | None = None
    ) -> Iterator[None]:
        """Something is done inside; what raises there was not done.

        `node`: where this thread is meanwhile, for one that writes after another has gone on.
        """
        outside = self._own_node()
        self._local.node = node or outside
        try:
            self.before(what)
            yield
            self.after(what, error)
        finally:
            self._local.node = outside

    def before(self, what: str) -> None:
        """`what` is about to be done."""
        if not self._is_silent():
            self._strike.before(self._numbered(f"before {what}"))

    def after(self, what: str, error: type[NoctuaError]) -> None:
        """`what` has been done."""
        if not self._is_silent():
            self._strike.after(self._numbered(f"after {what}"), error)

    @contextmanager
    def silent(self) -> Iterator[None]:
        """This thread passes nothing meanwhile: heartbeats come by the wall clock, not by step."""
        self._local.silent = True
        try:
            yield
        finally:
            self._local.silent = False

    def _is_silent(self) -> bool:
        found: bool = getattr(self._local, "silent", False)
        return found

    def _own_node(self) -> str | None:
        found: str | None = getattr(self._local, "node", None)
        return found

    def _numbered(self, what: str) -> str:
        with self._lock:
            place = f"{self._own_node() or self.node}: {what}"
            self._counts[place] += 1
            return f"{place}#{self._counts[place]}"


class Passing:
    """Strikes nothing, and keeps every place in order."""

    def __init__(self) -> None:
        self.places: list[str] = []

    def before(self, place: str) -> None:
        """Keep it."""
        self.places.append(place)

    def after(self, place: str, error: type[NoctuaError]) -> None:
        """Keep it."""
        self.places.append(place)


class Kill:
    """`kill -9` of this very process: at `place`, or at the `number`-th place that it passes."""

    def __init__(self, place: str = "", number: int = 0) -> None:
        self._place = place
        self._left = number

    def before(self, place: str) -> None:
        """Here?"""
        self._left -= 1
        if place == self._place or self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def after(self, place: str, error: type[NoctuaError]) -> None:
        """Here?"""
        self.before(place)


class Timeouts:
    """Everything is done, and then the caller is told that it failed, in `share` of the cases."""

    def __init__(self, share: float, seed: str) -> None:
        self._share = share
        self._draws = random.Random(seed)
        self.count = 0

    def before(self, place: str) -> None:
        """Nothing fails before it is done."""

    def after(self, place: str, error: type[NoctuaError]) -> None:
        """Raises `error` now and then."""
        if self._draws.random() < self._share:
            self.count += 1
            raise error(f"{place}: the answer did not come in time")
