"""Nodes that ask, change and check: approval, actuation, verification.

A node with an interrupt does nothing before it that may not be done twice: LangGraph runs the node
from its top when it resumes. The node that actuates asks the devices first how far it had come.
"""

from typing import Any

from langgraph.types import Command, interrupt

from graphs.bounds import MOST_ATTEMPTS, MOST_PLANS
from graphs.desk import Desk, outcome_name
from graphs.field import send_field
from graphs.pages import hand_over, page_again, watch_services
from graphs.returning import wait_to_return
from graphs.state import IncidentState
from tools.change.actuation import Actuation
from tools.change.refusals import (
    AnsweredOutOfTime,
    ApprovalExpired,
    ChangeFrozen,
    ClockInDoubt,
    DuringPlannedWork,
    OutsideWindow,
    SignedBefore,
    StaleState,
    WatchImpaired,
)
from tools.change.swaps import minds_lost
from tools.journal.errors import DeviceBusy, LeaseHeld, LeaseLost, UnknownPlan
from tools.journal.records import ApprovalRequest, Quarantine
from twin.errors import NetworkError, Refused
from twin.nouns.counted import counted
from twin.nouns.incident import Phase
from twin.nouns.plan import Outcome, Plan, Remedy
from twin.remedies.holding import held_links, only_holds
from twin.remedies.steps import change_id
from twin.remedies.verification import judge
from twin.tracking.tracker import CONVERGENCE_S

_BEFORE_S = 300.0
"""What services were like before a change is measured over five minutes of the trouble at most."""

_OVERTAKEN = (
    StaleState,
    DeviceBusy,
    OutsideWindow,
    ChangeFrozen,
    DuringPlannedWork,
    SignedBefore,
)
"""Refusals that say nothing against a plan but that it, or its approval, is out of date."""

_IMPAIRED = (WatchImpaired, ClockInDoubt)
"""Refusals that say nothing against a plan: it is carried out once they are over."""

_OUTLASTED = (ApprovalExpired, AnsweredOutOfTime)
"""What becomes of an approval while its plan is held back."""

_LOOK_AGAIN_S = 60.0


def wait(_: Desk, state: IncidentState) -> Command[str]:
    """Interrupt until `wait_until_s`; whoever resumes has checked the clock.

    Resumed with what a look has led to ("goto", "update"), it goes on there.
    """
    kind = state.get("wait_kind") or "wait"
    seen = interrupt({"kind": kind, "until_s": state["wait_until_s"], "why": state["wait_why"]})
    if isinstance(seen, dict):
        return Command(goto=seen["goto"], update=seen["update"])
    return Command(goto=state["wait_then"], update={"wait_kind": "wait"})


def await_approval(desk: Desk, state: IncidentState) -> Command[str]:
    """Ask for an approval, and go by the journal's row, never by the value of the resume."""
    plan = desk.journal.plan(state["plan_id"])
    request = _ask(desk, plan)
    if _was_held_back(state, plan) and request.approval and request.approval.decision == "approve":
        return Command(goto="actuator")
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
            page_again(desk, plan, now - request.requested_s)
        return Command(goto="approval")
    request = desk.journal.expire_request(plan.id, now)
    if request.approval is None:
        if only_holds(plan):
            return _let_be(desk, plan, "nobody answered in time")
        return _give_up(state, plan, f"nobody answered about {plan.id} in time")
    answer = request.approval
    why = answer.reason or "no reason given"
    desk.tell(plan.incident_id, "answered", answer.by.name, f"{answer.decision}: {why}")
    if answer.decision == "approve":
        return Command(goto="actuator")
    note = f"{answer.by.name} rejected {plan.id}: {why}"
    if plan.purpose == "return":
        # Whoever wants the change to stay has it from now on.
        return Command(goto="escalate", update={"note": note})
    return _another(desk, state, plan, note, answer.instead)


