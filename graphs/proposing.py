"""Nodes that propose, imagine, simulate and plan: each has an agent do its part."""

from collections.abc import Sequence
from typing import Any

from langgraph.types import Command

from agents.loop.role import RoleUnfinished
from agents.roles.imaginer import Imaginer
from agents.roles.remediator import DO_NOTHING, Choice, Chooser, Proposer
from agents.roles.situation import Situation
from graphs.bounds import MOST_PLANS
from graphs.desk import Desk, outcome_name
from graphs.field import expected_repair, send_field
from graphs.guiding import guided
from graphs.next_failures import foretell
from graphs.state import IncidentState, waiting
from tools.change.calendar import most_devices_of_one
from tools.change.swaps import minds_lost
from twin.errors import NetworkError, Refused
from twin.events.action import Action, in_words
from twin.events.fault import Fault
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.counted import counted
from twin.nouns.diagnosis import (
    Diagnosis,
)
from twin.nouns.guidance import Guidance
from twin.nouns.imagined_fault import ImaginedFault
from twin.nouns.incident import Incident, Phase
from twin.nouns.plan import Outcome, Plan, Remedy
from twin.nouns.service_impact import SERVICE_IMPACT, ServiceImpact
from twin.nouns.state import NetworkState
from twin.remediation.evening import QUARTERS
from twin.remediation.situation import Situation as Evening
from twin.remedies.at_work import reverts, stops
from twin.remedies.believed import believed_state, loss_in_words, outlook, state_ahead
from twin.remedies.holding import held_links, with_links_held
from twin.remedies.plans import PlanRequest, make_plan
from twin.remedies.screening import Screening
from twin.remedies.trials import Trial, after_remedy, breaking, simulate
from twin.remedies.untouched import touched

PERSON = "a person"
"""Whose choice a remedy is that somebody has asked for in place of a plan."""

DECISION_S = 30.0
"""Thinking is charged to the network's clock at this flat rate per incident (assumed; the playbook
takes a few wall seconds, a language model tens)."""


