"""When what happened, read from the timeline."""

from collections.abc import Sequence
from itertools import groupby

from channels.report.wording import clock_time
from tools.journal.records import IncidentRecord, TimelineEvent
from tools.journal.standing import Standing
from twin.nouns.base import Noun
from twin.nouns.counted import counted


class PlanCourse(Noun):
    """When a plan passed each stage, Unix seconds; None if it never did."""

    committed_s: float | None = None
    confirmed_s: float | None = None
    rolled_back_s: float | None = None
    refused_s: float | None = None


class Milestones(Noun):
    """The incident's times, Unix seconds (UTC); None for what has not happened.

    `mitigated_s`: when the first remedy that was later confirmed was committed, because its effect
    begins there. `handed_s`: when it was handed to people first. `closed_s`: when it ended, and
    `ending` how, as of `Standing`.
    """

    onset_s: float
    detected_s: float
    acknowledged_s: float | None
    diagnosed_s: float | None
    mitigated_s: float | None
    confirmed_s: float | None
    repaired_s: float | None
    returned_s: float | None
    handed_s: float | None
    taken_s: float | None
    closed_s: float | None
    ending: str

    def listed(self) -> tuple[tuple[str, float | None], ...]:
        """Names and times, in the order in which an incident passes them."""
        return (
            ("Started (onset)", self.onset_s),
            ("Detected", self.detected_s),
            ("Acknowledged", self.acknowledged_s),
            ("Diagnosed", self.diagnosed_s),
            ("Mitigated (change in force)", self.mitigated_s),
            ("Change confirmed", self.confirmed_s),
            ("Cause repaired", self.repaired_s),
            ("Temporary change taken out", self.returned_s),
            ("Handed to people", self.handed_s),
            ("Taken by a person", self.taken_s),
            (ending_text(self.ending), self.closed_s),
        )


def ending_text(ending: str) -> str:
    """How an incident ended, or would, as a heading."""
    return ending.capitalize() or "Ended"


def milestones(
    record: IncidentRecord, timeline: Sequence[TimelineEvent], stands: Standing
) -> Milestones:
    """The times of one incident."""
    kept = [c for c in courses(timeline).items() if c[1].confirmed_s is not None]
    mitigations = [c for plan, c in kept if not is_return(plan)]
    returns = [c for plan, c in kept if is_return(plan)]
    return Milestones(
        onset_s=record.incident.onset_s,
        detected_s=record.incident.detected_s,
        acknowledged_s=_first(timeline, "acknowledged"),
        diagnosed_s=_diagnosed(timeline),
        mitigated_s=mitigations[0].committed_s if mitigations else None,
        confirmed_s=mitigations[0].confirmed_s if mitigations else None,
        repaired_s=_last(timeline, "repaired"),
        returned_s=returns[-1].confirmed_s if returns else None,
        handed_s=stands.handed_s,
        taken_s=stands.taken_s,
        closed_s=stands.ended_s,
        ending=stands.ending,
    )


def _diagnosed(timeline: Sequence[TimelineEvent]) -> float | None:
    """When the diagnosis stood that work went on with: later ones replace earlier ones."""
    planned = _first(timeline, "planned")
    before = [e for e in timeline if planned is None or e.time_s <= planned]
    return _last(before, "diagnosed")


_STAGES = {
    "committed": "committed_s",
    "confirmed": "confirmed_s",
    "rolled_back": "rolled_back_s",
    "refused": "refused_s",
}


def courses(timeline: Sequence[TimelineEvent]) -> dict[str, PlanCourse]:
    """The course of every plan, by id: what follows a "planned" event is about that plan."""
    found: dict[str, PlanCourse] = {}
    current = ""
    for event in timeline:
        if event.kind == "planned":
            current = str(event.data.get("plan", ""))
            found.setdefault(current, PlanCourse())
        elif event.kind in _STAGES and current:
            found[current] = found[current].model_copy(update={_STAGES[event.kind]: event.time_s})
    return found


def fold_symptoms(events: Sequence[TimelineEvent]) -> list[TimelineEvent]:
    """The events with every run of symptoms that joined one incident as one event, at its start."""
    folded: list[TimelineEvent] = []
    for (_, kind), run in groupby(events, lambda e: (e.incident_id, e.kind)):
        same = list(run)
        if kind == "symptom" and len(same) > 1:
            first = same[0].text.removeprefix("joined: ")
            until_s = same[-1].time_s
            until = f" until {clock_time(until_s)}" if until_s > same[0].time_s else ""
            text = f"{counted(len(same), 'symptom')} joined{until}, {first} first"
            same = [same[0].model_copy(update={"text": text})]
        folded += same
    return folded


def is_return(plan_id: str) -> bool:
    """Whether a plan of that id takes a temporary change out (ids are INCIDENT.PURPOSEn)."""
    return plan_id.rsplit(".", 1)[-1].startswith("return")


def _first(timeline: Sequence[TimelineEvent], kind: str) -> float | None:
    return next((e.time_s for e in timeline if e.kind == kind), None)


def _last(timeline: Sequence[TimelineEvent], kind: str) -> float | None:
    return next((e.time_s for e in reversed(timeline) if e.kind == kind), None)