def _ask(desk: Desk, plan: Plan) -> ApprovalRequest:
    """The request about `plan`; asking twice is asking once."""
    now = desk.clock.now_s()
    try:
        return desk.journal.approval_request(plan.id, now)
    except UnknownPlan:
        needs = desk.actuator.needs(plan, desk.situation.tracker.down_links)
    # A mind may also be lost between the plan and the asking, when it decides whether to ask.
    person = needs.person or minds_lost(desk.journal, plan.incident_id)
    with desk.journal.transaction():
        if person:
            text = f"only a person may approve {plan.id}: {person}"
            desk.tell(plan.incident_id, "person_needed", "gate", text, {"plan": plan.id})
        request = desk.journal.request_approval(
            plan,
            now,
            now + desk.policy.approval.expires_after_s,
            approvers_needed=needs.approvers,
            overrides_needed=needs.overrides,
            needs_person=person,
        )
        minutes = desk.policy.approval.expires_after_s / 60
        text = f"{plan.id} waits for an answer, for {minutes:.0f} min at most"
        desk.tell(plan.incident_id, "asked", "gate", text, {"plan": plan.id})
        return request


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
    except _IMPAIRED as exc:
        return _hold_back(desk, state, plan, exc, "approval")
    except (*_OVERTAKEN, *_OUTLASTED) as exc:
        if isinstance(exc, _OUTLASTED) and not _was_held_back(state, plan):
            return _refused(desk, plan, exc)
        desk.tell(plan.incident_id, "refused", "gate", str(exc))
        if only_holds(plan):
            return _let_be(desk, plan, "it was refused")
        if _is_out_of_attempts(desk, state, plan):
            return _give_up(state, plan, str(exc))
        # The network, or what may be done when, changed under the plan: look again.
        return Command(goto="returner" if plan.purpose == "return" else "diagnoser")
    except (LeaseHeld, LeaseLost):
        raise  # It goes on in the process that has it now.
    except (Refused, NetworkError) as exc:
        return _refused(desk, plan, exc)
    if done.state == "confirmed":
        return Command(goto="verifier", update={"committed_s": _committed_s(desk, done)})
    if done.state != "committed":
        return _taken_back(desk, state, plan, done)
    committed_s = _committed_s(desk, done)
    desk.tell(
        plan.incident_id,
        "committed",
        "actuator",
        f"{counted(len(plan.steps), 'device')}, unconfirmed",
    )
    tracker.set_running(desk.situation.read_running(), [s.node for s in plan.steps])
    waiting = {
        "wait_until_s": committed_s + desk.policy.verification.window_s,
        "wait_then": "verifier",
        "wait_why": "samples after the change",
        "committed_s": committed_s,
    }
    return Command(goto="wait", update=waiting)


def _refused(desk: Desk, plan: Plan, why: Exception) -> Command[str]:
    """A person takes over."""
    desk.tell(plan.incident_id, "refused", "gate", str(why))
    return Command(goto="escalate", update={"note": str(why)})


def _hold_back(
    desk: Desk, state: IncidentState, plan: Plan, why: Refused, then: str
) -> Command[str]:
    """Wait until nothing is wrong with the watch itself, and try again."""
    held = f"{plan.id} {why.rule}"
    if state.get("held_back") != held:
        desk.tell(plan.incident_id, "held_back", "gate", str(why), {"plan": plan.id})
    waiting = {
        "wait_until_s": desk.clock.now_s() + _LOOK_AGAIN_S,
        "wait_then": then,
        "wait_why": f"the end of {why.rule}",
        "wait_kind": "well",
        "held_back": held,
    }
    return Command(goto="wait", update=waiting)


def _was_held_back(state: IncidentState, plan: Plan) -> bool:
    return state.get("held_back", "").partition(" ")[0] == plan.id


def _committed_s(desk: Desk, done: Actuation) -> float:
    """Since when the change has been in force on all devices."""
    return desk.clock.now_s() if done.committed_at_s is None else done.committed_at_s


def verify(desk: Desk, state: IncidentState) -> Command[str]:
    """Confirm what left nobody worse off; roll back the rest."""
    plan = desk.journal.plan(state["plan_id"])
    tracker = desk.situation.tracker
    desk.enter(plan.incident_id, Phase.VERIFYING)
    try:
        # A device may have returned while nobody watched, or an earlier run have been cut off.
        done = desk.actuator.reconcile(plan)
        if done is None or done.state == "committed":
            desk.actuator.require_well(plan.id)
        outcome = _outcome(desk, state, plan)
        if done is None or done.state == "committed":
            done = _decide(desk, plan, outcome)
    except _IMPAIRED as exc:
        # The device goes back by itself, unless this is over before its timer is.
        return _hold_back(desk, state, plan, exc, "verifier")
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
    if state.get("risk"):
        return Command(goto="settle", update={"note": ""})
    if plan.purpose == "return":
        if why := state.get("hand_over"):
            return Command(goto="escalate", update={"note": why})
        return Command(goto="last_look")
    desk.snapshot(plan.incident_id, "after")
    _hold_suspects(desk, plan)
    if not plan.cause:
        # It is taken out again once the twin, and then the network, bear that; why it was needed
        # is for a person to find.
        hand_over(desk, plan.incident_id, "paged", f"no cause is known; {plan.id} relieves it")
    hurt = watch_services(desk, state, plan.incident_id, at_once=True)
    waiting = {"waiting_since_s": desk.clock.now_s()}
    return Command(goto="repair", update=hurt | waiting)


def _hold_suspects(desk: Desk, plan: Plan) -> None:
    """Devices that only a person may judge are kept from every plan, whatever they run now."""
    for fault in plan.cause:
        if not (why := fault.needs_person()):
            continue
        for node in fault.configured_nodes:
            network, now_s = desk.situation.network.name, desk.clock.now_s()
            held = Quarantine(network=network, node=node, since_s=now_s, reason=why)
            with desk.journal.transaction():
                desk.journal.quarantine(held)
                text = f"{node} is in quarantine: {why}; lift the quarantine when it is trusted"
                desk.tell(plan.incident_id, "page", "supervisor", text, {"node": node})


