"""How it is: answers to what was recognised of a question."""

from collections.abc import Sequence

from agents.conversation.queries.history import LIST_INCIDENTS, Recorded
from agents.conversation.queries.state import (
    MOST_EGRESSES,
    SHOW_HEALTH,
    SHOW_UTILISATION,
    HealthResult,
    Utilisation,
)
from agents.conversation.queries.topology import (
    LIST_SERVICES,
    SHOW_NODE,
    SHOW_PATH,
    Ends,
    NoArguments,
    OneNode,
    Served,
    ServiceRow,
)
from agents.conversation.queries.whatif import WHAT_IF, Supposed
from agents.playbook.conversation.dependency_answers import depending
from agents.playbook.conversation.gist import Gist
from agents.playbook.conversation.looking_up import Decline
from agents.playbook.conversation.sentences import (
    CLASSES,
    MOST_SERVICES,
    MOST_SYMPTOMS,
    node_now,
    pairs,
    promise,
    rows_of,
    served_by,
    symptoms,
    taken,
    temporary,
    way,
)
from agents.playbook.conversation.topic_lists import lists
from agents.playbook.conversation.whatif_answers import by_class, overloads
from agents.playbook.conversation.words import (
    aged,
    duration,
    egresses,
    joined,
    milliseconds,
    percent,
    percent_of,
    plain,
    rate,
    services,
)
from twin.nouns.counted import counted
from twin.nouns.topology import Interface

_MOST_EGRESSES = 8


def health(gist: Gist) -> str:
    """How the network is."""
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    found = gist.asked.look_up(LIST_INCIDENTS, Recorded())
    said = [_state_now(now)]
    waiting = [p for i in found.incidents for p in i.waiting_for_approval]
    said.append(
        f"Waiting for approval: {joined(waiting)}." if waiting else "Nothing waits for approval."
    )
    said += [node_now(gist, now, node) for node in gist.nodes[:2]]
    busiest = gist.asked.look_up(SHOW_UTILISATION, Utilisation(links=(), most=3))
    if busiest.egresses:
        said.append(f"The busiest egresses: {joined(egresses(busiest.egresses))}.")
    if gist.says(r"drain\w*|put back"):
        gist.tell("config", "way_back")
        said.append(f"Drained: {joined(now.links_drained) or 'none'}.")
    if gist.says("hand ?over"):
        said.append(f"Temporary changes in force: {temporary(gist) or 'none'}.")
    said.append(_in_span(gist).strip())
    return taken("how the network is now", f"{' '.join(x for x in said if x)} {aged(now)}")


def _state_now(now: HealthResult) -> str:
    if now.verdict != "not well":
        return now.claim
    down = joined(now.links_down) or "none"
    seen = joined(symptoms(now), MOST_SYMPTOMS) or "none"
    breach = joined(services(now.services_in_breach), MOST_SERVICES) or "none"
    still = joined([f"{i.incident} ({i.title}, {plain(i.phase)})" for i in now.open_incidents])
    handed = joined([f"{i.incident} ({i.title})" for i in now.with_people])
    return (
        f"Links down: {down}. Drained: {joined(now.links_drained) or 'none'}. "
        f"Symptoms: {seen}. Services in breach by probes: {breach}. "
        f"Open incidents: {still or 'none'}. With people: {handed or 'none'}."
    )


def age(gist: Gist) -> str:
    """How old the telemetry is, of a node's links one by one."""
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    said = []
    for node in gist.nodes[:2]:
        shown = gist.asked.look_up(SHOW_NODE, OneNode(node=node))
        links = tuple(x.link for x in shown.links)[:8]
        read = gist.asked.look_up(SHOW_UTILISATION, Utilisation(links=links, most=1))
        said += [
            f"{e.link} from {e.node} was read at {e.read_utc}"
            for e in read.egresses
            if e.read_utc is not None
        ]
    what = f" of the links of {joined(gist.nodes[:2])}" if gist.nodes else ""
    return taken(
        f"how old the telemetry{what} is", f"{joined(said, len(said))} {aged(now)}".strip()
    )


