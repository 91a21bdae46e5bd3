"""What would be: answers to what was recognised of a question."""

import re
from collections.abc import Sequence
from itertools import pairwise

from agents.conversation.queries.state import (
    SHOW_HEALTH,
    SHOW_UTILISATION,
    EgressReading,
    Utilisation,
)
from agents.conversation.queries.topology import (
    SHOW_NETWORK,
    SHOW_NODE,
    SHOW_PATH,
    Ends,
    NoArguments,
    OneNode,
)
from agents.conversation.queries.whatif import (
    WHAT_IF,
    WORST_FAILURES,
    ExtraDemand,
    Supposed,
    Sweep,
    WhatIfResult,
    WorstFailure,
    WorstFailuresResult,
)
from agents.playbook.conversation.events import unclear_in
from agents.playbook.conversation.gist import Gist
from agents.playbook.conversation.looking_up import Decline
from agents.playbook.conversation.sentences import (
    CLASSES,
    MOST_EVENTS,
    WORST,
    node_now,
    taken,
    way,
)
from agents.playbook.conversation.supposing import effect_of, factor, limited, says
from agents.playbook.conversation.times import When
from agents.playbook.conversation.topic_history import clashing
from agents.playbook.conversation.topic_story import bought
from agents.playbook.conversation.topic_topology import ducts
from agents.playbook.conversation.whatif_answers import events_in_words, losses, overloads
from agents.playbook.conversation.words import (
    aged,
    egresses,
    joined,
    percent,
    percent_of,
    plain,
    rate,
)
from twin.events.growth.add_link import AddLink
from twin.events.growth.add_node import AddNode
from twin.events.growth.resize_link import ResizeLink
from twin.nouns.counted import counted
from twin.nouns.topology import Interface
from twin.nouns.traffic_class import TrafficClass
from twin.whatif.growth import LinkGrowth

_MINUTES = re.compile(r"\b\d+ ?min(?:ute)?s?\b")
_NO_HOUR = re.compile(r"\b(?:2[4-9]|[3-9]\d)[:.h]\d{2}\b")


_CUT_AT = re.compile(r"\b(NODE\d+) (?:is|was|are|gets?|being|still|already) cut\b(?! off)")
"""A node is cut off, but what is cut is a link of it, or a duct."""


def effect(gist: Gist) -> str:
    """What becomes of the network after what is supposed."""
    if _NO_HOUR.search(gist.question):
        raise Decline("No day has that hour.")
    if _MINUTES.search(gist.line) and not (says(gist, "safe") or says(gist, "window")):
        raise Decline("What a failure does is not reckoned by the minute.")
    if other := re.search(r"\b(?:one|link|leg|line|fibre|circuit) to (NODE\d+)", gist.line):
        raise Decline(f"I cannot tell which link to {gist.marks[other[1]][1]} is meant.")
    if cut := _CUT_AT.search(gist.line):
        raise Decline(f"I cannot tell what it is that is cut at {gist.marks[cut[1]][1]}.")
    for unclear in unclear_in(gist.line, gist.events):
        mark = unclear.split()[0]
        raise Decline(f"I cannot tell what it is that fails at {gist.marks[mark][1]}.")
    built = _length_assumed(gist)
    groups = _groups(gist)
    _refuse_unplaced(gist)
    if not _is_apart(gist):
        gist.tell("aspect together")
    if len(groups) > MOST_EVENTS:
        raise Decline("I compare six events at most.")
    if gist.more is not None and gist.more.factor is None:
        return " ".join(full_when(gist, events) for events in groups)
    if says(gist, "window"):
        return " ".join(_best_window(gist, events) for events in groups)
    if gist.compared:
        gist.tell("time", "aspect each")
        said = [effect_of(gist, ev, w.at, w.hours) for w in gist.compared for ev in groups]
    else:
        said = [effect_of(gist, events) for events in groups]
    if len(gist.links) > 1 and says(gist, "ducts"):
        said.append(ducts(gist))
    if says(gist, "now"):
        now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
        said += [node_now(gist, now, n) for n in gist.nodes if gist.marked(n) not in gist.changed]
    if says(gist, "clash"):
        said.append(clashing(gist))
    return " ".join([*said, *built])


def _length_assumed(gist: Gist) -> list[str]:
    """That the length of what is built is not the one that is said, where one is."""
    if not any(issubclass(e.kind, AddLink | AddNode) for e in gist.events) or not gist.says(_KM):
        return []
    gist.tell("length built")
    return ["The length of what is built is assumed from the map, and not the one that you name."]


