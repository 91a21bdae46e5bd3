"""Times and spans as people type them: "01:00-04:00", "tonight", "in the last hour"."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from zoneinfo import ZoneInfo, available_timezones

_CLOCK = (
    r"(?:(?:\d{1,2}[:.]\d{2}|\d{1,2})(?:\s?(?:am\b|pm\b|h\b|hrs\b|o'clock\b|uhr\b))?"
    r"|noon|midday|midnight)"
)
_NO_AMOUNT = (
    r"(?!\d)(?!\s*(?:[gmtk]bit|[gmt]b?\b|%|km|ms|percent|minutes|min\b|hours|links|more|times|x\b))"
)
_RANGE = re.compile(
    rf"\b(?P<said>between |from )?(?P<first>{_CLOCK})\s*"
    r"(?:-|\u2013|\u2014|to|(?(said)and|(?!))|until|till)\s*"
    rf"(?P<last>{_CLOCK}){_NO_AMOUNT}"
)
_SINGLE = re.compile(
    rf"(?P<said>\b(?:at|by|around|about|until|till|before|from|after|since) |@\s?|(?<![\w-]))"
    rf"(?P<first>{_CLOCK}){_NO_AMOUNT}"
    r"(?P<part> (?:in the |at |this )?(?:morning|evening|afternoon|night|tonight))?"
)
_DURATION = re.compile(
    r"\b(?:for|over|during|needs?|takes?|lasts?|approx(?:imately)?|about|of) "
    r"(?:about |approx(?:imately)? |the next )?"
    r"(?P<n>half an|an?|\d{1,3}|one|two|three|four|six)[ -]?"
    r"(?P<unit>hours?|h|hrs|minutes|min|mins)\b"
)
_NEXT = re.compile(r"\bnext (?P<n>\d{1,2}) ?(?:h|hours?)\b")
_NUMBERS = {"half an": 1, "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "six": 6}

_PARTS: tuple[tuple[str, str, int], ...] = (
    (r"evening peak|peak (?:hour|time|load)s?|bus(?:y|iest) hour|rush hour|peak", "peak", 0),
    (r"(?:right )?after lunch", "13:00", 1),
    (r"lunch(?: ?time)?", "12:00", 2),
    (r"tonight|this night", "18:00", 12),
    (r"(?:over|mid)?night|by night|nights", "22:00", 8),
    (r"evenings?", "17:00", 6),
    (r"afternoons?", "12:00", 6),
    (r"mornings?", "06:00", 6),
)
"""A part of the day, when it begins, and how many hours it has."""


@dataclass(frozen=True, slots=True)
class When:
    """A time of day and for how many hours from then on; "" is now. `said`: as it was typed."""

    at: str
    hours: int
    said: str


@dataclass(frozen=True, slots=True)
class Span:
    """A time that is over, "YYYY-MM-DD HH:MM" in UTC; "" is open."""

    since: str
    until: str

    def words(self) -> str:
        """As it stands in an answer."""
        if not self.since:
            return "ever"
        return f"from {self.since} to {self.until or 'now'} UTC"


class UnclearTime(Exception):
    """Which time is meant cannot be said."""


def when_of(text: str, now: datetime) -> When | None:
    """The time of day that `text` asks about, None if it names none.

    Raises:
        UnclearTime: several times, or a zone that is not known.
    """
    offset = _offset(text, now)
    found = _clocks(text, now)
    if len({(w.at, w.hours) for w in found}) > 1:
        raise UnclearTime(f"it names several times ({', '.join(w.said for w in found)})")
    duration = _duration(text)
    if found:
        (first, *_) = found
        moved = _moved(first.at, -offset)
        if re.search(r"\btomorrow\b", text) and _runs(moved, first.hours or duration, now):
            raise UnclearTime(
                "it is an hour of tomorrow that runs today as well; ask of it without the day"
            )
        return When(moved, first.hours or duration, first.said)
    parts = _parts(text)
    if len(parts) > 1:
        raise UnclearTime(f"it names several times ({', '.join(w.said for w in parts)})")
    if parts:
        return When(parts[0].at, duration or parts[0].hours, parts[0].said)
    if match := _NEXT.search(text):
        return When("", int(match["n"]), match.group())
    return When("", duration, "") if duration else None


_COMPARES = re.compile(
    r"\b(?:versus|vs|compare\w*|than|against|or|instead|rather|differ\w*|and|respectively)\b"
)
_NOW = re.compile(r"\b(?:right now|now|at the moment|currently|this minute|as it is)\b")


def compared_times(text: str, now: datetime) -> list[When]:
    """The times that `text` sets against each other ("now versus 04:00"); none if it names fewer
    than two, or does not compare."""
    if _COMPARES.search(text) is None:
        return []
    found = {(w.at, w.hours): w for w in (*_clocks(text, now), *_peak(text)) if w.at}
    if (match := _NOW.search(text)) is not None and re.search(
        r"\b(?:versus|vs|compare\w*|than|against)\b", text
    ):
        found = {("", 0): When("", 0, match.group()), **found}
    return list(found.values()) if 2 <= len(found) <= _MOST_COMPARED else []


_MOST_COMPARED = 3


def _peak(text: str) -> list[When]:
    return [w for w in _parts(text) if w.at == "peak"]


def _runs(at: str, hours: int, now: datetime) -> bool:
    """Whether the time from `at` for `hours` has begun and is not over."""
    if not at or ":" not in at:
        return False
    begun = (now.hour * 60 + now.minute - _minutes_of(at)) % 1440
    return 0 < begun < hours * 60


def _minutes_of(at: str) -> int:
    hour, minute = (int(x) for x in at.split(":"))
    return hour * 60 + minute


def _parts(text: str) -> list[When]:
    """The parts of a day that are named; the peak of a part is the peak."""
    found: list[When] = []
    for pattern, at, hours in _PARTS:
        if match := re.search(rf"\b(?:{pattern})\b", text):
            found.append(When(at, hours, match.group()))
            # "This afternoon, right after lunch" is one time, which the first of them tells.
            text = text.replace(match.group(), " ")
    if any(w.at == "peak" for w in found):
        return [w for w in found if w.at == "peak"]
    return found[:1] if found and found[0].said.endswith("after lunch") else found


_SAID = re.compile(
    rf"(?:(?:at|by|in|during|over|around|until|till|for|on|tomorrow|today|this|the|all|whole|s) )*"
    rf"(?:'s )?(?:daily )?(?:{'|'.join(pattern for pattern, _, _ in _PARTS)})"
    r"(?: (?:time|hours?|utc|today))?"
    r"|\b(?:utc|gmt|cest|cet|mesz|mez|[a-z]+ time)\b",
)
_DAY_SAID = re.compile(
    r"\b(?:(?:on|by|this|next|for|until|in|during|over|at|the|a|from|coming|complete|whole"
    r"|normal) )*"
    r"(?:today|tomorrow|(?:mon|tues|wednes|thurs|fri|satur|sun)days?(?: next week)?"
    r"|weekends?|weekdays?"
    r"|(?:this|next|the next) (?:week|month)|(?:the )?next \d+ (?:days|weeks)|for ever|for good"
    r"|(?:next|this) year|by christmas"
    r"|(?:complete|whole|entire|all) day)\b"
)


def time_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where `text` says the time of day, and for how long."""
    for match in _RANGE.finditer(text):
        if match["said"] or _clocklike(match["first"]) or _clocklike(match["last"]):
            yield match.span()
    for match in _SINGLE.finditer(text):
        said = match["part"] and match["said"].strip()
        if _is_how_long(match):
            continue
        if _minutes(match["first"]) is not None and (_clocklike(match["first"]) or said):
            yield match.span()
    for pattern in (_SAID, _DURATION, _NEXT):
        for match in pattern.finditer(text):
            yield match.span()


