"""Particulars of an incident and its plans: one thing asked, one thing told."""

from collections.abc import Callable

from agents.conversation.queries.history import (
    SHOW_REMEDIES,
    Expected,
    IncidentResult,
    OneIncident,
    PlanShown,
    TrialShown,
)
from agents.conversation.queries.whatif import WHAT_IF, Supposed
from agents.playbook.conversation.gist import Gist
from agents.playbook.conversation.sentences import carried_out
from agents.playbook.conversation.topic_history import of_incidents
from agents.playbook.conversation.whatif_answers import (
    breaches,
    events_in_words,
    losses,
    overloads,
    relieved,
)
from agents.playbook.conversation.words import joined, percent, rate
from twin.nouns.counted import counted

_MOST_REMEDIES = 8
_MOST_LINES = 40


def timeline(gist: Gist) -> str:
    """What happened in an incident, in order, each with its time."""
    return of_incidents(gist, "what happened, in the order of time", _in_order)


def _in_order(_: Gist, shown: IncidentResult) -> str:
    rows = [(shown.onset_utc, "it began"), (shown.opened_utc, "the incident was opened")]
    rows += [(line.at_utc, f"{line.kind}: {line.text}") for line in shown.timeline]
    for plan in shown.plans:
        rows.append((plan.created_utc, f"{plan.plan} was made"))
        rows += [(a.at_utc, f"{a.by} answered {plan.plan}: {a.decision}") for a in plan.answers]
    rows += [(o.requested_utc, f"{o.order} was asked of the field") for o in shown.field_orders]
    if shown.ended_utc is not None:
        rows.append((shown.ended_utc, "it ended"))
    said = [f"{at}: {what}" for at, what in sorted(dict.fromkeys(rows), key=lambda row: row[0])]
    still = "" if shown.ended_utc is not None else " It has not ended."
    return f"{shown.incident} ({shown.title}): {joined(said, _MOST_LINES)}.{still}"


def alternatives(gist: Gist) -> str:
    """The remedies that were compared, the next best first, and why each lost."""
    return of_incidents(
        gist, "which remedies were compared with the plan, and why they lost", _beside
    )


def _beside(gist: Gist, shown: IncidentResult) -> str:
    found = gist.asked.look_up(SHOW_REMEDIES, OneIncident(incident=shown.incident))
    if not found.simulated:
        return f"No remedy of {shown.incident} was simulated, so there is no other plan."
    chosen = [t for t in found.simulated if t.planned]
    others = [t for t in found.simulated if not t.planned]
    said = [f"{shown.incident}: the plan is {_trial(t)}" for t in chosen[:1]]
    if not said and found.planned is not None:
        said.append(f"{shown.incident}: the plan is {joined(found.planned or ['do nothing'])}")
    if others:
        said.append(f"the next best is {_trial(others[0])}{_lost(others[0], chosen)}")
    if others[1:]:
        more = [f"{_trial(t)}{_lost(t, chosen)}" for t in others[1:_MOST_REMEDIES]]
        said.append(f"after it {joined(more, len(more), found.simulated_count - 2)}")
    if not others:
        said.append("no other remedy was simulated")
    because = f" The plan was chosen because: {found.planned_because}." if found.plan else ""
    return f"{'; '.join(said)}.{because}"


def _trial(trial: TrialShown) -> str:
    return (
        f"{' and '.join(trial.actions) or 'doing nothing'} (cost {trial.cost:g}, "
        f"{counted(trial.services_in_breach, 'service')} in breach, {rate(trial.lost_bps)} "
        "lost, highest "
        f"utilisation {percent(trial.max_utilisation)})"
    )


def _lost(trial: TrialShown, chosen: list[TrialShown]) -> str:
    """By what `trial` is worse than what was chosen."""
    if not chosen:
        return ""
    best = chosen[0]
    by = [
        what
        for what, worse in (
            ("costs more", trial.cost > best.cost),
            ("leaves more services in breach", trial.services_in_breach > best.services_in_breach),
            ("loses more traffic", trial.lost_bps > best.lost_bps),
            ("leaves a link fuller", trial.max_utilisation > best.max_utilisation),
        )
        if worse
    ]
    return f", which {joined(by)}" if by else ", which is no worse by these figures"


def signers(gist: Gist) -> str:
    """Who answered a plan, how many approvals it still needs, and until when."""
    return of_incidents(gist, "who answered the plans, how many must still, and by when", _signing)


