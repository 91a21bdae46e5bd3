"""What the nodes of the graphs are given: the one composition of situation, journal, gate and
minds.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from opentelemetry.trace import Tracer
from pydantic import BaseModel

from agents.loop.budget import Budget
from agents.loop.minds import Minds
from agents.loop.role import Role, RoleRun, RoleUnfinished, run_role
from agents.loop.role_events import RoleEvent
from agents.loop.transcript import Swap
from agents.prompts import prompt_id
from agents.roles.situation import Situation
from graphs.candidates import Candidates
from tools.change.actuator import Actuator
from tools.change.policy import ApprovalPolicy
from tools.change.swaps import SWAP
from tools.clock import Clock
from tools.journal.journal import Journal
from tools.journal.records import Charges, RoleRunRecord
from twin.nouns.incident import Incident, Phase, Symptom
from twin.nouns.plan import Outcome, Plan
from twin.nouns.untrusted import UntrustedText
from twin.remedies.repair_forecast import RepairModel

T = TypeVar("T", bound=BaseModel)

_LONGEST_WORDS = 300

_RECORD = 100
"""Incidents from which is learned how far forecasts are off."""

_BEFORE_S = 600.0
"""Signs of an incident may be this much older than the one that opened it."""


def outcome_name(plan_id: str) -> str:
    """The artefact that says what came of a plan."""
    return f"outcome:{plan_id}"


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that operating one network takes. `repairs`: what was learned of how long the
    field takes, None where nothing was.
    """

    situation: Situation
    journal: Journal
    actuator: Actuator
    policy: ApprovalPolicy
    minds: Minds
    clock: Clock
    tracer: Tracer
    candidates: Candidates = field(default_factory=Candidates)
    repairs: RepairModel | None = None

    def incident(self, incident_id: str) -> Incident:
        """The incident as the journal has it now."""
        return self.journal.incident(incident_id).incident

    def next_plan_number(self, incident_id: str) -> int:
        """Counted in the journal: a node that is run again after a kill makes a plan of its own."""
        return len(self.journal.plans(incident_id)) + 1

    def past_outcomes(self) -> tuple[tuple[Plan, Outcome], ...]:
        """Plans of the latest incidents of the network, each with what came of it."""
        found = []
        for incident_id in self.journal.latest_incidents(self.situation.network.name, _RECORD):
            for plan in self.journal.plans(incident_id):
                outcome = self.journal.artefact(incident_id, outcome_name(plan.id), Outcome)
                if outcome is not None:
                    found.append((plan, outcome))
        return tuple(found)

    def tell(
        self, incident_id: str, kind: str, actor: str, text: str, data: dict[str, Any] | None = None
    ) -> None:
        """Add a line to the incident's timeline, now."""
        self.journal.add_event(incident_id, self.clock.now_s(), kind, actor, text, data)

    def is_foreign(self, role: str, mind: str) -> bool:
        """Whether the mind of that name is none of ours."""
        return any(m.foreign for m in self.minds.for_role(role) if m.name == mind)

    def words_of(self, role: str, mind: str, text: str) -> str:
        """`text` for people: a foreign mind's words are quoted, with its name."""
        if not self.is_foreign(role, mind):
            return text
        return f"{mind}: {UntrustedText(text).quoted(_LONGEST_WORDS)}"

    def note(self, subject: str, actor: str, action: str, **data: str) -> None:
        """Add a line to the audit log, now: what was decided about an incident or a plan."""
        self.journal.append_audit(self.clock.now_s(), actor, action, subject, dict(data))

    def enter(self, incident_id: str, phase: Phase) -> None:
        """Record the incident's phase, and its symptoms as they are now, where that is new."""
        record = self.journal.incident(incident_id)
        if record.phase is not phase:
            self.journal.set_phase(incident_id, phase)
        incident = record.incident
        symptoms = self.seen_now(incident)
        onset = min([incident.onset_s, *(s.first_seen_s for s in symptoms)])
        refreshed = incident.model_copy(update={"symptoms": symptoms, "onset_s": onset})
        if refreshed != incident:
            self.journal.update_incident(refreshed)

    def seen_now(self, incident: Incident) -> tuple[Symptom, ...]:
        """The symptoms of `incident` as the network shows them now."""
        tracker = self.situation.tracker
        since_s = incident.onset_s - _BEFORE_S
        return tuple(tracker.measurable(tracker.book.now(s, since_s)) for s in incident.symptoms)

    def snapshot(self, incident_id: str, moment: str, before_s: float = math.inf) -> None:
        """Keep the utilisation of every egress as of now (or of before a time) for the report.

        Artefact "utilisation:<moment>": a list in arc order, null where nothing was read.
        """
        seen = self.situation.tracker.utilisation(before_s)
        values = [round(float(u), 4) if math.isfinite(u) else None for u in seen]
        self.journal.put_artefact(incident_id, f"utilisation:{moment}", values)

    def play(
        self,
        incident_id: str,
        role: Role[T],
        task: BaseModel | dict[str, Any],
        *,
        ours: bool = False,
    ) -> RoleRun[T]:
        """Run a role for an incident: charged to its budget, kept in the journal.

        `ours`: only our own mind is asked.

        Raises:
            RoleUnfinished: no mind could finish it.
        """
        started = self.clock.now_s()
        try:
            run = run_role(
                role,
                task,
                self.minds.ours(role.name) if ours else self.minds.for_role(role.name),
                Budget(
                    self.minds.limits,
                    self.journal.charged_roles(incident_id),
                    partial(self.journal.charge, incident_id),
                ),
                self.clock,
                self.tracer,
                listen=partial(self._hear, incident_id, role.name),
            )
        except RoleUnfinished as exc:
            self._record(incident_id, role, started, exc)
            raise
        self._record(incident_id, role, started, run)
        return run

    def play_on(
        self,
        incident_id: str,
        role: Role[T],
        task: BaseModel | dict[str, Any],
        goes_on: Callable[[T], bool],
        why: str,
    ) -> RoleRun[T]:
        """As `play`; but where a foreign mind's answer would end the work, ours plays it as well.

        `goes_on`: whether an answer leads on. Ours counts where it does and the other does not;
        `why`: what is told of the other then.

        Raises:
            RoleUnfinished: no mind could finish it.
        """
        run = self.play(incident_id, role, task)
        if goes_on(run.answer) or not self.is_foreign(role.name, run.finished_by):
            return run
        ours = self.play(incident_id, role, task, ours=True)
        if not goes_on(ours.answer):
            return run
        self.overrule(incident_id, role.name, run.finished_by, ours.finished_by, why)
        return ours

    def overrule(self, incident_id: str, role: str, mind: str, ours: str, why: str) -> None:
        """Tell that `ours` plays a role from here on, since `mind` said what is in `why`.

        A person approves what is planned from then on, as after any mind that was lost.
        """
        self._hear(incident_id, role, Swap(mind=mind, to=ours, cause="overruled", detail=why))

    def look(
        self, role: Role[T], task: BaseModel | dict[str, Any], *, ours: bool = False
    ) -> RoleRun[T]:
        """Run a role that no incident has asked for: charged to the network's day.

        `ours`: only our own mind is asked.

        Raises:
            RoleUnfinished: no mind could finish it.
        """
        network, now_s = self.situation.network.name, self.clock.now_s()
        budget = Budget(
            self.minds.limits.of_day(),
            self.journal.charged_watch(network, now_s),
            partial(self.journal.charge_watch, network, now_s),
        )
        minds = self.minds.ours(role.name) if ours else self.minds.for_role(role.name)
        return run_role(role, task, minds, budget, self.clock, self.tracer)

    def adopt(
        self, incident_ids: Sequence[str], role: Role[T], run: RoleRun[T], looked_s: float
    ) -> None:
        """Have the incidents that a look led to bear it; it began at `looked_s`.

        The first is charged as well, and all are told which minds were lost. The day's account
        keeps it: symptoms that come and go would have minds asked without end.
        """
        first = incident_ids[0]
        if run.charges != Charges():
            self.journal.charge(first, run.role, run.charges)
        for incident_id in incident_ids:
            for swap in run.swaps:
                self._hear(incident_id, run.role, swap)
        self._record(first, role, looked_s, run)

    def _hear(self, incident_id: str, role: str, event: RoleEvent) -> None:
        """A lost mind is noted at once: the process may die before the role run ends."""
        if not isinstance(event, Swap):
            return
        to = f"{event.to} goes on" if event.to else "nobody is left"
        self.tell(
            incident_id,
            SWAP,
            role,
            f"{event.mind} lost the role {role} ({event.cause}: {event.detail}); {to}",
            {"role": role, **event.model_dump(mode="json", exclude={"kind"})},
        )

    def _record(
        self,
        incident_id: str,
        role: Role[T],
        started_s: float,
        run: RoleRun[T] | RoleUnfinished,
    ) -> None:
        self.journal.record_role_run(
            RoleRunRecord(
                incident_id=incident_id,
                role=role.name,
                started_s=started_s,
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
