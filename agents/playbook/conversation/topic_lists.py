"""Lists of what is built: filtered, ranked, cut and counted as a question wants it.

One way for all kinds of rows: a measure of each row, a condition on it, an order, and how many.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import eq, ge, gt, le, lt
from typing import Generic, TypeVar

from agents.conversation.queries.state import SHOW_UTILISATION, EgressReading, Utilisation
from agents.conversation.queries.topology import (
    LIST_LINKS,
    LIST_NODES,
    LIST_SERVICES,
    SHOW_NETWORK,
    SHOW_NODE,
    LinkRow,
    NoArguments,
    NodeRow,
    OneNode,
    Served,
)
from agents.playbook.conversation.gist import Gist
from agents.playbook.conversation.looking_up import Decline, NotUnderstood
from agents.playbook.conversation.sentences import CLASSES, MOST_SERVICES, taken
from agents.playbook.conversation.words import (
    aged,
    egresses,
    joined,
    percent,
    plain,
    rate,
    services,
)
from twin.nouns.counted import counted

T = TypeVar("T")

_MOST_READ = 20
_MOST_ROWS = 25
_RANKED = 5


@dataclass(frozen=True, slots=True)
class Measure(Generic[T]):
    """What rows are compared by. `scale`: of a number in the question, by its unit."""

    name: str
    words: str
    of: Callable[[T], float]
    written: Callable[[T], str]
    units: str
    scale: Callable[[float, str], float]


_LINKS: tuple[Measure[LinkRow], ...] = (
    Measure(
        "length",
        r"km|kilomet\w+|long(er|est)?|short(er|est)?|lengths?|distances?",
        lambda x: x.length_km,
        lambda x: f"{x.link} ({x.length_km:.1f} km, {rate(x.capacity_bps)})",
        "km|kilomet\\w+",
        lambda number, _: number,
    ),
    Measure(
        "IGP weight",
        r"weights?|metrics?|costs?|heav(y|ier|iest)|light(er|est)?",
        lambda x: float(x.highest_igp_weight),
        lambda x: f"{x.link} (weight {x.highest_igp_weight})",
        "",
        lambda number, _: number,
    ),
    Measure(
        "capacity",
        r"capacit(y|ies)|bandwidth|\d+ ?[gt]\w*( / s)?|big(ger|gest)?|large(r|st)?|small(er|est)?"
        r"|thin(ner|nest)?|fat(test)?|thick(est)?",
        lambda x: x.capacity_bps,
        lambda x: f"{x.link} ({rate(x.capacity_bps)})",
        r"[gt](?:ig|bit|bps|b)?(?:it)?(?: ?/ ?s)?",
        lambda number, unit: number * (1e12 if unit.startswith("t") else 1e9),
    ),
)
_NODES: tuple[Measure[NodeRow], ...] = (
    Measure(
        "services that end there",
        r"services?|customers?",
        lambda x: float(x.services),
        lambda x: f"{x.node} ({counted(x.services, 'service')})",
        r"services?|customers?",
        lambda number, _: number,
    ),
    Measure(
        "links",
        r"links?|neighbou?rs?|legs?|single[- ]homed|homed|connect\w*|degree|hangs?|hanging|stubs?"
        r"|backup|redundan\w*|dead ends?|protect\w*",
        lambda x: float(x.links),
        lambda x: f"{x.node} ({counted(x.links, 'link')})",
        r"(?:\w+ )?(?:links?|neighbou?rs?|legs?|connections?|fibres?)",
        lambda number, _: number,
    ),
)
_READ: tuple[Measure[EgressReading], ...] = (
    Measure(
        "load",
        r".*",
        lambda x: x.utilisation or 0.0,
        lambda x: f"{x.node} on {x.link} at {percent(x.utilisation or 0.0)}",
        "%|percent|per cent|pct",
        lambda number, _: number / 100,
    ),
)

_ALONE = r"single[- ]homed|single link|(only )?one link|dead ends?|stubs?|backup|redundan\w*"
_NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_OPERATORS: tuple[tuple[str, Callable[[float, float], bool]], ...] = (
    (r"(?:more|longer|bigger|larger|greater|higher|heavier|busier|fuller|hotter|other) than|over"
     r"|above|beyond|exceed(?:s|ing)?|>", gt),
    (r"(?:less|fewer|shorter|smaller|lower|thinner|lighter) than|under|below|<", lt),
    (r"at least|from|minimum|no less than|>=|or more", ge),
    (r"at most|up to|maximum|no more than|<=", le),
)  # fmt: skip
_LEAST = (
    r"least|lowest|smallest|shortest|thinnest|fewest|lightest|min|minimum|weakest|emptiest|quietest"
)
_BELOW = r"(?:below|under|less than) \d+(?:\.\d+)? ?(?:%|percent)|idle|unused|empty"
_MOST = (
    r"most|highest|largest|biggest|longest|fattest|thickest|heaviest|max|maximum|top|best|busiest"
    r"|fullest|hottest|rank\w*|sort\w*|worst|\w+ first"
)


_BUILT = r"smallest|thinnest|biggest|largest|fattest|longest|shortest|widest"
_LOAD = (
    r"\d+ ?%|percent|per cent|load\w*|util\w*|full(er|est)?|hot(ter|test)?|busi?\w*"
    r"|empt(y|ier|iest)|idle|quiet(er|est)?|unused"
)


def totals(gist: Gist) -> str:
    """How large the network is."""
    found = gist.asked.look_up(SHOW_NETWORK, NoArguments())
    gist.tell("how_many", "length", "capacity", "links", "nodes", "duct", "customers")
    return taken(
        "how much there is of everything, on record",
        f"{found.network}: {counted(found.nodes, 'node')}, {counted(found.links, 'link')} with "
        f"{rate(found.capacity_bps)} each way and {found.length_km:.1f} km together, "
        f"{counted(found.shared_risk_groups, 'duct')} that links share, "
        f"{counted(found.services, 'service')} of {counted(found.customers, 'customer')}.",
    )


def duct_sizes(gist: Gist) -> str:
    """Ducts with the links in them, those with the most first."""
    found = gist.asked.look_up(LIST_LINKS, NoArguments())
    if found.left_out:
        raise Decline("There are more links than I can compare.")
    gist.tell("duct", "links", "how_many", "extreme")
    inside: dict[str, list[str]] = {}
    for row in found.links:
        for duct in row.ducts:
            inside.setdefault(duct, []).append(row.link)
    named = list(inside.items())
    wanted = _condition(gist, _DUCT)
    what = "ducts that links share"
    if wanted is not None:
        gist.tell("threshold")
        named = [x for x in named if wanted(len(x[1]))]
        what = f"{what}, with as many links as you say"
    ranked = sorted(named, key=lambda x: (-len(x[1]), x[0]))
    rows = [f"{duct} ({' and '.join(links)})" for duct, links in ranked]
    return taken(f"{what}, those with the most first", f"{joined(rows, len(rows)) or 'None'}.")


_DUCT: Measure[tuple[str, list[str]]] = Measure(
    "links in it",
    r"links?",
    lambda x: float(len(x[1])),
    lambda x: x[0],
    r"(?:links?|fib(?:re|er)s?|cables?|lines?|members?)",
    lambda number, _: number,
)


def single_cut(gist: Gist) -> str:
    """Nodes that the cut of one link, or of one duct, takes off the network."""
    found = gist.asked.look_up(LIST_LINKS, NoArguments())
    if found.left_out:
        raise Decline("There are more links than I can try.")
    gist.tell("failure", "reach", "nodes", "links", "duct", "how_many", "extreme", "apart")
    cuts = {row.link: {row.link} for row in found.links}
    for row in found.links:
        for duct in row.ducts:
            cuts.setdefault(duct, set()).add(row.link)
    said = []
    for cut, gone in cuts.items():
        lost = _cut_off([x for x in found.links if x.link not in gone], found.links)
        if lost:
            said.append(f"{cut} cuts off {joined(sorted(lost))}")
    none = "None: after the cut of any single link or duct every node still has a way to the others"
    return taken(
        "nodes that the cut of a single link, or of a single duct that links share, isolates",
        f"{joined(said, len(said)) or none}.",
    )


def _cut_off(left: Sequence[LinkRow], all_: Sequence[LinkRow]) -> set[str]:
    """The nodes outside of the largest part that `left` holds together."""
    near: dict[str, set[str]] = {end: set() for row in all_ for end in row.ends}
    for a, b in (row.ends for row in left):
        near[a].add(b)
        near[b].add(a)
    parts: list[set[str]] = []
    for node in near:
        if any(node in part for part in parts):
            continue
        part, edge = {node}, [node]
        while edge:
            fresh = near[edge.pop()] - part
            part |= fresh
            edge += fresh
        parts.append(part)
    return set(near) - max(parts, key=len, default=set())


def lists(gist: Gist) -> str:
    """Links, nodes or services, as they are wanted."""
    if gist.says(_ALONE) and not gist.says("links? .*(than|over|under)"):
        return _nodes(gist)
    if gist.says(r"services?|customers?|clients?") and not gist.says(r"(nodes?|routers?|sites?)"):
        return _services(gist)
    if gist.says(r"(nodes?|routers?|sites?|pops?|cit(y|ies)|places?|single[- ]homed|box(es)?)"):
        return _nodes(gist)
    if gist.says(_LOAD) and not gist.says(_BUILT):
        return _loads(gist)
    return _links(gist)


def _nodes(gist: Gist) -> str:
    found = gist.asked.look_up(LIST_NODES, NoArguments())
    if found.left_out:
        raise Decline("There are more nodes than I can compare.")
    gist.tell("nodes", "links", "customers", "how_many", "extreme", "apart", "reach", "state")
    alone = gist.says(_ALONE) and _condition(gist, _NODES[1]) is None
    if alone:
        ends = [x.node for x in found.nodes if x.links == 1]
        return taken("nodes that have one link only, on record", _listed(ends))
    return _selected(gist, "nodes", found.nodes, _measure(gist, _NODES) or _NODES[1])


def _links(gist: Gist) -> str:
    found = gist.asked.look_up(LIST_LINKS, NoArguments())
    if found.left_out:
        raise Decline("There are more links than I can compare.")
    gist.tell("links", "capacity", "length", "weight", "how_many", "extreme")
    rows, of = list(found.links), "links"
    if gist.nodes:
        node = gist.asked.look_up(SHOW_NODE, OneNode(node=gist.nodes[0]))
        near = {x.link for x in node.links}
        rows, of = [x for x in rows if x.link in near], f"links of {node.node}"
    measure = _measure(gist, _LINKS)
    if measure is None:
        raise NotUnderstood("I cannot tell by what the links are to be compared.")
    said = _selected(gist, of, rows, measure)
    return f"{said}{_how_full(gist, [x.link for x in rows if x.link in said])}"


def _how_full(gist: Gist, links: Sequence[str]) -> str:
    """The loads of `links`, where they are asked for as well."""
    if not gist.says(_LOAD) or not links:
        return ""
    gist.tell("load", "overload", "headroom")
    read = gist.asked.look_up(SHOW_UTILISATION, Utilisation(links=tuple(links[:8]), most=1))
    rows = sorted(read.egresses, key=lambda e: -(e.utilisation or 0.0))
    return f" Their load: {joined(egresses(rows), len(rows))}. {aged(read)}"


def _loads(gist: Gist) -> str:
    """Of the loads that are read now, which are told highest first."""
    if gist.when is not None:
        raise Decline("I can list the loads of egresses as they are read now, and no others.")
    least = gist.says(_LEAST) or gist.says(_BELOW)
    asked = Utilisation(links=(), most=_MOST_READ, least=least)
    found = gist.asked.look_up(SHOW_UTILISATION, asked)
    gist.tell("links", "load", "overload", "how_many", "extreme")
    rows = found.egresses
    if gist.nodes:
        rows = tuple(x for x in rows if x.node in gist.nodes or x.to in gist.nodes)
    if gist.says(r"links?|pipes?|fib(?:re|er)s?|circuits?|trunks?|lines?") and gist.number:
        # Both ends of a link are one link.
        rows = tuple({e.link: e for e in reversed(rows)}.values())[::-1]
    said = _selected(gist, "egresses", rows, _READ[0])
    which = "emptiest" if least else "busiest"
    more = f" Only the {_MOST_READ} {which} are looked at." if len(rows) == _MOST_READ else ""
    return f"{said}{more} {aged(found)}"


def _services(gist: Gist) -> str:
    """Services by class, customer, the node where they end, and what they use."""
    if gist.says(r"(more|less|fewer) than|at least|most|fewest|only one|biggest|largest"):
        raise NotUnderstood("I do not count what customers have.")
    asked = [c for c, words in CLASSES if gist.says(words)]
    if gist.says(r"(?:per|by|each|every|of each|in each) (?:traffic )?class"):
        asked = [c for c, _ in CLASSES]
    over = gist.says(r"via|over|through|thru|cross\w*|us(e|es|ing)|pass\w*|rid(e|es|ing)|touch\w*")
    node = gist.nodes[0] if len(gist.nodes) == 1 else ""
    link = gist.links[0] if len(gist.links) == 1 else ""
    if len(gist.nodes) == 2 and not gist.links and not asked:
        return _between(gist, *gist.nodes)
    if len(gist.nodes) > 1 or len(gist.links) > 1:
        raise NotUnderstood("I cannot tell by which of these the services are chosen.")
    gist.tell("customers", "how_many", "class", "path", *asked)
    said = []
    for cls in asked or [""]:
        wanted = Served(
            service="",
            customer=next(iter(gist.of("customer")), ""),
            node="" if over else node,
            over_link=link,
            traffic_class=cls,
            over_node=node if over else "",
        )
        found = gist.asked.look_up(LIST_SERVICES, wanted)
        kind = f"{plain(cls)} service" if cls else "service"
        customers = sorted({s.customer for s in found.services})
        whose = ""
        if not found.left_out:
            whose = f" Customers: {joined(customers, MOST_SERVICES)}."
        named = joined(services(found.services), MOST_SERVICES, found.count) or "none"
        said.append(f"{counted(found.count, kind)}: {named}.{whose if customers else ''}")
    where = f" that use {link}" if link else ""
    where += f" that {'pass' if over else 'end at'} {node}" if node else ""
    of = f" of {joined(gist.of('customer'))}" if gist.of("customer") else ""
    which = joined([plain(c) for c in asked])
    return taken(f"{which}{' ' if which else ''}services{of}{where}, on record", " ".join(said))


def _between(gist: Gist, a: str, b: str) -> str:
    """Services that run between two nodes."""
    gist.tell("customers", "how_many", "class", "path")
    wanted = Served(service="", customer="", node=a, over_link="", traffic_class="")
    found = gist.asked.look_up(LIST_SERVICES, wanted)
    if found.left_out:
        raise Decline("There are more services than I can look through.")
    rows = [s for s in found.services if any({a, b} == set(pair) for pair in s.pairs)]
    named = joined(services(rows), MOST_SERVICES) or "none"
    return taken(f"services that run between {a} and {b}, on record", f"{named}.")


def _measure(gist: Gist, measures: Sequence[Measure[T]]) -> Measure[T] | None:
    return next((m for m in measures if gist.says(m.words)), None)


def _condition(gist: Gist, measure: Measure[T]) -> Callable[[float], bool] | None:
    """What is wanted of a measure, None if the question does not limit it."""
    number = rf"(?P<n>\d+(?:\.\d+)?|{'|'.join(_NUMBERS)}) ?(?P<unit>{measure.units})"
    for words, operator in _OPERATORS:
        match = re.search(rf"(?:{words}) {number}(?!\w)", gist.line)
        if match is not None:
            return _limit(measure, match, operator)
    with_ = r"(?:with|have|has|having|by|on|of)(?: only| just| exactly)*"
    match = re.search(rf"(?<!\w)(?:{with_}|only|just|exactly) {number}(?!\w)", gist.line)
    if match is None and measure.units:
        nouns = r"(?:links?|fib(?:re|er)s?|circuits?|ones|nodes?|routers?|sites?)"
        match = re.search(rf"(?<!\w){number} {nouns}(?!\w)", gist.line)
    return _limit(measure, match, eq) if match is not None else None


def _limit(
    measure: Measure[T], match: re.Match[str], operator: Callable[[float, float], bool]
) -> Callable[[float], bool]:
    said = match["n"]
    number = float(_NUMBERS.index(said)) if said in _NUMBERS else float(said)
    limit = measure.scale(number, match["unit"])
    return lambda value: operator(value, limit)


def _selected(gist: Gist, what: str, rows: Sequence[T], measure: Measure[T]) -> str:
    """Those of `rows` that are wanted, in the order that is, and how many there are."""
    wanted = _condition(gist, measure)
    least = gist.says(_LEAST)
    ranked = sorted(rows, key=measure.of, reverse=not least)
    if wanted is not None:
        gist.tell("threshold")
        ranked = [x for x in ranked if wanted(measure.of(x))]
        named = _listed([measure.written(x) for x in ranked])
        return taken(f"{what} whose {measure.name} is as you limit it", named)
    if not (least or gist.says(_MOST)):
        raise NotUnderstood(f"I cannot tell which {what} are wanted.")
    if gist.number:
        gist.tell("number")
    shown = [measure.written(x) for x in ranked[: gist.number or _RANKED]]
    order = "lowest" if least else "highest"
    return taken(f"{what} by {measure.name}, the {order} first", f"{joined(shown, len(shown))}.")


def _listed(names: Sequence[str]) -> str:
    """Names without their number: an answer has no figures but those of its results."""
    return f"These: {joined(names, _MOST_ROWS)}." if names else "There is none."
