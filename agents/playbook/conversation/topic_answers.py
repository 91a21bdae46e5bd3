"""What was recognised of a question, answered; an answer says what the question was taken for."""

import re
from collections.abc import Callable, Mapping, Sequence

from agents.conversation.queries.history import (
    LIST_INCIDENTS,
    SHOW_INCIDENT,
    SHOW_REMEDIES,
    IncidentResult,
    IncidentRow,
    IncidentsResult,
    OneIncident,
    PlanShown,
    Recorded,
)
from agents.conversation.queries.state import (
    SHOW_HEALTH,
    SHOW_UTILISATION,
    HealthResult,
    Utilisation,
)
from agents.conversation.queries.topology import (
    LIST_SERVICES,
    SHOW_LINK,
    SHOW_NETWORK,
    SHOW_NODE,
    SHOW_PATH,
    Ends,
    LinkResult,
    NoArguments,
    OneLink,
    OneNode,
    PathResult,
    Served,
    ServiceRow,
)
from agents.conversation.queries.whatif import (
    WHAT_IF,
    WORST_FAILURES,
    Supposed,
    Sweep,
    WhatIfResult,
)
from agents.playbook.conversation.gist import Gist
from agents.playbook.conversation.looking_up import Decline
from agents.playbook.conversation.times import Span
from agents.playbook.conversation.whatif_answers import (
    NEXT_HOURS,
    breaches,
    class_effect,
    losses,
    overloads,
    relieved,
    served_effect,
    supposition,
    verdict,
)
from agents.playbook.conversation.words import (
    aged,
    begun,
    count,
    duration,
    egresses,
    joined,
    journalled,
    milliseconds,
    percent,
    percent_of,
    plain,
    rate,
    services,
    trials,
)
from twin.nouns.topology import Interface

_LOSING_ONE = (
    r"los(?:e|ing) (?:one|either|a leg|a link)|one (?:of them )?(?:fails|goes|dies|is lost)"
)
_MOST_LOOKED_INTO = 10
_MOST_SERVICES = 25
_MOST_SYMPTOMS = 6
_MOST_EGRESSES = 8
_WORST = 5
_MOST_EVENTS = 6

_SAFE = (
    r"safe|safely|ok|okay|can (?:i|we|you)|may (?:i|we)|allowed|risk\w*|ride it out|survive|"
    r"(?:is|are) (?:it|there) (?:a )?(?:problem|maintenance)|works? on|maintenance|window|swap|"
    r"splice|upgrade|postpone|for ever|technicians"
)
_FAILING = r"fail\w*|down|dies?|dead|lost?|lose|losing|breaks?|broken|cut|gone|out|dark|dug up"
_ENLARGED = (
    r"(?:add|adding|added|another|extra|gets?|with|buy|upgrade\w*|expand\w*|to) "
    r"(?:\w+ ){0,2}\d+ ?(?:g|gb|gbit|gbps|gbit/s|t|tbit/s)(?: more)?"
)
_GROWN = r"\+|more|grow\w*|increases?|rises?|room for|goes up|up"
_CLASH = r"clash\w*|conflict\w*|collid\w*|what else is planned|overlap\w*"
_CLASSES = (
    ("voice", r"voice|voip|telephony|calls?"),
    ("business", r"business class|business (?:traffic|services?|customers?)"),
    ("best_effort", r"best[- ]effort|internet traffic"),
)


def _taken(what: str, answer: str) -> str:
    return f"Taken as: {what}. {answer}"


# What would be -------------------------------------------------------------------------------


def _effect(gist: Gist) -> str:
    groups = _supposed_events(gist)
    _refuse_unplaced(gist)
    if len(groups) > _MOST_EVENTS:
        raise Decline("I compare six events at most.")
    said = [_effect_of(gist, events) for events in groups]
    if gist.says(r"ducts?|trench|independent|srlg") and len(gist.links) > 1:
        said.append(_ducts(gist))
    if gist.says(r"while|still|limping|already"):
        now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
        said += [_node_now(gist, now, n) for n in gist.nodes if gist.marked(n) not in gist.failed]
    if gist.says(_CLASH):
        said.append(_clashing(gist))
    return " ".join(said)


def _supposed_events(gist: Gist) -> list[list[str]]:
    """What is supposed, as the twin reads it: several groups where each is meant by itself."""
    _refuse_mixed(gist)
    marks = [m for group in gist.failing for m in group]
    each = [gist.events(m) for m in marks] + [[e] for e in gist.other_events]
    events = [e for group in each for e in group]
    if gist.alternatives and len(each) > 1:
        if gist.together:
            return [events, *each]
        if len(gist.failing) > 1 and any(len(g) > 1 for g in gist.failing):
            raise Decline("I cannot tell which of these are meant at the same time.")
        return each
    return [events]


