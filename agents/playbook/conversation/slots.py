"""What a question sets, and whether an answer honours it, which is seen from what the answer did.

A name is honoured if the answer names it or looks it up; a time, an amount or an event if it is an
argument of a call that the answer cites. An answer says for itself only which concepts it tells
(`lexicon.yaml`) and which figures it went by. So what is read and what is used cannot differ: what
no call and no sentence used is left over, whatever the answer was meant to do.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from agents.conversation.queries.whatif import ExtraDemand
from agents.playbook.conversation.coverage import Coverage, asks_by_itself, whole_words
from agents.playbook.conversation.events import opening_of, rates_in
from agents.playbook.conversation.gist import LIMIT, Gist
from agents.playbook.conversation.looking_up import Call, Decline
from agents.playbook.conversation.times import day_spans, past_spans, time_spans

PROFILED = frozenset({"what_if", "worst_failures", "show_network"})
"""Tools that go by the daily profile, which is the same every day."""


@dataclass(frozen=True, slots=True)
class Given:
    """An answer: the calls that it cites, its text, and what it says to have told."""

    calls: tuple[Call, ...]
    text: str
    told: frozenset[str]

    def argued(self, name: str) -> list[Any]:
        """Every value of the argument `name`."""
        return [call.arguments[name] for call in self.calls if name in call.arguments]


@cache
def lexicon() -> Mapping[str, re.Pattern[str]]:
    """The words of each concept."""
    text = files(__package__).joinpath("lexicon.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    return {name: whole_words(words) for name, words in data["concepts"].items()}


def honour(found: Coverage, gist: Gist, given: Given) -> None:
    """Account in `found` for everything of the question that `given` honours."""
    for span in _named(gist, given):
        found.read_span(*span)
    for event in gist.events:
        if set(event.phrases) <= _supposed(given) or "event" in given.told:
            found.read_span(opening_of(gist.line, event.begin), event.end, asks=True)
    if _is_timed(gist, given):
        for span in _time_spans(gist):
            found.read_span(*span)
    elif any(call.tool in PROFILED for call in given.calls) and gist.span is None:
        for span in day_spans(gist.line):
            found.read_span(*span)
    for span in _amounts(gist, given):
        found.read_span(*span)
    if "length built" in given.told:
        for match in _KM.finditer(found.line):
            found.read_span(*match.span())
    for concept in given.told:
        if concept in lexicon():
            found.read_words(lexicon()[concept])


_KM = re.compile(r"(?:~ ?|about |ca |and )*\d+(?:\.\d+)? ?(?:(?:,|and) ~?\d+ ?)?(?:km|kilomet\w+)")


def _named(gist: Gist, given: Given) -> Iterator[tuple[int, int]]:
    """Where names stand that the answer names, or looks up."""
    argued = [str(v) for call in given.calls for v in _leaves(call.arguments)]
    for mark, (_, name) in gist.marks.items():
        sought = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])")
        if sought.search(given.text) or any(sought.search(value) for value in argued):
            for match in re.finditer(rf"\b{mark}\b", gist.line):
                yield match.span()


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


def _supposed(given: Given) -> set[str]:
    return {phrase for text in given.argued("events") for phrase in text.split("; ")}


def _is_timed(gist: Gist, given: Given) -> bool:
    """Whether a call has the time of the question: the hour and for how long, or what is over."""
    if "time" in given.told:
        return True
    spans = {s.since for s in (gist.span, gist.around) if s is not None and s.since}
    if spans & set(given.argued("since")):
        return True
    try:
        when = gist.when
    except Decline:
        return False
    if when is None or not (when.at or when.hours):
        return False
    calls = [c.arguments for c in given.calls if c.tool in ("what_if", "worst_failures")]
    return any(
        c.get("at", "") == when.at and c.get("hours", when.hours) == when.hours for c in calls
    )


def _time_spans(gist: Gist) -> Iterator[tuple[int, int]]:
    yield from time_spans(gist.line)
    yield from day_spans(gist.line)
    yield from past_spans(gist.line)


def _amounts(gist: Gist, given: Given) -> Iterator[tuple[int, int]]:
    """Where amounts stand that a call has, or that the answer says to have gone by."""
    more = gist.more
    if more is not None:
        by_year = more.factor is None and more.per_year in given.argued("growth_per_year")
        if by_year or more.factor in given.argued("demand_factor") or "more" in given.told:
            yield from more.spans
    if gist.limit is not None and (gist.limit in given.argued("limit") or "limit" in given.told):
        for match in LIMIT.finditer(gist.line):
            yield match.span()
    extra = [ExtraDemand.model_validate(x).rate_bps for rows in given.argued("extra") for x in rows]
    for rate, span in rates_in(gist.line):
        if rate in extra or "rate" in given.told:
            yield span


_DANGLING = re.compile(
    r"\b(?:if|when|once) (?:that|this|it|they|both|those|these)(?: \w+){0,3} "
    r"(?:goes(?! (?:wrong|south|bad|badly|sideways))|go|fails?|breaks?|dies|die"
    r"|(?:is|are|gets?) (?:cut|lost|down|gone|hit|dug up|struck))\b"
)
"""Something is supposed of what "that" is, and nobody found out what that is."""

_WORK = re.compile(r"\b\d+ ?(?:h|hrs?|hours?|min\w*) on (?P<mark>(?:LINK|NODE)\d+)\b")
"""Work on something, of which nobody found out that it is out meanwhile."""


TO_COME = frozenset({"will"})
"""Words that ask for what is to come."""

_TO_COME = re.compile(rf"\b(?:{'|'.join(TO_COME)})\b(?! (?:you|u)\b)")
_FORESEEING = frozenset({"what_if", "worst_failures"})
_ABOUT_TO_COME = frozenset({"work", "time"})
"""Concepts of which the answers tell what is still to come."""


def _foresees(given: Given) -> bool:
    return any(
        call.tool in _FORESEEING or call.arguments.get("events") for call in given.calls
    ) or not _ABOUT_TO_COME.isdisjoint(given.told)


def unhonoured(found: Coverage, gist: Gist, given: Given) -> Iterator[tuple[int, int]]:
    """Where the question supposes something or names an amount that `found` does not account for,
    or asks what will be, of which `given` says nothing.

    Wherever it stands, an answer that does not go by it is the answer to another question.
    """
    said = [(event.begin, event.end) for event in gist.events]
    said += gist.more.spans if gist.more is not None else ()
    said += [span for _, span in rates_in(gist.line)]
    said += [match.span() for match in LIMIT.finditer(gist.line)]
    yield from (span for span in said if not found.is_read(*span))
    yield from (m.span() for m in _WORK.finditer(gist.line) if m["mark"] not in gist.changed)
    if not _foresees(given):
        to_come = (match.span() for match in _TO_COME.finditer(gist.line))
        yield from (span for span in to_come if asks_by_itself(gist.line, span[0]))
    if not gist.events:
        yield from (match.span() for match in _DANGLING.finditer(gist.line))
