"""Where the figures of an inventory come from: what is assumed is never shown as given."""

from collections.abc import Iterator
from enum import StrEnum

from twin.nouns.base import Noun


class Origin(StrEnum):
    """How a kind of figure came to be on record.

    GIVEN: the source says it. SCALED: the source says it in a unit of its own, and we chose the
    factor. INVENTED: we chose it where the source says nothing, for some or for all. ABSENT: nobody
    says it and nothing stands in its place.
    """

    GIVEN = "given"
    SCALED = "scaled"
    INVENTED = "invented"
    ABSENT = "absent"


class Figure(Noun):
    """The origin of one kind of figure. `how`: a few words on the rule or the count, or ""."""

    origin: Origin
    how: str = ""


NO_LENGTHS = Figure(origin=Origin.ABSENT, how="no propagation delay")
"""Where no link has a length."""


class Origins(Noun):
    """The origin of each kind of figure.

    `source`: the format that it was read from, "" where nobody says. `remarks`: what was left out
    or not understood on the way, as sentences.
    """

    capacities: Figure
    demands: Figure
    coordinates: Figure
    lengths: Figure
    weights: Figure
    groups: Figure
    services: Figure
    source: str = ""
    remarks: tuple[str, ...] = ()

    def figures(self) -> Iterator[tuple[str, Figure]]:
        """Each kind by its name, with its origin."""
        for name in KINDS:
            yield name.replace("groups", "shared-risk groups"), getattr(self, name)

    @property
    def knows_delay(self) -> bool:
        """Whether any link has a length, without which nothing is known of its delay."""
        return self.lengths != NO_LENGTHS

    def line(self) -> str:
        """All of it in one line, by origin."""
        said = []
        for origin in Origin:
            names = [
                f"{name} ({figure.how})" if figure.how else name
                for name, figure in self.figures()
                if figure.origin == origin
            ]
            if names:
                said.append(f"{origin}: {', '.join(names)}")
        return "; ".join(said)


KINDS = ("capacities", "demands", "coordinates", "lengths", "weights", "groups", "services")


def _all(origin: Origin) -> Origins:
    return Origins.model_validate({kind: Figure(origin=origin) for kind in KINDS})


ON_RECORD = _all(Origin.GIVEN)
"""Of an inventory that a driver takes from the systems of record."""

_INVENTED = Figure(origin=Origin.INVENTED)

BEFORE_RECORDED = Origins(
    capacities=Figure(origin=Origin.INVENTED, how="where the source had none"),
    demands=Figure(origin=Origin.SCALED),
    coordinates=Figure(origin=Origin.GIVEN),
    lengths=Figure(origin=Origin.GIVEN),
    weights=Figure(origin=Origin.INVENTED, how="where the source had none"),
    groups=_INVENTED,
    services=_INVENTED,
)
"""Of an inventory that was written when nothing was said about it: always one of a built world."""