def _refuse_mixed(gist: Gist) -> None:
    """Refuse parts of different kinds: which verb belongs to which name is not read here."""
    kinds = [
        bool(gist.failing) and gist.says(_FAILING),
        gist.says(r"drain|draining|drained"),
        bool(gist.other_events),
        gist.says(_ENLARGED),
    ]
    if sum(kinds) > 1 or kinds[-1]:
        raise Decline(
            "I read only one kind of change in a question; "
            '`noctua what-if "link A-B down; drain node C"` takes several.'
        )
    if re.search(r"\b(?:2[4-9]|[3-9]\d)[:.h]\d{2}\b", gist.question):
        raise Decline("No day has that hour.")


def _refuse_unplaced(gist: Gist) -> None:
    """Refuse a node that is named beside what fails and has nothing to do with it."""
    marks = [m for group in gist.failing for m in group]
    if not marks:
        return
    near = gist.ends_near(marks)
    for mark, (kind, name) in gist.marks.items():
        if kind != "node" or mark in marks or name in near:
            continue
        raise Decline(f"I cannot tell what {name} has to do with it.")
    links = {gist.marks[m][1] for m in marks}
    if gist.alternatives and not gist.together and any(x not in links for x in gist.links):
        raise Decline("I cannot tell which links are meant to be compared.")


def _effect_of(gist: Gist, events: list[str]) -> str:
    when, safe = gist.when, gist.says(_SAFE)
    at, hours = (when.at, when.hours) if when else ("", NEXT_HOURS if safe else 0)
    watched = tuple(x for x in gist.links if not any(x in e.split() for e in events))[:4]
    supposed = Supposed(
        events="; ".join(events),
        at=at,
        watch_links=watched,
        hours=hours,
        demand_factor=_factor(gist),
    )
    then = gist.asked.look_up(WHAT_IF, supposed)
    parts = [verdict(then)] if safe else []
    parts += [_who(gist, then), breaches_said(then), overloads(then), losses(then)]
    parts += [_watched(then), _told(gist, events)]
    return _taken(f"what happens if {supposition(then)}", " ".join(p for p in parts if p))


def breaches_said(then: WhatIfResult) -> str:
    """Services that break their promise, or no longer do."""
    return f"{begun(breaches(then))}{relieved(then)}"


def _factor(gist: Gist) -> float:
    shares = gist.shares
    if len(shares) > 1 or (shares and not gist.says(_GROWN)):
        said = ", ".join(f"«{s}»" for s in shares)
        raise Decline(f"I cannot tell what {said} means there.")
    if not shares:
        return 1.0
    if gist.percent is None:
        raise Decline(f"I can suppose more traffic by a share, but no limit such as «{shares[0]}».")
    if gist.says(r"per (month|year|quarter|week)|a (month|year)|less|fewer|monthly|yearly"):
        raise Decline("I can suppose an amount of growth, but no rate of it.")
    return round(1.0 + gist.percent, 4)


def _who(gist: Gist, then: WhatIfResult) -> str:
    said = [class_effect(then, c) for c, words in _CLASSES if gist.says(words)]
    for name in (*gist.of("service"), *gist.of("customer")):
        kind = "service" if name in gist.of("service") else "customer"
        said.append(served_effect(then, {kind: name}))
    return " ".join(said)


def _watched(then: WhatIfResult) -> str:
    pairs = zip(then.before.watched, then.after.watched, strict=True)
    said = [
        f"{is_.link} from {is_.node} {percent(is_.utilisation)} (before: "
        f"{percent(was.utilisation)})"
        for was, is_ in pairs
        if is_.link not in then.links_down
    ]
    return f"Offered load: {joined(said)}." if said else ""


def _told(gist: Gist, events: Sequence[str]) -> str:
    """Whose traffic uses a link, where it is asked who has to be told."""
    if not gist.says(r"tell|inform|notify|warn|announce"):
        return ""
    links = [e.split(" ", 1)[1].removesuffix(" down") for e in events if not e.startswith("node")]
    said = []
    for link in links:
        found = gist.asked.look_up(LIST_SERVICES, _served(over_link=link))
        customers = sorted({s.customer for s in found.services})
        said.append(
            f"Customers whose traffic uses {link} now: {joined(customers, _MOST_SERVICES)}."
        )
    return " ".join(said)


