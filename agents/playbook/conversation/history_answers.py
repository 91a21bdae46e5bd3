"""What happened and what was decided, in words."""

from collections.abc import Callable, Mapping, Sequence

from agents.conversation.queries.history import (
    LIST_INCIDENTS,
    SHOW_INCIDENT,
    SHOW_REMEDIES,
    WHY_NOT_DRAINED,
    DrainShown,
    IncidentResult,
    IncidentRow,
    OneIncident,
    PlanShown,
    Recorded,
    Remedies,
    Untaken,
)
from agents.conversation.queries.state import SHOW_HEALTH
from agents.conversation.queries.topology import NoArguments
from agents.playbook.conversation.grammar import Reading
from agents.playbook.conversation.looking_up import Asked, Decline, Nothing
from agents.playbook.conversation.words import (
    aged,
    duration,
    joined,
    journalled,
    percent,
    plain,
    trials,
)
from twin.nouns.counted import counted

_MOST_INCIDENTS = 10
_MOST_REMEDIES = 20
_MOST_SERVICES = 40


def _chosen(asked: Asked, reading: Reading) -> str:
    """The incident that is meant."""
    rows = asked.glance(LIST_INCIDENTS, Recorded()).incidents
    ids = [row.incident for row in rows]
    if "incident" in reading.slots:
        return reading.slots["incident"]
    if "plan" in reading.slots:
        owners = [i for i in ids if reading.slots["plan"].startswith(f"{i}.")]
        if len(owners) == 1:
            return owners[0]
    if not ids:
        found = asked.look_up(LIST_INCIDENTS, Recorded())
        raise Nothing(f"There has been no incident on this network. {journalled(found)}")
    if len(ids) == 1 or "last" in reading.slots:
        return ids[-1]
    asked.look_up(LIST_INCIDENTS, Recorded())
    raise Decline(f"There were several incidents ({joined(ids)}); name one, or ask of the last.")


def _incidents(asked: Asked, _: Reading) -> str:
    found = asked.look_up(LIST_INCIDENTS, Recorded())
    if not found.count:
        return f"There has been no incident. {journalled(found)}"
    return f"{counted(found.count, 'incident')}: {_titles(found.incidents)}."


def _incidents_today(asked: Asked, _: Reading) -> str:
    found = asked.look_up(LIST_INCIDENTS, Recorded())
    today = (found.journal_utc or "").partition(" ")[0]
    rows = [i for i in found.incidents if i.opened_utc.startswith(today)]
    if not rows:
        return f"No incident was opened today. {journalled(found)}"
    return f"Opened today: {_titles(rows)}. {journalled(found)}"


def _titles(rows: Sequence[IncidentRow]) -> str:
    return joined(
        [
            f"{i.incident} ({i.severity}, {i.title}, opened at {i.opened_utc}, {plain(i.phase)})"
            for i in rows
        ]
    )


def _shown(asked: Asked, reading: Reading) -> IncidentResult:
    return asked.look_up(SHOW_INCIDENT, OneIncident(incident=_chosen(asked, reading)))


def _incident(asked: Asked, reading: Reading) -> str:
    shown = _shown(asked, reading)
    ended = f", ended at {shown.ended_utc}" if shown.ended_utc else ""
    return (
        f"{shown.incident} ({shown.severity}, {shown.title}) began at "
        f"{shown.onset_utc}{ended}, and is {plain(shown.phase)}. {_has(shown)}{_cause_of(shown)}"
    )


def _has(shown: IncidentResult) -> str:
    """Who has an incident that people have, "" for any other."""
    if shown.over_unattended:
        return "It is over, and nobody has looked at it. "
    if not shown.with_people:
        return ""
    return f"It is with people: {shown.taken_by or 'nobody'} has it. "


def _when(asked: Asked, reading: Reading) -> str:
    shown = _shown(asked, reading)
    begun = f"{shown.incident} began at {shown.onset_utc} and was opened at {shown.opened_utc}"
    if shown.ended_utc is None or shown.lasted_s is None:
        return f"{begun}; it is still open ({plain(shown.phase)})."
    return (
        f"{begun}; it ended at {shown.ended_utc}, after {duration(shown.lasted_s)} "
        f"({plain(shown.phase)})."
    )


def _cause(asked: Asked, reading: Reading) -> str:
    return _cause_of(_shown(asked, reading))


