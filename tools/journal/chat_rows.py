"""What was posted where in a chat, and what people did there, each once.

A message is written down before it is posted, and again once the chat has said how it calls it: one
without that name may have arrived, and is looked for before it is posted again. What somebody does
is written down before the chat is told that it has arrived, under the chat's own id for it, so that
a repeat is known as one.
"""

from tools.journal.audit_rows import AuditRows
from tools.journal.database import made
from tools.journal.records import ChatEvent, ChatPost

KEPT_S = 7 * 86_400.0
"""How long what was answered is remembered. Slack repeats an event for an hour at most, and a
signature is good for five minutes."""


class ChatRows(AuditRows):
    """Tables chat_posts, chat_events."""

    # Messages

    def begin_post(self, post: ChatPost) -> None:
        """Record that `post` is about to be made; its `message_id` is "" until it is known."""
        with self.transaction():
            self._execute(
                "INSERT INTO chat_posts VALUES (?, ?, ?, ?, ?, ?, ?)", *post.model_dump().values()
            )

    def note_post(self, service: str, key: str, message_id: str, shown: str) -> None:
        """Record how the chat calls a message, and what it shows now."""
        with self.transaction():
            self._execute(
                "UPDATE chat_posts SET message_id = ?, shown = ? WHERE service = ? AND key = ?",
                message_id,
                shown,
                service,
                key,
            )

    def chat_posts(self, service: str, incident_id: str) -> dict[str, ChatPost]:
        """The messages about an incident, by key."""
        rows = self._rows(
            "SELECT * FROM chat_posts WHERE incident_id = ? AND service = ? ORDER BY rowid",
            incident_id,
            service,
        )
        return {row["key"]: made(ChatPost, row) for row in rows}

    def chat_post(self, service: str, key: str) -> ChatPost | None:
        """The message of that key, None where it was never begun with."""
        rows = self._rows("SELECT * FROM chat_posts WHERE service = ? AND key = ?", service, key)
        return made(ChatPost, rows[0]) if rows else None

    def chat_post_at(self, service: str, place: str, message_id: str) -> ChatPost | None:
        """The message that the chat calls so, None where it is none of ours."""
        rows = self._rows(
            "SELECT * FROM chat_posts WHERE service = ? AND place = ? AND message_id = ? "
            "AND message_id <> ''",
            service,
            place,
            message_id,
        )
        return made(ChatPost, rows[0]) if rows else None

    def has_begun_posts(self, service: str) -> bool:
        """Whether a message is not known to have arrived."""
        begun = "SELECT 1 FROM chat_posts WHERE service = ? AND message_id = '' LIMIT 1"
        return bool(self._rows(begun, service))

    def told_in_chat(self, service: str) -> tuple[str, ...]:
        """The incidents that the chat was told of, in order of id."""
        rows = self._rows(
            "SELECT DISTINCT incident_id FROM chat_posts WHERE service = ? AND incident_id <> '' "
            "ORDER BY incident_id",
            service,
        )
        return tuple(row["incident_id"] for row in rows)

    # What people do

    def receive_chat_event(self, service: str, event_id: str, body: str, wall_s: float) -> bool:
        """Keep what somebody did until it is answered. False: it has been received before."""
        with self.transaction():
            self._execute(
                "DELETE FROM chat_events WHERE answered = 1 AND received_wall_s < ?",
                wall_s - KEPT_S,
            )
            cursor = self._execute(
                "INSERT OR IGNORE INTO chat_events VALUES (?, ?, ?, ?, NULL, 0)",
                service,
                event_id,
                body,
                wall_s,
            )
            return cursor.rowcount == 1

    def unanswered_chat_events(self, service: str) -> tuple[ChatEvent, ...]:
        """What was received and not answered yet, in order of arrival."""
        rows = self._rows(
            "SELECT service, id, body, received_wall_s, begun_seq FROM chat_events "
            "WHERE service = ? AND answered = 0 ORDER BY rowid",
            service,
        )
        return tuple(made(ChatEvent, row) for row in rows)

    def begin_chat_event(self, event: ChatEvent, last_seq: int) -> None:
        """Record that it is being done; `last_seq`: the last event of all timelines before it."""
        with self.transaction():
            self._execute(
                "UPDATE chat_events SET begun_seq = ? "
                "WHERE service = ? AND id = ? AND begun_seq IS NULL",
                last_seq,
                event.service,
                event.id,
            )

    def end_chat_event(self, service: str, event_id: str) -> None:
        """It has been answered."""
        with self.transaction():
            self._execute(
                "UPDATE chat_events SET answered = 1 WHERE service = ? AND id = ?",
                service,
                event_id,
            )