def _worst(gist: Gist) -> str:
    when = gist.when
    of = "node" if gist.says(r"(router|node|pop|site)s?") and not gist.says("links?") else "link"
    sweep = Sweep(of=of, at=when.at if when else "", most=_WORST, demand_factor=_factor(gist))
    swept = gist.asked.look_up(WORST_FAILURES, sweep)
    rows = [
        f"{row.link or row.node} ({count(row.services_in_breach, 'service')} in breach, fullest "
        f"then {row.fullest.node} on {row.fullest.link} at {percent(row.fullest.utilisation)})"
        for row in swept.worst
    ]
    over = [f"{e.node} on {e.link} at {percent(e.utilisation)} after {e.by}" for e in swept.fullest]
    if swept.overloaded_count:
        over = [
            f"{e.node} on {e.link} at {percent(e.utilisation)} after {e.by}"
            for e in swept.overloaded
        ]
        full = (
            f"{count(swept.overloaded_count, 'egress', 'egresses')} would be over 100 % after "
            f"some failure: {joined(over, _MOST_SERVICES, swept.overloaded_count)}."
        )
    else:
        full = f"None overloads an egress; the fullest would be {joined(over)}."
    more = f", all of it times {swept.demand_factor:g}" if swept.demand_factor != 1.0 else ""
    return _taken(
        f"every failure of a single {of} with the demand of {swept.demand_of_utc}{more}",
        f"The worst by services in breach, of {swept.tried}: {joined(rows)}. {full}",
    )


def _growth(gist: Gist) -> str:
    when = gist.when
    at = when.at if when else "peak"
    factor = _factor(gist)
    then = gist.asked.look_up(
        WHAT_IF,
        Supposed(events="", at=at, watch_links=tuple(gist.links[:4]), demand_factor=factor),
    )
    swept = gist.asked.look_up(
        WORST_FAILURES, Sweep(of="link", at=at, most=_WORST, demand_factor=factor)
    )
    first = [
        f"{e.node} on {e.link} at {percent(e.utilisation)} after {e.by}" for e in swept.fullest
    ]
    loads = [
        f"{e.link} from {e.node} at {percent(e.utilisation)} (free {rate(e.free_bps)})"
        for e in then.after.watched
    ]
    asked = f"{joined(loads)}. " if loads else ""
    return _taken(
        f"all traffic times {factor:g}, with the demand of {then.demand_of_utc} and the network "
        "as it is",
        f"{asked}In breach by the twin: {then.after.services_in_breach_count} services. "
        f"{overloads(then)} {losses(then)} After any single link failure the fullest would be "
        f"{joined(first)}.",
    )


def _headroom(gist: Gist) -> str:
    said = []
    when = gist.when
    links = tuple(gist.links)
    if when is not None and (when.at or when.hours):
        then = gist.asked.look_up(
            WHAT_IF, Supposed(events="", at=when.at, watch_links=links, hours=when.hours)
        )
        said = [
            f"{e.link} from {e.node}: {percent(e.utilisation)} expected, free {rate(e.free_bps)}"
            for e in then.after.watched
        ]
        return _taken(
            f"load and free capacity of {joined(links)} with the demand of {then.demand_of_utc}, "
            "nothing failing",
            f"{joined(said)}.",
        )
    now = gist.asked.look_up(SHOW_UTILISATION, Utilisation(links=links, most=1))
    health = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    for e in now.egresses:
        if e.utilisation is None or e.sent_bps is None or e.free_bps is None:
            said.append(f"{e.link} from {e.node}: not read yet")
            continue
        said.append(
            f"{e.link} from {e.node}: {percent(e.utilisation)} ({rate(e.sent_bps)} of "
            f"{rate(e.capacity_bps)}, free {rate(e.free_bps)}, read at {e.read_utc})"
        )
    for link in links:
        said.append(f"{link} is {'down' if link in health.links_down else 'up'}")
        said += [
            f"{plain(s.kind)} of {s.resource} since {s.since_utc}"
            for s in health.symptoms
            if link in Interface.parts(s.resource)
        ]
    return _taken(f"load and free capacity of {joined(links)} now", f"{joined(said)}. {aged(now)}")


def _quiet(gist: Gist) -> str:
    network = gist.asked.look_up(SHOW_NETWORK, NoArguments())
    return _taken(
        "the hour of least demand in the daily profile",
        f"It is {network.quietest_hour_utc} UTC, with {percent(network.quietest_share)} of the "
        f"demand of the busiest hour, {network.busiest_hour_utc} UTC. One profile stands for every "
        "day, so of weekdays and weekends nothing is known.",
    )


# How it is -----------------------------------------------------------------------------------


def _health(gist: Gist) -> str:
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    found = gist.asked.look_up(LIST_INCIDENTS, Recorded())
    said = [_state_now(now)]
    waiting = [p for i in found.incidents for p in i.waiting_for_approval]
    said.append(
        f"Waiting for approval: {joined(waiting)}." if waiting else "Nothing waits for approval."
    )
    said += [_node_now(gist, now, node) for node in gist.nodes[:2]]
    busiest = gist.asked.look_up(SHOW_UTILISATION, Utilisation(links=(), most=3))
    if busiest.egresses:
        said.append(f"The busiest egresses: {joined(egresses(busiest.egresses))}.")
    if gist.says("hand ?over"):
        said.append(f"Temporary changes in force: {_temporary(gist) or 'none'}.")
    return _taken("how the network is now", f"{' '.join(said)} {aged(now)}")


