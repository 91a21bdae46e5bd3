"""Nodes after a change: wait for the repair, soak, take out what was temporary, and close."""

from langgraph.graph import END
from langgraph.types import Command

from graphs.desk import Desk
from graphs.field import DONE, send_field
from graphs.live import Live
from graphs.pages import hand_over, watch_services
from graphs.state import IncidentState
from tools.change.swaps import minds_lost
from tools.graph_store.protocol import PastIncident
from tools.journal.standing import temporary_in_force
from tools.network.protocol import RepairReport
from twin.events.fault import Fault
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.incident import TERMINAL_PHASES, Incident, Phase
from twin.nouns.plan import Plan, Remedy
from twin.remedies.believed import believed_state, healed
from twin.remedies.plans import PlanRequest, make_plan

_POLL_REPAIR_S = 60.0
_SHOWS_S = 600.0
"""A repair shows in the network within so long (assumed)."""

RELIEF_S = 900.0
"""How often remedies are searched again while a repair is awaited and services are hurt: as long as
the steps of the demand that remedies are judged for."""

_STEADY_S, _STEADY_SHARE = 600.0, 0.8
"""A service that was in breach for this share of so long stays in breach."""

MOST_ATTEMPTS = 3
"""Plans that one incident may have committed, refused or rejected before a person takes over."""

MOST_PLANS = 8
"""Plans of one incident, refused ones included; remedies run out before."""

MOST_ORDERS = 3
"""Orders to the field in one incident."""

_LONGEST_REPAIR_S = 24 * 3600.0
"""A repair that takes longer than a day is a person's to chase (assumed)."""


def await_repair(desk: Desk, state: IncidentState) -> Command[str]:
    """Go on when the cause is gone: the field says so and the network shows it."""
    incident = desk.incident(state["incident_id"])
    now = desk.clock.now_s()
    desk.enter(incident.id, Phase.AWAITING_REPAIR)
    since = state.get("waiting_since_s", now)
    if dispatch_id := state.get("dispatch_id"):
        report = desk.situation.network.repair_report(dispatch_id)
        _note_report(desk, incident.id, report)
        if report.state == "nothing_found":
            return _nothing_found(desk, state, dispatch_id)
        if report.state != "repaired":
            return _wait_for_repair(desk, state, since)
    cause, live = _cause(state), Live(desk)
    if wrong := [f for f in cause if f.in_configuration and not f.is_over(live)]:
        # The field cannot put a configuration right, and no plan has: nobody is on it.
        told = ", ".join(f.describe() for f in wrong)
        return Command(goto="escalate", update={"note": f"still in force: {told}"})
    if not cause and (left := still_seen(desk, incident)):
        if _in_force(desk, state):
            return _wait_for_repair(desk, state, since)
        note = f"no cause was found, and it is not over: {left}"
        return Command(goto="escalate", update={"note": note})
    if _still_wrong(desk, state, incident):
        return _order_again(desk, state) or _wait_for_repair(desk, state, since)
    gone = "the cause is gone" if cause else "nothing of it is seen any more"
    desk.tell(incident.id, "repaired", "monitor", gone)
    desk.situation.tracker.attribute(incident.id, ())
    waiting = {
        "wait_until_s": now + desk.policy.verification.soak_s,
        "wait_then": "soak",
        "wait_why": "soaking after the repair",
    }
    return Command(goto="soak", update=waiting | {"phase": Phase.SOAKING.value})


def _order_again(desk: Desk, state: IncidentState) -> Command[str] | None:
    """Send the field again where it says that it has repaired what is not well.

    None for as long as that may still show, or where nobody was sent; a person, after MOST_ORDERS.
    """
    orders = desk.journal.dispatches(state["incident_id"])
    now = desk.clock.now_s()
    if not orders or orders[-1].state not in DONE or now - orders[-1].updated_s < _SHOWS_S:
        return None
    if len(orders) >= MOST_ORDERS:
        note = f"the field has reported {len(orders)} repairs, and it is not well"
        return Command(goto="escalate", update={"note": note})
    told = "the field says that it is repaired, and it is not well: it is sent again"
    desk.tell(state["incident_id"], "not_repaired", "monitor", told)
    sent: IncidentState = {**state, "dispatch_id": send_field(desk, state).get("dispatch_id", "")}
    return _wait_for_repair(desk, sent, now)