def _signing(_: Gist, shown: IncidentResult) -> str:
    said = [_signed(plan) for plan in shown.plans]
    if not said:
        return f"There is no plan for {shown.incident}, so nobody has to sign."
    return f"{shown.incident}: {joined(said)}. By name nobody is asked; policy.yaml says who may."


def _signed(plan: PlanShown) -> str:
    if plan.expires_utc is None:
        return f"nobody is asked about {plan.plan}"
    answers = joined([f"{a.by} ({a.decision} at {a.at_utc})" for a in plan.answers]) or "nobody"
    if plan.state != "waiting":
        return f"{plan.plan} is {plan.state}, answered by {answers}"
    still = counted(plan.still_needed or 0, "person", "people")
    return (
        f"{plan.plan} waits: {still} still to approve of {plan.approvers_needed} needed, "
        f"until {plan.expires_utc}; answered so far by {answers}"
    )


def plan_effect(gist: Gist) -> str:
    """What the forecast of a plan says of everybody, against doing nothing."""
    return of_incidents(
        gist, "what the plan does by its forecast, and whether anybody fares worse by it", _helps
    )


def _helps(gist: Gist, shown: IncidentResult) -> str:
    plans = [p for p in shown.plans if p.purpose == "mitigate"]
    if not plans:
        return f"There is no plan for {shown.incident}."
    plan = plans[-1]
    with_, without = plan.expected, plan.if_nothing_is_done
    fuller = with_.max_utilisation > without.max_utilisation
    likelier = _likelier(with_, without)
    worse = f"likelier to be in breach with it than without: {joined(likelier)}"
    no_worse = "no service that is listed is likelier to be in breach with it than without"
    limit = ""
    if gist.limit is not None:
        gist.tell("limit", "threshold")
        passed = with_.max_utilisation > gist.limit
        limit = f" The fullest link {'does' if passed else 'does not'} come over what you name."
    done = "carried out" if carried_out(plan) else "not carried out"
    return (
        f"{plan.plan} of {shown.incident} ({joined(plan.actions) or 'do nothing'}; {done}): "
        f"{counted(with_.services_in_breach, 'service')} in breach (doing nothing: "
        f"{without.services_in_breach:g}), {rate(with_.lost_bps)} lost (doing nothing: "
        f"{rate(without.lost_bps)}), the fullest link at {percent(with_.max_utilisation)} (doing "
        f"nothing: {percent(without.max_utilisation)}), so it gets "
        f"{'fuller' if fuller else 'no fuller'}; {worse if likelier else no_worse}.{limit}"
    )


def _likelier(with_: Expected, without: Expected) -> list[str]:
    before = without.breach_probability
    return [s for s, p in with_.breach_probability.items() if p > before.get(s, 0.0)]


def still_needed(gist: Gist) -> str:
    """Whether a plan is still needed once the cause is gone."""
    return of_incidents(gist, "whether the plan is needed once the cause is gone", _without_cause)


def _without_cause(gist: Gist, shown: IncidentResult) -> str:
    plans = [p for p in shown.plans if p.purpose == "mitigate"]
    if not plans:
        return f"There is no plan for {shown.incident}, so none is needed."
    plan = plans[-1]
    links = [] if shown.diagnosis is None else list(shown.diagnosis.links)
    after = ""
    if links:
        back = "; ".join(f"link {x} up" for x in links)
        then = gist.asked.look_up(WHAT_IF, Supposed(events=back, at="", watch_links=()))
        gist.tell("failure", "links")
        after = (
            f" If {events_in_words(then)}: {breaches(then)}{relieved(then)} {overloads(then)} "
            f"{losses(then)}"
        )
    return f"{_stays(plan)}{after}"


def _stays(plan: PlanShown) -> str:
    said = f"The plan {plan.plan} ({joined(plan.actions) or 'do nothing'}) is"
    if not plan.temporary:
        return f"{said} not meant to end with the repair: it would stay."
    lasts = f"{said} only for as long as the cause lasts: once it is repaired,"
    if carried_out(plan):
        back = joined(plan.way_back) or "nothing to take back"
        return f"{lasts} the change is taken back by itself ({back})."
    return f"{lasts} it is not needed any more."


PLAN_ANSWERS: dict[str, Callable[[Gist], str]] = {
    "timeline": timeline,
    "alternatives": alternatives,
    "signers": signers,
    "plan_effect": plan_effect,
    "still_needed": still_needed,
}
"""By topic."""
