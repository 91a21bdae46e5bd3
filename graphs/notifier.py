"""Sending what is in the outbox, beside the watch: whoever is called cannot hold anything up.

What is wrong with the watch itself is sent from memory, since nothing may be writable then.

Who is called too often listens no more: beyond a number of calls in an hour, what there is to tell
waits for one of a few calls that tell of everything that waits.
"""

import json
import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import JsonValue

from tools.journal.database import json_text
from tools.journal.errors import JournalFailed, LeaseLost
from tools.journal.journal import Journal
from tools.journal.records import Lease, Notice
from tools.notification.ways import NotTaken, Way
from tools.said_once import SaidOnce
from twin.nouns.condition import Condition
from twin.nouns.incident import Severity

AGAIN_S = (5.0, 30.0, 120.0, 300.0, 900.0)
"""Wall seconds from an attempt that failed to the next; after these, the last of them again."""

GIVE_UP_S = 86_400.0
"""Nobody who is called a day late can do anything with it."""

MOST_CALLS = 12
_CALLS_WITHIN_S = 3600.0
"""So many calls of one network are taken within an hour, each about one thing (assumed)."""

DIGEST_S = 300.0
"""Beyond that, there is one call in so long, about all that there is to tell."""

_TOLD = 20
"""Entries of a digest that are told in full; of others it tells the number."""

_LOOK_S = 0.5

_LAST_CALLS_S = 20.0
"""How long the end of a watch waits for calls that are under way or have not been tried yet."""

_log = logging.getLogger(__name__)


class Notifier:
    """A thread that sends the notices of `network` in one way while this process watches it.

    An attempt is written down before it is made: a process that dies in between makes it again. One
    that dies after it and before its end was written down repeats it, with the same id.
    """

    def __init__(
        self,
        journal: Journal,
        network: str,
        way: Way,
        *,
        name: str = "",
        digest_s: float = DIGEST_S,
    ) -> None:
        """`name`: of the way; `digest_s`: between two calls beyond MOST_CALLS."""
        self._journal = journal
        self._network = network
        self._way = way
        self._name = name
        self._digest_s = digest_s
        self._lease: Lease | None = None
        self._said = SaidOnce(_log)
        self._unwritten: deque[Notice] = deque()
        self._unnoted: set[str] = set()
        self._taken_wall_s: deque[float] = deque(maxlen=MOST_CALLS)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"notices {network}", daemon=True)
        self._thread.start()

    def watch_under(self, lease: Lease | None) -> None:
        """Send as long as `lease` on the network is ours; None: another process does."""
        self._lease = lease

    def call(self, condition: Condition) -> None:
        """Call people about the watch itself: from memory, since no disk may take anything.

        It is tried until it is taken, for as long as this process lives.
        """
        self._unwritten.append(_notice_of(condition, time.time()))

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
                self._send_unwritten()
                self._send_due(lease)
            except LeaseLost as lost:
                _log.info("%s", lost)  # It goes on there.
            except JournalFailed as error:
                self._said.warning(f"notices of {self._network} are not sent: {error}")

    def _send_unwritten(self) -> None:
        """What is about the watch itself: it is seldom, and waits for no call about the network."""
        for notice in list(self._unwritten):
            if not _is_due(notice, time.time()):
                continue
            trouble = self._taken([notice])
            self._unwritten.remove(notice)
            if trouble:
                _log.warning("%s was not taken: %s", notice.id, trouble)
                again_s = time.time() + _again_s(notice)
                update = {"attempts": notice.attempts + 1, "due_wall_s": again_s}
                self._unwritten.append(notice.model_copy(update=update))

    def _send_due(self, lease: Lease) -> None:
        self._note_sent()
        unsent = self._journal.unsent_notices(self._network, self._name)
        waiting = [notice for notice in unsent if _is_due(notice, time.time())]
        while waiting and (self._has_room() or not self._way.takes_digests):
            self._send(waiting[:1], lease)
            del waiting[0]
        if waiting and self._is_time_for_digest():
            self._send(waiting, lease)

    def _has_room(self) -> bool:
        """Whether one more call is not too many."""
        taken = self._taken_wall_s
        # A clock that was set back would keep the room taken for as long as it was set back.
        return len(taken) < MOST_CALLS or not 0.0 <= time.time() - taken[0] < _CALLS_WITHIN_S

    def _is_time_for_digest(self) -> bool:
        return not 0.0 <= time.time() - self._taken_wall_s[-1] < self._digest_s

    def _send(self, notices: Sequence[Notice], lease: Lease) -> None:
        """Tell of all `notices` in one call."""
        begun = []
        for notice in notices:
            with self._journal.holding(lease):
                again_s = time.time() + _again_s(notice)
                if self._journal.begin_sending(notice.id, again_s):
                    begun.append(notice)
        if not begun:
            return
        if trouble := self._taken(begun):
            self._note_failure(begun, trouble)
            return
        self._taken_wall_s.append(time.time())
        self._unnoted |= {notice.id for notice in begun}
        self._note_sent()

    def _note_sent(self) -> None:
        """Write down what was taken; where that fails, it is not sent again but noted later."""
        for notice_id in sorted(self._unnoted):
            self._journal.note_sent(notice_id)
            self._unnoted.discard(notice_id)

    def _taken(self, notices: Sequence[Notice]) -> str:
        """Tell of all of them in one call; why it was not taken, "" if it was."""
        try:
            self._way.send(digest(notices))
        except NotTaken as error:
            return str(error)
        except Exception as error:
            # A bug in one call must not silence the calls that come after it.
            _log.exception("%s", notices[-1].id)
            return f"internal error: {error!r}"
        return ""

    def _note_failure(self, notices: Sequence[Notice], trouble: str) -> None:
        for notice in notices:
            _log.warning("%s about %s was not taken: %s", notice.event, notice.subject, trouble)
            if time.time() - notice.written_wall_s >= GIVE_UP_S:
                self._journal.give_up(notice.id, trouble)
            else:
                self._journal.note_unsent(notice.id, trouble)


