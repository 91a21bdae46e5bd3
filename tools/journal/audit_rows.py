"""The audit chain in the journal."""

from pydantic import JsonValue

from tools.journal import audit
from tools.journal.database import Database
from tools.journal.records import AuditLine, AuditReport


class AuditRows(Database):
    """Table audit."""

    def append_audit(
        self,
        time_s: float,
        actor: str,
        action: str,
        subject: str,
        data: dict[str, JsonValue] | None = None,
    ) -> AuditLine:
        """Add a line to the chain, in the transaction of the change that it records."""
        with self.transaction(), self._mapped():
            return audit.append(self._connection, time_s, actor, action, subject, data or {})

    def audit_lines(self, subject: str | None = None) -> tuple[AuditLine, ...]:
        """The whole chain, oldest first; the lines about one subject, where that is given."""
        with self._lock, self._mapped():
            return audit.lines(self._connection, subject)

    def verify_audit(self) -> AuditReport:
        """Recompute the chain."""
        with self._lock, self._mapped():
            return audit.verify(self._connection)
