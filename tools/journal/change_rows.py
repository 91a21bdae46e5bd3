"""Changes in the journal: what is meant for a device, what came of it, and who works on it."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from pydantic import JsonValue

from tools.journal.audit_rows import AuditRows
from tools.journal.database import made, read
from tools.journal.errors import AlreadyRecorded, DeviceBusy, JournalFailed
from tools.journal.records import Change, ChangeState, Claim, DeviceCall, Quarantine
from twin.nouns.configuration import DeviceConfiguration
from twin.nouns.principal import Principal

_CHANGE_COLUMNS = (
    "action_id, node, change_id, plan_id, incident_id, network, position, state, calling, diff, "
    "before, candidate, detail, return_at_s, updated_s, device_diff"
)


class ChangeRows(AuditRows):
    """Tables changes, quarantine, device_claims."""

    def intend_changes(self, changes: Sequence[Change]) -> None:
        """Record what is about to be done to devices, before it is.

        Raises:
            AlreadyRecorded: an action id was used for that device before.
        """
        with self.transaction():
            for change in changes:
                values = change.model_dump(mode="json")
                values["before"] = change.before.model_dump_json()
                values["candidate"] = change.candidate.model_dump_json()
                try:
                    self._connection.execute(
                        f"INSERT INTO changes ({_CHANGE_COLUMNS}) "
                        f"VALUES ({', '.join(f':{c}' for c in _CHANGE_COLUMNS.split(', '))})",
                        values,
                    )
                except sqlite3.IntegrityError as error:
                    raise AlreadyRecorded(
                        f'action "{change.action_id}" was already tried on "{change.node}"; '
                        "a new attempt is a new plan with a new approval"
                    ) from error
                except sqlite3.Error as error:
                    raise self._failed(error) from error

    def calling(self, change_id: str, call: DeviceCall, time_s: float) -> None:
        """Record that a call to the device is about to be made."""
        with self.transaction():
            self._execute(
                "UPDATE changes SET calling = ?, updated_s = ? WHERE change_id = ?",
                call,
                time_s,
                change_id,
            )

    def set_change(
        self,
        change_id: str,
        state: ChangeState,
        detail: str,
        time_s: float,
        return_at_s: float | None = None,
    ) -> None:
        """Record where a change stands, and that no call to the device is under way.

        `return_at_s`: when the device goes back by itself, for one that is committed.
        """
        with self.transaction():
            self._execute(
                "UPDATE changes SET state = ?, detail = ?, calling = '', updated_s = ?, "
                "return_at_s = ? WHERE change_id = ?",
                state,
                detail,
                time_s,
                return_at_s,
                change_id,
            )

    def set_device_diff(self, change_id: str, text: str) -> None:
        """Keep what the device itself says that a change would do to it."""
        with self.transaction():
            self._execute("UPDATE changes SET device_diff = ? WHERE change_id = ?", text, change_id)

    def changes(
        self, *, plan_id: str | None = None, incident_id: str | None = None
    ) -> tuple[Change, ...]:
        """Changes in order of plan and commit; of one plan, or one incident, where given."""
        # Not by name: a journal of an earlier version that is only read lacks the newest column.
        given = {"plan_id": plan_id, "incident_id": incident_id}
        where = {name: value for name, value in given.items() if value is not None}
        asked = " AND ".join(f"{name} = ?" for name in where) or "1"
        rows = self._rows(f"SELECT * FROM changes WHERE {asked} ORDER BY rowid", *where.values())
        return tuple(_change(row) for row in rows)

    def last_written_s(self, network: str) -> float | None:
        """The latest time in the timelines and changes of `network`, None if there are none.

        Of this network alone, since each may have a clock of its own.
        """
        rows = self._rows(
            "SELECT max(time_s) AS time_s FROM ("
            "SELECT max(time_s) AS time_s FROM timeline WHERE incident_id IN "
            "(SELECT id FROM incidents WHERE network = ?) "
            "UNION ALL SELECT max(updated_s) FROM changes WHERE network = ?)",
            network,
            network,
        )
        found: float | None = rows[0]["time_s"]
        return found

    # Devices

    def claim_devices(self, claims: Sequence[Claim]) -> None:
        """Keep other plans away from devices while this one works on them; all of them or none.

        Raises:
            DeviceBusy: another plan works on one of them.
        """
        with self.transaction():
            for claim in claims:
                taken = self._claim(claim.network, claim.node)
                if taken is None:
                    values = claim.model_dump()
                    self._execute(
                        "INSERT INTO device_claims VALUES (?, ?, ?, ?, ?)", *values.values()
                    )
                elif taken.plan_id != claim.plan_id:
                    raise DeviceBusy(claim.plan_id, taken.node, taken.plan_id)

    def release_devices(self, plan_id: str) -> None:
        """Let other plans work on this one's devices."""
        with self.transaction():
            self._execute("DELETE FROM device_claims WHERE plan_id = ?", plan_id)

    def claims(self, network: str) -> tuple[Claim, ...]:
        """The devices of `network` that plans work on now."""
        rows = self._rows(
            "SELECT * FROM device_claims WHERE network = ? ORDER BY since_s, node", network
        )
        return tuple(made(Claim, row) for row in rows)

    def _claim(self, network: str, node: str) -> Claim | None:
        return next((c for c in self.claims(network) if c.node == node), None)

    def quarantine(self, entry: Quarantine) -> None:
        """Keep every plan away from a device; the first reason stands."""
        values = (entry.network, entry.node, entry.since_s, entry.reason)
        with self.transaction():
            self._execute("INSERT OR IGNORE INTO quarantine VALUES (?, ?, ?, ?)", *values)

    def quarantined(self, network: str) -> tuple[Quarantine, ...]:
        """The devices of `network` that are in quarantine."""
        rows = self._rows("SELECT * FROM quarantine WHERE network = ? ORDER BY since_s", network)
        return tuple(made(Quarantine, row) for row in rows)

    def lift_quarantine(
        self, network: str, node: str, by: Principal, time_s: float, reason: str = ""
    ) -> bool:
        """A person vouches for the device. False if it was not in quarantine."""
        with self.transaction():
            cursor = self._execute(
                "DELETE FROM quarantine WHERE network = ? AND node = ?", network, node
            )
            if cursor.rowcount:
                subject = f"{network}/{node}"
                data: dict[str, JsonValue] = {"reason": reason, **by.stated}
                self.append_audit(time_s, by.name, "lift_quarantine", subject, data)
            return cursor.rowcount == 1


def _change(row: dict[str, Any]) -> Change:
    before, candidate = (read(DeviceConfiguration, row[name]) for name in ("before", "candidate"))
    try:
        state = ChangeState(row["state"])
        return Change(**{**row, "state": state, "before": before, "candidate": candidate})
    except ValueError as error:
        raise JournalFailed(
            f'the journal holds a damaged change of "{row["node"]}": {error}; put the file aside '
            "and take the last good copy"
        ) from error
