"""Nodes that wait, change and check: approval, actuation, verification, repair, and the ends.

A node with an interrupt does nothing before it that may not be done twice: LangGraph runs the node
from its top when it resumes.
"""

from typing import Any

from langgraph.graph import END
from langgraph.types import Command, interrupt

from agents.believed import believed_state, circuits_of, healed
from agents.candidates import cause_id
from agents.planner import PlanRequest, make_plan
from agents.verifier import judge
from graphs.deliberation import cause_of
from graphs.desk import Desk
from graphs.state import IncidentState
from tools.change.actuator import Actuation
from tools.change.refusals import ChangeFrozen, DuringPlannedWork, OutsideWindow, StaleState
from tools.change.steps import change_id
from tools.graph_store.protocol import PastIncident
from tools.journal.errors import DeviceBusy, LeaseHeld, LeaseLost, UnknownPlan
from tools.journal.records import ApprovalRequest
from tools.network.protocol import RepairReport
from twin.errors import NetworkError, Refused
from twin.nouns.action import describe
from twin.nouns.diagnosis import Diagnosis
from twin.nouns.fault import Fault, IgpWeightMisconfig, TrafficSpike
from twin.nouns.incident import Incident, Phase
from twin.nouns.plan import Outcome, Plan, Remedy
from twin.nouns.topology import Interface
from twin.tracking.tracker import CONVERGENCE_S, IDLE_UTILISATION

MOST_ATTEMPTS = 3
"""Plans that one incident may have committed, refused or rejected before a person takes over."""

_POLL_REPAIR_S = 60.0
_LONGEST_REPAIR_S = 24 * 3600.0
"""A repair that takes longer than a day is a person's to chase (assumed)."""

_HURT_S = 300.0
"""Services have to be in breach for so long before a person is called again: blips are not news."""

_BEFORE_S = 300.0
"""What services were like before a change is measured over five minutes."""


_OVERTAKEN = (StaleState, DeviceBusy, OutsideWindow, ChangeFrozen, DuringPlannedWork)
"""Refusals that say nothing against a plan but that it is out of date."""


def wait(_: Desk, state: IncidentState) -> Command[str]:
    """Interrupt until `wait_until_s`; whoever resumes has checked the clock."""
    interrupt({"kind": "wait", "until_s": state["wait_until_s"], "why": state["wait_why"]})
    return Command(goto=state["wait_then"])


def await_approval(desk: Desk, state: IncidentState) -> Command[str]:
    """Ask for an approval, and go by the journal's row, never by the value of the resume."""
    plan = desk.journal.plan(state["plan_id"])
    request = _ask(desk, plan)
    desk.enter(plan.incident_id, Phase.AWAITING_APPROVAL)
    again_after_s = desk.policy.approval.page_again_after_s
    again_s = request.expires_s if again_after_s is None else request.requested_s + again_after_s
    until_s = again_s if desk.clock.now_s() < again_s else request.expires_s
    interrupt({"kind": "approval", "plan_id": plan.id, "until_s": until_s})
    now = desk.clock.now_s()
    request = desk.journal.approval_request(plan.id, now)
    if request.approval is None and now < request.expires_s:
        # Whoever resumed it is not who answers: it goes on waiting.
        if now >= again_s:
            _page_again(desk, plan, now - request.requested_s)
        return Command(goto="approval")
    if request.approval is None:
        return Command(goto="escalate", update={"note": f"nobody answered about {plan.id} in time"})
    answer = request.approval
    why = answer.reason or "no reason given"
    desk.tell(plan.incident_id, "answered", answer.by, f"{answer.decision}: {why}")
    if answer.decision == "approve":
        return Command(goto="actuator")
    return _another(state, plan, f"{answer.by} rejected {plan.id}: {why}")


def _ask(desk: Desk, plan: Plan) -> ApprovalRequest:
    """The request about `plan`; asking twice is asking once."""
    now = desk.clock.now_s()
    try:
        return desk.journal.approval_request(plan.id, now)
    except UnknownPlan:
        needs = desk.actuator.needs(plan, desk.situation.tracker.down_links)
    return desk.journal.request_approval(
        plan,
        now,
        now + desk.policy.approval.expires_after_s,
        approvers_needed=needs.approvers,
        overrides_needed=needs.overrides,
    )