def day_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where `text` says a day, and no time of it."""
    for match in _DAY_SAID.finditer(text):
        yield match.span()


_BEFORE_PAST = (
    r"(?:(?:in|during|over|within|since|for|at|the|between|around|until|from|so far|all) )*"
)


def past_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where `text` says a time that is over."""
    days = "|".join(_DAYS)
    patterns = (_BACK.pattern, rf"\b(?:since|last) (?:last )?(?:{days})\b", *(p for p, _ in _SPANS))
    for pattern in patterns:
        for match in re.finditer(rf"\b{_BEFORE_PAST}(?:{pattern})(?: (?:so far|'s))?", text):
            yield match.span()


def _duration(text: str) -> int:
    match = _DURATION.search(text)
    if match is None:
        return 0
    number = _NUMBERS.get(match["n"]) or int(match["n"])
    return ceil(number / 60) if match["unit"].startswith("m") else number


def _clocks(text: str, now: datetime) -> list[When]:
    found: list[When] = []
    for match in _RANGE.finditer(text):
        first, last = _minutes(match["first"]), _minutes(match["last"])
        typed = match["said"] or _clocklike(match["first"]) or _clocklike(match["last"])
        if not typed or first is None or last is None:
            continue
        if re.search(r"[ap]m", match["last"]) and not re.search(r"[ap]m", match["first"]):
            first = _minutes(match["first"] + match["last"].strip()[-2:]) or first
        hours = ceil(((last - first) % 1440) / 60) or 24
        found.append(When(f"{first // 60:02d}:{first % 60:02d}", hours, match.group().strip()))
    if found:
        return found
    for match in _SINGLE.finditer(text):
        minutes = _minutes(match["first"])
        if minutes is None:
            continue
        if not (_clocklike(match["first"]) or (match["part"] and match["said"].strip())):
            continue
        if _is_how_long(match):
            continue
        part = (match["part"] or "").split()
        if part and part[-1] == "morning" and minutes >= 720:
            raise UnclearTime(f"«{match.group().strip()}» is no time")
        if part and part[-1] in ("evening", "afternoon") and minutes < 720:
            minutes += 720
        if part and part[-1] == "tonight" and 300 <= minutes < 720:
            minutes += 720
        if part and part[-1] == "night" and 480 <= minutes < 720:
            minutes += 720
        at = f"{minutes // 60:02d}:{minutes % 60:02d}"
        if match["said"].strip() in ("until", "till", "before"):
            so_far = minutes - (now.hour * 60 + now.minute)
            found.append(When("", ceil((so_far % 1440) / 60), match.group().strip()))
        else:
            found.append(When(at, 0, match.group().strip()))
    return found


