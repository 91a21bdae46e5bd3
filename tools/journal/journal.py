"""The journal: what happened and what is meant to happen, in one SQLite file.

A LangGraph checkpoint records that a step ended; the journal records that a device changed. It is
written with `synchronous=FULL`, so that what a method has returned from survives a power cut.
"""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import BaseModel, JsonValue, TypeAdapter

from tools.journal import audit
from tools.journal.errors import (
    AlreadyRecorded,
    JournalFailed,
    NotAJournal,
    UnknownIncident,
    UnknownPlan,
)
from tools.journal.records import (
    Answer,
    ApprovalRequest,
    AuditLine,
    AuditReport,
    Change,
    ChangeState,
    Charge,
    DeviceCall,
    DispatchRecord,
    IncidentRecord,
    Quarantine,
    RequestState,
    RoleRunRecord,
    TimelineEvent,
)
from twin.errors import Refused
from twin.nouns.configuration import DeviceConfiguration
from twin.nouns.incident import Incident, Phase
from twin.nouns.plan import Approval, Dispatch, Plan

SCHEMA_VERSION = 1
APPLICATION_ID = 0x4E4F4354
"""`NOCT`, in SQLite's header: tells a journal from any other SQLite file."""

BUSY_TIMEOUT_S = 10.0
"""How long a transaction waits for another process's; ours are milliseconds long."""

_CHANGE_COLUMNS = (
    "action_id, node, change_id, plan_id, incident_id, network, position, state, calling, diff, "
    "before, candidate, detail, updated_s"
)

T = TypeVar("T")