_KM = r"\d+(?:\.\d+)? ?(?:km|kilomet\w+)"


def _groups(gist: Gist) -> list[list[str]]:
    """What is supposed at the same time; several groups where each is meant by itself."""
    each = [p for event in gist.events for p in event.phrases]
    if len(each) < 2 or not _is_apart(gist):
        return [each]
    each = list(dict.fromkeys(each))
    if says(gist, "together") and len(each) > 1:
        return [each, *([p] for p in each)]
    if len(gist.events) > 1 and any(len(event.phrases) > 1 for event in gist.events):
        raise Decline("I cannot tell which of these are meant at the same time.")
    return [[p] for p in each]


def _is_apart(gist: Gist) -> bool:
    """Whether several events are meant one by one."""
    if says(gist, "each"):
        return True
    between = [gist.line[e.begin : e.end] for e in gist.events]
    between += [gist.line[a.end : b.begin] for a, b in pairwise(gist.events)]
    return any(re.search(r"\bor\b", x) for x in between)


_LATER = re.compile(
    r"\b(?:and|then|plus) (?:then )?((?:LINK|NODE|GROUP)\d+) "
    r"(?:tomorrow|tonight|later|afterwards|after|next|at|on)\b"
)
"""A thing to which what happens to another one happens at another time."""


_BECOMES = re.compile(
    r"\b(?:happens?|becomes?|impact|effects?|consequences?|damage|harm) (?:to|of|on|for|at) "
    r"(?P<to>NODE\d+)\b"
    r"|\b(?P<is>NODE\d+) (?:(?:be|is|get|gets|still|also) )*"
    r"(?:hit|hurt|affected|impacted|harmed|damaged)\b"
)
"""A node of which it is asked what becomes of it, and not of the links around it."""


def _refuse_unplaced(gist: Gist) -> None:
    """Refuse what is named beside what happens and has nothing to do with it."""
    if any(k == "group" and m not in gist.changed for m, (k, _) in gist.marks.items()):
        raise Decline("I cannot tell what becomes of the duct that is named.")
    for match in _BECOMES.finditer(gist.line):
        mark = match["to"] or match["is"]
        if mark not in gist.changed:
            name = gist.marks[mark][1]
            raise Decline(
                f"Of {name} I tell the load of its links then, but not what becomes of it."
            )
    for mark in _LATER.findall(gist.line):
        if mark not in gist.changed:
            raise Decline(f"I suppose things at one time; ask of {gist.marks[mark][1]} by itself.")
    links = {gist.marks[m][1] for m in gist.changed}
    if (len(_groups(gist)) > 1 or says(gist, "each")) and any(x not in links for x in gist.links):
        raise Decline("I cannot tell which links are meant to be compared.")


_WINDOW_H = 2
"""How long work takes where that is not said."""


def _best_window(gist: Gist, events: Sequence[str]) -> str:
    """The hours of the profile in which demand stays lowest, and what `events` do then."""
    network = gist.asked.look_up(SHOW_NETWORK, NoArguments())
    gist.tell("time")
    when = gist.when
    # "In the next 24 hours" says where to look for the window, and not how long it is.
    said = 0 if when is None or when.said.startswith("next") else when.hours
    hours = said or _WINDOW_H
    shares = network.hourly_shares
    around = [max(shares[(h + i) % 24] for i in range(hours + 1)) for h in range(24)]
    begin = min(range(24), key=lambda h: around[h])
    return (
        f"By the daily profile, which is the same every day, demand is lowest from {begin:02d}:00 "
        f"UTC on. {effect_of(gist, events, f'{begin:02d}:00', hours)}"
    )


def full_when_supposed(gist: Gist) -> str:
    """Which links are full when, after what is supposed; before it too where something is built."""
    events = [p for event in gist.events for p in event.phrases]
    after = full_when(gist, events)
    built = any(issubclass(e.kind, AddLink | ResizeLink) for e in gist.events)
    return f"{full_when(gist)} {after}" if built else after