def _state_now(now: HealthResult) -> str:
    if now.healthy:
        return "Nothing is wrong: no link down, no symptom, no service in breach, no incident open."
    down = joined(now.links_down) or "none"
    symptoms = joined(_symptoms(now), _MOST_SYMPTOMS) or "none"
    breach = joined(services(now.services_in_breach), _MOST_SERVICES) or "none"
    still = joined([f"{i.incident} ({i.title}, {plain(i.phase)})" for i in now.open_incidents])
    return (
        f"Links down: {down}. Symptoms: {symptoms}. Services in breach by probes: {breach}. "
        f"Open incidents: {still or 'none'}."
    )


def _symptoms(now: HealthResult) -> list[str]:
    return [f"{plain(s.kind)} of {s.resource} since {s.since_utc}" for s in now.symptoms]


def _node_now(gist: Gist, now: HealthResult, node: str) -> str:
    shown = gist.asked.look_up(SHOW_NODE, OneNode(node=node))
    links = {x.link for x in shown.links}
    found = gist.asked.look_up(LIST_INCIDENTS, Recorded(touching=node))
    still = [i.incident for i in found.incidents if not i.closed]
    symptoms = [
        f"{plain(s.kind)} of {s.resource}"
        for s in now.symptoms
        if {node, *links} & set(Interface.parts(s.resource))
    ]
    return (
        f"At {node}: {shown.links_up} of its {count(shown.link_count, 'link')} are up; symptoms: "
        f"{joined(symptoms) or 'none'}; open incidents that concern it or its links: "
        f"{joined(still) or 'none'}."
    )


def _congested(gist: Gist) -> str:
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    busiest = gist.asked.look_up(SHOW_UTILISATION, Utilisation(links=(), most=_MOST_EGRESSES))
    dropping = [
        f"{s.resource} since {s.since_utc}" for s in now.symptoms if s.kind == "queue_drops"
    ]
    return _taken(
        "where the network is busiest now, and which queues drop",
        f"Queues that drop: {joined(dropping) or 'none that I know of'}. The busiest egresses: "
        f"{joined(egresses(busiest.egresses))}. {aged(now)}",
    )


def _hit_now(gist: Gist) -> str:
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    if not now.services_probed:
        raise Decline(f"No probe has reported yet, so nothing is known of services. {aged(now)}")
    named = joined(services(now.services_in_breach), _MOST_SERVICES)
    return _taken(
        "whose services are in breach now, by probes", f"{named or 'Nobody'}. {aged(now)}"
    )


def _served_now(gist: Gist) -> str:
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    rows = _rows_of(gist)
    breached = {s.service for s in now.services_in_breach}
    said = [
        f"{row.service} ({row.customer}, {plain(row.traffic_class)}, {_pairs(row)}) is "
        f"{'in breach' if row.service in breached else 'not in breach'}; promised: "
        f"{_promise(row)}; {_lost(row)}"
        for row in rows
    ]
    probed = "" if now.services_probed else "No probe has reported yet. "
    return _taken(
        f"how the services of {_named(gist)} are now, by probes, and what incidents recorded",
        f"{probed}{joined(said, len(said))}. {_in_span(gist)}{_uncounted(gist)}{aged(now)}",
    )


def _named(gist: Gist) -> str:
    return joined([*gist.of("service"), *gist.of("customer")])


def _pairs(row: ServiceRow) -> str:
    return joined([f"{a} to {b}" for a, b in row.pairs])


def _promise(row: ServiceRow) -> str:
    promised = row.promised
    terms = [f"availability of {percent_of(promised.availability)}"]
    if promised.loss is not None:
        terms.append(f"loss of at most {percent_of(promised.loss)}")
    if promised.delay_s is not None:
        terms.append(f"delay of at most {milliseconds(promised.delay_s)} one way")
    return " and ".join(terms)


def _served(
    *, service: str = "", customer: str = "", over_link: str = "", over_node: str = ""
) -> Served:
    return Served(
        service=service,
        customer=customer,
        node="",
        over_link=over_link,
        traffic_class="",
        over_node=over_node,
    )


def _rows_of(gist: Gist) -> list[ServiceRow]:
    rows: dict[str, ServiceRow] = {}
    for name in gist.of("service"):
        found = gist.asked.look_up(LIST_SERVICES, _served(service=name))
        rows |= {s.service: s for s in found.services}
    for name in gist.of("customer"):
        found = gist.asked.look_up(LIST_SERVICES, _served(customer=name))
        rows |= {s.service: s for s in found.services}
    return list(rows.values())


def _lost(row: ServiceRow) -> str:
    if not row.lost_in:
        return "no closed incident counts time in breach for it"
    return f"closed incidents ({joined(row.lost_in)}) count {duration(row.lost_s)} in breach"


def _uncounted(gist: Gist) -> str:
    found = gist.asked.look_up(LIST_INCIDENTS, Recorded())
    still = [i.incident for i in found.incidents if not i.closed]
    return f"Of {joined(still)} the time in breach is counted when it is closed. " if still else ""


