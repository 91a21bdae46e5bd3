"""Nodes that think: each has an agent do its part and keeps what came of it."""

from collections.abc import Sequence
from typing import Any

from langgraph.types import Command

from agents.loop.role import RoleUnfinished
from agents.roles.diagnoser import Diagnoser, DiagnosisAnswer
from agents.roles.formatting import first_of, short
from agents.roles.imaginer import Imaginer
from agents.roles.monitor import EFFECTS, FELT_DROPS
from agents.roles.reader import Reader, line_key, lines_to_read
from agents.roles.remediator import DO_NOTHING, Chooser, Proposer
from agents.roles.supervisor import STAND_BY, legal_targets, supervisor_role
from graphs.desk import Desk
from graphs.field import open_order, send_field
from graphs.live import Live
from graphs.merging import merge_unnamed, same_trouble
from graphs.pages import call_owners, watch_services
from graphs.recovery import MOST_PLANS, RELIEF_S
from graphs.state import IncidentState
from tools.change.calendar import most_devices_of_one
from tools.change.swaps import minds_lost
from twin.errors import NetworkError, Refused
from twin.events.action import Action
from twin.events.fault import Fault
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.diagnosis import (
    LOG_RECORD,
    Diagnosis,
    LogFinding,
    LogRecord,
    cause_text,
    disagreement_text,
)
from twin.nouns.imagined_fault import ImaginedFault
from twin.nouns.incident import Incident, Phase, Symptom
from twin.nouns.plan import Plan, Remedy
from twin.remedies.at_work import reverts, stops
from twin.remedies.believed import believed_state, loss_in_words, outlook, state_ahead
from twin.remedies.holding import held_links, with_links_held
from twin.remedies.plans import PlanRequest, make_plan
from twin.remedies.screening import Screening
from twin.remedies.trials import Trial, after_remedy, simulate
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

DECISION_S = 30.0
"""Thinking is charged to the network's clock at this flat rate per incident (assumed; the playbook
takes a few wall seconds, a language model tens)."""