def digest(notices: Sequence[Notice]) -> Notice:
    """One notice that tells of all: the newest, with the others in `data.more`.

    Its id is that of the newest: one that is tried again with more in it is another one.
    """
    newest, others = notices[-1], notices[:-1]
    if not others:
        return newest
    body = json.loads(newest.body)
    told = [json.loads(other.body) for other in others]
    body["data"]["text"] += f" (and {len(others)} more to tell of this network)"
    body["data"]["more"] = [
        {"type": one["type"], **{key: one["data"].get(key) for key in ("incident", "work", "text")}}
        for one in told[-_TOLD:]
    ]
    return newest.model_copy(update={"body": json_text(body)})


def _notice_of(condition: Condition, now_s: float) -> Notice:
    """The same id for the same condition, whoever finds it."""
    name = f"{condition.network} {condition.kind} {condition.since_s}"
    notice_id = f"msg_{uuid.uuid5(uuid.NAMESPACE_OID, name).hex}"
    since = datetime.fromtimestamp(condition.since_s or now_s, UTC).isoformat(timespec="seconds")
    body: dict[str, JsonValue] = {
        "id": notice_id,
        "type": f"watch.{condition.kind}",
        "timestamp": since.replace("+00:00", "Z"),
        "data": {
            "network": condition.network,
            "incident": None,
            "work": None,
            "severity": Severity.MAJOR.value,
            "title": f"something is wrong with the watch itself: {condition.kind}",
            "plan": None,
            "text": condition.text,
        },
    }
    return Notice(
        id=notice_id,
        incident_id="",
        event="paged",
        body=json_text(body),
        written_wall_s=now_s,
        attempts=0,
        due_wall_s=now_s,
        trouble="",
    )


def _is_due(notice: Notice, now_s: float) -> bool:
    return notice.due_wall_s <= now_s or _clock_was_set_back(notice, now_s)


def _again_s(notice: Notice) -> float:
    return AGAIN_S[min(notice.attempts, len(AGAIN_S) - 1)]


def _clock_was_set_back(notice: Notice, now_s: float) -> bool:
    """Nothing is ever due later than the longest wait."""
    return notice.due_wall_s > now_s + max(AGAIN_S)