def full_when(gist: Gist, events: Sequence[str] = ()) -> str:
    """Which links are full when, as all traffic grows."""
    more, limit = gist.more, gist.limit or 1.0
    per_year = more.per_year if more is not None else 0.0
    gone = [m for e in gist.events if not issubclass(e.kind, ResizeLink) for m in e.marks]
    asked = Supposed(
        events="; ".join(events),
        at="peak",
        watch_links=tuple(x for x in gist.links if gist.marked(x) not in gone)[:4],
        # How many times today's demand fills a link does not depend on how fast it grows.
        growth_per_year=per_year or 1.0,
        limit=limit,
    )
    then = gist.asked.look_up(WHAT_IF, asked)
    found = then.growth
    if found is None:
        raise Decline("The twin gave no growth.")
    rows = found.links
    if asked.watch_links:
        rows = tuple(x for x in rows if x.link in asked.watch_links)
    said = [_grown(row, told_years=bool(per_year)) for row in rows]
    pace = f", {percent(per_year)} more each year" if per_year else ""
    after = f", {events_in_words(then)}" if events else ""
    which = "the links that are named" if asked.watch_links else "the first links"
    once = more.factor if more is not None and not per_year else None
    ordered = "" if asked.watch_links else ", single failures counted"
    return taken(
        f"when {which} come to {percent_of(limit)} at the peak hour as all traffic grows "
        f"alike{pace}{after}{ordered}",
        f"{_at_once(rows, once, limit) if once is not None else ''}{'. '.join(said)}.",
    )


def _at_once(rows: Sequence[LinkGrowth], factor: float, limit: float) -> str:
    """Which of `rows` reach `limit` when all traffic is `factor` times what it is."""
    whole = [r.link for r in rows if r.full_at_growth is not None and r.full_at_growth <= factor]
    failed = [
        f"{r.link} after {r.failure.what_if}"
        for r in rows
        if r.failure is not None and r.failure.utilisation * factor >= limit
    ]
    now = f"{', '.join(whole)} come to it" if whole else "none of these comes to it"
    # How much more was said in the question; an answer has no figures but those of its results.
    said = f"With as much more as you say, {now} while nothing fails"
    after = f"and {', '.join(failed)}" if failed else "and none after a failure"
    return f"{said}, {after}. "


def _grown(row: LinkGrowth, *, told_years: bool) -> str:
    low, high = percent(row.forecast.p05), percent(row.forecast.p95)
    said = f"{row.link} from {row.egress.node} is at {percent(row.utilisation)} ({low} to {high})"
    if row.full_at_growth is not None:
        said += f" and comes to it with {row.full_at_growth:.2f} times that traffic"
    if told_years:
        said += f", {_in_years(row.full_in_years.expected)}"
        said += f" ({_in_years(row.full_in_years.earliest)} at the earliest)"
    if row.failure is not None:
        said += f"; after {row.failure.what_if} it is at {percent(row.failure.utilisation)}"
        if told_years:
            said += f" and comes to it {_in_years(row.failure.full_in_years)}"
    return said


def _in_years(years: float | None) -> str:
    if years is None:
        return "never"
    return "now" if years <= 0 else f"in {years:.1f} years"


def upgrade(gist: Gist) -> str:
    """Which links to enlarge first: those that failures and growth fill first."""
    then = gist.asked.look_up(
        WHAT_IF, Supposed(events="", at="peak", watch_links=(), growth_per_year=1.0)
    )
    found = then.growth
    if found is None:
        raise Decline("The twin gave no growth.")
    said = [
        f"{_grown(row, told_years=False)}; it has {rate(row.capacity_bps)} in "
        f"{counted(row.members, 'member')}"
        for row in found.links
    ]
    if gist.rate is not None:
        gist.tell("rate")
        more = f"{gist.rate / 1e9:g}G"
        said.append(bought(gist, "", "peak", 1.0))
        said += [
            bought(gist, f"link {row.link} add {more}", "peak", 1.0) for row in found.links[:WORST]
        ]
    return taken(
        "which links are full first at the peak hour as traffic grows, after the worst failure of "
        "another link too; there an upgrade buys most",
        f"In this order: {'. '.join(said)}. Costs are not on record.",
    )


def each_leg(gist: Gist) -> str:
    """What becomes of the network as each of the links fails by itself."""
    links = gist.links
    if not links:
        shown = gist.asked.look_up(SHOW_NODE, OneNode(node=gist.nodes[0]))
        links = [x.link for x in shown.links]
    if not 2 <= len(links) <= MOST_EVENTS:
        raise Decline("I compare two to six links.")
    return " ".join(effect_of(gist, [f"link {x} down"]) for x in links)


