"""The second reading: what a question is about, from a few of its words and the names in it.

The grammar comes first, which accounts for every word. Here only what was recognised is answered,
and the answer begins with what the question was taken for.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from agents.playbook.conversation.gist import Gist
from agents.playbook.conversation.looking_up import Decline

_NEGATED = (
    r"not|never|neither|nor|except|unless|besides|other than|no longer|surviv\w*|everything but"
)
_HARMLESS = (
    r"(do|can|could|would|will|does) (we|i|it|the network|NODE\d+)( still)? survive|"
    r"(do|does) not (do|touch|change) (it|that|anything)( yet)?|not (now|yet|only|just|by)|"
    r"(do|does|did) not know|not percent|or not|not for|why not|need not|not as a whole"
)
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
    r"blast radius|tell|what-if|please"
)


@dataclass(frozen=True, slots=True)
class _Topic:
    name: str
    cues: re.Pattern[str]
    unless: re.Pattern[str] | None
    needs: tuple[frozenset[str], ...]
    no_event: bool

    def fits(self, gist: Gist) -> bool:
        if self.no_event and gist.failing:
            return False
        if not self.cues.search(gist.line) or (self.unless and self.unless.search(gist.line)):
            return False
        return all(any(_has(gist, what) for what in need) for need in self.needs)


def _has(gist: Gist, what: str) -> bool:
    if what == "two nodes":
        return len(gist.nodes) >= 2
    if what == "percent":
        return gist.percent is not None
    return bool(gist.of(what))


@dataclass(frozen=True, slots=True)
class _Beyond:
    says: str
    cues: re.Pattern[str]
    unless: re.Pattern[str] | None


def _any_of(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(rf"(?<!\w)(?:{p})(?!\w)" for p in patterns))


def _unless(data: Mapping[str, Any]) -> re.Pattern[str] | None:
    words = [w for w in data.get("unless", ()) if w != "event"]
    return _any_of(words) if words else None


@dataclass(frozen=True, slots=True)
class Topics:
    """Everything that can be recognised."""

    beyond: tuple[_Beyond, ...]
    topics: tuple[_Topic, ...]
    orders: re.Pattern[str]
    looks: re.Pattern[str]

    def of(self, gist: Gist) -> str:
        """What `gist` is about, "" if that is not recognised.

        Raises:
            Decline: it is about something that cannot be known here, or is an order.
        """
        for one in self.beyond:
            if one.cues.search(gist.line) and not (one.unless and one.unless.search(gist.line)):
                raise Decline(f"I cannot answer that: {one.says}.")
        opening = re.sub(r"^(?:(?:ok|okay|please|pls|now|so|then|just|,)\s)+", "", gist.line)
        if self.orders.match(opening) and not self.looks.search(gist.line):
            raise Decline("That is an order, and I only look.")
        if _is_supposed(gist):
            return "effect"
        return next((topic.name for topic in self.topics if topic.fits(gist)), "")


def _is_supposed(gist: Gist) -> bool:
    """Whether something is supposed to be out or to be changed."""
    if not gist.failing and not gist.other_events:
        return False
    if not gist.says(_SUPPOSING):
        return False
    if gist.says(_PAST) and not gist.says(r"if|what happens|can (we|i)|is it safe|what would"):
        return False
    if re.search(_IS_SO, gist.line) and not gist.says("if|what happens|suppose"):
        return False
    marks = {m for group in gist.failing for m in group}
    for mark in marks & set(gist.pairs):
        raise Decline(f"No link joins the ends of «{gist.pairs[mark]}».")
    if any(kind == "group" and mark not in marks for mark, (kind, _) in gist.marks.items()):
        raise Decline("I cannot tell what becomes of the duct that is named.")
    for mark in marks:
        sentence = re.sub(rf"(?<!\w)(?:{_HARMLESS})(?!\w)", " ", gist.sentence_of(mark))
        if re.search(rf"(?<!\w)(?:{_NEGATED})(?!\w)", sentence):
            raise Decline("I cannot answer that: it says what is not, and I may take it wrongly.")
        if gist.says("yesterday") and not gist.says("since yesterday"):
            raise Decline("I cannot answer that: it mixes what was with what would be.")
    _refuse_conditions(gist)
    if re.search(r"\bfor (about |some )?\d+ ?(s|sec|seconds|min|minutes)\b", gist.line):
        raise Decline("I cannot answer that: what a failure does is not reckoned by the minute.")
    return True


_CONDITION = re.compile(
    r"\b(?:if|when|unless|provided|assuming|as long as|given that)\b(?P<what>[^,.?!;]*)"
)
_NO_CONDITION = (
    r"any|possible|so|not|needed|both|these|they|all (of )?(them|three|two)|"
    r"i (read|understand|remember|see)|"
    r"(i|we) (must|should|have to)|"
    r"there (is|are) any"
)
_ANOTHER = r"and (is|are|was|were|do|does) (the )?(LINK|NODE)\d+"


def _refuse_conditions(gist: Gist) -> None:
    """Refuse a condition that is not one of the events, and a second question that may have one."""
    for match in _CONDITION.finditer(gist.line):
        what = match["what"].strip()
        known = any(re.search(rf"\b{mark}\b", what) for mark in gist.marks)
        if gist.shares and re.search(r"\b(grow\w*|increases?|rises?|more)\b", what):
            continue
        if what and not known and not re.match(rf"(?:{_NO_CONDITION})\b", what):
            raise Decline("I cannot answer that: it has a condition that I do not understand.")
    if gist.says(_ANOTHER):
        raise Decline("I cannot answer that: what is supposed may be meant for both questions.")


@cache
def shipped_topics() -> Topics:
    """The topics that lie beside this module."""
    text = files(__package__).joinpath("topics.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    return Topics(
        beyond=tuple(_beyond(one) for one in data["beyond"]),
        topics=tuple(_topic(name, one) for name, one in data["topics"].items()),
        orders=re.compile(rf"(?:{'|'.join(data['orders'])})\b"),
        looks=_any_of(data["looks"]),
    )


def _beyond(data: Mapping[str, Any]) -> _Beyond:
    return _Beyond(data["says"], _any_of(data["cues"]), _unless(data))


def _topic(name: str, data: Mapping[str, Any]) -> _Topic:
    needs = [frozenset(x.strip() for x in need.split(" or ")) for need in data.get("needs", ())]
    no_event = "event" in data.get("unless", ())
    return _Topic(name, _any_of(data["cues"]), _unless(data), tuple(needs), no_event)
