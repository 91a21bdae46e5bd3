"""The second reading: what a question is about, from a few of its words and the names in it.

The grammar comes first, which accounts for every word in its place. Here words are accounted for
wherever they stand (`coverage`), and the answer begins with what the question was taken for.
"""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from agents.playbook.conversation.coverage import Coverage, Left, whole_words
from agents.playbook.conversation.events import opening_of, rates_in
from agents.playbook.conversation.gist import LIMIT, LIMIT_OF_LINK, Gist
from agents.playbook.conversation.looking_up import Decline, quoted
from agents.playbook.conversation.times import day_spans, past_spans, time_spans
from twin.events.growth.add_link import AddLink

_PAST = (
    r"yesterday|last (night|week|month|hour|evening|monday|tuesday|wednesday|thursday|friday|"
    r"saturday|sunday)|ago|happened|when did|why did|(went|was|were) (down|hit|affected|cut|hurt)|"
    r"(was|were) the (impact|effect|damage)|when (LINK|NODE)\d+ (failed|went|broke|died)|so far"
)
_IS_SO = (
    r"\b(since when|how long) (is|are|has|have|was)\b|"
    r"(^|[?.,;!] |\band |\bor |\bbut |\bwhy )(is|are|was) (the )?(LINK|NODE|GROUP)\d+"
    r"( \w+){0,2} (down|out|off|dead|gone|broken|cut|dark|drained)\b"
)
_SUPPOSING = (
    r"if|what|which|who|whom|can|could|is|are|will|would|how|do|does|impact|effect|damage|safe|"
    r"suppose|simulate|any|risk|ok|okay|show|whats|should|may|check|compare|failure|"
    r"blast radius|tell|what-if|please|feasible|possible|better|worse|go|"
    r"give|want|need|find|window|combine"
)


@dataclass(frozen=True, slots=True)
class _Topic:
    """`also`: words that its answer honours, or that change nothing of it. `takes`: what else of a
    question it honours: kinds of names, "time", "span" (what is over), "more" (demand)."""

    name: str
    cues: re.Pattern[str]
    unless: re.Pattern[str] | None
    needs: tuple[frozenset[str], ...]
    no_event: bool
    also: re.Pattern[str] | None
    takes: frozenset[str]

    def fits(self, gist: Gist) -> bool:
        if self.no_event and gist.events:
            return False
        if not self.cues.search(gist.line) or (self.unless and self.unless.search(gist.line)):
            return False
        return all(any(_has(gist, what) for what in need) for need in self.needs)

    def covered(self, gist: Gist) -> Coverage:
        """What it accounts for of `gist`."""
        found = Coverage(gist.line)
        for cue in self.cues.finditer(gist.line):
            # What a cue skips over (".*") is not read by it.
            inside = sorted(span for span in map(cue.span, _skips(cue)) if span != (-1, -1))
            begin = cue.start()
            for first, last in [*inside, (cue.end(), cue.end())]:
                found.read_span(begin, first, asks=True)
                begin = last
        if self.also is not None:
            found.read(self.also)
        for mark, (kind, _) in gist.marks.items():
            if kind in self.takes:
                found.read(re.compile(rf"\b{mark}\b"))
        if "time" in self.takes:
            for span in (*time_spans(gist.line), *day_spans(gist.line)):
                found.read_span(*span)
        if "span" in self.takes and gist.around is not None:
            for span in (*past_spans(gist.line), *time_spans(gist.line)):
                found.read_span(*span)
        if "more" in self.takes and gist.more is not None:
            for span in gist.more.spans:
                found.read_span(*span, asks=True)
        if "rate" in self.takes and gist.rate is not None:
            for _, span in rates_in(gist.line):
                found.read_span(*span)
        if "limit" in self.takes and gist.limit is not None:
            # The loads of links that are named are said after an event, of no others.
            found.read(LIMIT_OF_LINK if self.name == "effect" else LIMIT)
        if "event" in self.takes:
            for event in gist.events:
                found.read_span(opening_of(gist.line, event.begin), event.end, asks=True)
        return found


def _skips(cue: re.Match[str]) -> list[str]:
    return [name for name in cue.re.groupindex if name.startswith("skip")]


def _has(gist: Gist, what: str) -> bool:
    if what == "two nodes":
        return len(gist.nodes) >= 2
    if what == "more":
        return gist.more is not None and gist.more.factor is not None
    if what == "event":
        return bool(gist.events)
    if what == "rate":
        return gist.rate is not None
    return bool(gist.of(what))


@dataclass(frozen=True, slots=True)
class _Beyond:
    says: str
    cues: re.Pattern[str]
    unless: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Understood:
    """What a question is about. `unread`: words of it that the answer does not take into account;
    `aside`: words of other questions in it, which are left open."""

    topic: str
    unread: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()


def _unless(data: Mapping[str, Any]) -> re.Pattern[str] | None:
    words = [w for w in data.get("unless", ()) if w != "event"]
    return whole_words(words) if words else None