def path_room(gist: Gist) -> str:
    """How much is free on the way between two nodes, whole and after a failure."""
    if len(gist.nodes) != 2:
        raise Decline("I cannot tell between which nodes.")
    when, (a, b) = gist.when, gist.nodes
    path = gist.asked.look_up(SHOW_PATH, Ends(source=a, target=b))
    asked = Supposed(
        events="",
        at=when.at if when and when.at else "peak",
        watch_links=tuple(path.links or ())[:8],
        growth_per_year=1.0,
    )
    then = gist.asked.look_up(WHAT_IF, asked)
    free = [
        f"{e.link} from {e.node} {rate(e.free_bps)} free at {percent(e.utilisation)}"
        for e in sorted(then.after.watched, key=lambda e: e.free_bps)
    ]
    grown = then.growth.links if then.growth else ()
    after = [
        f"{x.link} is at {percent(x.failure.utilisation)} after {x.failure.what_if}"
        for x in grown
        if x.link in asked.watch_links and x.failure is not None
    ]
    return taken(
        f"what is free on the way between {a} and {b} with the demand of {then.demand_of_utc}",
        f"{way(path)}. The least first: {joined(free, len(free))}. After the worst single "
        f"link failure, at the peak: {joined(after, len(after)) or 'none adds to them'}.",
    )


def room(gist: Gist) -> str:
    """Whether so much more traffic fits between two nodes."""
    if gist.rate is None or len(gist.nodes) != 2:
        raise Decline("I cannot tell how much, or between which nodes.")
    when, (a, b) = gist.when, gist.nodes
    at = when.at if when and when.at else "peak"
    extra = (ExtraDemand(source=a, target=b, rate_bps=gist.rate),)
    path = gist.asked.look_up(SHOW_PATH, Ends(source=a, target=b))
    links = tuple(path.links or ())[:8]
    asked = Supposed(events="", at=at, watch_links=links, extra=extra)
    then = gist.asked.look_up(WHAT_IF, asked)
    swept = gist.asked.look_up(WORST_FAILURES, Sweep(of="link", at=at, most=WORST, extra=extra))
    loads = [
        f"{e.link} from {e.node} at {percent(e.utilisation)} (free {rate(e.free_bps)})"
        for e in then.after.watched
    ]
    first = [
        f"{e.node} on {e.link} at {percent(e.utilisation)} after {e.by}" for e in swept.fullest
    ]
    return taken(
        f"{rate(gist.rate)} more each way between {a} and {b}, with the demand of "
        f"{then.demand_of_utc}",
        f"{way(path)}. With it: {joined(loads, len(loads))}. {overloads(then)} {losses(then)} "
        f"In breach by the twin: {then.after.services_in_breach_count} services. After any single "
        f"link failure the fullest would be {joined(first)}.",
    )


_OF = (
    ("duct", r"ducts?"),
    ("node", r"(?:router|node|pop|site|device|box)(?:s|es)?"),
    ("link", r"links?|fib(?:re|er)s?|circuits?|cables?|spans?|legs?|lines?"),
)
"""What may fail by itself, and by which words it is meant."""


def worst(gist: Gist) -> str:
    """The worst single failures: of what is meant, or of links, nodes and ducts."""
    when = gist.when
    of = [kind for kind, words in _OF if gist.says(words)]
    named = {k: gist.of("group" if k == "duct" else k) for k in ("duct", "node", "link")}
    of = [k for k in named if len(named[k]) > 1] or of or [k for k, _ in _OF][::-1]
    network = gist.asked.glance(SHOW_NETWORK, NoArguments())
    of = [k for k in of if k != "duct" or network.shared_risk_groups]
    if not of:
        raise Decline("No duct that links share is on record.")
    classes = [c for c, words in CLASSES if gist.says(words)] or [""]
    gist.tell(*classes)
    if gist.number:
        gist.tell("number")
    most = min(gist.number or WORST, 20)
    said = []
    for kind in of[:3]:
        for cls in classes:
            sweep = Sweep(
                of=kind,
                at=when.at if when else "",
                most=most,
                demand_factor=factor(gist),
                among=tuple(named[kind]) if len(named[kind]) > 1 else (),
                by_class=cls,
            )
            said.append(_swept(gist.asked.look_up(WORST_FAILURES, sweep), cls))
    return " ".join(said)


_MOST_OVER = 8


