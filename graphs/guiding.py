"""What was said of an incident's hours ahead: read once, kept, within the caps of the policy."""

from collections.abc import Iterator
from contextlib import suppress

from agents.conversation.names import Names
from agents.loop.role import RoleUnfinished
from agents.playbook.guide import reading_of
from agents.roles.guide import Guide, Remark
from graphs.desk import Desk
from graphs.field import expected_repair, open_orders
from tools.journal.standing import NOTED
from tools.models.settings import PLAYBOOK
from twin.errors import NetworkError
from twin.nouns.base import content_hash
from twin.nouns.diagnosis import LOG_RECORD, LogRecord
from twin.nouns.field_note import FieldNote
from twin.nouns.guidance import (
    GUIDANCE,
    UNGUIDED,
    Guidance,
    GuidanceCaps,
    GuidanceRecord,
    Understood,
)
from twin.nouns.inventory import Inventory
from twin.nouns.untrusted import UntrustedText
from twin.remedies.guided import clipped_to
from twin.remedies.objective import RepairTime


def guided(desk: Desk, incident_id: str) -> Guidance:
    """What follows from all that was said so far. A mind is asked only if somebody has said more
    than what was read before; where nobody has said anything, nobody is asked.
    """
    remarks = sorted(_remarks(desk, incident_id), key=lambda remark: remark.at_s)
    if not desk.policy.guidance.heeded or not remarks:
        return UNGUIDED
    read = content_hash([[r.source, r.by, r.at_s, r.text.raw] for r in remarks])
    known = desk.journal.artefact(incident_id, GUIDANCE, GuidanceRecord)
    if known is not None and known.read == read:
        return known.guidance
    inventory, now_s = desk.situation.inventory, desk.clock.now_s()
    work = Guide(remarks, inventory.topology, Names(inventory), now_s)
    try:
        run = desk.play(incident_id, work.role(), work.task())
    except RoleUnfinished as exc:
        desk.tell(incident_id, "unguided", "guide", f"what was said is not read: {exc}")
        return UNGUIDED
    found = clipped_to(
        desk.policy.guidance,
        work.guidance(run.answer, run.finished_by, desk.policy.guidance),
        inventory.topology,
        now_s,
        expected_repair(desk, incident_id) or RepairTime(),
        max(0.0, now_s - desk.incident(incident_id).onset_s),
    )
    with desk.journal.transaction():
        desk.journal.put_artefact(incident_id, GUIDANCE, GuidanceRecord(read=read, guidance=found))
        if told := guidance_text(found):
            desk.tell(incident_id, "guided", "guide", told)
    return found


def understood(remark: Remark, inventory: Inventory, caps: GuidanceCaps) -> Understood:
    """What the shipped mind reads in `remark`, before any plan rests on it."""
    work = Guide([remark], inventory.topology, Names(inventory), remark.at_s)
    task = work.task()
    found = work.guidance(reading_of(task), PLAYBOOK, caps)
    return Understood(
        names=tuple(dict.fromkeys(f"{one.kind} {one.id}" for one in task.texts[0].names)),
        points=tuple(point.describe() for point in found.points),
        suspicious=bool(found.suspicious),
    )


def guidance_text(guidance: Guidance) -> str:
    """All of it in a line, "" for nothing."""
    points = [f"{point.describe()} ({point.said.describe()})" for point in guidance.points]
    wanted = [f"not obeyed: {said.describe()}" for said in guidance.suspicious]
    return "; ".join((*points, *guidance.clipped, *wanted))


def _remarks(desk: Desk, incident_id: str) -> Iterator[Remark]:
    """What people noted and why they rejected plans, what the field says of its open orders, and
    what logs say of work.

    Where it was learned how long the field takes, its words are in that forecast already.
    """
    journal = desk.journal
    for event in journal.events_of(incident_id, (NOTED,)):
        text = UntrustedText(str(event.data.get("note", "")))
        yield Remark("a note", f"note of {event.actor}", event.time_s, text)
    for request in journal.approval_requests(desk.clock.now_s(), incident_id=incident_id):
        for answer in request.answers:
            if answer.decision == "reject" and answer.reason:
                by, text = f"{answer.by.name} rejecting a plan", UntrustedText(answer.reason)
                yield Remark("a rejected plan", by, answer.decided_s, text)
    if desk.repairs is None:
        for note in _field_notes(desk, incident_id):
            yield Remark("the field", "field", note.time_s, UntrustedText(note.describe()))
    logged = journal.artefact(incident_id, LOG_RECORD, LogRecord)
    for line in logged.findings if logged else ():
        if line.kind == "maintenance":
            text = UntrustedText(line.quote.strip("«»"))
            yield Remark("a log line", f"log of {line.node}", line.time_s, text)


def _field_notes(desk: Desk, incident_id: str) -> Iterator[FieldNote]:
    """Nothing of an order of which nobody can report now."""
    for order in open_orders(desk, incident_id):
        with suppress(NetworkError):
            yield from desk.situation.network.repair_report(order).notes