def _is_how_long(match: re.Match[str]) -> bool:
    """Whether "4 h" says how long, and no time of day."""
    return match["first"].strip().endswith(("h", "hrs")) and match["said"].strip() in ("", "by")


def _clocklike(written: str) -> bool:
    typed = written.strip()
    return not typed.isdigit() or (len(typed) == 2 and typed[0] == "0")


def _minutes(written: str) -> int | None:
    text = written.strip()
    if text in ("noon", "midday", "midnight"):
        return 0 if text == "midnight" else 720
    match = re.fullmatch(r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?.*", text)
    if match is None:
        return None
    hour, minute = int(match[1]), int(match[2] or 0)
    if match[3]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match[3] == "pm" else 0)
    hour = 0 if (hour, minute) == (24, 0) else hour
    return hour * 60 + minute if hour < 24 and minute < 60 else None


def _offset(text: str, now: datetime) -> int:
    """Minutes that the zone which is named is ahead of UTC."""
    for name, minutes in (("cest", 120), ("mesz", 120), ("cet", 60), ("mez", 60)):
        if re.search(rf"\b{name}\b", text):
            return minutes
    if re.search(r"\blocal(?: time)?\b|\bour time\b", text):
        raise UnclearTime("it names local time; say which, such as CET, or give it in UTC")
    match = re.search(r"\b([a-z]+) time\b", text)
    if match is None or match[1] in _NO_ZONES:
        return 0
    zone = next(
        (z for z in sorted(available_timezones()) if z.casefold().endswith(f"/{match[1]}")), None
    )
    if zone is None:
        return 0
    ahead = now.astimezone(ZoneInfo(zone)).utcoffset()
    return 0 if ahead is None else round(ahead.total_seconds() / 60)


_NO_ZONES = frozenset({"what", "same", "this", "that", "long", "some", "any", "the", "service"})


def _moved(at: str, minutes: int) -> str:
    if not minutes or ":" not in at:
        return at
    hour, minute = (int(x) for x in at.split(":"))
    moved = (hour * 60 + minute + minutes) % 1440
    return f"{moved // 60:02d}:{moved % 60:02d}"


# What is over ---------------------------------------------------------------------------------


def _day(now: datetime, back: int = 0) -> datetime:
    return now.replace(hour=0, minute=0, second=0) - timedelta(days=back)


