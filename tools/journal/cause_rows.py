"""Causes that several things of a network may share, as proposed, and what people say of them."""

from collections.abc import Sequence

from pydantic import JsonValue

from tools.journal.audit_rows import AuditRows
from tools.journal.database import read
from tools.journal.errors import UnknownCause
from twin.nouns.common_cause import CauseRecord, CauseState, CommonCause
from twin.nouns.principal import Principal


class CauseRows(AuditRows):
    """Table causes."""

    def propose_causes(
        self, network: str, causes: Sequence[CommonCause], read_by: str, by: Principal, now_s: float
    ) -> tuple[str, ...]:
        """Keep `causes`, which `read_by` found in a text of `by`'s; the ids of those that are new.

        What people have decided stands; a cause that is known gets what else hints at it.
        """
        with self.transaction():
            known = {record.id: record for record in self.cause_records(network)}
            for cause in causes:
                before = known.get(cause.id)
                self._put_cause(
                    CauseRecord(
                        network=network, id=cause.id, cause=cause, read_by=read_by, first_s=now_s
                    )
                    if before is None
                    else before.model_copy(update={"cause": before.cause.hinted(cause.hints)})
                )
            new = tuple(cause.id for cause in causes if cause.id not in known)
            data: dict[str, JsonValue] = {
                "found": [cause.id for cause in causes],
                "new": list(new),
                "read_by": read_by,
                **by.stated,
            }
            self.append_audit(now_s, by.name, "propose_causes", network, data)
            return new

    def decide_cause(
        self,
        network: str,
        cause_id: str,
        state: CauseState,
        by: Principal,
        reason: str,
        now_s: float,
    ) -> CauseRecord:
        """`by` says that the cause is in `state`. Raises UnknownCause."""
        with self.transaction():
            record = self.cause_record(network, cause_id)
            update = {"state": state, "decided_by": by, "reason": reason}
            decided = record.model_copy(update=update)
            self._put_cause(decided)
            data: dict[str, JsonValue] = {"state": state, "reason": reason, **by.stated}
            self.append_audit(now_s, by.name, "decide_cause", f"{network}/{cause_id}", data)
            return decided

    def cause_record(self, network: str, cause_id: str) -> CauseRecord:
        """The cause of that id. Raises UnknownCause."""
        known = {record.id: record for record in self.cause_records(network)}
        if cause_id not in known:
            raise UnknownCause(cause_id, known)
        return known[cause_id]

    def cause_records(self, network: str) -> tuple[CauseRecord, ...]:
        """All that were ever proposed, in the order of that.

        A journal of an earlier version, opened for reading alone, has none.
        """
        if not self._rows("SELECT 1 FROM sqlite_master WHERE name = 'causes'"):
            return ()
        rows = self._rows("SELECT body FROM causes WHERE network = ? ORDER BY rowid", network)
        return tuple(read(CauseRecord, row["body"]) for row in rows)

    def _put_cause(self, record: CauseRecord) -> None:
        self._execute(
            "INSERT INTO causes VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
            record.network,
            record.id,
            record.model_dump_json(),
        )
