"""Minds that lost a role in an incident: what they left unfinished is for a person to judge."""

from collections import Counter

from tools.journal.journal import Journal
from tools.journal.records import TimelineEvent
from twin.nouns.counted import counted

SWAP = "mind_lost"
"""The kind of the timeline events that say so."""

MOST_SWAPS = 3
"""So many in one incident, and a person approves whatever is planned in it."""

_NAMED = 3


def minds_lost(journal: Journal, incident_id: str, at_least: int = 1) -> str:
    """Which minds have lost which roles of the incident, "" where fewer than `at_least` have.

    They are counted in the journal, so that a restart forgets none. Nothing that a mind wrote is
    in the text.
    """
    if journal.event_count(incident_id, SWAP) < at_least:
        return ""
    lost = [e for e in journal.timeline(incident_id) if e.kind == SWAP]
    often = Counter(map(_said, lost))
    said = [f"{what}{f' {n} times' if n > 1 else ''}" for what, n in often.most_common(_NAMED)]
    more = len(often) - len(said)
    named = ", ".join(said) + (f" and {more} more" if more else "")
    return f"{counted(len(lost), 'mind was', 'minds were')} lost: {named}"


def _said(event: TimelineEvent) -> str:
    return f"{event.data['mind']} as {event.data['role']} ({event.data['cause']})"
