"""A whole incident told, alerts against each other, and which links a way hangs on."""

from agents.conversation.queries.history import (
    LIST_INCIDENTS,
    SHOW_INCIDENT,
    IncidentResult,
    OneIncident,
    PlanShown,
    Recorded,
)
from agents.conversation.queries.state import SHOW_HEALTH
from agents.conversation.queries.topology import (
    LIST_NODES,
    LIST_SERVICES,
    SHOW_LINK,
    SHOW_NODE,
    SHOW_PATH,
    Ends,
    NoArguments,
    OneLink,
    OneNode,
    PathResult,
)
from agents.conversation.queries.whatif import WHAT_IF, WORST_FAILURES, Supposed, Sweep
from agents.playbook.conversation.gist import Gist
from agents.playbook.conversation.looking_up import Decline
from agents.playbook.conversation.sentences import (
    MOST_SERVICES,
    WORST,
    carried_out,
    node_now,
    rows_of,
    served_by,
    symptoms,
    taken,
    way,
)
from agents.playbook.conversation.topic_history import of_incidents, recorded
from agents.playbook.conversation.whatif_answers import breaches
from agents.playbook.conversation.words import (
    begun,
    duration,
    joined,
    journalled,
    milliseconds,
    percent,
    percent_of,
    plain,
    rate,
    services,
)
from twin.nouns.counted import counted
from twin.nouns.topology import Interface
from twin.nouns.traffic_class import TrafficClass

_MOST_NODES = 80
_MOST_LINKS = 8
_MOST_LINES = 8


def story(gist: Gist) -> str:
    """An incident from its beginning to how it stands, and who was hit."""
    return of_incidents(gist, "what happened, who was hit, what was done and how it ended", _story)


def _story(gist: Gist, shown: IncidentResult) -> str:
    ended = "and has not ended"
    if shown.ended_utc is not None and shown.lasted_s is not None:
        ended = f"and ended at {shown.ended_utc}, after {duration(shown.lasted_s)}"
    said = [
        f"{shown.incident} ({shown.severity}, {shown.title}) began at {shown.onset_utc} "
        f"(opened at {shown.opened_utc}) {ended}; "
        f"it is {plain(shown.phase)}"
    ]
    said += [_cause(shown), _hit(gist, shown), _done(shown)]
    seen = [f"{plain(s.kind)} of {s.resource} ({s.state})" for s in shown.symptoms]
    said.append(f"symptoms: {joined(seen, _MOST_LINES, shown.symptom_count) or 'none'}")
    orders = [f"{o.order} at {o.place} ({o.state})" for o in shown.field_orders]
    said.append(f"field orders: {joined(orders) or 'none'}")
    said += [
        f"{p.plan} was made at {p.created_utc} and waits for a person's approval"
        for p in shown.plans
        if p.plan in shown.waiting_for_approval
    ]
    if shown.taken_by:
        said.append(f"{shown.taken_by} has it")
    elif not shown.closed:
        said.append("no person has taken it, so the machine works on it")
    return f"{'; '.join(said)}."


def _cause(shown: IncidentResult) -> str:
    if shown.found is not None:
        return f"the cause, as {shown.found.by} found: {shown.found.cause}"
    found = shown.diagnosis
    if found is None or not found.cause or found.probability is None:
        return "no cause is diagnosed"
    return f"the diagnosed cause: {joined(found.cause)} ({percent_of(found.probability)} probable)"


_MOST_HIT = 12


def _hit(gist: Gist, shown: IncidentResult) -> str:
    lost = shown.service_time_lost_s
    if lost is None:
        return "nobody has counted yet whose services were in breach"
    ranked = sorted(lost, key=lambda s: -lost[s])
    known = {s: _whose(gist, s) for s in ranked[:_MOST_HIT]}
    if gist.says(r"voice|class(?:es)?"):
        order = [plain(c.value) for c in TrafficClass]
        ranked.sort(key=lambda s: order.index(known[s][1]) if s in known else len(order))
    rows = [
        f"{s}{' ({}, {})'.format(*known[s]) if s in known else ''} for {duration(lost[s])}"
        for s in ranked
    ]
    still = f", in breach still: {joined(shown.hit_now)}" if shown.hit_now else ""
    return f"in breach were {joined(rows, MOST_SERVICES) or 'no services'}{still}"


