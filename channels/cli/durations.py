"""Durations as a person types them."""

import re

from twin.errors import BadInput

_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(d|h|min|m|s)")
_SECONDS = {"d": 86_400.0, "h": 3600.0, "min": 60.0, "m": 60.0, "s": 1.0}


def parse_duration_s(text: str) -> float:
    """Seconds in "90s", "15m", "2h30m", "1d".

    Raises:
        BadInput: it reads otherwise, or is nothing.
    """
    parts = _PART.findall(text.strip())
    rest = _PART.sub("", text.strip()).strip()
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if rest or not parts or seconds <= 0:
        raise BadInput(f'"{text}" is not a duration; write it like 90s, 15m, 2h30m or 1d')
    return seconds