def _availability(gist: Gist) -> str:
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    breached = {s.service for s in now.services_in_breach}
    said = []
    for row in _rows_of(gist):
        left = f"leaves {duration(row.left_s)}" if row.left_s >= 0 else "leaves nothing"
        state = "; it is in breach now, by probes" if row.service in breached else ""
        said.append(
            f"{row.service} ({row.customer}, {plain(row.traffic_class)}, {_pairs(row)}) is "
            f"promised an availability of {percent_of(row.promised.availability)}, which allows "
            f"{duration(row.allowed_s)} in 30 days; {_lost(row)}, which {left}{state}"
        )
    return _taken(
        f"time in breach of the services of {_named(gist)}, as far as the journal goes back",
        f"{joined(said, len(said))}. {_in_span(gist)}{_uncounted(gist)}{aged(now)}",
    )


def _in_span(gist: Gist) -> str:
    """The incidents of the time that is named, of whomever they hit."""
    if gist.span is None:
        return ""
    found = gist.asked.look_up(
        LIST_INCIDENTS, Recorded(since=gist.span.since, until=gist.span.until)
    )
    rows = [f"{i.incident} ({i.title})" for i in found.incidents]
    return f"Incidents of the network {gist.span.words()}: {joined(rows) or 'none'}. "


def _class_hit(gist: Gist) -> str:
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    (cls,) = [c for c, words in _CLASSES if gist.says(words)][:1]
    wanted = Served(service="", customer="", node="", over_link="", traffic_class=cls, over_node="")
    found = gist.asked.look_up(LIST_SERVICES, wanted)
    lost = [f"{s.service} ({duration(s.lost_s)})" for s in found.services if s.lost_in]
    hit = [s for s in now.services_in_breach if s.traffic_class == cls]
    return _taken(
        f"{plain(cls)} services in breach, as recorded and now, by probes",
        f"Time in breach that closed incidents count: {joined(lost) or 'none'}. In breach now: "
        f"{joined(services(hit), _MOST_SERVICES) or 'none'}. {_uncounted(gist)}What people hear "
        f"is not measured. {aged(now)}",
    )


def _passing(gist: Gist) -> str:
    said = []
    for link in gist.links[:3]:
        found = gist.asked.look_up(LIST_SERVICES, _served(over_link=link))
        named = joined(services(found.services), _MOST_SERVICES, found.count)
        said.append(f"{count(found.count, 'service')} may use {link}: {named or 'none'}.")
    for node in () if gist.links else gist.nodes[:3]:
        found = gist.asked.look_up(LIST_SERVICES, _served(over_node=node))
        named = joined(services(found.services), _MOST_SERVICES, found.count)
        said.append(f"{count(found.count, 'service')} end at {node} or may pass it: {named}.")
    what = joined(gist.links or gist.nodes)
    return _taken(f"services whose traffic uses {what} as it is routed now", " ".join(said))


# What is built -------------------------------------------------------------------------------


def _configuration(gist: Gist) -> str:
    said = []
    for node in gist.nodes[:3]:
        shown = gist.asked.look_up(SHOW_NODE, OneNode(node=node))
        known = "runs" if shown.watched else "is on record"
        if shown.diff:
            changed = " / ".join(" ".join(line.split()) for line in shown.diff.splitlines())
            said.append(
                f"{node}: what runs differs from what is intended (- intended, + runs): {changed}."
            )
        else:
            said.append(f"{node}: what {known} is what is intended.")
        rows = [
            f"{i.link} weight {i.igp_weight}"
            f"{', drained' if i.drained else ''}{', shut down' if i.shut_down else ''}"
            for i in shown.interfaces
        ]
        said.append(f"Its interfaces: {joined(rows, len(rows))}.")
    for link in gist.links[:3]:
        one = gist.asked.look_up(SHOW_LINK, OneLink(link=link))
        weights = [
            f"{w} from {end} (intended {one.intended_igp_weights[end]})"
            for end, w in one.igp_weights.items()
        ]
        drained = ", drained" if one.drained else ""
        said.append(f"{link}: IGP weight {joined(weights)}{drained}.")
    for name in (*gist.nodes[:3], *gist.links[:3]):
        said.append(_commits_at(gist, name))
    return _taken(
        f"the configuration of {joined([*gist.nodes[:3], *gist.links[:3]])} that is believed to "
        "run, against the intended one",
        " ".join(said),
    )


def _commits_at(gist: Gist, name: str) -> str:
    found = gist.asked.look_up(LIST_INCIDENTS, Recorded(touching=name))
    commits = [f"{c.device} by {c.plan} ({plain(c.state)}) at {c.at_utc}" for c in found.commits]
    if not commits:
        return f"The journal has no commit of a plan on {name}."
    return f"Commits of plans that concern {name}: {joined(commits)}."


