"""Refreshes of risk registers: which is in work, what minds said in it, and what it changed."""

from tools.journal.audit_rows import AuditRows
from tools.journal.database import read
from tools.journal.errors import UnknownRefresh
from tools.journal.records import RefreshRecord, RoleAnswer
from twin.nouns.risk import RiskChanges


def refresh_subject(network: str) -> str:
    """What a lease on refreshing the register of a network is about."""
    return f"register:{network}"


class RefreshRows(AuditRows):
    """Table refreshes."""

    def begin_refresh(self, record: RefreshRecord) -> RefreshRecord:
        """The refresh in work that was asked for the same; else `record`, which overtakes it."""
        with self.transaction():
            for known in self.refreshes_in_work():
                if known.network != record.network:
                    continue
                if known.asked == record.asked:
                    return known
                self._put_refresh(known.model_copy(update={"ended_s": record.begun_s}))
            self._put_refresh(record)
            return record

    def record_answer(self, refresh_id: str, answer: RoleAnswer) -> RoleAnswer:
        """Keep what came of a role; where it was kept before, that is what came of it."""
        with self.transaction():
            known = self.refresh(refresh_id)
            earlier = known.answer_of(answer.role)
            if earlier is None:
                answers = (*known.answers, answer)
                self._put_refresh(known.model_copy(update={"answers": answers}))
            return earlier or answer

    def end_refresh(self, refresh_id: str, now_s: float) -> None:
        """It has done all that was asked for."""
        with self.transaction():
            known = self.refresh(refresh_id)
            if known.ended_s is None:
                self._put_refresh(known.model_copy(update={"ended_s": now_s}))

    def refresh(self, refresh_id: str) -> RefreshRecord:
        """The refresh of that id. Raises UnknownRefresh."""
        found = self.known_refresh(refresh_id)
        if found is None:
            raise UnknownRefresh(refresh_id, self._ids("refreshes"))
        return found

    def known_refresh(self, refresh_id: str) -> RefreshRecord | None:
        """The refresh of that id, None where there is none."""
        return next(iter(self._refreshes("id = ?", refresh_id)), None)

    def refreshes(self, network: str) -> tuple[RefreshRecord, ...]:
        """Those of `network`, the oldest first."""
        return self._refreshes("network = ?", network)

    def refreshes_in_work(self) -> tuple[RefreshRecord, ...]:
        """Those of any network that have not ended, the oldest first."""
        return self._refreshes("body ->> 'ended_s' IS NULL")

    def next_refresh(self, network: str) -> str:
        """The id of the next refresh of `network`."""
        query = "SELECT count(*) AS n FROM refreshes WHERE network = ?"
        return f"{network}-register-{self._rows(query, network)[0]['n'] + 1:04d}"

    def _refreshes(self, where: str, *values: str) -> tuple[RefreshRecord, ...]:
        """A journal of an earlier version, opened for reading alone, has none."""
        if not self._rows("SELECT 1 FROM sqlite_master WHERE name = 'refreshes'"):
            return ()
        rows = self._rows(f"SELECT body FROM refreshes WHERE {where} ORDER BY rowid", *values)
        return tuple(read(RefreshRecord, row["body"]) for row in rows)

    def _changed_by(self, refresh_id: str) -> RiskChanges | None:
        return self.refresh(refresh_id).changes if refresh_id else None

    def _note_changes(self, refresh_id: str, changes: RiskChanges) -> None:
        if refresh_id:
            known = self.refresh(refresh_id)
            self._put_refresh(known.model_copy(update={"changes": changes}))

    def _put_refresh(self, record: RefreshRecord) -> None:
        self._execute(
            "INSERT INTO refreshes VALUES (?, ?, ?) "
            "ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            record.id,
            record.network,
            record.model_dump_json(),
        )
