"""What a question names: things, events, times and amounts; where the grammar does not account for
all of its words.

The question is written with its names as marks (LINK0, NODE1), so that words can be looked for
around them.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import SequenceMatcher
from functools import cached_property

from agents.conversation.names import FoundName, NearName
from agents.conversation.queries.history import LIST_INCIDENTS, Recorded
from agents.conversation.queries.topology import (
    FIND_NAMES,
    LIST_SERVICES,
    SHOW_LINK,
    SHOW_NODE,
    OneLink,
    OneNode,
    Served,
    Text,
)
from agents.playbook.conversation.events import More, Supposed, events_in, more_in, rates_in
from agents.playbook.conversation.grammar import Grammar
from agents.playbook.conversation.looking_up import Asked, Decline, Nothing
from agents.playbook.conversation.spelling import respelled
from agents.playbook.conversation.times import (
    Span,
    UnclearTime,
    When,
    clock_of,
    compared_times,
    span_of,
    time_of,
    when_of,
)
from agents.playbook.conversation.words import joined

_DASH = re.compile(r"\s*(?:-{1,2}|[–—/]|<?->|[→↔])\s*")
_DUCT = r"(?:fibre |fiber )?(?:duct|conduit|trench|srlg)"


LIMIT = re.compile(
    r"(?:(?:over|above|beyond|below|under|exceeds?|exceeding|reach(?:es)?|passes|at|than|to|hits?"
    r"|(?:limit|load|util\w*) of|stays?|remains?|cross(?:es|ing)?|goes|going|is|be) )+"
    r"(?P<share>\d+(?:\.\d+)?) ?(?:%|percent|per cent|pct)(?: (?:util\w*|load\w*|full))?(?!\w)"
)
"""A utilisation that something should stay below, or comes to."""

LIMIT_OF_LINK = re.compile(rf"LINK\d+ {LIMIT.pattern}")


_COUNTS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_COUNT = rf"\d{{1,2}}|{'|'.join(_COUNTS)}"
_RANKING = (
    "top|worst|busiest|fullest|hottest|emptiest|quietest|biggest|largest|smallest|longest|shortest|"
    "thinnest|fattest|heaviest|lightest|weakest|best|last|latest|lowest|highest"
)
_NUMBER_WANTED = re.compile(
    rf"\b(?:(?:first|next|most \w+|{_RANKING}) (?P<a>{_COUNT})"
    rf"|(?P<b>{_COUNT}) (?:most|{_RANKING}))\b"
    r"(?! ?(?:%|percent|h\b|hours?|min|days?|weeks?|months?|years?|g\b|km|ms))"
    rf"|\b(?:which|what|the|give me|show me|name) (?P<c>{_COUNT}) "
    r"(?:cuts?|links?|nodes?|ducts?|routers?|failures?|egresses|pipes|fibres|services|customers)\b"
)
"""How many rows of a ranking are wanted: "the five busiest", "top 3"."""


_BEFORE_WEIGHT = r"(?:node|router|site|city|duct|between)"


def _capitals(word: str) -> str:
    """`word`, which is escaped, with a capital in it."""
    return rf"(?=\S*[A-Z])(?i:{word})(?!\w)"


@dataclass
class Gist:
    """A question with its names as marks. `line`: in small letters, words apart by one blank.

    `marks`: kind and id by mark. `pairs`: marks of nodes that were typed as a link which is none,
    with what was typed. `near`: words that resemble a name. `told`: what the answer says to tell.
    """

    asked: Asked
    question: str
    line: str
    marks: dict[str, tuple[str, str]]
    now: datetime
    pairs: dict[str, str] = field(default_factory=dict)
    near: frozenset[str] = frozenset()
    told: set[str] = field(default_factory=set)

    def tell(self, *concepts: str) -> None:
        """An answer tells these; its words need no other one."""
        self.told.update(concepts)

    def of(self, kind: str) -> list[str]:
        """Ids of one kind, in the order in which they were typed."""
        found = [m for m in re.findall(r"\b[A-Z]+\d+\b", self.line) if m in self.marks]
        return list(dict.fromkeys(self.marks[m][1] for m in found if self.marks[m][0] == kind))

    def says(self, pattern: str) -> bool:
        """Whether these words stand in the question."""
        return re.search(rf"(?<!\w)(?:{pattern})(?!\w)", self.line) is not None

    def may_weigh(self, word: str) -> bool:
        """Whether `word`, which nothing accounts for, may name something or say by what.

        It resembles a name, is written in capitals inside a sentence, or stands where such a word
        does.
        """
        if word in self.near:
            return True
        typed = re.escape(word)
        if re.search(rf"(?<=[^.?!:;\s] ){_capitals(typed)}", self.question):
            return True
        return self.says(rf"{_BEFORE_WEIGHT} (?:the )?{typed}")

    @property
    def links(self) -> list[str]:
        """Links."""
        return self.of("link")

    @property
    def nodes(self) -> list[str]:
        """Nodes."""
        return self.of("node")

    @cached_property
    def when(self) -> When | None:
        """The time of day that is meant.

        Raises:
            Decline: several are named.
        """
        try:
            return when_of(self.line, self.now)
        except UnclearTime as exc:
            raise Decline(f"I do not know which time is meant: {exc}.") from exc

    @cached_property
    def compared(self) -> list[When]:
        """Several times that are set against each other; none if there are not."""
        return compared_times(self.line, self.now)

    @cached_property
    def span(self) -> Span | None:
        """The time that is over."""
        return span_of(self.line, self.now)

    @cached_property
    def around(self) -> Span | None:
        """Half an hour around the time of day that is named."""
        return self.span or clock_of(self.line, self.now)

    def marked(self, name: str) -> str:
        """The mark of a name."""
        return next(m for m, (_, known) in self.marks.items() if known == name)

    @cached_property
    def events(self) -> tuple[Supposed, ...]:
        """What is supposed to happen."""
        return events_in(self.line, self.marks, self.asked)

    @cached_property
    def more(self) -> More | None:
        """How much more demand is supposed."""
        return more_in(self.line)

    @cached_property
    def rate(self) -> float | None:
        """The only rate that is said, bit/s."""
        found = {rate for rate, _ in rates_in(self.line)}
        return found.pop() if len(found) == 1 else None

    @cached_property
    def number(self) -> int | None:
        """How many of a ranking are wanted."""
        match = _NUMBER_WANTED.search(self.line)
        if match is None:
            return None
        said = match["a"] or match["b"] or match["c"]
        return int(said) if said.isdigit() else _COUNTS.index(said) + 1

    @property
    def limit(self) -> float | None:
        """The only utilisation that is said as a limit, 0.8 for 80 %."""
        said = self.more.spans if self.more is not None else ()
        found = {
            float(m["share"]) / 100
            for m in LIMIT.finditer(self.line)
            if all(m.end() <= begin or end <= m.start() for begin, end in said)
        }
        return found.pop() if len(found) == 1 else None

    @property
    def changed(self) -> list[str]:
        """Marks of everything that something is supposed to happen to."""
        return [mark for event in self.events for mark in event.marks]


def gist_of(asked: Asked, grammar: Grammar) -> Gist:
    """The question of `asked` with its names as marks.

    Raises:
        Decline: a name could mean several things, or a link that is named does not exist.
    """
    found = asked.glance(FIND_NAMES, Text(text=asked.question))
    known = asked.glance(LIST_INCIDENTS, Recorded()).journal_utc
    now = time_of(known) if known else datetime.fromtimestamp(0, UTC)
    marks: dict[str, tuple[str, str]] = {}
    pairs: dict[str, str] = {}
    written: list[str] = []
    position = 0
    for name in found.names:
        if not name.exact and grammar.is_word(name.text):
            continue
        if asked.question[name.end :].casefold().startswith(" time"):
            # Its clock is meant.
            continue
        written.append(asked.question[position : name.start].casefold())
        named = list(_marked(asked, name, marks))
        written.append(" ".join(named))
        if len(named) > 1:
            pairs |= dict.fromkeys(named, name.text)
        position = name.end
    written.append(asked.question[position:].casefold())
    spaced = _spaced("".join(f" {w} " if w.isupper() else w for w in written))
    line = respelled(_it_done(spaced))
    line = _own_links(asked, _legs_lost(line), marks)
    line = _links_between(asked, _ducts(asked, line, marks), marks)
    line = _bare(_link_of_one(asked, line, marks))
    line = _that_one(_ones_to(asked, line, marks))
    near = frozenset(n.text.casefold() for n in found.near if _is_near(n))
    gist = Gist(asked, asked.question, line, marks, now, pairs, near)
    _refuse_strange(asked, gist, [n.text for n in found.near if _is_near(n)])
    return gist


_MISSPELT = 0.85
"""How much a word in small letters has to resemble a name to be taken for one."""


def _is_near(hint: NearName) -> bool:
    """Whether a word may be a name that is misspelt, and no word of its own."""
    word = hint.text.casefold()
    alike = (SequenceMatcher(None, word, n.casefold()).ratio() for n in hint.near)
    return hint.text[:1].isupper() or max(alike, default=0.0) >= _MISSPELT


_ARTICLES = r"(?:(?:the|our|my|a|an|this|that|whole|core|complete|entire|both) )*"
_LINKS = r"(?:links?|fib(?:re|er)s?|cables?|circuits?|trunks?|spans?|legs?|lines?)"
_NODES = r"(?:nodes?|routers?|pops?|sites?|box(?:es)?|city|switch|device|area)"
_DUCTS = r"(?:ducts?|conduits?|trench|shared[- ]risk group|srlg)"
_BARE = (
    # What a name says by itself: "the core router A" is "A".
    (rf"(?<!\w){_ARTICLES}(?:{_LINKS}|(?:{_DUCTS})) (?=(?:LINK|GROUP)\d)", ""),
    (rf"(?<!\w){_ARTICLES}{_NODES} (?=NODE\d)", ""),
    (rf"(?<!\w){_ARTICLES}customer (?=CUSTOMER\d)", ""),
    (rf"(?<!\w){_ARTICLES}service (?=SERVICE\d)", ""),
    (rf"\b([A-Z]+\d+) (?:{_LINKS}|(?:{_NODES})|(?:{_DUCTS}))(?= |$)(?! (?:that|which) )", r"\1"),
    (r"(?:someone|somebody|anyone|anybody|they|we|an? \w+) (?:digs?|drills?|cuts?|hits?|severs?) "
     r"(?:(?:through|into|up) )?(?:the )?(GROUP\d+(?: and GROUP\d+)*)", r"\1 fails"),
    (r"(?<=\d) (?:as a whole|as whole|itself|completely|entirely)(?= |$)", ""),
    (r"(?<!\w)(?:(?:the|both|our|whole|entire|all of) )+(?=(?:LINK|NODE|GROUP)\d)", ""),
    (r"(LINK\d+) (?:only |just )?\d+ ?g(?:bit)?(?= (?:and|or|,|\.|\?)|$)", r"\1"),
    (r"(?<=\d) , (?:the )?(?:whole|entire|complete) (?:router|node|link|pop|site)", ""),
    # A capacity that is told beside a link's name, or that a link has before it is enlarged.
    (r"(?<=\d) \( [^()]*?\d+ ?(?:g|gbit|gbit / s|km|ms|t)[ !]*\)", ""),
    (r" from \d+(?: ?g(?:bit(?: / s)?|bps|b)?)?(?= to \d)", ""),
    (r"((?:can|could|may|should) (?:we|i|you|u)) do (?=(?:LINK|NODE|GROUP)\d)", r"\1 work on "),
    # "if A-B goes" is a failure, "traffic of A goes" is none.
    (r"(?<!\w)((?:if|when|once|should) (?:\w+ )?(?:LINK|NODE|GROUP)\d+) goes?"
     r"(?= |$)(?! (?:to|via|over|down|dark|away|out|off|offline|dead))",
     r"\1 fails"),
)  # fmt: skip


def _bare(line: str) -> str:
    """`line` without words that a name beside them says as well."""
    for pattern, instead in _BARE:
        line = re.sub(pattern, instead, line)
    return " ".join(line.split())


def _spaced(text: str) -> str:
    text = text.replace("\u2019", "'")
    text = re.sub(r"\bcan't\b|\bcannot\b", "can not", text)
    text = re.sub(r"\bwon't\b", "will not", text)
    text = re.sub(r"n't\b", " not", text)
    text = re.sub(r"\b(what|who|how|where|when|that|there|here)'?s\b|\b(it)'s\b", r"\1\2 is", text)
    text = re.sub(r"'(s|d|ve|re|ll|m)\b", r" '\1", text)
    text = re.sub(r"([A-Z]+\d+)-(?=[a-z])", r"\1 -", text)
    text = re.sub(r"([,;?!()&+\"\u201c\u201d/]|\.(?=\s|$)|:(?=\s|$))", r" \1 ", text)
    return " ".join(text.split())


def _marked(asked: Asked, name: FoundName, marks: dict[str, tuple[str, str]]) -> Iterator[str]:
    """The marks that stand for `name`: of a link that does not exist, its two ends."""
    kind, ids = name.kind, name.ids
    if kind == "link" and not ids:
        ends = asked.glance(FIND_NAMES, Text(text=_DASH.sub(" , ", name.text))).names
        if len(ends) != 2 or any(len(e.ids) != 1 for e in ends):
            raise Decline(f"No link joins the ends of «{name.text}».")
        for end in ends:
            yield from _marked(asked, end, marks)
        return
    if kind == "customer" and ids:
        yield " , ".join(_mark(kind, one, marks) for one in ids)
        return
    if len(ids) != 1:
        raise Decline(f"«{name.text}» could mean {' or '.join(ids)}; name one.")
    yield _mark(kind, ids[0], marks)


def _mark(kind: str, name: str, marks: dict[str, tuple[str, str]]) -> str:
    for mark, known in marks.items():
        if known == (kind, name):
            return mark
    mark = f"{kind.upper()}{len(marks)}"
    marks[mark] = (kind, name)
    return mark


def _ducts(asked: Asked, line: str, marks: dict[str, tuple[str, str]]) -> str:
    """A duct that is named by its place or by one of its links becomes that group; where a place
    has several, each of them is meant by itself."""
    several: list[bool] = []

    def by_node(match: re.Match[str]) -> str:
        found = _groups_at(asked, marks[match["mark"]][1])
        several.append(len(found) > 1)
        return " and ".join(_mark("group", group, marks) for group in found)

    def by_link(match: re.Match[str]) -> str:
        name = marks[match["mark"]][1]
        groups = asked.glance(SHOW_LINK, OneLink(link=name)).shared_risk_groups
        return _mark("group", _only([g.group for g in groups], name), marks)

    def by_both(match: re.Match[str]) -> str:
        a, b = (marks[match[k]][1] for k in "ab")
        rows = [asked.glance(SHOW_LINK, OneLink(link=x)).shared_risk_groups for x in (a, b)]
        shared = [g.group for g in rows[0] if g.group in {h.group for h in rows[1]}]
        if not shared:
            raise Decline(f"No duct is on record that {a} and {b} share.")
        return _mark("group", shared[0], marks)

    if unknown := re.search(r"\bduct ?:? ?(NODE\d+) ?: ?\d+", line):
        node = marks[unknown[1]][1]
        near = joined(_groups_near(asked, node), 20)
        raise Decline(f"That duct is not on record; the links of {node} have {near or 'none'}.")
    line = re.sub(rf"\b(?P<mark>NODE\d+) {_DUCT}\b", by_node, line)
    line = re.sub(
        rf"\b{_DUCT} (?:(?:of|with|under|below|carrying|that|carries|holds|holding|both|the|links?"
        r"|shared by|fibres?|which|has|in|it|containing|contains|where|run|runs) )+"
        r"(?P<a>LINK\d+) (?:,|and) (?:the )?(?P<b>LINK\d+)(?: (?:fib(?:re|er)s?|links?|in it))?\b",
        by_both,
        line,
    )
    line = re.sub(rf"\b(?P<mark>LINK\d+)(?: 's)? {_DUCT}\b", by_link, line)
    line = re.sub(
        rf"\b{_DUCT} (?:of|with|under|below|carrying|that carries) (?:the )?(?P<mark>LINK\d+)\b",
        by_link,
        line,
    )
    line = re.sub(rf"\b{_DUCT} (?:at|in|near|of) (?P<mark>NODE\d+)\b", by_node, line)
    for mark in [m for m, (kind, _) in marks.items() if kind == "node" and m not in line]:
        del marks[mark]
    return f"{line} , each of these" if any(several) else line


def _groups_at(asked: Asked, node: str) -> Sequence[str]:
    """The ducts that are named after `node`, or those of its links. Raises Decline if none is."""
    found = (asked.glance(FIND_NAMES, Text(text=f"duct:{node}:{n}")).names for n in (1, 2, 3))
    at = [n.ids[0] for names in found for n in names if n.kind == "group" and len(n.ids) == 1]
    groups = at or _groups_near(asked, node)
    return groups if len(groups) > 1 else [_only(groups, node)]


def _groups_near(asked: Asked, node: str) -> list[str]:
    links = [x.link for x in asked.glance(SHOW_NODE, OneNode(node=node)).links]
    near = [asked.glance(SHOW_LINK, OneLink(link=x)).shared_risk_groups for x in links]
    return sorted({g.group for groups in near for g in groups})


def _only(groups: Sequence[str], name: str) -> str:
    if not groups:
        raise Decline(f"No duct of {name} is on record that it shares with another link.")
    if len(groups) > 1:
        raise Decline(f"{name} has several ducts on record ({', '.join(groups)}); name one.")
    return groups[0]


_BETWEEN = re.compile(
    r"\b(?P<before>(?:link|fib(?:re|er)|cable|circuit|span|line|trunk|connection|headroom|"
    r"capacity|room|load|utilisation|utilization)(?: (?:is|left|there|free|is there))* "
    r"(?:between|from) |both |(?:lose|losing) )?(?P<a>NODE\d+) (?:and|to) (?P<b>NODE\d+)"
    r"(?P<after> (?:link|fib(?:re|er)|cable|circuit|span|leg)\b)?"
)


_BESIDE = re.compile(r"\b(?P<a>NODE\d+) (?P<b>NODE\d+)\b")


def _links_between(asked: Asked, line: str, marks: dict[str, tuple[str, str]]) -> str:
    """ "the link between A and B", "the A to B fibre" and "A B" become that link."""

    def said_as_link(match: re.Match[str]) -> str:
        before = match["before"] or ""
        is_link = match["after"] or "between" in before or "from" in before
        return linked(match) if is_link else match.group()

    def linked(match: re.Match[str]) -> str:
        a, b = marks[match["a"]][1], marks[match["b"]][1]
        found = asked.glance(FIND_NAMES, Text(text=f"{a} -- {b}")).names
        if len(found) != 1 or len(found[0].ids) != 1 or found[0].kind != "link":
            return match.group()
        return _mark("link", found[0].ids[0], marks)

    return _BESIDE.sub(linked, _BETWEEN.sub(said_as_link, line))


_LEG_LOST = re.compile(
    r"\b(?P<a>NODE\d+) (?:is |was |would |will |gets? )*(?P<verb>los(?:e|es|ing|t)|without|minus) "
    r"(?:(?:its|the|their|one|that|his) )*(?P<b>NODE\d+) "
    r"(?:leg|link|up-?link|line|fib(?:re|er)|side|connection|circuit|port|trunk|span|cable|path)\b"
    r"|\b(?P<c>NODE\d+) '?s (?P<d>NODE\d+) (?:leg|link|up-?link|line|fib(?:re|er)|circuit|trunk)\b"
    r"|\b(?P<e>NODE\d+) (?:leg|link|up-?link|line|fib(?:re|er)|circuit|trunk) "
    r"(?:of|at|from|out of) (?:the )?(?P<f>NODE\d+)\b"
)
"""A link that is told by its far end: "A losing its B leg", "A's B uplink", "the B leg of A"."""


_LOST = re.compile(
    r"\b(?P<a>NODE\d+) (?:is |was |would |will |were to |should )*los(?:e|es|ing) "
    r"(?P<ends>(?:(?:both|all|its|the|their) )*NODE\d+"
    r"(?:(?: ,)? ?(?:and|or|plus|&|,)(?: (?:its|the|also))* NODE\d+)*)"
    r"(?: (?:legs?|links?|up-?links?|lines?|fib(?:re|er)s?|connections?|circuits?|trunks?|spans?))?"
    r"(?!\w)"
)
"""What a node loses is the links to it, not the nodes at their other ends."""


def _legs_lost(line: str) -> str:
    """`line` with links that are told by their far end as "A--B"."""

    def linked(match: re.Match[str]) -> str:
        a, b = (next(match[k] for k in pair if match[k]) for pair in ("ace", "bdf"))
        return f"{'loss of ' if match['verb'] else ''}{a}--{b}"

    def lost(match: re.Match[str]) -> str:
        ends = re.findall(r"NODE\d+", match["ends"])
        return " and ".join(f"loss of {match['a']}--{end}" for end in ends)

    return _LEG_LOST.sub(linked, _LOST.sub(lost, line))


_OWN = re.compile(r"\b(?P<a>NODE\d+)--(?P<b>NODE\d+)\b")


def _own_links(asked: Asked, line: str, marks: dict[str, tuple[str, str]]) -> str:
    """ "The A links to B and C", and "their link" of the two nodes that are named.

    Raises:
        Decline: no link joins them.
    """

    def linked(match: re.Match[str]) -> str:
        a, b = marks[match["a"]][1], marks[match["b"]][1]
        found = asked.glance(FIND_NAMES, Text(text=f"{a} -- {b}")).names
        if len(found) != 1 or len(found[0].ids) != 1 or found[0].kind != "link":
            raise Decline(f"No link joins {a} and {b}.")
        return _mark("link", found[0].ids[0], marks)

    nodes = list(dict.fromkeys(re.findall(r"\bNODE\d+\b", line)))
    if "their-own-link" in line and len(nodes) == 2:
        line = line.replace("their-own-link", f"{nodes[0]}--{nodes[1]}")
    return _OWN.sub(linked, line)


_ONE_TO = re.compile(
    r"\b(?:the |that )?(?:one|link|leg|line|fibre|fiber|circuit) (?:to|towards) (?P<to>NODE\d+)\b"
)


def _ones_to(asked: Asked, line: str, marks: dict[str, tuple[str, str]]) -> str:
    """ "A has two links; if the one to B fails": that is the link from A, where only A has one."""

    def linked(match: re.Match[str]) -> str:
        there = marks[match["to"]][1]
        links = {x.to: x.link for x in asked.glance(SHOW_NODE, OneNode(node=there)).links}
        named = [n for k, n in marks.values() if k == "node" and n in links]
        return _mark("link", links[named[0]], marks) if len(named) == 1 else match.group()

    return _ONE_TO.sub(linked, line)


_OF_ONE = re.compile(
    r"(?<!NODE\d )\b(?:the|that) (?P<to>NODE\d+) (?:link|fib(?:re|er)|circuit|leg)\b"
)


def _link_of_one(asked: Asked, line: str, marks: dict[str, tuple[str, str]]) -> str:
    """ "Where does traffic of A go if the B link fails": the link from A to B.

    Raises:
        Decline: no node that is named beside B has the only such link.
    """

    def linked(match: re.Match[str]) -> str:
        there = marks[match["to"]][1]
        links = {x.to: x.link for x in asked.glance(SHOW_NODE, OneNode(node=there)).links}
        named = [n for k, n in marks.values() if k == "node" and n in links]
        if len(named) != 1:
            raise Decline(f"Which link of {there} is meant: {joined(list(links.values()), 10)}?")
        return _mark("link", links[named[0]], marks)

    return _OF_ONE.sub(linked, line)


_THAT = re.compile(
    r"\b(?P<if>if|when|once|suppose|should) (?:that|it|this|the)"
    r"(?: (?:one|link|fibre|cable|duct|trench))? "
    r"(?P<verb>goes (?:down|dark|out)|goes|fails|breaks|dies|drops|went|snaps"
    r"|(?:is|gets|got|were|was|be) (?:(?:dug|ripped|torn) (?:up|out)|down|cut|gone|dark|lost|hit"
    r"|damaged|severed|taken out|out|dead|broken))\b"
)


_DONE = re.compile(
    r"\b(?P<verb>drain|take|pull|cut|cutting|lose|upgrade|reduce|double|shrink|bump|bounce|kill|shut"
    r"|trim|scale|bring|raise|grow|reboot|reload|disable|enlarge) (?P<it>it|that one|this one)\b"
)


def _it_done(line: str) -> str:
    """ "Is A-B too large? If we cut it to 120G": that is done to the only thing that was named."""

    def named(match: re.Match[str]) -> str:
        things = dict.fromkeys(re.findall(r"\b(?:LINK|NODE|GROUP)\d+\b", line[: match.start()]))
        return f"{match['verb']} {next(iter(things))}" if len(things) == 1 else match.group()

    return _DONE.sub(named, line)


def _that_one(line: str) -> str:
    """ "A-B carries svc-001; if that goes": the only link that was named before."""

    def named(match: re.Match[str]) -> str:
        links = dict.fromkeys(re.findall(r"\b(?:LINK|GROUP)\d+\b", line[: match.start()]))
        if len(links) != 1:
            return match.group()
        return f"{match['if']} {next(iter(links))} fails"

    return _THAT.sub(named, line)


def _refuse_strange(asked: Asked, gist: Gist, near: Sequence[str]) -> None:
    """Refuse a name that is half known ("FFM-Darmstadt"), or that resembles one."""
    if re.search(_NO_SERVICE, gist.line):
        known = asked.look_up(
            LIST_SERVICES, Served(service="", customer="", node="", over_link="", traffic_class="")
        )
        first = known.services[0].service if known.services else "none"
        raise Nothing(
            f"The service that is named is not on record; there are {known.count}, from {first} on."
        )
    _refuse_unknown_customer(asked, gist)
    half = re.search(
        # A hyphen with blanks around it joins no names.
        r"(?<![\w-])([\w]+)--?\s?(NODE\d+)\b|\b(NODE\d+)\s?--?([\w]+)",
        gist.line,
    )
    if half:
        word, mark = (half[1], half[2]) if half[1] else (half[4], half[3])
        if word and not re.fullmatch(r"[A-Z]+\d+", word) and word not in _SUFFIXES:
            node = gist.marks[mark][1]
            links = [x.link for x in asked.glance(SHOW_NODE, OneNode(node=node)).links]
            raise Decline(f"I know no node «{word}»; the links of {node} are {', '.join(links)}.")
    typed = [w for w in near if re.search(rf"(?<!^)(?<![.?!] )\b{re.escape(w)}\b", gist.question)]
    strange = [w for w in typed if w[:1].isupper()]
    if strange:
        hints = {h.text: h.near for h in asked.glance(FIND_NAMES, Text(text=gist.question)).near}
        word = strange[0]
        raise Decline(f"«{word}» is no name here (did you mean {' or '.join(hints[word])}?).")


def _refuse_unknown_customer(asked: Asked, gist: Gist) -> None:
    """Say that nobody is called so, where customers' first word stands before another name."""
    for name in asked.glance(FIND_NAMES, Text(text=gist.question)).names:
        after = re.match(r" ([A-Z][a-z]{2,})\b", gist.question[name.end :])
        if name.kind != "customer" or name.exact or after is None or " " in name.text:
            continue
        for one in name.ids:
            asked.look_up(
                LIST_SERVICES,
                Served(service="", customer=one, node="", over_link="", traffic_class=""),
            )
        raise Nothing(
            f"No customer is called «{name.text} {after[1]}» on record; there is "
            f"{' and '.join(name.ids)}."
        )


_NO_SERVICE = r"(?<![\w-])(?:svc|service)[- ]?\d+\b"
"""Written as a service is called, and not the name of one."""

_SUFFIXES = frozenset(
    {"area", "side", "bound", "region", "link", "node", "pop", "box", "router", "leg", "duct"}
)