def _ducts(gist: Gist) -> str:
    said = []
    links = gist.links
    if not links and gist.nodes:
        for node in gist.nodes[:1]:
            shown = gist.asked.look_up(SHOW_NODE, OneNode(node=node))
            ends = [f"{x.link} ({rate(x.capacity_bps)})" for x in shown.links]
            said.append(f"{node} has {count(shown.link_count, 'link')}: {joined(ends, len(ends))}.")
            links += [x.link for x in shown.links]
    rows = {x: gist.asked.look_up(SHOW_LINK, OneLink(link=x)) for x in links[:8]}
    said += [_duct_of(row) for row in rows.values()]
    pairs = [
        f"{a} and {b} do {'' if b in rows[a].shares_duct_with else 'not '}share a duct"
        for n, a in enumerate(rows)
        for b in list(rows)[n + 1 :]
    ]
    if len(rows) > 1:
        said.append(f"{begun(joined(pairs, len(pairs)))}.")
    effects = []
    if gist.says(_LOSING_ONE) and len(rows) <= _MOST_EVENTS:
        effects = [_effect_of(gist, [f"link {x} down"]) for x in rows]
    if not rows:
        raise Decline("I cannot tell whose ducts are meant.")
    return _taken(
        f"which ducts the links {joined(list(rows))} share, on record",
        f"{' '.join([*said, 'Whether that is so on the ground is not known.', *effects])}",
    )


def _duct_of(row: LinkResult) -> str:
    if not row.shares_duct_with:
        return f"No other link shares a duct with {row.link}."
    groups = joined([g.group for g in row.shared_risk_groups])
    return f"{row.link} shares a duct with {joined(row.shares_duct_with)} ({groups})."


def _ends_of(gist: Gist) -> list[tuple[str, str]]:
    """The pairs of nodes that are meant: named, or those of the named service."""
    if len(gist.nodes) >= 2:
        return [(gist.nodes[0], gist.nodes[1])]
    pairs = dict.fromkeys(tuple(sorted(p)) for row in _rows_of(gist) for p in row.pairs)
    return [(a, b) for a, b in pairs][:3]


def _margin(gist: Gist) -> str:
    said = []
    for a, b in _ends_of(gist):
        path = gist.asked.look_up(SHOW_PATH, Ends(source=a, target=b))
        said.append(_way(path))
        said += [
            f"{p.service} ({p.customer}) is promised {milliseconds(p.promised_s)} one way, "
            f"{milliseconds(p.left_s)} more than propagation takes now"
            if p.left_s >= 0
            else f"{p.service} ({p.customer}) is promised {milliseconds(p.promised_s)} one way, "
            "which propagation alone exceeds"
            for p in path.promised or ()
        ]
    if not said:
        raise Decline("I cannot tell between which nodes.")
    if gist.of("service"):
        said += [
            f"{row.service} ({row.customer}, {_pairs(row)}) is promised {_promise(row)}"
            for row in _rows_of(gist)
        ]
    ends = joined([f"{a} and {b}" for a, b in _ends_of(gist)])
    return _taken(
        f"the way of traffic between {ends} now, its propagation delay, and what is promised there",
        f"{'. '.join(said)}. Queueing comes on top.",
    )


def _way(path: PathResult) -> str:
    if not path.reachable:
        return f"There is no way from {path.source} to {path.target} now"
    ways = [
        f"{' → '.join(w.nodes)} ({count(w.hops, 'hop')}, {w.length_km:.1f} km, sum of weights "
        f"{w.weight}, {milliseconds(w.propagation_s)} one way, {milliseconds(w.round_trip_s)} "
        "there and back)"
        for w in path.ways
    ]
    return f"From {path.source} to {path.target}: {joined(ways)}"


# What happened -------------------------------------------------------------------------------


def _recorded(gist: Gist, span: Span | None) -> tuple[str, str, IncidentsResult]:
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


