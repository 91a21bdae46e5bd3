"""Watching one network: telemetry in, incidents opened, and every incident carried on when it is
due.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from agents.budget import Budget
from agents.monitor import Monitor, incident_from
from agents.role import RoleUnfinished, run_role
from graphs.desk import Desk
from graphs.runs import IncidentRuns
from tools.journal.records import ApprovalRequest
from tools.trace import incident_context, incident_trace_id, workflow_span
from twin.nouns.incident import TERMINAL_PHASES, Incident, Phase, Symptom
from twin.nouns.plan import Plan

POLL_S = 30.0
"""How often telemetry is taken in; counters come every 30 to 60 s."""


class Approver(Protocol):
    """Whoever answers approval requests from inside this process; a person does so from outside."""

    def consider(self, request: ApprovalRequest, plan: Plan, now_s: float) -> None:
        """Look at a waiting request, and answer it through the journal or leave it."""
        ...


class Watch:
    """Operates one network. `approver`: only the demo's own flag and the evals give one."""

    def __init__(
        self,
        desk: Desk,
        runs: IncidentRuns,
        tracker_file: Path,
        approver: Approver | None = None,
        on_step: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._desk = desk
        self._runs = runs
        self._tracker_file = tracker_file
        self._approver = approver
        self._on_step = on_step

    def run(self, until_s: float, *, stop_when_quiet: bool = False) -> None:
        """Watch until the network's clock shows `until_s`.

        `stop_when_quiet`: end as soon as there has been an incident and none is open any more.
        """
        self._revive()
        while self._desk.clock.now_s() < until_s:
            now = self._desk.clock.now_s()
            self.step()
            self._on_step(now)
            if stop_when_quiet and self._has_finished():
                break
            self._desk.clock.wait_until(min(now + POLL_S, until_s))
        self.save()

    def step(self) -> None:
        """Take in what arrived, open incidents for what is new, and carry on those that are due."""
        tracker = self._desk.situation.tracker
        tracker.book.hold(s.id for i in self._open_incidents() for s in i.symptoms)
        tracker.ingest(self._desk.situation.network.poll())
        self._open_new()
        self._carry_on()

    def save(self) -> None:
        """Keep what the tracker has learned."""
        draft = self._tracker_file.with_suffix(".new")
        draft.write_text(json.dumps(self._desk.situation.tracker.dump()), encoding="utf-8")
        draft.replace(self._tracker_file)

    def _open_incidents(self) -> list[Incident]:
        network = self._desk.situation.network.name
        records = self._desk.journal.incidents(network=network)
        return [r.incident for r in records if r.phase not in TERMINAL_PHASES]

    def _joinable(self) -> list[Incident]:
        """Open incidents, and those handed to a person while their symptoms go on."""
        network = self._desk.situation.network.name
        book = self._desk.situation.tracker.book
        return [
            record.incident
            for record in self._desk.journal.incidents(network=network)
            if record.phase not in TERMINAL_PHASES
            or (
                record.phase is Phase.ESCALATED
                and any(book.is_active(s.id) for s in record.incident.symptoms)
            )
        ]

    def _has_finished(self) -> bool:
        network = self._desk.situation.network.name
        records = self._desk.journal.incidents(network=network)
        return bool(records) and all(r.phase in TERMINAL_PHASES for r in records)

    def _fresh_symptoms(self) -> list[Symptom]:
        """Active symptoms that no open incident has, and no closed one had at that time."""
        network = self._desk.situation.network.name
        taken: dict[str, float] = {}
        for record in self._desk.journal.incidents(network=network):
            closed = record.phase in TERMINAL_PHASES
            for symptom in record.incident.symptoms:
                # A closed incident has dealt with a symptom until it is raised anew.
                known = symptom.first_seen_s if closed else float("inf")
                taken[symptom.id] = max(taken.get(symptom.id, 0.0), known)
        active = self._desk.situation.tracker.active_symptoms()
        return [s for s in active if s.first_seen_s > taken.get(s.id, -1.0)]

    def _open_new(self) -> None:
        fresh = self._fresh_symptoms()
        if not fresh or all(s.kind in ("traffic_surge", "probe_delay") for s in fresh):
            return
        open_now = self._joinable()
        monitor = Monitor(self._desk.situation, fresh, open_now)
        # The trace of this judgement is that of the first incident that it can lead to.
        name = open_now[0].id if open_now else self._next_id()
        context = incident_context(incident_trace_id(name))
        clock = self._desk.clock
        with workflow_span(self._desk.tracer, "watch", context=context, time_s=clock.now_s()):
            try:
                run = run_role(
                    monitor.role(),
                    monitor.task(),
                    self._desk.minds,
                    Budget(),
                    clock,
                    self._desk.tracer,
                )
            except RoleUnfinished:
                return  # The symptoms stay fresh, and are looked at again in the next step.
        for group in run.answer.groups:
            if group.joins:
                self._join(group.joins, [s for s in fresh if s.id in group.symptoms])
            else:
                number = len(self._desk.journal.incidents()) + 1
                incident = incident_from(
                    group, fresh, self._desk.situation.network.name, clock.now_s(), number
                )
                self._admit(incident, run.finished_by)

    def _next_id(self) -> str:
        return f"{self._desk.situation.network.name}-{len(self._desk.journal.incidents()) + 1:04d}"

    def _join(self, incident_id: str, symptoms: list[Symptom]) -> None:
        incident = self._desk.incident(incident_id)
        known = {s.id for s in symptoms}
        kept = tuple(s for s in incident.symptoms if s.id not in known)
        self._desk.journal.update_incident(
            incident.model_copy(update={"symptoms": (*kept, *symptoms)})
        )
        for symptom in symptoms:
            self._desk.tell(incident_id, "symptom", "monitor", f"joined: {symptom.id}")

    def _admit(self, incident: Incident, finished_by: str) -> None:
        trace = f"{incident_trace_id(incident.id):032x}"
        self._desk.journal.open_incident(incident, incident.detected_s, trace)
        raw = sum(s.alarms for s in incident.symptoms)
        self._desk.tell(
            incident.id,
            "detected",
            "monitor",
            f"{incident.title} ({incident.severity}; "
            f"{raw} alarms in {len(incident.symptoms)} symptoms)",
            {"finished_by": finished_by},
        )
        self._runs.start(incident.id)

    def _carry_on(self) -> None:
        for incident in self._open_incidents():
            now = self._desk.clock.now_s()
            pending = self._runs.pending(incident.id)
            if pending is None:
                continue
            if pending.kind == "approval":
                request = self._desk.journal.approval_request(pending.plan_id, now)
                if request.approval is None and self._approver is not None:
                    plan = self._desk.journal.plan(pending.plan_id)
                    self._approver.consider(request, plan, now)
                    request = self._desk.journal.approval_request(pending.plan_id, now)
                if request.approval is None and now < pending.until_s:
                    continue
            elif now < pending.until_s:
                continue
            self._runs.resume(pending)

    def _revive(self) -> None:
        """Carry on what a death of the process cut off between two steps."""
        for incident in self._open_incidents():
            if self._runs.pending(incident.id) is None:
                self._runs.start(incident.id)
