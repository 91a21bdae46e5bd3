"""What the watch goes on noting of incidents: who is hit, and that one with people seems over."""

from collections.abc import Sequence

from graphs.desk import Desk
from graphs.live import Live
from tools.journal.records import IncidentRecord
from tools.journal.standing import IMPACT, OVER, temporary_in_force, with_people
from twin.errors import NetworkError
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.impact import Impact, ServiceHit
from twin.nouns.incident import Incident

_EVERY_S = 60.0
"""Minutes so far are written again after so long; who is hit, as soon as that changes."""


class Aftermath:
    """Keeps the impact of open incidents, and sees when those with people are over."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept: dict[str, Impact] = {}
        self._gone_since_s: dict[str, float] = {}

    def note_impact(self, open_incidents: Sequence[Incident]) -> None:
        """Keep who is hit now and what was lost so far, for each of `open_incidents`."""
        tracker = self._desk.situation.tracker
        customers = {s.id: s.customer for s in self._desk.situation.inventory.services}
        hit = tuple(
            ServiceHit(service=name, customer=customers[name])
            for name in sorted(tracker.services.in_breach_now)
        )
        for incident in open_incidents:
            lost = tracker.services.minutes_lost(incident.onset_s, tracker.now_s)
            now = Impact(as_of_s=tracker.now_s, hit_now=hit, minutes_lost=lost)
            known = self._kept.get(incident.id)
            if known is None and not (hit or lost):
                continue
            if known and known.hit_now == hit and not (hit and _is_old(known, now)):
                continue
            self._desk.journal.put_artefact(incident.id, IMPACT, now)
            self._kept[incident.id] = now

    def note_ends(self, network: str) -> None:
        """Say of incidents with people that they are over, once nothing of them was seen for a
        soak.
        """
        now_s = self._desk.clock.now_s()
        for record in with_people(self._desk.journal, network):
            incident_id = record.incident.id
            if not self._is_gone(record):
                self._gone_since_s.pop(incident_id, None)
                continue
            since_s = self._gone_since_s.setdefault(incident_id, now_s)
            if now_s - since_s >= self._desk.policy.verification.soak_s:
                minutes = (now_s - since_s) / 60
                text = f"nothing of it has been seen for {minutes:.0f} min, and nothing is in force"
                self._desk.tell(incident_id, OVER, "monitor", text)
                self._desk.situation.tracker.attribute(incident_id, ())

    def _is_gone(self, record: IncidentRecord) -> bool:
        """Whether it shows nowhere: not in symptoms, nor in its cause, nor in what we changed."""
        journal, incident = self._desk.journal, record.incident
        book = self._desk.situation.tracker.book
        # What a tracker has never heard of, having lost its file, is not known to be gone.
        active = {s.id: s.active for s in book.since(float("-inf"))}
        if any(active.get(s.id, True) for s in incident.symptoms):
            return False
        changes = journal.changes(incident_id=incident.id)
        if any(True for _ in temporary_in_force(journal.plans(incident.id), changes)):
            return False
        diagnosis = journal.artefact(incident.id, "diagnosis", Diagnosis)
        live = Live(self._desk)
        try:
            return all(fault.is_over(live) for fault in (diagnosis.cause if diagnosis else ()))
        except NetworkError:
            return False  # A device that cannot be read shows nothing.


def _is_old(known: Impact, now: Impact) -> bool:
    return now.as_of_s - known.as_of_s >= _EVERY_S
