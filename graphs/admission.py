"""From fresh symptoms to incidents, which stand in the journal before any graph runs."""

from collections.abc import Sequence

from agents.loop.role import Role, RoleRun, RoleUnfinished
from agents.roles.monitor import Grouping, Monitor, incident_from
from graphs.desk import Desk
from tools.trace import incident_context, incident_trace_id, workflow_span
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.incident import TERMINAL_PHASES, Incident, Phase, Symptom
from twin.remedies.believed import circuits_of

_LOOK_AGAIN_S = 600.0
"""What a foreign mind took for nothing is shown to it again after so long, unless more is wrong:
asking costs, and a network is looked at twice a minute. Where services are hurt, it is asked on."""


class Admission:
    """Opens incidents on one network, and lets symptoms join those that are open."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._trouble: RoleUnfinished | None = None
        self._ignored = frozenset[str]()
        self._ignored_until_s = 0.0

    def admit(self) -> list[str]:
        """Have the monitor group what is fresh; the ids of the incidents that were opened."""
        self._trouble = None
        fresh = self._fresh_symptoms()
        if not fresh or all(s.kind in ("traffic_surge", "probe_delay") for s in fresh):
            return []
        if self._was_nothing(fresh):
            return []
        open_now = self._joinable()
        monitor = Monitor(self._desk.situation, fresh, open_now, self._circuits(open_now))
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
            incident = incident_from(group, fresh, self._next_id(), self._network, now_s)
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

    def _circuits(self, incidents: Sequence[Incident]) -> dict[str, tuple[str, ...]]:
        """Where the cause of each is, of those that are diagnosed."""
        found = {}
        for incident in incidents:
            diagnosis = self._desk.journal.artefact(incident.id, "diagnosis", Diagnosis)
            if diagnosis is not None:
                found[incident.id] = circuits_of(diagnosis.cause)
        return found

    @property
    def _network(self) -> str:
        return self._desk.situation.network.name

    def _next_id(self) -> str:
        return f"{self._network}-{self._desk.journal.incident_count(self._network) + 1:04d}"

    def _joinable(self) -> list[Incident]:
        """Open incidents, and those handed to a person while their symptoms go on."""
        book = self._desk.situation.tracker.book
        return [
            record.incident
            for record in self._desk.journal.incidents(network=self._network)
            if record.phase not in TERMINAL_PHASES
            or (
                record.phase is Phase.ESCALATED
                and any(book.is_active(s.id) for s in record.incident.symptoms)
            )
        ]

    def _fresh_symptoms(self) -> list[Symptom]:
        """Active symptoms that no open incident has, and no closed one had at that time."""
        active = self._desk.situation.tracker.active_symptoms()
        if not active:
            return []
        taken: dict[str, float] = {}
        for record in self._desk.journal.incidents(network=self._network):
            closed = record.phase in TERMINAL_PHASES
            for symptom in record.incident.symptoms:
                # A closed incident has dealt with a symptom until it is raised anew.
                known = symptom.first_seen_s if closed else float("inf")
                taken[symptom.id] = max(taken.get(symptom.id, 0.0), known)
        return [s for s in active if s.first_seen_s > taken.get(s.id, -1.0)]

    def _join(self, incident_id: str, symptoms: list[Symptom]) -> None:
        incident = self._desk.incident(incident_id)
        known = {s.id for s in symptoms}
        kept = tuple(s for s in incident.symptoms if s.id not in known)
        self._desk.journal.update_incident(
            incident.model_copy(update={"symptoms": (*kept, *symptoms)})
        )
        for symptom in symptoms:
            self._desk.tell(incident_id, "symptom", "monitor", f"joined: {symptom.id}")

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
            f"{raw} alarms in {len(incident.symptoms)} symptoms)",
            {"finished_by": finished_by},
        )