def _cause_of_link(asked: Asked, reading: Reading) -> str:
    """Why a link failed: what the diagnoses that blame it say, if any does."""
    link = reading.slots["link"]
    found = asked.look_up(LIST_INCIDENTS, Recorded()).incidents
    if len(found) > _MOST_INCIDENTS:
        raise Decline("There were more incidents than I can look through; name one.")
    shown = [asked.look_up(SHOW_INCIDENT, OneIncident(incident=row.incident)) for row in found]
    blaming = [s for s in shown if s.diagnosis and link in s.diagnosis.links]
    now = asked.look_up(SHOW_HEALTH, NoArguments())
    state = f"{link} is {'down' if link in now.links_down else 'not down'} now. {aged(now)}"
    if not blaming:
        return f"No incident's diagnosis blames {link}. {state}"
    return f"{' '.join(_cause_of(s) for s in blaming)} {state}"


def _cause_of(shown: IncidentResult) -> str:
    return f"{_found_in(shown)}{_diagnosed_in(shown)}"


def _found_in(shown: IncidentResult) -> str:
    """What people found, which counts before what was diagnosed; "" where nobody said."""
    if shown.found is None:
        return ""
    compared = {None: "", True: ", as diagnosed", False: ", not as diagnosed"}
    how = compared[shown.found.diagnosis_agrees]
    return f"{shown.found.by} found at {shown.found.at_utc}{how}: {shown.found.cause}. "


def _diagnosed_in(shown: IncidentResult) -> str:
    diagnosis = shown.diagnosis
    if diagnosis is None:
        return f"{shown.incident} is not diagnosed yet."
    if not diagnosis.cause:
        return f"No cause of {shown.incident} was found: {diagnosis.statement}."
    said = f"The cause of {shown.incident} was: {joined(diagnosis.cause)}"
    if diagnosis.verdict == "ambiguous":
        others = joined(diagnosis.indistinguishable)
        return f"{said}; but it cannot be told apart from {others}."
    return f"{said}."


def _changed(asked: Asked, reading: Reading) -> str:
    shown = _shown(asked, reading)
    parts = []
    for plan in shown.plans:
        if not plan.changed:
            continue
        states = [f"{c.device} {plain(c.state)}" for c in plan.changed]
        parts.append(f"{plan.plan}: {joined(plan.actions)} ({joined(states)})")
    for order in shown.field_orders:
        parts.append(f"the field was sent to {order.place} for {joined(order.links)}")
    proposed = [
        f"{p.plan} would {joined(p.actions)}"
        for p in shown.plans
        if p.state == "waiting" and p.actions
    ]
    waits = f" Waiting for approval: {joined(proposed)}." if proposed else ""
    if not parts:
        return f"Nothing was changed for {shown.incident}.{waits}"
    return f"For {shown.incident}: {'; '.join(parts)}.{waits}"


def _approved(asked: Asked, reading: Reading) -> str:
    shown = _shown(asked, reading)
    wanted = reading.slots.get("plan", "")
    said = [_answers(p) for p in shown.plans if not wanted or p.plan == wanted]
    if not said:
        return f"There is no plan for {shown.incident}, so nobody was asked."
    return f"{'; '.join(said)}."


def _rejected(asked: Asked, reading: Reading) -> str:
    shown = _shown(asked, reading)
    answers = [a for p in shown.plans for a in p.answers]
    if any(a.decision == "reject" for a in answers):
        return _approved(asked, reading)
    return f"Nobody has rejected a plan of {shown.incident}: {_approved(asked, reading)}"


def _answers(plan: PlanShown) -> str:
    if plan.answers:
        answers = [
            f"{a.by} ({a.decision}, {a.reason}, at {a.at_utc}"
            f"{', automatically: no person looked' if a.automatic else ''})"
            for a in plan.answers
        ]
        return f"{plan.plan} was answered by {joined(answers)}"
    if plan.state == "waiting":
        return f"nobody has answered {plan.plan} yet; it waits for approval"
    return f"nobody answered {plan.plan} (approval: {plan.state})"


def _minutes(asked: Asked, reading: Reading) -> str:
    shown = _shown(asked, reading)
    lost_s, total_s = shown.service_time_lost_s, shown.service_time_lost_total_s
    if lost_s is None or total_s is None:
        return f"For {shown.incident} no service was counted in breach so far."
    if not shown.services_hit:
        return f"No service was in breach during {shown.incident}, as far as probes show."
    named = [f"{name} ({s / 60:.1f} min)" for name, s in lost_s.items()]
    so_far = "" if shown.ended_utc else f", so far (as of {shown.counted_until_utc})"
    return (
        f"{counted(shown.services_hit, 'service')} lost {total_s / 60:.1f} min in all during "
        f"{shown.incident}{so_far}: "
        f"{joined(named, _MOST_SERVICES)}."
    )


