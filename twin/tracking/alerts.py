"""What alerts say now, and how often those of each rule were right."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from twin.nouns.alert import Alert
from twin.nouns.incident import Symptom

_FALSE_WEIGHT, _MISSED_WEIGHT = 50.0, 10.0
"""What a rule states counts as so many of its alerts that came true or not, and so many troubles
that it told of or not (assumed)."""

ANSWERED_AFTER_S = 600.0
"""Whoever tells of trouble has told of it by then; what is measured by then bears an alert out."""


@dataclass(slots=True)
class Record:
    """How many alerts of a rule measurements bore out or refuted, and how many it did not send."""

    borne_out: int = 0
    refuted: int = 0
    missed: int = 0

    def false(self, stated: float) -> float:
        """The share of what it says that is about nothing: as stated, and more and more as seen."""
        said = self.borne_out + self.refuted
        return (self.refuted + _FALSE_WEIGHT * stated) / (said + _FALSE_WEIGHT)

    def missing(self, stated: float) -> float:
        """The share of what it should say that it does not."""
        due = self.borne_out + self.missed
        return (self.missed + _MISSED_WEIGHT * stated) / (due + _MISSED_WEIGHT)


class AlertBook:
    """Alerts as they were heard last; a new hearing takes the place of the last one.

    What is learned is kept by rule, of which an operator writes a few.
    """

    def __init__(self, kept: Mapping[str, Any] | None = None) -> None:
        """`kept`: what `dump` wrote, None where nothing is known."""
        kept = kept or {}
        self._heard: dict[str, Alert] = {}
        self._records = {rule: Record(**one) for rule, one in kept.get("records", {}).items()}
        self._claims: dict[str, str] = dict(kept.get("claims", {}))
        # By alert, and by symptom and rule: when what was counted began, so that it counts once.
        self._judged: dict[str, float] = dict(kept.get("judged", {}))
        self._missed: dict[str, float] = dict(kept.get("missed", {}))

    def hear(self, alerts: Iterable[Alert]) -> None:
        """These, and no others, are said now or were said lately."""
        self._heard = {alert.id: alert for alert in alerts}
        self._judged = {name: at_s for name, at_s in self._judged.items() if name in self._heard}

    @property
    def rules(self) -> tuple[str, ...]:
        """Those of which something was seen, by name."""
        return tuple(sorted(self._records))

    def record(self, rule: str) -> Record:
        """What was seen of `rule`."""
        return self._records.get(rule, Record())

    def rated(self, alert: Alert) -> Alert:
        """`alert` with the rates that its rule is believed to have now."""
        record = self.record(alert.rule)
        false, missed = record.false(alert.false_rate), record.missing(alert.missed_rate)
        return alert.model_copy(update={"false_rate": false, "missed_rate": missed})

    def since(self, time_s: float) -> tuple[Alert, ...]:
        """With their rates: what is said, or was at `time_s` or later; in order of beginning."""
        found = (a for a in self._heard.values() if a.ends_s is None or a.ends_s >= time_s)
        return tuple(self.rated(a) for a in sorted(found, key=lambda a: (a.starts_s, a.id)))

    def judge(self, alert: Alert, *, borne_out: bool) -> None:
        """Measurements bear `alert` out, or refute it; the first judgement counts."""
        if self._judged.get(alert.id) == alert.starts_s:
            return
        self._judged[alert.id] = alert.starts_s
        if alert.claims != "trouble":
            self._claims[alert.rule] = alert.claims
        record = self._records.setdefault(alert.rule, Record())
        if borne_out:
            record.borne_out += 1
        else:
            record.refuted += 1

    def note_missing(self, symptoms: Sequence[Symptom], now_s: float) -> None:
        """Count what rules should have said by now of the measured `symptoms`, and have not.

        A rule should say so that was right about such a symptom before.
        """
        counted = dict[str, float]()
        for symptom in (s for s in symptoms if now_s - s.first_seen_s >= ANSWERED_AFTER_S):
            for rule, record in self._records.items():
                said = f"{rule}:{symptom.kind}:{symptom.resource}" in self._heard
                if said or not record.borne_out or self._claims.get(rule) != symptom.kind:
                    continue
                name = f"{rule}:{symptom.id}"
                counted[name] = symptom.first_seen_s
                record.missed += self._missed.get(name) != symptom.first_seen_s
        self._missed = counted

    def dump(self) -> dict[str, Any]:
        """JSON-able; the constructor takes it back. Empty where nothing was learned."""
        if not self._records:
            return {}
        records = {rule: asdict(one) for rule, one in self._records.items()}
        return {
            "records": records,
            "claims": self._claims,
            "judged": self._judged,
            "missed": self._missed,
        }
