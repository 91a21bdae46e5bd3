"""Numbers as sources write them: with a unit, without one, and with one that cannot be meant."""

import math
import re
from collections.abc import Callable, Sequence
from contextlib import suppress

from twin.errors import BadTopology
from twin.sources.formats.json_text import kind

UNITS_BPS = {"bit/s": 1.0, "kbit/s": 1e3, "Mbit/s": 1e6, "Gbit/s": 1e9, "Tbit/s": 1e12}
"""Units of a rate as they are shown, in bit/s."""

LIKELY_CAPACITY_BPS = (1e6, 1e15)
"""A number without a unit outside these is not meant in bit/s."""

LEAST_LARGEST_BPS = 1e8
"""Nor is one where the largest of all is below this: networks have faster links somewhere."""

_PREFIXES = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}
_RATE = re.compile(
    r"(?:(?P<times>\d{1,4})\s*[x×*]\s*)?"
    r"(?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)\s*(?P<unit>[A-Za-z][A-Za-z/ ]*)?"
)
_BITS = re.compile(r"(?P<prefix>[kmgt]?)(?P<bits>b|bits?)?(?:/s|ps|/sec|persec)?")
_ETHERNET = re.compile(r"(?P<prefix>[mgt])(?:b?e|ig|igabits?)(?:/s|ps)?")
_BYTES = re.compile(r"[kKMGT]?i?(?:B|Bytes?|bytes?)(?:/s|ps)?")


def number(value: object, what: str, name: str) -> float:
    """`value` as a finite number. `what` is how errors call it, `name` how they call the source.

    Raises:
        BadTopology: it is not a number, or not finite.
    """
    if isinstance(value, str):
        with suppress(ValueError):
            value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadTopology(f"{name}: {what} must be a number, found {kind(value)}")
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise BadTopology(f"{name}: {what} is {found}, expected a finite number")
    return found


def unit_bps(unit: str) -> float | None:
    """How many bit/s one `unit` is, as "Gbit/s", "Gbps", "G" or "GbE"; None if it is no rate.

    Bytes are none: whether "GB/s" means them or is a slip, its writer has to say.
    """
    tight = unit.replace(" ", "")
    if _BYTES.fullmatch(tight):
        return None
    low = tight.lower()
    found = _ETHERNET.fullmatch(low) or _BITS.fullmatch(low)
    if found is None or not (found["prefix"] or found["bits"]):
        return None
    return _PREFIXES[found["prefix"]]


def rate(value: object, what: str, name: str) -> tuple[float, bool]:
    """`value` in bit/s, and whether it says its unit; where it does not, the bare number.

    Read are numbers and texts such as "10G", "2.5 Gbit/s", "100 Mbps" and "2x10GE".

    Raises:
        BadTopology: it is something else.
    """
    if not isinstance(value, str):
        return number(value, what, name), False
    found = _RATE.fullmatch(value.strip())
    factor = 1.0
    if found is not None and found["unit"]:
        factor = unit_bps(found["unit"]) or math.nan
    if found is None or math.isnan(factor):
        raise BadTopology(
            f'{name}: {what} is "{value:.40}", which is not understood; expected bit/s as a number '
            'or a text such as "10 Gbit/s"'
        )
    times = int(found["times"] or 1)
    return times * number(found["number"], what, name) * factor, bool(found["unit"])


def refuse_unlikely_capacities(bare: Sequence[float], name: str, say: Callable[[str], str]) -> None:
    """Refuse capacities, written without a unit, that cannot be bit/s.

    `say`: what to write to say a unit for all of them.

    Raises:
        BadTopology: with the likely unit and what to write.
    """
    if not bare:
        return
    least, most = min(bare), max(bare)
    low, high = LIKELY_CAPACITY_BPS
    if least <= 0 or (low <= least and LEAST_LARGEST_BPS <= most <= high):
        return
    few = f"{least:g}" if least == most else f"{least:g} to {most:g}"
    if most > high:
        raise BadTopology(
            f"{name}: capacities are {few} bit/s, more than any link carries; is a factor of a "
            f"thousand too much in them? Write them in bit/s, or say so: {say('bit/s')}"
        )
    unit = likely_unit(least if least < low else most)
    raise BadTopology(
        f"{name}: capacities are {few} without a unit, which is too little for bit/s; likely it is "
        f'{unit}. Write the unit with each number ("{least:g} {unit}"), or once for all: '
        f"{say(unit)} (or bit/s, if that is meant)"
    )


def likely_unit(value: float) -> str:
    """The unit in which the capacity of a link is written as `value`."""
    if value < 1e3:
        return "Gbit/s"
    return "Mbit/s" if value < 1e6 else "kbit/s"


def number_in(word: str, what: str, where: str) -> float:
    """The number in `word`. Raises BadTopology if it is none, or not finite."""
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadTopology(f'{where}: {what} is "{word:.40}", expected a number')
    return value


def in_words(error: Exception) -> str:
    """What a parser of others found wrong, without the name of its class."""
    if isinstance(error, KeyError):
        return f'"{error.args[0]!s:.80}" is not known there'
    return " ".join(str(error).split())[:200] or "the parser does not say why"
