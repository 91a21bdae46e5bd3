"""Raw alarms, and how they fold into symptoms: deduplicated, counted, cleared."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from twin.nouns.incident import Symptom, SymptomKind


@dataclass(frozen=True, slots=True)
class Alarm:
    """One threshold crossing or event. `resource`, `magnitude`: as in `Symptom`."""

    kind: SymptomKind
    resource: str
    time_s: float
    magnitude: float


@dataclass(slots=True)
class _Entry:
    """A symptom while it is counted: a storm of alarms makes no new object for any of them."""

    kind: SymptomKind
    resource: str
    first_seen_s: float
    last_seen_s: float
    magnitude: float
    alarms: int = 1
    active: bool = True

    def symptom(self) -> Symptom:
        return Symptom(
            kind=self.kind,
            resource=self.resource,
            first_seen_s=self.first_seen_s,
            last_seen_s=self.last_seen_s,
            magnitude=self.magnitude,
            alarms=self.alarms,
            active=self.active,
        )


class SymptomBook:
    """Every symptom ever seen, by id; the same resource and kind is one symptom until it clears.

    A symptom that returns begins anew, unless it is held: then it goes on where it was, with its
    first sign and all of its alarms. `revision` grows when a symptom begins, goes on again, is
    found to have begun earlier, or is over: not with every alarm of what goes on.
    """

    def __init__(self, kept: Mapping[str, Any] | None = None) -> None:
        """`kept`: what `dump` wrote; what is held has to be said again."""
        kept = {"alarms": 0, "symptoms": []} if kept is None else kept
        symptoms = [Symptom.model_validate(item) for item in kept["symptoms"]]
        self._entries = {s.id: _Entry(**s.model_dump(exclude={"unmeasured"})) for s in symptoms}
        self._held: frozenset[str] = frozenset()
        self.alarms = int(kept["alarms"])
        self.revision = 0

    def hold(self, symptom_ids: Iterable[str]) -> None:
        """These, and no others, belong to something that is still open: they go on if they return.

        One that is let go of, and returns, begins anew: whoever closed it has to look again.
        """
        self._held = frozenset(symptom_ids)

    def raise_alarm(self, alarm: Alarm) -> None:
        """Fold `alarm` in: a new symptom, one more alarm of an active one, or a return of an old
        one.
        """
        self.alarms += 1
        key = f"{alarm.kind}:{alarm.resource}"
        known = self._entries.get(key)
        if known is None or not (known.active or key in self._held):
            self._entries[key] = _begun(alarm, known)
            self.revision += 1
            return
        if not known.active or alarm.time_s < known.first_seen_s:
            self.revision += 1
        known.first_seen_s = min(known.first_seen_s, alarm.time_s)
        known.last_seen_s = max(known.last_seen_s, alarm.time_s)
        known.magnitude = alarm.magnitude
        known.alarms += 1
        known.active = True

    def clear(self, kind: SymptomKind, resource: str) -> None:
        """The symptom is over; clearing what is not active does nothing."""
        known = self._entries.get(f"{kind}:{resource}")
        if known is not None and known.active:
            known.active = False
            self.revision += 1

    def active(self) -> tuple[Symptom, ...]:
        """What is wrong now, oldest first."""
        found = (e.symptom() for e in self._entries.values() if e.active)
        return tuple(sorted(found, key=lambda s: (s.first_seen_s, s.id)))

    def since(self, time_s: float) -> tuple[Symptom, ...]:
        """Every symptom, active or over, that was seen at `time_s` or later; oldest first."""
        found = (e.symptom() for e in self._entries.values() if e.last_seen_s >= time_s)
        return tuple(sorted(found, key=lambda s: (s.first_seen_s, s.id)))

    def now(self, symptom: Symptom, since_s: float) -> Symptom:
        """`symptom` as it is now; itself where it was not seen at `since_s` or later, or is that
        still.
        """
        known = self._entries.get(symptom.id)
        if known is None or known.last_seen_s < since_s:
            return symptom
        same = (
            known.last_seen_s == symptom.last_seen_s
            and known.alarms == symptom.alarms
            and known.active == symptom.active
            and known.magnitude == symptom.magnitude
            and known.first_seen_s == symptom.first_seen_s
        )
        return symptom if same else known.symptom()

    def states(self) -> dict[str, bool]:
        """Whether each symptom that was ever seen is active, by id."""
        return {name: entry.active for name, entry in self._entries.items()}

    def is_active(self, symptom_id: str) -> bool:
        """Whether the symptom of that id ("kind:resource") is active."""
        known = self._entries.get(symptom_id)
        return known is not None and known.active

    def dump(self) -> dict[str, object]:
        """JSON-able; the constructor takes it back."""
        symptoms = [e.symptom().model_dump(mode="json") for e in self._entries.values()]
        return {"alarms": self.alarms, "symptoms": symptoms}


def _begun(alarm: Alarm, before: _Entry | None) -> _Entry:
    """A symptom that begins; it begins after all that was seen `before`, when it was over.

    Clocks differ and reports come late: without this, a return could be dated into the time that
    has been dealt with, and be overlooked.
    """
    ended_s = -math.inf if before is None else math.nextafter(before.last_seen_s, math.inf)
    first_s = max(alarm.time_s, ended_s)
    return _Entry(alarm.kind, alarm.resource, first_s, first_s, alarm.magnitude)
