"""What happened: answers to what was recognised of a question."""

from collections.abc import Callable, Sequence
from math import ceil

from agents.conversation.queries.history import (
    LIST_INCIDENTS,
    SHOW_INCIDENT,
    SHOW_REMEDIES,
    WHY_NOT_DRAINED,
    IncidentResult,
    IncidentRow,
    IncidentsResult,
    OneIncident,
    Recorded,
    Untaken,
)
from agents.conversation.queries.state import SHOW_HEALTH
from agents.conversation.queries.topology import SHOW_NODE, NoArguments, OneNode
from agents.conversation.queries.whatif import WHAT_IF, Supposed
from agents.playbook.conversation.gist import Gist
from agents.playbook.conversation.history_answers import drain_of
from agents.playbook.conversation.sentences import (
    MOST_LOOKED_INTO,
    MOST_SERVICES,
    MOST_SYMPTOMS,
    WORST,
    carried_out,
    node_now,
    symptoms,
    taken,
    temporary,
)
from agents.playbook.conversation.times import Span, When
from agents.playbook.conversation.whatif_answers import by_class, losses, overloads
from agents.playbook.conversation.words import (
    joined,
    journalled,
    percent,
    percent_of,
    plain,
    rate,
    services,
    trials,
)
from twin.nouns.counted import counted


def recorded(gist: Gist, span: Span | None) -> tuple[str, str, IncidentsResult]:
    """What the journal has of the time and the thing that are named, and these in words."""
    names = [*gist.links, *gist.nodes]
    if len(names) > 1 and gist.links:
        names = gist.links
    touching = names[0] if len(names) == 1 else ""
    found = gist.asked.look_up(
        LIST_INCIDENTS,
        Recorded(
            touching=touching,
            since=span.since if span else "",
            until=span.until if span else "",
        ),
    )
    where = f" that concern {touching}" if touching else ""
    if len(names) > 1:
        where = f" anywhere ({joined(names)} are not looked at apart)"
    when = f" {span.words()}" if span else " on record"
    return where, when, found


def changes(gist: Gist) -> str:
    """Incidents and commits of a time and place."""
    where, when, found = recorded(gist, gist.around)
    rows = [
        f"{i.incident} ({i.severity}, {i.title}, began at {i.onset_utc}, {plain(i.phase)})"
        for i in found.incidents
    ]
    commits = [f"{c.device} by {c.plan} ({plain(c.state)}) at {c.at_utc}" for c in found.commits]
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    state = joined([f"{x} down" for x in now.links_down]) or "no link is down"
    seen = joined(symptoms(now), MOST_SYMPTOMS)
    weights = [_weights_now(gist, n) for n in gist.nodes[:1] if gist.says(r"weights?|metrics?")]
    return taken(
        f"incidents and changes{where}{when}",
        f"Incidents: {joined(rows) or 'none'}. Commits on devices: {joined(commits) or 'none'}. "
        f"Active now: {state}; symptoms: {seen or 'none'}. {' '.join(weights)}What others "
        f"change is not on record, but as far as it shows in symptoms. {journalled(found)}",
    )


def _weights_now(gist: Gist, node: str) -> str:
    shown = gist.asked.look_up(SHOW_NODE, OneNode(node=node))
    rows = [f"{i.link} {i.igp_weight}" for i in shown.interfaces]
    changed = "not as intended" if shown.diff else "as intended"
    return f"IGP weights at {node} now ({changed}): {joined(rows, len(rows))}. "


def _shown(gist: Gist) -> list[IncidentResult]:
    """The incidents that are meant: named, or of the time and thing that are, or the newest."""
    named = gist.of("incident")
    if named:
        return [gist.asked.look_up(SHOW_INCIDENT, OneIncident(incident=n)) for n in named[:2]]
    _, _, found = recorded(gist, gist.around)
    narrowed = bool(gist.around or gist.links or gist.nodes)
    rows = list(found.incidents) if narrowed else _most_wanted(found.incidents)
    return [
        gist.asked.look_up(SHOW_INCIDENT, OneIncident(incident=row.incident))
        for row in rows[-MOST_LOOKED_INTO:]
    ]


