"""What announced work will do to services, worked out before it begins."""

from collections.abc import Sequence

from twin.nouns.base import Noun
from twin.nouns.counted import counted
from twin.nouns.planned_work import PlannedWork

_NAMED = 5


class Foretold(Noun):
    """What `work` does with all its links down, at the busiest hour of its time.

    `busiest_s`: that hour, Unix seconds. `beside`: other announced work that goes on then, by id.
    `max_utilisation`: of `egress` ("node|link"), offered / capacity, the highest. `overloaded`:
    egresses that are offered more than they carry. `in_breach`: services outside an objective then
    that are inside without any of this work.
    """

    work: PlannedWork
    busiest_s: float
    beside: tuple[str, ...]
    max_utilisation: float
    egress: str
    overloaded: tuple[str, ...]
    in_breach: tuple[str, ...]


def breach_text(services: Sequence[str]) -> str:
    """Services in breach, the first by name, in words."""
    if not services:
        return "no service in breach"
    count = len(services)
    more = f" and {count - _NAMED} more" if count > _NAMED else ""
    return f"{counted(count, 'service')} in breach: {', '.join(services[:_NAMED])}{more}"