def _swept(swept: WorstFailuresResult, cls: str) -> str:
    rows = [
        f"{row.link or row.node or row.duct} ({_hit_by(row, cls)}, fullest then "
        f"{row.fullest.node} on {row.fullest.link} at {percent(row.fullest.utilisation)})"
        for row in swept.worst
    ]
    over = [f"{e.node} on {e.link} at {percent(e.utilisation)} after {e.by}" for e in swept.fullest]
    if swept.overloaded_count:
        over = [
            f"{e.node} on {e.link} at {percent(e.utilisation)} after {e.by}"
            for e in swept.overloaded
        ]
        full = (
            f"{counted(swept.overloaded_count, 'egress', 'egresses')} would be overloaded after "
            f"some failure: {joined(over, _MOST_OVER, swept.overloaded_count)}."
        )
    else:
        full = f"None overloads an egress; the fullest would be {joined(over)}."
    more = f", all of it times {swept.demand_factor:g}" if swept.demand_factor != 1.0 else ""
    which = f"{plain(cls)} services" if cls else "services"
    return taken(
        f"every failure of a single {swept.of} with the demand of {swept.demand_of_utc}{more}",
        f"The worst by {which} in breach, of {swept.tried}: {joined(rows, len(rows))}. {full}",
    )


def _hit_by(row: WorstFailure, cls: str) -> str:
    """How many services a failure puts in breach, by class, and how many of them it cuts off."""
    if cls:
        number = row.classes[TrafficClass(cls)]
        said = (
            f"{counted(number, f'{plain(cls)} service')} in breach, {row.services_in_breach} of all"
        )
        return f"{said}: {joined(row.customers)}" if row.customers else said
    said = f"{counted(row.services_in_breach, 'service')} in breach"
    if row.services_in_breach:
        classes = [f"{n} {plain(c.value)}" for c, n in row.classes.items() if n]
        said += f": {', '.join(classes)}; {row.unavailable} of them cut off"
    return said


def growth(gist: Gist) -> str:
    """What becomes of it with more traffic."""
    when = gist.when
    at, hours = (when.at, when.hours) if when else ("peak", 0)
    times = factor(gist)
    then = gist.asked.look_up(
        WHAT_IF,
        Supposed(
            events="",
            at=at,
            hours=hours,
            watch_links=tuple(gist.links[:4]),
            demand_factor=times,
            limit=gist.limit if gist.limit is not None and gist.limit < 1.0 else 1.0,
        ),
    )
    if hours:
        at = _clock(then)
    swept = gist.asked.look_up(
        WORST_FAILURES, Sweep(of="link", at=at, most=WORST, demand_factor=times)
    )
    first = [
        f"{e.node} on {e.link} at {percent(e.utilisation)} after {e.by}" for e in swept.fullest
    ]
    loads = [
        f"{e.link} from {e.node} at {percent(e.utilisation)} (free {rate(e.free_bps)})"
        for e in then.after.watched
    ]
    asked = f"{joined(loads)}. " if loads else ""
    return taken(
        f"all traffic times {times:g}, with the demand of {then.demand_of_utc} and the network "
        "as it is",
        f"{asked}In breach by the twin: {then.after.services_in_breach_count} services. "
        f"{overloads(then)} {losses(then)} {limited(gist, then)} After any single link failure the "
        f"fullest would be {joined(first)}.",
    )


def _clock(then: WhatIfResult) -> str:
    """The time of day of the worst of the hours that were tried."""
    return then.demand_of_utc[11:16]


def headroom(gist: Gist) -> str:
    """How much links have left: as they are read, at the hour that is named, after a failure."""
    links = tuple(gist.links)
    now = gist.asked.look_up(SHOW_UTILISATION, Utilisation(links=links, most=1))
    health = gist.asked.look_up(SHOW_HEALTH, NoArguments())
    said = [_read(e) for e in now.egresses]
    for link in links:
        said.append(f"{link} is {'down' if link in health.links_down else 'up'}")
        seen = [
            f"{plain(s.kind)} of {s.resource} since {s.since_utc}"
            for s in health.symptoms
            if link in Interface.parts(s.resource)
        ]
        said += seen or [f"no symptom of {link} is seen"]
    later, what = _later(gist, links)
    return taken(
        f"load and free capacity of {joined(links)} now{what}",
        f"{joined(said)}.{later} {aged(now)}",
    )


def _read(e: EgressReading) -> str:
    if e.utilisation is None or e.sent_bps is None or e.free_bps is None:
        return f"{e.link} from {e.node}: not read yet"
    return (
        f"{e.link} from {e.node}: {percent(e.utilisation)} ({rate(e.sent_bps)} of "
        f"{rate(e.capacity_bps)}, free {rate(e.free_bps)}, read at {e.read_utc})"
    )