def _nothing_found(desk: Desk, state: IncidentState, dispatch_id: str) -> Command[str]:
    """Hand over; before that, take out what was changed for a cause that nobody else sees."""
    note = f"the field found nothing to repair for {dispatch_id}"
    live = Live(desk)
    if _in_force(desk, state) and all(f.is_over(live) for f in _cause(state)):
        return Command(goto="returner", update={"note": note, "hand_over": note})
    return Command(goto="escalate", update={"note": note})


def _note_report(desk: Desk, incident_id: str, report: RepairReport) -> None:
    """Keep what the field reports, when it has changed."""
    for record in desk.journal.dispatches(incident_id):
        if record.dispatch.id == report.dispatch_id and record.state != report.state:
            desk.journal.record_dispatch(record.dispatch, report.state, report.time_s)


def _wait_for_repair(desk: Desk, state: IncidentState, since: float) -> Command[str]:
    now = desk.clock.now_s()
    if now - since > _LONGEST_REPAIR_S:
        return Command(goto="escalate", update={"note": "the repair takes longer than a day"})
    if _needs_relief(desk, state, since):
        desk.tell(state["incident_id"], "relief", "supervisor", "services are hurt: look for more")
        again = {"relief_s": now, "waiting_since_s": since, "excluded": []}
        return Command(goto="remediator", update=again)
    waiting = {
        "wait_until_s": now + _POLL_REPAIR_S,
        "wait_then": "repair",
        "wait_why": "the repair",
        "waiting_since_s": since,
        "dispatch_id": state.get("dispatch_id", ""),
    }
    hurt = watch_services(desk, state, state["incident_id"])
    return Command(goto="wait", update=waiting | hurt)


def _needs_relief(desk: Desk, state: IncidentState, since_s: float) -> bool:
    """Whether objectives of the incident stay broken: demand goes on changing, and what helps too.

    One that comes and goes is at its bound, where no forecast tells what is better. It is looked
    for every RELIEF_S, for as long as another plan may be made.
    """
    tracker, now = desk.situation.tracker, desk.clock.now_s()
    if now - max(since_s, state.get("relief_s", 0.0)) < RELIEF_S:
        return False
    lost = tracker.services.minutes_lost(now - _STEADY_S, now)
    steady = {name for name, minutes in lost.items() if minutes * 60 >= _STEADY_SHARE * _STEADY_S}
    symptoms = desk.incident(state["incident_id"]).symptoms
    hurt = any(s.kind == _BREACH and s.resource in steady for s in symptoms)
    return hurt and state["attempt"] < MOST_ATTEMPTS


def _still_wrong(desk: Desk, state: IncidentState, incident: Incident) -> bool:
    live = Live(desk)
    if any(not f.is_over(live) for f in _cause(state) if not f.in_configuration):
        return True
    return any(
        live.is_active(s.id)
        for s in incident.symptoms
        if s.kind == "adjacency_down" or (s.kind == "silent_loss" and not live.is_idle(s.resource))
    )


_KEEPS_OPEN = frozenset(
    {"adjacency_down", "silent_loss", "queue_drops", "probe_loss", "service_breach"}
)
"""Symptoms that hurt by themselves."""

_LONGEST_LINGER_S = 300.0
"""What goes on for so long after its cause is gone has another cause (assumed): probes and counters
clear within two minutes."""

_LONGEST_WITH_OTHERS_S = 3600.0
"""For so long another incident that is worked on may account for it (assumed)."""

_STANDING_S = (900.0, 300.0)
"""Between so many seconds before the onset, which may be found minutes late, what was in breach
was so without the incident."""

_NAMED = 5


def soak(desk: Desk, state: IncidentState) -> Command[str]:
    """Watch for a while after the repair, then take a temporary change out again."""
    incident_id, now = state["incident_id"], desk.clock.now_s()
    if now < state["wait_until_s"]:
        desk.enter(incident_id, Phase.SOAKING)
        return Command(goto="wait")
    incident = desk.incident(incident_id)
    if _still_wrong(desk, state, incident):
        desk.situation.tracker.attribute(incident_id, _cause(state))
        note = "the trouble came back while soaking"
        desk.tell(incident_id, "came_back", "monitor", note)
        return Command(goto="repair", update={"note": note})
    return Command(goto="returner" if _in_force(desk, state) else "last_look")


