"""What is written in several ways is read in one: other words for the same, and wrong letters."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from agents.playbook.conversation.coverage import harmless

_SHORTEST = 6
"""Letters that a word needs for a wrong one to be seen: "lost" is no misspelt "last"."""

_PART_RANGE = re.compile(
    r"(?<!\w)(?P<part>tomorrow morning|this morning|morning|tomorrow afternoon|this afternoon"
    r"|afternoon|tomorrow evening|this evening|evening|tonight) (?:between |from )?"
    r"(?P<first>\d{1,2}) ?(?:-|to|and) ?(?P<last>\d{1,2})(?![\w:.]| ?(?:[ap]m|%|g|h|min|hours?)\b)"
)


_DAYS = (
    r"mo|mon|tu|tue|we|wed|th|thu|fr|fri|sat|su|sun|monday|tuesday|wednesday|thursday|friday|saturday"
    r"|sunday|tomorrow|tonight|tonite|today|night|nite|overnight"
)
_RANGE_OF_DAY = re.compile(
    rf"(?<!\S)(?P<out>(?:out|down|off) )?(?:(?P<before>{_DAYS}) )?(?:from |between )?"
    r"(?P<a>\d{1,2})(?P<h>h|:00|00)? ?(?:-|to|till|until|and) ?(?P<b>\d{1,2})(?P<k>h|:00|00)?"
    rf" ?(?P<unit>am|o'?clock|in the morning)?(?: (?P<after>{_DAYS}))?(?!\S)"
)
"""Hours by digits beside a day, or marked as hours: "mo 2-5 am", "02-04 tomorrow", "23h to 1h"."""


@dataclass(frozen=True, slots=True)
class _Spelling:
    idioms: tuple[tuple[re.Pattern[str], str], ...]
    rewrites: tuple[tuple[re.Pattern[str], str], ...]
    words: frozenset[str]


@cache
def _spelling() -> _Spelling:
    data = _yaml("spelling")
    words = {*str(data["words"]).split(), *harmless().words}
    for name in ("topics", "lexicon", "words", "topology", "state", "history", "whatif"):
        text = files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
        words |= set(re.findall(r"(?<![\w\\])[a-z]+(?![\w\\*?+])", text))
    return _Spelling(
        idioms=_rewrites(_yaml("idioms")),
        rewrites=_rewrites(data),
        words=frozenset(w for w in words if len(w) >= _SHORTEST),
    )


def _yaml(name: str) -> dict[str, Any]:
    text = files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


def _rewrites(data: Mapping[str, Any]) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(
        (re.compile(rf"(?<!\w)(?:{pattern})(?!\w)"), instead)
        for pattern, instead in data["rewrites"]
    )


def respelled(line: str) -> str:
    """`line` as it is read: plain words for idioms, known words in place of those with one wrong
    letter, one wording.
    """
    for pattern, instead in _spelling().idioms:
        line = pattern.sub(instead, line)
    line = re.sub(rf"(?<![\w-])[a-z]{{{_SHORTEST},}}(?![\w-])", lambda m: _known(m.group()), line)
    for pattern, instead in _spelling().rewrites:
        line = pattern.sub(instead, line)
    return _RANGE_OF_DAY.sub(_as_hours, _PART_RANGE.sub(_as_clocks, line))


def _as_hours(match: re.Match[str]) -> str:
    """ "Mo 2-5 am" as "monday 02:00-05:00"."""
    marked = (
        match["out"]
        or match["before"]
        or match["after"]
        or match["unit"]
        or (match["h"] and match["k"])
    )
    first, last = int(match["a"]), int(match["b"])
    if not marked or first > 23 or last > 24 or first == last:
        return match.group()
    day = match["before"] or match["after"] or ""
    day = next((d for d in _WEEKDAYS if len(day) < 4 and d.startswith(day) and day), day)
    hours = f"{day} {first:02d}:00-{last % 24:02d}:00".strip()
    return f"{match['out'] or ''}{hours}"


_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _known(word: str) -> str:
    """The only known word that `word` is with one letter more, less, other or swapped."""
    words = _spelling().words
    if word in words or harmless().hard.fullmatch(word):
        return word
    near = {w for w in _one_off(word) if w in words and w[0] == word[0]}
    near = {w for w in near if not _is_inflection(word, w)}
    return near.pop() if len(near) == 1 else word


def _is_inflection(one: str, other: str) -> bool:
    """Whether the two differ in their last letter only, as "links" and "link" do."""
    return other in (one[:-1], one[:-1] + other[-1]) or one == other[:-1]


def _one_off(word: str) -> Iterator[str]:
    letters = "abcdefghijklmnopqrstuvwxyz"
    for i in range(len(word) + 1):
        head, tail = word[:i], word[i:]
        yield from (head + c + tail for c in letters)
        if tail:
            yield head + tail[1:]
            yield from (head + c + tail[1:] for c in letters)
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]


def _as_clocks(match: re.Match[str]) -> str:
    """ "Tomorrow morning 5-7" as "tomorrow 05:00-07:00"."""
    part, first, last = match["part"], int(match["first"]), int(match["last"])
    late = part.endswith(("afternoon", "evening"))
    first, last = (h + 12 if late and h < 12 else h for h in (first, last))
    if part == "tonight":
        first, last = (h + 12 if 6 <= h < 12 else h for h in (first, last))
    day = part.split()[0] if " " in part else ""
    day = day if day == "tomorrow" else ""
    if not (first < 24 and last <= 24):
        return match.group()
    return f"{day} {first:02d}:00-{last % 24:02d}:00".strip()
