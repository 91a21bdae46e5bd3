"""Whether the figures of a text stand in the results that it cites, up to how they are written.

A figure with a unit may be a result's number in that unit, rounded as it is written: "63 %" for
0.6289, "40 Gbit/s" for 4e10. One without a unit has to be the number itself (rounded only where it
has decimals), or how long a list is. Times and names with digits have to stand in a result as they
are; a length of time may. Number words count as figures where they count something ("two services",
not "the two ends").
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue

_WORDS = [
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]

_COUNTED = (
    "links|nodes|services|customers|incidents|plans|remedies|egresses|symptoms|neighbours|devices|"
    "approvers|ways|paths|routers|failures|minutes|hours"
)

_PER_UNIT = {
    "%": 100.0,
    "percent": 100.0,
    "tbit/s": 1e-12,
    "gbit/s": 1e-9,
    "mbit/s": 1e-6,
    "kbit/s": 1e-3,
    "tbps": 1e-12,
    "gbps": 1e-9,
    "mbps": 1e-6,
    "ms": 1e3,
    "min": 1 / 60,
    "minutes": 1 / 60,
    "minute": 1 / 60,
    "h": 1 / 3600,
    "hours": 1 / 3600,
    "hour": 1 / 3600,
    "days": 1 / 86_400,
    "tbit": 1e-12,
    "gbit": 1e-9,
    "mbit": 1e-6,
}

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d+)?"
_TIME = r"\d{4}-\d{2}-\d{2}|\d{1,2}:\d{2}(?::\d{2})?"
_UNITS = "|".join(sorted(map(re.escape, _PER_UNIT), key=len, reverse=True))
_TOKEN = re.compile(
    rf"(?P<span>(?P<whole>\d+) (?P<large>h|min) (?P<rest>\d+) (?P<small>min|s))\b"
    rf"|(?P<time>{_TIME})"
    rf"|(?P<word>\b(?:{'|'.join(_WORDS)}))(?= (?:\w+ )?(?:{_COUNTED})\b)"
    rf"|(?P<name>(?<![\w.])[^\W\d_]\w*(?:[-.]+\w+)*)"
    rf"|(?P<number>{_NUMBER})(?:\s?(?P<unit>{_UNITS})(?![\w/]))?",
    re.IGNORECASE,
)


@dataclass
class Known:
    """What results hold. `numbers`: values and lengths of lists; `spelled`: numbers in strings;
    `text`: every string, folded."""

    numbers: set[float] = field(default_factory=set)
    spelled: set[float] = field(default_factory=set)
    text: str = ""

    @classmethod
    def of(cls, values: Iterable[JsonValue]) -> "Known":
        """What `values` hold, at any depth."""
        known, texts = cls(), []
        for value in values:
            for leaf in _leaves(value):
                if isinstance(leaf, str):
                    texts.append(leaf.casefold())
                else:
                    known.numbers.add(leaf)
        known.text = "\n".join(texts)
        # Not the digits of names and times, which stand for nothing by themselves.
        found = (m["number"] for t in texts for m in _TOKEN.finditer(t))
        known.spelled = {_value(number) for number in found if number}
        return known

    def holds(self, value: float, decimals: int, factor: float = 1.0) -> bool:
        """Whether some number, times `factor`, is `value` rounded to `decimals`."""
        if any(math.isclose(value, s, rel_tol=1e-12) for s in self.spelled):
            return True
        exact = factor == 1.0 and decimals <= 0
        slack = 1e-9 * max(1.0, abs(value)) if exact else 0.5 * 10.0**-decimals * (1 + 1e-6)
        return any(abs(n * factor - value) <= slack for n in self.numbers)


def unfounded(text: str, known: Known, echoed: str = "") -> list[str]:
    """The figures of `text` that `known` does not hold, in order.

    `echoed`: the question. What stands inside «» as in it, in any capitals, is a quotation, and
    names with digits may be repeated from it; its numbers are no evidence.
    """
    found: list[str] = []
    for match in _TOKEN.finditer(_without_quotations(text, echoed)):
        if not _is_founded(match, known, echoed.casefold()):
            found.append(match.group().strip())
    return found


def _is_founded(match: re.Match[str], known: Known, echoed: str) -> bool:
    written = match.group().casefold()
    if match["span"]:
        large, small = _SECONDS[match["large"].casefold()], _SECONDS[match["small"].casefold()]
        seconds = int(match["whole"]) * large + int(match["rest"]) * small
        return written in known.text or any(
            abs(n - seconds) <= small / 2 * (1 + 1e-6) for n in known.numbers
        )
    if match["time"]:
        return written in known.text
    if match["name"]:
        return not any(c.isdigit() for c in written) or written in known.text or written in echoed
    if match["word"]:
        return known.holds(_WORDS.index(written) + 2.0, 0)
    number, unit = match["number"], (match["unit"] or "").casefold()
    decimals = len(number.partition(".")[2]) if "e" not in number.casefold() else 0
    value, factor = _value(number), _PER_UNIT.get(unit, 1.0)
    return known.holds(value, decimals, factor)


_SECONDS = {"h": 3600, "min": 60, "s": 1}


def _without_quotations(text: str, echoed: str) -> str:
    asked = echoed.casefold()
    return re.sub(
        r"«([^«»]*)»",
        lambda m: "«»" if m.group(1) and m.group(1).casefold() in asked else m.group(),
        text,
    )


def _value(number: str) -> float:
    return float(number.replace(",", ""))


def _leaves(value: Any) -> Iterator[float | str]:
    match value:
        case bool() | None:
            return
        case int() | float():
            yield float(value)
        case str():
            yield value
        case dict():
            for key, inner in value.items():
                yield str(key)
                yield from _leaves(inner)
        case list() | tuple():
            yield float(len(value))
            for inner in value:
                yield from _leaves(inner)