class Journal:
    """One connection per process, shared by its threads; every method is one transaction.

    Inside `with journal.transaction():` all methods join that one transaction. Every method may
    raise JournalFailed, and then nothing of its transaction stands.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._lock = threading.RLock()
        self.path = path

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the journal at `path`; a missing file and its folder are made.

        Raises:
            NotAJournal: the file is something else, or a journal of another version.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise JournalFailed(f"{path}: cannot be opened ({error})") from error
        try:
            _prepare(connection, path)
        except sqlite3.DatabaseError as error:
            connection.close()
            raise _opening_error(path, error) from error
        except NotAJournal:
            connection.close()
            raise
        return cls(connection, path)

    def close(self) -> None:
        """Close the connection; the journal is not used afterwards."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; a transaction that is opened inside another one joins it."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._execute("BEGIN IMMEDIATE")
            try:
                yield
                self._execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.rollback()
                raise

    # Incidents

    def open_incident(self, incident: Incident, opened_s: float, trace_id: str) -> IncidentRecord:
        """Record a new incident in phase DETECTED; the same one again is the one that is there."""
        with self.transaction():
            self._execute(
                "INSERT OR IGNORE INTO incidents VALUES (?, ?, ?, ?, ?, ?)",
                incident.id,
                incident.network,
                Phase.DETECTED,
                opened_s,
                trace_id,
                incident.model_dump_json(),
            )
            return self.incident(incident.id)

    def update_incident(self, incident: Incident) -> None:
        """Replace the content of a known incident (symptoms fold in, severity changes)."""
        self._change_incident(incident.id, "incident", incident.model_dump_json())

    def set_phase(self, incident_id: str, phase: Phase) -> None:
        """Record where the incident stands."""
        self._change_incident(incident_id, "phase", phase)

    def incident(self, incident_id: str) -> IncidentRecord:
        """The incident of that id. Raises UnknownIncident, which names near matches."""
        rows = self._rows("SELECT * FROM incidents WHERE id = ?", incident_id)
        if not rows:
            raise UnknownIncident(incident_id, self._ids("incidents"))
        return _incident(rows[0])

    def incidents(
        self, *, network: str | None = None, phases: Iterable[Phase] | None = None
    ) -> tuple[IncidentRecord, ...]:
        """Incidents, oldest first; those of one network, or in `phases`, where that is given."""
        found = [_incident(r) for r in self._rows("SELECT * FROM incidents ORDER BY opened_s, id")]
        wanted = None if phases is None else frozenset(phases)
        return tuple(
            record
            for record in found
            if (network is None or record.incident.network == network)
            and (wanted is None or record.phase in wanted)
        )

    def _change_incident(self, incident_id: str, column: str, value: str) -> None:
        with self.transaction():
            self.incident(incident_id)
            self._execute(f"UPDATE incidents SET {column} = ? WHERE id = ?", value, incident_id)

    # Timeline

    def add_event(
        self,
        incident_id: str,
        time_s: float,
        kind: str,
        actor: str,
        text: str,
        data: dict[str, JsonValue] | None = None,
    ) -> TimelineEvent:
        """Append a line to the incident's timeline."""
        with self.transaction():
            self.incident(incident_id)
            cursor = self._execute(
                "INSERT INTO timeline (incident_id, time_s, kind, actor, text, data) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                incident_id,
                time_s,
                kind,
                actor,
                text,
                _text(data or {}),
            )
            return TimelineEvent(
                seq=cursor.lastrowid or 0,
                incident_id=incident_id,
                time_s=time_s,
                kind=kind,
                actor=actor,
                text=text,
                data=data or {},
            )

    def timeline(self, incident_id: str, after_seq: int = 0) -> tuple[TimelineEvent, ...]:
        """Events of the incident that were written after `after_seq`, in order of writing."""
        self.incident(incident_id)
        rows = self._rows(
            "SELECT * FROM timeline WHERE incident_id = ? AND seq > ? ORDER BY seq",
            incident_id,
            after_seq,
        )
        return tuple(TimelineEvent(**{**row, "data": json.loads(row["data"])}) for row in rows)

    # Plans and approvals

    def record_plan(self, plan: Plan) -> None:
        """Record `plan` under its id, once; the same plan again is no change.

        Raises:
            AlreadyRecorded: the id stands for a plan of other content.
        """
        with self.transaction():
            self.incident(plan.incident_id)
            rows = self._rows("SELECT hash FROM plans WHERE id = ?", plan.id)
            if rows and rows[0]["hash"] != plan.hash:
                raise AlreadyRecorded(
                    f'plan "{plan.id}" is recorded with other content; a changed plan is a new '
                    "attempt and needs a new id"
                )
            if not rows:
                values = (plan.id, plan.incident_id, plan.hash, plan.model_dump_json())
                self._execute("INSERT INTO plans VALUES (?, ?, ?, ?)", *values)

    def plan(self, plan_id: str) -> Plan:
        """The plan of that id. Raises UnknownPlan."""
        rows = self._rows("SELECT plan FROM plans WHERE id = ?", plan_id)
        if not rows:
            raise UnknownPlan(plan_id, self._ids("plans"))
        return Plan.model_validate_json(rows[0]["plan"])

    def plans(self, incident_id: str) -> tuple[Plan, ...]:
        """The incident's plans, in order of recording."""
        self.incident(incident_id)
        rows = self._rows(
            "SELECT plan FROM plans WHERE incident_id = ? ORDER BY rowid", incident_id
        )
        return tuple(Plan.model_validate_json(row["plan"]) for row in rows)

    def request_approval(self, plan: Plan, requested_s: float, expires_s: float) -> ApprovalRequest:
        """Ask for an answer to `plan`, and record the plan; asking again changes nothing."""
        with self.transaction():
            self.record_plan(plan)
            self._execute(
                "INSERT OR IGNORE INTO approval_requests VALUES (?, ?, ?, ?, ?)",
                plan.id,
                plan.incident_id,
                plan.hash,
                requested_s,
                expires_s,
            )
            return self.approval_request(plan.id, requested_s)

    def approval_request(self, plan_id: str, now_s: float) -> ApprovalRequest:
        """The request about a plan, as it stands at `now_s`. Raises UnknownPlan if nobody asked."""
        rows = self._rows(f"{_REQUESTS} WHERE r.plan_id = ?", plan_id)
        if not rows:
            raise UnknownPlan(plan_id, self._ids("approval_requests", "plan_id"))
        return _request(rows[0], now_s)

    def approval_requests(
        self, now_s: float, *, incident_id: str | None = None, state: RequestState | None = None
    ) -> tuple[ApprovalRequest, ...]:
        """Requests, oldest first; those of one incident, or in one state, where that is given."""
        rows = self._rows(f"{_REQUESTS} ORDER BY r.requested_s, r.plan_id")
        found = [_request(row, now_s) for row in rows]
        return tuple(
            request
            for request in found
            if (incident_id is None or request.incident_id == incident_id)
            and (state is None or request.state == state)
        )

    def answer(self, approval: Approval) -> Answer:
        """Answer a request. The first answer holds; a later one is told which that is.

        Raises:
            UnknownPlan: nobody asked about that plan.
            Refused: `approval_expired`, the answer came too late; it is not recorded.
        """
        with self.transaction():
            request = self.approval_request(approval.plan_id, approval.decided_s)
            late = request.state == "expired"
            if not late:
                self._execute(
                    "INSERT OR IGNORE INTO approvals (plan_id, approval) VALUES (?, ?)",
                    approval.plan_id,
                    approval.model_dump_json(),
                )
                request = self.approval_request(approval.plan_id, approval.decided_s)
            standing = request.approval
            won = standing == approval
            action = "answer_too_late" if late else "answer" if won else "answer_second"
            self.append_audit(
                approval.decided_s,
                approval.by,
                action,
                approval.plan_id,
                approval.model_dump(mode="json"),
            )
        if standing is None:
            raise Refused(
                f'plan "{approval.plan_id}": the answer came '
                f"{approval.decided_s - request.expires_s:.0f} s after the request expired; "
                "a new plan has to be made for the state as it is now",
                rule="approval_expired",
            )
        return Answer(won=won, standing=standing)

    def use_approval(self, plan_id: str, used_s: float) -> bool:
        """Use a plan's approval up. False if it was used before, or if there is none."""
        with self.transaction():
            cursor = self._execute(
                "UPDATE approvals SET used_s = ? WHERE plan_id = ? AND used_s IS NULL",
                used_s,
                plan_id,
            )
            return cursor.rowcount == 1

    # Changes

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

    def set_change(self, change_id: str, state: ChangeState, detail: str, time_s: float) -> None:
        """Record where a change stands, and that no call to the device is under way."""
        with self.transaction():
            self._execute(
                "UPDATE changes SET state = ?, detail = ?, calling = '', updated_s = ? "
                "WHERE change_id = ?",
                state,
                detail,
                time_s,
                change_id,
            )

    def changes(
        self, *, plan_id: str | None = None, incident_id: str | None = None
    ) -> tuple[Change, ...]:
        """Changes in order of plan and commit; of one plan, or one incident, where given."""
        rows = self._rows(f"SELECT {_CHANGE_COLUMNS} FROM changes ORDER BY rowid")
        found = [_change(row) for row in rows]
        return tuple(
            change
            for change in found
            if (plan_id is None or change.plan_id == plan_id)
            and (incident_id is None or change.incident_id == incident_id)
        )

    def quarantine(self, entry: Quarantine) -> None:
        """Keep every plan away from a device; the first reason stands."""
        values = (entry.network, entry.node, entry.since_s, entry.reason)
        with self.transaction():
            self._execute("INSERT OR IGNORE INTO quarantine VALUES (?, ?, ?, ?)", *values)

    def quarantined(self, network: str) -> tuple[Quarantine, ...]:
        """The devices of `network` that are in quarantine."""
        rows = self._rows("SELECT * FROM quarantine WHERE network = ? ORDER BY since_s", network)
        return tuple(Quarantine(**row) for row in rows)

    def lift_quarantine(self, network: str, node: str, by: str, time_s: float) -> bool:
        """A person vouches for the device. False if it was not in quarantine."""
        with self.transaction():
            cursor = self._execute(
                "DELETE FROM quarantine WHERE network = ? AND node = ?", network, node
            )
            if cursor.rowcount:
                self.append_audit(time_s, by, "lift_quarantine", f"{network}/{node}", {})
            return cursor.rowcount == 1

    # Dispatches, role runs, charges, artefacts

    def record_dispatch(self, dispatch: Dispatch, state: str, time_s: float) -> None:
        """Record an order to the field, or its new state."""
        with self.transaction():
            self.incident(dispatch.incident_id)
            self._execute(
                "INSERT INTO dispatches VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET state = excluded.state, "
                "updated_s = excluded.updated_s",
                dispatch.id,
                dispatch.incident_id,
                dispatch.model_dump_json(),
                state,
                time_s,
            )

    def dispatches(self, incident_id: str) -> tuple[DispatchRecord, ...]:
        """The incident's orders to the field, in order of recording."""
        self.incident(incident_id)
        rows = self._rows(
            "SELECT dispatch, state, updated_s FROM dispatches WHERE incident_id = ? "
            "ORDER BY rowid",
            incident_id,
        )
        return tuple(
            DispatchRecord(**{**row, "dispatch": Dispatch.model_validate_json(row["dispatch"])})
            for row in rows
        )

    def record_role_run(self, run: RoleRunRecord) -> None:
        """Record that a run of a role has ended."""
        with self.transaction():
            self.incident(run.incident_id)
            self._execute(
                "INSERT INTO role_runs (incident_id, role, started_s, ended_s, finished_by, data) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                run.incident_id,
                run.role,
                run.started_s,
                run.ended_s,
                run.finished_by,
                _text(run.data),
            )

    def role_runs(self, incident_id: str) -> tuple[RoleRunRecord, ...]:
        """The incident's role runs, in order of recording."""
        self.incident(incident_id)
        rows = self._rows(
            "SELECT incident_id, role, started_s, ended_s, finished_by, data FROM role_runs "
            "WHERE incident_id = ? ORDER BY seq",
            incident_id,
        )
        return tuple(RoleRunRecord(**{**row, "data": json.loads(row["data"])}) for row in rows)

    def charge(self, incident_id: str, charge: Charge) -> Charge:
        """Add to what the incident has used up, and return the sum."""
        with self.transaction():
            self.incident(incident_id)
            self._execute(
                "INSERT INTO charges VALUES (?, ?, ?, ?, ?) ON CONFLICT (incident_id) DO UPDATE "
                "SET steps = steps + excluded.steps, calls = calls + excluded.calls, "
                "tokens = tokens + excluded.tokens, seconds = seconds + excluded.seconds",
                incident_id,
                charge.steps,
                charge.calls,
                charge.tokens,
                charge.seconds,
            )
            return self.charged(incident_id)

    def charged(self, incident_id: str) -> Charge:
        """What the incident has used up, over all restarts."""
        self.incident(incident_id)
        rows = self._rows(
            "SELECT steps, calls, tokens, seconds FROM charges WHERE incident_id = ?", incident_id
        )
        return Charge(**rows[0]) if rows else Charge()

    def put_artefact(
        self, incident_id: str, name: str, value: BaseModel | Sequence[JsonValue] | JsonValue
    ) -> None:
        """Keep a named result of the incident (diagnosis, scenarios, ...), in place of the last."""
        data = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
        with self.transaction():
            self.incident(incident_id)
            self._execute(
                "INSERT INTO artefacts VALUES (?, ?, ?) "
                "ON CONFLICT (incident_id, name) DO UPDATE SET data = excluded.data",
                incident_id,
                name,
                _text(data),
            )

    def artefacts(self, incident_id: str) -> dict[str, JsonValue]:
        """Every result that was kept for the incident, by name."""
        self.incident(incident_id)
        rows = self._rows(
            "SELECT name, data FROM artefacts WHERE incident_id = ? ORDER BY name", incident_id
        )
        return {row["name"]: json.loads(row["data"]) for row in rows}

    def artefact(self, incident_id: str, name: str, kind: type[T]) -> T | None:
        """One result as a value of `kind`, None where none was kept."""
        found = self.artefacts(incident_id)
        if name not in found:
            return None
        return TypeAdapter(kind).validate_json(json.dumps(found[name]))

    # Audit

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

    def audit_lines(self) -> tuple[AuditLine, ...]:
        """The whole chain, oldest first."""
        with self._lock, self._mapped():
            return audit.lines(self._connection)

    def verify_audit(self) -> AuditReport:
        """Recompute the chain."""
        with self._lock, self._mapped():
            return audit.verify(self._connection)

    # SQLite

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def _failed(self, error: sqlite3.Error) -> JournalFailed:
        return JournalFailed(
            f"{self.path}: {error}; nothing of this step was recorded "
            "(check free space, permissions and other processes)"
        )

    def _execute(self, sql: str, *values: object) -> sqlite3.Cursor:
        with self._mapped():
            return self._connection.execute(sql, values)

    def _rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        with self._lock, self._mapped():
            cursor = self._connection.execute(sql, values)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]

    def _ids(self, table: str, column: str = "id") -> list[str]:
        return [row["id"] for row in self._rows(f"SELECT {column} AS id FROM {table}")]


