"""Nodes that take an incident on and route it."""

from typing import Any

from langgraph.types import Command

from agents.loop.role import RoleUnfinished
from agents.roles.formatting import first_of, short
from agents.roles.monitor import EFFECTS, FELT_DROPS
from agents.roles.supervisor import STAND_BY, legal_targets, supervisor_role
from graphs.bounds import RELIEF_S
from graphs.desk import Desk
from graphs.field import open_order
from graphs.pages import watch_services
from graphs.returning import is_left_over
from graphs.state import IncidentState, waiting
from twin.events.action import in_words
from twin.nouns.diagnosis import (
    Diagnosis,
)
from twin.nouns.incident import Incident, Phase, Symptom
from twin.tracking.tracker import CONVERGENCE_S

CLEAN_ROUNDS_S = 75.0
"""Two counter rounds after convergence (they come every 30 s), and a little for late polls."""

SHOWN_AFTER_S = 90.0
"""Services are judged by three probe rounds: for so long they show what was before routing changed.
"""

_LATELY_S = 7200.0
"""What comes back within so long comes and goes (assumed)."""

_NONE = Diagnosis(verdict="unknown", hypotheses=(), statement="")

LOOK_AGAIN_S = 150.0
"""Work that is sent back waits for more data: two such waits see at least one new flow record."""


def acknowledge(desk: Desk, state: IncidentState) -> Command[str]:
    """Take the incident on, and wait until its traces are in clean samples.

    One that was with people is taken on again: nothing is left of how far it had come before, but
    what is on order. Where its cause is gone, it goes on where that is seen.
    """
    incident = desk.incident(state["incident_id"])
    desk.enter(incident.id, Phase.DETECTED)
    _undo_what_is_forgotten(desk, incident.id)
    desk.tell(incident.id, "acknowledged", "supervisor", f"took on: {incident.title}")
    desk.snapshot(incident.id, "before", incident.onset_s)
    ready = max(incident.onset_s + CONVERGENCE_S + CLEAN_ROUNDS_S, desk.clock.now_s())
    first = {
        "phase": Phase.DETECTED.value,
        "send_backs": 0,
        "attempt": 0,
        "excluded": [],
        "proposes_again": False,
        "dispatch_id": open_order(desk, incident.id),
        "paged": False,
        "relief_s": 0.0,
        "lingers_since_s": 0.0,
        "hand_over": "",
        "wait_kind": "wait",
        "held_back": "",
    }
    if incident.risk:
        return waiting(
            desk.clock.now_s(), "foresee", "the next step", {**first, "risk": incident.risk}
        )
    if is_left_over(desk, incident.id):
        known = desk.journal.artefact(incident.id, "diagnosis", Diagnosis) or _NONE
        first["diagnosis"] = known.model_dump(mode="json")
        return waiting(desk.clock.now_s(), "repair", "what was changed is taken out", first)
    return waiting(ready, "supervisor", "clean samples after convergence", first)


def _undo_what_is_forgotten(desk: Desk, incident_id: str) -> None:
    """Take back what an earlier thread of this incident left unconfirmed, its checkpoints lost."""
    for plan in desk.journal.plans(incident_id):
        left = desk.actuator.reconcile(plan)
        if left is not None and left.state == "committed":
            desk.actuator.roll_back(plan, "the thread that committed it is lost")