def _most_wanted(rows: Sequence[IncidentRow]) -> list[IncidentRow]:
    still = [r for r in rows if not r.closed]
    return still or list(rows[-1:])


def _about(gist: Gist) -> str:
    """Which incidents are meant, in words."""
    if named := gist.of("incident"):
        return joined(named)
    where, when, _ = recorded(gist, gist.around)
    if gist.around or gist.links or gist.nodes:
        return f"incidents{where}{when}"
    return "the open incident, or the last one"


def _none(gist: Gist) -> str:
    found = gist.asked.look_up(LIST_INCIDENTS, Recorded())
    return f"There is no such incident on record. {journalled(found)}"


def of_incidents(gist: Gist, what: str, say: Callable[[Gist, IncidentResult], str]) -> str:
    shown = _shown(gist)
    text = " ".join(say(gist, one) for one in shown) if shown else _none(gist)
    return taken(f"{what} ({_about(gist)})", text)


def confidence(gist: Gist) -> str:
    """How sure a diagnosis is."""
    return of_incidents(gist, "how sure the diagnosis is, and what else it could be", _sure_of)


def _sure_of(_: Gist, shown: IncidentResult) -> str:
    found = shown.diagnosis
    if found is None:
        return f"{shown.incident} is not diagnosed yet."
    if not found.cause or found.probability is None:
        return f"No cause of {shown.incident} was found: {found.statement}."
    others = [f"{joined(o.cause)} ({percent_of(round(o.probability, 4))})" for o in found.others]
    said = (
        f"{shown.incident}: {joined(found.cause)}, with a probability of "
        f"{percent_of(round(found.probability, 4))} among the {found.tested} hypotheses tested"
    )
    if found.indistinguishable:
        said += f"; it cannot be told apart from {joined(found.indistinguishable)}"
    next_ = f" The next likely: {joined(others)}." if others else " No other was near."
    separate = f" What would separate them: {found.would_separate}." if found.would_separate else ""
    return f"{said}.{next_}{separate}"


def nothing(gist: Gist) -> str:
    """The forecast for doing nothing; how the network will be by then where a time is named."""
    said = of_incidents(gist, "what comes of doing nothing", _if_nothing)
    if gist.when is None:
        return said
    then = gist.asked.look_up(
        WHAT_IF, Supposed(events="", at="", watch_links=(), hours=_hours_until(gist, gist.when))
    )
    gist.tell("time")
    rows = by_class(then.still_in_breach)
    hit = joined(services(rows), MOST_SERVICES, then.still_in_breach_count) or "none"
    return (
        f"{said} As the network is and with nothing done, from {then.from_utc} to "
        f"{then.until_utc} by the daily profile, the worst at {then.demand_of_utc}: "
        f"{overloads(then)} "
        f"{losses(then)} Services in breach by the twin: {hit}."
    )


def _hours_until(gist: Gist, when: When) -> int:
    """Full hours from now until the time that is named, or for as long as is said."""
    if ":" not in when.at:
        return when.hours or 1
    hour, minute = (int(x) for x in when.at.split(":"))
    ahead = (hour * 60 + minute - gist.now.hour * 60 - gist.now.minute) % (24 * 60)
    return max(1, ceil(ahead / 60))


def _if_nothing(_: Gist, shown: IncidentResult) -> str:
    plans = [p for p in shown.plans if p.purpose == "mitigate"]
    if not plans:
        return f"There is no plan for {shown.incident}, and so no forecast for doing nothing."
    plan = plans[-1]
    idle = plan.if_nothing_is_done
    return (
        f"{shown.incident}, by the forecast of {plan.plan} (made at {plan.created_utc}): highest "
        f"utilisation {percent(idle.max_utilisation)} (in most rollouts within "
        f"{percent(idle.max_utilisation_p05)} to {percent(idle.max_utilisation_p95)}), "
        f"{counted(idle.services_in_breach, 'service')} in breach, {rate(idle.lost_bps)} "
        "lost. With "
        f"{joined(plan.actions) or 'doing nothing'}: {percent(plan.expected.max_utilisation)}, "
        f"{counted(plan.expected.services_in_breach, 'service')} in breach, "
        f"{rate(plan.expected.lost_bps)} lost."
    )