def _page_again(desk: Desk, plan: Plan, waited_s: float) -> None:
    """Call the next one in line, once for each plan."""
    said = desk.journal.timeline(plan.incident_id)
    if any(e.kind == "unanswered" and e.data.get("plan") == plan.id for e in said):
        return
    whom = desk.policy.approval.page_again_to
    text = f"nobody has answered about {plan.id} for {waited_s / 60:.0f} min; {whom} is called"
    desk.tell(plan.incident_id, "unanswered", "supervisor", text, {"plan": plan.id, "to": whom})


def actuate(desk: Desk, state: IncidentState) -> Command[str]:
    """Have the gate and the actuator commit the plan on all devices, unconfirmed.

    What was begun before a death of the process is found on the devices, and not begun again.
    """
    plan = desk.journal.plan(state["plan_id"])
    desk.enter(plan.incident_id, Phase.ACTUATING)
    tracker = desk.situation.tracker
    tracker.known_changes |= {change_id(s.action_id, s.node) for s in plan.steps}
    try:
        done = desk.actuator.reconcile(plan) or desk.actuator.commit(plan, tracker.down_links)
    except _OVERTAKEN as exc:
        desk.tell(plan.incident_id, "refused", "gate", str(exc))
        if state["attempt"] >= MOST_ATTEMPTS:
            return Command(goto="escalate", update={"note": str(exc)})
        # The network, or what may be done when, changed under the plan: look again.
        return Command(goto="returner" if plan.purpose == "return" else "diagnoser")
    except (LeaseHeld, LeaseLost):
        raise  # It goes on in the process that has it now.
    except (Refused, NetworkError) as exc:
        desk.tell(plan.incident_id, "refused", "gate", str(exc))
        return Command(goto="escalate", update={"note": str(exc)})
    if done.state == "confirmed":
        return Command(goto="verifier", update={"committed_s": _committed_s(desk, done)})
    if done.state != "committed":
        return _taken_back(desk, state, plan, done)
    committed_s = _committed_s(desk, done)
    desk.tell(plan.incident_id, "committed", "actuator", f"{len(plan.steps)} devices, unconfirmed")
    tracker.set_running(desk.situation.read_running(), [s.node for s in plan.steps])
    waiting = {
        "wait_until_s": committed_s + desk.policy.verification.window_s,
        "wait_then": "verifier",
        "wait_why": "samples after the change",
        "committed_s": committed_s,
    }
    return Command(goto="wait", update=waiting)


def _committed_s(desk: Desk, done: Actuation) -> float:
    """Since when the change has been in force on all devices."""
    return desk.clock.now_s() if done.committed_at_s is None else done.committed_at_s


def verify(desk: Desk, state: IncidentState) -> Command[str]:
    """Confirm what went as forecast; roll back what did not."""
    plan = desk.journal.plan(state["plan_id"])
    tracker = desk.situation.tracker
    desk.enter(plan.incident_id, Phase.VERIFYING)
    try:
        # A device may have returned while nobody watched, or an earlier run have been cut off.
        done = desk.actuator.reconcile(plan)
        outcome = _outcome(desk, state, plan)
        if done is None or done.state == "committed":
            done = _decide(desk, plan, outcome)
    except (LeaseHeld, LeaseLost):
        raise  # It goes on in the process that has it now.
    except (Refused, NetworkError) as exc:
        desk.tell(plan.incident_id, "failed", "actuator", str(exc))
        return Command(goto="escalate", update={"note": str(exc)})
    tracker.set_running(desk.situation.read_running(), [s.node for s in plan.steps])
    if done.state != "confirmed":
        reason = done.reason or outcome.reason
        return _taken_back(desk, state, plan, done.model_copy(update={"reason": reason}))
    desk.tell(plan.incident_id, "confirmed", "verifier", outcome.reason)
    if plan.purpose == "return":
        return Command(goto="resolve", update={"temporary_plan_id": ""})
    desk.snapshot(plan.incident_id, "after")
    hurt = _watch_services(desk, state, plan.incident_id, at_once=True)
    in_force = {"temporary_plan_id": plan.id if plan.temporary else ""}
    waiting = {"waiting_since_s": desk.clock.now_s()}
    return Command(goto="repair", update=in_force | hurt | waiting)


