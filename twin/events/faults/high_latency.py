"""A link takes longer than it is long."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.errors import Ungrounded
from twin.events.actions.drain_link import DrainLink
from twin.events.amounts import read_time_s, time_text
from twin.events.kinds import Clues, FaultKind, LiveNetwork
from twin.events.names import find_link
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.evidence import Evidence, weighed
from twin.nouns.topology import Topology

if TYPE_CHECKING:
    from twin.events.action import Action
    from twin.nouns.observation import Observation
    from twin.nouns.state import NetworkState

_LATE_NATS, _MOST_HELD_NATS = 9.2, 20.0
"""That probes over a link, and no others, take longer by as much, round after round, is as unlikely
by chance as a mistaken report, and e times more so with each minute (assumed)."""

_NOT_LATE = math.log(0.01)
_MOST_ADDED_S = 1.0


_LATE_S = 0.05
"""As by a way round through another country (assumed)."""


class HighLatency(FaultKind):
    """Both directions of `link` take `added_s` longer than they did, and lose nothing."""

    kind: Literal["high_latency"] = "high_latency"
    link: str
    added_s: float

    forms: ClassVar[tuple[str, ...]] = (
        "(link) LINK late by TIME",
        "(link) LINK takes TIME longer",
    )

    @property
    def resources(self) -> tuple[str, ...]:
        """The link id."""
        return (self.link,)

    def concerned_links(self) -> tuple[str, ...]:
        """See FaultKind."""
        return (self.link,)

    def describe(self) -> str:
        """See EventKind."""
        return f"{self.link} takes {1000 * self.added_s:.1f} ms longer than it did"

    def check(self, topology: Topology, running: NetworkConfiguration) -> None:
        """See FaultKind."""
        topology.link(self.link)
        if not 0.0 < self.added_s <= _MOST_ADDED_S:
            raise Ungrounded("a link takes more than 0 s longer, and at most 1 s")

    def after(self, state: "NetworkState") -> "NetworkState":
        """See StateEvent. Where it is known to be late already, it is as late as was measured."""
        if state.topology.link(self.link).late_s > 0.0:
            return state
        return replace(state, topology=state.topology.with_late(self.link, self.added_s))

    def arcs(self, state: "NetworkState") -> Mapping[int, int | None]:
        """See StateEvent: routing does not see it."""
        return {}

    @classmethod
    def propose(cls, clues: Clues) -> Iterable[tuple[Self, str]]:
        """See FaultKind: links that were found to be late since the incident began."""
        for link, added_s in sorted(clues.observation.late.items()):
            reason = f"probes over {link} take {1000 * added_s:.1f} ms longer"
            yield cls(link=link, added_s=round(added_s, 4)), reason

    @classmethod
    def conceivable(cls, state: "NetworkState") -> Iterable[Self]:
        """See FaultKind."""
        yield from (cls(link=link.id, added_s=_LATE_S) for link in state.topology.links)

    def log_prior(self) -> float:
        """See FaultKind."""
        return math.log(0.05)

    def evidence(self, observation: "Observation", normal: "NetworkState") -> list[Evidence]:
        """See FaultKind. Probes of several nodes say so, or none."""
        late_s = observation.late.get(self.link)
        if late_s is None:
            return [weighed(f"probes over {self.link} take no longer", _NOT_LATE)]
        held = min(observation.late_minutes.get(self.link, 0.0), _MOST_HELD_NATS)
        text = f"probes over {self.link} take {1000 * late_s:.1f} ms longer"
        return [weighed(text, _LATE_NATS + held)]

    def is_over(self, live: LiveNetwork) -> bool:
        """See FaultKind."""
        return not live.is_late(self.link)

    def circuits(self) -> frozenset[str]:
        """See FaultKind."""
        return frozenset({self.link})

    def remedies(self) -> "tuple[Action, ...]":
        """See FaultKind."""
        return (DrainLink(link=self.link),)

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind."""
        link = find_link(topology, said["LINK"]).id
        return (cls(link=link, added_s=read_time_s(said["TIME"])),)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"link {self.link} late by {time_text(self.added_s)}"