def _in_force(desk: Desk, state: IncidentState) -> tuple[Plan, ...]:
    """The temporary plans of the incident that have to be taken out again, oldest first."""
    incident_id = state["incident_id"]
    plans, changes = desk.journal.plans(incident_id), desk.journal.changes(incident_id=incident_id)
    return tuple(found.plan for found in temporary_in_force(plans, changes))


def plan_return(desk: Desk, state: IncidentState) -> Command[str]:
    """Plan the way back of what is temporary, for the state as it is now."""
    situation, incident_id = desk.situation, state["incident_id"]
    temporary = _in_force(desk, state)
    named = " and ".join(plan.id for plan in temporary)
    running = situation.read_running()
    cause = _cause(state)
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
            actions=tuple(a for plan in reversed(temporary) for a in plan.way_back),
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
        note = f"{count:.0f} services are expected in breach if the change is taken out now"
        return wait_to_return(desk, state, plan, note)
    if not plan.steps:
        note = "nothing of the change is left to take out"
        if hand_over := state.get("hand_over"):
            return Command(goto="escalate", update={"note": f"{hand_over}; {note}"})
        return Command(goto="last_look", update={"note": note})
    desk.journal.record_plan(plan)
    desk.enter(incident_id, Phase.RETURNING)
    desk.tell(incident_id, "planned", "remediator", plan.reason, {"plan": plan.id})
    return Command(goto="approval", update={"plan_id": plan.id, "attempt": attempt})


def _would_hurt(plan: Plan) -> bool:
    """Whether objectives are expected to be broken with what is temporary taken out."""
    with_it, without = plan.do_nothing.breached_services, plan.forecast.breached_services
    return bool(plan.steps) and without.median >= with_it.median + 1.0


def wait_to_return(desk: Desk, state: IncidentState, plan: Plan, note: str) -> Command[str]:
    """The repair is done, and what was changed is needed all the same: look again later."""
    now, since = desk.clock.now_s(), state.get("lingers_since_s", 0.0) or desk.clock.now_s()
    if not state.get("lingers_since_s", 0.0):
        desk.tell(plan.incident_id, "needed", "remediator", note)
    if now - since > _LONGEST_REPAIR_S:
        return Command(goto="escalate", update={"note": note})
    desk.enter(plan.incident_id, Phase.SOAKING)
    waiting = {
        "wait_until_s": now + RELIEF_S,
        "wait_then": "returner",
        "wait_why": "demand that lets the change be taken out",
        "lingers_since_s": since,
    }
    return Command(goto="wait", update=waiting)


def last_look(desk: Desk, state: IncidentState) -> Command[str]:
    """Close only what is over: all that opened it is gone, and no objective is broken since.

    What goes on without the cause that was found had another: after a while it is looked at anew,
    as an incident of its own, unless another that is worked on may account for it.
    """
    incident, now = desk.incident(state["incident_id"]), desk.clock.now_s()
    left = still_seen(desk, incident)
    if not left:
        return Command(goto="resolve")
    since = state.get("lingers_since_s", 0.0) or now
    if not state.get("lingers_since_s", 0.0):
        desk.tell(incident.id, "lingers", "monitor", f"it is not closed yet: {left}")
    desk.enter(incident.id, Phase.SOAKING)
    shared = _others_are_worked_on(desk, incident)
    if now - since > (_LONGEST_WITH_OTHERS_S if shared else _LONGEST_LINGER_S):
        if _let_go(desk, incident):
            return Command(goto="resolve")
        return Command(goto="escalate", update={"note": f"the cause is gone, and still {left}"})
    waiting = {
        "wait_until_s": now + _POLL_REPAIR_S,
        "wait_then": "last_look",
        "wait_why": "what is still seen",
        "lingers_since_s": since,
    }
    return Command(goto="wait", update=waiting | watch_services(desk, state, incident.id))


def _let_go(desk: Desk, incident: Incident) -> bool:
    """Take from the incident what is still seen, so that it is fresh; False if that is all of it.

    Whoever groups fresh symptoms makes another incident of it, which is diagnosed.
    """
    book = desk.situation.tracker.book
    over = tuple(s for s in incident.symptoms if not book.is_active(s.id))
    if not over:
        return False
    left = [s.id for s in incident.symptoms if book.is_active(s.id)]
    text = f"{', '.join(left[:_NAMED])} had another cause, and is looked at anew"
    with desk.journal.transaction():
        desk.journal.update_incident(incident.model_copy(update={"symptoms": over}))
        desk.tell(incident.id, "parted", "monitor", text, {"symptoms": list(left)})
    return True