_REQUESTS = (
    "SELECT r.*, a.approval, a.used_s FROM approval_requests r "
    "LEFT JOIN approvals a ON a.plan_id = r.plan_id"
)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    used = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if used and (application, version) != (APPLICATION_ID, SCHEMA_VERSION):
        raise NotAJournal(
            f"{path}: is a database, but not a journal of version {SCHEMA_VERSION} "
            f"(found application {application:#x}, version {version}); name another file"
        )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    if not used:
        schema = resources.files("tools.journal").joinpath("schema.sql").read_text("utf-8")
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{schema}\nPRAGMA application_id = {APPLICATION_ID};\n"
            f"PRAGMA user_version = {SCHEMA_VERSION};\nCOMMIT;"
        )


def _opening_error(path: Path, error: sqlite3.DatabaseError) -> NotAJournal | JournalFailed:
    if isinstance(error, sqlite3.OperationalError):
        return JournalFailed(f"{path}: cannot be opened ({error})")
    return NotAJournal(f"{path}: is not a journal or is damaged ({error}); name another file")


def _text(data: Sequence[JsonValue] | JsonValue) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _incident(row: dict[str, Any]) -> IncidentRecord:
    return IncidentRecord(
        incident=Incident.model_validate_json(row["incident"]),
        phase=Phase(row["phase"]),
        opened_s=row["opened_s"],
        trace_id=row["trace_id"],
    )


def _request(row: dict[str, Any], now_s: float) -> ApprovalRequest:
    approval = Approval.model_validate_json(row["approval"]) if row["approval"] else None
    return ApprovalRequest(
        **{**row, "approval": approval},
        state=_request_state(approval, row["used_s"], row["expires_s"], now_s),
    )


def _request_state(
    approval: Approval | None, used_s: float | None, expires_s: float, now_s: float
) -> RequestState:
    if approval is None:
        return "expired" if now_s > expires_s else "waiting"
    if used_s is not None:
        return "used"
    return "approved" if approval.decision == "approve" else "rejected"


def _change(row: dict[str, Any]) -> Change:
    return Change(
        **{
            **row,
            "state": ChangeState(row["state"]),
            "before": DeviceConfiguration.model_validate_json(row["before"]),
            "candidate": DeviceConfiguration.model_validate_json(row["candidate"]),
        }
    )
