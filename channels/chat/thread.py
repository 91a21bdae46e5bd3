"""What the thread of an incident says: one message that is kept up to date, and replies for what
matters, in the order in which it happened."""

from collections.abc import Iterator

from channels.chat.card import plan_card
from channels.chat.service import LONGEST_TEXT, Fact, File, Message
from channels.report.wording import plain, utc
from channels.views import IncidentView, incident_view
from tools.journal.journal import Journal
from tools.journal.records import IncidentRecord, TimelineEvent
from tools.journal.standing import CLOSED, NOTED, OVER, REOPENED, TAKEN
from twin.nouns.base import Noun
from twin.nouns.counted import counted

ASKED = "asked"
"""The kind of event that a plan's card stands for."""

TOLD = frozenset(
    {
        "diagnosed", "disagreed", "dispatched", "committed", "confirmed", "rolled_back",
        "returned", "quarantined", "refused", "failed", "held_back", "page", "paged", "unanswered",
        "person_needed", "repaired", "not_repaired", "came_back", "no_relief", "not_held", "work",
        "blocked", "unblocked", "merged", "escalated", "resolved",
        OVER, TAKEN, NOTED, CLOSED, REOPENED,
    }
)  # fmt: skip
"""Kinds of events that whoever follows a thread is told of; all of them stand in the report."""


class Entry(Noun):
    """A message of a thread. `key`: what it is about, for good. `lasting`: it says the same for
    ever, so that it need not be made again once it is posted.
    """

    key: str
    message: Message
    lasting: bool = False


def head_key(incident_id: str) -> str:
    """What the first message of a thread is about."""
    return incident_id


def card_key(incident_id: str, plan_id: str) -> str:
    """What the card of a plan is about."""
    return f"{incident_id}/plan/{plan_id}"


def head_of(journal: Journal, record: IncidentRecord, now_s: float) -> Entry:
    """The first message of an incident's thread, as it stands at `now_s`."""
    view = incident_view(journal, record, now_s)
    facts = [Fact(name=name, value=plain(value, 600)) for name, value in _facts(view) if value]
    title = f"{view.id}: {view.title}"
    return Entry(
        key=head_key(view.id),
        message=Message(
            title=plain(f"{'✓ ' if view.ended_s is not None else ''}{title}", 140),
            text=f"{view.severity.value}, since {utc(record.incident.onset_s)} UTC",
            facts=tuple(facts),
        ),
    )


def replies_of(journal: Journal, incident_id: str, now_s: float) -> Iterator[Entry]:
    """The replies of an incident's thread, in order; cards as they stand at `now_s`."""
    for event in journal.timeline(incident_id):
        if event.kind == ASKED and isinstance(plan_id := event.data.get("plan"), str):
            yield from _asked(journal, incident_id, plan_id, now_s)
        elif event.kind in TOLD:
            yield _told(event)


def _asked(journal: Journal, incident_id: str, plan_id: str, now_s: float) -> Iterator[Entry]:
    card, key = plan_card(journal, plan_id, now_s), card_key(incident_id, plan_id)
    if file := card.file():
        message = Message(title=f"{plan_id}: what it changes", file=file)
        yield Entry(key=f"{key}/diff", message=message, lasting=True)
    yield Entry(key=key, message=card.message())


def _told(event: TimelineEvent) -> Entry:
    text = plain(f"{event.actor}, {event.kind.replace('_', ' ')}: {event.text}", LONGEST_TEXT)
    key = f"{event.incident_id}/event/{event.seq}"
    return Entry(key=key, message=Message(text=text), lasting=True)


def said(key: str, text: str) -> Entry:
    """What somebody who asked is told, as a file where it is too long."""
    if len(text) <= LONGEST_TEXT:
        return Entry(key=key, message=Message(text=text), lasting=True)
    first, _, _ = text.partition("\n")
    file = File(name="answer.txt", content=text)
    return Entry(key=key, message=Message(title=plain(first, 200), file=file), lasting=True)


def _facts(view: IncidentView) -> list[tuple[str, str]]:
    now = view.standing
    ended = f"{now.ending} at {utc(view.ended_s)} UTC" if view.ended_s is not None else ""
    # Names and minutes change at every step, and each change would be a call.
    count = len(view.impact.hit_now) if view.impact is not None and view.ended_s is None else 0
    hit = f"{counted(count, 'service')} in breach" if count else ""
    return [
        ("Network", view.network),
        ("Phase", ended or view.phase.value.replace("_", " ")),
        ("Cause", view.cause),
        ("Where", ", ".join(view.places)),
        ("Hit now", hit),
        ("With", now.taken_by),
        ("Waits for", view.waiting_for),
        ("Blocked", view.blocked.reason if view.blocked else ""),
    ]