def supervise(desk: Desk, state: IncidentState) -> Command[str]:
    """Let the supervisor choose among what is legal; with one legal target nobody is asked."""
    incident_id, phase = state["incident_id"], Phase(state["phase"])
    facts = _facts(desk, state)
    targets = legal_targets(phase, state["send_backs"], facts)
    update: dict[str, Any] = {}
    if len(targets) == 1:
        target, reason = targets[0], "the only way on"
    else:
        role, task = supervisor_role(targets), {"phase": phase.value, "facts": facts}
        try:
            run = desk.play_on(
                incident_id,
                role,
                task,
                lambda answer: answer.next != "escalate",
                f"it would hand over after {phase.value}",
            )
        except RoleUnfinished as exc:
            return Command(goto="escalate", update={"note": str(exc)})
        target, reason = run.answer.next, run.answer.reason
        update = {"finished_by": run.finished_by}
        reason = desk.words_of("supervisor", run.finished_by, reason)
        desk.tell(incident_id, "routed", "supervisor", f"to {target}: {reason}")
    if (phase, target) in _SENT_BACK:
        update |= {"send_backs": state["send_backs"] + 1}
    if (phase, target) == (Phase.DIAGNOSING, "diagnoser"):
        later = desk.clock.now_s() + LOOK_AGAIN_S
        return waiting(later, "diagnoser", reason, update)
    if target == STAND_BY:
        # Nothing more is done until the repair: whoever is hurt meanwhile is for people to know.
        update |= watch_services(desk, state, incident_id, at_once=True)
    goto = "repair" if target == STAND_BY else target
    return Command(goto=goto, update=update | {"note": reason})


_SENT_BACK = {(Phase.DIAGNOSING, "diagnoser"), (Phase.SIMULATING, "remediator")}

_TOLD_UNEXPLAINED = 6


def _facts(desk: Desk, state: IncidentState) -> dict[str, Any]:
    """Numbers and names of ours: what a mind worded (statements, reasons) is told to no other."""
    match Phase(state["phase"]):
        case Phase.DIAGNOSING:
            diagnosis = Diagnosis.model_validate(state["diagnosis"])
            best = diagnosis.hypotheses[0] if diagnosis.hypotheses else None
            # Its symptoms as they are now.
            desk.enter(state["incident_id"], Phase.DIAGNOSING)
            incident = desk.incident(state["incident_id"])
            seen = [s for s in incident.symptoms if s.active]
            return {
                "verdict": diagnosis.verdict,
                "looks": state["send_backs"] + 1,
                "seen": len(seen) or len(desk.situation.tracker.services.in_breach_now),
                "came_before": _came_before(desk, incident),
                "hurts": sum(_hurts(s, desk.clock.now_s()) for s in incident.symptoms),
                "best": best.id if best else "",
                "probability": short(best.probability) if best else 0,
                "unexplained": first_of(best.unexplained, _TOLD_UNEXPLAINED) if best else [],
            }
        case Phase.SIMULATING:
            return {"costs": {t["remedy"]["id"]: short(t["cost"]) for t in state["trials"]}}
        case Phase.PLANNING:
            plan, tracker = desk.journal.plan(state["plan_id"]), desk.situation.tracker
            return {
                "do_nothing": not plan.actions,
                "left_in_breach": plan.forecast.breached_services.median,
                "in_breach_now": len(tracker.services.in_breach_now),
                "repair_ordered": bool(state.get("dispatch_id")),
                "settling": tracker.now_s < tracker.settled_s + SHOWN_AFTER_S,
                "actions": list(in_words(plan.actions)),
            }
        case _:
            return {}


def _came_before(desk: Desk, incident: Incident) -> int:
    """How many incidents without a cause were about the same, lately: what comes and goes is not
    over because it is not seen at the moment.
    """
    mine = {s.id for s in incident.symptoms if s.kind not in EFFECTS}
    since_s = incident.detected_s - _LATELY_S
    return sum(
        not mine.isdisjoint(s.id for s in record.incident.symptoms)
        for record in desk.journal.incidents(network=incident.network, phases={Phase.RESOLVED})
        if since_s <= record.incident.detected_s < incident.detected_s
        and not (desk.journal.artefact(record.incident.id, "diagnosis", Diagnosis) or _NONE).cause
    )


def _hurts(symptom: Symptom, now_s: float) -> bool:
    """Whether traffic is lost, or an objective broken; one that comes and goes is broken still."""
    if symptom.kind == "service_breach":
        return now_s - symptom.last_seen_s < RELIEF_S
    return symptom.active and symptom.kind == "queue_drops" and symptom.magnitude >= FELT_DROPS
