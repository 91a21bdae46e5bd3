"""Announced work: what people have announced and cancelled, and what the watch foretells of it."""

from collections.abc import Sequence
from typing import Any

from pydantic import JsonValue

from tools.journal.audit_rows import AuditRows
from tools.journal.database import read
from tools.journal.errors import AlreadyRecorded
from tools.journal.records import WorkRecord
from twin.nouns.foretold import Foretold
from twin.nouns.planned_work import PlannedWork
from twin.nouns.principal import Principal


class WorkRows(AuditRows):
    """Tables work, foretold."""

    def announce_work(
        self, network: str, work: PlannedWork, by: Principal, reason: str, now_s: float
    ) -> None:
        """Announce `work`, from the next step of a watch on.

        Raises:
            AlreadyRecorded: work of that id was announced on the network before.
        """
        with self.transaction():
            if any(known.work.id == work.id for known in self.work_records(network)):
                raise AlreadyRecorded(
                    f'work "{work.id}" was announced on {network} before; give another id'
                )
            self._put_work(
                WorkRecord(network=network, work=work, added_s=now_s, added_by=by, reason=reason)
            )
            self._audit_work(network, work, by, "announce_work", reason, now_s)

    def cancel_work(
        self, network: str, work: PlannedWork, by: Principal, reason: str, now_s: float
    ) -> None:
        """From now on `work` explains nothing; work of the network's own record included."""
        with self.transaction():
            known = next((r for r in self.work_records(network) if r.work.id == work.id), None)
            record = known or WorkRecord(
                network=network, work=work, added_s=now_s, added_by=by, reason=reason
            )
            self._put_work(record.model_copy(update={"cancelled_s": now_s, "cancelled_by": by}))
            self._audit_work(network, work, by, "cancel_work", reason, now_s)

    def work_records(self, network: str) -> tuple[WorkRecord, ...]:
        """What people have announced or cancelled on `network`, in order of adding.

        A journal of an earlier version, opened for reading alone, has none.
        """
        if not self._has_table("work"):
            return ()
        rows = self._rows("SELECT * FROM work WHERE network = ? ORDER BY rowid", network)
        return tuple(_record(row) for row in rows)

    def planned_work(
        self, network: str, on_record: Sequence[PlannedWork]
    ) -> tuple[PlannedWork, ...]:
        """All work that stands announced: of the network's own record, and of people."""
        records = {r.work.id: r for r in self.work_records(network)}
        kept = [w for w in on_record if w.id not in records]
        return (*kept, *(r.work for r in records.values() if r.cancelled_s is None))

    def put_foretold(self, network: str, foretold: Sequence[Foretold]) -> None:
        """Keep what announced work would do, in place of what was kept."""
        with self.transaction():
            self._execute("DELETE FROM foretold WHERE network = ?", network)
            for one in foretold:
                body = one.model_dump_json()
                self._execute("INSERT INTO foretold VALUES (?, ?, ?)", network, one.work.id, body)

    def foretold(self, network: str) -> tuple[Foretold, ...]:
        """What announced work would do, as the watch worked it out last; in order of beginning."""
        if not self._has_table("foretold"):
            return ()
        rows = self._rows("SELECT body FROM foretold WHERE network = ?", network)
        found = (read(Foretold, row["body"]) for row in rows)
        return tuple(sorted(found, key=lambda f: (f.work.starts_s, f.work.id)))

    def _has_table(self, name: str) -> bool:
        return bool(self._rows("SELECT 1 FROM sqlite_master WHERE name = ?", name))

    def _put_work(self, record: WorkRecord) -> None:
        self._execute(
            "INSERT INTO work VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "cancelled_s = excluded.cancelled_s, cancelled_by = excluded.cancelled_by",
            record.network,
            record.work.id,
            record.work.model_dump_json(),
            record.added_s,
            record.added_by.model_dump_json(),
            record.reason,
            record.cancelled_s,
            "" if record.cancelled_by is None else record.cancelled_by.model_dump_json(),
        )

    def _audit_work(
        self,
        network: str,
        work: PlannedWork,
        by: Principal,
        action: str,
        reason: str,
        now_s: float,
    ) -> None:
        data: dict[str, JsonValue] = {
            "links": list(work.links),
            "starts_s": work.starts_s,
            "ends_s": work.ends_s,
            "reason": reason,
            **by.stated,
        }
        self.append_audit(now_s, by.name, action, f"{network}/{work.id}", data)


def _record(row: dict[str, Any]) -> WorkRecord:
    by = row["cancelled_by"]
    return WorkRecord(
        network=row["network"],
        work=read(PlannedWork, row["body"]),
        added_s=row["added_s"],
        added_by=read(Principal, row["added_by"]),
        reason=row["reason"],
        cancelled_s=row["cancelled_s"],
        cancelled_by=read(Principal, by) if by else None,
    )
