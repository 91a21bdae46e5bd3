"""How a network is, by what its watch said last and by its incidents: one answer for all."""

import time

from tools.journal.journal import Journal
from tools.journal.lease_rows import network_subject
from tools.journal.records import WatchRecord
from tools.journal.standing import standing
from tools.journal.watch_notes import note_of
from twin.nouns.health import STALE_S, Health
from twin.nouns.incident import TERMINAL_PHASES, Phase


def health(journal: Journal, network: str, now_s: float) -> Health:
    """How `network` is at `now_s`, by its own clock, or later where its watch has said so.

    While a process holds it, time passes there as here, whether or not that process steps.
    """
    watch = next((w for w in journal.watches() if w.network == network), None)
    if watch:
        now_s = max(now_s, watch.stepped_s + _silent_s(journal, watch))
    still_open = journal.incidents(network=network, phases=set(Phase) - TERMINAL_PHASES)
    escalated = journal.incidents(network=network, phases={Phase.ESCALATED})
    note = note_of(journal.path.parent, network)
    handed = (r for r in escalated if standing(journal, r).with_people)
    return Health(
        now_s=now_s,
        looked_s=watch.stepped_s if watch else None,
        seen=watch.seen if watch else None,
        open=tuple(record.incident.id for record in still_open),
        with_people=tuple(record.incident.id for record in handed),
        conditions=note.conditions,
        unrecorded=note.unrecorded,
    )


def unread_text(watch: WatchRecord) -> str:
    """What `watch` did not read when it last said how it was, in words; "" if it read all."""
    at_s = watch.stepped_s
    return Health(now_s=at_s, looked_s=at_s, seen=watch.seen, open=(), with_people=()).unread


def _silent_s(journal: Journal, watch: WatchRecord) -> float:
    """For how long a watch that holds its network has said nothing; 0 while that is usual."""
    lease = journal.lease(network_subject(watch.network))
    silent_s = time.time() - watch.stepped_wall_s
    return silent_s if lease and lease.holder and silent_s > STALE_S else 0.0
