"""What would be: answers to what was recognised of a question."""

import re

from agents.conversation.queries.state import SHOW_HEALTH, SHOW_UTILISATION, Utilisation
from agents.conversation.queries.topology import SHOW_NETWORK, SHOW_NODE, NoArguments, OneNode
from agents.conversation.queries.whatif import WHAT_IF, WORST_FAILURES, Supposed, Sweep
from agents.playbook.conversation.gist import Gist
from agents.playbook.conversation.looking_up import Decline
from agents.playbook.conversation.sentences import (
    MOST_EVENTS,
    MOST_SERVICES,
    WORST,
    node_now,
    taken,
)
from agents.playbook.conversation.supposing import effect_of, factor
from agents.playbook.conversation.topic_history import clashing
from agents.playbook.conversation.topic_topology import ducts
from agents.playbook.conversation.whatif_answers import losses, overloads
from agents.playbook.conversation.words import aged, count, joined, percent, plain, rate
from twin.nouns.topology import Interface

_FAILING = r"fail\w*|down|dies?|dead|lost?|lose|losing|breaks?|broken|cut|gone|out|dark|dug up"
_ENLARGED = (
    r"(?:add|adding|added|another|extra|gets?|with|buy|upgrade\w*|expand\w*|to) "
    r"(?:\w+ ){0,2}\d+ ?(?:g|gb|gbit|gbps|gbit/s|t|tbit/s)(?: more)?"
)
_CLASH = r"clash\w*|conflict\w*|collid\w*|what else is planned|overlap\w*"


def effect(gist: Gist) -> str:
    """What becomes of the network after what is supposed."""
    groups = _supposed_events(gist)
    _refuse_unplaced(gist)
    if len(groups) > MOST_EVENTS:
        raise Decline("I compare six events at most.")
    said = [effect_of(gist, events) for events in groups]
    if gist.says(r"ducts?|trench|independent|srlg") and len(gist.links) > 1:
        said.append(ducts(gist))
    if gist.says(r"while|still|limping|already"):
        now = gist.asked.look_up(SHOW_HEALTH, NoArguments())
        said += [node_now(gist, now, n) for n in gist.nodes if gist.marked(n) not in gist.failed]
    if gist.says(_CLASH):
        said.append(clashing(gist))
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


def worst(gist: Gist) -> str:
    """The worst single failures."""
    when = gist.when
    of = "node" if gist.says(r"(router|node|pop|site)s?") and not gist.says("links?") else "link"
    sweep = Sweep(of=of, at=when.at if when else "", most=WORST, demand_factor=factor(gist))
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
            f"some failure: {joined(over, MOST_SERVICES, swept.overloaded_count)}."
        )
    else:
        full = f"None overloads an egress; the fullest would be {joined(over)}."
    more = f", all of it times {swept.demand_factor:g}" if swept.demand_factor != 1.0 else ""
    return taken(
        f"every failure of a single {of} with the demand of {swept.demand_of_utc}{more}",
        f"The worst by services in breach, of {swept.tried}: {joined(rows)}. {full}",
    )


def growth(gist: Gist) -> str:
    """What becomes of it with more traffic."""
    when = gist.when
    at = when.at if when else "peak"
    times = factor(gist)
    then = gist.asked.look_up(
        WHAT_IF,
        Supposed(events="", at=at, watch_links=tuple(gist.links[:4]), demand_factor=times),
    )
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
        f"{overloads(then)} {losses(then)} After any single link failure the fullest would be "
        f"{joined(first)}.",
    )


def headroom(gist: Gist) -> str:
    """How much links have left."""
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
        return taken(
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
    return taken(f"load and free capacity of {joined(links)} now", f"{joined(said)}. {aged(now)}")


def quiet(gist: Gist) -> str:
    """The hour of least demand."""
    network = gist.asked.look_up(SHOW_NETWORK, NoArguments())
    return taken(
        "the hour of least demand in the daily profile",
        f"It is {network.quietest_hour_utc} UTC, with {percent(network.quietest_share)} of the "
        f"demand of the busiest hour, {network.busiest_hour_utc} UTC. One profile stands for every "
        "day, so of weekdays and weekends nothing is known.",
    )


def node_load(gist: Gist) -> str:
    """The load of the links of a node."""
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
    return taken(
        f"the load of the links of {node} with the demand of {then.demand_of_utc}, and after any "
        "single link failure",
        f"Nothing failing: {joined(loads, len(loads))}. Of the twenty egresses that single link "
        f"failures fill most, at {node}: {joined(full) or 'none'}.",
    )
