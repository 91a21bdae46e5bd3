"""What a question supposes: events in the phrases of what-ifs, and more of all demand."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agents.conversation.queries.topology import SHOW_LINK, OneLink
from agents.playbook.conversation.looking_up import Asked, Decline
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.actions.undrain_link import UndrainLink
from twin.events.drain_node import DrainNode
from twin.events.faults.device_down import DeviceDown
from twin.events.faults.fiber_cut import FiberCut
from twin.events.faults.link_down import LinkDown
from twin.events.faults.power_feed_loss import PowerFeedLoss
from twin.events.growth.add_link import AddLink
from twin.events.growth.resize_link import ResizeLink
from twin.events.link_repair import LinkRepair
from twin.events.phrases import FoundPhrase, find_phrases
from twin.events.undrain_node import UndrainNode
from twin.events.what_if import Event

Marks = Mapping[str, tuple[str, str]]
"""Kind and id of what each mark stands for."""

MARK = r"(?:LINK|NODE|GROUP)\d+"
_LISTED = (
    rf"{MARK}(?:(?: ,)? (?:,|and|&|\+|or|plus|as well as|versus|vs)"
    rf"(?: (?:both|on|of|at|also|then|rather))* {MARK})*"
)
_NODES = r"NODE\d+(?:(?: ,)? (?:,|and|&|\+) NODE\d+)*"

_SLOTS = {
    "LINK": _LISTED,
    "NODE": _LISTED,
    "GROUP": _LISTED,
    "NODES": _NODES,
    "ENDS": r"NODE\d+ (?:(?:to|and) )?NODE\d+",
    "NEW": r"[a-z][\w-]*",
    "NUMBER": r"\d{1,8}(?! ?(?:%|g|percent|km|ms|h\b|am\b|pm\b))",
    "RATE": r"\d+(?:\.\d+)? ?[kmgt](?:bit|bps|b|ig)?(?: ?/ ?s)?",
    "SHARE": r"\d+(?:\.\d+)? ?(?:%|percent|per cent)",
}

_OUT = (LinkDown, DeviceDown, FiberCut, PowerFeedLoss)
_BACK = (UndrainLink, UndrainNode, LinkRepair)

_SINGLE = {**_SLOTS, "LINK": MARK, "NODE": MARK, "GROUP": MARK}

_OPENS = re.compile(
    r"(?: (?:if|when|once|while|whenever|suppose|supposing|assume|assuming|imagine|say|in case"
    r"(?: of)?|after|during|with|what if|what happens (?:if|when|after|with)|the|a|an|of|on|for"
    r"|would|will|should|could|can|may|be|is|are|were|to|from|only|just|both|all|then|and|plus|or"
    r"|also|i|we|you|u|they|somebody|someone|it|have|has|had|want|wants|need|needs|must|plan|going"
    r"|do|does|did|decide|discuss|let|complete|completely|total|planned|sudden|suddenly|single"
    r"|the case|case|event|that|there|please|pls|possible|at the same time|at once|simultaneously"
    r"|additionally|full|whole|either|set|change|raise|lower|put|increase|bring"
    r"|simulate|technicians?|crew))+ ?$"
)


@dataclass(frozen=True, slots=True)
class Supposed:
    """An event of a question, or several that are listed: `phrases`, one for each of `marks`.

    It stands in the line from `begin` to before `end`.
    """

    kind: type[Event]
    begin: int
    end: int
    marks: tuple[str, ...]
    phrases: tuple[str, ...]


def events_in(line: str, marks: Marks, asked: Asked) -> tuple[Supposed, ...]:
    """What is supposed in `line`, in its order.

    Raises:
        Decline: a duct is to be drained.
    """
    doubled = list(_doubled(line, marks, asked))
    listed, single = (find_phrases(line, slots) for slots in (_SLOTS, _SINGLE))
    # "drain A and B is down" are two phrases, although "drain A and B" is one as well.
    phrases = listed if _length(listed) >= _length(single) else single
    found = [
        _supposed(line, one, marks, asked)
        for one in phrases
        if not is_unclear(line, one)
        if all(one.end <= d.begin or d.end <= one.begin for d in doubled)
    ]
    return tuple(sorted([*doubled, *found], key=lambda e: e.begin))


def _length(phrases: Sequence[FoundPhrase]) -> int:
    return sum(one.end - one.begin for one in phrases)


def opening_of(line: str, begin: int) -> int:
    """Where the words begin that open an event at `begin`, as "what happens if we" does."""
    match = _OPENS.search(f" {line[:begin]}")
    return match.start() if match else begin


_RELATED = re.compile(
    r"\b(?:to|towards|via|through|from|behind|into|between|except|besides|without|than|for|in"
    r"|near|at|of|around)(?: the)? $"
)
"""Before a name to which something does not happen, but to something that it tells apart."""


def is_unclear(line: str, one: FoundPhrase) -> bool:
    """Whether something else than what is named happens: "the one to A fails"."""
    named = re.match(MARK, line[one.begin : one.end])
    return named is not None and _RELATED.search(line[: one.begin]) is not None


def unclear_in(line: str, known: Sequence[Supposed]) -> list[str]:
    """The phrases of which it cannot be told what they happen to; those inside of `known` are."""
    found = find_phrases(line, _SLOTS)
    return [
        line[one.begin : one.end]
        for one in found
        if is_unclear(line, one) and not any(k.begin < one.end <= k.end for k in known)
    ]


def _supposed(line: str, one: FoundPhrase, marks: Marks, asked: Asked) -> Supposed:
    text, slots = line[one.begin : one.end], one.said
    names = [slots[s] for s in ("LINK", "NODE", "GROUP", "ENDS", "NODES") if s in slots]
    if one.kind is SetIgpWeight:
        names = [slots["LINK"]]
    named = tuple(dict.fromkeys(m for name in names for m in re.findall(MARK, name)))
    if issubclass(one.kind, _OUT):
        phrases = [f"{marks[m][0]} {marks[m][1]} down" for m in named]
    elif issubclass(one.kind, DrainLink | DrainNode):
        phrases = [_drained(*marks[m]) for m in named]
    elif issubclass(one.kind, _BACK):
        phrases = [_back(one.kind, *marks[m], asked) for m in named]
    elif one.kind is SetIgpWeight:
        phrases = [_weighed(slots, marks[m][1], marks) for m in named]
    elif one.kind is AddLink:
        ends = "--".join(marks[m][1] for m in named)
        phrases = [_as_typed(text.replace(slots["ENDS"], ends), marks)]
    elif "NODES" in slots:
        phrases = [_as_typed(text, marks)]
    else:
        phrases = [_as_typed(text.replace(names[0], m), marks) for m in named]
    return Supposed(one.kind, one.begin, one.end, named, tuple(phrases))


def _drained(kind: str, name: str) -> str:
    if kind == "group":
        raise Decline("A duct cannot be drained; name its links.")
    return f"drain {name}" if kind == "link" else f"drain node {name}"


def _back(event: type[Event], kind: str, link: str, asked: Asked) -> str:
    if kind != "link":
        return f"undrain node {link}" if event is UndrainNode else f"{kind} {link} up"
    drained = asked.glance(SHOW_LINK, OneLink(link=link)).drained
    return f"undrain {link}" if drained else f"link {link} up"


def _weighed(slots: Mapping[str, str], link: str, marks: Marks) -> str:
    if not 1 <= int(slots["NUMBER"]) <= _HIGHEST_WEIGHT:
        raise Decline("No interface takes that weight.")
    if end := slots.get("NODE"):
        return f"weight {link} from {marks[end][1]} to {slots['NUMBER']}"
    return f"weight {link} to {slots['NUMBER']} both ways"


def _as_typed(text: str, marks: Marks) -> str:
    named = re.sub(r"[A-Z]+\d+", lambda m: marks[m.group()][1], text)
    return re.sub(r"(?<=bit) / (?=s\b)", "/", named)


_RAISED = re.compile(
    r"(?P<verb>rais(?:e|ed|es|ing)|increas(?:e|ed|es|ing)|put up|bump(?:ed|ing)?(?: up)?|higher|"
    r"lower(?:ed|ing)?|decreas(?:e|ed|es|ing)|reduc(?:e|ed|es|ing)|halv(?:e|ed|es|ing)) (?:the )?"
    r"(?:igp |ospf )?(?:metric|weight|cost)s? (?:of|on|for|at) (?P<link>LINK\d+)"
    r"(?! (?:\w+ )?(?:to|by) \d)"
)
"""A weight that is changed, nobody says to what: it is supposed twice, or half, as high."""

_WEIGHT_BY = re.compile(
    r"(?P<verb>rais(?:e|ed|es|ing)|increas(?:e|ed|es|ing)|lower(?:ed|ing)?|decreas(?:e|ed|es|ing)"
    r"|reduc(?:e|ed|es|ing)|(?:drop(?:ping)?|cut(?:ting)?)"
    r"|(?:put(?:ting)?|bump(?:ed|ing)?|push(?:ing)?)(?: up)?) (?:the )?"
    r"(?:igp |ospf )?(?:metric|weight|cost)s? (?:of|on|for|at) (?P<link>LINK\d+)(?: up| down)? "
    r"by (?P<by>\d+(?:\.\d+)?)(?P<share> ?(?:%|percent|per cent))?"
)
"""A weight that is changed by so much, or by a share of what it is."""

_TWICE = re.compile(
    r"(?:doubl(?:e|ed|ing) (?:the )?(?:capacity |bandwidth |size )?(?:of |on )?(?P<link>LINK\d+))"
    r"(?! (?:to|traffic|load|weight|metric|cost))"
)
"""A link that is made twice as large."""

_DOUBLED = re.compile(
    r"(?:doubl(?:e|ed|ing) (?:the )?(?:igp |ospf )?(?:metric|weight|cost) (?:of|on|for) "
    r"(?P<a>LINK\d+)|(?:metric|weight|cost) (?:of|on|for) (?P<b>LINK\d+)(?: is| up| from| current"
    r"| to)* (?:double|doubled|twice))\b"
)


def _weight_by(line: str, marks: Marks, asked: Asked) -> Iterator[Supposed]:
    """A weight that is changed by so much, which what-ifs cannot say without knowing it."""
    for match in _WEIGHT_BY.finditer(line):
        link = marks[match["link"]][1]
        weights = set(asked.glance(SHOW_LINK, OneLink(link=link)).igp_weights.values())
        if len(weights) > 1:
            raise Decline(f"The weights of {link} differ by direction; name the new one.")
        (now,) = weights
        by = float(match["by"]) * (now / 100 if match["share"] else 1.0)
        lower = match["verb"].startswith(("low", "decr", "red", "drop", "cut"))
        weight = round(now - by if lower else now + by)
        if not 1 <= weight <= _HIGHEST_WEIGHT:
            raise Decline(f"That would set the weight of {link} to {weight}, which none can have.")
        phrase = f"weight {link} to {weight} both ways"
        yield Supposed(SetIgpWeight, *match.span(), (match["link"],), (phrase,))


_HIGHEST_WEIGHT = 65_534


def _doubled(line: str, marks: Marks, asked: Asked) -> Iterator[Supposed]:
    """A weight that is doubled, which what-ifs cannot say without knowing it."""
    yield from _weight_by(line, marks, asked)
    for match in _RAISED.finditer(line):
        mark = match["link"]
        link = marks[mark][1]
        weights = asked.glance(SHOW_LINK, OneLink(link=link)).igp_weights.values()
        lower = match["verb"].startswith(("low", "decr", "red", "halv"))
        weight = max(1, min(weights) // 2) if lower else 2 * max(weights)
        phrase = f"weight {link} to {weight} both ways"
        yield Supposed(SetIgpWeight, *match.span(), (mark,), (phrase,))
    for match in _TWICE.finditer(line):
        mark = match["link"]
        link = marks[mark][1]
        bps = asked.glance(SHOW_LINK, OneLink(link=link)).capacity_bps
        phrase = f"link {link} to {2 * bps / 1e9:g}G"
        yield Supposed(ResizeLink, *match.span(), (mark,), (phrase,))
    for match in _DOUBLED.finditer(line):
        mark = match["a"] or match["b"]
        link = marks[mark][1]
        now = asked.glance(SHOW_LINK, OneLink(link=link)).igp_weights.values()
        if len(set(now)) == 1:
            phrase = f"weight {link} to {2 * max(now)} both ways"
            yield Supposed(SetIgpWeight, *match.span(), (mark,), (phrase,))


# More demand ---------------------------------------------------------------------------------

_SHARE = r"(?P<share>\d+(?:\.\d+)?) ?(?:%|percent|per cent|pct)"
_DEMAND = (
    r"(?:(?:all|the|our|overall|total|whole|entire) )*"
    r"(?:traffic|demands?|loads?|everything|usage|volume)"
)
_RISES = (
    r"(?:(?:were|would|will|should|to|is|goes|go|by|be|might|could|can|both) )*"
    r"(?:grow(?:s|ing|n|th)?"
    r"|increas(?:e|es|ed|ing)|ris(?:e|es|ing)|up|climbs?|higher|brings?|jumps?)"
    r"(?: (?:by|of|about|up|another|a|further|it|only|just|everywhere))*"
)
_GROWTH = (
    rf"(?:{_DEMAND} )?{_RISES} (?:\+ )?{_SHARE}(?: (?:more|extra|growth|traffic|everywhere|higher"
    r"|up|in total|overall|on top|evenly))*",
    rf"(?:with |and |plus |for |by )?(?:another |an? |about |\+ )*{_SHARE} (?:more|extra|additional"
    r"|higher|further|growth|of growth|on top|traffic growth)(?: (?:traffic|load|demand|everywhere"
    r"|growth|in demand|of traffic|on everything|overall|than (?:now|today)))*",
    rf"{_DEMAND} (?:(?:is|are|was|were|be|at|\+|of|would|will|should) )*{_SHARE} (?:higher|more|up"
    r"|above|over|beyond|on top)(?: (?:of|than))*(?: (?:today|now|current|present|the)(?: 's)?)*"
    r"(?: (?:level|traffic|load|demand|peak))?",
    rf"\+ ?{_SHARE}(?: (?:traffic|load|demand|everywhere|on everything))?",
    rf"{_DEMAND} (?:(?:would|will|to|is|has) )*(?P<twice>doubl(?:e|es|ed|ing)|triples?|tripled)",
    r"(?P<twice>double|twice|triple) (?:(?:the|all|our|of|total|whole) )*(?:traffic|demand|load)",
)
_PATTERNS = tuple(re.compile(rf"(?<!\w)(?:{p})(?!\w)") for p in _GROWTH)
_OF_ONE = re.compile(
    r"(?:LINK|NODE|SERVICE|CUSTOMER)\d+(?: 's)?"
    r"(?: (?!(?:and|if|when|with|while|as|once|or|fails|down)\b)[\w'-]+){0,3} "
    r"(?:grow|doubl|increas|ris|tripl|goes up)"
    r"|(?:%|percent|growth|more|traffic|load|demand) (?:\w+ ){0,2}(?:out of|from|into|between) "
    r"(?:\w+ )?(?:NODE|CUSTOMER|SERVICE)\d+"
    r"|only (?:voice|business|best)"
)
_RATE = re.compile(
    rf"{_SHARE}(?: \w+){{0,2}} (?:per|a|every|each|/) ?(?P<unit>year|month|quarter|week|annum)"
    rf"|(?P<early>yearly|annual|annually|monthly|quarterly|weekly)(?: \w+){{0,3}} "
    r"(?P<n2>\d+(?:\.\d+)?) ?(?:%|percent|per cent|pct)"
    rf"|(?P<n3>\d+(?:\.\d+)?) ?(?:%|percent|per cent|pct)(?: \w+){{0,2}} "
    r"(?P<late>yearly|annual|annually|monthly|quarterly|weekly|p ?\.? ?a\b)"
)
_TIMES_A_YEAR = {"year": 1, "annu": 1, "p": 1, "mont": 12, "quar": 4, "week": 52}


@dataclass(frozen=True, slots=True)
class More:
    """All demand times `factor`; or where that is None, `per_year` more each year (0.3: 30 %).

    `spans`: where it is said.
    """

    factor: float | None
    per_year: float
    spans: tuple[tuple[int, int], ...]


def more_in(line: str) -> More | None:
    """How much more demand `line` supposes, None if it does not.

    Raises:
        Decline: several amounts, or more of a part of the demand only.
    """
    match = _RATE.search(line)
    amounts = [m for p in _PATTERNS for m in p.finditer(line)]
    if match is None and not amounts:
        return None
    if _OF_ONE.search(line):
        raise Decline(
            "I can suppose more of all traffic, but not of a part of it: how much a customer or a "
            "pair of nodes sends is not on record."
        )
    if match is not None:
        number = float(match["share"] or match["n2"] or match["n3"]) / 100
        word = (match["unit"] or match["early"] or match["late"]).strip()
        times = next(n for w, n in _TIMES_A_YEAR.items() if word.startswith(w))
        spans = (match.span(), *(m.span() for m in amounts))
        return More(None, round((1 + number) ** times - 1, 4), spans)
    found = {_factor(m) for m in amounts}
    if len(found) > 1:
        raise Decline("I cannot tell which of several amounts of growth is meant.")
    return More(found.pop(), 0.0, tuple(m.span() for m in amounts))


def _factor(match: re.Match[str]) -> float:
    if match.groupdict().get("twice"):
        return 3.0 if match["twice"].startswith("trip") else 2.0
    return round(1.0 + float(match["share"]) / 100, 4)


_UNIT_BPS = {"k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}
_RATE_SAID = re.compile(
    r"(?<![\w.])(?P<number>\d+(?:\.\d+)?) ?(?P<unit>[kmgt])(?:ig|bit|bps|b)?"
    r"(?:s|it)?(?: ?/ ?s)?(?!\w)"
)


def rates_in(line: str) -> list[tuple[float, tuple[int, int]]]:
    """Every rate that `line` says in bit/s, and where."""
    return [
        (float(m["number"]) * _UNIT_BPS[m["unit"]], m.span()) for m in _RATE_SAID.finditer(line)
    ]