def back(gist: Gist) -> str:
    """What was changed, and the way back."""
    said = of_incidents(gist, "what was changed, and how it is taken back", _way_back)
    if gist.says(r"reconverg\w*|converg\w*"):
        said += " How long routing takes to converge is not on record."
    return said


def _way_back(_: Gist, shown: IncidentResult) -> str:
    said = []
    for plan in shown.plans:
        states = [f"{c.device} {plain(c.state)}" for c in plan.changed]
        done = f"carried out ({joined(states)})" if states else f"not carried out ({plan.state})"
        back = joined(plan.way_back) or "nothing has to be taken back"
        itself = "; by itself once the cause is repaired" if plan.temporary else ""
        said.append(
            f"{plan.plan}: {joined(plan.actions) or 'do nothing'}, {done}; way back: {back}{itself}"
        )
    if not said:
        return f"Nothing was planned or changed for {shown.incident}."
    return f"{shown.incident}: {'. '.join(said)}."


def in_force(gist: Gist) -> str:
    """Temporary changes that are in force."""
    found = gist.asked.look_up(LIST_INCIDENTS, Recorded())
    return taken(
        "temporary changes of plans that are in force",
        f"{temporary(gist) or 'None'}. Why somebody did not remove one is not recorded. "
        f"{journalled(found)}",
    )


def why_plan(gist: Gist) -> str:
    """Why a plan was chosen."""
    return of_incidents(gist, "what was planned, and why that and nothing else", _why)


def _why(gist: Gist, shown: IncidentResult) -> str:
    found = gist.asked.look_up(SHOW_REMEDIES, OneIncident(incident=shown.incident))
    if found.plan is None:
        return f"There is no plan for {shown.incident}, so nothing was changed."
    carried = [p.plan for p in shown.plans if carried_out(p)]
    done = f"carried out: {joined(carried)}" if carried else "none is carried out"
    return (
        f"{found.plan} of {shown.incident}: {joined(found.planned or ['do nothing'])}, because: "
        f"{found.planned_because} ({done}). Simulated, the best first: "
        f"{joined(trials(found.simulated), WORST, found.simulated_count)}."
    )


def why_not_drain(gist: Gist) -> str:
    """Why the link that is to blame, or that is named, was not drained."""
    return of_incidents(gist, "why a link was drained, or was not", _why_not_drained)


def _why_not_drained(gist: Gist, shown: IncidentResult) -> str:
    link = next(iter(gist.links), "")
    found = gist.asked.look_up(WHY_NOT_DRAINED, Untaken(incident=shown.incident, drained=link))
    if not found.drains:
        return f"The diagnosis of {shown.incident} blames no link, so there was none to drain."
    return " ".join(drain_of(drain, found) for drain in found.drains)


def approver(gist: Gist) -> str:
    """Who answered plans."""
    return of_incidents(gist, "who answered the plans", _answered)


def _answered(_: Gist, shown: IncidentResult) -> str:
    said = []
    for plan in shown.plans:
        answers = [
            f"{a.by} ({a.decision} at {a.at_utc}"
            f"{', automatically: no person looked' if a.automatic else ''})"
            for a in plan.answers
        ]
        said.append(f"{plan.plan} ({plan.state}): {joined(answers) or 'nobody'}")
    if not said:
        return f"There is no plan for {shown.incident}, so nobody was asked."
    return f"{joined(said)}. Who was on duty is not on record."


def before_after(gist: Gist) -> str:
    """What waiting plans would change on devices."""
    found = gist.asked.look_up(LIST_INCIDENTS, Recorded())
    waiting = [i for i in found.incidents if i.waiting_for_approval]
    said = []
    for row in waiting:
        shown = gist.asked.look_up(SHOW_INCIDENT, OneIncident(incident=row.incident))
        for plan in (p for p in shown.plans if p.plan in row.waiting_for_approval):
            steps = [s for s in plan.steps if not gist.nodes or s.device in gist.nodes]
            said += [f"{plan.plan} on {s.device}: {_diff(s.diff)}" for s in steps]
            if not steps:
                said.append(f"{plan.plan} changes nothing on {joined(gist.nodes) or 'a device'}")
    what = f" on {joined(gist.nodes)}" if gist.nodes else ""
    return taken(
        f"what the plans that wait for approval would change{what} (- before, + after)",
        f"{joined(said, len(said)) or 'No plan waits for approval'}. {journalled(found)}",
    )


