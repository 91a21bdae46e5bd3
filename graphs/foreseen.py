"""Nodes for what has not happened yet: a line of the risk register that people want mitigated.

    acknowledge -> foresee -> approval -> actuator -> (wait) -> verifier -> settle -> resolve

It is an incident without a symptom, so that its plan passes the same gate, is asked about, traced
and survived like any other. What would lead an incident back to its diagnosis, or to another
remedy, ends it: the line is open again, and says why.
"""

from dataclasses import replace

from langgraph.graph import END
from langgraph.types import Command

from graphs.bounds import MOST_ATTEMPTS, POLL_S
from graphs.desk import Desk
from graphs.state import IncidentState, waiting
from tools.journal.standing import open_incidents
from twin.errors import BadInput, NetworkError, Refused
from twin.imagination.reckoning import Reckoning
from twin.nouns.incident import Incident, Phase, Severity
from twin.nouns.plan import Plan, Remedy
from twin.nouns.risk import Prevention, RiskState
from twin.remedies.believed import believed_state
from twin.remedies.plans import PlanRequest, make_plan

WANTED: RiskState = "wanted"
"""The state of a line that people want mitigated, and of which nothing has come yet."""

ON_THE_WAY = frozenset(
    {"wait", "foresee", "approval", "actuator", "verifier", "settle", "resolve", END}
)
"""By these nodes such an incident goes on; what leads to any other settles it."""

_FORESIGHT = "foresight"

_LEARNED_ROUNDS = 20
"""Readings of counters from which is known what links usually carry: ten minutes. It is no hurry.
"""


def wanted(desk: Desk) -> list[Incident]:
    """What is to be opened for a line that people want mitigated: one at a time, and none while
    another incident is open.
    """
    network, now_s = desk.situation.network.name, desk.clock.now_s()
    lines = desk.journal.risks_in(network, WANTED)
    if not lines or open_incidents(desk.journal, network):
        return []
    return [
        Incident(
            id=f"{network}-{desk.journal.incident_count(network) + 1:04d}",
            network=network,
            onset_s=now_s,
            detected_s=now_s,
            severity=Severity.WARNING,
            title=f"foreseen ({lines[0].id}): {lines[0].risk.fails}",
            symptoms=(),
            risk=lines[0].id,
        )
    ]


def foresee(desk: Desk, state: IncidentState) -> Command[str]:
    """Plan what makes the line cost less when it strikes, once nothing else is wrong."""
    incident_id = state["incident_id"]
    network = desk.situation.network.name
    if any(r.incident.id != incident_id for r in open_incidents(desk.journal, network)):
        return waiting(desk.clock.now_s() + POLL_S, "foresee", "the end of another incident", {})
    if desk.situation.tracker.usual_loads.rounds_learned < _LEARNED_ROUNDS:
        return waiting(desk.clock.now_s() + POLL_S, "foresee", "what links usually carry", {})
    line = _Line(desk, state["risk"])
    if line.record.state != WANTED:
        return Command(goto="settle", update={"note": f"it is {line.record.state} by now"})
    try:
        lines = desk.journal.risk_records(network)
        standing = [r.risk for r in lines if r.gone_s is None]
        found = line.reckoning.prevention(line.record.risk, standing)
    except BadInput as error:
        return Command(goto="settle", update={"note": str(error)})
    if not found.actions:
        note = "no weights make it cost less; `noctua mitigate` names what to build"
        return Command(goto="settle", update={"note": note})
    plan = _planned(desk, incident_id, found)
    desk.journal.record_plan(plan)
    desk.enter(incident_id, Phase.PLANNING)
    desk.tell(incident_id, "planned", "remediator", plan.reason, {"plan": plan.id})
    try:
        desk.actuator.rehearse(plan, desk.situation.tracker.down_links)
    except (Refused, NetworkError) as refusal:
        desk.tell(incident_id, "refused", "gate", str(refusal))
        return Command(goto="settle", update={"note": str(refusal)})
    # One attempt: whoever would not have it can ask again.
    asked = {"plan_id": plan.id, "attempt": MOST_ATTEMPTS, "trials": [], "note": ""}
    return Command(goto="approval", update=asked)


def settle(desk: Desk, state: IncidentState) -> Command[str]:
    """Play the line again on what the devices run now, and write down what came of it."""
    incident_id, note = state["incident_id"], state.get("note", "")
    line = _Line(desk, state["risk"])
    if line.record.state == WANTED:
        before = line.record.risk
        try:
            after = line.reckoning.again(before)
        except BadInput as error:
            after, note = before, str(error)
        cost = f"{after.slo_minutes:.3g} service-minutes a year, {before.slo_minutes:.3g} before"
        helped = not note and after.slo_minutes < before.slo_minutes
        why = f"{state['plan_id']}: {cost}" if helped else f"not mitigated: {note or cost}"
        now_s = desk.clock.now_s()
        desk.journal.settle_risk(line.record, after, "mitigated" if helped else "open", why, now_s)
        told = "mitigated" if helped else "not_mitigated"
        desk.tell(incident_id, told, "simulator", why, {"risk": line.record.id})
    return Command(goto="resolve", update={"note": note})


def settled(command: Command[str]) -> Command[str]:
    """`command`, unless it leads where nothing foreseen goes: then it is settled, and says why."""
    if command.goto in ON_THE_WAY:
        return command
    update = dict(command.update or {})
    note = update.get("note") or "the network changed under the plan"
    return Command(goto="settle", update={**update, "note": note})


class _Line:
    """A line of the register, and how it is reckoned on what the devices run now."""

    def __init__(self, desk: Desk, risk_id: str) -> None:
        self.record = desk.journal.risk_record(desk.situation.network.name, risk_id)
        known, situation = self.record.reckoned, desk.situation
        peak = situation.tracker.believed_state(level=1.0)
        state = replace(peak, running=situation.read_running())
        self.reckoning = Reckoning(
            situation.twin.of(state), state, known.rates, known.history, known.seed, known.causes
        )


def _planned(desk: Desk, incident_id: str, found: Prevention) -> Plan:
    situation = desk.situation
    reason = (
        f"{'; '.join(action.describe() for action in found.actions)}: it costs "
        f"{found.slo_minutes_left:.3g} service-minutes a year then, not {found.slo_minutes:.3g}, "
        f"and all that was looked at {found.everything_left:.4g}, not {found.everything:.4g}"
    )
    request = PlanRequest(
        incident_id=incident_id,
        attempt=desk.next_plan_number(incident_id),
        purpose="mitigate",
        cause=(),
        remedy=Remedy(id="prevention", actions=found.actions, reason=reason),
        reason=reason,
        finished_by=_FORESIGHT,
        state=believed_state(situation, situation.read_running(), ()),
        known_down=situation.tracker.down_links,
        past=desk.past_outcomes(),
        lasts=True,
    )
    return make_plan(situation, request, desk.clock.now_s())
