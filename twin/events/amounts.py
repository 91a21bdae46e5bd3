"""Rates, shares, times and factors as people write them: "100G", "50 %", "1 h 30 min", "x1.2".

An amount without its unit, or with an unlikely one, is asked about and never computed with.
"""

import math
import re
from decimal import Decimal

from twin.errors import BadInput
from twin.nouns.topology import Topology

UNLIKELY = 1000.0
"""A rate that is so many times below the least or above the highest capacity was not meant."""

_RATE = re.compile(r"(?P<number>\d{1,15}(?:\.\d{1,15})?) ?(?P<unit>[A-Za-z/]*)")
_UNIT = re.compile(r"(?P<size>[kmgt]?)(?:b(?:it)?s?(?:/s|ps)?|ig|i?be?|e)?", re.IGNORECASE)
_SIZES = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}
_NUMBER = r"\d{1,15}(?:\.\d{1,25})?"
_SHARE = re.compile(rf"(?P<number>{_NUMBER}) ?(?P<percent>%|per ?cent)?", re.IGNORECASE)
_TIMES = re.compile(rf"(?:by )?[x×] ?(?P<x>{_NUMBER})|(?P<times>{_NUMBER}) ?times", re.IGNORECASE)
_COUNT = re.compile(
    rf"(?P<number>{_NUMBER}) ?(?P<size>[kMG]?)(?: ?(?:flows?|packets?|requests?|connections?))?"
    r"(?: ?(?:/ ?s|a second|per second))?"
)
_BYTES = re.compile(rf"(?P<number>{_NUMBER}) ?(?P<size>k?)(?:B|bytes?)", re.IGNORECASE)
_TIME = re.compile(
    rf"(?P<number>{_NUMBER}) ?(?P<unit>ms|d|days?|h|hours?|min|minutes?|m|s|seconds?)"
    r"(?![a-z])(?:,? (?:and )?)?",
    re.IGNORECASE,
)
_SECONDS = {"ms": "0.001", "mi": "60", "m": "60", "d": "86400", "h": "3600", "s": "1"}


def read_rate(text: str, topology: Topology) -> float:
    """Bit/s.

    Raises:
        BadInput: no number above zero, without its unit, in bytes, or far from what links of
            `topology` carry; the text names the likely one.
    """
    parts = _RATE.fullmatch(text.strip())
    if parts is None or not float(parts["number"]) > 0:
        raise BadInput(f'"{text}" is no rate; expected a number and its unit, as in "100G"')
    likely = f'did you mean "{parts["number"]}G" (Gbit/s)?'
    unit = _UNIT.fullmatch(parts["unit"])
    if not parts["unit"]:
        raise BadInput(f'"{text}" has no unit; {likely}')
    if unit is None or re.search("B(?!it|E|e)", parts["unit"]):
        what = "is in bytes" if re.search("B", parts["unit"]) else "has an unknown unit"
        raise BadInput(f'"{text}" {what}; rates are in bit/s, {likely}')
    rate_bps = float(parts["number"]) * _SIZES[unit["size"].casefold()]
    capacities = [link.capacity_bps for link in topology.links]
    least, most = min(capacities, default=1.0), max(capacities, default=math.inf)
    if not least / UNLIKELY <= rate_bps <= most * UNLIKELY:
        raise BadInput(
            f'"{text}" is {rate_text(rate_bps)}, where links of {topology.name} carry '
            f"{rate_text(least)} to {rate_text(most)}; {likely}"
        )
    return rate_bps


def rate_text(rate_bps: float) -> str:
    """As `read_rate` takes it back, to the last bit: "100G", "1.5M", "1234567bit/s"."""
    for size in ("t", "g", "m", "k"):
        text = f"{rate_bps / _SIZES[size]:.6g}"
        if rate_bps >= _SIZES[size] and "e" not in text and float(text) * _SIZES[size] == rate_bps:
            return f"{text}{'k' if size == 'k' else size.upper()}"
    if rate_bps >= 1e15:
        return f"{rate_bps / 1e12:.15g}T"
    text = f"{rate_bps:.15g}"
    return f"{text if float(text) == rate_bps else repr(rate_bps)}bit/s"


