"""Incidents in the journal: where each stands, its timeline, and what its roles made of it."""

import json
import time
from collections.abc import Callable, Iterable, Sequence, Set
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, JsonValue, TypeAdapter

from tools.journal.database import json_text, made, read, readable
from tools.journal.errors import UnknownIncident
from tools.journal.outbox_rows import OutboxRows
from tools.journal.records import (
    DispatchRecord,
    IncidentRecord,
    RoleRunRecord,
    TimelineEvent,
)
from twin.nouns.incident import TERMINAL_PHASES, Incident, Phase
from twin.nouns.plan import Dispatch
from twin.nouns.principal import Principal

T = TypeVar("T")


class Unsettled(NamedTuple):
    """`records`: the incidents that are not settled, oldest first; `settled`: the ids of others."""

    records: tuple[IncidentRecord, ...]
    settled: Set[str]


class _Ended(NamedTuple):
    """The ids of incidents that have ended, as of an event: `settled` ones, and `others`."""

    event_seq: int
    settled: frozenset[str]
    others: frozenset[str]


class IncidentRows(OutboxRows):
    """Tables incidents, timeline, dispatches, role_runs, artefacts."""

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

    def _require_incident(self, incident_id: str) -> None:
        """Raises UnknownIncident if there is none of that id."""
        if not self._rows("SELECT 1 FROM incidents WHERE id = ?", incident_id):
            raise UnknownIncident(incident_id, self._ids("incidents"))

    def latest_incidents(self, network: str, count: int) -> tuple[str, ...]:
        """The ids of the `count` incidents of `network` that were opened last, oldest first."""
        rows = self._rows(
            "SELECT id FROM incidents WHERE network = ? ORDER BY opened_s DESC, id DESC LIMIT ?",
            network,
            count,
        )
        return tuple(row["id"] for row in reversed(rows))

    def incidents(
        self, *, network: str | None = None, phases: Iterable[Phase] | None = None
    ) -> tuple[IncidentRecord, ...]:
        """Incidents, oldest first; those of one network, or in `phases`, where that is given."""
        wanted = Phase if phases is None else phases
        return tuple(_incident(row) for row in self._of_phases("*", network, wanted))

    def _of_phases(
        self, columns: str, network: str | None, phases: Iterable[Phase]
    ) -> list[dict[str, Any]]:
        wanted = list(phases)
        of_network = "" if network is None else "network = ? AND "
        return self._rows(
            f"SELECT {columns} FROM incidents WHERE {of_network}"
            f"phase IN ({', '.join('?' * len(wanted))}) ORDER BY opened_s, id",
            *(() if network is None else (network,)),
            *wanted,
        )

    def unsettled(self, network: str, is_settled: Callable[[IncidentRecord], bool]) -> Unsettled:
        """The incidents of `network` but for those that have ended and are settled.

        What is settled is not read again until something is told of it, so that years of incidents
        cost a step of the watch nothing. `is_settled` goes by phase and timeline alone, and is the
        same rule at every call.
        """
        with self._lock:
            known = self._ended_of.get(network, _Ended(0, frozenset(), frozenset()))
            last_seq = self.last_event_seq()
            settled, others = known.settled, known.others
            if last_seq != known.event_seq or self._count_ended(network) != len(settled | others):
                if settled:
                    since = "SELECT incident_id FROM timeline WHERE seq > ?"
                    settled -= {row["incident_id"] for row in self._rows(since, known.event_seq)}
                ended = self._of_phases("id", network, TERMINAL_PHASES)
                others = frozenset(row["id"] for row in ended) - settled
                settled |= {i for i in others if is_settled(self.incident(i))}
                others -= settled
                if not self._connection.in_transaction:  # It may be taken back, with its events.
                    self._ended_of[network] = _Ended(last_seq, settled, others)
            records = [self.incident(incident_id) for incident_id in others]
            records += self.incidents(network=network, phases=set(Phase) - TERMINAL_PHASES)
            by_age = sorted(records, key=lambda r: (r.opened_s, r.incident.id))
            return Unsettled(tuple(by_age), settled)

    def _count_ended(self, network: str) -> int:
        marks = ", ".join("?" * len(TERMINAL_PHASES))
        query = f"SELECT count(*) AS n FROM incidents WHERE network = ? AND phase IN ({marks})"
        return int(self._rows(query, network, *TERMINAL_PHASES)[0]["n"])

    @cached_property
    def _ended_of(self) -> dict[str, _Ended]:
        """By network."""
        return {}

    def incident_count(self, network: str) -> int:
        """How many incidents `network` has had."""
        rows = self._rows("SELECT count(*) AS n FROM incidents WHERE network = ?", network)
        return int(rows[0]["n"])

    def _change_incident(self, incident_id: str, column: str, value: str) -> None:
        with self.transaction():
            self._require_incident(incident_id)
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
        """Append a line to the incident's timeline, and the notice about it to the outbox."""
        with self.transaction():
            record = self.incident(incident_id)
            cursor = self._execute(
                "INSERT INTO timeline (incident_id, time_s, kind, actor, text, data) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                incident_id,
                time_s,
                kind,
                actor,
                text,
                json_text(data or {}),
            )
            event = TimelineEvent(
                seq=cursor.lastrowid or 0,
                incident_id=incident_id,
                time_s=time_s,
                kind=kind,
                actor=actor,
                text=text,
                data=data or {},
            )
            self.put_notice(event, record, time.time())
            return event

    def timeline(self, incident_id: str, after_seq: int = 0) -> tuple[TimelineEvent, ...]:
        """Events of the incident that were written after `after_seq`, in order of writing."""
        self._require_incident(incident_id)
        rows = self._rows(
            "SELECT * FROM timeline WHERE incident_id = ? AND seq > ? ORDER BY seq",
            incident_id,
            after_seq,
        )
        return tuple(made(TimelineEvent, row, data=row["data"]) for row in rows)

    def events(self, after_seq: int = 0) -> tuple[TimelineEvent, ...]:
        """Events of all incidents that were written after `after_seq`, in order of writing."""
        rows = self._rows("SELECT * FROM timeline WHERE seq > ? ORDER BY seq", after_seq)
        return tuple(made(TimelineEvent, row, data=row["data"]) for row in rows)

    def event_count(self, incident_id: str, kind: str) -> int:
        """How many events of that kind the incident's timeline has."""
        self._require_incident(incident_id)
        rows = self._rows(
            "SELECT count(*) AS n FROM timeline WHERE incident_id = ? AND kind = ?",
            incident_id,
            kind,
        )
        return int(rows[0]["n"])

    def events_of(self, incident_id: str, kinds: Sequence[str]) -> tuple[TimelineEvent, ...]:
        """The events of those kinds in the incident's timeline, in order of writing."""
        rows = self._rows(
            "SELECT * FROM timeline WHERE incident_id = ? "
            f"AND kind IN ({', '.join('?' * len(kinds))}) ORDER BY seq",
            incident_id,
            *kinds,
        )
        return tuple(made(TimelineEvent, row, data=row["data"]) for row in rows)

    def last_of(self, incident_id: str, kind: str) -> tuple[TimelineEvent, ...]:
        """The last event of that kind in the incident's timeline, if there is one."""
        rows = self._rows(
            "SELECT * FROM timeline WHERE incident_id = ? AND kind = ? ORDER BY seq DESC LIMIT 1",
            incident_id,
            kind,
        )
        return tuple(made(TimelineEvent, row, data=row["data"]) for row in rows)

    def add_persons_event(
        self,
        incident_id: str,
        time_s: float,
        kind: str,
        by: Principal,
        text: str,
        data: dict[str, JsonValue] | None = None,
    ) -> TimelineEvent:
        """As `add_event`, for what `by` does with the incident; a line of the audit log says so."""
        with self.transaction():
            told: dict[str, JsonValue] = {**by.stated, **(data or {})}
            event = self.add_event(incident_id, time_s, kind, by.name, text, told)
            self.append_audit(time_s, by.name, kind, incident_id, {"text": text, **told})
            return event

    def last_event_seq(self, incident_id: str | None = None) -> int:
        """The number of the newest event, of one incident where it is given; 0 if there is none."""
        of_incident = "" if incident_id is None else " WHERE incident_id = ?"
        values = () if incident_id is None else (incident_id,)
        rows = self._rows(f"SELECT max(seq) AS seq FROM timeline{of_incident}", *values)
        return int(rows[0]["seq"] or 0)

    # Dispatches, role runs, artefacts

    def record_dispatch(self, dispatch: Dispatch, state: str, time_s: float) -> None:
        """Record an order to the field, or its new state."""
        with self.transaction():
            self._require_incident(dispatch.incident_id)
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
        self._require_incident(incident_id)
        rows = self._rows(
            "SELECT dispatch, state, updated_s FROM dispatches WHERE incident_id = ? "
            "ORDER BY rowid",
            incident_id,
        )
        return tuple(
            made(DispatchRecord, {**row, "dispatch": read(Dispatch, row["dispatch"])})
            for row in rows
        )

    def record_role_run(self, run: RoleRunRecord) -> None:
        """Record that a run of a role has ended."""
        with self.transaction():
            self._require_incident(run.incident_id)
            self._execute(
                "INSERT INTO role_runs (incident_id, role, started_s, ended_s, finished_by, data) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                run.incident_id,
                run.role,
                run.started_s,
                run.ended_s,
                run.finished_by,
                json_text(run.data),
            )

    def role_runs(self, incident_id: str) -> tuple[RoleRunRecord, ...]:
        """The incident's role runs, in order of recording."""
        self._require_incident(incident_id)
        rows = self._rows(
            "SELECT incident_id, role, started_s, ended_s, finished_by, data FROM role_runs "
            "WHERE incident_id = ? ORDER BY seq",
            incident_id,
        )
        return tuple(made(RoleRunRecord, row, data=row["data"]) for row in rows)

    def put_artefact(
        self, incident_id: str, name: str, value: BaseModel | Sequence[JsonValue] | JsonValue
    ) -> None:
        """Keep a named result of the incident (diagnosis, scenarios, ...), in place of the last."""
        data = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
        with self.transaction():
            self._require_incident(incident_id)
            self._execute(
                "INSERT INTO artefacts VALUES (?, ?, ?) "
                "ON CONFLICT (incident_id, name) DO UPDATE SET data = excluded.data",
                incident_id,
                name,
                json_text(data),
            )

    def artefacts(self, incident_id: str) -> dict[str, JsonValue]:
        """Every result that was kept for the incident, by name."""
        self._require_incident(incident_id)
        rows = self._rows(
            "SELECT name, data FROM artefacts WHERE incident_id = ? ORDER BY name", incident_id
        )
        with readable("result"):
            return {row["name"]: json.loads(row["data"]) for row in rows}

    def artefact(self, incident_id: str, name: str, kind: type[T]) -> T | None:
        """One result as a value of `kind`, None where none was kept."""
        rows = self._rows(
            "SELECT data FROM artefacts WHERE incident_id = ? AND name = ?", incident_id, name
        )
        with readable(f"{name} of {incident_id}"):
            return TypeAdapter(kind).validate_json(rows[0]["data"]) if rows else None


def _incident(row: dict[str, Any]) -> IncidentRecord:
    kept = {name: row[name] for name in ("opened_s", "trace_id")}
    with readable("incident"):
        phase = Phase(row["phase"])
    return made(
        IncidentRecord, {**kept, "phase": phase, "incident": read(Incident, row["incident"])}
    )