@dataclass(frozen=True, slots=True)
class Topics:
    """Everything that can be recognised. `aspects`: what may be asked of an effect."""

    beyond: tuple[_Beyond, ...]
    effect: _Topic
    topics: tuple[_Topic, ...]
    aspects: Mapping[str, re.Pattern[str]]
    orders: re.Pattern[str]
    looks: re.Pattern[str]

    def of(self, gist: Gist) -> Understood | None:
        """What `gist` is about, None if that is not recognised.

        Raises:
            Decline: it is about something that cannot be known here, or is an order, or says more
                than what was recognised.
        """
        for one in self.beyond:
            if one.cues.search(gist.line) and not (one.unless and one.unless.search(gist.line)):
                raise Decline(f"I cannot answer that: {one.says}.")
        opening = re.sub(r"^(?:(?:ok|okay|please|pls|now|so|then|just|,)\s)+", "", gist.line)
        if self.orders.match(opening) and not self.looks.search(gist.line):
            raise Decline("That is an order, and I only look.")
        left = [(topic.name, self._left(gist, topic)) for topic in self._fitting(gist)]
        readable = [(name, over) for name, over in left if not over.asked]
        if readable:
            name, over = min(readable, key=lambda one: len(one[1].unread))
            return Understood(name, _typed(gist, (*over.unread, *over.background)), over.aside)
        if left:
            words = min((over.asked for _, over in left), key=len)
            raise Decline(f"I do not understand {_listed(gist, words)} there.")
        return None

    def _left(self, gist: Gist, topic: _Topic) -> Left:
        """What `topic` does not account for; a word that may be a name is of weight."""
        over = topic.covered(gist).left()
        names = tuple(w for w in (*over.unread, *over.background) if gist.may_weigh(w))
        return replace(over, asked=over.asked + names) if names else over

    def _fitting(self, gist: Gist) -> Iterator[_Topic]:
        supposed = _is_supposed(gist)
        if supposed and (gist.more is None or gist.more.factor is not None):
            yield self.effect
        for topic in self.topics:
            if topic.fits(gist):
                yield topic


def _typed(gist: Gist, words: Sequence[str]) -> tuple[str, ...]:
    """`words` with marks as the names that they stand for."""
    return tuple(dict.fromkeys(gist.marks[w][1] if w in gist.marks else w for w in words))


def _listed(gist: Gist, words: Sequence[str]) -> str:
    return ", ".join(quoted(_typed(gist, words)))


def _is_supposed(gist: Gist) -> bool:
    """Whether something is supposed to be out or to be changed."""
    if not gist.events:
        return False
    if not gist.says(_SUPPOSING):
        return False
    if gist.says(_PAST) and not gist.says(r"if|what happens|can (we|i)|is it safe|what would"):
        return False
    if re.search(_IS_SO, gist.line) and not gist.says("if|what happens|suppose"):
        return False
    for event in gist.events:
        for mark in set(event.marks) & set(gist.pairs):
            if event.kind is not AddLink:
                raise Decline(f"No link joins the ends of «{gist.pairs[mark]}».")
    return True


@cache
def shipped_topics() -> Topics:
    """The topics that lie beside this module."""
    text = files(__package__).joinpath("topics.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    aspects = {name: whole_words(words) for name, words in data["aspects"].items()}
    told = [word for words in data["aspects"].values() for word in words]
    return Topics(
        beyond=tuple(_beyond(one) for one in data["beyond"]),
        effect=_topic("effect", data["effect"], told),
        topics=tuple(_topic(name, one) for name, one in data["topics"].items()),
        aspects=aspects,
        orders=re.compile(rf"(?:{'|'.join(data['orders'])})\b"),
        looks=whole_words(data["looks"]),
    )


def _beyond(data: Mapping[str, Any]) -> _Beyond:
    return _Beyond(data["says"], whole_words(data["cues"]), _unless(data))


_NAMED = frozenset({"node", "link", "service", "customer", "group", "incident", "plan"})


def _naming_skips(cues: Sequence[str]) -> list[str]:
    """`cues`, each ".*" of which is a group that says where it skips."""
    count = itertools.count()
    return [re.sub(r"\.\*", lambda _: f"(?P<skip{next(count)}>.*)", cue) for cue in cues]


def _topic(name: str, data: Mapping[str, Any], told: Sequence[str] = ()) -> _Topic:
    needs = tuple(
        frozenset(x.strip() for x in need.split(" or ")) for need in data.get("needs", ())
    )
    wanted = {"node" if x == "two nodes" else x for need in needs for x in need}
    return _Topic(
        name,
        cues=whole_words(_naming_skips(data["cues"])),
        unless=_unless(data),
        needs=needs,
        no_event="event" in data.get("unless", ()),
        also=whole_words([*told, *data["also"]]) if data.get("also") else None,
        takes=frozenset({*wanted, *data.get("takes", ())}),
    )