def _diff(text: str) -> str:
    lines = [x for x in text.splitlines() if x[:1] in "+- " and x[:3] not in ("---", "+++")]
    shown = [x for x in lines if x[:1] in "+-" or x.strip().startswith("interface")]
    return " / ".join(" ".join(x.split()) for x in shown)


_WITHIN_A_DAY = r"tonight|today|this (?:evening|night|afternoon|morning)|next \d{1,2} ?h\w*"
"""Times of which announced work is told: what is under way, or begins within a day."""


def clashing(gist: Gist) -> str:
    """Plans that wait or run, and where; of other work nothing is known."""
    if gist.says(_WITHIN_A_DAY):
        gist.tell("time")
    found = gist.asked.look_up(LIST_INCIDENTS, Recorded())
    said = []
    for row in [i for i in found.incidents if not i.closed][:MOST_LOOKED_INTO]:
        shown = gist.asked.look_up(SHOW_INCIDENT, OneIncident(incident=row.incident))
        said += [
            f"{p.plan} ({p.state}) on {joined([s.device for s in p.steps]) or 'no device'}: "
            f"{joined(p.actions) or 'do nothing'}"
            for p in shown.plans
        ]
    return taken(
        "plans of open incidents, which wait or run, and announced work",
        f"{joined(said) or 'There is none'}. {_announced(gist)} {_touching(gist)}What other teams "
        "have planned is not looked at. "
        f"{journalled(found)}",
    )


def _touching(gist: Gist) -> str:
    """Which announced work is at the links, or at links of the nodes, that are named."""
    names = [*gist.links, *gist.nodes]
    if not names:
        return ""
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    rows = [
        w.work
        for w in now.announced_work or ()
        if any(n == x or n in x.split("--") for n in names for x in w.links)
    ]
    return f"At {joined(names)}: {joined(rows) or 'no announced work'}. "


def _announced(gist: Gist) -> str:
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    work = now.announced_work or ()
    rows = [f"{w.work} on {joined(w.links)} until {w.until_utc}" for w in work if w.under_way]
    ahead = [
        f"{w.work} on {joined(w.links)} from {w.from_utc} to {w.until_utc}"
        for w in work
        if not w.under_way
    ]
    return (
        f"Announced work that is under way: {joined(rows) or 'none'}; "
        f"that begins within a day: {joined(ahead) or 'none'}."
    )


def waiting(gist: Gist) -> str:
    """Plans that wait for approval."""
    found = gist.asked.look_up(LIST_INCIDENTS, Recorded())
    rows = []
    for row in [i for i in found.incidents if i.waiting_for_approval]:
        shown = gist.asked.look_up(SHOW_INCIDENT, OneIncident(incident=row.incident))
        rows += [
            f"{p.plan} of {row.incident} ({row.title}), made at {p.created_utc}: "
            f"{joined(p.actions) or 'do nothing'}"
            for p in shown.plans
            if p.plan in row.waiting_for_approval
        ]
    return taken(
        "plans that wait for a person's approval",
        f"{joined(rows, len(rows)) or 'None waits'}. {journalled(found)}",
    )


def open_now(gist: Gist) -> str:
    """Incidents that are open."""
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    found = gist.asked.look_up(LIST_INCIDENTS, Recorded())
    rows = [i for i in found.incidents if not i.closed]
    named = [
        f"{i.incident} ({i.severity}, {i.title}, began at {i.onset_utc}, {plain(i.phase)}, "
        f"{f'{i.taken_by} has it' if i.taken_by else 'nobody has taken it'})"
        for i in rows
    ]
    said = [f"{counted(len(rows), 'incident')} open: {joined(named)}." if rows else "None is open."]
    said += [node_now(gist, now, node) for node in gist.nodes[:2]]
    for row in rows[:2] if not gist.nodes else ():
        shown = gist.asked.look_up(SHOW_INCIDENT, OneIncident(incident=row.incident))
        said.append(_sure_of(gist, shown))
        said.append(_way_back(gist, shown))
    return taken("incidents that are open now", f"{' '.join(said)} {journalled(found)}")
