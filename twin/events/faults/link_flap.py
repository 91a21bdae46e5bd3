"""A link goes down and comes back, again and again."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from twin.errors import Ungrounded
from twin.events.actions.drain_link import DrainLink
from twin.events.amounts import read_time_s, time_text
from twin.events.kinds import Clues, FaultKind, LiveNetwork
from twin.events.names import find_link
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.evidence import Evidence, weighed
from twin.nouns.topology import Interface, Topology

if TYPE_CHECKING:
    from twin.events.action import Action
    from twin.nouns.observation import Observation
    from twin.nouns.state import NetworkState

LEAST_PERIOD_S, MOST_PERIOD_S = 20.0, 3600.0
"""What comes back sooner was no adjacency yet; what does so more seldom is a failure each time."""

_LOST_S = 2.0
"""Of every period what is sent for so long is lost: until its ends and then all routers know
(assumed; detection takes up to a second, convergence another)."""

_MOST_LOST = 0.5

_STEADY_PERIODS, _MOST_STEADY_S = 2.0, 480.0
"""A link that has stayed up for so many periods, and at most so long, flaps no more."""


_OFTEN_S = 60.0


class LinkFlap(FaultKind):
    """The adjacency over `link` is lost and comes back every `period_s` seconds."""

    kind: Literal["link_flap"] = "link_flap"
    link: str
    period_s: float

    forms: ClassVar[tuple[str, ...]] = ("(link) LINK flaps every TIME",)

    @property
    def resources(self) -> tuple[str, ...]:
        """The link id."""
        return (self.link,)

    def concerned_links(self) -> tuple[str, ...]:
        """See FaultKind."""
        return (self.link,)

    def describe(self) -> str:
        """See EventKind."""
        return f"{self.link} flaps: it goes down and comes back every {self.period_s:.0f} s"

    def check(self, topology: Topology, running: NetworkConfiguration) -> None:
        """See FaultKind."""
        topology.link(self.link)
        if not LEAST_PERIOD_S <= self.period_s <= MOST_PERIOD_S:
            raise Ungrounded(
                f"a link flaps every {LEAST_PERIOD_S:.0f} to {MOST_PERIOD_S:.0f} s, "
                f"not every {self.period_s:g} s"
            )

    def after(self, state: "NetworkState") -> "NetworkState":
        """See StateEvent: it is up most of the time, and loses what is sent while nobody knows."""
        lost = min(_LOST_S / self.period_s, _MOST_LOST)
        ends = state.topology.link(self.link)
        both = {Interface(node=node, link=self.link): lost for node in (ends.a, ends.b)}
        return replace(state, egress_loss={**state.egress_loss, **both})

    def arcs(self, state: "NetworkState") -> Mapping[int, int | None]:
        """See StateEvent: between two losses it carries what it did."""
        return {}

    @property
    def unsteady_links(self) -> frozenset[str]:
        """See FaultKind."""
        return frozenset({self.link})

    @classmethod
    def propose(cls, clues: Clues) -> Iterable[tuple[Self, str]]:
        """See FaultKind."""
        for link, times in sorted(clues.observation.returns.items()):
            if len(times) > 1:
                apart_s = median(later - before for before, later in pairwise(times))
                period_s = round(min(max(apart_s, LEAST_PERIOD_S), MOST_PERIOD_S))
                yield cls(link=link, period_s=period_s), f"{link} has come back {len(times)} times"

    @classmethod
    def conceivable(cls, state: "NetworkState") -> Iterable[Self]:
        """See FaultKind."""
        yield from (cls(link=link.id, period_s=_OFTEN_S) for link in state.topology.links)

    def log_prior(self) -> float:
        """See FaultKind."""
        return math.log(0.05)

    def evidence(self, observation: "Observation", normal: "NetworkState") -> list[Evidence]:
        """See FaultKind: that it is down now is weighed with all adjacencies."""
        count = len(observation.returns.get(self.link, ()))
        if not count:
            return [weighed(f"{self.link} has not come back", math.log(0.01))]
        by = observation.returns_by.get(self.link, "") if count > 1 else ""
        claimed = f", claimed by {by} alone" if by else ""
        text = f"{self.link} has come back {count} times{claimed}"
        return [weighed(text, observation.returned_nats(self.link), by)]

    def is_over(self, live: LiveNetwork) -> bool:
        """See FaultKind."""
        steady_s = min(_STEADY_PERIODS * self.period_s, _MOST_STEADY_S)
        return self.link not in live.down_links and live.up_for_s(self.link) > steady_s

    def circuits(self) -> frozenset[str]:
        """See FaultKind."""
        return frozenset({self.link})

    def repaired(self, state: "NetworkState") -> "NetworkState":
        """See FaultKind."""
        kept = {e: lost for e, lost in state.egress_loss.items() if e.link != self.link}
        return replace(state, egress_loss=kept)

    def remedies(self) -> "tuple[Action, ...]":
        """See FaultKind."""
        return (DrainLink(link=self.link),)

    @classmethod
    def read(cls, said: Mapping[str, str], topology: Topology) -> tuple[Self, ...]:
        """See PhrasedKind."""
        link = find_link(topology, said["LINK"]).id
        return (cls(link=link, period_s=read_time_s(said["TIME"])),)

    def phrase(self) -> str:
        """See PhrasedKind."""
        return f"link {self.link} flaps every {time_text(self.period_s)}"