_Ends = tuple[datetime, datetime]
_SPANS: tuple[tuple[str, Callable[[datetime], _Ends]], ...] = (
    (r"(?:last|past) hour", lambda n: (n - timedelta(hours=1), n)),
    (r"last night|overnight|(?:in|during) the night|night shift", lambda n: (
        _day(n, 1) + timedelta(hours=18), min(n, _day(n) + timedelta(hours=8)))),
    (r"yesterday morning", lambda n: (_day(n, 1), _day(n, 1) + timedelta(hours=12))),
    (r"yesterday afternoon", lambda n: (
        _day(n, 1) + timedelta(hours=12), _day(n, 1) + timedelta(hours=18))),
    (r"yesterday(?: evening|'s evening)|last evening", lambda n: (
        _day(n, 1) + timedelta(hours=17), _day(n))),
    (r"yesterday", lambda n: (_day(n, 1), _day(n))),
    (r"this morning", lambda n: (_day(n), min(n, _day(n) + timedelta(hours=12)))),
    (r"this afternoon", lambda n: (
        _day(n) + timedelta(hours=12), max(n, _day(n) + timedelta(hours=12)))),
    (r"today", lambda n: (_day(n), n)),
    (r"(?:last|past) week|week before last", lambda n: (_day(n, 14), n)),
    (r"this week", lambda n: (_day(n, n.weekday()), n)),
    (r"this month", lambda n: (_day(n).replace(day=1), n)),
    (r"(?:last|past) month", lambda n: (_day(n, 62), n)),
    (r"this quarter", lambda n: (_day(n).replace(day=1, month=n.month - (n.month - 1) % 3), n)),
    (r"this year|so far this year", lambda n: (_day(n).replace(day=1, month=1), n)),
)  # fmt: skip
_BACK = re.compile(
    r"\b(?:last|past) (?P<n>\d{1,3}|two|three|four|six) ?"
    r"(?P<unit>min(?:ute)?s?|h|hrs?|hours?|days?|weeks?|months?)\b"
)
_UNIT_S = {
    "mi": 60,
    "h": 3600,
    "hr": 3600,
    "ho": 3600,
    "da": 86_400,
    "we": 604_800,
    "mo": 2_678_400,
}
"""Seconds of a unit, by its first two letters; a month as its longest."""

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def span_of(text: str, now: datetime) -> Span | None:
    """The time that is over of which `text` asks, None if it names none."""
    if match := _BACK.search(text):
        number = _NUMBERS.get(match["n"]) or int(match["n"])
        return _span(now - timedelta(seconds=number * _UNIT_S[match["unit"][:2]]), now)
    for number, day in enumerate(_DAYS):
        if re.search(rf"\b(?:since|last) (?:last )?{day}\b", text):
            return _span(_day(now, (now.weekday() - number) % 7 or 7), now)
    clocks = _clocks(text, now)
    for pattern, ends in _SPANS:
        if re.search(rf"\b(?:{pattern})\b", text):
            since, until = ends(now)
            return _clock_in(clocks, since, until, now) or _span(since, until)
    if clocks and re.search(r"\bsince\b", text):
        return _span(_before(clocks[0].at, now), now)
    return None


def clock_of(text: str, now: datetime) -> Span | None:
    """Half an hour around the last time that a clock showed what `text` names."""
    clocks = _clocks(text, now)
    if not clocks and re.search(r"\b(?:tonight|this night)\b", text):
        return _span(_before("18:00", now), now)
    if len(clocks) != 1 or not clocks[0].at:
        return None
    at = _before(clocks[0].at, now)
    if at.date() != now.date() and (_AHEAD.search(text) or _OVER.search(text) is None):
        # A time that is still to come today is meant, and no time of yesterday.
        return None
    if clocks[0].hours:
        return _span(at, at + timedelta(hours=clocks[0].hours))
    return _span(at - timedelta(minutes=30), at + timedelta(minutes=30))


_AHEAD = re.compile(r"\b(?:once|if|will|would|say|going to|shall|suppose)\b")
_OVER = re.compile(
    r"\b(?:was|were|did|had|been|happened|went|began|ended|failed|broke|since|yesterday|ago)\b"
)


def _clock_in(clocks: list[When], since: datetime, until: datetime, now: datetime) -> Span | None:
    if len(clocks) != 1 or not clocks[0].at:
        return None
    hour, minute = (int(x) for x in clocks[0].at.split(":"))
    for start in (since, since + timedelta(days=1)):
        at = start.replace(hour=hour, minute=minute, second=0)
        if since <= at <= max(until, now):
            if clocks[0].hours:
                return _span(at, at + timedelta(hours=clocks[0].hours))
            return _span(at - timedelta(minutes=30), at + timedelta(minutes=30))
    return None


def _before(at: str, now: datetime) -> datetime:
    hour, minute = (int(x) for x in at.split(":"))
    then = now.replace(hour=hour, minute=minute, second=0)
    return then if then <= now else then - timedelta(days=1)


def _span(since: datetime, until: datetime) -> Span:
    return Span(f"{since:%Y-%m-%d %H:%M}", f"{until:%Y-%m-%d %H:%M}")


def time_of(written: str) -> datetime:
    """The time that "2026-03-03 18:00:00 UTC" says."""
    return datetime.strptime(written, "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
