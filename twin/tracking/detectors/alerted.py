"""Alerts of other monitoring systems: with what is measured, or alone for long enough."""

from collections.abc import Mapping
from typing import Any

from twin.nouns.alert import Alert, AlertRound
from twin.tracking.alarms import Alarm
from twin.tracking.alert_sense import is_measured
from twin.tracking.alerts import ANSWERED_AFTER_S
from twin.tracking.detectors.detector import Belief

ALONE_S = 900.0
"""What an alert says and nothing measured shows or refutes is a symptom once it was said for so
long (assumed)."""


class Alerted:
    """Something measured bears an alert out, or nothing measured refutes it and it lasts.

    One that is refuted is no symptom, however long it fires. All that say something of one part of
    the network are one symptom.
    """

    name = "alerted"
    watches = (AlertRound,)

    def __init__(self, belief: Belief, kept: Mapping[str, Any]) -> None:
        self._belief = belief

    def look(self, evidence: AlertRound) -> None:
        """Judge what every alert says."""
        raised: dict[str, Alarm] = {}
        for alert in evidence.alerts:
            if self._is_to_be_believed(alert, evidence.time_s) and alert.is_firing:
                before = raised.get(alert.resource)
                starts_s = min(alert.starts_s, before.time_s) if before else alert.starts_s
                says = alert.alerts + (before.magnitude if before else 0.0)
                raised[alert.resource] = Alarm("alert", alert.resource, starts_s, says)
        book, active = self._belief.book, self._belief.book.active()
        known = {s.resource: s.magnitude for s in active if s.kind == "alert"}
        for resource, alarm in raised.items():
            # What only goes on is no further alarm.
            if known.get(resource) != alarm.magnitude:
                book.raise_alarm(alarm)
        for resource in known.keys() - raised.keys():
            book.clear("alert", resource)
        self._belief.alerts.note_missing(active, evidence.time_s)

    def _is_to_be_believed(self, alert: Alert, now_s: float) -> bool:
        """Whether it is a symptom; how it turned out is counted once it is known."""
        alerts = self._belief.alerts
        shown = is_measured(self._belief, alert)
        if shown:
            alerts.judge(alert, borne_out=True)
        elif shown is False and now_s - alert.starts_s >= ANSWERED_AFTER_S:
            alerts.judge(alert, borne_out=False)
        if shown is None:
            return now_s - alert.starts_s >= ALONE_S
        return shown

    def dump(self) -> dict[str, Any]:
        """Nothing: alerts are heard anew."""
        return {}