def congested(gist: Gist) -> str:
    """Where it is busiest: as it is read, or as it is expected at the hour that is named."""
    if gist.limit is not None and gist.when is None:
        return lists(gist)
    if gist.when is not None and gist.when.at:
        return _busiest_then(gist, gist.when.at, gist.when.hours)
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    most = min(gist.number or _MOST_EGRESSES, MOST_EGRESSES)
    if gist.number:
        gist.tell("number")
    # Both ends of a link may be among the busiest, and are one link.
    of_links = gist.number is not None and gist.says(_LINKS)
    read = min(2 * most, MOST_EGRESSES) if of_links else most
    busiest = gist.asked.look_up(SHOW_UTILISATION, Utilisation(links=(), most=read))
    rows, at = list(busiest.egresses), ""
    if gist.nodes:
        near = [gist.asked.look_up(SHOW_NODE, OneNode(node=n)).links for n in gist.nodes[:2]]
        links = tuple(x.link for of_node in near for x in of_node)[:_MOST_EGRESSES]
        busiest = gist.asked.look_up(SHOW_UTILISATION, Utilisation(links=links, most=1))
        rows = sorted(busiest.egresses, key=lambda e: -(e.utilisation or 0.0))
        at = f" at {joined(gist.nodes[:2])}"
    if of_links:
        rows = list({e.link: e for e in reversed(rows)}.values())[::-1][:most]
    loads = [
        f"{e.node} on {e.link} at {percent(e.utilisation)} ({rate(e.sent_bps)} of "
        f"{rate(e.capacity_bps)})"
        for e in rows
        if e.utilisation is not None and e.sent_bps is not None
    ]
    dropping = [
        f"{s.resource} since {s.since_utc}" for s in now.symptoms if s.kind == "queue_drops"
    ]
    return taken(
        f"where the network is busiest now{at}, and which queues drop",
        f"Queues that drop: {joined(dropping) or 'none that I know of'}. The busiest egresses: "
        f"{joined(loads, len(loads))}. {aged(now)}",
    )


_LINKS = r"links?|pipes?|trunks?|circuits?|lines?|fib(?:re|er)s?"


def _busiest_then(gist: Gist, at: str, hours: int) -> str:
    then = gist.asked.look_up(
        WHAT_IF, Supposed(events="", at=at, watch_links=(), hours=hours, growth_per_year=1.0)
    )
    first = [
        f"{x.link} from {x.egress.node} at {percent(x.utilisation)}"
        for x in (then.growth.links if then.growth else ())
    ]
    return taken(
        f"where the network is expected to be busiest, with the demand of {then.demand_of_utc}, "
        "nothing failing",
        f"{overloads(then)} At the peak of the day, links that are full first as traffic grows or "
        f"something fails: {joined(first)}.",
    )


def over_promise(gist: Gist) -> str:
    """Whose services are in breach, and how far: as probes see it, and by the twin."""
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    read = gist.asked.look_up(SHOW_UTILISATION, Utilisation(links=(), most=1))
    # Of now, with nothing supposed: the twin is asked for the load of a link.
    fullest = tuple(e.link for e in read.egresses)
    at = "" if fullest else "peak"
    then = gist.asked.look_up(WHAT_IF, Supposed(events="", at=at, watch_links=fullest))
    gist.tell("breach", "customers", "loss", "delay", "how_many", "class", "extreme")
    twins = {s.service: s for s in (*then.still_in_breach, *then.newly_in_breach)}
    rows = by_class(now.services_in_breach)
    said = [
        f"{s.service} ({s.customer}, {plain(s.traffic_class)}): "
        f"{joined(twins[s.service].reasons) if s.service in twins else _NOT_BY_TWIN}"
        for s in rows
    ]
    more = [
        f"{s.service} ({s.customer}): {joined(s.reasons)}"
        for name, s in twins.items()
        if name not in {row.service for row in rows}
    ]
    also = f" By the twin alone: {joined(more, MOST_SERVICES)}." if more else ""
    return taken(
        "services in breach now, by probes, and how far over their promise each is by the twin "
        f"with the demand of {then.demand_of_utc}",
        f"{joined(said, MOST_SERVICES) or 'None is in breach'}.{also} {aged(now)}",
    )


_NOT_BY_TWIN = "the twin does not have it in breach, so how far is not known"