def read_share(text: str) -> float:
    """A share of a whole above 0, as 0.5 for "50 %".

    Raises:
        BadInput: no number above zero, or without the sign of per cent.
    """
    parts = _SHARE.fullmatch(text.strip())
    if parts is None or not float(parts["number"]) > 0:
        raise BadInput(f'"{text}" is no share; expected a number of per cent, as in "50 %"')
    if parts["percent"] is None:
        number = float(parts["number"])
        likely = number if number > 1 else 100 * number
        raise BadInput(f'"{text}" has no unit; did you mean "{likely:g} %"?')
    return float(Decimal(parts["number"]) / 100)


def share_text(share: float) -> str:
    """As `read_share` takes it back, to the last bit."""
    return f"{_plain(100 * Decimal(repr(share)))} %"


def read_times(text: str) -> float:
    """A factor above 0, as 1.2 for "x1.2" or "1.2 times". Raises BadInput."""
    parts = _TIMES.fullmatch(text.strip())
    number = (parts["x"] or parts["times"]) if parts else ""
    if not number or not float(number) > 0:
        raise BadInput(f'"{text}" is no factor; expected one above 0, as in "x1.2"')
    return float(number)


def times_text(factor: float) -> str:
    """As `read_times` takes it back, to the last bit."""
    return f"x{_plain(Decimal(repr(factor)))}"


def read_count(text: str) -> float:
    """How many a second, as 2e6 for "2M/s". Raises BadInput."""
    parts = _COUNT.fullmatch(text.strip())
    if parts is None or not float(parts["number"]) > 0:
        raise BadInput(f'"{text}" is no number a second; expected one above 0, as in "2M/s"')
    return float(Decimal(parts["number"]) * Decimal(_SIZES[parts["size"].casefold()]))


def count_text(per_s: float) -> str:
    """As `read_count` takes it back, to the last bit."""
    for size in ("G", "M", "k"):
        number = Decimal(repr(per_s)) / Decimal(_SIZES[size.casefold()])
        if number >= 1 and len(_plain(number)) < len(_plain(Decimal(repr(per_s)))):
            return f"{_plain(number)}{size}/s"
    return f"{_plain(Decimal(repr(per_s)))}/s"


def read_bytes(text: str) -> float:
    """Bytes, as 1500.0 for "1.5 kB". Raises BadInput."""
    parts = _BYTES.fullmatch(text.strip())
    if parts is None or not float(parts["number"]) > 0:
        raise BadInput(f'"{text}" is no number of bytes; expected one above 0, as in "1500 B"')
    return float(Decimal(parts["number"]) * (1000 if parts["size"] else 1))


def bytes_text(count: float) -> str:
    """As `read_bytes` takes it back, to the last bit."""
    return f"{_plain(Decimal(repr(count)))} B"


def read_time_s(text: str) -> float:
    """Seconds, as 5400.0 for "1 h 30 min". Raises BadInput."""
    total, end, text = Decimal(0), 0, text.strip()
    while found := _TIME.match(text, end):
        unit = found["unit"].casefold()
        factor = _SECONDS.get(unit[:2], _SECONDS[unit[0]])
        total += Decimal(found["number"]) * Decimal(factor)
        end = found.end()
    if end < len(text) or not total > 0:
        raise BadInput(f'"{text}" is no time; expected one as "90 s", "30 min", "2 h" or "12 ms"')
    return float(total)


def time_text(seconds: float) -> str:
    """As `read_time_s` takes it back, to the last bit: "2 h 5 min", "90 s", "12.5 ms"."""
    if seconds != int(seconds) or seconds < 1:
        return f"{_plain(1000 * Decimal(repr(seconds)))} ms"
    minutes, rest = divmod(int(seconds), 60)
    if rest or not minutes:
        return f"{int(seconds)} s"
    hours, minutes = divmod(minutes, 60)
    return " ".join([f"{hours} h"] * (hours > 0) + [f"{minutes} min"] * (minutes > 0))


def _plain(number: Decimal) -> str:
    """Without an exponent, and without zeros at the end of a fraction."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
