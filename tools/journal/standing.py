"""Where an incident stands between the machine and people, what it left in force, and what it has
cost: decided here for every channel.

The machine hands an incident over ("escalated") and sees when it is over; people take it, note what
they see, close it and reopen it. Each is an event of its timeline, in whose order this is read.
"""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from tools.journal.incident_rows import Unsettled
from tools.journal.journal import Journal
from tools.journal.records import Change, ChangeState, IncidentRecord, TimelineEvent
from twin.nouns.base import Noun
from twin.nouns.impact import Impact
from twin.nouns.incident import Phase
from twin.nouns.plan import Plan

OVER = "over"
"""The kind of event by which a watch says that an escalated incident is seen no more."""

PersonsEvent = Literal["taken", "noted", "closed", "reopened"]
"""The kinds of event by which people say what they do with an incident."""

TAKEN: PersonsEvent = "taken"
NOTED: PersonsEvent = "noted"
CLOSED: PersonsEvent = "closed"
REOPENED: PersonsEvent = "reopened"

IMPACT = "impact"
"""The artefact that says who is hit while an incident goes on: an `Impact`."""

SLO_MINUTES = "slo_minutes_lost"
"""The artefact of what was counted when the machine ended with an incident, by service."""

FOUND = "found"
"""The artefact of what people found to be the cause: a `Finding`."""

_HANDED, _RESOLVED, _JOINED = "escalated", "resolved", "symptom"
_TELLING = (_HANDED, _RESOLVED, OVER, TAKEN, NOTED, CLOSED, REOPENED)


class Standing(Noun):
    """Where an incident stands. Times are None, and names "", for what has not happened.

    `with_people`: it was handed to people, has not ended, and is not known to be over.
    `handed_s`: when it was handed over first. `taken_by`: who said last to have it, since
    `taken_s`; whoever reopens it has it. `over_s`: when the watch said that nothing of it is seen
    any more, while that holds. `ended_s`: when it ended, for good unless it is reopened, and how:
    the machine resolved it, a person closed it, or it was over and a person had it.
    """

    with_people: bool
    handed_s: float | None
    taken_by: str
    taken_s: float | None
    note: str
    noted_by: str
    noted_s: float | None
    over_s: float | None
    ended_s: float | None
    ending: Literal["", "resolved", "closed", "over"]

    @property
    def unattended(self) -> bool:
        """Whether it is over, and nobody has looked at it."""
        return self.over_s is not None and self.ended_s is None


def standing(journal: Journal, record: IncidentRecord) -> Standing:
    """Where the incident of `record` stands."""
    # Of symptoms there are many, and only the last tells whether something came after.
    name = record.incident.id
    events = (*journal.events_of(name, _TELLING), *journal.last_of(name, _JOINED))
    told = _Told(sorted(events, key=lambda event: event.seq))
    ended, ending = told.end_as(record.phase)
    ended_s = None if ended is None else ended.time_s
    if record.phase is Phase.RESOLVED and ended is None:
        # A process that died right after the phase was set has not told of it yet.
        ended_s, ending = _last_s(journal, record), "resolved"
    escalated = record.phase is Phase.ESCALATED
    over = told.over if escalated else None
    return Standing(
        with_people=escalated and ended is None and over is None,
        handed_s=None if told.handed is None else told.handed.time_s,
        taken_by=told.taken.actor if told.taken else "",
        taken_s=told.taken.time_s if told.taken else None,
        note=str(told.noted.data.get("note", "")) if told.noted else "",
        noted_by=told.noted.actor if told.noted else "",
        noted_s=told.noted.time_s if told.noted else None,
        over_s=over.time_s if over else None,
        ended_s=ended_s,
        ending=ending,
    )


class _Told:
    """What the last events of each sort are."""

    def __init__(self, events: Iterable[TimelineEvent]) -> None:
        self.handed: TimelineEvent | None = None
        self.taken: TimelineEvent | None = None
        self.noted: TimelineEvent | None = None
        self.over: TimelineEvent | None = None
        self.closed: TimelineEvent | None = None
        self.resolved: TimelineEvent | None = None
        for event in events:
            self._take(event)

    def _take(self, event: TimelineEvent) -> None:
        match event.kind:
            case "taken":
                self.taken = event
            case "noted":
                self.noted = event
            case "over":
                self.over = event
            case "closed":
                self.closed = event
            case "resolved":
                self.resolved = event
            case "escalated":
                self.handed = self.handed or event
                self.over = self.closed = None
            case "symptom":
                self.over = self.closed = None
            case "reopened":
                self.taken = event
                self.over = self.closed = None

    def end_as(
        self, phase: Phase
    ) -> tuple[TimelineEvent | None, Literal["", "resolved", "closed", "over"]]:
        """What ended an incident that is in `phase`, and how."""
        if phase is Phase.RESOLVED and self.resolved:
            return self.resolved, "resolved"
        if phase is Phase.ESCALATED and self.closed:
            return self.closed, "closed"
        if phase is Phase.ESCALATED and self.over and self.taken:
            return max(self.over, self.taken, key=lambda e: e.seq), "over"
        return None, ""