def node_total(gist: Gist) -> str:
    """What all links of a node bring in and take out, and how full each is."""
    gist.tell("load", "capacity", "how_many", "links", "extreme")
    said, read = [], None
    for node in gist.nodes[:3]:
        shown = gist.asked.look_up(SHOW_NODE, OneNode(node=node))
        links = tuple(x.link for x in shown.links)
        read = gist.asked.look_up(SHOW_UTILISATION, Utilisation(links=links, most=1, around=node))
        if (all_ := read.around) is None:
            raise Decline(f"Of {node} no traffic was read.")
        unread = f" ({counted(all_.unread, 'egress', 'egresses')} not read)" if all_.unread else ""
        fullest = sorted(read.egresses, key=lambda e: -(e.utilisation or 0.0))
        said.append(
            f"{node}: {rate(all_.in_bps)} in and {rate(all_.out_bps)} out over all of its "
            f"links{unread}; egresses, the fullest first: {joined(egresses(fullest), len(fullest))}"
        )
    if read is None:
        raise Decline("I cannot tell which node is meant.")
    return taken("all traffic in and out of a node, as read", f"{joined(said)}. {aged(read)}")


_ORDERED = r"(?:rank|sort|order)\w*|first|before|on top|then|by class|priorit\w+"


def hit_now(gist: Gist) -> str:
    """Whose services are in breach."""
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    if not now.services_probed:
        raise Decline(f"No probe has reported yet, so nothing is known of services. {aged(now)}")
    classes = [c for c, words in CLASSES if gist.says(words)]
    gist.tell(*classes)
    if len(classes) > 1 or gist.says(_ORDERED):
        # They are named to say in which order, and not to say which.
        classes = []
    hit = by_class(s for s in now.services_in_breach if not classes or s.traffic_class in classes)
    named = joined(services(hit), MOST_SERVICES)
    which = f"{joined([plain(c) for c in classes])} services" if classes else "services"
    graph = depending(gist.asked, at_risk=False) if gist.says("who") and not classes else ()
    said = " ".join([f"{named or 'Nobody'}. {aged(now)}", *graph])
    return taken(f"whose {which} are in breach now, by probes", said)


def served_now(gist: Gist) -> str:
    """How services that are named are."""
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    rows = rows_of(gist)
    gist.tell(*(row.traffic_class for row in rows))
    breached = {s.service for s in now.services_in_breach}
    said = [
        f"{row.service} ({row.customer}, {plain(row.traffic_class)}, {pairs(row)}) is "
        f"{'in breach' if row.service in breached else 'not in breach'}; promised: "
        f"{promise(row)}; {_lost(row)}"
        for row in rows
    ]
    said += [_along(gist, now, a, b) for a, b in _pairs_of(rows)]
    probed = "" if now.services_probed else "No probe has reported yet. "
    return taken(
        f"how the services of {_named(gist)} are now, by probes, and what incidents recorded",
        f"{probed}{joined(said, len(said))}. {_in_span(gist)}{_uncounted(gist)}{aged(now)}",
    )


_MOST_WAYS = 3


def _pairs_of(rows: Sequence[ServiceRow]) -> list[tuple[str, str]]:
    ends = dict.fromkeys((min(p), max(p)) for row in rows for p in row.pairs)
    return list(ends)[:_MOST_WAYS]


def _along(gist: Gist, now: HealthResult, a: str, b: str) -> str:
    """The way between two nodes, its delay against the promises, and how it is along it."""
    path = gist.asked.look_up(SHOW_PATH, Ends(source=a, target=b))
    gist.tell("path", "delay", "load", "symptom", "length", "links")
    if not path.reachable or not path.links:
        return f"there is no way between {a} and {b} now"
    read = gist.asked.look_up(SHOW_UTILISATION, Utilisation(links=path.links, most=1))
    fullest = sorted(
        (e for e in read.egresses if e.utilisation is not None), key=lambda e: -(e.utilisation or 0)
    )
    seen = [
        f"{plain(s.kind)} of {s.resource}"
        for s in now.symptoms
        if set(path.links) & set(Interface.parts(s.resource))
        or set(s.resource.partition("/")[0].split(">")) == {a, b}
    ]
    left = [f"{p.service} has {milliseconds(p.left_s)} left" for p in path.promised or ()]
    return (
        f"{way(path)}; of the delay that is promised {joined(left) or 'nothing is on record'}; the "
        f"fullest egress on it: {joined(egresses(fullest[:1])) or 'not read yet'}; symptoms of "
        f"links on it, or between its ends: {joined(seen) or 'none'}"
    )


