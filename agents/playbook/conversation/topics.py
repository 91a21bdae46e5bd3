"""The second reading: which answers a question may get, by a few of its words and the names in it.

The grammar comes first, which accounts for every word in its place. Here an answer is composed, and
what of the question it honours is seen afterwards (`slots`).
"""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from agents.playbook.conversation.coverage import Coverage, whole_words
from agents.playbook.conversation.gist import Gist
from agents.playbook.conversation.looking_up import Beyond, Decline
from twin.events.growth.add_link import AddLink
from twin.events.growth.resize_link import ResizeLink

_PAST = (
    r"yesterday|last (night|week|month|hour|evening|monday|tuesday|wednesday|thursday|friday|"
    r"saturday|sunday)|ago|happened|when did|why did|(went|was|were) (down|hit|affected|cut|hurt)|"
    r"(was|were) the (impact|effect|damage)|when (LINK|NODE)\d+ (failed|went|broke|died)|so far"
)
_IS_SO = (
    r"\b(since when|how long) (is|are|has|have|was)\b|"
    r"(^|[?.,;!] |\band |\bor |\bbut |\bwhy )(is|are|was) (the )?(LINK|NODE|GROUP)\d+"
    r"( \w+){0,2} (down|out|off|dead|gone|broken|cut|dark|drained)\b|"
    r"\b(LINK|NODE|GROUP)\d+ (has|have|had) been\b|"
    r"\b(says?|said|saying|claims?|insists?|reports?|complain\w*|thinks?)( that)? "
    r"(LINK|NODE)\d+ (is|was)\b"
)
_SUPPOSING = (
    r"if|what|which|who|whom|can|could|is|are|will|would|how|do|does|impact|effect|damage|safe|"
    r"suppose|simulate|any|risk|ok|okay|show|whats|should|may|check|compare|failure|"
    r"blast radius|tell|what-if|please|feasible|possible|better|worse|go|"
    r"give|want|need|find|window|combine|thinking|planning|plan to|i'd like|like to|thoughts"
)
_IS_OVER = (
    r"last time|ever|previously|in the past|used to|yesterday|last (night|week|month|hour|evening)|"
    r"ago|earlier today|this morning|(has|have|had) (\w+ ){1,4}before|was|were|did"
)
_REPORTED = (
    r"(just|have|has|had) (just )?(lost|gone|failed|died|dropped|went)|just went|"
    r"(went|gone) (down|dark|out)"
)
"""What somebody says to have seen, which is no supposition."""

EFFECT = "effect"
"""The topic of something that is supposed to happen, which no word has to tell."""

UPGRADES = "compared_upgrades"
COMPARED = "compared"
"""The topic of several things that are set side by side, each computed by itself."""

_GAINS = r"help\w*|which|better|buys?|worst|failures?|benefit\w*|gain\w*|worth|improve\w*|lower"
"""What asks for more than what capacity that is added does while nothing fails."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What can be answered. `cues`, `weak`: words that ask for it, surely or perhaps. `tells`:
    concepts that its answer always honours. `of_pairs`: whether it may be asked of two nodes that
    are typed as a link which is none. `now`: whether it says nothing of what is over."""

    name: str
    cues: re.Pattern[str]
    weak: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    needs: tuple[frozenset[str], ...]
    no_event: bool
    of_pairs: bool
    now: bool
    tells: frozenset[str]

    def may_answer(self, gist: Gist) -> bool:
        """Whether everything that it needs is named, and nothing that it cannot go with."""
        if self.no_event and gist.events:
            return False
        if self.unless and self.unless.search(gist.line):
            return False
        if self.now and gist.says(_IS_OVER):
            return False
        if gist.pairs and not self.of_pairs:
            return False
        return all(any(_has(gist, what) for what in need) for need in self.needs)

    def account(self, found: Coverage) -> None:
        """Account for its words."""
        for pattern in (self.cues, self.weak):
            for cue in pattern.finditer(found.line) if pattern else ():
                # What a cue skips over (".*") is not read by it.
                inside = sorted(span for span in map(cue.span, _skips(cue)) if span != (-1, -1))
                begin = cue.start()
                for first, last in [*inside, (cue.end(), cue.end())]:
                    found.read_span(begin, first, asks=True)
                    begin = last


def _skips(cue: re.Match[str]) -> list[str]:
    return [name for name in cue.re.groupindex if name.startswith("skip")]


def _has(gist: Gist, what: str) -> bool:
    if what == "two nodes":
        return len(gist.nodes) >= 2
    if what == "more":
        return gist.more is not None and gist.more.factor is not None
    if what == "capacity event":
        return any(issubclass(e.kind, AddLink | ResizeLink) for e in gist.events)
    if what == "no link":
        return bool(gist.pairs)
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
    no_event: bool