def acknowledge(desk: Desk, state: IncidentState) -> Command[str]:
    """Take the incident on, and wait until its traces are in clean samples.

    One that was with people is taken on again: nothing is left of how far it had come before, but
    what is on order.
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
    }
    return _wait(ready, "supervisor", "clean samples after convergence", first)


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
        update = _who(run.finished_by)
        reason = desk.words_of("supervisor", run.finished_by, reason)
        desk.tell(incident_id, "routed", "supervisor", f"to {target}: {reason}")
    if (phase, target) in _SENT_BACK:
        update |= {"send_backs": state["send_backs"] + 1}
    if (phase, target) == (Phase.DIAGNOSING, "diagnoser"):
        later = desk.clock.now_s() + LOOK_AGAIN_S
        return _wait(later, "diagnoser", reason, update)
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
                "actions": [a.describe() for a in plan.actions],
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


def diagnose(desk: Desk, state: IncidentState) -> Command[str]:
    """Rank root causes, unless the incident turns out to be part of another."""
    incident = desk.incident(state["incident_id"])
    desk.situation.tracker.attribute(incident.id, ())
    if other := same_trouble(desk, incident):
        return Command(goto="merge", update={"merges_into": other})
    if kept := _cannot_be_measured(desk, state):
        desk.situation.tracker.attribute(incident.id, kept.cause)
        desk.tell(incident.id, "kept", "diagnoser", f"not measurable any more: {kept.statement}")
        return Command(goto="supervisor", update={"phase": Phase.DIAGNOSING.value})
    work = Diagnoser(desk.situation, incident, read_logs(desk, incident))
    try:
        run = desk.play_on(incident.id, work.role(), work.task(), _names_cause, "it named no cause")
    except RoleUnfinished as exc:
        return Command(goto="escalate", update={"note": str(exc)})
    diagnosis = work.diagnosis(run.answer, run.finished_by)
    if desk.is_foreign("diagnoser", run.finished_by):
        # People are sent out, and woken, by this text: what was measured comes before any words.
        words = desk.words_of("diagnoser", run.finished_by, diagnosis.statement)
        told = f"{cause_text(diagnosis)}; {words}"
        diagnosis = diagnosis.model_copy(update={"statement": told})
    desk.situation.tracker.set_running(work.running)
    desk.situation.tracker.attribute(incident.id, diagnosis.cause)
    if diagnosis.cause:
        merge_unnamed(desk, incident)
    desk.enter(incident.id, Phase.DIAGNOSING)
    desk.snapshot(incident.id, "during")
    desk.journal.put_artefact(incident.id, "diagnosis", diagnosis)
    desk.tell(incident.id, "diagnosed", "diagnoser", diagnosis.statement)
    call_owners(desk, incident.id, diagnosis.work or {})
    if diagnosis.disagreement is not None:
        told = disagreement_text(diagnosis.disagreement)
        desk.tell(incident.id, "disagreed", "diagnoser", told)
    return Command(
        goto="supervisor",
        update=_who(run.finished_by)
        | {"phase": Phase.DIAGNOSING.value, "diagnosis": diagnosis.model_dump(mode="json")},
    )


def _cannot_be_measured(desk: Desk, state: IncidentState) -> Diagnosis | None:
    """What was found before, where the egresses that it is about carry nothing any more: what would
    show it cannot be looked at again.
    """
    if not state.get("diagnosis"):
        return None
    known = Diagnosis.model_validate(state["diagnosis"])
    lossy = [f for f in known.cause if f.kind == "silent_egress_packet_loss"]
    if not lossy or len(lossy) < len(known.cause):
        return None
    live = Live(desk)
    return known if all(live.is_relieved(r) for f in lossy for r in f.resources) else None


def _names_cause(answer: DiagnosisAnswer) -> bool:
    return answer.verdict in ("found", "ambiguous")


def read_logs(desk: Desk, incident: Incident) -> tuple[LogFinding, ...]:
    """What devices logged around the incident and code does not understand, as a reader read it.

    Nobody is asked where there is no such line that was not read before. Without a reader the
    diagnosis goes on: what it rests on are measurements.
    """
    before = desk.journal.artefact(incident.id, LOG_RECORD, LogRecord) or LogRecord()
    lines = lines_to_read(desk.situation.tracker, incident, before.read)
    if not lines:
        return before.findings
    work = Reader(lines, incident.onset_s)
    try:
        run = desk.play(incident.id, work.role(), work.task())
    except RoleUnfinished as exc:
        desk.tell(incident.id, "log_unread", "reader", str(exc))
        return before.findings
    found = work.findings(run.answer, run.finished_by)
    record = LogRecord(
        findings=(*before.findings, *found),
        read=(*before.read, *(line_key(k.line) for k in lines)),
    )
    # Together: what was read is not read again, so what it said is told now or never.
    with desk.journal.transaction():
        desk.journal.put_artefact(incident.id, LOG_RECORD, record)
        text = f"{len(found)} findings in {len(lines)} log lines"
        desk.tell(incident.id, "log_read", "reader", text)
        for finding in found:
            if finding.kind == "suspicious_instruction":
                text = f"{finding.node} logged words that want to be obeyed, and nobody did: "
                desk.tell(incident.id, "suspicious", "reader", text + finding.quote)
    return record.findings


def propose(desk: Desk, state: IncidentState) -> Command[str]:
    """Send the field out, and have the remediator propose what to simulate."""
    incident_id = state["incident_id"]
    update: dict[str, Any] = {} if state.get("dispatch_id") else send_field(desk, state)
    cause = Diagnosis.model_validate(state["diagnosis"]).cause
    running = desk.situation.read_running()
    wrong = reverts(desk.situation, running, cause)
    screening = _screening(desk, desk.incident(incident_id), cause, running, wrong)
    work = Proposer(screening, cause, wrong)
    again = state.get("proposes_again", False)
    try:
        run = desk.play(incident_id, work.role(), work.task(), ours=again)
    except RoleUnfinished as exc:
        return Command(goto="escalate", update=update | {"note": str(exc)})
    known = [Remedy.model_validate(r) for r in state["remedies"]] if again else []
    remedies = work.remedies(run.answer, known)
    desk.enter(incident_id, Phase.PROPOSING)
    desk.tell(
        incident_id, "proposed", "remediator", f"{len(remedies)} remedies, doing nothing included"
    )
    return Command(
        goto="supervisor",
        update=update
        | _who(run.finished_by)
        | {
            "phase": Phase.PROPOSING.value,
            "remedies": [r.model_dump(mode="json") for r in remedies],
            "proposed_by": run.finished_by,
        },
    )


def _screening(
    desk: Desk,
    incident: Incident,
    cause: tuple[Fault, ...],
    running: NetworkConfiguration,
    wrong: Sequence[tuple[Action, ...]],
) -> Screening:
    """`wrong`: sets of actions that put a wrong configuration right."""
    situation = desk.situation
    others = (a for f in cause if not f.in_configuration for a in f.remedies())
    sets = [*wrong, *(actions for _, actions in stops(situation, running))]
    alone = (actions[0] for actions in sets if len(actions) == 1)
    return Screening(
        situation.twin,
        believed_state(situation, running, cause),
        outlook(situation, incident.onset_s),
        extra=tuple(dict.fromkeys((*others, *alone))),
        together=[actions for actions in sets if len(actions) > 1],
        at_work={x: w.id for w in situation.tracker.work_under_way for x in w.links},
        least_limit_share=1.0 - desk.policy.actions.max_rate_limit_fraction,
        uncertainty=situation.uncertainty,
        seed=situation.seed,
    )


def imagine(desk: Desk, state: IncidentState) -> Command[str]:
    """Have the imaginer say what fails next."""
    incident_id, situation = state["incident_id"], desk.situation
    cause = Diagnosis.model_validate(state["diagnosis"]).cause
    ahead = state_ahead(situation, situation.read_running(), cause)
    remedies = [Remedy.model_validate(r) for r in state["remedies"]]
    intended = situation.inventory.intended
    work = Imaginer(situation, ahead, [(r, after_remedy(ahead, r, intended)) for r in remedies])
    try:
        run = desk.play(incident_id, work.role(), work.task())
    except RoleUnfinished as exc:
        return Command(goto="escalate", update={"note": str(exc)})
    scenarios = [
        ImaginedFault(
            id=s.exposure,
            probability=s.probability,
            why=s.why,
            fault=work.exposures[s.exposure].fault,
            max_utilisation=work.exposures[s.exposure].max_utilisation,
        )
        for s in run.answer.scenarios
    ]
    kept = [s.model_dump(mode="json") for s in scenarios]
    desk.enter(incident_id, Phase.IMAGINING)
    desk.journal.put_artefact(incident_id, "scenarios", kept)
    names = ", ".join(s.id for s in scenarios) or "nothing"
    desk.tell(incident_id, "imagined", "imaginer", f"what may fail next: {names}")
    return Command(
        goto="supervisor",
        update=_who(run.finished_by) | {"phase": Phase.IMAGINING.value, "scenarios": kept},
    )


def simulate_trials(desk: Desk, state: IncidentState) -> Command[str]:
    """Try every remedy in every scenario on the twin; thinking time is charged here."""
    incident_id, situation = state["incident_id"], desk.situation
    cause = Diagnosis.model_validate(state["diagnosis"]).cause
    running = situation.read_running()
    remedies = [Remedy.model_validate(r) for r in state["remedies"]]
    imagined = [ImaginedFault.model_validate(s) for s in state["scenarios"]]
    scenarios = {s.id: (s.fault, s.probability) for s in imagined}
    now = believed_state(situation, running, cause)
    onset_s = desk.incident(incident_id).onset_s
    trials = simulate(situation, now, outlook(situation, onset_s), remedies, scenarios)
    desk.enter(incident_id, Phase.SIMULATING)
    desk.journal.put_artefact(incident_id, "trials", [t.model_dump(mode="json") for t in trials])
    count = len(trials) * (1 + len(scenarios))
    desk.tell(incident_id, "simulated", "simulator", f"{count} forecasts of {len(trials)} remedies")
    done = {
        "phase": Phase.SIMULATING.value,
        "trials": [t.model_dump(mode="json") for t in trials],
    }
    return _wait(desk.clock.now_s() + DECISION_S, "supervisor", "thinking", done)


def plan(desk: Desk, state: IncidentState) -> Command[str]:
    """Choose among the trials, and make the plan for the state as it is now."""
    incident_id, situation = state["incident_id"], desk.situation
    trials = [Trial.model_validate(t) for t in state["trials"]]
    stopping = [a for _, actions in stops(situation, situation.read_running()) for a in actions]
    work = Chooser(trials, state["excluded"], stopping)
    cause = Diagnosis.model_validate(state["diagnosis"]).cause
    wrong = any(fault.in_configuration for fault in cause)
    try:
        run = desk.play_on(
            incident_id,
            work.role(),
            work.task(),
            lambda answer: answer.remedy != DO_NOTHING or not wrong,
            "it would leave a wrong configuration in force",
        )
    except RoleUnfinished as exc:
        return Command(goto="escalate", update={"note": str(exc)})
    trial = next(t for t in trials if t.remedy.id == run.answer.remedy)
    if not trial.remedy.actions and (mind := _proposed_nothing_good(desk, state, trials, wrong)):
        own = desk.minds.ours("remediator")[0].name
        why = "nothing that it proposed beats doing nothing"
        desk.overrule(incident_id, "remediator", mind, own, why)
        return Command(goto="remediator", update={"proposes_again": True})
    believed = believed_state(situation, situation.read_running(), cause)
    remedy = with_links_held(trial, cause, believed, most_devices_of_one(desk.policy))
    granted = loss_in_words(situation, believed)
    request = PlanRequest(
        incident_id=incident_id,
        attempt=desk.next_plan_number(incident_id),
        purpose="mitigate",
        cause=cause,
        remedy=remedy,
        reason="; ".join(filter(None, (run.answer.reason, granted))),
        finished_by=run.finished_by,
        state=believed,
        known_down=situation.tracker.down_links,
        needs_person=minds_lost(desk.journal, incident_id),
        past=desk.past_outcomes(),
    )
    made = make_plan(situation, request, desk.clock.now_s())
    if state.get("relief_s", 0.0) and made.steps and not _heals(made):
        told = "no further change is forecast to bring a service back within its objective"
        desk.tell(incident_id, "no_relief", "remediator", told)
        return Command(goto="repair", update={"note": told})
    desk.journal.record_plan(made)
    attempt = state["attempt"] + bool(made.steps)
    if refusal := _refusal(desk, made):
        desk.tell(incident_id, "refused", "gate", refusal)
        return Command(
            goto="planner" if attempt < MOST_PLANS else "escalate",
            update={
                "excluded": [*state["excluded"], remedy.id],
                "attempt": attempt,
                "note": refusal,
            },
        )
    desk.enter(incident_id, Phase.PLANNING)
    told = made.reason
    if desk.is_foreign("remediator_choice", run.finished_by):
        words = desk.words_of("remediator_choice", run.finished_by, run.answer.reason)
        done = "; ".join(a.describe() for a in made.actions) or "nothing is changed"
        told = "; ".join(filter(None, (done, words, granted)))
    if held := held_links(made):
        told = f"{told}; {', '.join(held)} is to come back drained, and is soaked first"
    desk.tell(incident_id, "planned", "remediator", told, {"plan": made.id})
    return Command(
        goto="supervisor",
        update=_who(run.finished_by)
        | {"phase": Phase.PLANNING.value, "plan_id": made.id, "attempt": attempt},
    )


def _heals(plan: Plan) -> bool:
    """Whether a service is expected back within its objective, besides what is in force already."""
    after, now = plan.forecast.breached_services, plan.do_nothing.breached_services
    return after.median <= now.median - 1.0


def _proposed_nothing_good(
    desk: Desk, state: IncidentState, trials: Sequence[Trial], wrong: bool
) -> str:
    """The foreign mind that left only doing nothing, "" for none.

    Only where that costs something, or leaves a configuration `wrong`. Our own mind is asked once
    in an incident what it would try instead.
    """
    mind = state.get("proposed_by", "")
    if state.get("proposes_again", False) or not desk.is_foreign("remediator", mind):
        return ""
    nothing = next(t for t in trials if t.remedy.id == DO_NOTHING)
    return mind if wrong or nothing.cost > 0 else ""


def _refusal(desk: Desk, plan: Plan) -> str:
    """Why the gate would refuse a plan before anybody is asked, "" if it would not."""
    if not plan.steps:
        return ""
    try:
        desk.actuator.rehearse(plan, desk.situation.tracker.down_links)
    except (Refused, NetworkError) as exc:
        return str(exc)
    return ""


def _who(finished_by: str) -> dict[str, Any]:
    return {"finished_by": finished_by}


def _wait(until_s: float, then: str, why: str, update: dict[str, Any]) -> Command[str]:
    waiting = {"wait_until_s": until_s, "wait_then": then, "wait_why": why}
    return Command(goto="wait", update=update | waiting)