def _named(gist: Gist) -> str:
    return joined([*gist.of("service"), *gist.of("customer")])


def _lost(row: ServiceRow) -> str:
    if not row.lost_in:
        return "no incident counts time in breach for it"
    return f"incidents ({joined(row.lost_in)}) count {duration(row.lost_s)} in breach"


def _uncounted(gist: Gist) -> str:
    found = gist.asked.look_up(LIST_INCIDENTS, Recorded())
    still = [i.incident for i in found.incidents if not i.closed or i.with_people]
    return f"{joined(still)}: the time in breach counts on. " if still else ""


def availability(gist: Gist) -> str:
    """Time in breach, and how much of it is left."""
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    breached = {s.service for s in now.services_in_breach}
    said = []
    for row in rows_of(gist):
        gist.tell(row.traffic_class)
        left = f"leaves {duration(row.left_s)}" if row.left_s >= 0 else "leaves nothing"
        state = "; it is in breach now, by probes" if row.service in breached else ""
        said.append(
            f"{row.service} ({row.customer}, {plain(row.traffic_class)}, {pairs(row)}) is "
            f"promised an availability of {percent_of(row.promised.availability)}, which allows "
            f"{duration(row.allowed_s)} in 30 days; {_lost(row)}, which {left}{state}"
        )
    return taken(
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


def class_hit(gist: Gist) -> str:
    """How a class of services fares."""
    now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    (cls,) = [c for c, words in CLASSES if gist.says(words)][:1]
    wanted = Served(service="", customer="", node="", over_link="", traffic_class=cls, over_node="")
    found = gist.asked.look_up(LIST_SERVICES, wanted)
    lost = [f"{s.service} ({duration(s.lost_s)})" for s in found.services if s.lost_in]
    hit = [s for s in now.services_in_breach if s.traffic_class == cls]
    return taken(
        f"{plain(cls)} services in breach, as recorded and now, by probes",
        f"Time in breach that incidents count: {joined(lost) or 'none'}. In breach now: "
        f"{joined(services(hit), MOST_SERVICES) or 'none'}. {_uncounted(gist)}What people hear "
        f"is not measured. {aged(now)}",
    )


def passing(gist: Gist) -> str:
    """Services that use a link or pass a node, of the classes that are named."""
    if len(gist.nodes) == 2 and not gist.links and gist.says("between"):
        return lists(gist)
    asked = [c for c, words in CLASSES if gist.says(words)]
    gist.tell("class", *asked)
    said = []
    for whose in gist.of("customer")[:_MOST_CUSTOMERS] or [""]:
        for link in gist.links[:3]:
            said += [_passing(gist, cls, whose, over_link=link) for cls in asked or [""]]
        for node in () if gist.links else gist.nodes[:3]:
            said += [_passing(gist, cls, whose, over_node=node) for cls in asked or [""]]
    what = joined(gist.links or gist.nodes)
    which = f"{joined([plain(c) for c in asked])} services" if asked else "services"
    said.append("How much each of them sends is not on record.")
    return taken(f"{which} whose traffic uses {what} as it is routed now", " ".join(said))


_MOST_CUSTOMERS = 10


def _passing(
    gist: Gist, cls: str, customer: str, *, over_link: str = "", over_node: str = ""
) -> str:
    wanted = served_by(
        over_link=over_link, over_node=over_node, traffic_class=cls, customer=customer
    )
    found = gist.asked.look_up(LIST_SERVICES, wanted)
    kind = f"{plain(cls)} service" if cls else "service"
    kind = f"{customer} {kind}" if customer else kind
    named = joined(services(found.services), MOST_SERVICES, found.count)
    if over_link:
        return f"{counted(found.count, kind)} may use {over_link}: {named or 'none'}."
    return f"{counted(found.count, kind)} end at {over_node} or may pass it: {named or 'none'}."
