"""Raw alarms, and how they fold into symptoms: deduplicated, counted, cleared."""

from dataclasses import dataclass

from twin.nouns.incident import Symptom, SymptomKind


@dataclass(frozen=True, slots=True)
class Alarm:
    """One threshold crossing or event. `resource`, `magnitude`: as in `Symptom`."""

    kind: SymptomKind
    resource: str
    time_s: float
    magnitude: float


class SymptomBook:
    """Every symptom ever seen, by id; the same resource and kind is one symptom until it clears."""

    def __init__(self) -> None:
        self._symptoms: dict[str, Symptom] = {}
        self.alarms = 0

    def raise_alarm(self, alarm: Alarm) -> None:
        """Fold `alarm` in: a new symptom, one more alarm of an active one, or a return of an old
        one.
        """
        self.alarms += 1
        key = f"{alarm.kind}:{alarm.resource}"
        known = self._symptoms.get(key)
        if known is None or not known.active:
            self._symptoms[key] = Symptom(
                kind=alarm.kind,
                resource=alarm.resource,
                first_seen_s=alarm.time_s,
                last_seen_s=alarm.time_s,
                magnitude=alarm.magnitude,
                alarms=1,
            )
            return
        self._symptoms[key] = known.model_copy(
            update={
                "first_seen_s": min(known.first_seen_s, alarm.time_s),
                "last_seen_s": max(known.last_seen_s, alarm.time_s),
                "magnitude": alarm.magnitude,
                "alarms": known.alarms + 1,
            }
        )

    def clear(self, kind: SymptomKind, resource: str) -> None:
        """The symptom is over; clearing what is not active does nothing."""
        key = f"{kind}:{resource}"
        known = self._symptoms.get(key)
        if known is not None and known.active:
            self._symptoms[key] = known.model_copy(update={"active": False})

    def active(self) -> tuple[Symptom, ...]:
        """What is wrong now, oldest first."""
        found = (s for s in self._symptoms.values() if s.active)
        return tuple(sorted(found, key=lambda s: (s.first_seen_s, s.id)))

    def since(self, time_s: float) -> tuple[Symptom, ...]:
        """Every symptom, active or over, that was seen at `time_s` or later; oldest first."""
        found = (s for s in self._symptoms.values() if s.last_seen_s >= time_s)
        return tuple(sorted(found, key=lambda s: (s.first_seen_s, s.id)))

    def is_active(self, symptom_id: str) -> bool:
        """Whether the symptom of that id ("kind:resource") is active."""
        known = self._symptoms.get(symptom_id)
        return known is not None and known.active

    def dump(self) -> dict[str, object]:
        """JSON-able; `load` takes it back."""
        symptoms = [s.model_dump(mode="json") for s in self._symptoms.values()]
        return {"alarms": self.alarms, "symptoms": symptoms}

    @classmethod
    def load(cls, data: dict[str, object]) -> "SymptomBook":
        """The book that `dump` wrote."""
        book = cls()
        symptoms = data["symptoms"]
        assert isinstance(symptoms, list)
        for item in symptoms:
            symptom = Symptom.model_validate(item)
            book._symptoms[symptom.id] = symptom
        book.alarms = int(str(data["alarms"]))
        return book