def _changes(gist: Gist) -> str:
    where, when, found = _recorded(gist, gist.around)
    rows = [
        f"{i.incident} ({i.severity}, {i.title}, began at {i.onset_utc}, {plain(i.phase)})"
        for i in found.incidents
    ]
    commits = [f"{c.device} by {c.plan} ({plain(c.state)}) at {c.at_utc}" for c in found.commits]
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    state = joined([f"{x} down" for x in now.links_down]) or "no link is down"
    symptoms = joined(_symptoms(now), _MOST_SYMPTOMS)
    weights = [_weights_now(gist, n) for n in gist.nodes[:1] if gist.says(r"weights?|metrics?")]
    return _taken(
        f"incidents and changes{where}{when}",
        f"Incidents: {joined(rows) or 'none'}. Commits on devices: {joined(commits) or 'none'}. "
        f"Active now: {state}; symptoms: {symptoms or 'none'}. {' '.join(weights)}What others "
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
    _, _, found = _recorded(gist, gist.around)
    narrowed = bool(gist.around or gist.links or gist.nodes)
    rows = list(found.incidents) if narrowed else _most_wanted(found.incidents)
    return [
        gist.asked.look_up(SHOW_INCIDENT, OneIncident(incident=row.incident))
        for row in rows[-_MOST_LOOKED_INTO:]
    ]


def _most_wanted(rows: Sequence[IncidentRow]) -> list[IncidentRow]:
    still = [r for r in rows if not r.closed]
    return still or list(rows[-1:])


def _about(gist: Gist) -> str:
    """Which incidents are meant, in words."""
    if named := gist.of("incident"):
        return joined(named)
    where, when, _ = _recorded(gist, gist.around)
    if gist.around or gist.links or gist.nodes:
        return f"incidents{where}{when}"
    return "the open incident, or the last one"


def _none(gist: Gist) -> str:
    found = gist.asked.look_up(LIST_INCIDENTS, Recorded())
    return f"There is no such incident on record. {journalled(found)}"


def _of_incidents(gist: Gist, what: str, say: Callable[[Gist, IncidentResult], str]) -> str:
    shown = _shown(gist)
    text = " ".join(say(gist, one) for one in shown) if shown else _none(gist)
    return _taken(f"{what} ({_about(gist)})", text)


def _confidence(gist: Gist) -> str:
    return _of_incidents(gist, "how sure the diagnosis is, and what else it could be", _sure_of)


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


def _nothing(gist: Gist) -> str:
    return _of_incidents(gist, "what comes of doing nothing", _if_nothing)


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
        f"{idle.services_in_breach:g} services in breach, {rate(idle.lost_bps)} lost. With "
        f"{joined(plan.actions) or 'doing nothing'}: {percent(plan.expected.max_utilisation)}, "
        f"{plan.expected.services_in_breach:g} services in breach, "
        f"{rate(plan.expected.lost_bps)} lost."
    )


def _back(gist: Gist) -> str:
    said = _of_incidents(gist, "what was changed, and how it is taken back", _way_back)
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


def _in_force(gist: Gist) -> str:
    found = gist.asked.look_up(LIST_INCIDENTS, Recorded())
    return _taken(
        "temporary changes of plans that are in force",
        f"{_temporary(gist) or 'None'}. Why somebody did not remove one is not recorded. "
        f"{journalled(found)}",
    )


def _temporary(gist: Gist) -> str:
    found = gist.asked.look_up(LIST_INCIDENTS, Recorded())
    if len(found.incidents) > _MOST_LOOKED_INTO:
        raise Decline("There were more incidents than I can look through; name one.")
    said = []
    for row in found.incidents:
        shown = gist.asked.look_up(SHOW_INCIDENT, OneIncident(incident=row.incident))
        returned = any(p.purpose == "return" and _carried_out(p) for p in shown.plans)
        said += [
            f"{p.plan} ({joined([c.device for c in p.changed])}: {joined(p.actions)}; way back: "
            f"{joined(p.way_back)})"
            for p in shown.plans
            if p.temporary and p.purpose == "mitigate" and _carried_out(p) and not returned
        ]
    return joined(said)


def _carried_out(plan: PlanShown) -> bool:
    return any(c.state == "confirmed" for c in plan.changed)


def _why_plan(gist: Gist) -> str:
    return _of_incidents(gist, "what was planned, and why that and nothing else", _why)


def _why(gist: Gist, shown: IncidentResult) -> str:
    found = gist.asked.look_up(SHOW_REMEDIES, OneIncident(incident=shown.incident))
    if found.plan is None:
        return f"There is no plan for {shown.incident}, so nothing was changed."
    carried = [p.plan for p in shown.plans if _carried_out(p)]
    done = f"carried out: {joined(carried)}" if carried else "none is carried out"
    return (
        f"{found.plan} of {shown.incident}: {joined(found.planned or ['do nothing'])}, because: "
        f"{found.planned_because} ({done}). Simulated, the best first: "
        f"{joined(trials(found.simulated), _WORST, found.simulated_count)}."
    )


def _approver(gist: Gist) -> str:
    return _of_incidents(gist, "who answered the plans", _answered)


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


def _before_after(gist: Gist) -> str:
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
    return _taken(
        f"what the plans that wait for approval would change{what} (- before, + after)",
        f"{joined(said, len(said)) or 'No plan waits for approval'}. {journalled(found)}",
    )


def _diff(text: str) -> str:
    lines = [x for x in text.splitlines() if x[:1] in "+- " and x[:3] not in ("---", "+++")]
    shown = [x for x in lines if x[:1] in "+-" or x.strip().startswith("interface")]
    return " / ".join(" ".join(x.split()) for x in shown)