_FAILING = r"failures?|fails?|failing|n ?- ?1|worst|cut|outage"


def _later(gist: Gist, links: tuple[str, ...]) -> tuple[str, str]:
    """What is expected of `links`, where a time or a failure is named, and what that is."""
    if gist.compared:
        gist.tell("time")
        said = [_later_at(gist, links, w) for w in gist.compared if w.at]
        return "".join(text for text, _ in said), "".join(what for _, what in said)
    return _later_at(gist, links, gist.when)


def _later_at(gist: Gist, links: tuple[str, ...], when: When | None) -> tuple[str, str]:
    failing = gist.says(_FAILING)
    timed = when is not None and bool(when.at or when.hours)
    if not (timed or failing):
        return "", ""
    then = gist.asked.look_up(
        WHAT_IF,
        Supposed(
            events="",
            at=when.at if when is not None and timed else "peak",
            watch_links=links[:8],
            hours=when.hours if when is not None else 0,
            growth_per_year=1.0 if failing else 0.0,
        ),
    )
    loads = [
        f"{e.link} from {e.node}: {percent(e.utilisation)} expected, free {rate(e.free_bps)}"
        for e in then.after.watched
    ]
    said = f" With the demand of {then.demand_of_utc}, nothing failing: {joined(loads)}."
    if failing:
        gist.tell("failure")
        worst = [
            f"{x.link} at {percent(x.failure.utilisation)} after {x.failure.what_if}"
            for x in (then.growth.links if then.growth else ())
            if x.link in links and x.failure is not None
        ]
        said += (
            f" After the worst single link failure, at the peak: "
            f"{joined(worst) or 'none adds to them'}."
        )
    what = f", and with the demand of {then.demand_of_utc}"
    return said, f"{what}{', also after the worst single link failure' if failing else ''}"


def quiet(gist: Gist) -> str:
    """The hour of least demand, and how much there is at the hour that is named."""
    network = gist.asked.look_up(SHOW_NETWORK, NoArguments())
    named = gist.compared or [w for w in (gist.when,) if w is not None]
    hours = [w.at for w in named if re.fullmatch(r"\d\d:00", w.at)]
    if hours or gist.compared:
        gist.tell("time")
    shares = [f"at {h} UTC it is {percent(network.hourly_shares[int(h[:2])])}" for h in hours]
    then = f" Of the busiest hour's demand, {joined(shares)}." if shares else ""
    return taken(
        "the hour of least demand in the daily profile",
        f"It is {network.quietest_hour_utc} UTC, with {percent(network.quietest_share)} of the "
        f"demand of the busiest hour, {network.busiest_hour_utc} UTC.{then} One profile stands "
        "for every day, so of weekdays and weekends nothing is known.",
    )


def node_load(gist: Gist) -> str:
    """The load of the links of a node: as it is read, and as it is expected."""
    when, node = gist.when, gist.nodes[0]
    at = when.at if when and when.at else "peak"
    shown = gist.asked.look_up(SHOW_NODE, OneNode(node=node))
    links = tuple(x.link for x in shown.links)[:8]
    now = gist.asked.look_up(SHOW_UTILISATION, Utilisation(links=links, most=1))
    read = sorted(now.egresses, key=lambda e: -(e.utilisation or 0.0))
    then = gist.asked.look_up(
        WHAT_IF, Supposed(events="", at=at, watch_links=links, growth_per_year=1.0)
    )
    loads = [
        f"{e.link} from {e.node} {percent(e.utilisation)}, free {rate(e.free_bps)}"
        for e in sorted(then.after.watched, key=lambda e: -e.utilisation)
    ]
    grown = then.growth.links if then.growth else ()
    full = [
        f"{x.link} at {percent(x.failure.utilisation)} after {x.failure.what_if}"
        for x in grown
        if x.link in links and x.failure is not None
    ]
    return taken(
        f"the load of the links of {node} as it is read now, with the demand of "
        f"{then.demand_of_utc}, and after the worst single link failure; the fullest first",
        f"Now: {joined(egresses(read), len(read)) or 'not read yet'}. Then, nothing failing: "
        f"{joined(loads, len(loads))}. After the worst single link failure, at the peak: "
        f"{joined(full, len(full)) or 'none adds to them'}. {aged(now)}",
    )