def still_seen(desk: Desk, incident: Incident) -> str:
    """What of the incident goes on, in words; "" for nothing.

    Symptoms that hurt, where traffic can show them, and services that came into breach with it.
    """
    live, tracker = Live(desk), desk.situation.tracker
    services = tracker.services
    # What announced work does, and was known to do, is nothing that is left of the incident.
    foretold = {egress for known in tracker.foretold_now for egress in known.overloaded}
    seen = [
        s.id
        for s in incident.symptoms
        if s.kind in _KEEPS_OPEN
        and live.is_active(s.id)
        and not (s.kind == "silent_loss" and live.is_idle(s.resource))
        and s.resource not in foretold
    ]
    if seen:
        more = f" and {len(seen) - 1} more" if len(seen) > 1 else ""
        return f"{seen[0]}{more} is seen"
    from_s, until_s = (incident.onset_s - s for s in _STANDING_S)
    # One that lasts is a symptom, of this incident or of another.
    lasting = {s.resource for s in desk.situation.tracker.active_symptoms() if s.kind == _BREACH}
    standing = services.breached_between(from_s, until_s)
    hurt = sorted(tracker.unforetold_breaches - standing - lasting)
    return f"services are in breach: {', '.join(hurt[:_NAMED])}" if hurt else ""


_BREACH = "service_breach"


def _others_are_worked_on(desk: Desk, incident: Incident) -> bool:
    """Whether another incident of the network is open that does not linger itself."""
    working = set(Phase) - TERMINAL_PHASES - {Phase.SOAKING}
    records = desk.journal.incidents(network=incident.network, phases=working)
    return any(r.incident.id != incident.id for r in records)


def resolve(desk: Desk, state: IncidentState) -> Command[str]:
    """Close the incident, and remember it."""
    incident_id = state["incident_id"]
    _close(desk, state, Phase.RESOLVED)
    desk.tell(incident_id, "resolved", "supervisor", "nothing is left wrong or temporary")
    desk.note(incident_id, "supervisor", "resolve")
    desk.enter(incident_id, Phase.RESOLVED)
    return Command(goto=END, update={"phase": Phase.RESOLVED.value})


def escalate(desk: Desk, state: IncidentState) -> Command[str]:
    """Hand over to a person: what is known of the cause, and where to look."""
    incident_id = state["incident_id"]
    _close(desk, state, Phase.ESCALATED)
    hand_over(desk, incident_id, "escalated", state.get("note", ""))
    desk.note(incident_id, "supervisor", "escalate", reason=state.get("note", ""))
    desk.enter(incident_id, Phase.ESCALATED)
    return Command(goto=END, update={"phase": Phase.ESCALATED.value})


def _close(desk: Desk, state: IncidentState, phase: Phase) -> None:
    """Keep what is to be kept; the phase itself comes last, since nobody looks behind it again."""
    incident = desk.incident(state["incident_id"])
    desk.snapshot(incident.id, "final")
    tracker = desk.situation.tracker
    minutes = tracker.services.minutes_lost(incident.onset_s, desk.clock.now_s())
    desk.journal.put_artefact(incident.id, "slo_minutes_lost", dict(minutes))
    if phase is Phase.RESOLVED:
        # What was handed over goes on: it is part of what others are measured against.
        tracker.attribute(incident.id, ())
    plan_id = state.get("plan_id", "")
    actions = desk.journal.plan(plan_id).actions if plan_id else ()
    desk.situation.graph.remember_incident(
        PastIncident(
            id=incident.id,
            title=incident.title,
            opened_s=incident.detected_s,
            symptoms=tuple(s.id for s in incident.symptoms),
            cause=" & ".join(f.id for f in _cause(state)),
            remedy=" and ".join(a.describe() for a in actions) or "nothing",
            worked=phase is Phase.RESOLVED,
        )
    )


def _cause(state: IncidentState) -> tuple[Fault, ...]:
    if not state.get("diagnosis"):
        return ()
    return Diagnosis.model_validate(state["diagnosis"]).cause