def _whose(gist: Gist, service: str) -> tuple[str, str]:
    """The customer of a service, and its class in words."""
    row = gist.asked.look_up(LIST_SERVICES, served_by(service=service)).services[0]
    return row.customer, plain(row.traffic_class)


def _done(shown: IncidentResult) -> str:
    said = [f"{p.plan}: {joined(p.actions) or 'do nothing'} ({_state(p)})" for p in shown.plans]
    return f"plans: {joined(said) or 'none'}"


def _state(plan: PlanShown) -> str:
    by = [f"{a.decision} by {a.by}{', automatically' if a.automatic else ''}" for a in plan.answers]
    return (
        f"{joined(by) or plan.state}, {'carried out' if carried_out(plan) else 'not carried out'}"
    )


def drift(gist: Gist) -> str:
    """Devices that do not run what is intended."""
    found = gist.asked.look_up(LIST_NODES, NoArguments())
    if found.left_out or len(found.nodes) > _MOST_NODES:
        raise Decline("There are more devices than I can compare; name one.")
    said = []
    for row in found.nodes:
        shown = gist.asked.look_up(SHOW_NODE, OneNode(node=row.node))
        if shown.diff:
            changed = " / ".join(" ".join(line.split()) for line in shown.diff.splitlines())
            said.append(f"{row.node} ({changed})")
    return taken(
        "devices that are believed to run something else than is intended (- intended, + runs)",
        f"{joined(said, len(said)) or 'None'}.",
    )


def hangs_on(gist: Gist) -> str:
    """What becomes of a way as each of its links fails by itself."""
    ends = [(a, b) for row in rows_of(gist) for a, b in row.pairs[:1]]
    if len(gist.nodes) >= 2:
        ends = [(gist.nodes[0], gist.nodes[1])]
    if not ends:
        raise Decline("I cannot tell between which nodes.")
    said = []
    for a, b in ends[:2]:
        path = gist.asked.look_up(SHOW_PATH, Ends(source=a, target=b))
        links = (path.links or ())[:_MOST_LINKS]
        said.append(f"{way(path)}{_promises(path)}")
        then = [
            _without(
                link,
                gist.asked.look_up(SHOW_PATH, Ends(source=a, target=b, events=f"link {link} down")),
            )
            for link in links
        ]
        said.append(f"With one of its links out: {joined(then, len(then))}")
    names = joined([f"{a} and {b}" for a, b in ends[:2]])
    return taken(
        f"the way between {names} as each single link of it fails",
        f"{'. '.join(said)}. Failures elsewhere do not change it. Queueing comes on top.",
    )


def _promises(path: PathResult) -> str:
    said = [
        f"{p.service} ({p.customer}) is promised {milliseconds(p.promised_s)} one way"
        for p in path.promised or ()
    ]
    return f"; {joined(said)}" if said else ""


def _without(link: str, path: PathResult) -> str:
    if not path.reachable or not path.ways:
        return f"without {link} there is no way"
    longest = max(path.ways, key=lambda w: w.propagation_s)
    late = [p.service for p in path.promised or () if p.left_s < 0]
    broken = f", too long for {joined(late)}" if late else ""
    return (
        f"without {link} it goes {' → '.join(longest.nodes)} "
        f"({milliseconds(longest.propagation_s)}{broken})"
    )


