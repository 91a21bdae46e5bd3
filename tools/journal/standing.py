"""Whether an incident is over, and what it left in force: decided here for every channel."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tools.journal.journal import Journal
from tools.journal.records import Change, ChangeState, IncidentRecord
from twin.nouns.incident import Phase
from twin.nouns.plan import Plan

OVER = "over"
"""The kind of event by which a watch says that an escalated incident is seen no more."""

IMPACT = "impact"
"""The artefact that says who is hit while an incident is open: an `Impact`."""

_TELLS_OF_IT = (OVER, "escalated", "symptom")


def is_with_people(journal: Journal, record: IncidentRecord) -> bool:
    """Whether the incident was handed to people, and is not known to be over.

    It is known to be over once a watch has seen nothing of it any more, until a symptom returns.
    """
    if record.phase is not Phase.ESCALATED:
        return False
    return journal.last_kind(record.incident.id, _TELLS_OF_IT) != OVER


def open_incidents(journal: Journal, network: str) -> tuple[IncidentRecord, ...]:
    """The incidents of `network` that are in work, or with people and not over; oldest first."""
    unresolved = set(Phase) - {Phase.RESOLVED}
    return tuple(
        record
        for record in journal.incidents(network=network, phases=unresolved)
        if record.phase is not Phase.ESCALATED or is_with_people(journal, record)
    )


def with_people(journal: Journal, network: str) -> tuple[IncidentRecord, ...]:
    """The incidents of `network` that are with people, oldest first."""
    escalated = journal.incidents(network=network, phases={Phase.ESCALATED})
    return tuple(record for record in escalated if is_with_people(journal, record))


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
    own = [c for c in changes if c.plan_id == plan.id]
    return bool(own) and all(_is_confirmed(c) for c in own)
