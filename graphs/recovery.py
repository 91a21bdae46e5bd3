"""Nodes after a change: wait for the repair, soak, take out what was temporary, and close."""

from langgraph.graph import END
from langgraph.types import Command

from graphs.desk import Desk
from graphs.pages import hand_over, watch_services
from graphs.state import IncidentState
from tools.change.swaps import minds_lost
from tools.graph_store.protocol import PastIncident
from tools.network.protocol import RepairReport
from twin.events.fault import Fault
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.incident import TERMINAL_PHASES, Incident, Phase
from twin.nouns.plan import Remedy
from twin.nouns.topology import Interface
from twin.remedies.believed import believed_state, healed
from twin.remedies.plans import PlanRequest, make_plan
from twin.tracking.losses import IDLE_UTILISATION

_POLL_REPAIR_S = 60.0
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
    live = Live(desk)
    if wrong := [f for f in _cause(state) if f.in_configuration and not f.is_over(live)]:
        # The field cannot put a configuration right, and no plan has: nobody is on it.
        told = ", ".join(f.describe() for f in wrong)
        return Command(goto="escalate", update={"note": f"still in force: {told}"})
    if not _cause(state) and (left := still_seen(desk, incident)):
        note = f"no cause was found, and it is not over: {left}"
        return Command(goto="escalate", update={"note": note})
    if _still_wrong(desk, state, incident):
        return _wait_for_repair(desk, state, since)
    gone = "the cause is gone" if _cause(state) else "nothing of it is seen any more"
    desk.tell(incident.id, "repaired", "monitor", gone)
    desk.situation.tracker.attribute(incident.id, frozenset())
    waiting = {
        "wait_until_s": now + desk.policy.verification.soak_s,
        "wait_then": "soak",
        "wait_why": "soaking after the repair",
    }
    return Command(goto="soak", update=waiting | {"phase": Phase.SOAKING.value})


def _nothing_found(desk: Desk, state: IncidentState, dispatch_id: str) -> Command[str]:
    """Hand over; before that, take out what was changed for a cause that nobody else sees."""
    note = f"the field found nothing to repair for {dispatch_id}"
    live = Live(desk)
    if state.get("temporary_plan_id") and all(f.is_over(live) for f in _cause(state)):
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
    waiting = {
        "wait_until_s": now + _POLL_REPAIR_S,
        "wait_then": "repair",
        "wait_why": "the repair",
        "waiting_since_s": since,
    }
    hurt = watch_services(desk, state, state["incident_id"])
    return Command(goto="wait", update=waiting | hurt)


def _still_wrong(desk: Desk, state: IncidentState, incident: Incident) -> bool:
    live = Live(desk)
    if any(not f.is_over(live) for f in _cause(state) if not f.in_configuration):
        return True
    return any(
        live.is_active(s.id)
        for s in incident.symptoms
        if s.kind == "adjacency_down" or (s.kind == "silent_loss" and not _idle(desk, s.resource))
    )


_KEEPS_OPEN = frozenset({"adjacency_down", "silent_loss", "queue_drops", "probe_loss"})
"""Symptoms that hurt by themselves."""

_LONGEST_LINGER_S = 3600.0
"""What goes on for so long after its cause is gone has another cause (assumed)."""

_STANDING_S = (900.0, 300.0)
"""Between so many seconds before the onset, which may be found minutes late, what was in breach
was so without the incident."""

_NAMED = 5


class Live:
    """The network as faults ask about it; see LiveNetwork."""

    def __init__(self, desk: Desk) -> None:
        self._tracker = desk.situation.tracker
        self.running = desk.situation.network.running

    @property
    def down_links(self) -> frozenset[str]:
        return self._tracker.down_links

    def is_active(self, symptom_id: str) -> bool:
        return self._tracker.book.is_active(symptom_id)


def _idle(desk: Desk, resource: str) -> bool:
    """An egress that was relieved of its traffic cannot show whether it still loses."""
    situation = desk.situation
    arc = situation.inventory.topology.arc_of(Interface.parse(resource))
    return not situation.tracker.utilisation()[arc] > IDLE_UTILISATION


