"""How much of a network was read, how old that is, and since when the rest was not."""

from typing import Literal

from twin.nouns.base import Noun
from twin.nouns.topology import Interface

CoveredPart = Literal["devices", "egresses", "loss", "probes", "flows"]
"""Counters of devices, the rate of egresses, the loss behind egresses, results of probes, flow
records of the nodes where traffic enters.

Events and log lines come when something happens, so nobody can tell that they ceased.
"""


class Unread(Noun):
    """A source of which nothing usable came lately.

    `source`: a node, "node|link" for an egress and what is lost behind it, "source>target/class"
    for a probe. `last_s`: when the last of it was received, None for never.
    """

    source: str
    last_s: float | None


class PartRead(Noun):
    """One part: `known` sources on record, of which `read` are up to date.

    `unread`: the others, by name, but for those that say nothing new: the egresses of a device that
    is not read, and the loss behind an egress that has no rate.
    """

    part: CoveredPart
    known: int
    read: int
    unread: tuple[Unread, ...]

    @property
    def was_never_given(self) -> bool:
        """Whether nothing of it has ever come: this network has no such telemetry."""
        return self.read == 0 and all(one.last_s is None for one in self.unread)

    @property
    def silent_since_s(self) -> float | None:
        """When the last of it came, where none of it comes any more; None where some does, or none
        ever did.
        """
        came = [one.last_s for one in self.unread if one.last_s is not None]
        return max(came, default=None) if self.read == 0 else None


class Coverage(Noun):
    """What was read at `as_of_s`, by the clock of whoever watches.

    `read_s`: when anything was last read, None for never. `listening_since_s`: when it was first
    listened for.
    """

    as_of_s: float
    read_s: float | None
    listening_since_s: float
    parts: tuple[PartRead, ...]

    def part(self, name: CoveredPart) -> PartRead:
        """One of the parts, all of which are always there."""
        return next(part for part in self.parts if part.part == name)

    def tells_loss_of(self, egress: str) -> bool:
        """Whether it is known what the egress "node|link" loses; where nothing is sent, it is."""
        node = Interface.parse(egress).node
        gaps = self.gaps()
        return not gaps & {("devices", node), ("egresses", egress), ("loss", egress)}

    @property
    def is_whole(self) -> bool:
        """Whether all is read that the network's health rests on.

        A network without flow records has its demand estimated from counters, and may be well.
        """
        return all(
            part.read == part.known or (part.part == "flows" and part.was_never_given)
            for part in self.parts
        )

    @property
    def is_blind(self) -> bool:
        """Whether nothing is read that tells how the network is now: what was lost, and who sent
        what, is known of minutes ago.
        """
        return not any(part.read for part in self.parts if part.part not in ("loss", "flows"))

    @property
    def silent_since_s(self) -> float:
        """When anything was last read, or listening began where nothing ever was."""
        return self.listening_since_s if self.read_s is None else self.read_s

    def gaps(self) -> frozenset[tuple[str, str]]:
        """What is not read, by part and source."""
        return frozenset((p.part, one.source) for p in self.parts for one in p.unread)