def no_link(gist: Gist) -> str:
    """Two nodes that somebody takes for the ends of a link."""
    nodes = list(dict.fromkeys(gist.marks[m][1] for m in gist.pairs))[:2]
    if len(nodes) != 2:
        raise Decline("I cannot tell which link is meant.")
    gist.tell("event")
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    path = gist.asked.look_up(SHOW_PATH, Ends(source=nodes[0], target=nodes[1]))
    down = f"Links down: {joined(now.links_down) or 'none'}."
    return taken(
        f"how {nodes[0]} and {nodes[1]}, which no link joins, are now",
        f"No link joins {nodes[0]} and {nodes[1]}. {way(path)}. {down} "
        f"{' '.join(node_now(gist, now, node) for node in nodes)}",
    )


def link_facts(gist: Gist) -> str:
    """What is built: capacity, length, weight, ducts, up or down."""
    said = []
    for link in gist.links[:4]:
        row = gist.asked.look_up(SHOW_LINK, OneLink(link=link))
        weights = [f"{w} from {end}" for end, w in row.igp_weights.items()]
        ducts = joined(row.shares_duct_with) or "no other link"
        said.append(
            f"{link}: {rate(row.capacity_bps)} each way in {counted(row.members, 'member')}, "
            f"{row.length_km:.1f} km ({milliseconds(row.propagation_s)} one way), IGP weight "
            f"{joined(weights)}, {'up' if row.up else 'down'}{', drained' if row.drained else ''}; "
            f"it shares a duct with {ducts}"
        )
    for node in gist.nodes[:4]:
        shown = gist.asked.look_up(SHOW_NODE, OneNode(node=node))
        ends = [
            f"{x.link} ({rate(x.capacity_bps)}, {'up' if x.up else 'down'})" for x in shown.links
        ]
        said.append(
            f"{node} has {counted(shown.link_count, 'link')}: {joined(ends, len(ends))}; "
            f"{counted(shown.service_count, 'service')} end there"
        )
    return taken("what is on record", f"{'. '.join(said)}.")


def same_cause(gist: Gist) -> str:
    """Whether symptoms of two places, or what customers suffer, belong to one incident."""
    if gist.around is None and (belonging := _belonging(gist)):
        return taken("which incident concerns what is named, by what is on record", belonging)
    where, when, found = recorded(gist, gist.around)
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    said = [node_now(gist, now, node) for node in gist.nodes[:3]]
    rows = [f"{i.incident} ({i.title}, began at {i.onset_utc})" for i in found.incidents]
    seen = joined(symptoms(now), MOST_SERVICES)
    return taken(
        f"incidents{where}{when}, into which symptoms of one cause are put together",
        f"{begun(counted(found.count, 'incident'))}: {joined(rows) or 'none'}. Symptoms now: "
        f"{seen or 'none'}. {' '.join(said)} {journalled(found)}",
    )


def _belonging(gist: Gist) -> str:
    """Which of the places and customers that are named each open incident concerns, or the last;
    "" where nothing is named."""
    named = [*gist.nodes[:4], *gist.links[:4], *gist.of("customer")[:4], *gist.of("service")[:4]]
    if not named:
        return ""
    found = gist.asked.look_up(LIST_INCIDENTS, Recorded())
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    rows = [i for i in found.incidents if not i.closed] or list(found.incidents[-1:])
    gist.tell("path", "customers", "breach")
    said = []
    for row in rows[:3]:
        shown = gist.asked.look_up(SHOW_INCIDENT, OneIncident(incident=row.incident))
        why = {name: _concerned(gist, shown, name) for name in named}
        concerned = [f"{name} ({because})" for name, because in why.items() if because]
        others = [name for name, because in why.items() if not because]
        apart = f"; not, by what is on record, {joined(others)}" if others else ""
        said.append(
            f"{row.incident} ({row.title}) concerns {joined(concerned) or 'none of them'}{apart}."
        )
    breached = [s for s in now.services_in_breach if s.customer in named or s.service in named]
    return (
        f"{' '.join(said) or 'No incident is on record.'} Of them in breach now, by probes: "
        f"{joined(services(breached)) or 'none'}. {journalled(found)}"
    )