def _clashing(gist: Gist) -> str:
    """Plans that wait or run, and where; of other work nothing is known."""
    found = gist.asked.look_up(LIST_INCIDENTS, Recorded())
    said = []
    for row in [i for i in found.incidents if not i.closed][:_MOST_LOOKED_INTO]:
        shown = gist.asked.look_up(SHOW_INCIDENT, OneIncident(incident=row.incident))
        said += [
            f"{p.plan} ({p.state}) on {joined([s.device for s in p.steps]) or 'no device'}: "
            f"{joined(p.actions) or 'do nothing'}"
            for p in shown.plans
        ]
    return _taken(
        "plans of open incidents, which wait or run",
        f"{joined(said) or 'There is none'}. What other teams have planned is not looked at. "
        f"{journalled(found)}",
    )


def _node_load(gist: Gist) -> str:
    when, node = gist.when, gist.nodes[0]
    at = when.at if when and when.at else "peak"
    shown = gist.asked.look_up(SHOW_NODE, OneNode(node=node))
    links = tuple(x.link for x in shown.links)[:8]
    then = gist.asked.look_up(WHAT_IF, Supposed(events="", at=at, watch_links=links))
    swept = gist.asked.look_up(WORST_FAILURES, Sweep(of="link", at=at, most=20))
    loads = [
        f"{e.link} from {e.node} {percent(e.utilisation)}, free {rate(e.free_bps)}"
        for e in then.after.watched
    ]
    full = [
        f"{e.link} from {e.node} {percent(e.utilisation)} after {e.by}"
        for e in swept.fullest
        if e.link in links
    ]
    return _taken(
        f"the load of the links of {node} with the demand of {then.demand_of_utc}, and after any "
        "single link failure",
        f"Nothing failing: {joined(loads, len(loads))}. Of the twenty egresses that single link "
        f"failures fill most, at {node}: {joined(full) or 'none'}.",
    )


def _waiting(gist: Gist) -> str:
    found = gist.asked.look_up(LIST_INCIDENTS, Recorded())
    rows = []
    for row in [i for i in found.incidents if i.waiting_for_approval]:
        shown = gist.asked.look_up(SHOW_INCIDENT, OneIncident(incident=row.incident))
        rows += [
            f"{p.plan} of {row.incident} ({row.title}): {joined(p.actions) or 'do nothing'}"
            for p in shown.plans
            if p.plan in row.waiting_for_approval
        ]
    return _taken(
        "plans that wait for a person's approval",
        f"{joined(rows, len(rows)) or 'None waits'}. {journalled(found)}",
    )


def _open(gist: Gist) -> str:
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    found = gist.asked.look_up(LIST_INCIDENTS, Recorded())
    rows = [i for i in found.incidents if not i.closed]
    named = [f"{i.incident} ({i.title}, began at {i.onset_utc}, {plain(i.phase)})" for i in rows]
    said = [f"{count(len(rows), 'incident')} open: {joined(named)}." if rows else "None is open."]
    said += [_node_now(gist, now, node) for node in gist.nodes[:2]]
    for row in rows[:2] if not gist.nodes else ():
        shown = gist.asked.look_up(SHOW_INCIDENT, OneIncident(incident=row.incident))
        said.append(_sure_of(gist, shown))
        said.append(_way_back(gist, shown))
    return _taken("incidents that are open now", f"{' '.join(said)} {journalled(found)}")


ANSWERS: Mapping[str, Callable[[Gist], str]] = {
    "effect": _effect,
    "worst": _worst,
    "growth": _growth,
    "headroom": _headroom,
    "quiet": _quiet,
    "health": _health,
    "hit_now": _hit_now,
    "congested": _congested,
    "served": _served_now,
    "availability": _availability,
    "passing": _passing,
    "configuration": _configuration,
    "ducts": _ducts,
    "margin": _margin,
    "changes": _changes,
    "confidence": _confidence,
    "nothing": _nothing,
    "back": _back,
    "in_force": _in_force,
    "why_plan": _why_plan,
    "approver": _approver,
    "before_after": _before_after,
    "waiting": _waiting,
    "open": _open,
    "clash": _clashing,
    "node_load": _node_load,
    "class_hit": _class_hit,
}
"""By topic."""


def nearest(gist: Gist) -> list[str]:
    """Questions that can be answered, with the names that were typed; three at most."""
    found: list[str] = []
    for link in gist.links[:1]:
        found += [f"What happens if {link} fails?", f"How much headroom is left on {link}?"]
    if len(gist.nodes) >= 2 and not gist.links:
        a, b = gist.nodes[:2]
        found.append(f"Which way does traffic from {a} to {b} take?")
    for node in gist.nodes[:1]:
        found += [f"What happens if {node} fails?", f"What changed at {node} today?"]
    for name in [*gist.of("service"), *gist.of("customer")][:1]:
        found += [f"Is {name} in breach?", f"How much outage has {name} left?"]
    for group in gist.of("group")[:1]:
        found.append(f"What happens if {group} fails?")
    if not found and gist.says(r"incident|outage|plan|change|approv\w*|cause|why|who"):
        found = [
            "What was the root cause of the last incident?",
            "Which plans are waiting for approval?",
            "What changed in the last hour?",
        ]
    return found[:3]