def _remedies(asked: Asked, reading: Reading) -> str:
    shown = asked.look_up(SHOW_REMEDIES, OneIncident(incident=_chosen(asked, reading)))
    if not shown.simulated:
        return f"No remedy was simulated for {shown.incident}."
    tried = joined(trials(shown.simulated), _MOST_REMEDIES, shown.simulated_count)
    return (
        f"{counted(shown.simulated_count, 'remedy', 'remedies')} were simulated for "
        f"{shown.incident}, the best first: {tried}. {_planned(shown)}"
    )


def _planned(shown: Remedies) -> str:
    if shown.plan is None:
        return "There is no plan yet."
    return f"Planned in {shown.plan}: {joined(shown.planned or ['do nothing'])}."


def _why_plan(asked: Asked, reading: Reading) -> str:
    shown = asked.look_up(SHOW_REMEDIES, OneIncident(incident=_chosen(asked, reading)))
    if shown.plan is None:
        return f"There is no plan for {shown.incident} yet."
    return (
        f"{shown.plan} was chosen because: {shown.planned_because}. Simulated, the best "
        f"first: {joined(trials(shown.simulated), _MOST_REMEDIES)}."
    )


def _why_nothing(asked: Asked, reading: Reading) -> str:
    return f"{_changed(asked, reading)} {_why_plan(asked, reading)}"


def _why_not_drain(asked: Asked, reading: Reading) -> str:
    drained = reading.slots.get("drain", "")
    incident = _chosen(asked, reading)
    shown = asked.look_up(WHY_NOT_DRAINED, Untaken(incident=incident, drained=drained))
    if not shown.drains:
        return f"The diagnosis of {incident} blames no link, so there was none to drain."
    return " ".join(drain_of(drain, shown) for drain in shown.drains)


def drain_of(drain: DrainShown, shown: Remedies) -> str:
    link, incident = drain.link, shown.incident
    if drain.carried_out:
        return f"{link} was drained, by {joined(drain.planned_in)}. {_preferred(shown)}"
    if drain.planned_in:
        return f"To drain {link} is planned in {joined(drain.planned_in)}, not carried out yet."
    return f"No plan of {incident} drained {link}. {_against(drain, shown)} {_preferred(shown)}"


def _preferred(shown: Remedies) -> str:
    if shown.plan is None:
        return f"There is no plan for {shown.incident}."
    planned = joined(shown.planned or ["do nothing"])
    return f"Planned was: {planned}, because: {shown.planned_because}."


def _against(drain: DrainShown, shown: Remedies) -> str:
    """What the records hold against the drain."""
    if drain.was_down:
        return "It was down already, so there was nothing to drain."
    if drain.simulated:
        best = trials([t for t in shown.simulated if t.planned][:1])
        against = f" against {best[0]}" if best else ""
        return f"The drain was simulated: {joined(trials(drain.trials))}{against}."
    remedies = counted(shown.simulated_count, "remedy", "remedies")
    unsimulated = f"was not among the {remedies} simulated"
    if not drain.screened:
        return f"The drain {unsimulated}, and the records do not say why."
    left = percent(drain.screened[-1].max_utilisation)
    return f"The drain was screened, which left a highest utilisation of {left}, and {unsimulated}."


def _field(asked: Asked, reading: Reading) -> str:
    shown = _shown(asked, reading)
    if not shown.field_orders:
        return f"The field was not sent out for {shown.incident}."
    orders = [
        f"{o.order} to {o.place} for {joined(o.links)} at {o.requested_utc} ({plain(o.state)})"
        for o in shown.field_orders
    ]
    return f"The field was sent out: {joined(orders)}."


HISTORY_ANSWERS: Mapping[str, Callable[[Asked, Reading], str]] = {
    "incidents": _incidents,
    "incidents_today": _incidents_today,
    "incident": _incident,
    "when": _when,
    "cause": _cause,
    "cause_of_link": _cause_of_link,
    "changed": _changed,
    "approved": _approved,
    "rejected": _rejected,
    "minutes": _minutes,
    "remedies": _remedies,
    "why_plan": _why_plan,
    "why_nothing": _why_nothing,
    "why_not_drain": _why_not_drain,
    "field": _field,
}
"""By intent."""