def _last_s(journal: Journal, record: IncidentRecord) -> float:
    timeline = journal.timeline(record.incident.id)
    return timeline[-1].time_s if timeline else record.opened_s


def is_with_people(journal: Journal, record: IncidentRecord) -> bool:
    """Whether the incident was handed to people, has not ended, and is not known to be over.

    It is known to be over once a watch has seen nothing of it any more, until a symptom returns.
    """
    return record.phase is Phase.ESCALATED and standing(journal, record).with_people


def open_incidents(journal: Journal, network: str) -> tuple[IncidentRecord, ...]:
    """The incidents of `network` that are in work, or with people and not over; oldest first."""
    return look_over(journal, network).records


def look_over(journal: Journal, network: str) -> Unsettled:
    """As `open_incidents`, with the ids of all others of `network`."""
    return journal.unsettled(network, lambda record: not is_with_people(journal, record))


def with_people(journal: Journal, network: str) -> tuple[IncidentRecord, ...]:
    """The incidents of `network` that are with people, oldest first."""
    records = open_incidents(journal, network)
    return tuple(record for record in records if record.phase is Phase.ESCALATED)


def only_people_end(journal: Journal, incident_id: str) -> bool:
    """Whether a person has reopened it, and nothing new was seen since: no watch ends it then."""
    handed = journal.events_of(incident_id, (_HANDED, REOPENED))
    told = (*handed, *journal.last_of(incident_id, _JOINED))
    return bool(told) and max(told, key=lambda event: event.seq).kind == REOPENED


def impact_of(journal: Journal, record: IncidentRecord) -> Impact | None:
    """Who is hit, and what services have lost since the first sign, as of when that was seen last;
    None where nothing was counted.

    It counts on until the incident ends, whoever works on it.
    """
    incident_id = record.incident.id
    seen = journal.artefact(incident_id, IMPACT, Impact)
    counted = journal.artefact(incident_id, SLO_MINUTES, dict[str, float])
    if counted is None:
        return seen
    ends = journal.events_of(incident_id, (_HANDED, _RESOLVED))
    counted_s = ends[-1].time_s if ends else _last_s(journal, record)
    if seen is not None and seen.as_of_s > counted_s:
        return seen
    hit = seen.hit_now if seen and record.phase is not Phase.RESOLVED else ()
    return Impact(as_of_s=counted_s, hit_now=hit, minutes_lost=counted)


class InForce(NamedTuple):
    """A temporary plan of which something is in force.

    `changes`: on the devices that have it still. `returns`: plans that were made to take it out.
    """

    plan: Plan
    changes: tuple[Change, ...]
    returns: tuple[Plan, ...]


def temporary_in_force(plans: Sequence[Plan], changes: Sequence[Change]) -> Iterable[InForce]:
    """Temporary changes of one incident that are in force: on each device until it went back."""
    for place, plan in enumerate(plans):
        confirmed = [c for c in changes if c.plan_id == plan.id and _is_confirmed(c)]
        if not plan.temporary or not confirmed:
            continue
        returns = tuple(p for p in plans[place + 1 :] if p.purpose == "return")
        if any(_is_done(p, changes) for p in returns):
            continue
        ids = {p.id for p in returns}
        back = {c.node for c in changes if c.plan_id in ids and _is_confirmed(c)}
        if left := tuple(c for c in confirmed if c.node not in back):
            yield InForce(plan, left, returns)


def _is_confirmed(change: Change) -> bool:
    return change.state is ChangeState.CONFIRMED


def _is_done(plan: Plan, changes: Sequence[Change]) -> bool:
    if not plan.steps:
        return True  # Nothing was left to take out when it was made.
    own = [c for c in changes if c.plan_id == plan.id]
    return bool(own) and all(_is_confirmed(c) for c in own)
