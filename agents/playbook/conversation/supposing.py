"""One supposition: asked of the twin, and what it expects in words."""

from collections.abc import Sequence

from agents.conversation.queries.topology import LIST_SERVICES, SHOW_NODE, SHOW_PATH, Ends, OneNode
from agents.conversation.queries.whatif import WHAT_IF, ExtraDemand, Supposed, WhatIfResult
from agents.playbook.conversation.gist import Gist
from agents.playbook.conversation.looking_up import Decline
from agents.playbook.conversation.sentences import (
    CLASSES,
    MOST_SERVICES,
    rows_of,
    served_by,
    taken,
    way,
)
from agents.playbook.conversation.topics import shipped_topics
from agents.playbook.conversation.whatif_answers import (
    NEXT_HOURS,
    breaches,
    class_effect,
    forecast_said,
    losses,
    overloads,
    relieved,
    served_effect,
    supposition,
    verdict,
)
from agents.playbook.conversation.words import begun, egresses, joined, percent, rate

MOST_WATCHED = 8
_ASPECTS = {
    "safe": ("safe", "work"),
    "path": ("path",),
    "delay": ("delay", "path"),
    "moved": ("path", "change"),
}
"""Concepts that an answer tells which goes into an aspect."""

_MOST_PAIRS = 3


def says(gist: Gist, aspect: str) -> bool:
    """Whether `aspect` of an effect is asked for, or how it is supposed; who asks acts on it."""
    if shipped_topics().aspects[aspect].search(gist.line) is None:
        return False
    gist.tell(f"aspect {aspect}", *_ASPECTS.get(aspect, ()))
    return True


def effect_of(gist: Gist, events: Sequence[str], at: str | None = None, hours: int = 0) -> str:
    """What the twin expects of `events`; `at`, `hours`: when, if not at the time that is named."""
    then = ask(gist, events, at, hours)
    if set(then.events.split("; ")) <= set(then.already_so) and all(map(_is_return, events)):
        out = joined([e.removeprefix("undrain ").removesuffix(" up") for e in events])
        raise Decline(f"Now neither down nor drained: {out}; so nothing would come back.")
    parts = [f"{verdict(then)}{forecast_said(then)}"] if then.forecast else []
    parts += [_gone(gist, then), _who(gist, then), _breaches(then), _cut_off(then)]
    parts += [overloads(then), losses(then)]
    if extra := _extra(gist):
        parts.insert(0, f"With {rate(extra[0].rate_bps)} more each way between {extra[0].source} "
            f"and {extra[0].target}.")  # fmt: skip
    parts += [
        _watched(then),
        limited(gist, then),
        _moved(gist, then),
        _paths(gist, events),
        _told(gist),
    ]
    if says(gist, "next"):
        parts.append(_next(then))
    return taken(f"what happens if {supposition(then)}", " ".join(p for p in parts if p))


def _is_return(event: str) -> bool:
    return event.startswith("undrain ") or event.endswith(" up")


def ask(gist: Gist, events: Sequence[str], at: str | None = None, hours: int = 0) -> WhatIfResult:
    """The twin's answer. Of what should be safe, with the forecast for all of the time."""
    safe = says(gist, "safe")
    judged = says(gist, "next") or safe
    if at is None:
        when = gist.when
        at, hours = (when.at, when.hours) if when else ("", NEXT_HOURS if safe else 0)
    supposed = Supposed(
        events="; ".join(events),
        at=at,
        watch_links=tuple(_beside(gist, events)[:MOST_WATCHED]),
        hours=hours,
        demand_factor=factor(gist),
        forecast=judged,
        limit=gist.limit if gist.limit is not None and gist.limit < 1.0 else 1.0,
        extra=_extra(gist),
    )
    return gist.asked.look_up(WHAT_IF, supposed)


def _extra(gist: Gist) -> tuple[ExtraDemand, ...]:
    """What somebody wants to send between the two nodes that are named beside what happens."""
    ends = ends_beside(gist)
    if gist.rate is None or not ends or not gist.says(_WANTED) or gist.says(_BUILT):
        return ()
    return (ExtraDemand(source=ends[0][0], target=ends[0][1], rate_bps=gist.rate),)


_WANTED = r"wants?|sell|sold|order\w*|offer|new customers?|additional|extra|another"
_BUILT = r"links?|fib(?:re|er)|build\w*|built|add|direct"


def factor(gist: Gist) -> float:
    """How many times the demand of now is supposed."""
    if gist.more is None:
        return 1.0
    if gist.more.factor is None:
        raise Decline("I cannot tell to when all traffic is to grow.")
    return gist.more.factor


