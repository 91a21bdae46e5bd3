"""One supposition: asked of the twin, and what it expects in words."""

from collections.abc import Sequence

from agents.conversation.queries.topology import LIST_SERVICES
from agents.conversation.queries.whatif import WHAT_IF, Supposed, WhatIfResult
from agents.playbook.conversation.gist import Gist
from agents.playbook.conversation.looking_up import Decline
from agents.playbook.conversation.sentences import CLASSES, MOST_SERVICES, served, taken
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
from agents.playbook.conversation.words import begun, joined, percent

_SAFE = (
    r"safe|safely|ok|okay|can (?:i|we|you)|may (?:i|we)|allowed|risk\w*|ride it out|survive|"
    r"(?:is|are) (?:it|there) (?:a )?(?:problem|maintenance)|works? on|maintenance|window|swap|"
    r"splice|upgrade|postpone|for ever|technicians"
)
_GROWN = r"\+|more|grow\w*|increases?|rises?|room for|goes up|up"


def effect_of(gist: Gist, events: list[str]) -> str:
    """What the twin expects of `events`."""
    when, safe = gist.when, gist.says(_SAFE)
    at, hours = (when.at, when.hours) if when else ("", NEXT_HOURS if safe else 0)
    watched = tuple(x for x in gist.links if not any(x in e.split() for e in events))[:4]
    supposed = Supposed(
        events="; ".join(events),
        at=at,
        watch_links=watched,
        hours=hours,
        demand_factor=factor(gist),
    )
    then = gist.asked.look_up(WHAT_IF, supposed)
    parts = [verdict(then)] if safe else []
    parts += [_who(gist, then), breaches_said(then), overloads(then), losses(then)]
    parts += [_watched(then), _told(gist, events)]
    return taken(f"what happens if {supposition(then)}", " ".join(p for p in parts if p))


def breaches_said(then: WhatIfResult) -> str:
    """Services that break their promise, or no longer do."""
    return f"{begun(breaches(then))}{relieved(then)}"


def factor(gist: Gist) -> float:
    """How many times the demand of now is supposed."""
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
    said = [class_effect(then, c) for c, words in CLASSES if gist.says(words)]
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
        found = gist.asked.look_up(LIST_SERVICES, served(over_link=link))
        customers = sorted({s.customer for s in found.services})
        said.append(f"Customers whose traffic uses {link} now: {joined(customers, MOST_SERVICES)}.")
    return " ".join(said)
