"""What people are to be told of, in the journal until it has been sent: a transactional outbox.

A notice about an incident is written in the transaction of its event, so that a death of the
process loses neither without the other. It is sent at least once. Each event is written once for
each way in which people are called, and a repeat bears the same id: "once" holds for a receiver
that keeps the ids that it has had.
"""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from tools.journal.audit_rows import AuditRows
from tools.journal.database import json_text, made
from tools.journal.records import (
    IncidentRecord,
    Notice,
    NoticeEvent,
    TimelineEvent,
    WorkEvent,
)

NO_WAY_TO_CALL = "no way to call a person is set (on_event.yaml)"
"""Stands where a text would say that somebody was called."""

_EVENTS: Mapping[str, NoticeEvent] = {
    "detected": "opened",
    "asked": "awaiting",
    "unanswered": "paged",
    "unseen": "paged",
    "paged": "paged",
    "page": "paged",
    "work": "paged",
    "rolled_back": "rolled_back",
    "returned": "rolled_back",
    "escalated": "escalated",
    "resolved": "resolved",
    "merged": "resolved",
}
"""What people are told of, by kind of event in the timeline."""


_TOLD = ("network", "incident", "work", "severity", "title", "plan", "text")
"""What every message has; null where it is about none."""


class OutboxRows(AuditRows):
    """Table outbox."""

    notifies_of: Mapping[str, frozenset[NoticeEvent]] = MappingProxyType({})
    """What this connection writes to the outbox, by the name of the way in which it is to be sent:
    set where there is somebody to send it to.
    """

    def calls_for(self, kind: str) -> bool:
        """Whether somebody is called for that kind of event in the timeline."""
        return any(_EVENTS.get(kind) in events for events in self.notifies_of.values())

    def put_notice(self, event: TimelineEvent, about: IncidentRecord, wall_s: float) -> None:
        """Put what people are told of `event` into the outbox, once for each way that is called for
        it.
        """
        kind, network = _EVENTS.get(event.kind), about.incident.network
        for way in self._ways_for(kind):
            assert kind is not None
            notice_id = _new_id()
            body = _body(notice_id, kind, event, about)
            subject = (event.incident_id, kind, _about(event))
            self._put(notice_id, network, way, subject, body, wall_s)

    def put_work_notice(
        self, network: str, work: str, event: WorkEvent, text: str, time_s: float, wall_s: float
    ) -> None:
        """Put into the outbox that people are to be told `text` of the announced work of that id,
        once for each event and way. `time_s`: the network's clock.
        """
        told = {"network": network, "work": work, "title": work, "text": text}
        if not (ways := self._ways_for(event)):
            return
        with self.transaction():
            for way in ways:
                notice_id = _new_id()
                body = _message(notice_id, event.replace("_", "."), time_s, told)
                self._put(notice_id, network, way, (None, event, work), body, wall_s)

    def _ways_for(self, event: NoticeEvent | None) -> list[str]:
        return [way for way, events in self.notifies_of.items() if event in events]

    def _put(
        self,
        notice_id: str,
        network: str,
        way: str,
        subject: tuple[str | None, NoticeEvent, str],
        body: str,
        wall_s: float,
    ) -> None:
        """A row. `subject`: the incident, the event, and what makes it one of its kind."""
        self._execute(
            "INSERT OR IGNORE INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, '', '', ?)",
            notice_id,
            network,
            *subject,
            body,
            wall_s,
            wall_s,
            way,
        )

    def unsent_notices(self, network: str, way: str | None = None) -> tuple[Notice, ...]:
        """Notices of `network` that are still to be sent, in order of writing; in `way` alone, or
        in any if None.

        A journal of an earlier version, opened for reading alone, has none.
        """
        return self._notices(network, "", way)

    def lost_notices(self, network: str) -> tuple[Notice, ...]:
        """Notices of `network` that nobody took, and that are not sent any more."""
        return self._notices(network, "given_up", None)

    def begin_sending(self, notice_id: str, again_wall_s: float) -> bool:
        """Count an attempt that is about to be made; `again_wall_s`: the next, if nobody says more.

        False: somebody else has sent it meanwhile.
        """
        with self.transaction():
            cursor = self._execute(
                "UPDATE outbox SET attempts = attempts + 1, due_wall_s = ? "
                "WHERE id = ? AND ended = ''",
                again_wall_s,
                notice_id,
            )
            return cursor.rowcount == 1

    def note_sent(self, notice_id: str) -> None:
        """The receiver has taken it."""
        self._end(notice_id, "delivered", "")

    def note_unsent(self, notice_id: str, trouble: str) -> None:
        """The attempt failed; the next is made when it is due."""
        with self.transaction():
            self._execute("UPDATE outbox SET trouble = ? WHERE id = ?", trouble, notice_id)

    def give_up(self, notice_id: str, trouble: str) -> None:
        """It is not sent any more."""
        self._end(notice_id, "given_up", trouble)

    def _end(self, notice_id: str, ended: str, trouble: str) -> None:
        with self.transaction():
            self._execute(
                "UPDATE outbox SET ended = ?, trouble = ? WHERE id = ? AND ended = ''",
                ended,
                trouble,
                notice_id,
            )

    def _notices(self, network: str, ended: str, way: str | None) -> tuple[Notice, ...]:
        if not self._rows("SELECT 1 FROM pragma_table_info('outbox') WHERE name = 'network'"):
            return ()
        rows = self._rows(
            "SELECT id, ifnull(incident_id, '') AS incident_id, "
            "iif(incident_id IS NULL, about, '') AS work, event, body, written_wall_s, attempts, "
            "due_wall_s, trouble FROM outbox WHERE network = ? AND ended = ? "
            # Of no effect but that the index of those which are not delivered serves it.
            "AND ended <> 'delivered' AND ifnull(? = way, 1) ORDER BY rowid",
            network,
            ended,
            way,
        )
        return tuple(made(Notice, row) for row in rows)


def _about(event: TimelineEvent) -> str:
    """What makes the event one of its kind within the incident, however often it is told."""
    named = (event.data.get(key) for key in ("change", "plan", "work"))
    about = next((name for name in named if isinstance(name, str)), "")
    step = event.data.get("step")
    return about if step is None else f"{about}#{step}"


def _new_id() -> str:
    return f"msg_{uuid.uuid4().hex}"


def _body(notice_id: str, kind: NoticeEvent, event: TimelineEvent, about: IncidentRecord) -> str:
    incident, plan = about.incident, event.data.get("plan")
    told = {
        "network": incident.network,
        "incident": incident.id,
        "severity": incident.severity.value,
        "title": incident.title,
        "text": event.text,
    }
    if isinstance(plan, str):
        told["plan"] = plan
    return _message(notice_id, f"incident.{kind}", event.time_s, told)


def _message(notice_id: str, kind: str, time_s: float, told: Mapping[str, str]) -> str:
    happened = datetime.fromtimestamp(time_s, UTC).isoformat(timespec="seconds")
    return json_text(
        {
            "id": notice_id,
            "type": kind,
            "timestamp": happened.replace("+00:00", "Z"),
            "data": {key: told.get(key) for key in _TOLD},
        }
    )
