"""What a question names: things, events, times and amounts; where the grammar does not account for
all of its words.

The question is written with its names as marks (LINK0, NODE1), so that words can be looked for
around them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from agents.conversation.names import FoundName
from agents.conversation.queries.history import LIST_INCIDENTS, Recorded
from agents.conversation.queries.topology import (
    FIND_NAMES,
    SHOW_LINK,
    SHOW_NODE,
    OneLink,
    OneNode,
    Text,
)
from agents.playbook.conversation.grammar import Grammar
from agents.playbook.conversation.looking_up import Asked, Decline
from agents.playbook.conversation.times import (
    Span,
    UnclearTime,
    When,
    clock_of,
    span_of,
    time_of,
    when_of,
)
from agents.playbook.conversation.words import joined

_MARK = r"(?:LINK|NODE|GROUP)\d+"
_DASH = re.compile(r"\s*(?:-{1,2}|[–—/]|<?->|[→↔])\s*")
_DUCT = r"(?:fibre |fiber )?(?:duct|conduit|trench|srlg)"

_FILL = (
    r"(?:the|a|an|our|my|this|that|both|all|of|links?|fib(?:re|er)s?|cables?|circuits?|trunks?|"
    r"spans?|lines?|legs?|nodes?|routers?|pop|site|box(?:es)?|city|ducts?|conduit|trench|whole|"
    r"single|two|three|core|switch(?:es)?|device|between|link between|transit|on|at|with)"
)
_AND = rf"(?:\s(?:,|and|&|\+|plus|or|/)(?:\s{_FILL})*\s{_MARK})"
_LIST = rf"{_MARK}(?:\s{_FILL}|\s\(|\s\)|\s,)*?(?:{_AND}(?:\s{_FILL})*?)*"

_BEFORE = re.compile(
    r"\b(?:lose|loses|losing|loss of|failures? of|failure|fail of|outage of|outage on|cut of|"
    r"shut|shutting|shut down|simulate|drain|draining|kill|switch off|turn off|power off|remove|"
    r"removing|decommission|isolate|disable|combine|depends? on(?= GROUP)|pull|pulling|"
    r"reload of|reboot of|reboot|reload|"
    r"rebooting|reloading|restart|maintenance on|maintenance of|maintenance at|work on|works on|"
    r"working on|swap on|splice on|exchange on|upgrade on|upgrade of|repair|repairing|drop|unplug|"
    r"impact of|effect of|damage of|blast radius of|"
    r"(?:maintenance|works?|outage|window|reload|reboot|upgrade)"
    r"(?: [a-z0-9:.\-]+){1,4}? (?:on|of|at)|"
    r"take down|taking down|bring down|do without|in case of|death of|cutting|cut)"
    rf"(?:\s{_FILL})*\s(?P<names>{_LIST})"
)
_TAKE = re.compile(
    rf"\b(?:take|taking|took|put|have|with|bring)(?:\s{_FILL})*\s(?P<names>{_LIST})"
    r"(?:\s(?:be|is|are|both|all|completely|fully|node|router|link))*\s"
    r"(?:down|out|off|offline|away|gone|dark|shut|failed|dead)\b"
)
_AFTER = re.compile(
    rf"(?P<names>{_LIST})"
    r"(?:\s(?:both|all|is|are|gets?|got|be|being|would|will|should|has|goes|go|comes|as|whole|at|"
    r"the|same|time|once|for|ever|to|completely|also|fully|maybe|itself|planned|software|failed|"
    r"suddenly|really|were|was|ever|link|fibre|fiber|node|router|pop|duct|box|a|"
    r"simultaneously))*?\s"
    r"(?:fails?|failing|failed|failure|dies?|dead|died|down|dark|out|off|gone|breaks?|broken|cut|"
    r"dug up|lost|reload|reboots?|restart|maintenance|work|outage|drops|drops out|disappears?|"
    r"single point of failure|drained|shut|unavailable|isolated|"
    r"switched off|splice|crashes|loss|burns|goes|go)\b"
)
_EACH = re.compile(
    r"\b(?:or|either|better|compare|versus|vs|rather|one after another|one after the other|"
    r"separately|in turn|"
    r"sequence|ordering|each of|which of|instead)\b"
)
_TOGETHER = re.compile(
    r"\b(?:both|same time|at once|simultaneously|together|as well as|at the same)\b"
)
_LIMIT = re.compile(
    r"\b(?:over|above|beyond|below|under|exceeds?|exceeding|reach(?:es)?|passes|than|at most|"
    r"max\w*|limit\w*|threshold\w*|full|hits?)(?: \w+){0,2} "
    r"\d+(?:\.\d+)? ?(?:%|percent|per cent|pct)|"
    r"\d ?(?:%|percent|per cent|pct) (?:util\w*|load\w*|full)"
)
_DRAIN = re.compile(r"\b(?:drain|draining|drained)\b")


@dataclass
class Gist:
    """A question with its names as marks. `line`: in small letters, words apart by one blank.

    `marks`: kind and id by mark. `pairs`: marks of nodes that were typed as a link which is none,
    with what was typed.
    """

    asked: Asked
    question: str
    line: str
    marks: dict[str, tuple[str, str]]
    now: datetime
    pairs: dict[str, str] = field(default_factory=dict)

    def of(self, kind: str) -> list[str]:
        """Ids of one kind, in the order in which they were typed."""
        found = [m for m in re.findall(r"\b[A-Z]+\d+\b", self.line) if m in self.marks]
        return list(dict.fromkeys(self.marks[m][1] for m in found if self.marks[m][0] == kind))

    def says(self, pattern: str) -> bool:
        """Whether these words stand in the question."""
        return re.search(rf"(?<!\w)(?:{pattern})(?!\w)", self.line) is not None

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

    @property
    def failed(self) -> list[str]:
        """Marks of everything that is supposed to be out."""
        return [m for group in self.failing for m in group]

    @property
    def shares(self) -> list[str]:
        """Every share that is named, as it was typed."""
        return re.findall(r"\d+(?:\.\d+)? ?(?:%|percent|per cent|pct)", self.line)

    @property
    def percent(self) -> float | None:
        """The only share that is named, 0.2 for 20 %; None also where it is a limit."""
        if len(self.shares) != 1 or _LIMIT.search(self.line):
            return None
        return float(re.findall(r"[\d.]+", self.shares[0])[0]) / 100

    @property
    def number(self) -> str:
        """The only whole number behind a link or "to", "" if there is none."""
        found = re.findall(
            r"\b(?:to|=|of|at) (\d{1,8})\b(?! ?(?:%|g|percent|km|ms|h|am|pm))", self.line
        )
        return found[0] if len(found) == 1 else ""

    # Events ----------------------------------------------------------------------------------

    @cached_property
    def failing(self) -> list[list[str]]:
        """Marks that fail or are taken out, those together that are named together."""
        found: list[tuple[int, list[str]]] = []
        for pattern in (_TAKE, _BEFORE, _AFTER):
            for match in pattern.finditer(self.line):
                names = re.findall(_MARK, match["names"])
                known = {n for _, group in found for n in group}
                if new := [n for n in names if n not in known]:
                    found.append((match.start("names"), new))
        return [names for _, names in sorted(found)]

    @cached_property
    def other_events(self) -> list[str]:
        """Links that come back, and weights that are set, as the twin reads them."""
        found = []
        if back := re.search(
            r"\b(?:bring|put|take|get|turn) (?:the )?(LINK\d+)(?: \w+)? (?:back|on|up)\b"
            r"|\b(?:undrain|restore|return of|return) (?:the )?(LINK\d+)"
            r"|\b(LINK\d+) (?:comes|is|was) (?:back|up again)\b",
            self.line,
        ):
            link = self.marks[back[1] or back[2] or back[3]][1]
            drained = self.asked.glance(SHOW_LINK, OneLink(link=link)).drained
            found.append(f"undrain {link}" if drained else f"link {link} up")
        if self.says(r"metrics?|weights?|costs?") and len(self.links) >= 1:
            found += self._weights()
        return found

    def _weights(self) -> list[str]:
        link = re.search(r"\bLINK\d+\b", self.line)
        if link is None:
            return []
        name = self.marks[link.group()][1]
        if number := self.number:
            if not 1 <= int(number) <= 65_534:
                raise Decline("No interface takes that weight.")
            return [f"weight {name} to {number} both ways"]
        if self.says(r"double|doubled|twice"):
            now = self.asked.glance(SHOW_LINK, OneLink(link=name)).igp_weights.values()
            if len(set(now)) == 1:
                return [f"weight {name} to {2 * max(now)} both ways"]
        return []

    @property
    def alternatives(self) -> bool:
        """Whether several events are meant one by one."""
        return _EACH.search(self.line) is not None

    @property
    def together(self) -> bool:
        """Whether several events are meant at the same time."""
        return _TOGETHER.search(self.line) is not None

    def events(self, mark: str) -> list[str]:
        """The events that `mark` is out, as the twin reads them.

        Raises:
            Decline: it says to drain a duct.
        """
        kind, name = self.marks[mark]
        if not _DRAIN.search(self.line):
            return [f"{kind} {name} down"]
        if kind == "group":
            raise Decline("A duct cannot be drained; name its links.")
        return [f"drain {name}" if kind == "link" else f"drain node {name}"]

    def ends_near(self, marks: Iterable[str]) -> set[str]:
        """Nodes that what `marks` name ends at, and the neighbours of these."""
        near: set[str] = set()
        for mark in marks:
            kind, name = self.marks[mark]
            if kind == "link":
                near |= set(self.asked.glance(SHOW_LINK, OneLink(link=name)).ends)
            elif kind == "node":
                near.add(name)
        for node in list(near):
            near |= self._neighbours(node)
        # Who names a neighbour may name its neighbours too.
        for node in [n for n in self.nodes if n in near]:
            near |= self._neighbours(node)
        return near

    def _neighbours(self, node: str) -> set[str]:
        return set(self.asked.glance(SHOW_NODE, OneNode(node=node)).neighbours)

    def sentence_of(self, mark: str) -> str:
        """The sentence in which `mark` stands."""
        parts = re.split(r"[.?!;](?=\s|$)", self.line)
        return next((p for p in parts if re.search(rf"\b{mark}\b", p)), self.line)


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
    line = _spaced("".join(f" {w} " if w.isupper() else w for w in written))
    line = _links_between(asked, _ducts(asked, line, marks), marks)
    gist = Gist(asked, asked.question, line, marks, now, pairs)
    _refuse_strange(asked, gist, [n.text for n in found.near])
    return gist


def _spaced(text: str) -> str:
    text = text.replace("\u2019", "'")
    text = re.sub(r"\bcan't\b|\bcannot\b", "can not", text)
    text = re.sub(r"n't\b", " not", text)
    text = re.sub(r"\b(what|who|how|where|when|that|it|there|here)'?s\b", r"\1 is", text)
    text = re.sub(r"'s\b", " 's", text)
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
    """A duct that is named by its place or by one of its links becomes that group."""

    def by_node(match: re.Match[str]) -> str:
        return _mark("group", _group_at(asked, marks[match["mark"]][1]), marks)

    def by_link(match: re.Match[str]) -> str:
        name = marks[match["mark"]][1]
        groups = asked.glance(SHOW_LINK, OneLink(link=name)).shared_risk_groups
        return _mark("group", _only([g.group for g in groups], name), marks)

    if unknown := re.search(r"\bduct ?: ?(NODE\d+) ?: ?\d+", line):
        node = marks[unknown[1]][1]
        near = joined(_groups_near(asked, node), 20)
        raise Decline(f"That duct is not on record; the links of {node} have {near or 'none'}.")
    line = re.sub(rf"\b(?P<mark>NODE\d+) {_DUCT}\b", by_node, line)
    line = re.sub(rf"\b(?P<mark>LINK\d+)(?: 's)? {_DUCT}\b", by_link, line)
    line = re.sub(
        rf"\b{_DUCT} (?:of|with|under|below|carrying|that carries) (?:the )?(?P<mark>LINK\d+)\b",
        by_link,
        line,
    )
    return re.sub(rf"\b{_DUCT} (?:at|in|near|of) (?P<mark>NODE\d+)\b", by_node, line)


def _group_at(asked: Asked, node: str) -> str:
    """The duct at `node`. Raises Decline if there is none, or several."""
    found = (asked.glance(FIND_NAMES, Text(text=f"duct:{node}:{n}")).names for n in (1, 2, 3))
    at = [n.ids[0] for names in found for n in names if n.kind == "group" and len(n.ids) == 1]
    if at:
        return _only(at, node)
    return _only(_groups_near(asked, node), node)


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


def _links_between(asked: Asked, line: str, marks: dict[str, tuple[str, str]]) -> str:
    """ "the link between A and B" and "the A to B fibre" become that link."""

    def linked(match: re.Match[str]) -> str:
        before = match["before"] or ""
        if not (match["after"] or "between" in before or "from" in before):
            return match.group()
        a, b = marks[match["a"]][1], marks[match["b"]][1]
        found = asked.glance(FIND_NAMES, Text(text=f"{a} -- {b}")).names
        if len(found) != 1 or len(found[0].ids) != 1 or found[0].kind != "link":
            return match.group()
        return _mark("link", found[0].ids[0], marks)

    return _BETWEEN.sub(linked, line)


def _refuse_strange(asked: Asked, gist: Gist, near: Sequence[str]) -> None:
    """Refuse a name that is half known ("FFM-Darmstadt"), or that resembles one."""
    half = re.search(
        r"(?<![\w-])([\w]+)\s?--?\s?(NODE\d+)\b|\b(NODE\d+)\s?--?\s?([\w]+)", gist.line
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


_SUFFIXES = frozenset(
    {"area", "side", "bound", "region", "link", "node", "pop", "box", "router", "leg", "duct"}
)
