"""Calling people: for services that stay in breach, for questions without an answer, and to take
over.
"""

from collections.abc import Mapping
from typing import Any

from graphs.desk import Desk
from graphs.state import IncidentState
from tools.journal.outbox_rows import NO_WAY_TO_CALL
from twin.nouns.counted import counted
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.plan import Plan

_HURT_S = 300.0
"""Services have to be in breach for so long before a person is called again: blips are not news."""


def watch_services(
    desk: Desk, state: IncidentState, incident_id: str, *, at_once: bool = False
) -> dict[str, Any]:
    """Call a person, once, for services that stay in breach though all was done that will be.

    Demand goes on changing while the repair is awaited, so a remedy may suffice at first only.
    """
    now, hurt = desk.clock.now_s(), sorted(desk.situation.tracker.services.in_breach_now)
    if not hurt:
        return {"hurt_since_s": 0.0}
    since = state.get("hurt_since_s", 0.0) or now
    if state.get("paged", False) or not (at_once or now - since >= _HURT_S):
        return {"hurt_since_s": since}
    reason = (
        f"{counted(len(hurt), 'service is', 'services are')} in breach with everything "
        "done that is planned"
    )
    hand_over(desk, incident_id, "paged", reason)
    return {"hurt_since_s": since, "paged": True}


def page_again(desk: Desk, plan: Plan, waited_s: float) -> None:
    """Call the next one in line, once for each plan."""
    said = desk.journal.timeline(plan.incident_id)
    if any(e.kind == "unanswered" and e.data.get("plan") == plan.id for e in said):
        return
    whom = desk.policy.approval.page_again_to
    called = desk.journal.calls_for("unanswered")
    is_called = "is called" if called else f"is to look: {NO_WAY_TO_CALL}"
    text = f"nobody has answered about {plan.id} for {waited_s / 60:.0f} min; {whom} {is_called}"
    desk.tell(plan.incident_id, "unanswered", "supervisor", text, {"plan": plan.id, "to": whom})


def call_owners(desk: Desk, incident_id: str, work: Mapping[str, str]) -> None:
    """Call whoever announced `work`, by id with what is to be said of it; once in an incident."""
    timeline = desk.journal.timeline(incident_id)
    called = {e.data.get("work") for e in timeline if e.kind == "work"}
    uncalled = "" if desk.journal.calls_for("work") else f" ({NO_WAY_TO_CALL})"
    for work_id, text in work.items():
        if work_id not in called:
            told = f"for whoever announced {work_id}: {text}{uncalled}"
            desk.tell(incident_id, "work", "diagnoser", told, {"work": work_id})


def hand_over(desk: Desk, incident_id: str, kind: str, reason: str) -> None:
    """Tell a person what is known of the cause, and where to look."""
    diagnosis = desk.journal.artefact(incident_id, "diagnosis", Diagnosis)
    statement = diagnosis.statement if diagnosis else "no diagnosis was made"
    where = ", ".join(diagnosis.suspected_location) if diagnosis else ""
    uncalled = "" if desk.journal.calls_for(kind) else f" ({NO_WAY_TO_CALL})"
    desk.tell(
        incident_id,
        kind,
        "supervisor",
        f"{reason}. {statement}. Look at: {where or 'the symptoms'}{uncalled}",
        {"reason": reason, "cause": statement, "location": where},
    )