def propose(desk: Desk, state: IncidentState) -> Command[str]:
    """Send the field out, and have the remediator propose what to simulate."""
    incident_id = state["incident_id"]
    update: dict[str, Any] = dict(send_field(desk, state))
    cause = Diagnosis.model_validate(state["diagnosis"]).cause
    running = desk.situation.read_running()
    wrong = reverts(desk.situation, running, cause)
    guidance = guided(desk, incident_id)
    screening = _screening(desk, desk.incident(incident_id), cause, running, wrong, guidance)
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
        incident_id,
        "proposed",
        "remediator",
        f"{counted(len(remedies), 'remedy', 'remedies')}, doing nothing included",
    )
    return Command(
        goto="supervisor",
        update=update
        | {
            "finished_by": run.finished_by,
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
    guidance: Guidance,
) -> Screening:
    """`wrong`: sets of actions that put a wrong configuration right."""
    situation = desk.situation
    others = (a for f in cause if not f.in_configuration for a in f.remedies())
    sets = [*wrong, *(actions for _, actions in stops(situation, running))]
    alone = (actions[0] for actions in sets if len(actions) == 1)
    believed = believed_state(situation, running, cause)
    return Screening(
        situation.twin,
        believed,
        outlook(situation, incident.onset_s, expected_repair(desk, incident.id), guidance),
        extra=tuple(dict.fromkeys((*others, *alone))),
        together=[actions for actions in sets if len(actions) > 1],
        advised=_advised(desk, incident, believed, guidance),
        without=desk.candidates.without,
        at_work={x: w.id for w in situation.tracker.work_under_way for x in w.links},
        limited_at=tuple(dict.fromkeys(node for f in cause for node in f.limited_at)),
        least_limit_share=1.0 - desk.policy.actions.max_rate_limit_fraction,
        uncertainty=situation.uncertainty,
        seed=situation.seed,
        untouched=guidance.untouched_at(situation.tracker.now_s),
    )


def _advised(
    desk: Desk, incident: Incident, believed: NetworkState, guidance: Guidance
) -> Sequence[tuple[Action, ...]]:
    """What the policy that is set would do. Whatever it raises, the incident goes on without it."""
    twin, now_s = desk.situation.twin, desk.situation.tracker.now_s
    name, lasted_s = desk.candidates.name, max(0.0, now_s - incident.onset_s)
    evening = Evening(
        twin, believed, now_s, lasted_s, QUARTERS, priced="services", guidance=guidance
    )
    try:
        advice = desk.candidates.advised(evening)
    except Exception as exc:
        desk.tell(incident.id, "not_advised", "remediator", f"policy {name} is left out: {exc}")
        return []
    if name:
        found = f"{counted(len(advice.actions), 'change')} that the twin finds cheaper than to wait"
        said = "; ".join(filter(None, (advice.said, found)))
        desk.tell(incident.id, "advised", "remediator", f"policy {name}: {said}")
    return advice.actions


def imagine(desk: Desk, state: IncidentState) -> Command[str]:
    """Have the imaginer say what fails next."""
    incident_id, situation = state["incident_id"], desk.situation
    cause = Diagnosis.model_validate(state["diagnosis"]).cause
    running = situation.read_running()
    ahead = state_ahead(situation, running, cause)
    remedies = [Remedy.model_validate(r) for r in state["remedies"]]
    intended = situation.inventory.intended
    tried = [(r, after_remedy(ahead, r, intended)) for r in remedies]
    impact = desk.journal.artefact(incident_id, SERVICE_IMPACT, ServiceImpact)
    work = Imaginer(situation, ahead, tried, impact)
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
    foretell(desk, incident_id, running, cause)
    return Command(
        goto="supervisor",
        update={"finished_by": run.finished_by, "phase": Phase.IMAGINING.value, "scenarios": kept},
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
    guidance = guided(desk, incident_id)
    ahead = outlook(situation, onset_s, expected_repair(desk, incident_id), guidance)
    trials = simulate(situation, now, ahead, remedies, scenarios)
    desk.enter(incident_id, Phase.SIMULATING)
    desk.journal.put_artefact(incident_id, "trials", [t.model_dump(mode="json") for t in trials])
    count = len(trials) * (1 + len(scenarios))
    desk.tell(
        incident_id,
        "simulated",
        "simulator",
        f"{counted(count, 'forecast')} of {counted(len(trials), 'remedy', 'remedies')}",
    )
    done = {
        "phase": Phase.SIMULATING.value,
        "trials": [t.model_dump(mode="json") for t in trials],
    }
    return waiting(desk.clock.now_s() + DECISION_S, "supervisor", "thinking", done)


def plan(desk: Desk, state: IncidentState) -> Command[str]:
    """Choose among the trials, and make the plan for the state as it is now."""
    incident_id, situation = state["incident_id"], desk.situation
    trials = [Trial.model_validate(t) for t in state["trials"]]
    stopping = [a for _, actions in stops(situation, situation.read_running()) for a in actions]
    again = breaking(trials, _hurt_before(desk, incident_id))
    cause = Diagnosis.model_validate(state["diagnosis"]).cause
    believed = believed_state(situation, situation.read_running(), cause)
    guidance = guided(desk, incident_id)
    barred = [
        t.remedy.id
        for t in trials
        if _configures_untouched(situation, believed, t.remedy, guidance)
    ]
    work = Chooser(trials, [*state["excluded"], *again, *barred], stopping)
    wrong = any(fault.in_configuration for fault in cause)
    try:
        choice, finished_by = _choose(desk, state, work, trials, wrong)
    except RoleUnfinished as exc:
        return Command(goto="escalate", update={"note": str(exc)})
    trial = next(t for t in trials if t.remedy.id == choice.remedy)
    if not trial.remedy.actions and (mind := _proposed_nothing_good(desk, state, trials, wrong)):
        own = desk.minds.ours("remediator")[0].name
        why = "nothing that it proposed beats doing nothing"
        desk.overrule(incident_id, "remediator", mind, own, why)
        return Command(goto="remediator", update={"proposes_again": True})
    remedy = with_links_held(trial, cause, believed, most_devices_of_one(desk.policy))
    if _configures_untouched(situation, believed, remedy, guidance):
        remedy = trial.remedy  # what comes back is not soaked, if it is not to be configured
    granted = loss_in_words(situation, believed)
    request = PlanRequest(
        incident_id=incident_id,
        attempt=desk.next_plan_number(incident_id),
        purpose="mitigate",
        cause=cause,
        remedy=remedy,
        reason="; ".join(filter(None, (choice.reason, granted))),
        finished_by=finished_by,
        state=believed,
        known_down=situation.tracker.down_links,
        needs_person="; ".join(
            filter(
                None,
                (*(f.needs_person() for f in cause), minds_lost(desk.journal, incident_id)),
            )
        ),
        past=desk.past_outcomes(),
    )
    made = make_plan(situation, request, desk.clock.now_s())
    if state.get("relief_s", 0.0) and not _heals(made):
        told = "no further change is forecast to bring a service back within its objective"
        desk.tell(incident_id, "no_relief", "remediator", told)
        return Command(goto="repair", update={"note": told})
    desk.journal.record_plan(made)
    attempt = state["attempt"] + bool(made.steps)
    untouched = _configures_untouched(situation, believed, remedy, guidance)
    if refusal := untouched or _refusal(desk, made):
        desk.tell(incident_id, "refused", "gate", refusal)
        return Command(
            goto="planner" if attempt < MOST_PLANS else "escalate",
            update={
                "excluded": [*state["excluded"], remedy.id],
                "attempt": attempt,
                "note": refusal,
                "wanted": "",
            },
        )
    desk.enter(incident_id, Phase.PLANNING)
    told = made.reason
    if desk.is_foreign("remediator_choice", finished_by):
        words = desk.words_of("remediator_choice", finished_by, choice.reason)
        done = "; ".join(in_words(made.actions)) or "nothing is changed"
        told = "; ".join(filter(None, (done, words, granted)))
    if held := held_links(made):
        told = f"{told}; {', '.join(held)} is to come back drained, and is soaked first"
    desk.tell(incident_id, "planned", "remediator", told, {"plan": made.id})
    return Command(
        goto="supervisor",
        update={
            "finished_by": finished_by,
            "phase": Phase.PLANNING.value,
            "plan_id": made.id,
            "attempt": attempt,
            "wanted": "",
        },
    )


def _choose(
    desk: Desk, state: IncidentState, work: Chooser, trials: Sequence[Trial], wrong: bool
) -> tuple[Choice, str]:
    """The remedy that is planned, and whose choice it is: a person's, who has rejected the last
    plan for it, or a mind's. Raises RoleUnfinished.
    """
    wanted = state.get("wanted", "")
    if wanted in {trial.remedy.id for trial in trials}:
        return Choice(remedy=wanted, reason=state["note"]), PERSON
    run = desk.play_on(
        state["incident_id"],
        work.role(),
        work.task(),
        lambda answer: answer.remedy != DO_NOTHING or not wrong,
        "it would leave a wrong configuration in force",
    )
    return run.answer, run.finished_by


def _hurt_before(desk: Desk, incident_id: str) -> set[str]:
    """The services for which a plan of the incident was taken back."""
    outcomes = (
        desk.journal.artefact(incident_id, outcome_name(plan.id), Outcome)
        for plan in desk.journal.plans(incident_id)
    )
    return {s for o in outcomes if o is not None and not o.kept for s in o.worse_services}


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


def _configures_untouched(
    situation: Situation, believed: NetworkState, remedy: Remedy, guidance: Guidance
) -> str:
    """Why a remedy is held against what somebody says is to be left alone, "" if it is not; that
    may have been said after it was proposed.
    """
    alone = guidance.untouched_at(situation.tracker.now_s)
    if not alone:
        return ""
    after = after_remedy(believed, remedy, situation.inventory.intended).running
    element = touched(believed.topology, believed.running, after, alone)
    return f"{element} is not to be configured, as somebody says" if element else ""


def _refusal(desk: Desk, plan: Plan) -> str:
    """Why the gate would refuse a plan before anybody is asked, "" if it would not."""
    if not plan.steps:
        return ""
    try:
        desk.actuator.rehearse(plan, desk.situation.tracker.down_links)
    except (Refused, NetworkError) as exc:
        return str(exc)
    return ""
