"""What people are to be told of, in the journal until it has been sent: a transactional outbox.

A notice is written in the transaction of its event, so that a death of the process loses neither
without the other. It is sent at least once. Each event is written once, and a repeat bears the same
id: "once" holds for a receiver that keeps the ids that it has had.
"""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime

from tools.journal.audit_rows import AuditRows
from tools.journal.database import json_text, made
from tools.journal.records import IncidentRecord, Notice, NoticeEvent, TimelineEvent

NO_WAY_TO_CALL = "no way to call a person is set (on_event.yaml)"
"""Stands where a text would say that somebody was called."""

_EVENTS: Mapping[str, NoticeEvent] = {
    "detected": "opened",
    "asked": "awaiting",
    "unanswered": "paged",
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


class OutboxRows(AuditRows):
    """Table outbox."""

    notifies_of: frozenset[NoticeEvent] = frozenset()
    """What this connection writes to the outbox: set where there is somebody to send it to."""

    def calls_for(self, kind: str) -> bool:
        """Whether somebody is called for that kind of event in the timeline."""
        return _EVENTS.get(kind) in self.notifies_of

    def put_notice(self, event: TimelineEvent, about: IncidentRecord, wall_s: float) -> None:
        """Put what people are told of `event` into the outbox, once, if it is for the outbox."""
        kind = _EVENTS.get(event.kind)
        if kind is None or kind not in self.notifies_of:
            return
        notice_id = f"msg_{uuid.uuid4().hex}"
        self._execute(
            "INSERT OR IGNORE INTO outbox VALUES (?, ?, ?, ?, ?, ?, 0, ?, '', '')",
            notice_id,
            event.incident_id,
            kind,
            _about(event),
            _body(notice_id, kind, event, about),
            wall_s,
            wall_s,
        )

    def unsent_notices(self, network: str) -> tuple[Notice, ...]:
        """Notices of `network` that are still to be sent, in order of writing.

        A journal of an earlier version, opened for reading alone, has none.
        """
        return self._notices(network, "")

    def lost_notices(self, network: str) -> tuple[Notice, ...]:
        """Notices of `network` that nobody took, and that are not sent any more."""
        return self._notices(network, "given_up")

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

    def _notices(self, network: str, ended: str) -> tuple[Notice, ...]:
        if not self._rows("SELECT 1 FROM sqlite_master WHERE name = 'outbox'"):
            return ()
        rows = self._rows(
            "SELECT outbox.id, incident_id, event, body, written_wall_s, attempts, due_wall_s, "
            "trouble FROM outbox JOIN incidents ON incidents.id = incident_id WHERE network = ? "
            "AND ended = ? ORDER BY outbox.rowid",
            network,
            ended,
        )
        return tuple(made(Notice, row) for row in rows)


def _about(event: TimelineEvent) -> str:
    """What makes the event one of its kind within the incident, however often it is told."""
    named = (event.data.get(key) for key in ("change", "plan", "work"))
    return next((name for name in named if isinstance(name, str)), "")


def _body(notice_id: str, kind: NoticeEvent, event: TimelineEvent, about: IncidentRecord) -> str:
    incident = about.incident
    plan = event.data.get("plan")
    happened = datetime.fromtimestamp(event.time_s, UTC).isoformat(timespec="seconds")
    return json_text(
        {
            "id": notice_id,
            "type": f"incident.{kind}",
            "timestamp": happened.replace("+00:00", "Z"),
            "data": {
                "network": incident.network,
                "incident": incident.id,
                "severity": incident.severity.value,
                "title": incident.title,
                "plan": plan if isinstance(plan, str) else None,
                "text": event.text,
            },
        }
    )
