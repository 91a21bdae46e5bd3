"""Numbers as sources write them."""

import math

from twin.errors import BadTopology
from twin.sources.formats.json_text import kind


def number(value: object, what: str, name: str) -> float:
    """`value` as a finite number. `what` is how errors call it, `name` how they call the source.

    Raises:
        BadTopology: it is not a number, or not finite.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadTopology(f"{name}: {what} must be a number, found {kind(value)}")
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise BadTopology(f"{name}: {what} is {value:.3g}, expected a finite number")
    return found
