"""Scenarios as a person writes them, in the words of what-ifs (`twin.events.phrases`):

    at 20:00: link A-B down
    at 20:00, demand x1.2, link A-B in work for 2 h: link C-D down for 4 h; after 30 min node E down
    at 03:30, by an adversary with one flood: syn flood on A of 2M/s for 45 min

Conditions stand before ": ", parted by ","; events after it, parted by ";" or lines. "after" counts
from the first event, "for" of what is in work or surges as well, and without it anything lasts to
the end of the day. What a "," or "and" joins in an event strikes at once and lasts equally long.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from twin.errors import BadInput
from twin.events.amounts import read_time_s, read_times, time_text, times_text
from twin.events.fault import FAULT_KINDS, AnyFault
from twin.events.kinds import Means
from twin.events.names import find_all, parts_of
from twin.events.phrases import read_events
from twin.nouns.risk_scenario import (
    DAY_S,
    MOST_DEMAND,
    MOST_EVENTS,
    AnyInWork,
    AnySurge,
    InitialEvent,
    RiskScenario,
    SurgeUnderWay,
    WorkUnderWay,
)
from twin.nouns.topology import Topology

_WORK: tuple[type[AnyInWork], ...] = get_args(AnyInWork)
_SURGES: tuple[type[AnySurge], ...] = get_args(AnySurge)

_HOUR = re.compile(r"(?:at )?(\d{1,2}):(\d{2})(?: ?utc)?", re.IGNORECASE)
_DEMAND = re.compile(r"(?:all )?(?:demand|load) (?:is )?(.+)", re.IGNORECASE)
_IN_WORK = re.compile(
    r"(.+?)(?: is| are)? (?:in|under) (?:planned )?(?:work|maintenance)( together)?",
    re.IGNORECASE,
)
_DOWN, _AS_WORK = re.compile(r" down( together)?$"), r" in work\1"
_ADVERSARY = re.compile(r"(?:by )?(?:an? )?adversary with (.+)", re.IGNORECASE)

_TIME = r"\d[\d.]* ?[a-z]+(?: \d[\d.]* ?[a-z]+)*"
_AFTER = re.compile(rf"(?:and |then )*after ({_TIME}):?,? (.+)", re.IGNORECASE)
_FOR = re.compile(rf"(.+) for ({_TIME})", re.IGNORECASE)
_PARTS = re.compile(r"[;\n]|,(?= *(?:and |then )*after \d)", re.IGNORECASE)

WITH: dict[Means, str] = {
    "elements": "things to take down",
    "account": "one account",
    "flood": "one flood",
}
"""What each adversary has, in words."""

_NO_AFTER = re.compile(rf"(?:and |then )*(?:after\b|(?:{_TIME} )?later\b|{_TIME}\b)", re.IGNORECASE)
_FOR_WITHIN = re.compile(rf"( for {_TIME})(?:,| and\b)(?: and\b)? *", re.IGNORECASE)


def is_scenario(text: str) -> bool:
    """Whether `text` has conditions that begin with an hour, as no what-if has."""
    return bool(re.match(r"\s*at \d{1,2}:\d{2}\b[^;\n]*:\s", text, re.IGNORECASE))


@dataclass(frozen=True, slots=True)
class Said:
    """`scenario`, and in which `words` somebody said each of what is under way and each event."""

    scenario: RiskScenario
    words: tuple[str, ...]


def read_scenario(text: str, topology: Topology) -> RiskScenario:
    """The scenario that `text` says. Raises BadInput, as `read_said`."""
    return read_said(text, topology).scenario


def read_said(text: str, topology: Topology) -> Said:
    """The scenario that `text` says, with its words.

    Raises:
        BadInput: a part cannot be read, a name is not in the topology, or there are none or too
            many events. The text says which part, and what is nearest to it.
    """
    parted = re.split(r":(?=\s)", text, maxsplit=1)
    if len(parted) == 1:
        raise BadInput(
            f'"{_tidy(text)}" has no ":" with a blank behind it, between conditions and events, '
            f"as in {_like(topology)}"
        )
    conditions = _tidy(parted[0])
    said = read_conditions(conditions, topology)
    if "minute" not in said:
        raise BadInput(f'"{conditions}: " names no hour; begin with it, as in {_like(topology)}')
    adversary = said.pop("adversary", None)
    parts = [_tidy(part).strip(" ,.") for part in _PARTS.split(parted[1])]
    events = [(part, event) for part in parts for event in _events(part, topology)]
    if not events:
        raise BadInput(f'"{_tidy(text)}" has no event behind ": ", as in {_like(topology)}')
    if len(events) > MOST_EVENTS:
        raise BadInput(
            f'"{"; ".join(parts)}" is {len(events)} events; a day has {MOST_EVENTS} at most'
        )
    events.sort(key=lambda said: said[1].after_s)
    if events[0][1].after_s:
        raise BadInput(
            f'"{events[0][0]}" counts from the first event, and there is none: one of them has no '
            '"after"'
        )
    scenario = RiskScenario.model_validate(
        {
            "conditions": said,
            "events": tuple(event for _, event in events),
            "adversary": adversary,
        }
    )
    under_way = [conditions] * len(scenario.conditions.under_way)
    return Said(scenario, (*under_way, *(part for part, _ in events)))


def _like(topology: Topology) -> str:
    """A scenario of that network, for those who do not know how one is written."""
    link, node = topology.links[0].id, topology.nodes[-1].id
    return f'"at 20:00, demand x1.2: link {link} down for 4 h; after 30 min node {node} down"'


def scenario_text(scenario: RiskScenario) -> str:
    """`scenario` in words that `read_scenario` takes back."""
    given = scenario.conditions
    conditions = [f"at {given.minute // 60:02d}:{given.minute % 60:02d}"]
    if given.demand != 1.0:
        conditions.append(f"demand {times_text(given.demand)}")
    if given.surge:
        conditions.append(f"{given.surge.fault.phrase()}{_lasts(given.surge.lasts_s)}")
    conditions += [
        f"{_DOWN.sub(_AS_WORK, work.fault.phrase())}{_lasts(work.lasts_s)}"
        for work in given.in_work
    ]
    if scenario.adversary:
        conditions.append(f"by an adversary with {WITH[scenario.adversary]}")
    events = "; ".join(event_text(event) for event in scenario.events)
    return f"{', '.join(conditions)}: {events}"


def event_text(event: InitialEvent) -> str:
    """One event of a scenario, as `scenario_text` has it."""
    after = f"after {time_text(event.after_s)} " if event.after_s else ""
    return f"{after}{event.fault.phrase()}{_lasts(event.lasts_s)}"


def _lasts(seconds: int | None) -> str:
    return "" if seconds is None else f" for {time_text(seconds)}"


def _tidy(text: str) -> str:
    return " ".join(text.split())


def read_conditions(text: str, topology: Topology) -> dict[str, Any]:
    """The fields of Conditions, and whose the scenario is, as far as they are said. Raises
    BadInput.
    """
    found: dict[str, Any] = {}
    for key, value in find_all(text, lambda piece: _condition(piece, topology)):
        if key == "in_work":
            found[key] = (*found.get(key, ()), *value)
        elif key in found:
            raise BadInput(f'"{text}" says two times {_SAID[key]}')
        else:
            found[key] = value
    return found


_SAID = {
    "minute": 'the hour, as "at 20:00"',
    "demand": 'the load, as "demand x1.2"',
    "surge": 'a surge, as "traffic to A x1.5"',
    "in_work": 'what is down for work, as "link A-B in work for 2 h"',
    "adversary": 'whose it is, as "by an adversary with one flood"',
}
"""What conditions may say, by field."""


def _condition(piece: str, topology: Topology) -> tuple[str, Any]:
    """A field and its value. Raises BadInput."""
    if found := _HOUR.fullmatch(piece):
        return "minute", _minute(piece, int(found[1]), int(found[2]))
    if found := _DEMAND.fullmatch(piece):
        return "demand", _demand(piece, found[1])
    if found := _ADVERSARY.fullmatch(piece):
        return "adversary", _adversary(found[1])
    phrase, lasts_s = _for(piece)
    if found := _IN_WORK.fullmatch(phrase):
        if any(_IN_WORK.fullmatch(phrase[b:e]) for b, e in parts_of(phrase)[:-1]):
            raise BadInput(f'"{piece}" says two times what is in work')
        works = read_events(f"{found[1]} down{found[2] or ''}", topology, _WORK)
        return "in_work", tuple(WorkUnderWay(fault=work, lasts_s=lasts_s) for work in works)
    return "surge", SurgeUnderWay(fault=_surge(phrase, topology), lasts_s=lasts_s)


def _surge(piece: str, topology: Topology) -> AnySurge:
    try:
        surges = read_events(piece, topology, _SURGES)
    except BadInput as error:
        if "did you mean" in str(error):
            raise
        surges = ()
    if len(surges) == 1:
        return surges[0]
    said = ", ".join(_SAID.values())
    raise BadInput(f'"{piece}" cannot be read as a condition; there are {said}')


def _minute(piece: str, hour: int, minute: int) -> int:
    if hour > 23 or minute > 59:
        raise BadInput(f'"{piece}" is no time of day; expected 00:00 to 23:59, UTC')
    return 60 * hour + minute


def _demand(piece: str, text: str) -> float:
    try:
        factor = read_times(text)
    except BadInput as error:
        raise BadInput(f'"{piece}": {error}') from None
    if factor > MOST_DEMAND:
        raise BadInput(f'"{piece}": expected a factor of at most {MOST_DEMAND:g}')
    return factor


def _adversary(text: str) -> Means:
    for adversary, words in WITH.items():
        if text.casefold() in (words, adversary):
            return adversary
    known = ", ".join(f'"{words}"' for words in WITH.values())
    raise BadInput(f'an adversary with "{text}" is not known; expected one with {known}')


def _events(part: str, topology: Topology) -> Iterator[InitialEvent]:
    """The events of one part, which strike together. Raises BadInput."""
    phrase, after_s = part, 0
    if found := _AFTER.fullmatch(phrase):
        after_s, phrase = _seconds(found[1]), found[2]
    phrase, lasts_s = _for(phrase)
    if _FOR_WITHIN.search(phrase):
        raise BadInput(
            f'"{part}": what "," or "and" joins lasts equally long; part what does not by ";", as '
            f'in "{_FOR_WITHIN.sub(_PARTED, part)}"'
        )
    if phrase:
        for fault in _faults(part, phrase, topology):
            yield InitialEvent(after_s=after_s, fault=fault, lasts_s=lasts_s)


_PARTED = r"\1; "


def _faults(part: str, phrase: str, topology: Topology) -> tuple[AnyFault, ...]:
    """Raises BadInput, which quotes `part`."""
    try:
        return read_events(phrase, topology, FAULT_KINDS)
    except BadInput as error:
        if _NO_AFTER.match(phrase):
            like = f'"after 30 min node {topology.nodes[-1].id} down"'
            raise BadInput(f'"{part}": when it strikes is said as in {like}') from None
        if f'"{phrase}"' in str(error):
            raise
        raise BadInput(f'"{part}": {error}') from None


def _for(phrase: str) -> tuple[str, int | None]:
    """What is said, and for how many seconds it is so. Raises BadInput."""
    found = _FOR.fullmatch(phrase)
    return (found[1], _seconds(found[2])) if found else (phrase, None)


def _seconds(text: str) -> int:
    seconds = read_time_s(text)
    if not 1 <= seconds < DAY_S:
        raise BadInput(f'"{text}" is out of the day; expected 1 s to less than 24 h')
    return round(seconds)
