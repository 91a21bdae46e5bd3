"""What people, the field and logs have said about the hours ahead, as planners and policies use it.

Guidance takes moves away and shifts what counts, within caps. It adds no move, and says of nobody's
approval that it was given.
"""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field

from twin.nouns.base import IfGiven, Noun

GUIDANCE = "guidance"
"""The name under which an incident's GuidanceRecord is kept in the journal."""


class Said(Noun):
    """Who said something, when (Unix seconds), and the words that it rests on, inside «»."""

    by: str
    at_s: float
    quote: str

    def describe(self) -> str:
        """In words."""
        return f"{self.by}, {_clock(self.at_s)}: {self.quote}"


class ProtectedService(Noun):
    """An hour of `service` in breach counts `weight` times."""

    service: str
    weight: float = Field(ge=1)
    said: Said

    def describe(self) -> str:
        """In words."""
        return f"{self.service} counts {self.weight:g} times"


class Untouched(Noun):
    """A node or a link that no remedy configures until `until_s`; None: as long as this lasts."""

    element: str
    until_s: IfGiven[float] = None
    said: Said

    def describe(self) -> str:
        """In words."""
        until = "" if self.until_s is None else f" until {_clock(self.until_s)}"
        return f"{self.element} is left as it is{until}"


class ExpectedRepair(Noun):
    """The field is expected to be done at `at_s`."""

    at_s: float
    said: Said

    def describe(self) -> str:
        """In words."""
        return f"the repair is expected at {_clock(self.at_s)}"


class ExpectedSurge(Noun):
    """From `at_s` on there is `factor` times the demand that is usual then; it grows up to there.

    Demand that falls is no surge: it would make what is at stake look smaller than it may be.
    """

    factor: float = Field(ge=1)
    at_s: float
    said: Said

    def describe(self) -> str:
        """In words."""
        return f"{self.factor:g} times the usual demand is expected at {_clock(self.at_s)}"


Point = ProtectedService | Untouched | ExpectedRepair | ExpectedSurge
"""One thing that follows from what was said."""


class Guidance(Noun):
    """All of it. `clipped`: what was left out or made smaller, and why, in words. `suspicious`:
    words that want to be obeyed, which nobody did. `by`: the mind that read it.
    """

    protect: tuple[ProtectedService, ...] = ()
    untouched: tuple[Untouched, ...] = ()
    repair: IfGiven[ExpectedRepair] = None
    surge: IfGiven[ExpectedSurge] = None
    clipped: tuple[str, ...] = ()
    suspicious: tuple[Said, ...] = ()
    by: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing follows from it."""
        return not self.points

    @property
    def points(self) -> tuple[Point, ...]:
        """All that follows from it, one by one."""
        alone = (one for one in (self.repair, self.surge) if one is not None)
        return (*self.protect, *self.untouched, *alone)

    def untouched_at(self, now_s: float) -> frozenset[str]:
        """The nodes and links that are not to be configured at that time."""
        return frozenset(
            one.element for one in self.untouched if one.until_s is None or now_s < one.until_s
        )


UNGUIDED = Guidance()


def _clock(at_s: float) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%H:%M} UTC"


class GuidanceRecord(Noun):
    """What came of reading. `read`: a hash of the texts, which are not read twice."""

    read: str
    guidance: Guidance


class Understood(Noun):
    """What the shipped mind makes of one note. `names`: the things in it that are on record;
    `points`: what follows for plans, in words; `suspicious`: words that want to be obeyed.
    """

    names: tuple[str, ...]
    points: tuple[str, ...]
    suspicious: bool

    def describe(self) -> str:
        """In words."""
        if self.suspicious:
            return "nothing follows from it, since it wants to be obeyed"
        names = ", ".join(self.names) or "nothing that is on record"
        return f"it names {names}; for plans, {'; '.join(self.points) or 'nothing follows'}"


Times = Annotated[float, Field(ge=1, le=100, strict=True)]
Some = Annotated[int, Field(ge=0, le=10_000, strict=True)]


class GuidanceCaps(Noun):
    """How far guidance may go. `heeded`: False: nothing is read, and nothing is guided.

    `service_weight`: what an hour in breach of a protected service counts, of
    `most_protected_services` at most. `most_untouched_links`: a node counts as its links.
    `repair_factor`: the time until the repair that is said may be so many times longer or shorter
    than is expected without it. `surge_factor`: the most that demand is taken to grow.
    """

    heeded: bool = True
    service_weight: Times = 3.0
    most_protected_services: Some = 10
    most_untouched_links: Some = 8
    repair_factor: Times = 4.0
    surge_factor: Times = 2.0