def soak(desk: Desk, state: IncidentState) -> Command[str]:
    """Watch for a while after the repair, then take a temporary change out again."""
    incident_id, now = state["incident_id"], desk.clock.now_s()
    if now < state["wait_until_s"]:
        desk.enter(incident_id, Phase.SOAKING)
        return Command(goto="wait")
    incident = desk.incident(incident_id)
    if _still_wrong(desk, state, incident):
        return Command(goto="repair", update={"note": "the trouble came back while soaking"})
    return Command(goto="returner" if state.get("temporary_plan_id") else "last_look")


def plan_return(desk: Desk, state: IncidentState) -> Command[str]:
    """Plan the way back of the temporary change, for the state as it is now."""
    situation, incident_id = desk.situation, state["incident_id"]
    temporary = desk.journal.plan(state["temporary_plan_id"])
    running = situation.read_running()
    cause = _cause(state)
    before = healed(believed_state(situation, running, ()), cause)
    attempt = state["attempt"] + 1
    why = state.get("hand_over") or "the cause is repaired"
    request = PlanRequest(
        incident_id=incident_id,
        attempt=desk.next_plan_number(incident_id),
        purpose="return",
        cause=cause,
        remedy=Remedy(id="return", actions=temporary.way_back, reason=why),
        reason=f"{why}: take {temporary.id} out again",
        finished_by=temporary.finished_by,
        state=before,
        known_down=situation.tracker.down_links,
        needs_person=minds_lost(desk.journal, incident_id),
    )
    plan = make_plan(situation, request, desk.clock.now_s())
    if not plan.steps:
        note = "nothing of the change is left to take out"
        if hand_over := state.get("hand_over"):
            return Command(goto="escalate", update={"note": f"{hand_over}; {note}"})
        return Command(goto="last_look", update={"note": note})
    desk.journal.record_plan(plan)
    desk.enter(incident_id, Phase.RETURNING)
    desk.tell(incident_id, "planned", "remediator", plan.reason, {"plan": plan.id})
    return Command(goto="approval", update={"plan_id": plan.id, "attempt": attempt})


def last_look(desk: Desk, state: IncidentState) -> Command[str]:
    """Close only what is over: all that opened it is gone, and no objective is broken since.

    What goes on without the cause that was found had another: after a while it is a person's, but
    for as long as another incident is worked on that may account for it.
    """
    incident, now = desk.incident(state["incident_id"]), desk.clock.now_s()
    left = still_seen(desk, incident)
    if not left:
        return Command(goto="resolve")
    since = state.get("lingers_since_s", 0.0) or now
    if not state.get("lingers_since_s", 0.0):
        desk.tell(incident.id, "lingers", "monitor", f"it is not closed yet: {left}")
    desk.enter(incident.id, Phase.SOAKING)
    if now - since > _LONGEST_LINGER_S and not _others_are_worked_on(desk, incident):
        return Command(goto="escalate", update={"note": f"the cause is gone, and still {left}"})
    waiting = {
        "wait_until_s": now + _POLL_REPAIR_S,
        "wait_then": "last_look",
        "wait_why": "what is still seen",
        "lingers_since_s": since,
    }
    return Command(goto="wait", update=waiting | watch_services(desk, state, incident.id))


def still_seen(desk: Desk, incident: Incident) -> str:
    """What of the incident goes on, in words; "" for nothing.

    Symptoms that hurt, where traffic can show them, and services that came into breach with it.
    """
    live, services = Live(desk), desk.situation.tracker.services
    seen = [
        s.id
        for s in incident.symptoms
        if s.kind in _KEEPS_OPEN
        and live.is_active(s.id)
        and not (s.kind == "silent_loss" and _idle(desk, s.resource))
    ]
    if seen:
        more = f" and {len(seen) - 1} more" if len(seen) > 1 else ""
        return f"{seen[0]}{more} is seen"
    from_s, until_s = (incident.onset_s - s for s in _STANDING_S)
    hurt = sorted(services.in_breach_now - services.breached_between(from_s, until_s))
    return f"services are in breach: {', '.join(hurt[:_NAMED])}" if hurt else ""


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
    tracker.attribute(incident.id, frozenset())
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