def _outcome(desk: Desk, state: IncidentState, plan: Plan) -> Outcome:
    """What came of the plan; once decided by, it stays as it was."""
    name = f"outcome:{plan.id}"
    if known := desk.journal.artefact(plan.incident_id, name, Outcome):
        return known
    committed = state["committed_s"]
    before_s, from_s = committed - _BEFORE_S, committed + CONVERGENCE_S
    tracker = desk.situation.tracker
    outcome = judge(tracker, plan, before_s, from_s, desk.clock.now_s())
    desk.journal.put_artefact(plan.incident_id, name, outcome)
    return outcome


def _decide(desk: Desk, plan: Plan, outcome: Outcome) -> Actuation:
    if outcome.kept:
        return desk.actuator.confirm(plan, desk.situation.tracker.down_links)
    return desk.actuator.roll_back(plan, outcome.reason)


def _watch_services(
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
    reason = f"{len(hurt)} services are in breach with everything done that is planned"
    _hand_over(desk, incident_id, "paged", reason)
    return {"hurt_since_s": since, "paged": True}


def _hand_over(desk: Desk, incident_id: str, kind: str, reason: str) -> None:
    """Tell a person what is known of the cause, and where to look."""
    diagnosis = desk.journal.artefact(incident_id, "diagnosis", Diagnosis)
    statement = diagnosis.statement if diagnosis else "no diagnosis was made"
    where = ", ".join(diagnosis.suspected_location) if diagnosis else ""
    desk.tell(
        incident_id,
        kind,
        "supervisor",
        f"{reason}. {statement}. Look at: {where or 'the symptoms'}",
        {"reason": reason, "cause": statement, "location": where},
    )


def _taken_back(desk: Desk, state: IncidentState, plan: Plan, done: Actuation) -> Command[str]:
    """All devices are back: the next remedy; some device is not: a person."""
    note = f"{plan.id} was taken back: {done.reason}"
    desk.tell(plan.incident_id, done.state, "actuator", done.reason)
    if done.state == "quarantined":
        return Command(goto="escalate", update={"note": note})
    if done.state == "returned" and state["attempt"] < MOST_ATTEMPTS:
        # Nobody was there to confirm it, which says nothing against the remedy.
        return Command(goto="returner" if plan.purpose == "return" else "planner")
    return _another(state, plan, note)


def _another(state: IncidentState, plan: Plan, note: str) -> Command[str]:
    """The next best remedy, or a person where attempts are used up or the way back failed."""
    if plan.purpose == "return" or state["attempt"] >= MOST_ATTEMPTS:
        return Command(goto="escalate", update={"note": note})
    used = next(
        (t["remedy"]["id"] for t in state["trials"] if _same_actions(t["remedy"], plan)), ""
    )
    return Command(goto="planner", update={"excluded": [*state["excluded"], used], "note": note})


def _same_actions(remedy: dict[str, Any], plan: Plan) -> bool:
    return Remedy.model_validate(remedy).actions == plan.actions


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
            note = f"the field found nothing to repair for {dispatch_id}"
            return Command(goto="escalate", update={"note": note})
        if report.state != "repaired":
            return _wait_for_repair(desk, state, since)
    if wrong := _wrong_weights(desk, _cause(state)):
        # The field cannot put a weight right, and no plan has: nobody is on it.
        return Command(goto="escalate", update={"note": f"still in force: {', '.join(wrong)}"})
    if _still_wrong(desk, state, incident):
        return _wait_for_repair(desk, state, since)
    desk.tell(incident.id, "repaired", "monitor", "the cause is gone")
    desk.situation.tracker.attribute(incident.id, frozenset())
    waiting = {
        "wait_until_s": now + desk.policy.verification.soak_s,
        "wait_then": "soak",
        "wait_why": "soaking after the repair",
    }
    return Command(goto="soak", update=waiting | {"phase": Phase.SOAKING.value})


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
    hurt = _watch_services(desk, state, state["incident_id"])
    return Command(goto="wait", update=waiting | hurt)


def _still_wrong(desk: Desk, state: IncidentState, incident: Incident) -> bool:
    tracker = desk.situation.tracker
    cause = _cause(state)
    circuits = set(circuits_of(cause))
    if circuits & tracker.down_links:
        return True
    book = tracker.book
    for fault in cause:
        if isinstance(fault, TrafficSpike) and book.is_active(f"traffic_surge:{fault.target}"):
            return True
    return any(
        book.is_active(s.id)
        for s in incident.symptoms
        if s.kind in ("adjacency_down", "silent_loss") and not _idle(desk, s.resource)
    )


def _wrong_weights(desk: Desk, cause: tuple[Fault, ...]) -> list[str]:
    """Weights of the cause that a device runs still."""
    read = desk.situation.network.running
    return [
        f"weight {f.weight} of {f.node} on {f.link}"
        for f in cause
        if isinstance(f, IgpWeightMisconfig)
        and read(f.node).interface(f.link).igp_weight == f.weight
    ]


def _idle(desk: Desk, resource: str) -> bool:
    """An egress that was relieved of its traffic cannot show whether it still loses."""
    if "|" not in resource:
        return False
    node, link = resource.split("|")
    situation = desk.situation
    arc = situation.inventory.topology.arc_of(Interface(node=node, link=link))
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
    return Command(goto="returner" if state.get("temporary_plan_id") else "resolve")


def plan_return(desk: Desk, state: IncidentState) -> Command[str]:
    """Plan the way back of the temporary change, for the state as it is now."""
    situation, incident_id = desk.situation, state["incident_id"]
    temporary = desk.journal.plan(state["temporary_plan_id"])
    running = situation.read_running()
    cause = _cause(state)
    before = healed(believed_state(situation, running, ()), cause)
    attempt = state["attempt"] + 1
    request = PlanRequest(
        incident_id=incident_id,
        attempt=desk.next_plan_number(incident_id),
        purpose="return",
        cause=cause,
        remedy=Remedy(id="return", actions=temporary.way_back, reason="the cause is repaired"),
        reason=f"the cause is repaired: take {temporary.id} out again",
        finished_by=temporary.finished_by,
        state=before,
        known_down=situation.tracker.down_links,
    )
    plan = make_plan(situation, request, desk.clock.now_s())
    if not plan.steps:
        return Command(goto="resolve", update={"note": "nothing of the change is left to take out"})
    desk.journal.record_plan(plan)
    desk.enter(incident_id, Phase.RETURNING)
    desk.tell(incident_id, "planned", "remediator", plan.reason, {"plan": plan.id})
    return Command(goto="approval", update={"plan_id": plan.id, "attempt": attempt})


def resolve(desk: Desk, state: IncidentState) -> Command[str]:
    """Close the incident, and remember it."""
    incident_id = state["incident_id"]
    _close(desk, state, Phase.RESOLVED)
    desk.tell(incident_id, "resolved", "supervisor", "nothing is left wrong or temporary")
    desk.enter(incident_id, Phase.RESOLVED)
    return Command(goto=END, update={"phase": Phase.RESOLVED.value})


def escalate(desk: Desk, state: IncidentState) -> Command[str]:
    """Hand over to a person: what is known of the cause, and where to look."""
    incident_id = state["incident_id"]
    _close(desk, state, Phase.ESCALATED)
    _hand_over(desk, incident_id, "escalated", state.get("note", ""))
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
            cause=" & ".join(cause_id(f) for f in _cause(state)),
            remedy=" and ".join(describe(a) for a in actions) or "nothing",
            worked=phase is Phase.RESOLVED,
        )
    )


def _cause(state: IncidentState) -> tuple[Fault, ...]:
    if not state.get("diagnosis"):
        return ()
    return cause_of(Diagnosis.model_validate(state["diagnosis"]))