def _outcome(desk: Desk, state: IncidentState, plan: Plan) -> Outcome:
    """What came of the plan; once decided by, it stays as it was."""
    name = outcome_name(plan.id)
    if known := desk.journal.artefact(plan.incident_id, name, Outcome):
        return known
    committed = state["committed_s"]
    # What was well before the trouble began says nothing about the trouble.
    began_s = desk.incident(plan.incident_id).onset_s + CONVERGENCE_S
    outcome = judge(
        desk.situation.tracker,
        plan,
        before_s=max(committed - _BEFORE_S, began_s),
        changed_s=committed,
        after_s=committed + CONVERGENCE_S,
        now_s=desk.clock.now_s(),
    )
    if _is_more_relief(state, plan) and outcome.kept and not outcome.healed_services:
        told = f"no service is better for it; {outcome.reason}"
        outcome = outcome.model_copy(update={"kept": False, "reason": told})
    desk.journal.put_artefact(plan.incident_id, name, outcome)
    return outcome


def _is_more_relief(state: IncidentState, plan: Plan) -> bool:
    """Whether it was to bring services back besides what is in force until the repair."""
    return plan.purpose == "mitigate" and state.get("relief_s", 0.0) > 0.0


def _decide(desk: Desk, plan: Plan, outcome: Outcome) -> Actuation:
    if outcome.kept:
        return desk.actuator.confirm(plan, desk.situation.tracker.down_links)
    return desk.actuator.roll_back(plan, outcome.reason)


def _taken_back(desk: Desk, state: IncidentState, plan: Plan, done: Actuation) -> Command[str]:
    """All devices are back: the next remedy; some device is not: a person."""
    note = f"{plan.id} was taken back: {done.reason}"
    desk.tell(plan.incident_id, done.state, "actuator", done.reason, {"plan": plan.id})
    if done.state == "quarantined":
        return Command(goto="escalate", update={"note": note})
    if done.state == "returned" and state["attempt"] < MOST_ATTEMPTS:
        # Nobody was there to confirm it, which says nothing against the remedy.
        return Command(goto="returner" if plan.purpose == "return" else "planner")
    return _another(desk, state, plan, note)


def _another(
    desk: Desk, state: IncidentState, plan: Plan, note: str, wanted: str = ""
) -> Command[str]:
    """The remedy that is `wanted`, or the next best; after a way back that failed, the field, or
    another time; then a person.
    """
    if only_holds(plan):
        return _let_be(desk, plan, note)
    if plan.purpose == "return":
        return _return_later(desk, state, plan, note)
    if _is_more_relief(state, plan) or state["attempt"] >= MOST_ATTEMPTS:
        return _give_up(state, plan, note)
    used = next(
        (t["remedy"]["id"] for t in state["trials"] if _same_actions(t["remedy"], plan)), ""
    )
    excluded = [*state["excluded"], used]
    return Command(goto="planner", update={"excluded": excluded, "note": note, "wanted": wanted})


def _return_later(desk: Desk, state: IncidentState, plan: Plan, note: str) -> Command[str]:
    """What is temporary is needed still: the repair is not well, or demand has not fallen."""
    if _is_out_of_attempts(desk, state, plan):
        return Command(goto="escalate", update={"note": note})
    sent = send_field(desk, state)
    if not sent:
        return wait_to_return(desk, state, plan, note)
    desk.situation.tracker.attribute(plan.incident_id, plan.cause)
    return Command(goto="repair", update={"note": note, **sent})


def _is_out_of_attempts(desk: Desk, state: IncidentState, plan: Plan) -> bool:
    """Whether a plan that was overtaken is the last. What is temporary is to be taken out, and that
    the network has changed meanwhile says nothing against that.
    """
    if plan.purpose == "return":
        return len(desk.journal.plans(plan.incident_id)) >= MOST_PLANS
    return state["attempt"] >= MOST_ATTEMPTS


def _give_up(state: IncidentState, plan: Plan, note: str) -> Command[str]:
    """A person takes over; that there is no more relief is no reason to stop waiting."""
    goto = "repair" if _is_more_relief(state, plan) else "escalate"
    return Command(goto=goto, update={"note": note})


def _let_be(desk: Desk, plan: Plan, why: str) -> Command[str]:
    """Wait for the repair without holding the link back: nobody suffers from that."""
    told = f"{', '.join(held_links(plan))} comes back with its traffic: {why}"
    desk.tell(plan.incident_id, "not_held", "supervisor", told, {"plan": plan.id})
    return Command(goto="repair", update={"note": told})


def _same_actions(remedy: dict[str, Any], plan: Plan) -> bool:
    """Whether it is the plan's remedy, links that are held back left out."""
    actions = Remedy.model_validate(remedy).actions
    return plan.actions[: len(actions)] == actions and len(plan.actions) == len(actions) + len(
        held_links(plan)
    )