def _unless(data: Mapping[str, Any]) -> re.Pattern[str] | None:
    words = [w for w in data.get("unless", ()) if w != "event"]
    return whole_words(words) if words else None


@dataclass(frozen=True, slots=True)
class Topics:
    """Everything that can be recognised. `aspects`: what may be asked of an effect."""

    beyond: tuple[_Beyond, ...]
    topics: Mapping[str, Topic]
    aspects: Mapping[str, re.Pattern[str]]
    orders: re.Pattern[str]
    looks: re.Pattern[str]

    def of(self, gist: Gist) -> list[Topic]:
        """What `gist` may be about, the likeliest first.

        Raises:
            Decline: it is about something that cannot be known here, or is an order.
        """
        for one in self.beyond:
            if one.no_event and gist.events:
                continue
            if one.cues.search(gist.line) and not (one.unless and one.unless.search(gist.line)):
                raise Beyond(f"I cannot answer that: {one.says}.")
        opening = re.sub(r"^(?:(?:ok|okay|please|pls|now|so|then|just|,)\s)+", "", gist.line)
        if self.orders.match(opening) and not self.looks.search(gist.line):
            raise Decline("That is an order, and I only look.")
        return list({topic.name: topic for topic in self._fitting(gist)}.values())

    def beside(self, gist: Gist) -> list[Topic]:
        """Topics that may say more of what is named, whether or not a word asks for them."""
        return [t for t in self.topics.values() if t.needs and t.may_answer(gist)]

    def _fitting(self, gist: Gist) -> Iterator[Topic]:
        others = [t for name, t in self.topics.items() if name != EFFECT and t.may_answer(gist)]
        yield from (t for t in others if t.name == COMPARED and t.cues.search(gist.line))
        by_year = gist.more is not None and gist.more.factor is None
        built = all(issubclass(e.kind, AddLink | ResizeLink) for e in gist.events)
        if gist.events and built and not by_year:
            yield from (t for t in others if t.name == UPGRADES and gist.says(_GAINS))
        if _is_supposed(gist) and (gist.more is None or gist.more.factor is not None):
            yield self.topics[EFFECT]
        yield from (topic for topic in others if topic.cues.search(gist.line))
        yield from (topic for topic in others if topic.weak and topic.weak.search(gist.line))


def _is_supposed(gist: Gist) -> bool:
    """Whether something is supposed to be out or to be changed."""
    if not gist.events:
        return False
    if not gist.says(_SUPPOSING) and "?" not in gist.line:
        return False
    if gist.says(_PAST) and not gist.says(r"if|what happens|can (we|i)|is it safe|what would"):
        return False
    if gist.says(_REPORTED) and not gist.says(r"if|would|what happens"):
        return False
    if re.search(_IS_SO, gist.line) and not gist.says("if|what happens|suppose"):
        return False
    # What happens to a link that is none happens to nothing.
    return all(e.kind is AddLink or not set(e.marks) & set(gist.pairs) for e in gist.events)


@cache
def shipped_topics() -> Topics:
    """The topics that lie beside this module."""
    text = files(__package__).joinpath("topics.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    return Topics(
        beyond=tuple(_beyond(one) for one in data["beyond"]),
        topics={name: _topic(name, one) for name, one in data["topics"].items()},
        aspects={name: whole_words(words) for name, words in data["aspects"].items()},
        orders=re.compile(rf"(?:{'|'.join(data['orders'])})\b"),
        looks=whole_words(data["looks"]),
    )


def _beyond(data: Mapping[str, Any]) -> _Beyond:
    no_event = "event" in data.get("unless", ())
    return _Beyond(data["says"], whole_words(data["cues"]), _unless(data), no_event)


def _naming_skips(cues: Sequence[str]) -> list[str]:
    """`cues`, each ".*" of which is a group that says where it skips."""
    count = itertools.count()
    return [re.sub(r"\.\*", lambda _: f"(?P<skip{next(count)}>.*)", cue) for cue in cues]


def _topic(name: str, data: Mapping[str, Any]) -> Topic:
    weak = data.get("weak", ())
    return Topic(
        name,
        cues=whole_words(_naming_skips(data["cues"])),
        weak=whole_words(weak) if weak else None,
        unless=_unless(data),
        needs=tuple(
            frozenset(x.strip() for x in need.split(" or ")) for need in data.get("needs", ())
        ),
        no_event="event" in data.get("unless", ()),
        of_pairs=data.get("of_pairs", False),
        now=data.get("now", False),
        tells=frozenset(data["tells"]),
    )
