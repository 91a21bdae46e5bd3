"""From fresh symptoms to incidents, which stand in the journal before any graph runs."""

from collections.abc import Mapping, Sequence, Set

from agents.loop.role import Role, RoleRun, RoleUnfinished
from agents.roles.monitor import (
    EFFECTS,
    HARMLESS_ALONE,
    Grouping,
    Monitor,
    Standing,
    incident_from,
)
from graphs.desk import Desk
from graphs.foreseen import wanted
from graphs.returning import in_force
from tools.journal.records import IncidentRecord
from tools.journal.standing import look_over, open_incidents
from tools.trace import incident_context, incident_trace_id, workflow_span
from twin.nouns.counted import counted
from twin.nouns.incident import TERMINAL_PHASES, Incident, Phase, Symptom

_LOOK_AGAIN_S = 600.0
"""What a foreign mind took for nothing is shown to it again after so long, unless more is wrong:
asking costs, and a network is looked at twice a minute. Where services are hurt, it is asked on."""


_SOUGHT = (Phase.DETECTED, Phase.DIAGNOSING, Phase.AWAITING_REPAIR, Phase.ESCALATED)
"""What has no cause then has its cause looked for; with people, once something new joins it."""

_THINKS_AGAIN_S = 600.0
"""Consequences set an incident without a cause to be thought through again so long after it was
handed over; what may be its cause does so at once."""