def _concerned(gist: Gist, shown: IncidentResult, name: str) -> str:
    """Why an incident concerns a place or a customer; "" if by what is on record it does not."""
    blamed = set(shown.diagnosis.links if shown.diagnosis else ())
    at = [
        f"{plain(s.kind)} of {s.resource}"
        for s in shown.symptoms
        if name in (*Interface.parts(s.resource), *s.resource.partition("/")[0].split(">"))
    ]
    if name in blamed or at:
        return joined(at, 3) or "it is to blame"
    rows = [r for r in rows_of(gist) if name in (r.customer, r.service)]
    hit = [r.service for r in rows if r.service in (shown.service_time_lost_s or {})]
    if hit:
        return f"it counts {joined(hit)} in breach"
    for a, b in (pair for row in rows for pair in row.pairs[:2]):
        path = gist.asked.look_up(SHOW_PATH, Ends(source=a, target=b))
        if on := blamed & set(path.links or ()):
            return f"the way {a} to {b} uses {joined(sorted(on))}"
    return ""


def compared_upgrades(gist: Gist) -> str:
    """What more capacity buys: at the peak, as it is and after the worst single failure."""
    phrases = [[p] for event in gist.events for p in event.phrases]
    if gist.says(r"both|together|and also|as well") and len(phrases) > 1:
        phrases.append([p for group in phrases for p in group])
    if not phrases:
        gist.tell("rate")
        gbits = 100.0 if gist.rate is None else gist.rate / 1e9
        phrases = [[f"link {x} add {gbits:g}G"] for x in gist.links[:4]]
    if not 1 <= len(phrases) <= 4:
        raise Decline("I compare four upgrades at most.")
    at = gist.when.at if gist.when and gist.when.at else "peak"
    factor = gist.more.factor if gist.more and gist.more.factor else 1.0
    said = [bought(gist, "", at, factor)]
    said += [bought(gist, "; ".join(events), at, factor) for events in phrases]
    assumed = (
        ""
        if gist.events or gist.rate is not None
        else ", each by 100 Gbit/s, as no amount is named"
    )
    return taken(
        f"what is gained at the {at if at == 'peak' else 'hour named'}, with everything up and "
        f"after any single link failure, by more capacity{assumed}",
        f"{' '.join(said)} Costs are not on record.",
    )


def with_more(gist: Gist, events: str, at: str, factor: float) -> Supposed:
    """What is asked of the twin for an upgrade: the links that are named are watched."""
    links = tuple(gist.links[:_MOST_LINKS])
    return Supposed(events=events, at=at, watch_links=links, demand_factor=factor)


def bought(gist: Gist, events: str, at: str, factor: float) -> str:
    """What `events` buy: the busiest egress, and the fullest after single failures."""
    then = gist.asked.look_up(WHAT_IF, with_more(gist, events, at, factor))
    swept = gist.asked.look_up(
        WORST_FAILURES, Sweep(of="link", at=at, most=WORST, events=events, demand_factor=factor)
    )
    busiest, worst = then.after.busiest, swept.fullest[:3]
    after = [f"{e.node} on {e.link} at {percent(e.utilisation)} after {e.by}" for e in worst]
    loads = [f"{e.link} from {e.node} {percent(e.utilisation)}" for e in then.after.watched]
    broken = "" if not events else f" {begun(breaches(then))}"
    what = f"With {joined(then.described)}" if events else "As it is"
    return (
        f"{what}: the busiest egress is {busiest.node} on {busiest.link} at "
        f"{percent(busiest.utilisation)}; after single link failures the fullest are "
        f"{joined(after)}, and {counted(swept.overloaded_count, 'egress', 'egresses')} overloaded."
        f"{f' Loads: {joined(loads, len(loads))}.' if loads else ''}{broken}"
    )
