"""What the watch goes on noting of incidents: who is hit, what is still seen, that one with people
seems over, and what people found.
"""

from collections.abc import Mapping, Sequence, Set
from contextlib import suppress

from graphs.desk import Desk
from graphs.findings import closed_by_people, remember_finding
from graphs.live import Live
from graphs.returning import SHOWS_CAUSE, in_force, is_left_over
from graphs.service_impact import note_service_impact
from tools.journal.records import IncidentRecord
from tools.journal.standing import (
    CLOSED,
    IMPACT,
    OVER,
    impact_of,
    only_people_end,
    with_people,
)
from twin.errors import NetworkError
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.impact import Impact, ServiceHit
from twin.nouns.incident import Incident, Phase
from twin.tracking.tracker import Tracker

_EVERY_S = 60.0
"""Minutes so far are written again after so long; who is hit, as soon as that changes."""

_ORDER_IS_DONE = frozenset({"repaired", "nothing_found"})


class Aftermath:
    """Keeps the impact of incidents until they end, and sees when those with people are over."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept: dict[str, Impact] = {}
        self._counted_from_s: dict[str, float] = {}
        self._gone_since_s: dict[str, float] = {}
        self._asked_s: dict[str, float] = {}
        self._heard_seq: int | None = None

    def note(self, in_work: Sequence[Incident]) -> None:
        """Note how it is with the incidents that are in work, and with those that people have."""
        network = self._desk.situation.network.name
        handed = with_people(self._desk.journal, network)
        still_open = (*in_work, *(record.incident for record in handed))
        self._note_impact(still_open)
        self._note_service_impact(still_open)
        self._note_findings(network)
        self._forget_causes({i.id for i in in_work} | {r.incident.id for r in handed})
        self._note_ends(handed)

    def _note_impact(self, incidents: Sequence[Incident]) -> None:
        """Keep who is hit now and what was lost so far, for each of `incidents`."""
        tracker = self._desk.situation.tracker
        customers = {s.id: s.customer for s in self._desk.situation.inventory.services}
        hit = tuple(
            ServiceHit(service=name, customer=customers[name])
            for name in sorted(tracker.services.in_breach_now)
        )
        self._kept = {i.id: self._kept[i.id] for i in incidents if i.id in self._kept}
        for incident in incidents:
            known = self._known(incident.id)
            lost = self._minutes_lost(incident, known)
            now = Impact(as_of_s=_judged_s(tracker), hit_now=hit, minutes_lost=lost)
            if known is None and not (hit or lost):
                continue
            if known and known.hit_now == hit and not (hit and _is_old(known, now)):
                continue
            self._desk.journal.put_artefact(incident.id, IMPACT, now)
            self._kept[incident.id] = now

    def _note_service_impact(self, incidents: Sequence[Incident]) -> None:
        """Ask the knowledge graph again who is hit or at risk: people change it meanwhile."""
        now_s = self._desk.clock.now_s()
        self._asked_s = {i.id: self._asked_s.get(i.id, -_EVERY_S) for i in incidents}
        for incident in incidents:
            if now_s - self._asked_s[incident.id] >= _EVERY_S:
                note_service_impact(self._desk, incident)
                self._asked_s[incident.id] = now_s

    def _known(self, incident_id: str) -> Impact | None:
        """What was written last, also by an earlier process."""
        if incident_id not in self._kept:
            record = self._desk.journal.incident(incident_id)
            if (kept := impact_of(self._desk.journal, record)) is not None:
                self._kept[incident_id] = kept
        return self._kept.get(incident_id)

    def _minutes_lost(self, incident: Incident, known: Impact | None) -> dict[str, float]:
        """From the first sign to now: what was counted so far, and what has come since.

        It is counted anew where the first sign turns out to be another, as far back as breaches are
        kept.
        """
        tracker = self._desk.situation.tracker
        services, until_s, onset_s = tracker.services, _judged_s(tracker), incident.onset_s
        is_counted = self._counted_from_s.get(incident.id) == onset_s
        if known is None or (not is_counted and services.remembers(onset_s)):
            self._counted_from_s[incident.id] = onset_s
            return services.minutes_lost(onset_s, until_s)
        lost = dict(known.minutes_lost)
        for name, minutes in services.minutes_lost(known.as_of_s, until_s).items():
            lost[name] = lost.get(name, 0.0) + minutes
        return lost

    def _note_ends(self, with_people: Sequence[IncidentRecord]) -> None:
        """Note which of the incidents that people have are over: of which nothing was seen for a
        soak, unless a person has reopened it. One of which nothing is left but what was changed for
        it is taken on again, to take that out.
        """
        now_s = self._desk.clock.now_s()
        active = self._desk.situation.tracker.book.states() if with_people else {}
        for record in with_people:
            incident_id = record.incident.id
            self._note_symptoms(record.incident)
            self._note_orders(incident_id)
            self._believe_repairs(record.incident)
            left_over = is_left_over(self._desk, incident_id)
            gone = left_over or self._is_gone(record, active)
            if not gone or only_people_end(self._desk.journal, incident_id):
                self._gone_since_s.pop(incident_id, None)
                continue
            since_s = self._gone_since_s.setdefault(incident_id, now_s)
            if now_s - since_s < self._desk.policy.verification.soak_s:
                continue
            minutes = (now_s - since_s) / 60
            if left_over:
                self._take_on_again(incident_id, minutes)
            else:
                text = f"nothing of it has been seen for {minutes:.0f} min, and nothing is in force"
                self._desk.tell(incident_id, OVER, "monitor", text)

    def _take_on_again(self, incident_id: str, minutes: float) -> None:
        """Have what was changed for the incident taken out."""
        text = f"its cause is gone for {minutes:.0f} min: what was changed for it is taken out"
        with self._desk.journal.transaction():
            self._desk.tell(incident_id, "again", "monitor", text)
            self._desk.journal.set_phase(incident_id, Phase.DETECTED)
        del self._gone_since_s[incident_id]

    def _note_symptoms(self, incident: Incident) -> None:
        """Keep its symptoms as they are now, where one has come, gone, or cannot be measured."""
        now = self._desk.seen_now(incident)
        if [s.state for s in now] != [s.state for s in incident.symptoms]:
            self._desk.journal.update_incident(incident.model_copy(update={"symptoms": now}))

    def _note_orders(self, incident_id: str) -> None:
        """Keep what the field reports of its orders, of which nobody else asks any more."""
        journal, network = self._desk.journal, self._desk.situation.network
        for record in journal.dispatches(incident_id):
            if record.state in _ORDER_IS_DONE:
                continue
            try:
                report = network.repair_report(record.dispatch.id)
            except NetworkError:
                continue  # It is asked again in the next step.
            if report.state != record.state:
                journal.record_dispatch(record.dispatch, report.state, report.time_s)

    def _believe_repairs(self, incident: Incident) -> None:
        """Drop a cause that the field has repaired, where traffic would show otherwise or there is
        none: what avoids it would stay for as long as it is believed, and nothing would show it.
        """
        tracker = self._desk.situation.tracker
        cause = tracker.attributed.get(incident.id, ())
        repaired = {
            link
            for record in self._desk.journal.dispatches(incident.id)
            if record.state == "repaired"
            for link in record.dispatch.links
        }
        if not cause or not all(f.circuits() and f.circuits() <= repaired for f in cause):
            return
        seen = (s for s in self._desk.seen_now(incident) if s.kind in SHOWS_CAUSE)
        if not any(s.active and not s.unmeasured for s in seen):
            tracker.attribute(incident.id, ())

    def _note_findings(self, network: str) -> None:
        """Remember what people found who have closed an incident: this process has the graph."""
        journal, graph = self._desk.journal, self._desk.situation.graph
        if self._heard_seq is None:
            # Whoever watched before may have ended before it heard of it.
            self._heard_seq = journal.last_event_seq()
            for incident_id in closed_by_people(journal, network):
                remember_finding(graph, journal, incident_id)
            return
        for event in journal.events(self._heard_seq):
            of = journal.incident(event.incident_id).incident.network
            if event.kind == CLOSED and of == network:
                remember_finding(graph, journal, event.incident_id)
            self._heard_seq = event.seq

    def _forget_causes(self, open_ids: Set[str]) -> None:
        """Drop the causes of incidents that have ended, once they are over: a link that people have
        given up is no news, and one that is back may fail anew.
        """
        tracker, live = self._desk.situation.tracker, Live(self._desk)
        for incident_id in tracker.attributed.keys() - open_ids:
            with suppress(NetworkError):
                if all(fault.is_over(live) for fault in tracker.attributed[incident_id]):
                    tracker.attribute(incident_id, ())

    def _is_gone(self, record: IncidentRecord, active: Mapping[str, bool]) -> bool:
        """Whether it shows nowhere: not in symptoms, nor in its cause, nor in what we changed.

        `active`: of every symptom that was ever seen, by id.
        """
        journal, incident = self._desk.journal, record.incident
        # What a tracker has never heard of, having lost its file, is not known to be gone.
        if any(active.get(s.id, True) for s in incident.symptoms):
            return False
        if in_force(self._desk, incident.id):
            return False
        diagnosis = journal.artefact(incident.id, "diagnosis", Diagnosis)
        live = Live(self._desk)
        try:
            return all(fault.is_over(live) for fault in (diagnosis.cause if diagnosis else ()))
        except NetworkError:
            return False  # A device that cannot be read shows nothing.


def _is_old(known: Impact, now: Impact) -> bool:
    return now.as_of_s - known.as_of_s >= _EVERY_S


def _judged_s(tracker: Tracker) -> float:
    """Up to when services are judged, by the last probe round: what comes next is of after that."""
    return min(tracker.now_s, tracker.services.judged_s)
