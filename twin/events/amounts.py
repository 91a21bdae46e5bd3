"""Rates and shares as people write them: "100G", "2.5 Tbit/s", "50 %".

An amount without its unit, or with an unlikely one, is asked about and never computed with.
"""

import math
import re

from twin.errors import BadInput
from twin.nouns.topology import Topology

UNLIKELY = 1000.0
"""A rate that is so many times below the least or above the highest capacity was not meant."""

_RATE = re.compile(r"(?P<number>\d{1,15}(?:\.\d{1,15})?) ?(?P<unit>[A-Za-z/]*)")
_UNIT = re.compile(r"(?P<size>[kmgt]?)(?:b(?:it)?s?(?:/s|ps)?|ig|i?be?|e)?", re.IGNORECASE)
_SIZES = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}
_SHARE = re.compile(r"(?P<number>\d{1,9}(?:\.\d{1,9})?) ?(?P<percent>%|per ?cent)?", re.IGNORECASE)


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
    return f"{rate_bps:.15g}bit/s" if rate_bps < 1e15 else f"{rate_bps / 1e12:.15g}T"


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
    return float(parts["number"]) / 100
