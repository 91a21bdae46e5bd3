"""Sending what is in the outbox, beside the watch: whoever is called cannot hold anything up."""

import logging
import threading
import time

from tools.journal.errors import JournalFailed, LeaseLost
from tools.journal.journal import Journal
from tools.journal.records import Lease, Notice
from tools.notification.ways import NotTaken, Way

AGAIN_S = (5.0, 30.0, 120.0, 300.0, 900.0)
"""Wall seconds from an attempt that failed to the next; after these, the last of them again."""

GIVE_UP_S = 86_400.0
"""Nobody who is called a day late can do anything with it."""

_LOOK_S = 0.5

_LAST_CALLS_S = 20.0
"""How long the end of a watch waits for calls that are under way or have not been tried yet."""

_log = logging.getLogger(__name__)


class Notifier:
    """A thread that sends the notices of `network` while this process watches it.

    An attempt is written down before it is made: a process that dies in between makes it again. One
    that dies after it and before its end was written down repeats it, with the same id.
    """

    def __init__(self, journal: Journal, network: str, way: Way) -> None:
        self._journal = journal
        self._network = network
        self._way = way
        self._lease: Lease | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"notices {network}", daemon=True)
        self._thread.start()

    def watch_under(self, lease: Lease | None) -> None:
        """Send as long as `lease` on the network is ours; None: another process does."""
        self._lease = lease

    def close(self) -> None:
        """Try what has not been tried yet, once, and end; what is left is sent by the next."""
        self._closing.set()
        self._thread.join(_LAST_CALLS_S)

    def _run(self) -> None:
        ending = False
        while not ending:
            ending = self._closing.wait(_LOOK_S)
            lease = self._lease
            if lease is None:
                continue
            try:
                self._send_due(lease)
            except LeaseLost as lost:
                _log.info("%s", lost)  # It goes on there.
            except JournalFailed as error:
                _log.warning("notices of %s are not sent: %s", self._network, error)

    def _send_due(self, lease: Lease) -> None:
        for notice in self._journal.unsent_notices(self._network):
            now_s = time.time()
            if notice.due_wall_s > now_s and not _clock_was_set_back(notice, now_s):
                continue
            with self._journal.holding(lease):
                begun = self._journal.begin_sending(notice.id, now_s + _again_s(notice))
            if begun:
                self._send(notice)

    def _send(self, notice: Notice) -> None:
        try:
            self._way.send(notice)
        except NotTaken as error:
            self._note_failure(notice, str(error))
        except Exception as error:
            # A bug in one call must not silence the calls that come after it.
            _log.exception("%s", notice.id)
            self._note_failure(notice, f"internal error: {error!r}")
        else:
            self._journal.note_sent(notice.id)

    def _note_failure(self, notice: Notice, trouble: str) -> None:
        _log.warning("%s about %s was not taken: %s", notice.event, notice.incident_id, trouble)
        if time.time() - notice.written_wall_s >= GIVE_UP_S:
            self._journal.give_up(notice.id, trouble)
        else:
            self._journal.note_unsent(notice.id, trouble)


def _again_s(notice: Notice) -> float:
    return AGAIN_S[min(notice.attempts, len(AGAIN_S) - 1)]


def _clock_was_set_back(notice: Notice, now_s: float) -> bool:
    """Nothing is ever due later than the longest wait."""
    return notice.due_wall_s > now_s + max(AGAIN_S)