def _beside(gist: Gist, events: Sequence[str]) -> list[str]:
    """Links that are named, or that end at nodes which are, and that nothing happens to."""
    links = list(gist.links)
    for node in [n for n in gist.nodes if gist.marked(n) not in gist.changed]:
        shown = gist.asked.look_up(SHOW_NODE, OneNode(node=node))
        links += [x.link for x in shown.links]
    found = dict.fromkeys(links)
    return [x for x in found if not any(x in e.split(" ", 1)[-1] for e in events)]


def _breaches(then: WhatIfResult) -> str:
    return f"{begun(breaches(then))}{relieved(then)}"


def _gone(gist: Gist, then: WhatIfResult) -> str:
    """The links that a duct takes with it."""
    if not any(kind == "group" for kind, _ in (gist.marks[m] for m in gist.changed)):
        return ""
    return f"Links that are down then: {joined(then.links_down, len(then.links_down))}."


def _cut_off(then: WhatIfResult) -> str:
    """Which services have no way at all, and which only suffer."""
    rows = then.newly_in_breach
    if not rows:
        return ""
    cut = [s.service for s in rows if s.unavailable]
    suffer = [s.service for s in rows if not s.unavailable]
    more = " (of those that are listed)" if then.newly_in_breach_count > len(rows) else ""
    return (
        f"Cut off or unavailable{more}: {joined(cut, len(cut)) or 'none'}; connected, but outside "
        f"of what was promised: {joined(suffer, len(suffer)) or 'none'}."
    )


def _who(gist: Gist, then: WhatIfResult) -> str:
    asked = [c for c, words in CLASSES if gist.says(words)]
    gist.tell(*asked)
    said = [class_effect(then, c) for c in asked]
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


def limited(gist: Gist, then: WhatIfResult) -> str:
    """Whether a utilisation that is named is passed."""
    limit = gist.limit
    if limit is None:
        return ""
    gist.tell("limit", "threshold")
    rows = then.after.overloaded if then.above_limit is None else then.above_limit
    number = then.above_limit_count or then.after.overloaded_count
    rows = tuple(e for e in rows if e.utilisation > limit)
    if not rows:
        return "So no egress comes over the utilisation that you name."
    return f"Over the utilisation that you name: {joined(egresses(rows), len(rows), number)}."


def _moved(gist: Gist, then: WhatIfResult) -> str:
    """Where the traffic goes, where that is asked."""
    asked = [says(gist, aspect) for aspect in ("path", "moved")]
    if not any(asked):
        return ""
    rows = [
        f"{e.node} on {e.link} from {percent(e.utilisation_before)} to "
        f"{percent(e.utilisation_after)}"
        for e in then.most_changed
    ]
    return f"The loads that change most: {joined(rows) or 'none'}."


def _paths(gist: Gist, events: Sequence[str]) -> str:
    """The ways between the nodes, or of the services, that are named beside the events."""
    if not (says(gist, "path") or says(gist, "delay") or ends_beside(gist)):
        return ""
    gist.tell("path", "delay")
    served = [(min(p), max(p)) for row in rows_of(gist) for p in row.pairs]
    pairs = ends_beside(gist) or list(dict.fromkeys(served))
    ends = pairs[:_MOST_PAIRS]
    if ends:
        now = [way(gist.asked.look_up(SHOW_PATH, Ends(source=a, target=b))) for a, b in ends]
        then = [
            way(gist.asked.look_up(SHOW_PATH, Ends(source=a, target=b, events="; ".join(events))))
            for a, b in ends
        ]
        return f"Now: {'. '.join(now)}. Then: {'. '.join(then)}. Queueing comes on top."
    return "Delays are said only where they break a promise." if says(gist, "delay") else ""


def ends_beside(gist: Gist) -> list[tuple[str, str]]:
    """The two nodes that are named beside what happens, as a pair; none if there are not two."""
    beside = [n for n in gist.nodes if gist.marked(n) not in gist.changed]
    return [(beside[0], beside[1])] if len(beside) == 2 else []


def _told(gist: Gist) -> str:
    """Whose traffic uses a link now, where it is asked who has to be told."""
    if not says(gist, "tell"):
        return ""
    said = []
    for link in [x for x in gist.links if gist.marked(x) in gist.changed]:
        found = gist.asked.look_up(LIST_SERVICES, served_by(over_link=link))
        customers = sorted({s.customer for s in found.services})
        said.append(f"Customers whose traffic uses {link} now: {joined(customers, MOST_SERVICES)}.")
    return " ".join(said)


def _next(then: WhatIfResult) -> str:
    """What one more failure would do."""
    worst = then.forecast.worst_failure if then.forecast else None
    if worst is None:
        return "No link is left to fail besides."
    return (
        f"Should one more link fail meanwhile, the worst is {worst.what_if}, with a highest "
        f"utilisation of {percent(worst.max_utilisation)}."
    )
