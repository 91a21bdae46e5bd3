"""Taking out again what was temporary."""

from langgraph.types import Command

from graphs.bounds import LONGEST_REPAIR_S, RELIEF_S
from graphs.closing import still_seen
from graphs.desk import Desk
from graphs.live import Live
from graphs.state import IncidentState, cause_of
from graphs.unwinding import way_out
from tools.change.swaps import minds_lost
from tools.journal.standing import temporary_in_force
from twin.errors import NetworkError
from twin.nouns.counted import counted
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.incident import Phase
from twin.nouns.plan import Plan, Remedy
from twin.remedies.believed import believed_state, healed
from twin.remedies.plans import PlanRequest, make_plan

SHOWS_CAUSE = frozenset({"adjacency_down", "silent_loss"})
"""Symptoms in which a cause that the field repairs is seen itself."""


def in_force(desk: Desk, incident_id: str) -> tuple[Plan, ...]:
    """The temporary plans of the incident that have to be taken out again, oldest first."""
    changes = desk.journal.changes(incident_id=incident_id)
    plans = desk.journal.plans(incident_id) if changes else ()
    return tuple(found.plan for found in temporary_in_force(plans, changes))


def is_left_over(desk: Desk, incident_id: str) -> bool:
    """Whether something temporary is in force, though its cause is gone, and no way back was made.

    Effects may be seen still: of what was changed, once it is not needed any more.
    """
    journal, live = desk.journal, Live(desk)
    changes = journal.changes(incident_id=incident_id)
    left = tuple(temporary_in_force(journal.plans(incident_id), changes)) if changes else ()
    # What people were asked about, and would not have, is theirs.
    if not left or any(found.returns for found in left):
        return False
    incident = desk.incident(incident_id)
    diagnosis = journal.artefact(incident_id, "diagnosis", Diagnosis)
    if diagnosis is None or not diagnosis.cause:
        return not still_seen(desk, incident)
    if any(s.kind in SHOWS_CAUSE and live.is_active(s.id) for s in incident.symptoms):
        return False
    unseen = (r for f in diagnosis.cause if f.shows_under_load for r in f.resources)
    try:
        if any(live.is_relieved(egress) for egress in unseen):
            return False
        return all(fault.is_over(live) for fault in diagnosis.cause)
    except NetworkError:
        return False  # A device that cannot be read shows nothing.


def plan_return(desk: Desk, state: IncidentState) -> Command[str]:
    """Plan the way back of what is temporary, for the state as it is now."""
    situation, incident_id = desk.situation, state["incident_id"]
    temporary = in_force(desk, incident_id)
    named = " and ".join(plan.id for plan in temporary)
    running = situation.read_running()
    cause = cause_of(state)
    before = healed(believed_state(situation, running, ()), cause)
    attempt = state["attempt"] + 1
    gone = "the cause is repaired" if cause else "nothing of it is seen any more"
    why = state.get("hand_over") or gone
    request = PlanRequest(
        incident_id=incident_id,
        attempt=desk.next_plan_number(incident_id),
        purpose="return",
        cause=cause,
        remedy=Remedy(
            id="return",
            actions=way_out(desk, temporary),
            reason=why,
        ),
        reason=f"{why}: take {named} out again",
        finished_by=temporary[-1].finished_by,
        state=before,
        known_down=situation.tracker.down_links,
        needs_person=minds_lost(desk.journal, incident_id),
        past=desk.past_outcomes(),
    )
    plan = make_plan(situation, request, desk.clock.now_s())
    if _would_hurt(plan):
        count = plan.forecast.breached_services.median
        note = (
            f"{counted(round(count), 'service is', 'services are')} expected in breach if "
            "the change is taken out now"
        )
        return wait_to_return(desk, state, plan, note)
    if not plan.steps:
        note = "nothing of the change is left to take out"
        desk.journal.record_plan(plan)
        if hand_over := state.get("hand_over"):
            return Command(goto="escalate", update={"note": f"{hand_over}; {note}"})
        return Command(goto="last_look", update={"note": note, "lingers_since_s": 0.0})
    desk.journal.record_plan(plan)
    desk.enter(incident_id, Phase.RETURNING)
    desk.tell(incident_id, "planned", "remediator", plan.reason, {"plan": plan.id})
    # What is seen after it has not been seen for as long as the change was needed.
    update = {"plan_id": plan.id, "attempt": attempt, "lingers_since_s": 0.0}
    return Command(goto="approval", update=update)


def _would_hurt(plan: Plan) -> bool:
    """Whether objectives are expected to be broken with what is temporary taken out."""
    with_it, without = plan.do_nothing.breached_services, plan.forecast.breached_services
    return bool(plan.steps) and without.median >= with_it.median + 1.0


def wait_to_return(desk: Desk, state: IncidentState, plan: Plan, note: str) -> Command[str]:
    """The repair is done, and what was changed is needed all the same: look again later."""
    now, since = desk.clock.now_s(), state.get("lingers_since_s", 0.0) or desk.clock.now_s()
    if not state.get("lingers_since_s", 0.0):
        desk.tell(plan.incident_id, "needed", "remediator", note)
    if now - since > LONGEST_REPAIR_S:
        return Command(goto="escalate", update={"note": note})
    desk.enter(plan.incident_id, Phase.SOAKING)
    waiting = {
        "wait_until_s": now + RELIEF_S,
        "wait_then": "returner",
        "wait_why": "demand that lets the change be taken out",
        "lingers_since_s": since,
    }
    return Command(goto="wait", update=waiting)
