"""What the nodes of the graphs are given: the one composition of situation, journal, gate and
minds.
"""

import math
from dataclasses import dataclass
from typing import Any, TypeVar

from opentelemetry.trace import Tracer
from pydantic import BaseModel

from agents.budget import Budget, Charges
from agents.minds import Minds
from agents.prompts import prompt_id
from agents.role import Role, RoleRun, RoleUnfinished, run_role
from agents.situation import Situation
from tools.change.actuator import Actuator
from tools.change.policy import ApprovalPolicy
from tools.clock import Clock
from tools.journal.journal import Journal
from tools.journal.records import Charge, RoleRunRecord
from twin.nouns.incident import Incident, Phase

T = TypeVar("T", bound=BaseModel)

_BEFORE_S = 600.0
"""Signs of an incident may be this much older than the one that opened it."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that operating one network takes."""

    situation: Situation
    journal: Journal
    actuator: Actuator
    policy: ApprovalPolicy
    minds: Minds
    clock: Clock
    tracer: Tracer

    def incident(self, incident_id: str) -> Incident:
        """The incident as the journal has it now."""
        return self.journal.incident(incident_id).incident

    def next_plan_number(self, incident_id: str) -> int:
        """Counted in the journal: a node that is run again after a kill makes a plan of its own."""
        return len(self.journal.plans(incident_id)) + 1

    def tell(
        self, incident_id: str, kind: str, actor: str, text: str, data: dict[str, Any] | None = None
    ) -> None:
        """Add a line to the incident's timeline, now."""
        self.journal.add_event(incident_id, self.clock.now_s(), kind, actor, text, data)

    def note(self, subject: str, actor: str, action: str, **data: str) -> None:
        """Add a line to the audit log, now: what was decided about an incident or a plan."""
        self.journal.append_audit(self.clock.now_s(), actor, action, subject, dict(data))

    def enter(self, incident_id: str, phase: Phase) -> None:
        """Record the incident's new phase, and its symptoms as they are now."""
        self.journal.set_phase(incident_id, phase)
        incident = self.incident(incident_id)
        now = {s.id: s for s in self.situation.tracker.book.since(incident.onset_s - _BEFORE_S)}
        symptoms = tuple(now.get(s.id, s) for s in incident.symptoms)
        onset = min(incident.onset_s, *(s.first_seen_s for s in symptoms))
        refreshed = incident.model_copy(update={"symptoms": symptoms, "onset_s": onset})
        if refreshed != incident:
            self.journal.update_incident(refreshed)

    def snapshot(self, incident_id: str, moment: str, before_s: float = math.inf) -> None:
        """Keep the utilisation of every egress as of now (or of before a time) for the report.

        Artefact "utilisation:<moment>": a list in arc order, null where nothing was read.
        """
        seen = self.situation.tracker.utilisation(before_s)
        values = [round(float(u), 4) if math.isfinite(u) else None for u in seen]
        self.journal.put_artefact(incident_id, f"utilisation:{moment}", values)

    def play(self, incident_id: str, role: Role[T], task: dict[str, Any]) -> RoleRun[T]:
        """Run a role for an incident: charged to its budget, kept in the journal.

        Raises:
            RoleUnfinished: no mind could finish it.
        """
        spent = self.journal.charged(incident_id)
        budget = Budget(
            spent=Charges(calls=spent.calls, input_tokens=spent.tokens, seconds=spent.seconds)
        )
        started = self.clock.now_s()
        try:
            run = run_role(
                role, task, self.minds.for_role(role.name), budget, self.clock, self.tracer
            )
        except RoleUnfinished as exc:
            self._charge(incident_id, exc.charges)
            raise
        self._charge(incident_id, run.charges)
        self.journal.record_role_run(
            RoleRunRecord(
                incident_id=incident_id,
                role=role.name,
                started_s=started,
                ended_s=self.clock.now_s(),
                finished_by=run.finished_by,
                data={
                    "swaps": [s.model_dump(mode="json") for s in run.swaps],
                    "transcript": list(run.transcript),
                    "charges": run.charges.model_dump(mode="json"),
                    "prompt": prompt_id(role.prompt, role.name).model_dump(mode="json"),
                },
            )
        )
        return run

    def _charge(self, incident_id: str, charges: Charges) -> None:
        if charges.calls:
            self.journal.charge(
                incident_id,
                Charge(calls=charges.calls, tokens=charges.tokens, seconds=charges.seconds),
            )
