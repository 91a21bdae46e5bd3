"""The audit chain in the journal."""

from collections.abc import Collection, Iterator

from pydantic import JsonValue

from tools.journal import audit
from tools.journal.database import Database
from tools.journal.records import AuditCheck, AuditHead, AuditLine, AuditReport


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
            self._audit_grew = True
            return audit.append(self._connection, time_s, actor, action, subject, data or {})

    def audit_lines(self, subject: str | None = None) -> tuple[AuditLine, ...]:
        """The whole chain, oldest first; the lines about one subject, where that is given."""
        with self._lock, self._mapped():
            return audit.lines(self._connection, subject)

    def audit_rows(self, since_seq: int | None = None) -> Iterator[audit.Row]:
        """The lines as they are stored, oldest first, from number `since_seq` on."""
        after = None if since_seq is None else since_seq - 1
        while batch := self._audit_batch(after):
            yield from batch
            after = batch[-1].seq

    def _audit_batch(self, after_seq: int | None) -> list[audit.Row]:
        with self._lock, self._mapped():
            return audit.batch(self._connection, after_seq)

    def audit_head(self) -> AuditHead | None:
        """Where the chain ends; None inside a transaction, whose lines may yet be taken back."""
        with self._lock, self._mapped():
            return None if self._connection.in_transaction else audit.head(self._connection)

    def verify_audit(self) -> AuditReport:
        """Recompute the chain."""
        return self.check_audit(()).report

    def check_audit(self, seeking: Collection[str]) -> AuditCheck:
        """Recompute the chain, and find the lines that have the hashes sought."""
        return audit.verify(self.audit_rows(), frozenset(seeking))
