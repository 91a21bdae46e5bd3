"""Moments as a person types them."""

import math
from datetime import UTC, datetime

from channels.cli.durations import parse_duration_s
from twin.errors import BadInput


def parse_moment_s(text: str, from_s: float) -> float:
    """Unix seconds of "2026-03-03 19:00" (UTC), of ISO 8601 with an offset, or of "+2h" from
    `from_s` on; "now" is `from_s`.

    Raises:
        BadInput: it reads otherwise.
    """
    said = text.strip()
    if said == "now":
        return from_s
    if said.startswith("+"):
        return from_s + parse_duration_s(said[1:])
    try:
        found = datetime.fromisoformat(said)
        moment_s = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        moment_s = math.nan
    if not math.isfinite(moment_s) or moment_s < 0:
        raise BadInput(
            f'"{text}" is not a time; write it like "2026-03-03 19:00" (UTC), '
            '"2026-03-03T19:00+01:00" or "+2h"'
        )
    return moment_s