class Admission:
    """Opens incidents on one network, and lets symptoms join those that are open."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._trouble: RoleUnfinished | None = None
        self._ignored = frozenset[str]()
        self._ignored_until_s = 0.0
        self._counted = frozenset[str]()
        self._dealt: dict[str, float] = {}

    def admit(self) -> list[str]:
        """Have the monitor group what is fresh; the ids of the incidents that were opened."""
        self._trouble = None
        fresh = self.fresh_symptoms()
        if not fresh or self._was_nothing(fresh):
            return []
        records = [
            r for r in open_incidents(self._desk.journal, self._network) if not r.incident.risk
        ]
        if not records and all(s.kind in HARMLESS_ALONE for s in fresh):
            return []
        open_now = [record.incident for record in records]
        monitor = Monitor(self._desk.situation, fresh, open_now, self._standing(records))
        if foregone := monitor.foregone():
            with self._desk.journal.transaction():
                self._follow(foregone, "the rule for effects", fresh)
            return []
        looked_s = self._desk.clock.now_s()
        try:
            role, run = self._look(monitor, open_now)
            overruled, dismissed = run.finished_by, monitor.dismissed(run.answer)
            if dismissed and self._is_foreign(run):
                role, run = self._look(monitor, open_now, ours=True)
        except RoleUnfinished as exc:
            # The symptoms stay fresh, and are looked at again in the next step.
            self._trouble = exc
            return []
        if not run.answer.groups and self._is_foreign(run):
            self._ignored = frozenset(s.id for s in fresh)
            self._ignored_until_s = looked_s + _LOOK_AGAIN_S
        # All of a judgement or none: what was grouped together is not grouped anew after a kill.
        with self._desk.journal.transaction():
            opened, joined = self._follow(run.answer, run.finished_by, fresh)
            if bearers := [*opened, *joined]:
                self._desk.adopt(bearers, role, run, looked_s)
            if run.finished_by != overruled:
                why = f"it took {dismissed[0]} for nothing"
                for bearer in bearers:
                    self._desk.overrule(bearer, role.name, overruled, run.finished_by, why)
        return opened

    def admit_foreseen(self) -> list[str]:
        """Open what people want mitigated before it happens; the ids."""
        opened = wanted(self._desk)
        with self._desk.journal.transaction():
            for incident in opened:
                self._open(incident, "foresight")
        return [incident.id for incident in opened]

    def _is_foreign(self, run: RoleRun[Grouping]) -> bool:
        return self._desk.is_foreign("monitor", run.finished_by)

    def _was_nothing(self, fresh: Sequence[Symptom]) -> bool:
        """Whether a foreign mind has just taken all of it for nothing, and nobody is hurt."""
        if self._desk.clock.now_s() >= self._ignored_until_s:
            return False
        hurt = self._desk.situation.tracker.services.in_breach_now
        return not hurt and all(s.id in self._ignored for s in fresh)

    def _look(
        self, monitor: Monitor, open_now: Sequence[Incident], *, ours: bool = False
    ) -> tuple[Role[Grouping], RoleRun[Grouping]]:
        # The trace of this judgement is that of the first incident that it can lead to.
        name = open_now[0].id if open_now else self._next_id()
        context = incident_context(incident_trace_id(name))
        now_s = self._desk.clock.now_s()
        with workflow_span(self._desk.tracer, "watch", context=context, time_s=now_s):
            role = monitor.role()
            return role, self._desk.look(role, monitor.task(), ours=ours)

    def _follow(
        self, answer: Grouping, finished_by: str, fresh: Sequence[Symptom]
    ) -> tuple[list[str], list[str]]:
        """The incidents that were opened, and those that were joined."""
        opened: list[str] = []
        joined: list[str] = []
        for group in answer.groups:
            if group.joins:
                self._join(group.joins, [s for s in fresh if s.id in group.symptoms])
                joined.append(group.joins)
                continue
            now_s = self._desk.clock.now_s()
            departure = self._desk.situation.tracker.departure
            incident = incident_from(group, fresh, self._next_id(), self._network, now_s, departure)
            self._open(incident, finished_by)
            if self._desk.is_foreign("monitor", finished_by):
                words = self._desk.words_of("monitor", finished_by, group.title)
                self._desk.tell(incident.id, "worded", "monitor", words)
            opened.append(incident.id)
        return opened, list(dict.fromkeys(joined))

    def require_well(self) -> None:
        """Raises RoleUnfinished where no mind could do the last look, our own included."""
        if self._trouble is not None:
            raise self._trouble

    def _standing(self, records: Sequence[IncidentRecord]) -> dict[str, Standing]:
        """What is known of each: the monitor joins to it what it explains, and nothing else."""
        attributed = self._desk.situation.tracker.attributed
        found = {}
        for record in records:
            name = record.incident.id
            cause = attributed.get(name, ())
            with_people = record.phase in TERMINAL_PHASES
            over = record.phase in (Phase.SOAKING, Phase.RETURNING)
            found[name] = Standing(
                cause=() if over else cause,
                sought=record.phase in _SOUGHT and not cause,
                takes_effects=not over and not (with_people and cause),
                changed=bool(in_force(self._desk, name)),
            )
        return found

    @property
    def _network(self) -> str:
        return self._desk.situation.network.name

    def _next_id(self) -> str:
        return f"{self._network}-{self._desk.journal.incident_count(self._network) + 1:04d}"

    def fresh_symptoms(self) -> list[Symptom]:
        """Active symptoms that no open incident has, and no closed one had at that time."""
        active = self._desk.situation.tracker.active_symptoms()
        if not active:
            return []
        found = look_over(self._desk.journal, self._network)
        taken = dict(self._dealt_with(found.settled))
        for record in found.records:
            closed = record.phase in TERMINAL_PHASES
            for symptom in record.incident.symptoms:
                # A closed incident has dealt with a symptom until it is raised anew.
                known = symptom.first_seen_s if closed else float("inf")
                taken[symptom.id] = max(taken.get(symptom.id, 0.0), known)
        return [s for s in active if s.first_seen_s > taken.get(s.id, -1.0)]

    def _dealt_with(self, settled: Set[str]) -> Mapping[str, float]:
        """By symptom: when it was first seen as `settled` incidents had it last, read once."""
        if not self._counted <= settled:  # One of them is open again.
            self._counted, self._dealt = frozenset(), {}
        for incident_id in settled - self._counted:
            for symptom in self._desk.incident(incident_id).symptoms:
                known = self._dealt.get(symptom.id, 0.0)
                self._dealt[symptom.id] = max(known, symptom.first_seen_s)
        self._counted = frozenset(settled)
        return self._dealt

    def _join(self, incident_id: str, symptoms: list[Symptom]) -> None:
        incident = self._desk.incident(incident_id)
        had = {s.id for s in incident.symptoms}
        news = [s for s in symptoms if s.id not in had or s.kind == "service_breach"]
        known = {s.id for s in symptoms}
        kept = tuple(s for s in incident.symptoms if s.id not in known)
        self._desk.journal.update_incident(
            incident.model_copy(update={"symptoms": (*kept, *symptoms)})
        )
        for symptom in symptoms:
            told = f"joined: {symptom.id}"
            self._desk.tell(incident_id, "symptom", "monitor", told, {"symptom": symptom.id})
        if self._is_to_be_thought_through(incident_id, news):
            self._desk.tell(incident_id, "again", "monitor", f"looked at again: {news[0].id}")
            self._desk.journal.set_phase(incident_id, Phase.DETECTED)

    def _is_to_be_thought_through(self, incident_id: str, symptoms: Sequence[Symptom]) -> bool:
        """Whether people have the incident without a cause, and what joins it tells something new:
        what may be the cause, or, after a while, whom it hurts.
        """
        journal, tracker = self._desk.journal, self._desk.situation.tracker
        phase = journal.incident(incident_id).phase
        if phase is not Phase.ESCALATED or incident_id in tracker.attributed:
            return False
        handed_s = max(e.time_s for e in journal.events_of(incident_id, ("escalated",)))
        late = self._desk.clock.now_s() - handed_s >= _THINKS_AGAIN_S
        kinds = {symptom.kind for symptom in symptoms}
        return bool(kinds - EFFECTS) or (late and "service_breach" in kinds)

    def _open(self, incident: Incident, finished_by: str) -> None:
        trace = f"{incident_trace_id(incident.id):032x}"
        self._desk.journal.open_incident(incident, incident.detected_s, trace)
        self._desk.note(incident.id, "monitor", "open", title=incident.title)
        raw = sum(s.alarms for s in incident.symptoms)
        self._desk.tell(
            incident.id,
            "detected",
            "monitor",
            f"{incident.title} ({incident.severity}; "
            f"{counted(raw, 'alarm')} in {counted(len(incident.symptoms), 'symptom')})",
            {"finished_by": finished_by},
        )
